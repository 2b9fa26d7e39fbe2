"""What differs between a clean and a badly plated finish is near the plate, and a small network learns it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from model_packages import resnet
from model_packages.engine import pack_ir
from model_packages.members import members_in, with_members
from model_packages.resnet.drawing import drawn_plates
from model_packages.resnet.inference import SPILLED, WEIGHTS
from model_packages.resnet.plating import (
    CELL_PX,
    MEMBERS,
    SIDE_PX,
    Curve,
    Spills,
    as_members,
    spills_from,
    whole,
)
from model_packages.resnet.train_spills import curve_of, drawn_films, figures_of, measured, pairs_of
from model_packages.serving.package import read_package
from model_packages.training.marking import Pair, changed_cells, graph_of, learned_marks

PACKAGE = Path(resnet.__file__).resolve().parent


@pytest.fixture(scope="module")
def drawn() -> tuple[list[Pair], list[np.ndarray]]:
    job = {"seed": 77, "group": "hostel", "dish": "upma", "varied": False}
    return pairs_of([drawn_plates(job)])


def test_the_pictures_of_a_pair_differ_about_the_plate_alone(drawn) -> None:
    [pair] = drawn[0]
    cells = changed_cells(pair)
    rows, columns = np.nonzero(cells)
    height, width = pair.clean.shape[:2]
    left, top, right, bottom = pair.box
    x, y = (columns + 0.5) * CELL_PX / width, (rows + 0.5) * CELL_PX / height
    assert len(x) >= 3
    assert np.abs(x - (left + right) / 2).max() < 1.5 * (right - left)
    assert np.abs(y - (top + bottom) / 2).max() < 1.5 * (bottom - top)
    assert not changed_cells(replace(pair, marked=pair.clean)).any()


def test_a_network_that_learned_a_pair_tells_its_pictures_apart(drawn, tmp_path: Path) -> None:
    pairs, others = drawn
    network = learned_marks(pairs, others, seed=1, steps=60, batch=2)
    ir = pack_ir(graph_of(network, (1, SIDE_PX, SIDE_PX, 3)), tmp_path / "spills.ovz").read_bytes()
    spills = Spills(ir, Curve(1.0, 0.0, 0.5, 0.5))
    assert spills.sureness(pairs[0].marked) > spills.sureness(pairs[0].clean)


@pytest.mark.parametrize(("height", "width"), [(360, 640), (640, 360), (720, 1280), (90, 160), (7, 900)])
def test_a_picture_of_any_shape_is_looked_at_whole(height: int, width: int) -> None:
    given, rows, columns = whole(np.full((height, width, 3), 9, np.uint8))
    assert given.shape == (SIDE_PX, SIDE_PX, 3)
    assert (given[: rows * CELL_PX, : columns * CELL_PX] == 9).all()
    assert max(rows, columns) == SIDE_PX // CELL_PX
    assert min(rows, columns) >= 1


def test_the_bars_leave_doubtful_plates_open() -> None:
    rng = np.random.default_rng(3)
    scores = np.stack([rng.normal(-3, 2, 400), rng.normal(3, 2, 400)], 1)
    curve = curve_of(scores)
    assert curve.clean_to < 0.5 < curve.poor_from
    told = figures_of(curve, scores)
    assert told["cleanBlamed"] <= 0.011
    assert told["poorLetPass"] <= 0.031
    assert told["cleanBlamed"] + told["cleanPassed"] < 1


def test_the_package_s_own_network_marks_a_badly_plated_dish_and_says_why() -> None:
    package = read_package(PACKAGE)
    stills = drawn_plates({"seed": 78, "group": "hostel", "dish": "upma", "varied": False})
    for still in stills:
        if not still.served:
            continue
        answer = package.answer(still.jpeg, "image/jpeg").decoded
        (own,) = [row for row in answer["dishes"] if row["dish"] == "upma"]
        if still.poor:
            assert own["likeness"] < 60
            assert answer["remarks"] == [SPILLED]
        else:
            assert own["likeness"] > 80
            assert answer["remarks"] == []


@pytest.mark.parametrize("language", ["hi", "ta", "hi-latn"])
def test_the_coach_knows_the_remark_in_its_languages(language: str) -> None:
    known = (PACKAGE.parents[1] / "bharatchef" / "coaching" / "data" / f"{language}.yaml").read_text("utf-8")
    assert f'"{SPILLED.rstrip(".")}":' in known


def test_the_network_is_packed_with_the_backbone_and_can_be_left_out(tmp_path: Path) -> None:
    weights = PACKAGE / WEIGHTS
    without, other = tmp_path / "without.ovz", tmp_path / "other.ovz"
    without.write_bytes(with_members(weights.read_bytes(), MEMBERS, {}))
    assert members_in(without, MEMBERS) == {}
    assert spills_from(without) is None
    again = with_members(without.read_bytes(), MEMBERS, members_in(weights, MEMBERS))
    assert again == weights.read_bytes(), "packing is the same to the bit"
    other.write_bytes(with_members(again, MEMBERS, as_members(b"x", Curve(1, 2, 0.9, 0.1))))
    assert set(members_in(other, MEMBERS)) == set(MEMBERS)
    with pytest.raises(ValueError, match="packed in these bytes"):
        spills_from(other)


def test_pairs_without_a_difference_are_refused(drawn) -> None:
    same = replace(drawn[0][0], marked=drawn[0][0].clean)
    with pytest.raises(ValueError, match="pairs of pictures that differ"):
        learned_marks([same], [], seed=1, steps=1)


def test_training_is_measured_packed_and_what_was_drawn_is_used_again(tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    told = measured(PACKAGE, out, work, films=3, others=3, steps=2, seed=5, say=lambda _: None)
    assert told["trainingPairs"] <= 3
    assert {"auc", "poorFound", "cleanBlamed"} < set(told["test"])
    kept = {path: path.stat().st_mtime_ns for path in (*work.glob("*.npz"), *work.glob("*.pt"))}
    assert len(kept) == 10
    first = (out / WEIGHTS).read_bytes()
    assert measured(PACKAGE, out, work, films=3, others=3, steps=2, seed=5, say=lambda _: None) == {
        **told,
        "wallSeconds": pytest.approx(told["wallSeconds"], abs=60),
    }
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert (out / WEIGHTS).read_bytes() == first
    films = drawn_films("training", 3, 5, work)
    assert [len(stills) for stills in films] == [3, 3, 3]
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["plating"]["test"] == told["test"]
    assert "| **test** | 3 |" in (out / "MODEL_CARD.md").read_text()
    manifest = json.loads((out / "model.json").read_text())
    assert manifest["weights_sha256"] == hashlib.sha256(first).hexdigest() == metrics["weightsSha256"]
