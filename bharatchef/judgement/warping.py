"""Which moment of one film is which of another: the time map, clips found in films, experts averaged.

Dynamic time warping by tslearn (Sakoe and Chiba, IEEE Transactions on Acoustics, Speech and Signal Processing
26(1), 1978). A map gives tempo and side-by-side playback; it judges nothing, because warping cannot see that
two steps were swapped. tslearn is imported by the first call: import and compilation take 5-10 s a process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bharatchef.errors import InputError
from bharatchef.judgement.thresholds import WarpingThresholds
from bharatchef.records import ActionSegment
from bharatchef.vocabulary import Confidence, Record, Seconds, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Features = NDArray[np.float64]

_LONGEST = 4 * 3600


class TimeMap(Record):
    """Pairs of moments (first film, second film) in seconds, both never going back.

    ``likeness`` is 1 where the films agree at every pair and 0 where they agree no better than any two
    moments do. ``meaningless`` says why the map must not be used; empty where it may.
    """

    pairs: tuple[tuple[Seconds, Seconds], ...]
    likeness: Confidence
    meaningless: str = ""

    def second_s(self, first_s: float) -> float:
        """The moment of the second film that goes with one of the first, seconds."""
        before = self.pairs[0]
        for one, other in pairwise(self.pairs):
            if first_s <= other[0]:
                step = other[0] - one[0]
                share = (first_s - one[0]) / step if step > 0 else 1.0
                return one[1] + max(0.0, min(1.0, share)) * (other[1] - one[1])
            before = other
        return before[1]


class ClipFound(Record):
    """Where in a film a clip lies, and how like it that stretch is (see ``TimeMap.likeness``)."""

    span: Span
    likeness: Confidence
    meaningless: str = ""


def step_features(segments: Sequence[ActionSegment], step_ids: Sequence[str], duration_s: float) -> Features:
    """What was going on at each second, and how far it had come, shape (seconds, 2 x steps).

    A step at progress p of its segment, 0 to 1, stands as (cos, sin)(p pi / 2) in its two columns, times the
    segment's confidence; 0 elsewhere. With its presence alone all seconds of a step were alike, and the map
    was free to stand still through half of it.

    Args:
        step_ids: the steps to stand as pairs of columns, in this order.
        duration_s: how long the film is.
    """
    import numpy as np

    seconds = max(1, round(duration_s))
    columns = {step_id: 2 * place for place, step_id in enumerate(step_ids)}
    features = np.zeros((seconds, 2 * len(columns)))
    for segment in segments:
        column = columns.get(segment.step_id or "")
        if column is not None:
            first = min(seconds - 1, int(segment.start_s))
            last = max(first + 1, min(seconds, round(segment.end_s)))
            turn = (np.arange(last - first) + 0.5) / (last - first) * (np.pi / 2)
            features[first:last, column] = np.cos(turn) * segment.confidence
            features[first:last, column + 1] = np.sin(turn) * segment.confidence
    return features


def time_map(first: Any, second: Any, thresholds: WarpingThresholds, seconds_a_row: float = 1.0) -> TimeMap:
    """The time map between two films.

    Args:
        first, second: features of the two, shape (moments, d), the same d; lengths may differ.
        seconds_a_row: how many seconds one row stands for.

    Raises:
        InputError: no row, another number of columns, a value that is not finite, or more rows than
            four hours of seconds.
    """
    import numpy as np

    one, other = _checked(first, second)
    from tslearn.metrics import dtw_path

    radius = max(1, int(thresholds.band * max(len(one), len(other)))) + abs(len(one) - len(other))
    path, _ = dtw_path(one, other, global_constraint="sakoe_chiba", sakoe_chiba_radius=radius)
    steps = np.asarray(path)
    likeness = _likeness(one, other, steps)
    pairs = tuple((float(i) * seconds_a_row, float(j) * seconds_a_row) for i, j in _corners(path))
    return TimeMap(pairs=pairs, likeness=likeness, meaningless=_doubt(likeness, steps, thresholds))


def find_clip(clip: Any, film: Any, thresholds: WarpingThresholds, seconds_a_row: float = 1.0) -> ClipFound:
    """Where in ``film`` the ``clip`` lies: also how far a side camera runs behind the front one.

    Args and raises as for ``time_map``.
    """
    import numpy as np

    short, long_ = _checked(clip, film)
    from tslearn.metrics import dtw_subsequence_path

    path, _ = dtw_subsequence_path(short, long_)
    steps = np.asarray(path)
    likeness = _likeness(short, long_, steps)
    span = Span(start_s=float(steps[0, 1]) * seconds_a_row, end_s=float(steps[-1, 1] + 1) * seconds_a_row)
    too_unlike = likeness < thresholds.least_likeness
    return ClipFound(
        span=span, likeness=likeness, meaningless="the clip is like no part of the film" if too_unlike else ""
    )


def typical_film(films: Sequence[Any]) -> Features:
    """One film that stands for several, shape (median length, d): their barycentre under time warping.

    Petitjean, Ketterlin and Gancarski, Pattern Recognition 44(3), 2011.

    Raises:
        InputError: as for ``time_map``, or no film at all.
    """
    import numpy as np

    if not films:
        raise InputError("A typical film was asked for of no film.", "Give at least one.")
    checked = [_checked(film, films[0])[0] for film in films]
    if len(checked) == 1:
        return checked[0]
    from tslearn.barycenters import dtw_barycenter_averaging
    from tslearn.utils import to_time_series_dataset

    length = int(np.median([len(film) for film in checked]))
    dataset = to_time_series_dataset(checked)
    found: Features = dtw_barycenter_averaging(dataset, barycenter_size=length, max_iter=10)
    return found


def tempo(found: TimeMap, spans: Mapping[str, Span]) -> dict[str, float]:
    """How many times as long each stretch of the first film took in the second, by the map."""
    return {
        name: (found.second_s(span.end_s) - found.second_s(span.start_s)) / span.length_s
        for name, span in spans.items()
        if span.length_s > 0
    }


def _checked(first: Any, second: Any) -> tuple[Features, Features]:
    import numpy as np

    arrays = []
    for given in (first, second):
        array = np.asarray(given, dtype=float)
        if array.ndim != 2 or 0 in array.shape:
            raise InputError(f"Expected features of shape (moments, d), got {array.shape}.")
        if len(array) > _LONGEST:
            raise InputError(f"Expected at most {_LONGEST} moments of a film, got {len(array)}.")
        if not np.isfinite(array).all():
            raise InputError("Expected finite features, got a value that is not a number or not finite.")
        arrays.append(array)
    if arrays[0].shape[1] != arrays[1].shape[1]:
        raise InputError(
            f"Expected as many features a moment in both films, got {arrays[0].shape[1]} and "
            f"{arrays[1].shape[1]}.",
            "Take both from the same model.",
        )
    return arrays[0], arrays[1]


def _likeness(one: Features, other: Features, path: NDArray[np.int64]) -> float:
    """1 less how far the pairs of the path are apart over how far any two moments are, not below 0."""
    import numpy as np

    apart = np.linalg.norm(one[path[:, 0]] - other[path[:, 1]], axis=1).mean()
    rng = np.random.default_rng(0)
    some = (rng.integers(0, len(one), 4000), rng.integers(0, len(other), 4000))
    any_two = np.linalg.norm(one[some[0]] - other[some[1]], axis=1).mean()
    if any_two <= 1e-9:
        return 0.0
    return float(np.clip(1.0 - apart / any_two, 0.0, 1.0))


def _doubt(likeness: float, path: NDArray[np.int64], thresholds: WarpingThresholds) -> str:
    import numpy as np

    if likeness < thresholds.least_likeness:
        return "the two films have too little in common for their times to be compared"
    moves = np.diff(path, axis=0)
    standing = float((moves.min(axis=1) == 0).mean()) if len(moves) else 0.0
    if standing > thresholds.most_standing:
        return "one film stands still through most of the other, so their times say nothing of each other"
    return ""


def _corners(path: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The path without the points that lie on a straight line between their neighbours."""
    kept = [path[0]]
    for before, here, after in zip(path, path[1:], path[2:], strict=False):
        if (here[0] - before[0], here[1] - before[1]) != (after[0] - here[0], after[1] - here[1]):
            kept.append(here)
    if len(path) > 1:
        kept.append(path[-1])
    return kept
