"""A fallible source's segments are read the most probable way; a person's word stands as it is."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from judging_dishes import TEA_DONE, dish, performance, segments, step, tea

from bharatchef.judgement import judge, load_thresholds
from bharatchef.records import DurationRange, ExpertPerformance
from bharatchef.vocabulary import DeviationKind

THRESHOLDS = load_thresholds()


def charged(judgement):
    return [(str(d.kind), d.step_id) for d in judgement.deviations if d.confidence >= 0.5]


def model(rows, **fields):
    return performance(rows, kind="action_model", **fields)


def test_a_false_detection_on_top_of_another_step_is_left_out():
    rows = [*TEA_DONE, ("serve", 22, 30)]
    assert charged(judge(tea(), model(rows), THRESHOLDS)) == []
    assert charged(judge(tea(), performance(rows), THRESHOLDS)) == [("repeated", "serve")]


def test_a_misread_step_is_read_as_the_one_that_belongs_there():
    rows = [("pour", 42, 50) if row[0] == "leaves" else row for row in TEA_DONE]
    judgement = judge(tea(), model(rows), THRESHOLDS)
    assert charged(judgement) == []
    assert ("leaves", 3) in judgement.matches
    # A person who marks it so is believed: poured twice, and no leaves.
    assert charged(judge(tea(), performance(rows), THRESHOLDS)) == [
        ("missing", "leaves"),
        ("repeated", "pour"),
    ]


def test_a_true_order_mistake_survives_the_reading():
    rows = [*TEA_DONE[:3], ("mix", 42, 50), ("leaves", 60, 68), ("serve", 72, 85)]
    found = charged(judge(tea(), model(rows), THRESHOLDS))
    assert found == [("out_of_order", "mix"), ("out_of_order", "leaves")]


def test_the_one_of_two_that_fits_the_order_is_believed():
    rows = [("mix", 0, 9), *((s, a + 12, b + 12) for s, a, b in TEA_DONE)]
    judgement = judge(tea(), model(rows), THRESHOLDS)
    assert charged(judgement) == []
    assert ("mix", 5) in judgement.matches


def test_confidence_decides_between_two_that_fit_alike():
    two = dish(step("stir", duration=None), step("serve", "stir", duration=None))
    for sure, unsure in ((0, 1), (1, 0)):
        rows = [("stir", 0, 10), ("stir", 20, 30), ("serve", 40, 50)]
        shown = model(rows)
        parts = list(shown.segments)
        parts[unsure] = parts[unsure].model_copy(update={"confidence": 0.1})
        judgement = judge(two, shown.model_copy(update={"segments": tuple(parts)}), THRESHOLDS)
        assert ("stir", sure) in judgement.matches


def test_experts_places_tell_which_of_two_is_the_step():
    free = dish(
        *(step(name, duration=None) for name in ("a", "b", "c", "d", "e")),
        expert_performances=tuple(
            ExpertPerformance(
                performance_id=f"p{i}",
                actions=segments([(name, 10.0 * n, 10.0 * n + 9) for n, name in enumerate("abcde")]),
            )
            for i in range(4)
        ),
    )
    rows = [("a", 0, 9), ("b", 10, 19), ("c", 20, 29), ("d", 30, 39), ("a", 40, 49)]
    judgement = judge(free, model(rows), THRESHOLDS)
    assert ("a", 0) in judgement.matches
    assert ("e", 4) in judgement.matches


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 19), st.integers(0, 600), st.integers(1, 60)), min_size=1, max_size=60)
)
def test_any_reading_is_one_to_one_and_bounded_in_time(drawn):
    long = dish(
        step("s0"),
        *(
            step(f"s{i}", f"s{i - 1}", duration=DurationRange(min_s=5, max_s=60, source="x"))
            for i in range(1, 20)
        ),
    )
    rows = [(f"s{n}", a, a + length) for n, a, length in drawn]
    began = time.perf_counter()
    judgement = judge(long, model(rows), THRESHOLDS)
    assert time.perf_counter() - began < 2.0
    used = [index for _, index in judgement.matches]
    assert len(used) == len(set(used)) == len(set(judgement.matches))
    assert len(judgement.matches) <= 20
    named = {d.step_id for d in judgement.deviations if d.kind is DeviationKind.MISSING}
    assert named.isdisjoint(step_id for step_id, _ in judgement.matches)
