"""The resnet package learns people's own plates: real stills, the real train.py, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

pytest.importorskip("openvino", reason="the model packages need openvino")
pytest.importorskip("sklearn", reason="training needs scikit-learn")

from benchmarks.retraining.plates import PlatedFilm, plated
from model_packages.resnet import evaluate, train
from model_packages.resnet.inference import model_fn
from model_packages.resnet.labelled import FORMAT

PACKAGE = Path(train.__file__).parent
DISHES = ("dal-tadka", "kheer", "masala-chai")


@pytest.fixture(scope="module")
def films() -> tuple[PlatedFilm, ...]:
    """Five cooks' stills in a bluish light, in which no kitchen was drawn."""
    return tuple(plated(seed, DISHES, cold=True) for seed in range(5))


def laid_out(folder: Path, films: Iterable[PlatedFilm], names: dict[str, str] | None = None) -> Path:
    for film in films:
        place = folder / film.name
        place.mkdir(parents=True)
        rows = []
        for number, (body, dish) in enumerate(film.stills):
            (place / f"{number}.jpg").write_bytes(body)
            rows.append({"picture": f"{number}.jpg", "dishId": (names or {}).get(dish or "", dish)})
        told = {"format": FORMAT, "person": film.name, "plates": rows}
        (place / "film.plates.json").write_text(json.dumps(told))
    return folder


def right(package: Path, labelled: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, int]:
    """(right, all) of the finished plates, as the gate counts them."""
    capsys.readouterr()
    assert evaluate.main(["--package", str(package), "--labelled", str(labelled)]) == 0
    rows = [
        (truth, said, count)
        for film in json.loads(capsys.readouterr().out)["films"]
        for truth, row in film["counts"].items()
        for said, count in row.items()
        if truth != "no-plate"
    ]
    return sum(n for truth, said, n in rows if truth == said), sum(n for _, _, n in rows)


def test_peoples_plates_become_experts_plates_and_dishes_in_their_light_are_named(tmp_path, films, capsys):
    out, work = tmp_path / "out", tmp_path / "work"
    labelled = laid_out(tmp_path / "labelled", films[:4])
    words = ["--labelled", str(labelled), "--start", str(PACKAGE), "--work", str(work), "--threads", "1"]
    assert train.main([*words, "--out", str(out)]) == 0
    told = json.loads((out / "metrics.json").read_text())
    assert told["startedFrom"] == json.loads((PACKAGE / "model.json").read_text())["weights_sha256"]
    assert told["trainingFilms"] + told["calibrationFilms"] + told["testFilms"] == 4
    assert told["newDishes"] == []
    # Dishes that nobody sent keep the experts' plates that they had.
    before, after = model_fn(str(PACKAGE)).heads, model_fn(str(out)).heads
    assert after.dishes.tolist() == before.dishes.tolist()
    sent = [[dish for film in films[:4] for _, dish in film.stills].count(name) for name in DISHES]
    assert len(after.experts) == len(before.experts) + sum(sent)
    unseen = laid_out(tmp_path / "unseen", films[4:])
    was, count = right(PACKAGE, unseen, capsys)
    is_now, _ = right(out, unseen, capsys)
    assert count == 6
    assert is_now >= was
    assert "own" in json.loads((out / "model.json").read_text())["trained_on"]
    assert "people's finished plates" in (out / "MODEL_CARD.md").read_text()
    # What was seen is kept: the same training goes on from it and comes to the same bytes.
    kept = sorted(work.glob("plates-*.npy"))
    assert len(kept) == 4
    kept[0].unlink()
    stamps = {path: path.stat().st_mtime_ns for path in kept[1:]}
    again = tmp_path / "again"
    assert train.main([*words, "--out", str(again)]) == 0
    assert {path: path.stat().st_mtime_ns for path in kept[1:]} == stamps
    assert (again / "weights.ovz").read_bytes() == (out / "weights.ovz").read_bytes()


def test_what_was_learned_before_is_learned_again_and_not_twice(tmp_path, films):
    labelled = laid_out(tmp_path / "labelled", films[:4], {"kheer": "payasam"})
    first, second = tmp_path / "first", tmp_path / "second"
    words = ["--labelled", str(labelled), "--work", str(tmp_path / "work")]
    assert train.main([*words, "--start", str(PACKAGE), "--out", str(first)]) == 0
    assert train.main([*words, "--start", str(first), "--out", str(second)]) == 0
    before, after = model_fn(str(first)).heads, model_fn(str(second)).heads
    assert after.dishes.tolist() == before.dishes.tolist()
    assert after.experts.shape == before.experts.shape
    told = [json.loads((folder / "metrics.json").read_text()) for folder in (first, second)]
    assert told[0]["testBefore"]["right"] == told[1]["testBefore"]["right"], "no plate is its own expert"
    assert told[1]["trainedOn"] == told[0]["trainedOn"]


def test_a_later_training_holds_no_plate_of_somebody_who_was_erased(tmp_path, films):
    words = ["--work", str(tmp_path / "work")]
    for name, chosen in (("before", films[:4]), ("after", films[1:])):
        labelled = laid_out(tmp_path / name / "labelled", chosen)
        out = tmp_path / name / "out"
        assert train.main([*words, "--labelled", str(labelled), "--out", str(out)]) == 0
    before, after = (model_fn(str(tmp_path / name / "out")).heads for name in ("before", "after"))
    gone = [
        plate
        for plate in before.experts[len(model_fn(str(PACKAGE)).heads.experts) :]
        if (after.experts @ plate).max() < 1 - 1e-4
    ]
    served = sum(dish is not None for _, dish in films[0].stills)
    assert len(gone) == served > 0, "of the first cook's plates none is left, of the others' all are"


def test_a_dish_that_it_did_not_know_is_named_after_training(tmp_path, films):
    new = {"kheer": "payasam"}
    labelled = laid_out(tmp_path / "labelled", films[:4], new)
    out = tmp_path / "out"
    words = ["--labelled", str(labelled), "--start", str(PACKAGE), "--work", str(tmp_path / "work")]
    assert train.main([*words, "--out", str(out)]) == 0
    assert json.loads((out / "metrics.json").read_text())["newDishes"] == ["payasam"]
    assert model_fn(str(out)).heads.dishes.tolist()[-1] == "payasam"
    assert "payasam" in (out / "MODEL_CARD.md").read_text()


def test_where_a_channel_of_sagemaker_brings_labels_they_are_read(tmp_path, films, monkeypatch, capsys):
    laid_out(tmp_path / "channel", films[:2])
    monkeypatch.setenv("SM_CHANNEL_TRAINING", str(tmp_path / "channel"))
    monkeypatch.setenv("SM_MODEL_DIR", str(tmp_path / "out"))
    assert train.main(["--work", str(tmp_path / "work")]) == 2
    assert "at least 3 people or kitchens" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_without_a_finished_plate_nothing_is_learned(tmp_path, films, capsys):
    bare = [PlatedFilm(film.name, tuple((body, None) for body, _ in film.stills)) for film in films[:3]]
    labelled = laid_out(tmp_path / "labelled", bare)
    assert (
        train.main(["--labelled", str(labelled), "--work", str(tmp_path / "w"), "--out", str(tmp_path)]) == 2
    )
    assert "expected finished plates" in capsys.readouterr().err
