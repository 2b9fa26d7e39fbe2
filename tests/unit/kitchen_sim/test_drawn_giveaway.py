"""The drawings must not give the action away: neither the colours nor what stands about may tell it."""

from collections import Counter
from typing import Any

import cv2
import numpy as np
import pytest

from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script
from kitchen_sim.storyboard import motion_of
from kitchen_sim.styles import split_groups
from model_packages.training.kitchens import dishes

HELD_OUT = ("dark-granite", "sunlit-yellow")
TRAINING, _ = split_groups({*HELD_OUT, "hostel"})
ENOUGH = 6
MOST = 40


def script(seed: int, group: str) -> Script:
    """A dish, its steps in their order, drawn small."""
    rng = np.random.default_rng([0x61FE, seed])
    names = sorted(dishes())
    rows: list[dict[str, Any]] = []
    for row in dishes()[names[int(rng.integers(len(names)))]]:
        before = [rows[-1]["step_id"]] if rows else []
        rows.append({**row, "min_s": 2.5, "max_s": 4.0, "must_come_after": before})
    camera = str(rng.choice(["front", "side"]))
    return script_from_steps(
        rows, dish="any", seed=seed, style_group=group, camera=camera, width_px=160, height_px=90
    )


def looks(picture: np.ndarray) -> np.ndarray:
    """Histograms of each channel and of hue with saturation; colours and edges at 8 x 8."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    edges = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    parts = [
        cv2.calcHist([picture], [k], None, [16], [0, 256]).ravel() / picture[..., 0].size for k in range(3)
    ]
    parts.append(cv2.calcHist([hsv], [0, 1], None, [12, 4], [0, 180, 0, 256]).ravel() / grey.size)
    parts.append(cv2.resize(picture, (8, 8), interpolation=cv2.INTER_AREA).ravel() / 255)
    parts.append(cv2.resize(edges, (8, 8), interpolation=cv2.INTER_AREA).ravel() / 255)
    return np.concatenate(parts)


def pictures_of(groups: tuple[str, ...], scripts: int, first_seed: int) -> tuple[np.ndarray, list[str]]:
    rows, words = [], []
    for seed in range(first_seed, first_seed + scripts):
        drawn = Scene(script(seed, groups[seed % len(groups)]))
        for step in drawn.script.steps:
            rows.append(looks(drawn.frame(step.start_s + 0.4 * step.length_s)))
            words.append(motion_of(step.action))
    return np.array(rows), words


def balanced(words: list[str], kept: set[str], rng: np.random.Generator, each: int) -> np.ndarray:
    """As many of each kept word, drawn again where there are too few."""
    chosen = []
    for word in sorted(kept):
        where = np.array([k for k, w in enumerate(words) if w == word])
        chosen.append(rng.choice(where, each, replace=len(where) < each))
    return np.concatenate(chosen)


@pytest.mark.slow
def test_a_linear_classifier_of_single_pictures_hardly_tells_the_action() -> None:
    rng = np.random.default_rng(1)
    train, said = pictures_of(TRAINING, 40, 0)
    test, asked = pictures_of(HELD_OUT, 24, 5000)
    seen, shown = Counter(said), Counter(asked)
    kept = {word for word in seen if seen[word] >= ENOUGH and shown[word] >= ENOUGH}
    assert len(kept) >= 12
    a, b = balanced(said, kept, rng, MOST), balanced(asked, kept, rng, MOST)
    centre, scale = train[a].mean(0), train[a].std(0) + 1e-4
    x, y = ((part - centre) / scale for part in (train[a], test[b]))
    names = sorted(kept)
    aim = np.eye(len(names))[[names.index(said[k]) for k in a]]
    right = np.array([names.index(asked[k]) for k in b])
    scores = {}
    for ridge in (1.0, 10.0, 100.0, 1000.0, 10_000.0):
        weights = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ (aim - aim.mean(0)))
        scores[ridge] = float(((y @ weights).argmax(1) == right).mean())
    # The best of them, though it was chosen on the test: an upper bound.
    assert 1 / len(names) < max(scores.values()) < 0.40, scores
