"""How often the package is right, and how surely: figures over seconds; knows neither drawing nor files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.training.calibration import calibration_error

from .inference import read_scores

Shares = tuple[float, float, float]
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


def probabilities(scores: Floats, film: Whole, temperature: float, shares: Shares) -> Floats:
    """Probabilities (seconds, labels) as they are answered, each film for itself; ``film`` numbers them."""
    return np.concatenate(
        [
            read_scores(scores[film == number].astype(np.float32), temperature, shares)
            for number in np.unique(film)
        ]
    )


def best_shares(scores: Floats, truth: Whole, film: Whole) -> Shares:
    """How much of the second before and after is taken into a second's scores, so that most are right."""

    def right(shares: Shares) -> float:
        said = probabilities(scores, film, 1.0, shares).argmax(1)
        return float((said == truth)[truth >= 0].mean())

    tried: list[Shares] = [(w, round(1 - 2 * w, 2), w) for w in (0.0, 0.1, 0.15, 0.2, 0.25, 0.3, 0.33)]
    return max(tried, key=right)


def held(scores: Floats, film: Whole, every: int) -> Floats:
    """The scores with only each ``every``-th second of a film looked at, and held until the next."""
    places = np.concatenate(
        [np.flatnonzero(film == n)[np.arange((film == n).sum()) // every * every] for n in np.unique(film)]
    )
    return scores[places]


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
