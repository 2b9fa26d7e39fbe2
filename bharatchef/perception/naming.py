"""Decides which of several steps of one action each stretch of film is; knows states, times and edges alone.

An action model cannot tell adding salt from adding spices. Where objects do not tell either, a step that is
meant once is likelier done once, and cooks seldom break the order that the dish asks for: so the reading that
breaks it least goes first, and what no reading settles is said to be unsettled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bharatchef.perception.parameters import StepParameters
from bharatchef.records import ExpectedStep

Array = NDArray[np.float64]
# Readings that are kept side by side; fewer steps and stretches than make so many are weighed exactly.
_MOST_READINGS = 5000


@dataclass(frozen=True)
class Stretch:
    """A stretch of film that one step fills; ``shares`` are the posteriors of all states over it."""

    start_s: float
    state: int
    shares: Array


@dataclass(frozen=True)
class Named:
    """Each stretch's state, how sure that name is given its action (0 to 1), and the states left unsettled:
    not among the names, although nothing says that they, and not others of their action, were left out."""

    states: tuple[int, ...]
    sureness: tuple[float, ...]
    unsettled: tuple[int, ...]


def named(
    stretches: Sequence[Stretch],
    groups: Sequence[Sequence[int]],
    steps: Sequence[ExpectedStep],
    use: StepParameters,
) -> Named:
    """The likeliest reading of the stretches, those of one action together.

    Args:
        stretches: in the order of their starts.
        groups: the states of each action that several steps share.
        steps: the dish's steps, by state; stretches of a higher state are no steps.
    """
    states = [stretch.state for stretch in stretches]
    sureness = [1.0] * len(stretches)
    unsettled: list[int] = []
    before = _before(steps)
    for members in groups:
        mine = [i for i, stretch in enumerate(stretches) if stretch.state in members]
        if not mine:
            continue
        fixed = [(i, s) for i, s in enumerate(states) if s < len(steps) and i not in mine]
        readings, weights = _readings(mine, list(members), stretches, fixed, steps, before, use)
        for place, i in enumerate(mine):
            best = int(readings[0, place])
            states[i] = members[best]
            sureness[i] = float(weights[readings[:, place] == best].sum())
        for number, state in enumerate(members):
            absent = (readings != number).all(axis=1)
            if absent[0] and float(weights[absent].sum()) < use.settled_from:
                unsettled.append(state)
    return Named(tuple(states), tuple(sureness), tuple(unsettled))


def _before(steps: Sequence[ExpectedStep]) -> NDArray[np.bool_]:
    """(S, S): whether the row's step must come after the column's, by the dish, through others too."""
    place = {step.step_id: i for i, step in enumerate(steps)}
    found = np.zeros((len(steps), len(steps)), dtype=bool)
    for i, step in enumerate(steps):
        for edge in step.must_come_after:
            if edge.step_id in place:
                found[i, place[edge.step_id]] = True
    for via in range(len(steps)):
        found |= found[:, via : via + 1] & found[via : via + 1, :]
    return found


def _readings(
    mine: Sequence[int],
    members: Sequence[int],
    stretches: Sequence[Stretch],
    fixed: Sequence[tuple[int, int]],
    steps: Sequence[ExpectedStep],
    before: NDArray[np.bool_],
    use: StepParameters,
) -> tuple[NDArray[np.intp], Array]:
    """(R, stretches) readings as places in ``members``, likeliest first, and their weights, of sum 1."""
    count = len(members)
    broken = float(np.log(use.order_break_odds))
    surplus = float(np.log(use.surplus_odds))
    within = before[np.ix_(members, members)]
    allowed = np.array([steps[state].required_count for state in members])
    readings = np.zeros((1, 0), dtype=np.intp)
    scores = np.zeros(1)
    done = np.zeros((1, count), dtype=np.intp)
    for place, i in enumerate(mine):
        shares = stretches[i].shares[list(members)]
        alone = np.log(np.maximum(shares / max(float(shares.sum()), 1e-12), 1e-9))
        for other, state in fixed:
            wrong = before[members, state] if other > i else before[state, members]
            alone = alone + broken * wrong
        # A tie goes the way the dish lists its steps: the product of two ranks is largest when both rise.
        alone = alone + 1e-6 * place * np.arange(count)
        grown = scores[:, None] + alone[None, :] + surplus * (done >= allowed)
        # What was read earlier must not have to wait for what is read now.
        for earlier in range(place):
            grown = grown + broken * within[readings[:, earlier]]
        order = np.argsort(-grown, axis=None, kind="stable")[:_MOST_READINGS]
        rows, now = np.unravel_index(order, grown.shape)
        readings = np.concatenate([readings[rows], now[:, None]], axis=1)
        done = done[rows].copy()
        done[np.arange(len(now)), now] += 1
        scores = grown[rows, now]
    weights = np.exp(scores - scores[0])
    return readings, weights / weights.sum()
