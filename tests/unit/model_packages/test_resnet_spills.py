"""What differs between a clean and a badly plated finish is near the plate, and a small network learns it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from model_packages.resnet.drawing import drawn_plates
from model_packages.resnet.spills import CELL_PX, Pair, changed_cells, learned_spills, pairs_of, spilled
from model_packages.resnet.train_spills import drawn_films, measured


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
    assert not changed_cells(replace(pair, poor=pair.clean)).any()


def test_a_network_that_learned_a_pair_tells_its_pictures_apart(drawn) -> None:
    pairs, others = drawn
    network = learned_spills(pairs, others, seed=1, steps=60, batch=2)
    clean, poor = (spilled(network, picture, pairs[0].box) for picture in (pairs[0].clean, pairs[0].poor))
    assert poor > clean


def test_pairs_without_a_difference_are_refused(drawn) -> None:
    same = replace(drawn[0][0], poor=drawn[0][0].clean)
    with pytest.raises(ValueError, match="pairs of pictures that differ"):
        learned_spills([same], [], seed=1, steps=1)


def test_training_is_measured_and_what_was_drawn_is_used_again(tmp_path: Path) -> None:
    told = measured(tmp_path, films=3, steps=2, seed=5, test=True, say=lambda _: None)
    assert set(told) == {"trainingPairs", "steps", "calibration", "test"}
    assert 0 < told["calibration"]["pairs"] <= 1
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}
    assert len(kept) == 5
    films = drawn_films("training", 3, 5, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")} == kept
    assert [len(stills) for stills in films] == [3, 3, 3]
    assert films[0][0].jpeg[:2] == b"\xff\xd8"
