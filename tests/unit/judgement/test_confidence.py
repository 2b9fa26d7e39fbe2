"""Stated confidence put right by curves: within bounds, never turning two findings of a kind round."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.models.confidence import curves, logistic_curves
from bharatchef.judgement import load_thresholds
from bharatchef.judgement.confidence import come_true
from bharatchef.judgement.thresholds import Thresholds
from bharatchef.records import Deviation
from bharatchef.vocabulary import Category, DeviationKind

GIVEN = load_thresholds()
shares = st.floats(0, 1)


def deviation(kind: DeviationKind, confidence: float) -> Deviation:
    return Deviation(
        deviation_id="d001",
        kind=kind,
        category=Category.STEP_SEQUENCE,
        expected="a",
        expected_source="b",
        seen="c",
        confidence=confidence,
    )


@given(shares, shares, st.sampled_from(list(DeviationKind)), st.sampled_from(list(GIVEN.confidence)))
def test_no_two_findings_of_a_kind_change_places(
    one: float, other: float, kind: DeviationKind, source: str
) -> None:
    low, high = sorted((one, other))
    found = come_true(GIVEN.confidence, source, (deviation(kind, low), deviation(kind, high)))
    assert 0 <= found[0].confidence <= found[1].confidence <= 1


def test_between_two_points_lies_a_straight_line_and_without_a_curve_nothing_changes() -> None:
    curves = {"person": {DeviationKind.MISSING: ((0.0, 0.0), (0.5, 0.8), (1.0, 0.9))}}
    missing, extra = deviation(DeviationKind.MISSING, 0.75), deviation(DeviationKind.EXTRA, 0.75)
    assert [d.confidence for d in come_true(curves, "person", (missing, extra))] == [0.85, 0.75]
    assert come_true(curves, "example", (missing,)) == (missing,)


@pytest.mark.parametrize("points", [((0, 0), (0.5, 0.8)), ((0, 0), (0.5, 0.8), (1, 0.7)), ((0, 0),)])
def test_a_curve_that_does_not_rise_from_0_to_1_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    plain = GIVEN.model_dump() | {"confidence": {"person": {"missing": points}}}
    with pytest.raises(ValidationError):
        Thresholds.model_validate(plain)


kinds = st.sampled_from(["missing", "too_long"])


@settings(max_examples=30)
@given(st.lists(st.tuples(kinds, shares, st.booleans()), max_size=60))
def test_curves_that_are_fitted_rise_and_can_be_put_into_the_file(
    findings: list[tuple[str, float, bool]],
) -> None:
    for fitted in (curves(findings), logistic_curves(findings)):
        plain = GIVEN.model_dump() | {"confidence": {"person": fitted}}
        Thresholds.model_validate(plain)


def test_few_findings_that_all_came_true_raise_what_is_stated_and_two_say_nothing() -> None:
    doubted = [("repeated", stated, True) for stated in (0.1, 0.2, 0.4, 0.6, 0.8, 0.9)]
    (points,) = logistic_curves(doubted).values()
    assert all(told > stated for stated, told in points[1:-1])
    assert logistic_curves(doubted[:2]) == {}
