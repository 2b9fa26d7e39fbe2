"""Boxes as they are counted: what is found, what is overlooked, what is not there; and their folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import sha

from adapters.local.measuring_boxes import matched
from adapters.local.objects import FolderObjects
from bharatchef.observed import Detection
from bharatchef.retraining.figures import NONE, FilmCounts, Measured, difference, figures_of
from bharatchef.retraining.policy import read_policy
from bharatchef.review.labels import Box, CorrectedLabels, still_key
from tasks.retraining_pictures import class_names, pictured_folder

NOW = datetime(2026, 11, 23, tzinfo=UTC)
INTERVAL = read_policy().interval

coordinate = st.floats(0, 0.9)
boxes = st.tuples(coordinate, coordinate, st.floats(0.02, 0.1), st.floats(0.02, 0.1)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
names = st.sampled_from(["pan", "spoon"])


def seen(label: str, box: tuple[float, float, float, float], confidence: float) -> Detection:
    return Detection(time_s=0.0, label=label, confidence=confidence, box=box)


def test_the_surest_of_two_takes_a_box_and_the_other_is_not_there():
    pan = (0.1, 0.1, 0.5, 0.5)
    near = (0.12, 0.1, 0.5, 0.5)
    far = (0.4, 0.4, 0.8, 0.8)
    found = [seen("pan", near, 0.6), seen("pan", pan, 0.9), seen("spoon", pan, 0.9), seen("pan", far, 0.5)]
    assert sorted(matched([("pan", pan), ("lid", far)], found)) == sorted(
        [("pan", "pan"), (NONE, "pan"), (NONE, "spoon"), (NONE, "pan"), ("lid", NONE)]
    )


@given(
    truth=st.lists(st.tuples(names, boxes), max_size=6),
    found=st.lists(st.tuples(names, boxes, st.floats(0.1, 1)), max_size=6),
)
def test_every_box_that_is_there_and_every_one_that_was_found_counts_once(truth, found):
    rows = list(matched(truth, [seen(*one) for one in found]))
    assert sorted(t for t, _ in rows if t != NONE) == sorted(name for name, _ in truth)
    assert sorted(s for _, s in rows if s != NONE) == sorted(name for name, _, _ in found)
    assert all(t == s or NONE in (t, s) for t, s in rows)


def measured(found: int, missed: int, wrong: int) -> Measured:
    counts = {"pan": {"pan": found, NONE: missed}, NONE: {"spoon": wrong}}
    return Measured(
        weights_sha256=sha(f"{found}"),
        films=(FilmCounts(film="f", group="g", counts=counts, confidence=0.8),),
    )


def test_what_is_not_there_is_no_class_and_lowers_what_it_was_taken_for():
    told = figures_of(measured(6, 2, 3))
    assert set(told.classes) == {"pan"}
    assert told.classes["pan"].recall == 0.75
    assert told.mean_f1 == pytest.approx(12 / 14, abs=1e-4)
    assert told.accuracy == pytest.approx(6 / 11, abs=1e-4)
    # Two models see other things that are not there: the test is the same all the same.
    apart = difference(measured(4, 4, 9), measured(8, 0, 0), INTERVAL)
    assert apart.gain == pytest.approx(1 - 8 / 12, abs=1e-4)
    with pytest.raises(ValueError, match="same truth"):
        difference(measured(4, 4, 0), measured(4, 5, 0), INTERVAL)


def test_stills_and_boxes_lie_as_train_reads_them_and_what_is_gone_is_left_out(tmp_path: Path):
    objects = FolderObjects(tmp_path / "objects")
    media = sha("film")
    labels = CorrectedLabels(
        evaluation_id="ev-1",
        media_sha256=media,
        video_s3_key=f"films/{media}.mp4",
        dish_id="masala-chai",
        person="p-1",
        kitchen="k",
        segments=(),
        boxes=(Box(label="tea strainer", time_s=2.5, x=0.2, y=0.4, w=0.2, h=0.1),),
        box_times_s=(2.5, 5.0, 7.5),
        purpose="training",
        corrected_at=NOW,
        corrected_by="p-2",
    )
    for time_s in (2.5, 5.0):
        objects.put_bytes(still_key(media, time_s), b"a picture", "image/jpeg")
    classes = class_names([labels], ["pan"])
    assert classes == ("pan", "tea strainer")
    folder = tmp_path / "labelled"
    pictured_folder(objects, [labels], {"ev-1": "g-1"}, folder, classes)
    pictures = sorted(path.name for path in (folder / "images" / "g-1").iterdir())
    assert pictures == ["ev-1-000002500.jpg", "ev-1-000005000.jpg"]
    texts = [(folder / "labels" / "g-1" / name).with_suffix(".txt").read_text() for name in pictures]
    assert texts == ["1 0.300000 0.450000 0.200000 0.100000\n", ""]
    assert (folder / "classes.txt").read_text() == "pan\ntea strainer\n"
