"""Figures of a model on the frozen test: by class, and how sure a difference of two models is.

Knows neither models nor films: only how many seconds of each truth were called what, film by film.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field

from bharatchef.retraining.policy import Interval
from bharatchef.vocabulary import Confidence, Record, Sha256

Counts = npt.NDArray[np.float64]
NONE = ""
"""In the place of a class: nothing was said of what is there, or nothing is there of what was said."""


class FilmCounts(Record):
    """One film of the test: ``counts[truth][said]`` seconds (of a detector, boxes), and the mean confidence
    of what was said. A box that was not found is said to be ``NONE``, one that is not there has that truth.

    ``group`` is the people and kitchens that hang together and are kept in one part.
    """

    film: str
    group: str
    counts: dict[str, dict[str, int]]
    confidence: Confidence


class Measured(Record):
    """A model's answers to the frozen test."""

    weights_sha256: Sha256
    films: tuple[FilmCounts, ...] = Field(min_length=1)


class ClassFigures(Record):
    """How one class does; ``seconds`` is how many there truly are, of a detector boxes."""

    seconds: int
    recall: Confidence
    precision: Confidence
    f1: Confidence


class Figures(Record):
    """How a model does on the frozen test; ``said`` is the share of all seconds that it called each class.

    A detector's are counted in boxes in place of seconds, those that are there and those that were said.
    """

    seconds: int
    films: int
    groups: int
    accuracy: Confidence
    mean_f1: Confidence
    confidence: Confidence
    classes: dict[str, ClassFigures]
    said: dict[str, float]


class Difference(Record):
    """The challenger's mean F1 less the champion's, and the bootstrap interval of it over groups."""

    gain: float
    low: float
    high: float
    level: float
    resamples: int
    groups: int


def figures_of(measured: Measured) -> Figures:
    """The figures of one model."""
    names = _names((measured,))
    total = sum((_matrix(film, names) for film in measured.films), np.zeros((len(names), len(names))))
    right, truth, said = np.diag(total), total.sum(1), total.sum(0)
    classes = {
        name: ClassFigures(
            seconds=int(truth[k]),
            recall=_share(right[k], truth[k]),
            precision=_share(right[k], said[k]),
            f1=_share(2 * right[k], truth[k] + said[k]),
        )
        for k, name in enumerate(names)
        if truth[k] > 0 and name != NONE
    }
    weights = [float(sum(map(_seconds, film.counts.values()))) for film in measured.films]
    return Figures(
        seconds=int(total.sum()),
        films=len(measured.films),
        groups=len({film.group for film in measured.films}),
        accuracy=_share(right.sum(), total.sum()),
        mean_f1=round(float(mean_f1(total[None], _classes(names))[0]), 4),
        confidence=round(float(np.average([f.confidence for f in measured.films], weights=weights)), 4),
        classes=classes,
        said={name: _share(said[k], total.sum()) for k, name in enumerate(names) if said[k] > 0 and name},
    )


def mean_f1(matrices: Counts, classes: npt.NDArray[np.bool_] | None = None) -> Counts:
    """(n,) the mean F1 over the classes that are truly there, of (n, names, names) seconds.

    Args:
        classes: (names,) which of the names are classes; left out, all are.
    """
    right = np.diagonal(matrices, axis1=1, axis2=2)
    truth, said = matrices.sum(2), matrices.sum(1)
    there = truth > 0 if classes is None else (truth > 0) & classes
    each = np.where(there, 2 * right / np.maximum(truth + said, 1e-12), 0.0)
    mean: Counts = each.sum(1) / np.maximum(there.sum(1), 1)
    return mean


def difference(champion: Measured, challenger: Measured, interval: Interval) -> Difference:
    """How much better the challenger is, and how surely.

    Groups of people and kitchens are drawn with replacement, both models on the same draw (Efron and
    Tibshirani 1993, ch. 8): seconds of one film, and films of one kitchen, are no independent draws.

    Raises:
        ValueError: the two were not measured on the same films with the same truth.
    """
    _same_test(champion, challenger)
    names = _names((champion, challenger))
    groups = sorted({film.group for film in champion.films})
    by_group = [_by_group(measured, groups, names) for measured in (champion, challenger)]
    drawn = np.random.default_rng(interval.seed).multinomial(
        len(groups), np.full(len(groups), 1 / len(groups)), size=interval.resamples
    )
    classes = _classes(names)
    whole = [float(mean_f1(each.sum(0)[None], classes)[0]) for each in by_group]
    old, new = (mean_f1(np.tensordot(drawn, each, axes=1), classes) for each in by_group)
    tail = (1 - interval.level) / 2
    low, high = np.quantile(new - old, (tail, 1 - tail))
    return Difference(
        gain=round(whole[1] - whole[0], 4),
        low=round(float(low), 4),
        high=round(float(high), 4),
        level=interval.level,
        resamples=interval.resamples,
        groups=len(groups),
    )


def _same_test(champion: Measured, challenger: Measured) -> None:
    def truth(measured: Measured) -> dict[str, dict[str, int]]:
        return {
            film.film: {name: _seconds(said) for name, said in film.counts.items() if name != NONE}
            for film in measured.films
        }

    if truth(champion) != truth(challenger):
        raise ValueError("expected both models to be measured on the same films with the same truth")


def _seconds(said: Mapping[str, int]) -> int:
    return sum(said.values())


def _names(models: Sequence[Measured]) -> list[str]:
    found: set[str] = set()
    for measured in models:
        for film in measured.films:
            found.update(film.counts, *film.counts.values())
    return sorted(found)


def _classes(names: Sequence[str]) -> npt.NDArray[np.bool_]:
    return np.array([name != NONE for name in names])


def _matrix(film: FilmCounts, names: Sequence[str]) -> Counts:
    out = np.zeros((len(names), len(names)))
    for truth, said in film.counts.items():
        for name, seconds in said.items():
            out[names.index(truth), names.index(name)] += seconds
    return out


def _by_group(measured: Measured, groups: Sequence[str], names: Sequence[str]) -> Counts:
    out = np.zeros((len(groups), len(names), len(names)))
    for film in measured.films:
        out[groups.index(film.group)] += _matrix(film, names)
    return out


def _share(part: float, whole: float) -> float:
    return round(float(part / whole), 4) if whole else 0.0
