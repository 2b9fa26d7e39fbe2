"""Labelled pictures: what is read, what is refused, how kitchens are parted, and what training makes of
them."""

import json
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_packages.training.kitchens import TRAINING_GROUPS
from model_packages.yolov8.dataset import (
    DatasetError,
    Entry,
    batch_of,
    boxes_in,
    entries_of,
    label_text,
    sample,
)
from model_packages.yolov8.drawing import film_chunk, training_pictures
from model_packages.yolov8.labels import kitchen_classes
from model_packages.yolov8.own import class_names, own_pictures


def picture(
    path: Path, colour: tuple[int, int, int] = (10, 200, 30), size: tuple[int, int] = (64, 48)
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((size[1], size[0], 3), colour, np.uint8))
    return path


def kitchens(folder: Path, names: tuple[str, ...], each: int = 4) -> Path:
    for kitchen in names:
        for number in range(each):
            picture(folder / "images" / kitchen / f"{number}.png")
            label = folder / "labels" / kitchen / f"{number}.txt"
            label.parent.mkdir(parents=True, exist_ok=True)
            label.write_text("1 0.5 0.5 0.5 0.25\n")
    (folder / "classes.txt").write_text("karahi\nladle\n")
    return folder


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 4),
            st.floats(0, 0.6),
            st.floats(0, 0.6),
            st.floats(0.05, 0.4),
            st.floats(0.05, 0.4),
        ),
        max_size=6,
    )
)
def test_labels_come_back_as_they_were_written(rows: list, tmp_path_factory: pytest.TempPathFactory) -> None:
    boxes = np.array([[k, x, y, x + w, y + h] for k, x, y, w, h in rows], np.float32).reshape(-1, 5)
    file = tmp_path_factory.mktemp("labels") / "a.txt"
    file.write_text(label_text(boxes))
    assert boxes_in(file, 5) == pytest.approx(boxes, abs=2e-5)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.5 0.5", "expected five numbers"),
        ("7 0.5 0.5 0.1 0.1", "expected a class from 0 to 4, got 7"),
        ("0 0.9 0.5 0.5 0.1", "expected centre, width and height as shares"),
        ("0.5 0.5 0.5 0.1 0.1", "expected a class from 0 to 4"),
    ],
)
def test_a_line_that_is_no_label_is_refused_with_its_place(line: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(DatasetError, match=f"a.txt, line 2: {words}"):
        boxes_in(tmp_path / "a.txt", 5)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="expected pictures"):
        entries_of(tmp_path, 3)


def test_a_picture_without_labels_shows_nothing(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png")
    assert [len(entry.boxes) for entry in entries_of(tmp_path, 3)] == [0]


def test_no_kitchen_is_in_training_and_in_the_test(tmp_path: Path) -> None:
    own = own_pictures(kitchens(tmp_path, ("asha", "ben", "chitra", "dev", "esi", "farid")), seed=0)
    where = {
        name: {e.picture.parent.name for e in getattr(own, name)}
        for name in ("training", "calibration", "test")
    }
    assert where["training"].isdisjoint(where["calibration"] | where["test"])
    assert where["test"] == set(own.held_out)
    assert len(where["training"]) == 5
    assert own.labels == ("karahi", "ladle")
    assert {e.picture for e in own.calibration}.isdisjoint(e.picture for e in own.test)


def test_one_kitchen_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="at least two kitchens"):
        own_pictures(kitchens(tmp_path, ("asha",)), seed=0)


def test_names_are_read_from_data_yaml_too(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("names: {1: ladle, 0: karahi}\n")
    assert class_names(tmp_path) == ("karahi", "ladle")
    (tmp_path / "data.yaml").write_text("names: [ladle, ladle]\n")
    with pytest.raises(DatasetError, match="different class names"):
        class_names(tmp_path)


def test_a_label_studio_export_is_read(tmp_path: Path) -> None:
    for kitchen in ("asha", "ben"):
        picture(tmp_path / "images" / kitchen / "a.png")
    box = {"x": 10, "y": 20, "width": 30, "height": 40}
    result = [
        {"type": "rectanglelabels", "value": {**box, "rectanglelabels": ["onion"]}},
        {"type": "choices", "value": {"choices": ["clear"]}},
    ]
    tasks = [
        {"data": {"image": "/data/upload/asha/a.png"}, "annotations": [{"result": result}]},
        {
            "data": {"image": "/data/local-files/?d=films/ben/a.png"},
            "annotations": [{"was_cancelled": True, "result": result}],
        },
    ]
    (tmp_path / "label-studio.json").write_text(json.dumps(tasks))
    own = own_pictures(tmp_path, seed=0)
    every = {e.picture.parent.name: e.boxes for e in (*own.training, *own.calibration, *own.test)}
    assert own.labels == ("onion",)
    assert every["asha"].tolist() == [pytest.approx([0, 0.1, 0.2, 0.4, 0.6])]
    assert len(every["ben"]) == 0


def test_a_label_studio_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "images/asha/a.png")
    (tmp_path / "label-studio.json").write_text(
        json.dumps([{"data": {"image": "/x/lost.png"}, "annotations": []}])
    )
    with pytest.raises(DatasetError, match=r"lost\.png under images"):
        own_pictures(tmp_path, seed=0)


def test_a_box_stays_on_its_thing_when_the_picture_is_moved(tmp_path: Path) -> None:
    made = np.full((360, 640, 3), 60, np.uint8)
    made[100:200, 300:420] = (0, 0, 250)
    cv2.imwrite(str(tmp_path / "a.png"), made)
    entry = Entry(tmp_path / "a.png", np.array([[2, 300 / 640, 100 / 360, 420 / 640, 200 / 360]], np.float32))
    met = 0
    for seed in range(30):
        shown, boxes = sample(entry, (448, 256), np.random.default_rng(seed), (0.75, 1.25))
        red = (shown[..., 2].astype(int) - shown[..., 1] > 60).nonzero()
        if len(boxes):
            met += 1
            assert boxes[0, 0] == 2
            corners = [red[1].min(), red[0].min(), red[1].max() + 1, red[0].max() + 1]
            assert boxes[0, 1:] == pytest.approx(corners, abs=2.5)
    assert met > 15


def test_a_batch_holds_shares_and_says_which_picture_a_box_is_in() -> None:
    empty = np.zeros((32, 64, 3), np.uint8), np.zeros((0, 5), np.float32)
    full = np.zeros((32, 64, 3), np.uint8), np.array([[3, 16, 8, 48, 16]], np.float32)
    batch = batch_of([empty, full])
    assert batch["img"].shape == (2, 32, 64, 3)
    assert (batch["batch_idx"].tolist(), batch["cls"].tolist()) == ([1.0], [[3.0]])
    assert batch["bboxes"].tolist() == [[0.5, 0.375, 0.5, 0.25]]


def test_drawn_pictures_are_the_same_for_a_seed_and_say_what_is_hidden() -> None:
    first, again = (list(islice(training_pictures(77, TRAINING_GROUPS[0]), 3)) for _ in range(2))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.picture, b.picture)
        assert np.array_equal(a.boxes, b.boxes)
    boxes = np.concatenate([item.boxes for item in first])
    assert set(boxes[:, 0].astype(int)) <= set(range(len(kitchen_classes().names)))
    assert ((boxes[:, 5] >= 0) & (boxes[:, 5] <= 1)).all()
    hidden = boxes[:, 5] < 1
    assert hidden.any()
    assert (~hidden).any()


def test_a_film_for_evaluation_has_a_truth_for_each_picture() -> None:
    from model_packages.shots import shots_of

    film, truths = film_chunk(11, TRAINING_GROUPS[1], "cucumber-raita", "front", every_s=12.0)
    shots = shots_of(film, most_pixels=1 << 22)
    assert [shot.time_s for shot in shots] == [k / 2 for k in range(len(truths))]
    names = kitchen_classes().names
    assert {"stove", "hand", "bowl"} <= {names[k] for truth in truths for k in truth.classes}
    assert all(((truth.boxes >= 0) & (truth.boxes <= 1)).all() for truth in truths)
