"""What is kept of an expert's film and of a person's word on it; knows no store and no dish file."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Detections,
    HeatTrace,
    MediaInfo,
    ModelIdentity,
    PlatedDish,
    QualityIssue,
    SegmentSource,
    Unavailable,
)
from bharatchef.records import ActionSegment, ExpertPerformance
from bharatchef.vocabulary import Confidence, HeatLevel, Record, Seconds, Sha256, Slug


def performance_id_of(media_sha256: str) -> str:
    """What a performance is called: after its film's content, so that one film is one performance."""
    return f"expert-{media_sha256[:16]}"


class PlateLook(Record):
    """The finished plate as a vector of length 1, the mean over the moments around ``time_s``.

    Vectors can be compared where ``embedded_by`` is the same.
    """

    kind: Literal["look"] = "look"
    model: ModelIdentity
    embedded_by: str
    time_s: Seconds
    moments: Annotated[int, Field(ge=1)]
    vector: tuple[float, ...]


class ExpertSeen(Record):
    """What the models saw in an expert's film: asked once, whatever is made of it later.

    ``asked`` are the analysers whose models answered; the others had no model.
    """

    media_sha256: Sha256
    asked: tuple[Analyser, ...]
    actions: ActionProbabilities | Unavailable
    objects: Detections | Unavailable
    heat: HeatTrace | Unavailable
    plate: PlatedDish | Unavailable
    plate_look: PlateLook | Unavailable

    def of(
        self, analyser: Analyser
    ) -> ActionProbabilities | Detections | HeatTrace | PlatedDish | Unavailable:
        """What one analyser saw."""
        return {
            Analyser.ACTIONS: self.actions,
            Analyser.OBJECTS: self.objects,
            Analyser.HEAT: self.heat,
            Analyser.PLATE: self.plate,
        }[analyser]


class StepHeat(Record):
    """The heat at which a step was done: the word for most of its time, and for which share of it."""

    step_id: Slug
    level: HeatLevel
    share: Confidence


class OnboardedExpert(Record):
    """One film of a dish by somebody who can cook it, as it is proposed to an instructor."""

    performance_id: Slug
    dish_id: Slug
    dish_version: str
    film_key: str
    film: MediaInfo
    quality_issues: tuple[QualityIssue, ...]
    gate_version: str
    gate_sha256: Sha256
    source: SegmentSource
    segments_sha256: Sha256 | None
    actions: tuple[ActionSegment, ...]
    actions_unavailable: Unavailable | None
    heat_profile: tuple[StepHeat, ...] | Unavailable
    code_version: str
    perception_version: str
    perception_sha256: Sha256
    onboarded_at: AwareDatetime

    @property
    def performance(self) -> ExpertPerformance:
        """The performance as a dish holds it and trainees are judged by."""
        return ExpertPerformance(
            performance_id=self.performance_id, actions=self.actions, video_s3_key=self.film_key
        )

    @property
    def sha256(self) -> str:
        """The hash of what trainees would be judged by; what a person confirms is this and no other."""
        return hashlib.sha256(self.performance.to_json().encode()).hexdigest()


class ConfirmedExpert(Record):
    """An expert that may judge, as it was when a person looked at it."""

    performance_id: Slug
    sha256: Sha256


class ConfirmedEdge(Record):
    """That one step is to be finished before another, with what spoke for it when a person looked."""

    first: Slug
    then: Slug
    times: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    reason: str
    seen: int
    performances: int
    probability: Confidence


class Confirmation(Record):
    """What a person said of a dish's proposals at one time; later ones go before earlier ones.

    ``by`` is the person's pseudonym. ``withdrawn`` experts and ``rejected`` edges (first, then) do not judge.
    """

    dish_id: Slug
    at: AwareDatetime
    by: str
    experts: tuple[ConfirmedExpert, ...] = ()
    withdrawn: tuple[Slug, ...] = ()
    edges: tuple[ConfirmedEdge, ...] = ()
    rejected: tuple[tuple[Slug, Slug], ...] = ()
