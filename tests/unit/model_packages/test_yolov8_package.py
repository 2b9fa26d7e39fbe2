"""The trained object package through the models port, on drawn films of kitchens that it was not trained
on."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapters.local.models import LocalModels
from bharatchef.observed import Analyser, ModelIdentity
from bharatchef.perception.answers import check_answer
from bharatchef.perception.parameters import labels as words
from model_packages.training.kitchens import CALIBRATION_GROUPS
from model_packages.yolov8 import inference, train
from model_packages.yolov8.drawing import film_chunk
from model_packages.yolov8.labels import kitchen_classes
from model_packages.yolov8.metrics import overlaps

PACKAGE = Path(train.__file__).resolve().parent


@pytest.fixture(scope="module")
def models() -> LocalModels:
    return LocalModels((PACKAGE.parent,))


@pytest.fixture(scope="module")
def film() -> tuple[bytes, list]:
    """Fourteen moments of a dish in a kitchen held out of training, half a second apart in the chunk."""
    return film_chunk(31, CALIBRATION_GROUPS[0], "masala-chai", "front", every_s=4.0)


@pytest.fixture(scope="module")
def answer(models: LocalModels, film: tuple[bytes, list]) -> dict:
    return models.invoke(Analyser.OBJECTS, film[0], "video/mp4")


def test_it_is_named_with_what_it_was_trained_on(models: LocalModels) -> None:
    said = models.identify(Analyser.OBJECTS)
    assert isinstance(said, ModelIdentity)
    assert said.name == "yolov8n"
    assert "drawn films" in said.trained_on
    told = json.loads((PACKAGE / "metrics.json").read_text())
    assert said.weights_sha256 == told["weightsSha256"]
    assert said.weights_sha256 in (PACKAGE / "MODEL_CARD.md").read_text()
    assert (PACKAGE / "weights.ovz").stat().st_size < 7_000_000


def test_the_answer_keeps_the_contract(answer: dict) -> None:
    check_answer(Analyser.OBJECTS, answer, None)
    assert answer["detections"]


def test_it_looks_once_a_second_at_the_films_own_times(answer: dict, film: tuple[bytes, list]) -> None:
    seconds = (len(film[1]) + 1) // 2
    assert answer["times"] == [float(k) for k in range(seconds)]


def test_what_it_reports_surely_is_there(answer: dict, film: tuple[bytes, list]) -> None:
    names = kitchen_classes().names
    right = total = 0
    for item in answer["detections"]:
        if item["confidence"] < 0.6:
            continue
        truth = film[1][round(item["time"] * 2)]
        same = truth.boxes[[names[k] == item["label"] for k in truth.classes]]
        total += 1
        right += bool(len(same)) and bool(overlaps(np.array([item["box"]], np.float32), same).max() >= 0.5)
    assert total >= 20
    assert right / total > 0.85


def test_large_things_are_found_whenever_they_are_there(answer: dict, film: tuple[bytes, list]) -> None:
    names = kitchen_classes().names
    for label in ("stove", "cutting-board"):
        there = {
            k / 2
            for k, truth in enumerate(film[1])
            if k % 2 == 0
            and any(names[c] == label and not o for c, o in zip(truth.classes, truth.optional, strict=True))
        }
        seen = {item["time"] for item in answer["detections"] if item["label"] == label}
        assert len(there & seen) >= 0.8 * len(there) > 0


def test_its_words_are_those_that_the_program_matches(answer: dict) -> None:
    kinds = {label: words().kind_of(label) for label in answer["labels"]}
    assert {"hand", "vessel", "tool"} <= set(kinds.values())
    withheld = {name for name, row in metrics()["classes"].items() if not row["named"]}
    assert withheld.isdisjoint(answer["labels"])
    assert withheld | set(answer["labels"]) == set(kitchen_classes().names)


def metrics() -> dict:
    return json.loads((PACKAGE / "metrics.json").read_text())["test"]


def test_a_still_is_answered_too(models: LocalModels) -> None:
    film, _ = film_chunk(32, CALIBRATION_GROUPS[0], "poha", "side", every_s=30.0)
    shot = inference.input_fn(film, "video/mp4")[0]
    body = cv2.imencode(".jpg", shot.rgb[..., ::-1])[1].tobytes()
    said = models.invoke(Analyser.OBJECTS, body, "image/jpeg")
    assert said["times"] == [0.0]
    assert {item["label"] for item in said["detections"]} & {"stove", "cutting-board", "plate"}


def test_an_upright_picture_is_answered_in_shares_of_itself() -> None:
    model = inference.model_fn(str(PACKAGE))
    assert model.size_for(360, 640) == (384, 640)
    assert model.size_for(640, 360) == (640, 384)
    assert model.size_for(640, 480) == (640, 480)
    found = model.found(np.random.default_rng(0).integers(0, 255, (640, 360, 3)).astype(np.uint8))
    assert ((found.boxes >= 0) & (found.boxes <= 1)).all()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"no film", "video/mp4", 400), (b"no picture", "image/jpeg", 400), (b"\xff\xd8\xff\xe0", "image/jpeg",
    400),
     (b"{}", "application/json", 415)],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(body: bytes, kind: str, status: int) -> None:
    with pytest.raises(inference.RequestError) as caught:
        inference.input_fn(body, kind)
    assert caught.value.status_code == status
    assert body.decode("latin-1") not in str(caught.value)


def test_other_answers_than_json_are_refused() -> None:
    model = inference.model_fn(str(PACKAGE))
    with pytest.raises(inference.RequestError) as caught:
        inference.output_fn((model, ()), "text/html")
    assert caught.value.status_code == 406


def test_the_same_chunk_gives_the_same_answer(
    models: LocalModels, film: tuple[bytes, list], answer: dict
) -> None:
    assert models.invoke(Analyser.OBJECTS, film[0], "video/mp4") == answer
