"""Finds a dish's steps in a film by likeness to films that an instructor segmented; knows no action model.

Moments of one to three experts' films are prototypes of their steps. The whole film is read at once
(``decoder.py``), in any order; where nothing is alike it abstains: such moments count as not looked at.
It knows vectors and times alone, not what made them: any embedding will do, the same for all films.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bharatchef.perception.evidence import ActionColumns
from bharatchef.perception.parameters import StepParameters, parameters
from bharatchef.perception.steps import Recognition, _decoded, _Found, _period, _segments, looked_at
from bharatchef.records import ActionSegment, Dish

Array = NDArray[np.float64]
_DIMENSIONS = 32
_NEAREST = 3
_SHRINK = 0.3
# A moment further from every example than this many times the usual distance within a step is like none.
_UNLIKE = 4.0
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Embedded:
    """A film as vectors: ``times_s`` (N,) increasing seconds, ``vectors`` (N, D), one a moment."""

    times_s: tuple[float, ...]
    vectors: NDArray[np.float32]

    def __post_init__(self) -> None:
        shape = self.vectors.shape
        if len(shape) != 2 or shape[0] != len(self.times_s) or shape[1] < 1:
            raise ValueError(f"expected vectors of shape ({len(self.times_s)}, D), got {shape}")
        if not np.isfinite(self.vectors).all():
            raise ValueError("expected finite vectors, got some that are not")
        if any(b <= a for a, b in zip(self.times_s, self.times_s[1:], strict=False)):
            raise ValueError("expected increasing times of embeddings")


@dataclass(frozen=True)
class Example:
    """An expert's film and what an instructor says is done when."""

    film: Embedded
    segments: tuple[ActionSegment, ...]


def recognise_by_example(film: Embedded, examples: Sequence[Example], dish: Dish) -> Recognition:
    """The dish's steps as they were done in ``film``, by start, as the examples show them.

    A segment's ``confidence`` is the mean posterior of its step over its seconds; it says how much more like
    this step than like the others the film is there, and was not fitted to any real kitchen. Steps that no
    example shows are ``unrecognisable_steps``. Moments that are like nothing in the examples are left out of
    ``observed``, so that no step is called missing there.

    Args:
        film: the trainee's film.
        examples: one to three experts' films, embedded by the same model as ``film``.
        dish: the dish whose steps are looked for.

    Raises:
        ValueError: no example, or vectors of another width.
    """
    if not examples:
        raise ValueError("expected at least one example, got none")
    widths = {e.film.vectors.shape[1] for e in examples} | {film.vectors.shape[1]}
    if len(widths) != 1:
        raise ValueError(f"expected vectors of one width in all films, got {sorted(widths)}")
    numbers = parameters()
    use = numbers.steps
    steps = dish.expected_steps
    place = {step.step_id: number for number, step in enumerate(steps)}
    label = np.concatenate([_labels(example, place) for example in examples])
    shown = sorted({int(v) for v in label if v >= 0})
    lost = tuple(step.step_id for number, step in enumerate(steps) if number not in shown)
    notes = [
        f"Steps were recognised by their likeness to {len(examples)} segmented expert"
        f" film{'s' if len(examples) > 1 else ''} (parameters {numbers.version}); how well that does in real"
        " kitchens is not known."
    ]
    if lost:
        notes.append(f"No example shows these steps, so they could not be seen: {', '.join(lost)}.")
    if not film.times_s or not shown:
        return Recognition((), lost, (), tuple(notes))
    states = np.array([shown.index(int(v)) if v >= 0 else len(shown) for v in label])
    vectors = np.concatenate([_centred(example.film) for example in examples])
    scores, alike = _scores(_centred(film), vectors, states, len(shown) + 1)
    columns = ActionColumns(
        tuple(steps[v] for v in shown), tuple((v,) for v in range(len(shown))), (len(shown),), (), lost
    )
    evidence = use.action_scale * np.log(
        (1 - use.probability_floor) * scores + use.probability_floor / scores.shape[1]
    )
    # Where nothing is alike, nothing is said for or against any step.
    evidence[~alike] = 0.0
    found = _read(np.asarray(film.times_s), evidence, columns, use)
    segments, unsure, _ = _segments(found, columns, (), use)
    at = np.asarray(film.times_s)
    times = [float(t) for t in at[alike]]
    kept = tuple(s for s in segments if alike[(at >= s.start_s) & (at < s.end_s)].mean() >= 0.5)
    if unsure or len(kept) < len(segments):
        left = unsure + len(segments) - len(kept)
        notes.append(f"{left} further stretches looked like a step, too faintly to be counted.")
    if not alike.all():
        notes.append(
            f"{1 - alike.mean():.0%} of the film is like nothing in the examples; it was not judged."
        )
    return Recognition(kept, lost, looked_at(times, use.gap_periods), tuple(notes))


def _labels(example: Example, place: dict[str, int]) -> NDArray[np.int64]:
    """(N,) the step's place in the dish at each moment, -1 where none is done."""
    out = np.full(len(example.film.times_s), -1, dtype=np.int64)
    times = np.asarray(example.film.times_s)
    for segment in example.segments:
        if segment.step_id is not None and segment.step_id in place:
            out[(times >= segment.start_s) & (times < segment.end_s)] = place[segment.step_id]
    return out


def _centred(film: Embedded) -> Array:
    """(N, D) less the film's own mean: what is the same all along is the kitchen, not what is done."""
    vectors = film.vectors.astype(np.float64)
    centred: Array = vectors - vectors.mean(axis=0)
    return centred


def _scores(
    film: Array, vectors: Array, states: NDArray[np.int64], count: int
) -> tuple[Array, NDArray[np.bool_]]:
    """(N, count) shares of each state at each moment, and whether the moment is like any example."""
    middle, spread = vectors.mean(axis=0), vectors.std(axis=0) + _LEAST_SPREAD
    own = np.clip((vectors - middle) / spread, -4, 4)
    seen = np.clip((film - middle) / spread, -8, 8)
    alike = _alike(seen, own, states)
    axes = np.linalg.svd(own - own.mean(axis=0), full_matrices=False)[2][:_DIMENSIONS].T
    own, seen = own @ axes, seen @ axes
    means = np.stack(
        [own[states == s].mean(axis=0) if (states == s).any() else own.mean(axis=0) for s in range(count)]
    )
    within = np.cov((own - means[states]).T).reshape(own.shape[1], -1)
    within = (1 - _SHRINK) * within + _SHRINK * np.eye(len(within)) * max(
        np.trace(within) / len(within), 1e-6
    )
    whiten = np.linalg.inv(np.linalg.cholesky(within)).T
    own, seen, means = own @ whiten, seen @ whiten, means @ whiten
    apart = ((seen[:, None, :] - own[None]) ** 2).sum(axis=2)
    distance = np.full((len(seen), count), np.inf)
    for state in range(count):
        mine = np.sort(apart[:, states == state], axis=1)[:, :_NEAREST]
        if mine.shape[1]:
            distance[:, state] = mine.mean(axis=1)
    logits = -0.5 * (distance - distance.min(axis=1, keepdims=True)) * _dimension_scale(own.shape[1])
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True), alike


def _alike(seen: Array, own: Array, states: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N,) whether the nearest example is about as near as examples of one state are to each other."""
    within = [own[states == state] for state in set(states.tolist())]
    usual = float(
        np.median(np.concatenate([((part - part.mean(axis=0)) ** 2).sum(axis=1) for part in within]))
    )
    apart = (seen**2).sum(axis=1)[:, None] - 2 * seen @ own.T + (own**2).sum(axis=1)[None]
    near: NDArray[np.bool_] = apart.min(axis=1) <= _UNLIKE * _UNLIKE * max(usual, 1e-9)
    return near


def _dimension_scale(dimensions: int) -> float:
    """Distances in many directions grow with their number; this keeps their odds comparable."""
    return float(4.0 / np.sqrt(max(dimensions, 1)))


def _read(times: Array, evidence: Array, columns: ActionColumns, use: StepParameters) -> list[_Found]:
    period = _period(times)
    cuts = np.flatnonzero(np.diff(times) > use.gap_periods * period) + 1
    found: list[_Found] = []
    for part in np.split(np.arange(times.size), cuts):
        found += _decoded(times[part], evidence[part], columns, period, use)
    return found
