"""The trained flame package through the models port, on drawn films of styles that it was not trained on."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapters.local.models import LocalModels
from bharatchef.observed import Analyser, ModelIdentity
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script, ScriptStep
from model_packages.flame import drawing, train
from model_packages.flame.register import FOUND, SET_ASIDE, main, registered

PACKAGE = Path(train.__file__).resolve().parent


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> LocalModels:
    folder = tmp_path_factory.mktemp("models")
    registered(folder)
    return LocalModels((folder,))


BOIL = ScriptStep(
    step_id="boil", action="boil", objects=("saucepan",), ingredients=("water",),
    start_s=0.5, end_s=12, heat="high",
)  # fmt: skip


def film(level: float) -> bytes:
    """Ten seconds of a pan of water under which the flame stays as it is."""
    script = Script(
        dish="water",
        seed=11,
        style_group="dark-granite",
        width_px=1280,
        height_px=720,
        duration_s=13,
        steps=(BOIL,),
    )
    scene = drawing.FlameScene(script, None)
    pictures = [scene.shown(1 + k / 2, level)[0] for k in range(20)]
    return drawing.encoded([drawing.small(picture, (640, 360)) for picture in pictures])


def answered(models: LocalModels, body: bytes) -> list[dict]:
    answer = models.invoke(Analyser.HEAT, body, "video/mp4")
    assert (answer["format"], answer["version"]) == ("bharatchef-heat", 1)
    return answer["samples"]


def test_it_is_named_with_what_it_was_trained_on(models: LocalModels) -> None:
    said = models.identify(Analyser.HEAT)
    assert isinstance(said, ModelIdentity)
    assert said.name == "flame"
    assert said.trained_on.startswith("drawn films")
    told = json.loads((PACKAGE / "metrics.json").read_text())
    assert said.weights_sha256 == told["weightsSha256"]
    assert said.weights_sha256 in (PACKAGE / "MODEL_CARD.md").read_text()


def test_it_is_found_only_where_it_is_useful_and_a_missed_bar_is_said() -> None:
    told = json.loads((PACKAGE / "metrics.json").read_text())
    useful = min(told["test"]["heatAccuracy"], told["calibration"]["heatAccuracy"]) >= train.USEFUL
    assert (PACKAGE / FOUND).is_file() == useful
    assert (PACKAGE / SET_ASIDE).is_file() == (not useful)
    if told["test"]["heatAccuracy"] < train.BAR:
        assert "is not reached" in (PACKAGE / "MODEL_CARD.md").read_text()


def test_a_flame_is_told_from_none_and_a_high_one_from_a_low_one(models: LocalModels) -> None:
    off, low, high = (answered(models, film(level)) for level in (0.0, 0.3, 1.0))
    assert [s["time"] for s in off] == [k / 2 for k in range(20)]
    assert sum(s["flame"] == "off" for s in off) >= 18
    assert sum(s["flame"] in ("blue", "yellow") for s in low) >= 18
    assert sum(s["flame"] in ("blue", "yellow") for s in high) >= 18
    middle = {
        name: sorted(s["level"] for s in samples)[10] for name, samples in (("low", low), ("high", high))
    }
    assert middle["low"] + 0.1 < middle["high"]
    assert all(0 <= s["confidence"] <= 1 and s["burningRisk"] < 0.5 for s in off + low + high)


def test_the_same_seed_draws_the_same_chunk_and_another_another() -> None:
    first, truth = drawing.drawn_chunk(5, "village", seconds=4, varied=True)
    again, same = drawing.drawn_chunk(5, "village", seconds=4, varied=True)
    assert first == again
    assert (truth.states, truth.levels) == (same.states, same.levels)
    assert first != drawing.drawn_chunk(6, "village", seconds=4, varied=True)[0]


def test_registering_makes_a_whole_copy_and_never_writes_over_one(tmp_path: Path, capsys) -> None:
    assert main([str(tmp_path)]) == 0
    assert "drawn seconds of unseen styles" in capsys.readouterr().out
    assert main([str(tmp_path)]) == 1
    assert "take it away first" in capsys.readouterr().err
    shutil.copyfile(tmp_path / "flame" / "MODEL_CARD.md", tmp_path / "flame" / "weights.ovz")
    assert "are not those it was measured with" in LocalModels((tmp_path,)).identify(Analyser.HEAT).reason


def test_a_film_without_a_kitchen_is_hidden_and_unsure(models: LocalModels) -> None:
    rng = np.random.default_rng(8)
    coarse = rng.integers(0, 256, (5, 8, 3), np.uint8)
    wall = cv2.resize(coarse, (640, 360), interpolation=cv2.INTER_CUBIC)
    samples = answered(models, drawing.encoded([wall] * 6))
    assert all(s["flame"] == "hidden" and s["level"] == 0 for s in samples)


def test_a_flame_is_hidden_where_something_is_held_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(dish="water", seed=11, style_group="village", duration_s=13, steps=(BOIL,))
    scene = drawing.FlameScene(script, None)
    seen = scene.shown(3.0, 1.0)[1]
    assert seen.state in ("blue", "yellow")
    assert scene.shown(3.0, 0.0)[1].state == "off"
    # It is drawn smaller than it is filmed.
    ((x, y),) = ((px * scene.width / 1280, py * scene.width / 1280) for px, py in seen.places)
    monkeypatch.setattr(
        Scene,
        "_draw_people",
        lambda _, canvas, *__: cv2.circle(canvas.picture, (int(x), int(y)), 120, (40, 90, 120), -1),
    )
    assert scene.shown(3.0, 1.0)[1].state == "hidden"
    assert scene.shown(3.0, 0.0)[1].state == "hidden"


@pytest.mark.slow
def test_training_runs_from_pictures_to_a_package_and_goes_on_where_it_stopped(
    tmp_path: Path, capsys
) -> None:
    pytest.importorskip("torch")
    small = {
        "files": "1", "films": "1", "test-films": "1", "seconds": "6", "workers": "1", "threads": "1",
        "work": str(tmp_path / "work"),
    }  # fmt: skip
    words = ["--epochs", "1", "1", *(word for name, v in small.items() for word in (f"--{name}", v))]
    assert train.main([*words, "--out", str(tmp_path / "first")]) == 0
    assert json.loads(capsys.readouterr().out)["seconds"] > 0
    told = json.loads((tmp_path / "first" / "metrics.json").read_text())
    assert told["trainingPictures"] == 100
    assert not set(told["trainingGroups"]) & set(told["testGroups"])
    # All that was drawn and trained lies in the work folder: the second run only puts it together again.
    assert train.main([*words, "--out", str(tmp_path / "again")]) == 0
    again = json.loads((tmp_path / "again" / "metrics.json").read_text())
    assert again["test"] == told["test"]
    assert again["calibration"] == told["calibration"]
