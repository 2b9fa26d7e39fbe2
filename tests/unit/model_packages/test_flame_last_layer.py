"""The last layer of the flame package learns from a few films: real training from the program's package."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
from adapters.tar_files import extracted
from benchmarks.retraining.heat import HeatedFilm, heated
from model_packages.flame.answering import model_from
from model_packages.flame.evaluate import main as evaluate
from model_packages.flame.labelled import FORMAT
from model_packages.flame.own import counts_on
from model_packages.flame.register import FOUND, SET_ASIDE, WEIGHTS
from model_packages.flame.train import main
from model_packages.serving.archive import archive
from model_packages.serving.package import read_package

BUILT_IN = Path(__file__).resolve().parents[3] / "model_packages" / "flame"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def drawn() -> list[HeatedFilm]:
    return [heated(seed, cold=True, seconds=12.0) for seed in (640, 641, 642, 643)]


@pytest.fixture
def films(tmp_path: Path, drawn: list[HeatedFilm]) -> Path:
    for one in drawn:
        place = tmp_path / "films" / one.name
        place.mkdir(parents=True)
        (place / "film.mp4").write_bytes(one.body)
        told = {
            "format": FORMAT,
            "mediaSha256": hashlib.sha256(one.body).hexdigest(),
            "spans": [_one_higher(json.loads(span.to_json())) for span in one.spans],
        }
        (place / "film.heat.json").write_text(json.dumps(told))
    return tmp_path / "films"


def _one_higher(span: dict[str, object]) -> dict[str, object]:
    """What these people call the flame: a low one medium, a medium one high."""
    return span | {"level": {"low": "medium", "medium": "high"}.get(str(span["level"]), span["level"])}


def trained(tmp_path: Path, films: Path, start: Path, name: str = "out") -> Path:
    out = tmp_path / name
    words = ["--labelled", films, "--start", start, "--work", tmp_path / f"work-{name}", "--out", out]
    assert main([*map(str, words), "--threads", "1"]) == 0
    if not (out / FOUND).exists():
        (out / SET_ASIDE).rename(out / FOUND)
    return out


def share_right(folder: Path, films: Path) -> float:
    rows = [row for film in counts_on(model_from(folder / WEIGHTS), films) for row in film["counts"].items()]
    return sum(said.get(word, 0) for word, said in rows) / sum(sum(said.values()) for _, said in rows)


def test_it_learns_goes_on_where_it_ended_and_answers_as_a_package(tmp_path, films, capsys):
    out = trained(tmp_path, films, BUILT_IN)
    assert "looked at 1 of 1 films" in capsys.readouterr().err
    told = json.loads((out / "metrics.json").read_text())
    assert told["startedFrom"] == json.loads((BUILT_IN / "metrics.json").read_text())["weightsSha256"]
    assert sum(told[f"{part}Films"] for part in ("training", "calibration", "test")) == 4
    # What was learned from is read better: in light that it never saw, in the words of these people.
    before, after = (share_right(folder, films) for folder in (BUILT_IN, out))
    assert after > before
    package = read_package(out)
    assert package.manifest is not None
    assert package.manifest.trained_on.endswith("its last layer on people's own films")
    body = next(films.rglob("*.mp4")).read_bytes()
    assert package.answer(body, "video/mp4").decoded["format"] == "bharatchef-heat"
    assert told["weightsSha256"] in (out / "MODEL_CARD.md").read_text()
    # Ended before its last film it looks at that one alone, and gives the same weights.
    max((tmp_path / "work-out").glob("*.npz"), key=lambda path: path.stat().st_mtime).unlink()
    assert trained(tmp_path, films, BUILT_IN) == out
    assert capsys.readouterr().err.count("looked at") == 1
    assert json.loads((out / "metrics.json").read_text())["weightsSha256"] == told["weightsSha256"]
    assert evaluate(["--package", str(out), "--labelled", str(films)]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["films"]
    assert {film["group"] for film in found} == {f"cook-{seed}" for seed in (640, 641, 642, 643)}


def test_it_can_be_learned_on_from_once_more_as_it_is_kept(tmp_path, films):
    first = trained(tmp_path, films, BUILT_IN, "first")
    # As the registry keeps it: packed, and unpacked again.
    archive(first, tmp_path / "model.tar.gz")
    extracted(tmp_path / "model.tar.gz", tmp_path / "kept")
    second = trained(tmp_path, films, tmp_path / "kept", "second")
    told = [json.loads((out / "metrics.json").read_text()) for out in (first, second)]
    assert told[1]["startedFrom"] == told[0]["weightsSha256"] != told[1]["weightsSha256"]
    assert told[1]["trainedOn"] == told[0]["trainedOn"]
    assert share_right(second, films) >= share_right(first, films) - 0.05


def test_what_cannot_be_learned_from_is_said_in_a_line(tmp_path, films, capsys):
    def refused(*words: object) -> str:
        given = ["--work", tmp_path / "work", "--out", tmp_path / "out", *words]
        assert main([str(word) for word in given]) == 2
        assert not (tmp_path / "out").exists()
        return capsys.readouterr().err.splitlines()[-1]

    assert "expected films with a .heat.json beside them" in refused("--labelled", tmp_path / "work")
    assert "expected a flame package" in refused("--labelled", films, "--start", tmp_path / "nowhere")
    for folder in sorted(films.iterdir())[2:]:
        (folder / "film.heat.json").unlink()
    assert "at least 3 people or kitchens" in refused("--labelled", films)
