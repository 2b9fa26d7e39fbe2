"""What drift counts of each model's answers: how sure it was, and its mix of classes."""

from __future__ import annotations

import pytest
from samples import sample_result, sha

from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Detection,
    Detections,
    HeatSample,
    HeatTrace,
    ModelIdentity,
    PlatedDish,
    Unavailable,
)
from bharatchef.retraining.seen import said_in, seen_in


def model(analyser: Analyser) -> ModelIdentity:
    return ModelIdentity(
        analyser=analyser,
        name="m",
        version="1",
        weights_sha256=sha("weights"),
        engine="e",
        trained_on="t",
    )


def sample(time_s: float, flame: str, level: float, confidence: float = 0.8) -> HeatSample:
    return HeatSample.model_validate(
        {"time_s": time_s, "flame": flame, "level": level, "confidence": confidence}
    )


def test_actions_count_in_seconds():
    rows = ((0.9, 0.1), (0.3, 0.7), (0.2, 0.8))
    said = ActionProbabilities(
        model=model(Analyser.ACTIONS), labels=("chop", "stir"), times_s=(0.5, 1.5, 2.5), probabilities=rows
    )
    seen = seen_in("ev", said)
    assert seen is not None
    assert seen.seconds == {"chop": 1, "stir": 2}
    assert seen.confidence == pytest.approx(0.8)
    assert seen_in("ev", said.model_copy(update={"times_s": (), "probabilities": ()})) is None


def test_things_count_in_boxes_and_who_found_nothing_was_sure_of_nothing():
    box = (0.1, 0.1, 0.2, 0.2)
    items = tuple(
        Detection(time_s=1, label=label, confidence=sure, box=box)
        for label, sure in (("pan", 0.9), ("pan", 0.7), ("knife", 0.5))
    )
    said = Detections(model=model(Analyser.OBJECTS), times_s=(1, 2), items=items, labels=("knife", "pan"))
    seen = seen_in("ev", said)
    assert seen is not None
    assert (seen.seconds, seen.confidence) == ({"pan": 2, "knife": 1}, pytest.approx(0.7))
    empty = seen_in("ev", said.model_copy(update={"items": ()}))
    assert empty is not None
    assert (empty.seconds, empty.confidence) == ({}, 0.0)
    assert seen_in("ev", said.model_copy(update={"items": (), "times_s": ()})) is None


def test_heat_counts_in_seconds_of_its_words_hidden_ones_too():
    samples = [sample(k / 2, "blue", 0.5) for k in range(20)]
    samples += [sample(10 + k / 2, "hidden", 0.0, 0.4) for k in range(10)]
    seen = seen_in("ev", HeatTrace(model=model(Analyser.HEAT), samples=tuple(samples)))
    assert seen is not None
    assert seen.seconds == {"medium": pytest.approx(10.0, abs=0.5), "hidden": pytest.approx(5.0)}
    assert seen.confidence == pytest.approx((20 * 0.8 + 10 * 0.4) / 30)


def test_of_plates_how_sure_it_was_counts_and_not_which_dish_it_was():
    said = PlatedDish(
        model=model(Analyser.PLATE), time_s=3.0, likeness=None, looks_like="kheer", confidence=0.4
    )
    seen = seen_in("ev", said)
    assert seen is not None
    assert (seen.seconds, seen.confidence) == ({}, 0.4)


def test_each_analyser_has_its_own_answer_and_what_nobody_saw_is_none():
    heat = HeatTrace(model=model(Analyser.HEAT), samples=(sample(0, "off", 0.0),))
    nothing = Unavailable(analyser=Analyser.OBJECTS, reason="No model is installed.")
    result = sample_result().model_copy(update={"heat": heat, "detections": nothing})
    assert said_in(result, Analyser.HEAT) == heat
    assert said_in(result, Analyser.OBJECTS) is None
