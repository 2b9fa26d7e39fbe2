"""Fits what stands beside the networks to films of a style group that they were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from .answering import Numbers
from .metrics import Film, word_results

_STAYS = (0.7, 0.85, 0.93, 0.97, 0.985)
_TEMPERS = (1.0, 1.5, 2.0, 3.0, 4.5)
_NOWHERE = 0.5


def fitted_numbers(films: Sequence[Film]) -> Numbers:
    """The steadiness and temper that get most pictures right, and the curve of confidence for them.

    Of equals, the one whose confidence tells right from wrong best is taken.
    """
    tried = [
        with_confidence(Numbers(stay, temper, _NOWHERE, (1.0, 0.0)), films)
        for stay, temper in product(_STAYS, _TEMPERS)
    ]
    return max(tried, key=lambda row: row[1:])[0]


def with_confidence(numbers: Numbers, films: Sequence[Film]) -> tuple[Numbers, float, float]:
    """``numbers`` with the curve of confidence for these films, the share that is right, and how well the
    confidence tells right from wrong (mean log likelihood)."""
    odds, right = word_results(numbers, films)
    slope, shift = logistic_curve(np.array(odds), np.array(right, float))
    chances = np.clip(1 / (1 + np.exp(-(slope * np.array(odds) + shift))), 1e-6, 1 - 1e-6)
    fit = float(np.where(right, np.log(chances), np.log(1 - chances)).mean())
    fitted = replace(numbers, sure=(round(slope, 5), round(shift, 5)))
    return fitted, round(sum(right) / max(1, len(right)), 3), fit


def logistic_curve(odds: np.ndarray, right: np.ndarray, rounds: int = 50) -> tuple[float, float]:
    """(slope, shift) of the logistic curve from ``odds`` to ``right`` (0 or 1), by Newton's method.

    Platt's (1999) softened targets and a little weight decay keep it finite where all were right.
    """
    hits, count = float(right.sum()), len(right)
    target = np.where(right > 0.5, (hits + 1) / (hits + 2), 1 / (count - hits + 2))
    table = np.stack([odds, np.ones(count)], 1)
    weights = np.array([1.0, 0.0])
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (chance - target) + 1e-3 * weights
        bend = (table * (chance * (1 - chance))[:, None]).T @ table + 1e-3 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        weights = weights - np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-6:
            break
    return float(max(weights[0], 0.0)), float(weights[1])
