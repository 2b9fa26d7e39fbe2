"""Wrong times: by the dish's range, by what experts took, and by the time that a step's words name."""

from __future__ import annotations

import pytest
from judging_dishes import dish, performance, segments, step

from bharatchef.judgement import expected_mistakes, judge, load_thresholds, wrong_times
from bharatchef.judgement.durations import duration_models, named_time_s
from bharatchef.observed import HeatMark, SourceErrors
from bharatchef.records import DurationRange, ExpertPerformance
from bharatchef.vocabulary import DeviationKind, HeatLevel

THRESHOLDS = load_thresholds()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Simmer for 3-5 minutes, stirring often", (180, 300)),
        ("Cook 5 to 6 minutes until brown", (300, 360)),
        ("Microwave on high for 1.5 minutes", (90, 90)),
        ("Microwave for 1 more minute", (60, 60)),
        ("Cook for 1/2 hour", (1800, 1800)),
        ("melt the cheese for 30 sec.", (30, 30)),
        ("Rest for 45 s", (45, 45)),
        ("Chop 3 medium onions", None),
        ("Add 2 slices of bread", None),
        ("Whisk until smooth", None),
        ("Wait 0 minutes", None),
    ],
)
def test_the_time_that_a_step_names_is_read_from_its_words(text, expected):
    assert named_time_s(text) == expected


def by_experts(description, lengths, **fields):
    return dish(
        step("wash"),
        step("cook", "wash", description=description, duration=None, **fields),
        expert_performances=tuple(
            ExpertPerformance(
                performance_id=f"p{n}", actions=segments([("wash", 0, 10), ("cook", 12, 12 + length)])
            )
            for n, length in enumerate(lengths)
        ),
    )


def found(made, length, **fields):
    given = performance([("wash", 0, 10), ("cook", 12, 12 + length)], **fields)
    return [(d.kind, d.step_id) for d in judge(made, given, THRESHOLDS).deviations]


@pytest.mark.parametrize(
    ("length", "kind"),
    [(55, None), (60, None), (75, None), (180, DeviationKind.TOO_LONG), (15, DeviationKind.TOO_SHORT)],
)
def test_a_step_that_names_a_time_is_judged_by_the_experts_spread(length, kind):
    made = by_experts("Cook for 1 minute", (58, 60, 66, 70, 62))
    assert found(made, length) == ([(kind, "cook")] if kind else [])


def test_where_no_time_matters_only_far_more_is_a_mistake():
    made = by_experts("Chop the onion", (58, 60, 66, 70, 62))
    assert found(made, 180) == []
    assert found(made, 3000) == [(DeviationKind.TOO_LONG, "cook")]


def test_a_range_is_stricter_where_a_heat_is_asked_for():
    allowed = DurationRange(min_s=20, max_s=60, source="a cook")
    for heat, expected in ((None, []), (HeatLevel.HIGH, [(DeviationKind.TOO_LONG, "fry")])):
        made = dish(step("fry", duration=allowed, heat=heat), step("serve", "fry"))
        given = performance([("fry", 0, 95), ("serve", 96, 106)])
        assert [(d.kind, d.step_id) for d in judge(made, given, THRESHOLDS).deviations] == expected


def test_a_step_takes_as_long_as_the_heat_is_on():
    allowed = DurationRange(min_s=90, max_s=150, source="a cook")
    made = dish(step("simmer", duration=allowed, heat=HeatLevel.LOW), step("serve", "simmer"))
    rows = [("simmer", 0, 100), ("serve", 101, 111)]

    def judged(off_from_s):
        marks = (
            HeatMark(start_s=0, end_s=off_from_s, level=HeatLevel.LOW),
            HeatMark(start_s=off_from_s, end_s=120, level=HeatLevel.OFF),
        )
        return judge(made, performance(rows, heat=marks), THRESHOLDS).deviations

    assert judged(100) == ()
    (short,) = judged(55)
    assert (short.kind, short.seen) == (DeviationKind.TOO_SHORT, "it took 55 s on the heat")
    # Off for most of the step is a mistake of the heat, told once.
    assert [d.kind for d in judged(20)] == [DeviationKind.WRONG_HEAT]


def test_a_source_that_marks_loosely_is_judged_loosely():
    allowed = DurationRange(min_s=8, max_s=12, source="a cook")
    made = dish(step("toss", duration=allowed, heat=HeatLevel.HIGH), step("serve", "toss"))
    rows = [("toss", 0, 19), ("serve", 20, 30)]
    sure = judge(made, performance(rows, kind="drawn_truth"), THRESHOLDS).deviations
    loose = judge(made, performance(rows, kind="example"), THRESHOLDS).deviations
    assert [d.kind for d in sure] == [DeviationKind.TOO_LONG]
    assert loose == ()


def test_suspicion_grows_with_the_distance_from_what_experts_took():
    made = by_experts("Cook for 1 minute", (58, 60, 66, 70, 62))
    grown = []
    for length in (63, 90, 120, 180, 400):
        given = performance([("wash", 0, 10), ("cook", 12, 12 + length)])
        grown.append(wrong_times(made, given, THRESHOLDS)[1])
    assert grown == sorted(grown)
    assert grown[0] < 0.1 < 0.9 < grown[-1]


def test_one_experts_duration_leaves_the_range_in_charge():
    made = by_experts("Cook for 1 minute", (60,))
    models = duration_models(made, THRESHOLDS.durations)
    assert models["cook"].learnt_from == 1
    assert models["cook"].middle_s == pytest.approx(60)


def test_expected_mistakes_count_what_is_too_uncertain_to_tell():
    made = by_experts("Cook for 1 minute", (58, 60, 66, 70, 62))
    given = performance([("wash", 0, 10), ("cook", 12, 102)])
    judgement = judge(made, given, THRESHOLDS)
    assert judgement.deviations == ()
    assert 0.05 < expected_mistakes(judgement, wrong_times(made, given, THRESHOLDS)) < 0.5


def test_a_source_whose_marks_were_counted_is_judged_as_finely_as_it_marks():
    allowed = DurationRange(min_s=8, max_s=12, source="a cook")
    made = dish(step("toss", duration=allowed, heat=HeatLevel.HIGH), step("serve", "toss"))
    rows = [("toss", 0, 5), ("serve", 20, 30)]

    def kinds(boundary_s: float | None) -> list[DeviationKind]:
        errors = SourceErrors(taken=(), short_s=0.0, short_overlooked=0.0, boundary_s=boundary_s)
        given = performance(rows, kind="action_model", source_errors=errors)
        return [d.kind for d in judge(made, given, THRESHOLDS).deviations]

    assert kinds(0.5) == [DeviationKind.TOO_SHORT]
    assert kinds(4.0) == kinds(None) == []


def test_how_long_turning_the_heat_off_takes_matters_to_nobody():
    allowed = DurationRange(min_s=2, max_s=6, source="a cook")
    made = dish(step("toss"), step("off", "toss", duration=allowed, heat=HeatLevel.OFF))
    lit = dish(step("toss"), step("off", "toss", duration=allowed, heat=HeatLevel.HIGH))
    rows = [("toss", 0, 10), ("off", 11, 20)]
    given = performance(rows, kind="drawn_truth")
    assert not [d for d in judge(made, given, THRESHOLDS).deviations if d.kind is DeviationKind.TOO_LONG]
    assert [d.kind for d in judge(lit, given, THRESHOLDS).deviations] == [DeviationKind.TOO_LONG]
