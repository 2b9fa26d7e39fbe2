"""Models asked piece by piece: stitching, retries within bounds, and answers that break the contract."""

from collections.abc import Mapping
from typing import Any

import pytest
from looking import analyse_actions, analyse_heat, analyse_objects, analyse_plate
from samples import sample_dish
from simulated import model_identity

from bharatchef.errors import EndpointError
from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Chunk,
    Detections,
    HeatTrace,
    ModelIdentity,
    PlatedDish,
    Still,
    Unavailable,
)
from bharatchef.perception.analysers import Retry

DISH = sample_dish()
CHUNKS = tuple(
    Chunk(key=f"c{i}", start_s=i * 3.0, end_s=i * 3.0 + 3, frames=45, size_bytes=2, sha256="c" * 64)
    for i in range(3)
)
ANSWERS: dict[Analyser, dict[str, Any]] = {
    Analyser.ACTIONS: {
        "format": "bharatchef-actions", "version": 1, "labels": ["background", "stir"],
        "times": [0.5, 1.5, 2.5, 3.5], "probabilities": [[0.2, 0.8], [0.5, 0.5], [1, 0], [0, 1]],
    },
    Analyser.OBJECTS: {
        "format": "bharatchef-objects", "version": 1, "labels": ["egg", "pan"], "times": [0.0, 1.0, 2.0],
        "detections": [{"time": 1.0, "label": "egg", "confidence": 0.5, "box": [0.1, 0.2, 0.3, 1.0005]}],
    },
    Analyser.HEAT: {
        "format": "bharatchef-heat", "version": 1,
        "samples": [{"time": 1, "flame": "blue", "level": 0.5, "confidence": 0.9}],
    },
    Analyser.PLATE: {
        "format": "bharatchef-plate", "version": 1, "plateSeen": 0.9, "remarks": ["neat"],
        "dishes": [{"dish": "egg-bhurji", "likeness": 70, "confidence": 0.8}],
    },
}  # fmt: skip


class ScriptedModels:
    """A port whose answers are those given, in turn; an exception is raised."""

    def __init__(self, answers: list[Any], identity: ModelIdentity | Unavailable | None = None) -> None:
        self.answers, self.identity, self.asked = answers, identity, []

    def identify(self, analyser: Analyser) -> ModelIdentity | Unavailable:
        return self.identity or model_identity(analyser)

    def invoke(self, analyser: Analyser, body: bytes, content_type: str) -> Mapping[str, Any]:
        self.asked.append((analyser, body, content_type))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Waits:
    def __init__(self) -> None:
        self.slept: list[float] = []
        self.retry = Retry(pauses_s=(1.0, 2.0), sleep=self.slept.append)


def body(piece: Chunk | Still) -> bytes:
    return piece.key.encode()


def test_actions_are_joined_on_the_films_clock() -> None:
    models = ScriptedModels([ANSWERS[Analyser.ACTIONS]] * 3)
    found = analyse_actions(CHUNKS, body, models)
    assert isinstance(found, ActionProbabilities)
    # 3.5 s of the first chunk is 0.5 s of the second, which speaks for itself.
    assert found.times_s == (0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5)
    assert found.probabilities[3] == (0.0, 1.0)
    assert found.labels == ("background", "stir")
    assert models.asked == [(Analyser.ACTIONS, f"c{i}".encode(), "video/mp4") for i in range(3)]


def test_objects_and_heat_are_joined_and_looks_without_a_finding_are_kept() -> None:
    seen = analyse_objects(CHUNKS, body, ScriptedModels([ANSWERS[Analyser.OBJECTS]] * 3))
    assert isinstance(seen, Detections)
    assert seen.times_s == tuple(float(t) for t in range(9))
    assert [d.time_s for d in seen.items] == [1, 4, 7]
    assert seen.items[0].box == (0.1, 0.2, 0.3, 1.0)
    assert seen.labels == ("egg", "pan")
    heat = analyse_heat(CHUNKS, body, ScriptedModels([ANSWERS[Analyser.HEAT]] * 3))
    assert isinstance(heat, HeatTrace)
    assert [(s.time_s, s.level, s.burning_risk) for s in heat.samples] == [
        (1, 0.5, None),
        (4, 0.5, None),
        (7, 0.5, None),
    ]
    said = [put(HOT, samples=[SAMPLE | {"burningRisk": risk}])[1] for risk in (None, 0.0, 0.9)]
    heat = analyse_heat(CHUNKS, body, ScriptedModels(said))
    assert [s.burning_risk for s in heat.samples] == [None, 0.0, 0.9], "none looked is not none burns"


def test_what_may_pass_is_asked_again_within_bounds() -> None:
    waits, good = Waits(), ANSWERS[Analyser.HEAT]
    busy = EndpointError("busy", retryable=True)
    assert isinstance(
        analyse_heat(CHUNKS, body, ScriptedModels([good, busy, busy, good, good]), retry=waits.retry),
        HeatTrace,
    )
    assert waits.slept == [1.0, 2.0]
    models = ScriptedModels([good, busy, busy, busy, good])
    ended = analyse_heat(CHUNKS, body, models, retry=Waits().retry)
    assert isinstance(ended, Unavailable)
    assert ended.reason == "simulated heat gave no answer for 3 to 6 s of the film (piece 2 of 3): busy"
    assert len(models.asked) == 4


def test_what_will_not_pass_is_not_asked_again() -> None:
    waits = Waits()
    models = ScriptedModels([EndpointError("no such weights", "add them")])
    ended = analyse_actions(CHUNKS, body, models, retry=waits.retry)
    assert isinstance(ended, Unavailable)
    assert (ended.remedy, waits.slept, len(models.asked)) == ("add them", [], 1)


def test_a_model_without_weights_is_never_asked_and_no_film_is_no_answer() -> None:
    reason = Unavailable(analyser=Analyser.ACTIONS, reason="no weights")
    models = ScriptedModels([], identity=reason)
    assert analyse_actions(CHUNKS, body, models) == reason
    nothing = analyse_actions((), body, ScriptedModels([]))
    assert isinstance(nothing, Unavailable)
    assert "no part of the film" in nothing.reason


def test_labels_that_change_midway_end_the_analysis() -> None:
    good = ANSWERS[Analyser.ACTIONS]
    ended = analyse_actions(CHUNKS, body, ScriptedModels([good, good | {"labels": ["a", "b"]}, good]))
    assert isinstance(ended, Unavailable)
    assert "labels changed at 3 s" in ended.reason


def test_the_plate_is_looked_for_on_the_last_pictures() -> None:
    stills = tuple(Still(key=f"s{t}", time_s=t, width_px=9, height_px=9) for t in range(0, 100, 2))
    hidden = ANSWERS[Analyser.PLATE] | {"plateSeen": 0.1}
    liked = [
        ANSWERS[Analyser.PLATE] | {"dishes": [{"dish": "egg-bhurji", "likeness": x, "confidence": 0.8}]}
        for x in (60, 72, 75)
    ]
    models = ScriptedModels([hidden, hidden, *liked])
    found = analyse_plate(stills, body, models, DISH, 100.0)
    assert isinstance(found, PlatedDish)
    assert (found.likeness, found.looks_like, found.remarks) == (72, "egg-bhurji", ("neat",))
    assert found.time_s in (94, 96, 98)
    assert found.confidence == pytest.approx(0.72)
    assert [b for _, b, _ in models.asked] == [b"s90", b"s92", b"s94", b"s96", b"s98"]
    assert {kind for _, _, kind in models.asked} == {"image/jpeg"}


def test_no_plate_in_view_is_unavailable_and_an_unknown_dish_has_no_likeness() -> None:
    stills = (Still(key="s", time_s=99, width_px=9, height_px=9),)
    none = analyse_plate(
        stills, body, ScriptedModels([ANSWERS[Analyser.PLATE] | {"plateSeen": 0.2}]), DISH, 100
    )
    assert isinstance(none, Unavailable)
    assert none.reason == "No finished plate was in view at the end of the film."
    other = ANSWERS[Analyser.PLATE] | {"dishes": [{"dish": "poha", "likeness": 90, "confidence": 0.9}]}
    found = analyse_plate(stills, body, ScriptedModels([other]), DISH, 100)
    assert isinstance(found, PlatedDish)
    assert (found.likeness, found.looks_like) == (None, "poha")
    assert "knows no expert's plate of Egg bhurji" in found.remarks[0]
    named = {"dishes": [{"dish": "egg-bhurji", "likeness": None, "confidence": 0.9}]}
    found = analyse_plate(stills, body, ScriptedModels([ANSWERS[Analyser.PLATE] | named]), DISH, 100)
    assert isinstance(found, PlatedDish)
    assert (found.likeness, found.looks_like) == (None, "egg-bhurji")
    assert "not how well it is plated" in found.remarks[0]


def put(analyser: Analyser, **parts: Any) -> tuple[Analyser, dict[str, Any]]:
    return analyser, ANSWERS[analyser] | parts


BOX = {"time": 1.0, "label": "egg", "confidence": 0.5, "box": [0.1, 0.2, 0.3, 0.4]}
SAMPLE = {"time": 1, "flame": "blue", "level": 0.5, "confidence": 0.9}
ACT, OBJ, HOT, PLT = Analyser.ACTIONS, Analyser.OBJECTS, Analyser.HEAT, Analyser.PLATE


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ((ACT, {}), "expected format 'bharatchef-actions' and version 1, got None and None"),
        ((ACT, []), "expected a JSON object, got a list of 0"),
        (put(ACT, version=2), "got 'bharatchef-actions' and 2"),
        (put(ACT, labels=[]), "expected a list of at least one label, got a list of 0"),
        (put(ACT, labels=["a", "a"]), "expected labels that differ"),
        (put(ACT, labels=["a", 3]), "expected labels to be text"),
        (put(ACT, times=[0.5]), "expected probabilities of shape (1, 2), a row a time, got a list of 4"),
        (put(ACT, times=[]), "expected times over 3.0 s of film, got none"),
        (put(ACT, times=[0.5, 0.5, 1, 2]), "expected times that increase, got 0.5 after 0.5"),
        (
            put(ACT, times=[0.5, 1, 2, 4.5]),
            "expected time 3 in seconds from the chunk's start, 0 to 3.00, got 4.5",
        ),
        (put(ACT, times=[-1, 1, 2, 3]), "got -1"),
        (put(ACT, times="now"), "expected a list of times in seconds, got str"),
        (
            put(ACT, probabilities=[[1], [1], [1], [1]]),
            "expected 2 probabilities in row 0, one a label, got a list of 1",
        ),
        (put(ACT, probabilities=[[0.5, 0.6]] * 4), "expected row 0 to sum to 1, got 1.1000"),
        (put(ACT, probabilities=[[-0.5, 1.5]] * 4), "expected numbers from 0 to 1 in row 0"),
        (put(ACT, probabilities=[[float("nan"), 1]] * 4), "expected numbers from 0 to 1 in row 0"),
        (put(OBJ, detections=None), "expected a list of detections, got NoneType"),
        (put(OBJ, detections=[{"time": 1.0}]), "expected time, label, confidence and box in detection 0"),
        (
            put(OBJ, detections=[BOX | {"time": 1.2}]),
            "expected one of 'times' as time of detection 0, got 1.2",
        ),
        (put(OBJ, detections=[BOX | {"label": "cat"}]), "expected one of 'labels' in detection 0, got 'cat'"),
        (
            put(OBJ, detections=[BOX | {"confidence": 2}]),
            "expected a confidence from 0 to 1 in detection 0, got 2",
        ),
        (put(OBJ, detections=[BOX | {"box": [1, 2, 3]}]), "expected a box [x0, y0, x1, y1]"),
        (put(OBJ, detections=[BOX | {"box": [100, 20, 300, 40]}]), "got [100, 20, 300, 40]"),
        (put(OBJ, detections=[BOX | {"box": [0.3, 0.2, 0.1, 0.4]}]), "x0 <= x1"),
        (put(HOT, samples={}), "expected a list of samples, got dict"),
        (put(HOT, samples=[3]), "expected each sample to be an object"),
        (
            put(HOT, samples=[SAMPLE | {"flame": "green"}]),
            "to be one of off, blue, yellow, hidden, got 'green'",
        ),
        (put(HOT, samples=[SAMPLE | {"level": 40}]), "expected level from 0 to 1 in sample 0, got 40"),
        (
            put(HOT, samples=[SAMPLE | {"burningRisk": -1}]),
            "expected burningRisk from 0 to 1 or null in sample 0, got -1",
        ),
        (put(HOT, samples=[]), "expected times over 3.0 s of film, got none"),
        (put(PLT, plateSeen=3), "plateSeen: "),
        (put(PLT, dishes=[{"dish": "poha"}]), "dishes.0.likeness: Field required"),
        (put(PLT, verdict="fine"), "verdict: "),
    ],
)
def test_an_answer_that_breaks_the_contract_is_refused_with_expected_and_actual(
    broken: tuple[Analyser, Any], words: str
) -> None:
    analyser, answer = broken
    waits, models = Waits(), ScriptedModels([answer])
    stills = (Still(key="s", time_s=9, width_px=9, height_px=9),)
    ended = {
        ACT: lambda: analyse_actions(CHUNKS, body, models, retry=waits.retry),
        OBJ: lambda: analyse_objects(CHUNKS, body, models, retry=waits.retry),
        HOT: lambda: analyse_heat(CHUNKS, body, models, retry=waits.retry),
        PLT: lambda: analyse_plate(stills, body, models, DISH, 9.0, retry=waits.retry),
    }[analyser]()
    assert isinstance(ended, Unavailable)
    assert ended.analyser is analyser
    assert words in ended.reason
    assert "output_fn" in ended.remedy
    assert waits.slept == []
