"""The words that every record is made of: the base record, names, ranges and enumerations.

Python names end in their unit (``_s``, ``_px``, ``_inr``); published names are camel case with the
unit written out, or a table's own. Every record is frozen and refuses unknown or non-finite values.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

SCHEMA_VERSION = "1.0"
_UNITS = {"_s": "_seconds", "_px": "_pixels", "_inr": "_inr"}


def published_name(name: str) -> str:
    """The published form of a Python field name: ``duration_s`` becomes ``durationSeconds``."""
    for short, long in _UNITS.items():
        if name.endswith(short):
            name = name.removesuffix(short) + long
            break
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


class Record(BaseModel):
    """Base of everything that is stored or shown."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=published_name,
        populate_by_name=True,
        allow_inf_nan=False,
        ser_json_inf_nan="null",
    )

    def to_json(self, indent: int | None = None) -> str:
        """This record as JSON under its published names."""
        return self.model_dump_json(by_alias=True, indent=indent)


def _id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", value):
        raise ValueError(f"expected a name of 1-64 small letters, digits, '-' or '_', got {value!r}")
    return value


Slug = Annotated[str, AfterValidator(_id)]
UserId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Confidence = Annotated[float, Field(ge=0.0, le=1.0)]
Points = Annotated[float, Field(ge=0.0, le=100.0)]
Seconds = Annotated[float, Field(ge=0.0)]


class Category(StrEnum):
    """The six things that are scored."""

    STEP_SEQUENCE = "step_sequence"
    TIMING = "timing"
    TECHNIQUE = "technique"
    HEAT = "heat"
    VISUAL = "visual"
    PLATING = "plating"


class Level(StrEnum):
    """Skill levels, lowest first; provisional until a person signs one off."""

    NOVICE = "novice"
    COMMIS = "commis"
    DEMI_CHEF = "demi-chef"
    CHEF = "chef"


class Status(StrEnum):
    """Where an evaluation stands; a partial one is COMPLETED with its coverage."""

    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


class Language(StrEnum):
    """Languages that feedback is written in; ``hi-latn`` is Hindi in Latin letters (Hinglish)."""

    ENGLISH = "en"
    HINDI = "hi"
    TAMIL = "ta"
    HINGLISH = "hi-latn"


class HeatLevel(StrEnum):
    """Heat as a cook names it."""

    OFF = "off"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class DeviationKind(StrEnum):
    """How what was done can differ from what the dish asks for."""

    MISSING = "missing"
    NOT_SEEN = "not_seen"
    EXTRA = "extra"
    REPEATED = "repeated"
    OUT_OF_ORDER = "out_of_order"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    WRONG_HEAT = "wrong_heat"
    WRONG_INGREDIENT = "wrong_ingredient"
    POOR_TECHNIQUE = "poor_technique"
    POOR_PLATING = "poor_plating"


class Span(Record):
    """A stretch of a film in seconds from its first shown frame, ``end_s`` not before ``start_s``."""

    start_s: Seconds
    end_s: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_s < self.start_s:
            raise ValueError(f"a span must not end ({self.end_s} s) before it starts ({self.start_s} s)")
        return self

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s
