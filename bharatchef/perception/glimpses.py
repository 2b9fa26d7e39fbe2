"""Moments at which an action of the dish was at all likely, recognised there or not; judges nothing.

A step that was overlooked has mostly left such a trace, one that was left out has not.
"""

from __future__ import annotations

import numpy as np

from bharatchef.observed import ActionProbabilities, Glimpses
from bharatchef.perception.evidence import ActionColumns

# Below this probability nothing was glimpsed.
LEAST = 0.005


def glimpses(actions: ActionProbabilities, columns: ActionColumns) -> tuple[Glimpses, ...]:
    """For each action of the dish that the model can name, when it was likely and how likely.

    Args:
        actions: probabilities at increasing times, seconds.
        columns: which of them speak for which step.
    """
    times = np.asarray(actions.times_s, dtype=np.float64)
    chances = np.asarray(actions.probabilities, dtype=np.float64).reshape(len(times), -1)
    found = []
    by_action = {s.action: own for s, own in zip(columns.steps, columns.step_columns, strict=True)}
    for action, own in sorted(by_action.items()):
        likely = chances[:, list(own)].sum(axis=1).clip(0.0, 1.0)
        seen = np.flatnonzero(likely >= LEAST)
        found.append(
            Glimpses(
                action=action,
                times_s=tuple(round(float(times[k]), 2) for k in seen),
                probabilities=tuple(round(float(likely[k]), 3) for k in seen),
            )
        )
    return tuple(found)
