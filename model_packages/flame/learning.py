"""Fits the package's small networks to drawn chunks; only training uses this."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from .answering import STATES, Model, answers_of, raw_answers, word_of
from .drawing import FilmTruth
from .network import Floats, Network
from .pixels import candidates, neighbours, pixel_features, shots_of

Chunk = tuple[bytes, FilmTruth]
Rows = tuple[Floats, FilmTruth]
_OTHER_PIXELS = 120
_HIDDEN_UNITS = (48, 24)
_PIXEL_UNITS = (32, 16)


def pixel_rows(chunk: Chunk) -> tuple[Floats, npt.NDArray[np.int32]]:
    """Features and classes (0 other, 1 blue, 2 yellow) of pixels of every other picture of a chunk."""
    body, truth = chunk
    features: list[Floats] = []
    classes: list[npt.NDArray[np.int32]] = []
    for number, (before, rgb, after) in enumerate(neighbours(shots_of(body))):
        if number % 2:
            continue
        possible = candidates(rgb)
        known = truth.pixels[truth.pixels[:, 0] == number][:, 1:]
        known = known[possible[known[:, 0], known[:, 1]]]
        top, left, bottom, right = (max(0, int(v)) for v in truth.boxes[number])
        possible[top:bottom, left:right] = False
        rows, columns = np.nonzero(possible)
        if len(rows):
            pick = np.random.default_rng(number).integers(len(rows), size=min(len(rows), _OTHER_PIXELS))
            others = np.stack([rows[pick], columns[pick], np.zeros(len(pick), int)], 1)
            known = np.concatenate([known, others])
        features.append(pixel_features(before, rgb, after, (known[:, 0], known[:, 1])))
        classes.append(known[:, 2].astype(np.int32))
    return np.concatenate(features), np.concatenate(classes)


def _network(fitted: Any, centre: Floats, scale: Floats) -> Network:
    return Network(
        centre.astype(np.float32),
        scale.astype(np.float32),
        tuple(w.astype(np.float16).astype(np.float32) for w in fitted.coefs_),
        tuple(b.astype(np.float16).astype(np.float32) for b in fitted.intercepts_),
    )


def _scaled(rows: Floats, centre: Floats, scale: Floats) -> Floats:
    return np.clip((rows - centre) / scale, -5, 5).astype(np.float32)


def fitted_pixels(features: Floats, classes: npt.NDArray[np.int32], seed: int, rounds: int) -> Network:
    """The network that tells flame pixels from others."""
    centre, scale = features.mean(0), features.std(0) + 1e-3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = MLPClassifier(
            hidden_layer_sizes=_PIXEL_UNITS, alpha=1e-4, batch_size=512, learning_rate_init=2e-3,
            max_iter=rounds, random_state=seed,
        ).fit(_scaled(features, centre, scale), classes)  # fmt: skip
    return _network(fitted, centre, scale)


def fitted_heads(
    films: Sequence[Rows], seed: int, members: int, rounds: int
) -> tuple[tuple[Network, ...], tuple[Network, ...]]:
    """The networks for the state and for the level, ``members`` of each, whose answers are averaged."""
    rows = np.concatenate([film[0] for film in films])
    states = np.array([STATES.index(s) for _, truth in films for s in truth.states])
    levels = np.array([level for _, truth in films for level in truth.levels])
    lit = (states == 1) | (states == 2)
    centre, scale = rows.mean(0), rows.std(0) + 1e-2
    scaled = _scaled(rows, centre, scale)
    state: list[Network] = []
    level: list[Network] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for number in range(members):
            common: dict[str, Any] = {
                "hidden_layer_sizes": _HIDDEN_UNITS, "batch_size": 128, "max_iter": rounds,
                "random_state": seed + number,
            }  # fmt: skip
            seen = MLPClassifier(alpha=3e-2, **common).fit(scaled, states)
            state.append(_network(seen, centre, scale))
            high = MLPRegressor(alpha=1e-1, **common).fit(scaled[lit], levels[lit])
            level.append(_network(high, centre, scale))
    return tuple(state), tuple(level)


def straightened(model: Model, films: Iterable[Rows]) -> Floats:
    """The level curve, shape (2, 5): where the three drawn levels are answered at, and what they are."""
    answered: dict[float, list[float]] = {0.3: [], 0.6: [], 1.0: []}
    for rows, truth in films:
        _, raw = raw_answers(model, rows)
        for state, level, value in zip(truth.states, truth.levels, raw, strict=True):
            for known, values in answered.items():
                if state in ("blue", "yellow") and abs(level - known) < 1e-3:
                    values.append(float(value))
    points = [float(np.median(values)) if values else -1.0 for values in answered.values()]
    gaps = np.diff(points)
    if gaps.min() < 0.05:
        # Too little was learnt, or drawn, to straighten anything.
        points, gaps = list(answered), np.diff(list(answered))
    ends = [points[0] - gaps[0], *points, points[2] + 0.1]
    return np.array([ends, [0.05, *answered, 1.0]], np.float32)


def fitted_sureness(model: Model, films: Iterable[Rows]) -> Floats:
    """Weights of the logistic curve (Platt 1999) from what speaks for an answer to how often it is right."""
    signs: list[npt.NDArray[np.float64]] = []
    right: list[bool] = []
    for rows, truth in films:
        kinds, levels, found = answers_of(model, rows)
        for k, (state, level) in enumerate(zip(truth.states, truth.levels, strict=True)):
            signs.append(found[k])
            right.append(word_of(kinds[k], float(levels[k])) == word_of(state, level))
    table = np.stack(signs)
    fit = LogisticRegression(C=1.0).fit(table[:, :2], right)
    return np.array([*fit.coef_[0], fit.intercept_[0]], np.float32)
