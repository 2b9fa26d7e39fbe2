"""Label Studio's video timeline as it exports it: frames from 1, no frame rate, several annotations."""

import json
from typing import Any

import pytest
from samples import sample_dish

from bharatchef.errors import InputError
from bharatchef.perception.segments_file import read_segments

DISH = sample_dish()


def region(label: str, first: int, last: int) -> dict[str, Any]:
    return {
        "id": "gZ5",
        "from_name": "videoLabels",
        "to_name": "video",
        "type": "timelinelabels",
        "origin": "manual",
        "value": {"ranges": [{"start": first, "end": last}], "timelinelabels": [label]},
    }


def task(*regions: dict[str, Any], data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    annotation = {
        "id": 7,
        "completed_by": {"id": 1, "email": "asha@example.org"},
        "was_cancelled": False,
        "ground_truth": False,
        "lead_time": 51.3,
        "result": list(regions),
    }
    return {
        "id": 3,
        "data": {"video": "/data/upload/1/ab-bhurji.mp4"} | (data or {}),
        "annotations": [annotation | more],
    }


def read(document: Any, fps: float | None = None) -> list[tuple[str | None, float, float]]:
    given = read_segments(json.dumps(document).encode(), "export.json", DISH, fps=fps)
    return [(s.step_id, round(s.start_s, 3), round(s.end_s, 3)) for s in given.segments]


REGIONS = (region("heat-oil", 1, 250), region("Fry the onion until it turns golden", 251, 500))
SECONDS = [("heat-oil", 0.0, 10.0), ("fry-onion", 10.0, 20.0)]


def test_frames_count_from_one_and_the_last_belongs_to_the_range() -> None:
    assert read([task(*REGIONS)], fps=25) == SECONDS


def test_the_frame_rate_is_taken_from_the_tasks_data() -> None:
    assert read([task(*REGIONS, data={"fps": "25"})]) == SECONDS
    assert read(task(*REGIONS, data={"framerate": 25})) == SECONDS


def test_the_frame_rate_is_taken_from_a_box_that_was_followed() -> None:
    box = {
        "type": "videorectangle",
        "value": {"framesCount": 3000, "duration": 120.0, "sequence": [], "labels": ["pan"]},
    }
    given = read_segments(json.dumps([task(*REGIONS, box)]).encode(), "e.json", DISH)
    assert [(s.step_id, s.start_s, s.end_s) for s in given.segments] == SECONDS
    assert "Frame rate 25.000 taken from 3000 frames in 120.00 s." in given.notes
    assert "Labelled in Label Studio on the film 'ab-bhurji.mp4'." in given.notes
    assert given.source.name == "Label Studio annotator asha@example.org"


def test_without_a_frame_rate_the_person_is_told_how_to_give_it() -> None:
    with pytest.raises(InputError, match=r'the frame rate is needed.*"fps": 25') as caught:
        read([task(*REGIONS)])
    assert "takes 24" in caught.value.remedy


def test_the_short_export_and_the_old_name_are_read() -> None:
    values = [r["value"] for r in REGIONS]
    assert read([{"id": 3, "video": "a.mp4", "videoLabels": values, "annotator": 1}], fps=25) == SECONDS
    old = task(*REGIONS)
    old["completions"] = old.pop("annotations")
    assert read([old], fps=25) == SECONDS


def test_regions_in_seconds_need_no_frame_rate() -> None:
    sound = [
        {
            "type": "labels",
            "original_length": 40.0,
            "value": {"start": 0.0, "end": 10.0, "channel": 0, "labels": [n]},
        }
        for n in ("heat-oil",)
    ]
    assert read([task(*sound)]) == [("heat-oil", 0.0, 10.0)]


def test_one_persons_labels_of_one_film_are_taken() -> None:
    two = task(*REGIONS)
    two["annotations"].append(two["annotations"][0] | {"completed_by": 2})
    with pytest.raises(InputError, match="holds 2 people's labels of one film"):
        read([two], fps=25)
    two["annotations"][1] = two["annotations"][1] | {"ground_truth": True}
    assert read([two], fps=25) == SECONDS
    two["annotations"][1] = two["annotations"][1] | {"ground_truth": False, "was_cancelled": True}
    assert read([two], fps=25) == SECONDS
    with pytest.raises(InputError, match=r"holds 2 labelled films \(ab-bhurji.mp4, ab-bhurji.mp4\)"):
        read([task(*REGIONS), task(*REGIONS)], fps=25)
    assert read([task(), task(*REGIONS)], fps=25) == SECONDS
    with pytest.raises(InputError, match="in which nothing is labelled"):
        read([task()])


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (region("Boil", 1, 3), "row 2: 'Boil' is no step of egg-bhurji"),
        (region("garnish", 9, 3), r"row 2: ends \(frame 3\) before it starts \(frame 9\)"),
        (region("garnish", -4, 3), "row 2: expected frame numbers from 1"),
        (
            region("garnish", 1, 3) | {"value": {"ranges": [], "timelinelabels": ["garnish"]}},
            "row 2: .* got none",
        ),
        (
            region("g", 1, 3) | {"value": {"ranges": [{"start": 1, "end": 2}], "timelinelabels": ["a", "b"]}},
            "row 2: expected one label, got 2",
        ),
    ],
)
def test_a_bad_region_is_named_by_its_number(bad: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read([task(REGIONS[0], bad)], fps=25)
