"""The whole of one evaluation as it is published: one versioned JSON document, and its parts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from bharatchef.judgement.cameras import CameraSync
from bharatchef.judgement.expert import ExpertMatch
from bharatchef.observed import (
    ActionProbabilities,
    Detections,
    HeatTrace,
    MediaInfo,
    ModelIdentity,
    Performance,
    PlatedDish,
    QualityReport,
    Still,
    Unavailable,
)
from bharatchef.records import ActionSequence, Dish, Evaluation, Feedback, Judgement, Scorecard
from bharatchef.vocabulary import SCHEMA_VERSION, Record, Seconds, Sha256


class CostEntry(Record):
    """Usage of one priced thing in one stage; ``inr`` is ``None`` where the table has no price for it."""

    stage: str
    price_id: str
    quantity: Annotated[float, Field(ge=0)]
    unit: str
    inr: Annotated[float, Field(ge=0)] | None


class CostReport(Record):
    """What the evaluation cost in rupees, by measured usage and a versioned price table, before GST."""

    entries: tuple[CostEntry, ...]
    total_inr: Annotated[float, Field(ge=0)]
    prices_version: str
    prices_sha256: Sha256
    note: str = ""


class StageRecord(Record):
    """How one stage went. ``cached`` means an earlier run's result was used."""

    stage: str
    outcome: Literal["done", "cached", "unavailable", "skipped"]
    wall_s: Seconds
    reason: str = ""


class NotAssessed(Record):
    """Something a reader may expect that this evaluation says nothing about."""

    what: str
    why: str


class Provenance(Record):
    """Everything that the numbers hang on, by version and hash."""

    code_version: str
    media_sha256: dict[Literal["front", "side"], Sha256]
    models: tuple[ModelIdentity, ...]
    dish_version: str
    dish_sha256: Sha256
    rubric_version: str
    rubric_sha256: Sha256
    thresholds_version: str
    thresholds_sha256: Sha256
    perception_version: str = ""
    perception_sha256: Sha256 | None = None
    prompt_version: str = ""
    prompt_sha256: Sha256 | None = None
    segments_sha256: Sha256 | None = None


class EvaluationResult(Record):
    """One evaluation, whole: what the report shows and what ``--json`` prints."""

    schema_version: str = SCHEMA_VERSION
    evaluation: Evaluation
    dish: Dish
    film: MediaInfo | None
    side_film: MediaInfo | None = None
    side_sync: CameraSync | None = None
    quality: QualityReport | None
    stills: tuple[Still, ...] = ()
    performance: Performance
    action_probabilities: ActionProbabilities | Unavailable
    detections: Detections | Unavailable
    heat: HeatTrace | Unavailable
    plate: PlatedDish | Unavailable
    action_sequence: ActionSequence
    judgement: Judgement
    expert_match: ExpertMatch | None = None
    scorecard: Scorecard
    feedback: Feedback
    not_assessed: tuple[NotAssessed, ...]
    stages: tuple[StageRecord, ...]
    cost: CostReport
    provenance: Provenance
    drawn_film: bool = False
    published_at: AwareDatetime
