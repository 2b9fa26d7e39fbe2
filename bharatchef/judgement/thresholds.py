"""The versioned thresholds that judging goes by; knows nothing of dishes or films."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from bharatchef.errors import KnowledgeError
from bharatchef.judgement.confidence import Curves
from bharatchef.vocabulary import Confidence, Points, Record, Seconds, Sha256

PositiveSeconds = Annotated[float, Field(gt=0)]
Positive = Annotated[float, Field(gt=0)]
Rate = Annotated[float, Field(gt=0, lt=1)]


class OrderThresholds(Record):
    """When two steps count as done in the wrong order."""

    concurrent_overlap_s: Seconds
    lead_half_s: PositiveSeconds
    many_followers: Annotated[int, Field(ge=1)]
    few_causes: Annotated[int, Field(ge=0)]


class PresenceThresholds(Record):
    """When a step counts as left out."""

    miss_rate: dict[str, Confidence]
    skip_rate: Rate
    surplus_rate: Rate
    surplus_odds: Positive
    false_rate: dict[str, Confidence]
    missing_from: Confidence
    no_room_from: Annotated[float, Field(lt=0)]
    no_room_weight: float
    room_weight: float
    hidden_gap_s: Seconds
    same_step_gap_s: Seconds
    another_dish_share: Confidence


class RepairThresholds(Record):
    """How a fallible source's segments are read; costs are negative log probabilities."""

    sources: tuple[str, ...]
    drop_rate: Rate
    misread_rate: Rate
    false_cost: Positive
    trust: Rate
    again_rate: Rate
    uncounted_rate: Rate
    false_covered_rate: Rate
    true_covered_rate: Rate
    usual_duration_s: PositiveSeconds
    usual_spread: Positive
    most_duration_cost: Positive
    order_cost: Positive
    order_cost_more: Positive
    order_cost_open: Positive
    most_open: Annotated[int, Field(ge=1)]
    most_branches: Annotated[int, Field(ge=1)]


class PlaceThresholds(Record):
    """How widely the places of one step lie among people who can cook."""

    spread: Positive
    spread_weight: Positive
    anywhere: Rate


class GapThresholds(Record):
    """When a gap in what was found shows that a step was done there all the same."""

    drop_rate: Rate
    source_weight: Positive
    cook_weight: Positive
    pause_s: PositiveSeconds
    pause_spread: Positive
    pause_weight: Positive
    slack_spread: Annotated[float, Field(ge=0)]
    trust: Annotated[float, Field(gt=0, le=1)]
    most_evidence: Positive
    most_broken: Annotated[int, Field(ge=1)]
    most_steps: Annotated[int, Field(ge=1, le=8)]
    most_gaps: Annotated[int, Field(ge=1, le=4)]
    done_from: Annotated[float, Field(gt=0.5, le=1)]


class TimingThresholds(Record):
    """When a step counts as too long or too short."""

    boundary_s: dict[str, Seconds]
    half_factor_timed: Annotated[float, Field(ge=1)]
    half_factor_other: Annotated[float, Field(ge=1)]
    sharpness: Annotated[float, Field(gt=0)]
    report_from: Confidence
    experts_from: Annotated[int, Field(ge=2)]
    wrong_rate_timed: Rate
    wrong_rate_other: Rate
    wrong_spread: Positive


class DurationThresholds(Record):
    """How widely the durations of one step lie among people who can cook."""

    spread_timed: Positive
    spread_other: Positive
    spread_weight: Positive
    range_spreads: Positive


class HeatThresholds(Record):
    """When a step's heat counts as wrong."""

    wrong_share: Confidence
    known_share: Confidence
    confidence_one_level: Confidence
    confidence_more_levels: Confidence
    wrong_rate: Annotated[float, Field(gt=0, lt=1)]
    steady_share: Confidence
    wrong_from: Confidence
    right_from: Confidence


class IngredientThresholds(Record):
    """When an ingredient counts as wrong or left out."""

    wrong_from: Confidence
    complete_share: Confidence


class PlateThresholds(Record):
    """When a plate counts as well plated."""

    good_likeness: Points


class WarpingThresholds(Record):
    """When the time map between two films means something."""

    band: Annotated[float, Field(gt=0, le=1)]
    least_likeness: Confidence
    most_standing: Confidence


class CameraThresholds(Record):
    """When the side film can be set on the front film's clock. Times are seconds."""

    moments_per_s: Positive
    least_overlap_s: Positive
    clip_share: Confidence
    context_s: Positive
    search_s: Positive
    least_correlation: Confidence


class Thresholds(Record):
    """All thresholds of judging, with the version and the hash of the file they came from."""

    version: str
    sha256: Sha256
    order: OrderThresholds
    repair: RepairThresholds
    places: PlaceThresholds
    presence: PresenceThresholds
    gaps: GapThresholds
    timing: TimingThresholds
    durations: DurationThresholds
    heat: HeatThresholds
    ingredients: IngredientThresholds
    plate: PlateThresholds
    warping: WarpingThresholds
    cameras: CameraThresholds
    confidence: Curves
    told_from: dict[str, Confidence]


def parse_thresholds(data: bytes, name: str) -> Thresholds:
    """Thresholds out of the bytes of a YAML file.

    Args:
        data: the file, UTF-8.
        name: what to call the file in an error.

    Raises:
        KnowledgeError: not YAML, or a value is missing or does not fit; the message names it.
    """
    try:
        raw: Any = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise KnowledgeError(f"{name} is not YAML: {error}.", "Mend the file or restore it.") from error
    if not isinstance(raw, dict):
        raise KnowledgeError(f"{name}: expected a mapping of thresholds, got {type(raw).__name__}.")
    try:
        return Thresholds.model_validate({**raw, "sha256": hashlib.sha256(data).hexdigest()})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise KnowledgeError(f"{name}: {where}: {first['msg']}.", "Mend that line of the file.") from error


def load_thresholds() -> Thresholds:
    """The thresholds that come with the program."""
    data = resources.files("bharatchef.judgement").joinpath("thresholds.yaml").read_bytes()
    return parse_thresholds(data, "bharatchef/judgement/thresholds.yaml")
