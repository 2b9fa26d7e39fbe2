"""When an ingredient that stood ready was taken, and which of several steps of one action that speaks for.

What is laid out before cooking stands still until it is used, and is gone after. An action model sees that
something is added, not what; which dish was emptied then tells it. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bharatchef.observed import Detection, Detections
from bharatchef.perception.evidence import step_words
from bharatchef.perception.parameters import EmptiedParameters, Labels
from bharatchef.records import Dish, ExpectedStep

Array = NDArray[np.float64]
# A box this many times as large holds the thing: what is in a pan or on a board has been used already.
_HOLDS = 4.0
_LEAST_SIDE = 3
# A place is where a thing was in its latest looks: it may be pushed a little.
_LATEST = 9
_RATES = (0.02, 0.98)


@dataclass(frozen=True)
class Emptied:
    """Something that stood in one place until ``time_s`` (seconds) and was gone after."""

    label: str
    time_s: float


def emptied(detections: Detections, words: Labels, use: EmptiedParameters) -> tuple[Emptied, ...]:
    """What stood still and was taken, by time.

    The looks at a place are cut in two where the share of them that shows the thing changes most (the
    likeliest single change of a Bernoulli rate; Hinkley, Biometrika 57 (1970) 477-488); it counts where
    that is far likelier than one rate throughout, and the thing was mostly there before and mostly not after.
    """
    looks = np.asarray(detections.times_s, dtype=np.float64)
    if looks.size < 2 * _LEAST_SIDE:
        return ()
    by_label: dict[str, list[Detection]] = {}
    for item in detections.items:
        by_label.setdefault(item.label, []).append(item)
    kinds = {label: words.kind_of(label) for label in by_label}
    vessels = [item for label, items in by_label.items() if kinds[label] == "vessel" for item in items]
    found = []
    for label, items in sorted(by_label.items()):
        if kinds[label] in ("hand", "vessel", "tool"):
            continue
        for place in _places(items, use.same_place):
            if len(place) < use.least_looks or _held(place, vessels):
                continue
            shown = np.zeros(looks.size)
            shown[[int(np.abs(looks - item.time_s).argmin()) for item in place]] = 1.0
            at = _change(shown, use)
            if at is not None:
                found.append(Emptied(label, float(looks[at - 1] + looks[at]) / 2))
    return tuple(sorted(found, key=lambda one: (one.time_s, one.label)))


def emptied_evidence(
    times_s: Array,
    steps: tuple[ExpectedStep, ...],
    groups: Sequence[Sequence[int]],
    detections: Detections,
    dish: Dish,
    words: Labels,
    use: EmptiedParameters,
) -> Array:
    """(T, steps) log-ratios: how much what was taken near each moment speaks for each step of its action.

    All of a taking's weight is spread over the moments near it, so that it counts once. Steps alone in
    their action hear nothing.

    Args:
        times_s: the moments that are asked for, seconds, increasing.
        steps: the steps that are told apart.
        groups: the numbers of the steps of each action that several share.
        detections: what was seen.
        dish: the dish that the steps are of.
        words: what the labels cover.
        use: what counts as taken, and how much it weighs.
    """
    result = np.zeros((len(times_s), len(steps)))
    if len(times_s) == 0:
        return result
    times = np.asarray(times_s, dtype=np.float64)
    things = [step_words(step, dish) for step in steps]
    for one in emptied(detections, words, use):
        near = (times >= one.time_s - use.before_s) & (times <= one.time_s + use.after_s)
        if not near.any():
            continue
        covered = words.words_of(one.label)
        users = [any(covered & names for names in own) for own in things]
        for members in groups:
            own = [m for m in members if users[m]]
            if own and len(own) < len(members):
                result[np.ix_(np.flatnonzero(near), np.array(own))] += np.log(use.odds) / near.sum()
    return result


def _places(items: Sequence[Detection], same: float) -> list[list[Detection]]:
    """Detections of one label by where they were: middles less than ``same`` of the picture apart."""
    places: list[list[Detection]] = []
    middles: list[tuple[float, float]] = []
    for item in items:
        x, y = _middle(item.box)
        at = next(
            (k for k, (mx, my) in enumerate(middles) if abs(x - mx) <= same and abs(y - my) <= same * 16 / 9),
            None,
        )
        if at is None:
            places.append([item])
            middles.append((x, y))
            continue
        places[at].append(item)
        latest = [_middle(one.box) for one in places[at][-_LATEST:]]
        middles[at] = median(mx for mx, _ in latest), median(my for _, my in latest)
    return places


def _middle(box: Sequence[float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _held(place: Sequence[Detection], vessels: Sequence[Detection]) -> bool:
    """Whether the things of a place mostly lie in a much larger vessel or on a board."""
    box = [median(item.box[side] for item in place) for side in range(4)]
    middle = _middle(box)
    size = (box[2] - box[0]) * (box[3] - box[1])
    times = {item.time_s for item in place}
    inside = {
        v.time_s
        for v in vessels
        if v.time_s in times
        and v.box[0] <= middle[0] <= v.box[2]
        and v.box[1] <= middle[1] <= v.box[3]
        and (v.box[2] - v.box[0]) * (v.box[3] - v.box[1]) > _HOLDS * size
    }
    return len(inside) > 0.5 * len(times)


def _change(shown: Array, use: EmptiedParameters) -> int | None:
    """The number of the first look after the thing was taken; ``None`` where nothing says that it was."""
    count = len(shown)
    total = np.cumsum(shown)
    cut = np.arange(_LEAST_SIDE, count - _LEAST_SIDE + 1, dtype=np.intp)
    before, after = total[cut - 1], total[-1] - total[cut - 1]
    rest = (count - cut).astype(np.float64)
    gain = (
        _fits(before, cut.astype(np.float64))
        + _fits(after, rest)
        - _fits(total[-1:], np.array([float(count)]))
    )
    best = int(gain.argmax())
    at = int(cut[best])
    there, left = before[best] / at, after[best] / (count - at)
    sure = gain[best] >= use.least_gain and there >= use.there_before and left <= use.there_after
    return at if sure else None


def _fits(hits: Array, of: Array) -> Array:
    """The log-likelihood of so many looks that show the thing, at the rate that fits best."""
    rate = np.clip(hits / of, *_RATES)
    fit: Array = hits * np.log(rate) + (of - hits) * np.log(1 - rate)
    return fit
