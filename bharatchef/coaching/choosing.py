"""Which of a performance's deviations are told: those that mattered, one a cause; knows no words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Literal

import yaml
from pydantic import Field

from bharatchef.records import Deviation, Judgement, Scorecard
from bharatchef.vocabulary import Category, Confidence, DeviationKind, Record, Sha256

MOST_MISTAKES = 5


class Severity(Record):
    """How much each kind of mistake matters; from ``data/severity.yaml``."""

    version: str
    sha256: Sha256
    kinds: dict[DeviationKind, Annotated[float, Field(ge=0)]]
    safety: Annotated[float, Field(ge=1)]
    following: Confidence
    tell_from: Confidence = Field(alias="tell_from")
    tips: dict[Literal["low", "medium", "high"], Annotated[float, Field(gt=0)]]


@cache
def load_severity() -> Severity:
    """The weights that come with the program, read once."""
    data = (resources.files("bharatchef.coaching") / "data" / "severity.yaml").read_bytes()
    return Severity.model_validate({**yaml.safe_load(data), "sha256": hashlib.sha256(data).hexdigest()})


@dataclass(frozen=True)
class Cause:
    """A deviation to tell of, what follows from it, and how much it matters: severity x confidence."""

    deviation: Deviation
    following: tuple[Deviation, ...]
    weight: float

    @property
    def safety_id(self) -> str | None:
        """The safety rule that it touches: its own, else that of what follows."""
        return next((d.safety_id for d in (self.deviation, *self.following) if d.safety_id), None)


def mistakes_that_matter(
    judgement: Judgement, scorecard: Scorecard, severity: Severity | None = None
) -> tuple[Cause, ...]:
    """The causes to tell of, at most five, what mattered most first.

    The whole film counts alike: a category that has no points left to lose still has mistakes. What was
    only not seen is none, nor is what is less sure than ``severity.tell_from`` or ``judgement.told_from``, or
    lies in a category that was not scored. Ties go to the surer, then to the earlier.
    """
    given = severity or load_severity()
    weights = {c.category: c.weight for c in scorecard.categories if c.score is not None}
    by_id = {deviation.deviation_id: deviation for deviation in judgement.deviations}
    groups: dict[str, list[Deviation]] = {}
    for deviation in judgement.deviations:
        if deviation.category in weights and given.kinds[deviation.kind] > 0:
            groups.setdefault(_root(deviation.deviation_id, by_id), []).append(deviation)
    least = max(given.tell_from, judgement.told_from)
    causes = []
    for root, group in groups.items():
        sure = [d for d in group if d.confidence >= least]
        if sure:
            first = next((d for d in sure if d.deviation_id == root), None)
            lead = first or max(sure, key=lambda d: (d.confidence, d.deviation_id))
            rest = tuple(d for d in sure if d is not lead)
            causes.append(Cause(lead, rest, _weight(lead, rest, weights, given)))
    places = {deviation_id: place for place, deviation_id in enumerate(by_id)}
    causes.sort(
        key=lambda c: (-round(c.weight, 6), -c.deviation.confidence, places[c.deviation.deviation_id])
    )
    return tuple(causes[:MOST_MISTAKES])


def _weight(
    lead: Deviation, rest: tuple[Deviation, ...], weights: Mapping[Category, float], severity: Severity
) -> float:
    own = [severity.kinds[d.kind] * weights[d.category] * d.confidence for d in (lead, *rest)]
    # However many steps one mistake passes by, it does not come to matter more than twice as much.
    whole = own[0] + min(own[0], severity.following * sum(own[1:]))
    return whole * (severity.safety if any(d.safety_id for d in (lead, *rest)) else 1.0)


def _root(deviation_id: str, by_id: Mapping[str, Deviation]) -> str:
    seen = {deviation_id}
    while (cause := by_id[deviation_id].cause_id) is not None and cause not in seen and cause in by_id:
        deviation_id = cause
        seen.add(cause)
    return deviation_id
