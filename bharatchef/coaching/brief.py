"""What a wording model is given and what it gives back: the contract between rules, model and verifier.

Knows no model and no prompt. All that may be said stands in the brief; a wording names deviations, tips and
strengths by id, and adds words alone.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bharatchef.vocabulary import (
    Category,
    Confidence,
    DeviationKind,
    Language,
    Level,
    Points,
    Record,
    Slug,
    Span,
)

__all__ = [
    "Brief",
    "Fault",
    "GivenDeviation",
    "GivenStrength",
    "GivenTip",
    "Language",
    "Verdict",
    "WordedMistake",
    "Wording",
]


class GivenTip(Record):
    """A retrieved tip in the brief's language; ``safety`` is quoted word for word or not at all."""

    tip_id: str
    mistake: str
    why: str
    correction: str
    safety: str = ""
    source: str = ""


class GivenDeviation(Record):
    """A mistake that mattered, as the rules word it, with what is known of it.

    ``what``, ``impact`` and ``correction`` are the rules' own words in the brief's language, ``tip_ids`` the
    tips retrieved for it, ``safety`` the rule of the dish that it touches (verbatim, or empty).
    """

    deviation_id: Slug
    kind: DeviationKind
    step: str
    span: Span | None = None
    expected: str
    seen: str
    confidence: Confidence
    what: str
    impact: str
    correction: str
    safety: str = ""
    tip_ids: tuple[str, ...] = ()


class GivenStrength(Record):
    """Something that really was right, in the rules' words."""

    strength_id: Slug
    text: str


class Brief(Record):
    """All that the wording of one evaluation's feedback may draw on; first things first."""

    dish: str
    language: Language
    level: Level | None
    overall: Points | None
    scores: dict[Category, Points | None]
    deviations: Annotated[tuple[GivenDeviation, ...], Field(max_length=5)]
    tips: tuple[GivenTip, ...]
    strengths: tuple[GivenStrength, ...]
    next_steps: tuple[str, ...]


class WordedMistake(Record):
    """One mistake in the model's words; ``safety`` repeats a given safety line word for word, or is empty."""

    deviation_id: str
    tip_ids: tuple[str, ...]
    what: str
    why: str
    correction: str
    safety: str = ""


class Wording(Record):
    """What a model gives back, most important mistake first."""

    strength_id: str | None = None
    encouragement: str
    mistakes: tuple[WordedMistake, ...]
    next_steps: tuple[str, ...]


class Fault(Record):
    """One thing the verifier found wrong: a code to count by, where, and what was expected and came."""

    code: Slug
    where: str
    said: str


class Verdict(Record):
    """A wording with what failed taken out of it, and why; ``usable`` where enough is left to be shown."""

    kept: Wording
    faults: tuple[Fault, ...]
    usable: bool
