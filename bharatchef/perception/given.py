"""What a segments file says, read and checked, before it is joined with a film; knows no file format."""

from __future__ import annotations

from bharatchef.observed import (
    HeatMark,
    IngredientSeen,
    PlatedDish,
    SegmentSource,
    TechniqueMark,
    Unavailable,
)
from bharatchef.records import ActionSegment
from bharatchef.vocabulary import Record, Seconds, Sha256, Span


class SegmentsGiven(Record):
    """The parts of a performance that a file gave; ``sha256`` is that of the file's bytes.

    ``duration_stated`` is false where the file names no duration: ``duration_s`` is then the end of the
    last segment, and ``observed_stated`` likewise of the spans in which a step could have been seen.
    """

    source: SegmentSource
    segments: tuple[ActionSegment, ...]
    observed: tuple[Span, ...]
    duration_s: Seconds
    duration_stated: bool
    observed_stated: bool
    heat: tuple[HeatMark, ...] | Unavailable
    ingredients: tuple[IngredientSeen, ...] | Unavailable
    technique: tuple[TechniqueMark, ...] | Unavailable
    plate: PlatedDish | Unavailable
    notes: tuple[str, ...] = ()
    sha256: Sha256
