"""How long each step of a dish takes when it is done right, as a distribution; knows no performance.

Durations are taken on a log scale, on which twice as long and half as long are equally far off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erf, exp, log, sqrt

from bharatchef.judgement.thresholds import DurationThresholds
from bharatchef.records import Dish, ExpectedStep

_SHORTEST_S = 0.5
_NUMBER = r"(\d+(?:\.\d+)?(?:/\d+)?)"
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0}
_NAMED = re.compile(
    rf"{_NUMBER}(?:\s*(?:-|–|to|or)\s*{_NUMBER})?\s*-?\s*(?:more\s+|additional\s+)?"
    r"(s|sec|secs|seconds?|m|mins?|minutes?|h|hrs?|hours?)\b",
    re.IGNORECASE,
)


def named_time_s(text: str) -> tuple[float, float] | None:
    """The time that a step's words name, shortest and longest in seconds; ``None`` where they name none.

    >>> named_time_s("Simmer for 3-5 minutes")
    (180.0, 300.0)
    """
    found = _NAMED.search(text)
    if found is None:
        return None
    first, second, unit = found.groups()
    seconds = _UNIT_S[unit[0].lower()]
    low, high = _value(first) * seconds, _value(second or first) * seconds
    return (low, high) if 0 < low <= high else None


def _value(number: str) -> float:
    whole, _, part = number.partition("/")
    return float(whole) / float(part) if part and float(part) else float(whole)


@dataclass(frozen=True)
class DurationModel:
    """A step's duration as a log-normal distribution: ``mean`` and ``spread`` of the log of seconds.

    ``learnt_from`` counts the expert performances behind it; ``timed`` is true where the step's words
    name a time.
    """

    mean: float
    spread: float
    learnt_from: int
    timed: bool

    def log_density(self, duration_s: float, extra_spread: float = 0.0) -> float:
        """Log density of the log duration, short of its constant; ``extra_spread`` widens it."""
        variance = self.spread**2 + extra_spread**2
        off = log(max(_SHORTEST_S, duration_s)) - self.mean
        return -off * off / (2 * variance) - 0.5 * log(variance)

    def share_below(self, duration_s: float) -> float:
        """How probable it is that the step lasts less than this, 0 to 1."""
        off = log(max(_SHORTEST_S, duration_s)) - self.mean
        return 0.5 * (1.0 + erf(off / (self.spread * sqrt(2.0))))

    @property
    def middle_s(self) -> float:
        return exp(self.mean)


def duration_models(dish: Dish, thresholds: DurationThresholds) -> Mapping[str, DurationModel]:
    """A model for each step whose duration the dish tells of: by experts, by a range, or by its words.

    With experts the mean is theirs and the spread theirs too, shrunk towards the usual spread by some
    pseudo-observations and widened for one more performance (the predictive distribution of a normal
    with a scaled inverse chi-square prior; Gelman et al., Bayesian Data Analysis, section 2.6); the
    range or the named time then count as some performances more. Without experts the range is taken
    for a stated number of spreads to either side of its middle.
    """
    lengths = _expert_lengths(dish)
    models = {}
    for step in dish.expected_steps:
        model = _model(step, lengths.get(step.step_id, ()), thresholds)
        if model is not None:
            models[step.step_id] = model
    return models


def _expert_lengths(dish: Dish) -> dict[str, list[float]]:
    lengths: dict[str, list[float]] = {}
    performances = [p.actions for p in dish.expert_performances] or [dish.expert_action_sequence]
    for actions in performances:
        for action in actions:
            if action.step_id is not None:
                lengths.setdefault(action.step_id, []).append(action.length_s)
    return lengths


def _model(
    step: ExpectedStep, lengths_s: Sequence[float], thresholds: DurationThresholds
) -> DurationModel | None:
    named = named_time_s(step.description)
    usual = thresholds.spread_timed if named else thresholds.spread_other
    logs = [log(max(_SHORTEST_S, length)) for length in lengths_s]
    if len(logs) >= 2:
        mean = sum(logs) / len(logs)
        squares = sum((x - mean) ** 2 for x in logs)
        degrees = thresholds.spread_weight + len(logs) - 1
        variance = (thresholds.spread_weight * usual**2 + squares) / degrees * (1 + 1 / len(logs))
        return DurationModel(mean, sqrt(variance), len(logs), named is not None)
    if step.duration is not None:
        low, high = log(max(_SHORTEST_S, step.duration.min_s)), log(max(_SHORTEST_S, step.duration.max_s))
        spread = max((high - low) / 2 / thresholds.range_spreads, thresholds.spread_timed / 2)
        return DurationModel((low + high) / 2, spread, len(logs), named is not None)
    if named:
        return DurationModel((log(named[0]) + log(named[1])) / 2, usual, len(logs), True)
    return None
