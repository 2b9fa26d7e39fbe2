"""Parts stretches of one action in which several steps were done one after the other; knows no action.

Salt goes in, then chilli: the pause between is hardly longer than the moments that an action model looks at,
and what it sees is one long "add". The hands rest in between, and one step hardly takes so long: both tell
how many steps a stretch holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bharatchef.observed import PauseOdds
from bharatchef.perception.parameters import StepParameters
from bharatchef.records import ExpectedStep

Array = NDArray[np.float64]
# A range of lengths that a dish gives holds four steps of five.
_RANGE_DEVIATIONS = 2 * 1.2816
_MOST_PARTS = 4


@dataclass(frozen=True)
class Parts:
    """How many steps a stretch holds, and how sure it is that it holds so many (0 to 1)."""

    count: int
    sure: float


@dataclass(frozen=True)
class Pause:
    """A moment within a stretch at which the hands may have rested, and the log-odds that they did."""

    time_s: float
    log_odds: float


def pauses_in(
    times_s: Array, quiet: Array, span: tuple[float, float], use: StepParameters, odds: PauseOdds | None
) -> tuple[Pause, ...]:
    """Where a stretch may be cut, likeliest first; a step before, between and after takes ``least_part_s``.

    Args:
        times_s: moments looked at, increasing.
        quiet: how much more each moment looks like a pause than like the action (nats).
        span: the stretch's start and end, seconds.
        use: how short a part may be.
        odds: what a pause looks like to this model; where that was not counted, a pause is as likely as not.
    """
    inside = (times_s >= span[0] + use.least_part_s) & (times_s <= span[1] - use.least_part_s)
    found: list[Pause] = []
    for k in sorted(np.flatnonzero(inside), key=lambda k: (-quiet[k], times_s[k])):
        at = float(times_s[k])
        if all(abs(at - other.time_s) >= use.least_part_s for other in found):
            found.append(Pause(at, 0.0 if odds is None else odds.slope * (float(quiet[k]) - odds.at)))
    return tuple(found)


def cuts_between(times_s: Array, quiet: Array, start_s: float, end_s: float, count: int) -> tuple[float, ...]:
    """Where a stretch of ``count`` parts is cut, seconds: near equal lengths, where the hands rest most.

    For models of which it was not counted what a pause looks like.

    Args:
        times_s: moments looked at, increasing.
        quiet: how much more each moment looks like a pause than like the action.
    """
    length = (end_s - start_s) / count
    cuts = []
    for place in range(1, count):
        middle = start_s + place * length
        near = np.flatnonzero(np.abs(times_s - middle) <= 0.3 * length)
        # Of moments alike the middle one: what is nearest to equal parts.
        best = max(near, key=lambda k: (quiet[k], -abs(times_s[k] - middle)), default=None)
        cuts.append(middle if best is None else float(times_s[best]))
    return tuple(cuts)


def parts_of(
    lengths_s: Sequence[float],
    pauses: Sequence[Sequence[Pause]],
    members: Sequence[ExpectedStep],
    use: StepParameters,
) -> list[Parts]:
    """How many of an action's steps each of its stretches holds.

    No more parts are made than steps are asked for: a stretch is long, too, because somebody took long, and
    hands rest while something boils. A step that is asked for and was not seen elsewhere is weighed by
    ``together_odds`` against its absence.

    Args:
        lengths_s: of all stretches of the action, seconds.
        pauses: where each of them may be cut, likeliest first.
        members: the steps that share the action; those without a range of lengths have ``step_median_s``.
    """
    counts = [1] * len(lengths_s)
    missing = sum(step.required_count for step in members) - len(lengths_s)
    median, spread = _usual(members, use)

    def weight(length: float, held: Sequence[Pause], count: int) -> float:
        """How likely a stretch holds so many, as a logarithm."""
        rested = sum(pause.log_odds for pause in held[: count - 1])
        together = (count - 1) * float(np.log(use.together_odds))
        return _log_density(length, count, median, spread) + rested + together

    def gain(length: float, held: Sequence[Pause], count: int) -> float:
        if count >= _MOST_PARTS or len(held) < count:
            return -np.inf
        return weight(length, held, count + 1) - weight(length, held, count)

    while lengths_s and missing > 0:
        gains = [gain(*one) for one in zip(lengths_s, pauses, counts, strict=True)]
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            break
        counts[best] += 1
        missing -= 1
    return [
        Parts(count, _sureness([weight(length, held, k) for k in range(1, count + 1)]))
        for length, held, count in zip(lengths_s, pauses, counts, strict=True)
    ]


def _usual(members: Sequence[ExpectedStep], use: StepParameters) -> tuple[float, float]:
    """(median, spread) of the lengths of steps of this action: seconds, and natural logarithms."""
    logs = []
    for step in members:
        wanted = step.duration
        if wanted is None or wanted.max_s <= 0:
            logs.append((np.log(use.step_median_s), use.step_spread))
        else:
            low, high = max(wanted.min_s, 0.5), max(wanted.max_s, 1.0)
            spread = max(use.length_spread, np.log(high / low) / _RANGE_DEVIATIONS)
            logs.append(((np.log(low) + np.log(high)) / 2, spread))
    middle, spreads = np.array(logs).T
    return float(np.exp(middle.mean())), float(np.sqrt((spreads**2).mean() + middle.var()))


def _log_density(length_s: float, count: int, median: float, spread: float) -> float:
    """Of a sum of ``count`` such lengths, as one log-normal of the same mean and variance.

    Source: Fenton, "The sum of log-normal probability distributions in scatter transmission systems",
    IRE Transactions on Communications Systems 8 (1960) 57-67.
    """
    mean = count * median * np.exp(spread**2 / 2)
    narrow = np.log(1 + (np.exp(spread**2) - 1) / count)
    away = np.log(length_s) - np.log(mean) + narrow / 2
    return float(-(away**2) / (2 * narrow) - np.log(length_s) - 0.5 * np.log(2 * np.pi * narrow))


def _sureness(weights: Sequence[float]) -> float:
    """How sure the last of these logarithms is, against the others."""
    shares = np.exp(np.array(weights) - max(weights))
    return float(shares[-1] / shares.sum())
