"""Corrected labels of films: how they are kept, and how those to train with are held apart from audit's.

Knows nothing of how a correction came about, nor of what is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from bharatchef.errors import StoreError
from bharatchef.ports import ObjectStore
from bharatchef.records import ActionSegment
from bharatchef.vocabulary import Confidence, HeatLevel, Record, Seconds, Sha256, Slug

LABELS = "labels/"
LABEL_STILLS = "label-stills/"
Purpose = Literal["training", "audit"]
HIDDEN: Literal["hidden"] = "hidden"
"""In the place of a level: nobody could have seen the flame."""


class Box(Record):
    """An object at one moment: its left and top edge, width and height, as shares of the picture."""

    label: str = Field(alias="class", min_length=1, max_length=64)
    time_s: Seconds
    x: Confidence
    y: Confidence
    w: Confidence
    h: Confidence

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.x + self.w > 1 + 1e-6 or self.y + self.h > 1 + 1e-6:
            raise ValueError("expected a box that ends inside the picture")
        return self


class HeatSpan(Record):
    """How the flame under the pan was over a stretch of the film; ``flame`` is its colour, where seen."""

    start_s: Seconds = Field(alias="startTime")
    end_s: Seconds = Field(alias="endTime")
    level: HeatLevel | Literal["hidden"]
    flame: Literal["blue", "yellow"] | None = None

    @model_validator(mode="after")
    def _burns(self) -> Self:
        if self.end_s <= self.start_s:
            raise ValueError("expected a stretch that ends after it starts")
        if self.flame and self.level in (HeatLevel.OFF, HIDDEN):
            raise ValueError(f"expected no colour of a flame that is {self.level}, got {self.flame}")
        return self


class PlateMark(Record):
    """What a still shows: the finished dish on its plate, or none (``dish_id`` is ``None``)."""

    time_s: Seconds
    dish_id: Slug | None


class CorrectedLabels(Record):
    """What a person says is to be seen in a film.

    ``media_sha256`` and ``video_s3_key`` are ``None`` where the evaluation was made of segments alone.
    ``person`` and ``corrected_by`` are pseudonyms. ``boxes`` are complete at the moments ``box_times_s`` and
    say nothing of any other; ``heat`` says nothing of what it does not cover, ``plates`` nothing of other
    stills. ``model_sha256s`` are the weights whose answers were corrected.
    """

    evaluation_id: str
    media_sha256: Sha256 | None
    video_s3_key: str | None
    dish_id: Slug
    person: str
    kitchen: str
    segments: tuple[ActionSegment, ...]
    boxes: tuple[Box, ...] = ()
    box_times_s: tuple[Seconds, ...] = ()
    heat: tuple[HeatSpan, ...] = ()
    plates: tuple[PlateMark, ...] = ()
    purpose: Purpose
    model_sha256s: tuple[Sha256, ...] = ()
    corrected_at: AwareDatetime
    corrected_by: str


def labels_key(purpose: Purpose, evaluation_id: str) -> str:
    """The key under which an evaluation's corrected labels are kept."""
    return f"{LABELS}{purpose}/{evaluation_id}.json"


def still_key(media_sha256: str, time_s: float) -> str:
    """Where the still of a film at a moment lies that a person labelled.

    Stills cut from films end after weeks; those that a person has labelled are kept as long as the labels.
    """
    return f"{LABEL_STILLS}{media_sha256}/{round(time_s * 1000):09d}.jpg"


def put_labels(objects: ObjectStore, labels: CorrectedLabels) -> None:
    """Keep corrected labels, in the place of earlier ones of the same evaluation and purpose.

    Raises:
        StoreError: the evaluation's labels are kept for the other purpose already.
    """
    other: Purpose = "audit" if labels.purpose == "training" else "training"
    if objects.exists(labels_key(other, labels.evaluation_id)):
        raise StoreError(
            f"Expected labels of {labels.evaluation_id} for {labels.purpose}; they are kept for {other}.",
            f"Import them for {other}: what models train with and what they are audited by never mix.",
        )
    key = labels_key(labels.purpose, labels.evaluation_id)
    objects.put_bytes(key, labels.to_json().encode(), "application/json")


def training_labels(objects: ObjectStore, since: datetime | None = None) -> tuple[CorrectedLabels, ...]:
    """The labels to train with that were corrected after ``since``, by evaluation.

    Labels of a film that audit has labels of are left out, whichever evaluation they came by.
    """
    audited = audit_labels(objects)
    evaluations = {labels.evaluation_id for labels in audited}
    films = {labels.media_sha256 for labels in audited} - {None}
    return tuple(
        labels
        for labels in _kept(objects, "training")
        if (since is None or labels.corrected_at > since)
        and labels.evaluation_id not in evaluations
        and labels.media_sha256 not in films
    )


def audit_labels(objects: ObjectStore) -> tuple[CorrectedLabels, ...]:
    """The labels that models are audited by, by evaluation; nothing ever trains with them."""
    return tuple(_kept(objects, "audit"))


def _kept(objects: ObjectStore, purpose: Purpose) -> Iterator[CorrectedLabels]:
    for key in objects.list_keys(f"{LABELS}{purpose}/"):
        try:
            yield CorrectedLabels.model_validate_json(objects.get_bytes(key))
        except ValidationError as error:
            raise StoreError(
                f"Stored labels cannot be read ({key}): {error.errors()[0]['msg']}.",
                "Bring the file back from a backup, or import the corrections again.",
            ) from None
