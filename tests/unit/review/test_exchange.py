"""What goes to Label Studio comes back as it went, in seconds; another film's labels do not come in."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_samples import labelled, result_with_boxes

from bharatchef.errors import InputError
from bharatchef.perception.segments_file import read_segments
from bharatchef.records import ActionSegment
from bharatchef.review.exchange import (
    boxes_of,
    check_same_film,
    label_config,
    segments_differ,
    task_of,
)

RESULT = result_with_boxes()
STEPS = [step.step_id for step in RESULT.dish.expected_steps]
TIMES = st.lists(st.integers(0, 75_000), min_size=2, max_size=24, unique=True).map(
    lambda found: sorted(found)[: len(found) // 2 * 2]
)


@given(TIMES, st.data())
@settings(max_examples=60, deadline=None)
def test_segments_come_back_to_the_millisecond(times, data):
    segments = tuple(
        ActionSegment(
            action_type=(step := data.draw(st.sampled_from([*STEPS, "other"]))),
            step_id=step if step != "other" else None,
            start_s=start / 1000,
            end_s=end / 1000,
            confidence=data.draw(st.floats(0, 1)),
        )
        for start, end in zip(times[::2], times[1::2], strict=True)
    )
    performance = RESULT.performance.model_copy(update={"segments": segments})
    exported = json.dumps(labelled(RESULT.model_copy(update={"performance": performance})))
    assert "frame" not in exported.casefold()
    back = read_segments(exported.encode(), "export.json", RESULT.dish).segments
    assert [(s.step_id, s.start_s, s.end_s) for s in back] == [
        (s.step_id, s.start_s, s.end_s) for s in segments
    ]
    assert not segments_differ(segments, back)


def test_boxes_come_back_on_their_stills_and_a_still_without_any_was_looked_at():
    boxes, looked_at = boxes_of(labelled(RESULT), RESULT, "export.json")
    assert looked_at == [still.time_s for still in RESULT.stills]
    assert [box.time_s for box in boxes] == looked_at[::2]
    one = boxes[0]
    assert (one.label, one.x, one.y) == ("bowl", pytest.approx(0.1), pytest.approx(0.2))
    assert (one.w, one.h) == (pytest.approx(0.3), pytest.approx(0.4))


@pytest.mark.parametrize("with_film", [True, False])
def test_the_labelling_interface_names_all_that_the_task_has(with_film):
    result = result_with_boxes(with_film=with_film)
    task = task_of(result, result.stills, lambda key: f"/films/{key}")
    view = ElementTree.fromstring(label_config(result, with_film))
    asked = {
        value.removeprefix("$")
        for tag in view.iter()
        for name in ("value", "valueList")
        if (value := tag.get(name, "")).startswith("$")
    }
    assert asked <= set(task["data"])
    assert asked == ({"moments", "video", "stills"} if with_film else {"moments"})
    assert {label.get("value") for label in view.iter("Label")} >= {*STEPS, "other"}
    seconds = task["data"]["moments"]["seconds"]
    assert seconds == sorted(seconds)
    assert seconds[-1] >= result.performance.duration_s - 0.1


@pytest.mark.parametrize("with_film", [True, False])
def test_labels_of_another_film_or_of_none_are_refused(with_film):
    result = result_with_boxes(with_film=with_film)
    document = labelled(result)
    check_same_film(document, result, "export.json")
    other = result_with_boxes("ev-2", film="another", with_film=with_film)
    with pytest.raises(InputError, match="with sha256"):
        check_same_film(labelled(other), result, "export.json")
    key = "media_sha256" if with_film else "segments_sha256"
    for data in ({}, {key: 7}, {**document[0]["data"], key: None}):
        with pytest.raises(InputError, match="does not say of which"):
            check_same_film([{**document[0], "data": data}], result, "export.json")
    with pytest.raises(InputError, match="does not say of which"):
        check_same_film([*document, {"id": 8, "annotations": []}], result, "export.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": 90.0}, "per cent"),
        ({"x": "wide"}, "per cent"),
        ({"width": 0}, "per cent"),
        ({"x": float("nan")}, "per cent"),
        ({"rotation": 30}, "upright"),
        ({"rectanglelabels": ["a", "b"]}, "one label"),
        ({"rectanglelabels": [7]}, "per cent"),
    ],
)
def test_a_box_that_is_none_is_refused_by_its_number(change, said):
    document = labelled(RESULT)
    box = next(r for r in document[0]["annotations"][0]["result"] if r["type"] == "rectanglelabels")
    box["value"] = {**box["value"], **change}
    with pytest.raises(InputError, match=said):
        boxes_of(document, RESULT, "export.json")


def test_boxes_on_stills_that_are_not_there_and_two_annotators_are_refused():
    document = labelled(RESULT)
    regions = document[0]["annotations"][0]["result"]
    box = next(r for r in regions if r["type"] == "rectanglelabels")
    for index in (-1, len(RESULT.stills), "0"):
        box["item_index"] = index
        with pytest.raises(InputError, match="expected a box on one of"):
            boxes_of(document, RESULT, "export.json")
    box["item_index"] = 0
    document[0]["annotations"] *= 2
    with pytest.raises(InputError, match="2 people's labels"):
        boxes_of(document, RESULT, "export.json")
    document[0]["data"]["still_seconds"] = [700.5]
    with pytest.raises(InputError, match="moments of stills"):
        boxes_of([{**document[0], "annotations": document[0]["annotations"][:1]}], RESULT, "export.json")


def test_a_tenth_of_a_second_is_no_change_and_another_step_is():
    segments = RESULT.performance.segments
    moved = (segments[0].model_copy(update={"start_s": segments[0].start_s + 0.04}), *segments[1:])
    assert not segments_differ(segments, moved)
    assert segments_differ(segments, segments[1:])
    assert segments_differ(segments, (segments[0].model_copy(update={"step_id": "garnish"}), *segments[1:]))
