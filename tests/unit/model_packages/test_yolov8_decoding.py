"""Letterbox, heads and non-maximum suppression against cases worked out by hand, by brute force, and by
ultralytics."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_packages.yolov8.decoding import Fit, Head, cells, decoded, found_in, kept_boxes, letterboxed
from model_packages.yolov8.detector import calibrated

SIZE = (64, 32)
CELLS = 8 * 4 + 4 * 2 + 2 * 1


def raw_rows(kind: str, classes: int = 3) -> np.ndarray:
    rows = 5 + classes if kind == "offsets" else 4 + classes
    shape = (1, CELLS, rows) if kind == "offsets" else (1, rows, CELLS)
    return np.zeros(shape, np.float32)


def test_cells_go_along_rows_and_from_fine_to_coarse() -> None:
    corner, stride = cells(SIZE, (8, 16, 32))
    assert len(corner) == CELLS
    assert corner[9].tolist() == [1, 1]
    assert stride[9] == 8
    assert corner[33].tolist() == [1, 0]
    assert (stride[33], stride[-1]) == (16, 32)


def test_distances_are_in_cells_from_the_cells_middle() -> None:
    raw = raw_rows("distances")
    raw[0, :4, 9] = [0.5, 1.0, 1.5, 0.25]
    raw[0, 5, 9] = 0.9
    boxes, scores = decoded(raw, Head("distances"), SIZE, 0.5)
    # The middle of cell (1, 1) of stride 8 is (12, 12).
    assert boxes.tolist() == [[8.0, 4.0, 24.0, 14.0]]
    assert scores[0].tolist() == pytest.approx([0, 0.9, 0])


def test_corners_are_centre_and_size_in_pixels() -> None:
    raw = raw_rows("corners")
    raw[0, :, 5] = [20, 10, 8, 6, 0, 0, 0.7]
    boxes, _ = decoded(raw, Head("corners"), SIZE, 0.5)
    assert boxes.tolist() == [[16.0, 7.0, 24.0, 13.0]]


def test_offsets_are_from_the_cells_corner_with_logarithmic_size() -> None:
    raw = raw_rows("offsets")
    raw[0, 33] = [0.5, 0.25, np.log(2), 0, 0.8, 0, 0.9, 0]
    boxes, scores = decoded(raw, Head("offsets"), SIZE, 0.5)
    # Cell (1, 0) of stride 16: centre (24, 4), size 32 x 16; objectness times score.
    assert boxes[0] == pytest.approx([8.0, -4.0, 40.0, 12.0])
    assert scores[0, 1] == pytest.approx(0.72)


def test_a_head_with_other_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 42 cells for an input of 64x32, got 41"):
        decoded(raw_rows("corners")[:, :, :-1], Head("corners"), SIZE, 0.5)


def test_of_two_boxes_of_one_class_the_surer_stays_and_classes_do_not_mix() -> None:
    raw = raw_rows("corners")
    raw[0, :, 0] = [32, 16, 20, 20, 0.9, 0.0, 0.0]
    raw[0, :, 1] = [33, 16, 20, 20, 0.8, 0.0, 0.0]
    raw[0, :, 2] = [33, 16, 20, 20, 0.0, 0.85, 0.0]
    raw[0, :, 3] = [10, 16, 10, 10, 0.6, 0.0, 0.0]
    found = found_in(raw, Head("corners"), SIZE, Fit(1.0, 0, 0), SIZE, least=0.25)
    assert found.classes.tolist() == [0, 1, 0]
    assert found.confidences.tolist() == pytest.approx([0.9, 0.85, 0.6])


def test_one_cell_may_name_two_classes_and_the_surest_come_first() -> None:
    raw = raw_rows("corners")
    raw[0, :, 4] = [32, 16, 20, 20, 0.4, 0.0, 0.6]
    found = found_in(raw, Head("corners"), SIZE, Fit(1.0, 0, 0), SIZE, least=0.25)
    assert found.classes.tolist() == [2, 0]
    assert len(found_in(raw, Head("corners"), SIZE, Fit(1.0, 0, 0), SIZE, least=0.25, most=1).classes) == 1


def test_nothing_above_the_least_is_nothing_found() -> None:
    found = found_in(raw_rows("distances"), Head("distances"), SIZE, Fit(1.0, 0, 0), SIZE)
    assert (len(found.boxes), len(found.classes)) == (0, 0)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(20, 900),
    height=st.integers(20, 900),
    across=st.integers(2, 20),
    down=st.integers(2, 20),
)
def test_a_box_comes_back_from_the_letterbox_where_it_was(
    width: int, height: int, across: int, down: int
) -> None:
    size = across * 32, down * 32
    picture = np.zeros((height, width, 3), np.uint8)
    shown, fit = letterboxed(picture, size)
    assert shown.shape == (size[1], size[0], 3)
    share = np.array([0.2, 0.3, 0.7, 0.9])
    pixels = share * [width, height, width, height] * fit.scale + [fit.left, fit.top] * 2
    raw = np.zeros((1, 5, len(cells(size, (8, 16, 32))[0])), np.float32)
    raw[0, :, 0] = [*(pixels[:2] + pixels[2:]) / 2, *(pixels[2:] - pixels[:2]), 0.9]
    found = found_in(raw, Head("corners"), size, fit, (width, height))
    assert found.boxes[0] == pytest.approx(share, abs=2e-3)


def test_an_output_that_is_sure_of_everything_takes_no_longer_than_a_moment() -> None:
    size = (640, 384)
    count = len(cells(size, (8, 16, 32))[0])
    rng = np.random.default_rng(0)
    raw = np.full((1, 4 + 49, count), 0.02, np.float32)
    raw[0, :2] = rng.uniform(0, 640, (2, count))
    raw[0, 2:4] = 20
    raw[0, 4, :5] = 0.9
    began = time.process_time()
    found = found_in(raw, Head("corners"), size, Fit(1.0, 0, 0), size, least=0.01)
    assert time.process_time() - began < 3
    assert found.confidences[0] == pytest.approx(0.9)
    assert len(found.boxes) <= 300


def test_the_letterbox_is_grey_beside_the_picture() -> None:
    shown, fit = letterboxed(np.full((10, 40, 3), 7, np.uint8), (64, 64))
    assert (fit.scale, fit.left, fit.top) == (1.6, 0, 24)
    assert (shown[0, 0, 0], shown[32, 32, 0]) == (114, 7)


boxes_of_numbers = st.lists(
    st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(1, 10)] * 2, st.integers(1, 99)),
    min_size=1,
    max_size=14,
)


# No boxes of small whole numbers overlap by exactly so much: which way a tie rounds is nobody's wish.
@settings(max_examples=150, deadline=None)
@given(rows=boxes_of_numbers, most=st.sampled_from([0.3003, 0.5003, 0.7003]))
def test_suppression_keeps_what_a_plain_double_loop_keeps(rows: list, most: float) -> None:
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in rows], np.float32)
    sure = np.array([s / 100 for *_, s in rows], np.float32)
    kept: list[int] = []
    for k in sorted(range(len(rows)), key=lambda k: (-sure[k], k)):
        x, y, w, h, _ = rows[k]
        free = True
        for j in kept:
            a, b, c, d, _ = rows[j]
            both = max(0, min(x + w, a + c) - max(x, a)) * max(0, min(y + h, b + d) - max(y, b))
            free = free and both <= most * (w * h + c * d - both)
        if free:
            kept.append(k)
    assert kept_boxes(boxes, sure, most).tolist() == kept


@settings(max_examples=50, deadline=None)
@given(
    scores=st.lists(st.floats(0, 1), min_size=2, max_size=20),
    slope=st.floats(0.3, 3),
    offset=st.floats(-2, 2),
)
def test_calibration_keeps_the_order_and_stays_a_share(scores: list, slope: float, offset: float) -> None:
    ordered = np.sort(np.array(scores, np.float32))
    sure = calibrated(ordered, slope, offset)
    assert (np.diff(sure) >= 0).all()
    assert ((sure >= 0) & (sure <= 1)).all()


def test_ultralytics_finds_the_same_boxes() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    from model_packages.yolov8.shim import prepare

    prepare()
    pytest.importorskip("ultralytics", reason="ultralytics is not installed")
    import torch
    from ultralytics.utils.nms import non_max_suppression

    rng = np.random.default_rng(3)
    for _ in range(5):
        raw = raw_rows("corners")
        raw[0, 0], raw[0, 1] = rng.uniform(0, 64, CELLS), rng.uniform(0, 32, CELLS)
        raw[0, 2:4] = rng.uniform(8, 24, (2, CELLS))
        raw[0, 4:] = rng.uniform(0, 1, (3, CELLS)) ** 3
        theirs = non_max_suppression(torch.from_numpy(raw), 0.25, 0.6, multi_label=True, max_det=300)[
            0
        ].numpy()
        ours = found_in(raw, Head("corners"), SIZE, Fit(1.0, 0, 0), SIZE, least=0.25, most_overlap=0.6)
        assert len(ours.boxes) == len(theirs) > 5
        assert ours.classes.tolist() == theirs[:, 5].astype(int).tolist()
        assert ours.confidences == pytest.approx(theirs[:, 4], abs=1e-5)
        inside = np.clip(theirs[:, :4] / [64, 32, 64, 32], 0, 1)
        assert ours.boxes == pytest.approx(inside, abs=1e-3)
