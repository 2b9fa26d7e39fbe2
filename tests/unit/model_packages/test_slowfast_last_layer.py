"""The last layer of the slowfast package learns from a few films: real training from the built-in package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.retraining.films import drawn
from model_packages.members import members_in
from model_packages.serving.package import read_package
from model_packages.slowfast.context import MEMBER
from model_packages.slowfast.evaluate import counts_on
from model_packages.slowfast.inference import model_fn
from model_packages.slowfast.train import main

BUILT_IN = Path(__file__).resolve().parents[3] / "model_packages" / "slowfast"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def labelled(folder: Path, *seeds: int) -> Path:
    for seed in seeds:
        film = drawn(seed, across=True)
        place = folder / film.name
        place.mkdir(parents=True)
        (place / "film.mp4").write_bytes(film.body)
        rows = [
            {"startTime": s.start_s, "endTime": s.end_s, "actionType": s.action_type} for s in film.segments
        ]
        (place / "film.segments.json").write_text(
            json.dumps({"format": "bharatchef-segments", "segments": rows})
        )
    return folder


def test_it_learns_keeps_what_it_looked_at_and_answers_as_a_package(tmp_path, capsys):
    films, out = labelled(tmp_path / "films", 500, 501, 502), tmp_path / "out"
    words = [
        "--labelled",
        films,
        "--start",
        BUILT_IN,
        "--work",
        tmp_path / "work",
        "--out",
        out,
        "--threads",
        1,
    ]
    assert main([str(word) for word in words]) == 0
    assert "looked at 1 of 1 films" in capsys.readouterr().err
    told = json.loads((out / "metrics.json").read_text())
    before = json.loads((BUILT_IN / "metrics.json").read_text())
    assert told["startedFrom"] == before["weightsSha256"]
    # What reads looks together goes on as it was.
    kept = [members_in(folder / "weights.ovz", [MEMBER]) for folder in (out, BUILT_IN)]
    assert kept[0] == kept[1] != {}
    assert told["context"] == before["context"]
    # Each second that was learned from is right now, and hardly one was before.
    right = {}
    if not (out / "model.json").exists():
        (out / "model.below-bar.json").rename(out / "model.json")
    for name, folder in (("before", BUILT_IN), ("after", out)):
        rows = [row for film in counts_on(model_fn(str(folder)), films) for row in film["counts"].items()]
        seconds = sum(sum(said.values()) for _, said in rows)
        right[name] = sum(said.get(truth, 0) for truth, said in rows) / seconds
    assert right["before"] < 0.5 < 0.85 < right["after"]
    answer = read_package(out).answer((films / "cook-500" / "film.mp4").read_bytes(), "video/mp4").decoded
    assert answer["labels"] == told["labels"]
    # The same again looks at nothing twice, and gives the same weights.
    assert main([str(word) for word in words]) == 0
    assert "looked at" not in capsys.readouterr().err
    assert json.loads((out / "metrics.json").read_text())["weightsSha256"] == told["weightsSha256"]


def test_it_can_be_learned_on_from_once_more(tmp_path):
    films = labelled(tmp_path / "films", 503, 504, 505)
    start = BUILT_IN
    for number in range(2):
        out = tmp_path / f"out{number}"
        words = ["--labelled", films, "--start", start, "--work", tmp_path / f"work{number}", "--out", out]
        assert main([*map(str, words), "--threads", "1"]) == 0
        start = out
    sha256s = [
        json.loads((tmp_path / f"out{n}" / "metrics.json").read_text())["weightsSha256"] for n in (0, 1)
    ]
    second = json.loads((tmp_path / "out1" / "metrics.json").read_text())
    assert second["startedFrom"] == sha256s[0] != sha256s[1]


def test_a_start_without_labelled_films_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected --labelled beside --start"):
        main(["--start", str(BUILT_IN), "--work", str(tmp_path)])
