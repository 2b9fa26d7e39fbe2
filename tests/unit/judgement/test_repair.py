"""A fallible source's segments are read the most probable way; a person's word stands as it is."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from judging_dishes import TEA_DONE, dish, performance, segments, step, tea

from bharatchef.judgement import judge, load_thresholds
from bharatchef.observed import Glimpses, LeftOutOdds, SourceErrors, TakenFor
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


def salad():
    """Leaves are rinsed, cut and dressed: each action once, so that what was seen twice is one too many."""
    return dish(
        step("rinse", action="rinse"),
        step("cut", "rinse", action="chop"),
        step("dress", "cut", action="pour"),
        step("turn", "dress", action="toss"),
        step("serve", "turn", action="serve"),
    )


COUNTED = SourceErrors(
    taken=(
        TakenFor(action="pour", seen="chop", rate=0.1),
        TakenFor(action="serve", seen=None, rate=0.5),
    ),
    short_s=2.2,
    short_overlooked=0.8,
)
SALAD = ("rinse", "cut", "dress", "turn", "serve")


def one_after_the_other(*names):
    return [(name, 10 * place, 10 * place + 9) for place, name in enumerate(names)]


def test_a_step_done_again_is_told_where_the_source_is_known_not_to_mistake_it():
    rows = one_after_the_other("rinse", "rinse", "cut", "dress", "serve")
    counted = judge(salad(), model(rows, source_errors=COUNTED, confidence=0.98), THRESHOLDS)
    assert charged(counted) == [("repeated", "rinse"), ("missing", "turn")]
    # Of one whose errors nobody counted, the second rinsing is the turning that is not there.
    assert charged(judge(salad(), model(rows, confidence=0.98), THRESHOLDS)) == []


def test_a_mistake_that_the_source_is_known_to_make_is_no_mistake_of_the_cook():
    rows = one_after_the_other("rinse", "cut", "cut", "turn", "serve")
    judgement = judge(salad(), model(rows, source_errors=COUNTED, confidence=0.98), THRESHOLDS)
    assert charged(judgement) == []
    assert ("dress", 2) in judgement.matches


def absence(shown, step_id, **fields):
    rows = one_after_the_other(*(name for name in SALAD if name != step_id))
    found = judge(shown, model(rows, confidence=0.98, **fields), THRESHOLDS)
    return next(d.kind for d in found.deviations if d.step_id == step_id)


def test_what_the_source_overlooks_every_other_time_is_not_called_missing():
    assert absence(salad(), "turn", source_errors=COUNTED) is DeviationKind.MISSING
    assert absence(salad(), "dress", source_errors=COUNTED) is DeviationKind.MISSING
    often = COUNTED.model_copy(update={"taken": (TakenFor(action="pour", seen=None, rate=0.5),)})
    assert absence(salad(), "dress", source_errors=often) is DeviationKind.NOT_SEEN


def test_a_step_too_short_for_the_source_is_not_called_missing():
    brief = DurationRange(min_s=1, max_s=3, source="a cook")
    steps = (
        s.model_copy(update={"duration": brief}) if s.step_id == "turn" else s for s in salad().expected_steps
    )
    assert absence(dish(*steps), "turn", source_errors=COUNTED) is DeviationKind.NOT_SEEN
    assert absence(salad(), "turn", source_errors=COUNTED) is DeviationKind.MISSING


def test_what_its_action_looked_like_where_a_step_belongs_tells_whether_it_was_left_out_or_overlooked():
    doubtful = COUNTED.model_copy(
        update={
            "taken": (TakenFor(action="toss", seen=None, rate=0.3),),
            "boundary_s": 1.0,
            "left_out": LeftOutOdds(height=-4.3, slope=-2.4),
        }
    )

    def turned(*glimpsed, action="toss"):
        seen = Glimpses(
            action=action, times_s=tuple(at for at, _ in glimpsed), probabilities=[p for _, p in glimpsed]
        )
        return absence(salad(), "turn", source_errors=doubtful, glimpses=(seen,))

    assert turned() is DeviationKind.MISSING
    assert turned((25.0, 0.005)) is DeviationKind.MISSING
    assert turned((29.5, 0.4)) is DeviationKind.NOT_SEEN
    # What looked like it in another step's time, or another action, says nothing of it.
    assert turned((5.0, 0.4)) is DeviationKind.MISSING
    assert turned((29.5, 0.4), action="pour") is DeviationKind.MISSING
