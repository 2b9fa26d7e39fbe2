"""Reads a clip's scores together with those of the clips around it; knows neither film nor network.

An action goes on for a while, and a clip of a second may show little of it. How long actions and pauses last
is counted in the films that were trained on; which action follows which is not, so that what a cook did in
another order is not read as the usual one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.hidden_markov import posterior

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Chain:
    """A hidden Markov model over labels, of which the first is the background.

    Args:
        shares: how often each label is, sums to 1.
        stays, pauses: how likely an action, or the background, goes on for another second.
        to_pause: how likely an action that ends is followed by the background.
        weight: how much of a label's own frequency is taken out of a clip's scores, 0 to 1.
        sharpness: the power that probabilities are raised to at last, so that they tell how often they are
            right.
    """

    shares: tuple[float, ...]
    stays: float
    pauses: float
    to_pause: float
    weight: float = 0.0
    sharpness: float = 1.0

    def change(self, every_s: float = 1.0) -> Floats:
        """(labels, labels) how likely a label is followed by another ``every_s`` later; rows sum to 1."""
        count = len(self.shares)
        stays, pauses = self.stays**every_s, self.pauses**every_s
        change = np.full((count, count), (1 - stays) * (1 - self.to_pause) / max(1, count - 2))
        change[0] = (1 - pauses) / (count - 1)
        change[1:, 0] = (1 - stays) * self.to_pause
        np.fill_diagonal(change, stays)
        change[0, 0] = pauses
        normal: Floats = change / change.sum(1, keepdims=True)
        return normal

    def as_json(self) -> dict[str, Any]:
        """As it stands in ``settings.json``."""
        return {
            "shares": [round(share, 6) for share in self.shares],
            "stays": round(self.stays, 4),
            "pauses": round(self.pauses, 4),
            "toPause": round(self.to_pause, 4),
            "weight": self.weight,
            "sharpness": round(self.sharpness, 4),
        }


def chain_from(told: dict[str, Any] | None) -> Chain | None:
    """The chain that settings tell of, if any."""
    if told is None:
        return None
    return Chain(
        tuple(float(share) for share in told["shares"]),
        float(told["stays"]),
        float(told["pauses"]),
        float(told["toPause"]),
        float(told["weight"]),
        float(told["sharpness"]),
    )


def counted(films: Iterable[npt.NDArray[np.intp]], labels: int) -> Chain:
    """How long and how often the labels are, second by second, in films (-1: not said)."""
    often, stays, ends, to_pause = np.ones(labels), np.zeros(labels), np.zeros(labels), 0.0
    for seconds in films:
        often += np.bincount(seconds[seconds >= 0], minlength=labels)[:labels]
        for now, then in pairwise(seconds):
            if min(now, then) < 0:
                continue
            stays[now] += now == then
            ends[now] += now != then
            to_pause += now != 0 and then == 0
    actions = stays[1:].sum(), ends[1:].sum()
    # One more of each, so that no film at all leaves every number between 0 and 1.
    return Chain(
        tuple(float(share) for share in often / often.sum()),
        float((actions[0] + 1) / (sum(actions) + 2)),
        float((stays[0] + 1) / (stays[0] + ends[0] + 2)),
        float((to_pause + 1) / (actions[1] + 2)),
    )


def read_scores(
    scores: npt.NDArray[np.float32] | Floats, temperature: float, chain: Chain | None, every_s: float = 1.0
) -> Floats:
    """Probabilities (T, labels) of clips ``every_s`` apart: a softmax at ``temperature``, then the chain."""
    raw = scores.astype(np.float64) / temperature
    if chain is not None:
        raw = raw - chain.weight * np.log(np.array(chain.shares))
    grown = np.exp(raw - raw.max(1, keepdims=True))
    alone: Floats = grown / grown.sum(1, keepdims=True)
    if chain is None:
        return alone
    together = posterior(np.maximum(alone, 1e-9), chain.change(every_s), np.array(chain.shares))
    sharp = np.maximum(together, 1e-12) ** chain.sharpness
    chances: Floats = sharp / sharp.sum(1, keepdims=True)
    return chances
