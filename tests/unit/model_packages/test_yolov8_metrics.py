"""Average precision and matching on cases worked out by hand."""

import numpy as np
import pytest

from model_packages.yolov8.evaluation import fitted_line
from model_packages.yolov8.metrics import (
    Counted,
    Shown,
    average_precision,
    counted,
    mean_average_precision,
    overlaps,
    precision_recall,
)

A, B, C = [0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]


def picture(truth: list, found: list, optional: list | None = None) -> Shown:
    """Boxes of class 0; ``found`` is (box, confidence)."""
    return Shown(
        np.array(truth, np.float32).reshape(-1, 4),
        np.zeros(len(truth), np.int64),
        np.array(optional or [False] * len(truth), bool),
        np.array([box for box, _ in found], np.float32).reshape(-1, 4),
        np.zeros(len(found), np.int64),
        np.array([sure for _, sure in found], np.float32),
    )


def test_overlap_is_intersection_over_union() -> None:
    table = overlaps(np.array([A], np.float32), np.array([[5, 0, 15, 10], B, A], np.float32))
    assert table[0].tolist() == pytest.approx([1 / 3, 0, 1])


def test_all_found_and_nothing_else_is_one() -> None:
    assert average_precision(counted([picture([A, B], [(A, 0.9), (B, 0.3)])], 0)) == 1.0


def test_nothing_found_is_nought_and_nothing_there_is_no_figure() -> None:
    assert average_precision(counted([picture([A], [])], 0)) == 0.0
    assert average_precision(counted([picture([], [(A, 0.9)])], 0)) is None


def test_a_wrong_one_between_two_right_ones_costs_what_the_curve_says() -> None:
    # Right, wrong, right of two: precisions 1 and 2/3 at recalls 1/2 and 1.
    found = counted([picture([A, B], [(A, 0.9), (C, 0.8), (B, 0.7)])], 0)
    assert found.right.tolist() == [True, False, True]
    assert average_precision(found) == pytest.approx((1 + 2 / 3) / 2)


def test_a_thing_found_twice_is_wrong_once() -> None:
    found = counted([picture([A], [(A, 0.9), ([1, 0, 11, 10], 0.8)])], 0)
    assert found.right.tolist() == [True, False]


def test_a_box_that_need_not_be_found_counts_neither_way() -> None:
    found = counted([picture([A, B], [(A, 0.9), (B, 0.8)], [False, True])], 0)
    assert (found.there, found.right.tolist()) == (1, [True])
    assert counted([picture([A, B], [(A, 0.9)], [False, True])], 0).there == 1


def test_an_overlap_below_half_is_wrong() -> None:
    assert counted([picture([A], [([4, 0, 14, 10], 0.9)])], 0).right.tolist() == [False]


def test_other_classes_do_not_match() -> None:
    shown = picture([A], [(A, 0.9)])
    other = counted([shown], 1)
    assert (other.there, len(other.right)) == (0, 0)


def test_detections_of_all_pictures_are_ranked_together() -> None:
    rows = [picture([A], [(B, 0.9)]), picture([A], [(A, 0.8)])]
    assert average_precision(counted(rows, 0)) == pytest.approx(0.25)


def test_precision_and_recall_from_a_confidence() -> None:
    found = Counted(np.array([0.9, 0.8, 0.2], np.float32), np.array([True, False, True]), 4)
    assert precision_recall(found, 0.5) == (0.5, 0.25)
    assert precision_recall(found, 0.95) == (None, 0.0)


def test_the_mean_passes_over_classes_that_are_not_there() -> None:
    assert mean_average_precision([1.0, None, 0.5]) == 0.75
    assert mean_average_precision([None]) is None


def test_the_fitted_line_undoes_scores_that_are_too_sure() -> None:
    rng = np.random.default_rng(1)
    odds = rng.normal(0.5, 1.5, 6000)
    right = rng.random(6000) < 1 / (1 + np.exp(-odds))
    scores = (1 / (1 + np.exp(-(2 * odds + 1)))).astype(np.float32)
    slope, offset = fitted_line(scores, right, 0.0)
    assert (slope, offset) == (pytest.approx(0.5, abs=0.05), pytest.approx(-0.5, abs=0.08))
    assert fitted_line(scores, np.ones(6000, bool), 0.0) == (1.0, 0.0)
