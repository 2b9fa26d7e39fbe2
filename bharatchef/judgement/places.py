"""Where in a performance each step usually lies, learnt from the dish's experts; knows no order graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from bharatchef.judgement.graph import Node
from bharatchef.judgement.matching import Doing, Matching
from bharatchef.judgement.thresholds import PlaceThresholds


@dataclass(frozen=True)
class PlaceModel:
    """A step's place as a share of the doings before it, 0 (first) to 1 (last): a normal distribution."""

    mean: float
    spread: float


def places(found: Sequence[Doing]) -> dict[Doing, float]:
    """The place of each doing among all, by when it begins, 0 to 1."""
    ordered = sorted(found, key=lambda d: (d.start_s, d.end_s, d.indices))
    last = max(1, len(ordered) - 1)
    return {doing: rank / last for rank, doing in enumerate(ordered)}


def place_models(experts: Sequence[Matching], thresholds: PlaceThresholds) -> Mapping[Node, PlaceModel]:
    """A model for each required time that the experts did, its spread shrunk towards the usual one."""
    seen: dict[Node, list[float]] = {}
    for expert in experts:
        share = places(list(expert.done.values()))
        for node, doing in expert.done.items():
            seen.setdefault(node, []).append(share[doing])
    models = {}
    for node, shares in seen.items():
        mean = sum(shares) / len(shares)
        squares = sum((x - mean) ** 2 for x in shares)
        degrees = thresholds.spread_weight + len(shares) - 1
        variance = (thresholds.spread_weight * thresholds.spread**2 + squares) / degrees
        models[node] = PlaceModel(mean, sqrt(variance * (1 + 1 / len(shares))))
    return models


def place_cost(place: float, model: PlaceModel, anywhere: float) -> float:
    """Minus the log of how much likelier this place is than any other, in nats.

    Args:
        anywhere: how often a cook does a step at a place that says nothing, 0 to 1.
    """
    off = (place - model.mean) / model.spread
    density = exp(-off * off / 2) / (model.spread * sqrt(2 * 3.141592653589793))
    return -log((1 - anywhere) * density + anywhere)
