"""The trained flame package through the models port, on drawn films of styles that it was not trained on."""

import json
import shutil
from pathlib import Path

import pytest

from adapters.local.models import LocalModels
from bharatchef.observed import Analyser, ModelIdentity
from kitchen_sim.script import Script, ScriptStep
from model_packages.flame import drawing, train
from model_packages.flame.register import FOUND, SET_ASIDE, main, registered

PACKAGE = Path(train.__file__).resolve().parent


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> LocalModels:
    folder = tmp_path_factory.mktemp("models")
    registered(folder)
    return LocalModels((folder,))


def film(level: float) -> bytes:
    """Ten seconds of a pan of water under which the flame stays as it is."""
    step = ScriptStep(
        step_id="boil", action="boil", objects=("saucepan",), ingredients=("water",),
        start_s=0.5, end_s=12, heat="high",
    )  # fmt: skip
    script = Script(
        dish="water",
        seed=11,
        style_group="dark-granite",
        width_px=1280,
        height_px=720,
        duration_s=13,
        steps=(step,),
    )
    scene = drawing.FlameScene(script, None)
    pictures = [scene.picture(1 + k / 2, level) for k in range(20)]
    return drawing.encoded([drawing._small(picture, (640, 360)) for picture in pictures])


def answered(models: LocalModels, body: bytes) -> list[dict]:
    answer = models.invoke(Analyser.HEAT, body, "video/mp4")
    assert (answer["format"], answer["version"]) == ("bharatchef-heat", 1)
    return answer["samples"]


def test_it_is_named_with_what_it_was_trained_on(models: LocalModels) -> None:
    said = models.identify(Analyser.HEAT)
    assert isinstance(said, ModelIdentity)
    assert said.name == "flame"
    assert said.trained_on == "drawn films"
    told = json.loads((PACKAGE / "metrics.json").read_text())
    assert said.weights_sha256 == told["weightsSha256"]
    assert said.weights_sha256 in (PACKAGE / "MODEL_CARD.md").read_text()


def test_it_comes_installed_only_where_its_bar_is_reached() -> None:
    told = json.loads((PACKAGE / "metrics.json").read_text())
    reached = told["test"]["heatAccuracy"] >= train.BAR
    assert (PACKAGE / FOUND).is_file() == reached
    assert (PACKAGE / SET_ASIDE).is_file() == (not reached)


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
    assert all(0 <= s["confidence"] <= 1 and "burningRisk" not in s for s in off + low + high)


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
    shutil.copyfile(tmp_path / "flame" / "MODEL_CARD.md", tmp_path / "flame" / "weights.npz")
    assert "are not those it was measured with" in LocalModels((tmp_path,)).identify(Analyser.HEAT).reason


@pytest.mark.slow
def test_training_runs_from_films_to_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setitem(train._SECONDS, "training", 6.0)
    monkeypatch.setitem(train._SECONDS, "calibration", 10.0)
    monkeypatch.setitem(train._SECONDS, "test", 8.0)
    words = [
        "--chunks",
        "1",
        "--test-chunks",
        "1",
        "--rounds",
        "2",
        "2",
        "--out",
        str(tmp_path),
        "--workers",
        "1",
    ]
    assert train.main(words) == 0
    assert json.loads(capsys.readouterr().out)["seconds"] > 0
    told = json.loads((tmp_path / "metrics.json").read_text())
    assert told["trainingGroups"]
    assert not set(told["trainingGroups"]) & set(told["testGroups"])
    first = (tmp_path / "weights.npz").read_bytes()
    assert train.main([*words[:-3], str(tmp_path / "again"), "--workers", "1"]) == 0
    assert (tmp_path / "again" / "weights.npz").read_bytes() == first
