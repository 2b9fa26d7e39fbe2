import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import EVERY_KIND, long_film, nothing_assessed, with_parts
from samples import sample_result

from bharatchef.report.losses import loss_sheet, rounded_to_add_up


def number(text: str) -> float:
    return float(text or 0)


@given(st.lists(st.floats(min_value=0, max_value=60), min_size=1, max_size=30))
def test_rounded_parts_sum_to_the_rounded_whole_and_stay_near(values):
    total = math.fsum(values)
    rounded = rounded_to_add_up(values, total)
    assert sum(round(v * 10) for v in rounded) == round(total * 10)
    assert all(abs(a - b) < 0.1 + 1e-6 for a, b in zip(values, rounded, strict=True))
    assert all(v >= 0 for v in rounded)


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_what_is_printed_adds_up_in_every_category_and_overall(kind):
    sheet = loss_sheet(EVERY_KIND[kind]())
    for category in sheet.categories:
        lost = sum(round(number(loss.points) * 10) for loss in category.losses)
        assert 1000 - lost == round(number(category.score) * 10)
        if sheet.lost_of_overall and category.losses:
            of_overall = sum(round(number(loss.of_overall) * 10) for loss in category.losses)
            assert of_overall == round(number(category.of_overall) * 10)
    if sheet.lost_of_overall:
        parts = sum(round(number(category.of_overall) * 10) for category in sheet.categories)
        assert parts == round(number(sheet.lost_of_overall) * 10)
        assert 1000 - parts == round(number(sheet.overall) * 10)


def test_thirds_are_spread_so_that_nobody_finds_a_missing_tenth():
    step_sequence = loss_sheet(long_film()).categories[0]
    assert step_sequence.score == "66.7"
    assert sum(round(float(loss.points) * 10) for loss in step_sequence.losses) == 333


def test_nothing_assessed_has_no_sums():
    sheet = loss_sheet(nothing_assessed())
    assert sheet.categories == ()
    assert sheet.overall == ""


def test_an_overall_that_is_no_weighted_mean_is_not_explained_as_one():
    result = sample_result()
    card = result.scorecard.model_copy(update={"overall": 70.0})
    sheet = loss_sheet(with_parts(result, scorecard=card))
    assert sheet.lost_of_overall == ""
    assert all(loss.of_overall == "" for category in sheet.categories for loss in category.losses)


def test_points_that_the_rubric_did_not_itemise_are_named_as_such():
    result = sample_result()
    categories = tuple(
        c.model_copy(update={"losses": ()}) if c.losses else c for c in result.scorecard.categories
    )
    card = result.scorecard.model_copy(update={"categories": categories})
    first = loss_sheet(with_parts(result, scorecard=card)).categories[0]
    assert [(loss.reason, loss.points) for loss in first.losses] == [("Not itemised by the rubric", "20")]
