"""How long a step may take, learnt from a few performances by people who can cook; knows no dish."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

SHORTEST_S = 0.5
PRIOR_DEGREES = 2.0
WIDTH = 3.0


def duration_ranges(lengths_s: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, float]]:
    """The (shortest, longest) length of each step in seconds, from how long experts took.

    Lengths are taken on a log scale, on which taking twice as long and half as long are equally far off.
    The spread of a step is shrunk towards the spread within all steps of the dish, by ``PRIOR_DEGREES``
    pseudo-observations (the posterior mean of a scaled inverse chi-square prior; Gelman et al., Bayesian
    Data Analysis, section 2.6), and the range is the prediction for one more performance,
    mean +- ``WIDTH`` x spread x sqrt(1 + 1/n). Both constants were chosen on 12 CaptainCook4D recipes,
    leaving one performance out at a time: 1.8 % of the steps of correct performances fall outside.

    Args:
        lengths_s: of each step, every length seen, in seconds; what is under ``SHORTEST_S`` counts as
            that. Steps with no length get no range, and none do where nothing was done twice.
    """
    logs = {
        step: [math.log(max(SHORTEST_S, length)) for length in lengths]
        for step, lengths in lengths_s.items()
        if lengths
    }
    means = {step: sum(values) / len(values) for step, values in logs.items()}
    squares = {step: sum((v - means[step]) ** 2 for v in values) for step, values in logs.items()}
    degrees = sum(len(values) - 1 for values in logs.values())
    if degrees == 0:
        return {}
    common = sum(squares.values()) / degrees
    ranges = {}
    for step, values in logs.items():
        count = len(values)
        variance = (PRIOR_DEGREES * common + squares[step]) / (PRIOR_DEGREES + count - 1)
        reach = WIDTH * math.sqrt(variance * (1 + 1 / count))
        ranges[step] = (math.exp(means[step] - reach), math.exp(means[step] + reach))
    return ranges
