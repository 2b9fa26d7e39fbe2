"""The heat goes to Label Studio and comes back as it went; a wrong region is refused in words."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review_samples import labelled, result_with_boxes
from samples import sha

from bharatchef.errors import InputError
from bharatchef.observed import Analyser, HeatMark, HeatSample, HeatTrace, ModelIdentity, Unavailable
from bharatchef.perception.segments_file import read_segments
from bharatchef.review.exchange import label_config, marked_heat
from bharatchef.review.heat import (
    WORDS,
    heat_marks_of,
    heat_regions,
    heat_spans,
    is_heat,
    word_of,
)
from bharatchef.review.labels import CorrectedLabels, HeatSpan
from bharatchef.vocabulary import HeatLevel

RESULT = result_with_boxes()
END_MS = int(RESULT.performance.duration_s * 1000)
TIMES = st.lists(st.integers(0, END_MS), min_size=2, max_size=24, unique=True).map(
    lambda found: sorted(found)[: len(found) // 2 * 2]
)


def exported(spans: tuple[HeatSpan, ...], **change: object) -> list[dict]:
    document = labelled(RESULT)
    regions = document[0]["annotations"][0]["result"]
    heat = heat_regions(spans)
    if change:
        heat[0]["value"] = {**heat[0]["value"], **change}
    document[0]["annotations"][0]["result"] = [*(r for r in regions if not is_heat(r)), *heat]
    return document


def span(start_s: float, end_s: float, word: str) -> HeatSpan:
    level, _, flame = word.partition(" ")
    return HeatSpan.model_validate(
        {"start_s": start_s, "end_s": end_s, "level": level, "flame": flame or None}
    )


@given(TIMES, st.data())
@settings(max_examples=60, deadline=None)
def test_heat_comes_back_to_the_millisecond_and_is_no_step(times, data):
    spans = tuple(
        span(start / 1000, end / 1000, data.draw(st.sampled_from(WORDS)))
        for start, end in zip(times[::2], times[1::2], strict=True)
    )
    document = json.loads(json.dumps(exported(spans)))
    assert marked_heat(document, RESULT, "export.json") == spans
    body = json.dumps(document).encode()
    steps = read_segments(body, "export.json", RESULT.dish).segments
    assert [(s.step_id, s.start_s) for s in steps] == [
        (s.step_id, s.start_s) for s in RESULT.performance.segments
    ]
    kept = CorrectedLabels.model_validate_json(labels_of(spans).to_json())
    assert kept.heat == spans
    assert all(mark.level in list(HeatLevel) for mark in heat_marks_of(spans))
    assert len(heat_marks_of(spans)) == sum(s.level != "hidden" for s in spans)


def labels_of(spans: tuple[HeatSpan, ...]) -> CorrectedLabels:
    return CorrectedLabels.model_validate(
        {
            "evaluation_id": "ev-1",
            "media_sha256": sha("film"),
            "video_s3_key": "films/film.mp4",
            "dish_id": "masala-chai",
            "person": "p-0123456789abcdef",
            "kitchen": "kitchen-1",
            "segments": (),
            "heat": spans,
            "purpose": "training",
            "corrected_at": "2026-11-23T10:00:00Z",
            "corrected_by": "p-0123456789abcdef",
        }
    )


def test_what_was_seen_is_proposed_with_the_colour_that_most_of_it_had():
    model = ModelIdentity(
        analyser=Analyser.HEAT,
        name="flame",
        version="1",
        weights_sha256=sha("weights"),
        engine="e",
        trained_on="t",
    )
    flames = ("blue", "yellow", "yellow", "off", "hidden")
    trace = HeatTrace(
        model=model,
        samples=tuple(
            HeatSample(time_s=float(k), flame=flame, level=0.6, confidence=0.9)
            for k, flame in enumerate(flames)
        ),
    )
    marks = (
        HeatMark(start_s=0, end_s=3, level=HeatLevel.MEDIUM),
        HeatMark(start_s=3, end_s=RESULT.performance.duration_s + 9, level=HeatLevel.OFF),
    )
    performance = RESULT.performance.model_copy(update={"heat": marks})
    seen = RESULT.model_copy(update={"performance": performance, "heat": trace})
    assert [word_of(one) for one in heat_spans(seen)] == ["medium yellow", "off"]
    assert heat_spans(seen)[-1].end_s == RESULT.performance.duration_s
    assert marked_heat(labelled(seen), seen, "export.json") == heat_spans(seen)
    nobody = Unavailable(analyser=Analyser.HEAT, reason="No model looked.")
    by_hand = RESULT.model_copy(update={"performance": performance, "heat": nobody})
    assert {one.flame for one in heat_spans(by_hand)} == {None}


def test_the_labelling_interface_has_a_track_of_heat_with_every_word():
    view = ElementTree.fromstring(label_config(RESULT, True))
    (track,) = (tag for tag in view.iter("TimeSeriesLabels") if tag.get("name") == "heat")
    assert [label.get("value") for label in track] == list(WORDS)
    assert track.get("toName") == "moments"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"timeserieslabels": ["simmer"]}, "one word for the heat .*simmer"),
        ({"timeserieslabels": ["low", "high"]}, "one word for the heat"),
        ({"timeserieslabels": None}, "one word for the heat"),
        ({"start": 5.0, "end": 5.0}, "starts before it ends"),
        ({"start": "noon"}, "starts before it ends"),
        ({"end": None}, "starts before it ends"),
        ({"end": float("nan")}, "starts before it ends"),
        ({"start": -3.0}, "starts before it ends"),
        ({"end": RESULT.performance.duration_s + 30}, "ends at .* s; the film is"),
    ],
)
def test_a_region_that_says_no_heat_is_refused_by_its_number(change, said):
    with pytest.raises(InputError, match=said) as refused:
        marked_heat(exported((span(1, 2, "low"),), **change), RESULT, "export.json")
    assert "export.json, region" in str(refused.value)


def test_two_heats_at_once_are_refused_and_touching_ones_are_not():
    touching = (span(1, 4, "low"), span(4, 6, "high blue"))
    assert marked_heat(exported(touching), RESULT, "export.json") == touching
    with pytest.raises(InputError, match="overlap on the heat track"):
        marked_heat(exported((span(1, 4, "low"), span(3, 6, "high"))), RESULT, "export.json")


@pytest.mark.parametrize("word", ["off blue", "hidden yellow"])
def test_no_flame_has_no_colour(word):
    with pytest.raises(ValueError, match="no colour"):
        span(1, 2, word)
