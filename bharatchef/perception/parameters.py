"""The versioned numbers and words that perception works with, read from this package's data files once."""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from importlib import resources
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bharatchef.errors import KnowledgeError
from bharatchef.observed import HeatErrors, SourceErrors
from bharatchef.perception.step_names import normalised
from bharatchef.vocabulary import Sha256

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
ObjectKind = Literal["hand", "vessel", "tool", "ingredient", "other"]
Data = TypeVar("Data", bound="_Data")


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StepParameters(_Data):
    """How steps are read; each number is explained in ``data/recognition.yaml``."""

    action_scale: Positive
    object_scale: Annotated[float, Field(ge=0)]
    probability_floor: Annotated[float, Field(gt=0, lt=0.5)]
    object_window_s: Positive
    object_seen_when_used: Share
    object_limit: Annotated[float, Field(gt=1)]
    background_next: Share
    other_next: Share
    step_median_s: Positive
    step_spread: Positive
    background_median_s: Positive
    background_spread: Positive
    outside_range_spread: Positive
    length_spread: Positive
    together_odds: Positive
    least_part_s: Positive
    surplus_odds: Annotated[float, Field(gt=0, le=1)]
    order_break_odds: Annotated[float, Field(gt=0, le=1)]
    settled_from: Share
    least_confidence: Share
    gap_periods: Annotated[float, Field(gt=1)]
    most_samples: Annotated[int, Field(ge=60)]


class Threshold(_Data):
    """A level is entered at ``enter`` and left below ``leave``."""

    enter: Share
    leave: Share


class EmptiedParameters(_Data):
    """When something that stood ready counts as taken, and how much that says of a step."""

    same_place: Share
    least_looks: Annotated[int, Field(ge=1)]
    least_gain: Positive
    there_before: Share
    there_after: Share
    before_s: Annotated[float, Field(ge=0)]
    after_s: Annotated[float, Field(ge=0)]
    odds: Annotated[float, Field(ge=1)]


class HeatParameters(_Data):
    """How a flame becomes a cook's word for the heat."""

    smoothing_s: Positive
    least_confidence: Share
    low: Threshold
    medium: Threshold
    high: Threshold
    shortest_mark_s: Positive
    bridge_hidden_s: Annotated[float, Field(ge=0)]


class IngredientParameters(_Data):
    """When an ingredient counts as seen in use."""

    least_confidence: Share
    single_look_confidence: Share
    same_visit_gap_s: Positive
    standing_share: Share
    near: Share


class PlateParameters(_Data):
    """Which stills show the finished plate."""

    least_plate_seen: Share
    last_stills: Annotated[int, Field(ge=1)]
    last_share_of_film: Share
    least_confidence_of_name: Share


class Parameters(_Data):
    """All numbers of perception, with the version and the sha256 of the file they came from."""

    version: str
    steps: StepParameters
    emptied: EmptiedParameters
    heat: HeatParameters
    ingredients: IngredientParameters
    plate: PlateParameters
    sha256: str = ""


class CountedErrors(_Data):
    """How action models and detectors err, by the sha256 of their weights."""

    version: str
    models: dict[Sha256, SourceErrors]
    foreign_true: dict[Sha256, Share]
    sha256: str = ""


class CountedHeatErrors(_Data):
    """How models of the flame err, by the sha256 of their weights."""

    version: str
    models: dict[Sha256, HeatErrors]
    sha256: str = ""


class ObjectLabel(_Data):
    """What a detector's label covers."""

    kind: ObjectKind
    words: tuple[str, ...]


class Labels(_Data):
    """What models' labels mean in a dish's words; look-ups are by ``normalised`` text."""

    version: str
    actions: dict[str, tuple[str, ...]]
    background: tuple[str, ...]
    objects: dict[str, ObjectLabel]
    sha256: str = ""

    def is_background(self, label: str) -> bool:
        """Whether a model's label means that nothing is being done."""
        return normalised(label) in {normalised(name) for name in self.background}

    def actions_of(self, label: str) -> frozenset[str]:
        """The dish actions (normalised) that a model's label covers, itself among them."""
        wanted = normalised(label)
        covered = {wanted}
        for name, actions in self.actions.items():
            if normalised(name) == wanted:
                covered |= {normalised(action) for action in actions}
        return frozenset(covered)

    def words_of(self, label: str) -> frozenset[str]:
        """The words (normalised) of dishes that a detector's label covers, itself among them."""
        wanted = normalised(label)
        words = {wanted}
        for name, entry in self.objects.items():
            if normalised(name) == wanted:
                words |= {normalised(word) for word in entry.words}
        return frozenset(words)

    def kind_of(self, label: str) -> ObjectKind:
        """The kind of thing that a detector's label names; ``other`` where nothing is known of it."""
        return self._kinds.get(normalised(label), "other")

    @cached_property
    def _kinds(self) -> dict[str, ObjectKind]:
        # Asked of every box that was seen; of two names that are one, the first goes before.
        return {normalised(name): entry.kind for name, entry in reversed(self.objects.items())}


@lru_cache(maxsize=1)
def parameters() -> Parameters:
    """The numbers of ``data/recognition.yaml``; ``KnowledgeError`` where the file is damaged."""
    return _read("recognition.yaml", Parameters)


def source_errors(weights_sha256: str) -> SourceErrors | None:
    """How the action model of these weights errs (``data/source_errors.yaml``); ``None`` where not counted.

    Raises:
        KnowledgeError: the file is damaged.
    """
    return _counted_errors().models.get(weights_sha256)


def foreign_true(weights_sha256: str) -> float:
    """How often an ingredient was there that a detector of these weights saw where none belongs, 0 to 1.

    1 where nobody counted.
    """
    return _counted_errors().foreign_true.get(weights_sha256, 1.0)


def heat_errors(weights_sha256: str) -> HeatErrors:
    """How the model of the flame of these weights errs (``data/heat_errors.yaml``); empty where not counted.

    Raises:
        KnowledgeError: the file is damaged.
    """
    return _counted_heat_errors().models.get(weights_sha256, HeatErrors())


@lru_cache(maxsize=1)
def _counted_heat_errors() -> CountedHeatErrors:
    return _read("heat_errors.yaml", CountedHeatErrors)


@lru_cache(maxsize=1)
def _counted_errors() -> CountedErrors:
    return _read("source_errors.yaml", CountedErrors)


@lru_cache(maxsize=1)
def labels() -> Labels:
    """The words of ``data/labels.yaml``; ``KnowledgeError`` where the file is damaged."""
    return _read("labels.yaml", Labels)


def _read(name: str, kind: type[Data]) -> Data:
    raw = resources.files("bharatchef.perception").joinpath("data", name).read_bytes()
    try:
        document = yaml.safe_load(raw)
        return kind.model_validate(document | {"sha256": hashlib.sha256(raw).hexdigest()})
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise KnowledgeError(
            f"perception/data/{name} is damaged: {error}", "Install the program again."
        ) from error
