"""What the reports are made of: a person's attempts, a group's benchmark, costs and the models' figures."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from bharatchef.analytics.anonymity import Spread
from bharatchef.observed import Analyser
from bharatchef.vocabulary import (
    Category,
    Confidence,
    DeviationKind,
    Level,
    Points,
    Record,
    Sha256,
    Slug,
)

Count = Annotated[int, Field(ge=0)]


class Attempt(Record):
    """One completed attempt of one person."""

    evaluation_id: str
    dish_id: Slug
    dish_name: str
    created_at: AwareDatetime
    rubric_version: str
    overall: Points | None
    level: Level | None
    coverage: Confidence | None
    categories: dict[Category, Points | None]


class BenchmarkMistake(Record):
    """The share of people, in tenths, whose last attempt had a mistake."""

    kind: DeviationKind
    step_id: str
    share: Confidence


class Benchmark(Record):
    """What is told of the people who cooked one dish in one month; no spreads: they were too few."""

    dish_id: Slug
    rubric_version: str
    month: str
    spreads: dict[str, Spread]
    mistakes: tuple[BenchmarkMistake, ...] = ()

    @property
    def suppressed(self) -> bool:
        return not self.spreads


class StageCost(Record):
    """Rupees before tax of one stage in one month; ``unpriced`` entries have no price and are left out."""

    month: str
    stage: str
    evaluations: Count
    inr: Annotated[float, Field(ge=0)]
    unpriced: Count


class ModelQuality(Record):
    """How one version of a model did, over the evaluations that it was asked in.

    ``mean_confidence`` is the mean over evaluations of the mean confidence of what it said; ``not_seen`` are
    deviations of kind ``not_seen`` among ``deviations``: what was probably done and not detected.
    """

    analyser: Analyser
    name: str
    version: str
    weights_sha256: Sha256
    evaluations: Count
    answers: Count
    mean_confidence: Confidence | None
    mean_coverage: Confidence | None
    deviations: Count
    not_seen: Count
    first_used: AwareDatetime
    last_used: AwareDatetime
