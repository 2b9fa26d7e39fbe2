"""How often the package is right, and how surely: figures over seconds; knows neither drawing nor files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.training.calibration import calibration_error

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.intp]


def figures_of(chances: Floats, truth: Whole, labels: Sequence[str], films: Iterable[str]) -> dict[str, Any]:
    """Figures of probabilities (seconds, labels) beside the truth (-1: not said) and each second's film."""
    said = truth >= 0
    chances, truth = chances[said], truth[said]
    names = [name for name, kept in zip(films, said, strict=True) if kept]
    if not len(truth):
        raise ValueError("expected at least one second whose action is known, got none")
    top = chances.argmax(1)
    right = top == truth
    recalls = {labels[k]: round(float(right[truth == k].mean()), 4) for k in sorted(set(truth.tolist()))}
    by_film = {name: round(float(right[[n == name for n in names]].mean()), 4) for name in sorted(set(names))}
    return {
        "seconds": len(truth),
        "accuracy": round(float(right.mean()), 4),
        "balancedAccuracy": round(float(np.mean(list(recalls.values()))), 4),
        "calibrationError": round(calibration_error(chances.max(1), right), 4),
        "recalls": recalls,
        "byStyle": by_film,
    }


def best_temperature(scores: Floats, truth: Whole) -> float:
    """The temperature at which the truth is likeliest (Guo et al. 2017), from 0.25 to 8."""
    said = truth >= 0
    scores, truth = scores[said], truth[said]
    best, least = 1.0, np.inf
    for temperature in np.geomspace(0.25, 8, 61):
        raw = scores / temperature
        raw = raw - raw.max(1, keepdims=True)
        loss = float((np.log(np.exp(raw).sum(1)) - raw[np.arange(len(truth)), truth]).mean())
        if loss < least:
            best, least = float(temperature), loss
    return best
