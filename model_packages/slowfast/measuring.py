"""How often the package is right, and how surely: figures over seconds; knows neither drawing nor files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.training.calibration import calibration_error

from .chain import Chain, read_scores

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


def probabilities(
    scores: Floats, film: Whole, temperature: float, chain: Chain | None, every_s: int = 1
) -> Floats:
    """Probabilities (seconds, labels) as they are answered, each film for itself; ``film`` numbers them.

    Only each ``every_s``-th second is looked at, and its answer held until the next.
    """
    parts = []
    for number in np.unique(film):
        own = scores[film == number]
        said = read_scores(own[::every_s], temperature, chain, every_s)
        parts.append(np.repeat(said, every_s, axis=0)[: len(own)])
    return np.concatenate(parts)


def fitted(chain: Chain, scores: Floats, truth: Whole, film: Whole) -> tuple[float, Chain]:
    """The temperature and the chain with which the truth is likeliest, fitted on films not trained on."""
    tried = []
    for temperature in np.geomspace(0.4, 2.0, 9):
        for weight in (0.0, 0.25, 0.5, 0.75):
            one = replace(chain, weight=weight)
            told = np.log(probabilities(scores, film, float(temperature), one))
            sharpness = 1 / best_temperature(told, truth)
            tried.append((_loss(told * sharpness, truth), float(temperature), weight, sharpness))
    _, temperature, weight, sharpness = min(tried)
    return temperature, replace(chain, weight=weight, sharpness=sharpness)


def _loss(raw: Floats, truth: Whole) -> float:
    """How unlikely the truth is on average, in nats."""
    said = truth >= 0
    raw, truth = raw[said], truth[said]
    raw = raw - raw.max(1, keepdims=True)
    return float((np.log(np.exp(raw).sum(1)) - raw[np.arange(len(truth)), truth]).mean())


def best_temperature(scores: Floats, truth: Whole) -> float:
    """The temperature at which the truth is likeliest (Guo et al. 2017), from 0.25 to 8."""
    return min((float(t) for t in np.geomspace(0.25, 8, 61)), key=lambda t: _loss(scores / t, truth))
