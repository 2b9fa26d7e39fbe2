"""How an evaluation stands after what people said of it: a later reading, beside the stored result.

Knows nothing of where a trail or a result lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import AwareDatetime

from bharatchef.results import EvaluationResult
from bharatchef.review.trail import TrailEntry
from bharatchef.vocabulary import DeviationKind, Level, Record, Slug

_DECISIONS = ("upheld", "dismissed")
_STATE_WORDS = {
    "under_appeal": "This is under appeal; a person will look at it.",
    "upheld": "An appeal against this was upheld: it was not a mistake.",
    "dismissed": "An appeal against this was looked at, and the finding stands.",
}


class Appeal(Record):
    """How an appeal against one mistake stands; ``decision_reason`` is the reviewer's."""

    deviation_id: Slug
    deviation_kind: DeviationKind | None
    state: Literal["under_appeal", "upheld", "dismissed"]
    appealed_at: AwareDatetime
    appealed_by: str
    why: str
    decided_at: AwareDatetime | None = None
    decided_by: str = ""
    decision_reason: str = ""

    @property
    def words(self) -> str:
        """Its state in a sentence for the cook."""
        return _STATE_WORDS[self.state]


class SignOff(Record):
    """A level that a person has set; ``original`` is what the scores alone gave."""

    level: Level
    original: Level | None
    by: str
    at: AwareDatetime
    reason: str

    @property
    def overrides(self) -> bool:
        """Whether it is another level than the scores gave."""
        return self.level is not self.original


class Standing(Record):
    """What people said of an evaluation, and which other evaluations belong to it."""

    appeals: tuple[Appeal, ...] = ()
    signed: SignOff | None = None
    corrected: bool = False
    drawn_for_audit: bool = False
    rescored_as: tuple[str, ...] = ()
    rescore_of: str | None = None

    def appeal(self, deviation_id: str) -> Appeal | None:
        """How the latest appeal against a mistake stands; ``None`` where there was none."""
        return next((a for a in self.appeals if a.deviation_id == deviation_id), None)

    @property
    def says_something(self) -> bool:
        """Whether there is anything that a reader of the result has to know."""
        return bool(self.appeals or self.signed or self.rescored_as or self.rescore_of)


def standing(said: Sequence[TrailEntry]) -> Standing:
    """How an evaluation stands after all that was said of it, oldest first."""
    appeals: dict[str, Appeal] = {}
    signed: SignOff | None = None
    for entry in said:
        if entry.kind == "appeal" and entry.deviation_id:
            appeals[entry.deviation_id] = Appeal(
                deviation_id=entry.deviation_id,
                deviation_kind=entry.deviation_kind,
                state="under_appeal",
                appealed_at=entry.at,
                appealed_by=entry.by,
                why=entry.reason,
            )
        elif entry.kind in _DECISIONS and entry.deviation_id in appeals:
            appeals[entry.deviation_id] = appeals[entry.deviation_id].model_copy(
                update={
                    "state": entry.kind,
                    "decided_at": entry.at,
                    "decided_by": entry.by,
                    "decision_reason": entry.reason,
                }
            )
        elif entry.kind == "signed" and entry.level is not None:
            signed = SignOff(
                level=entry.level,
                original=entry.original_level,
                by=entry.by,
                at=entry.at,
                reason=entry.reason,
            )
    kinds = {entry.kind for entry in said}
    links = {
        kind: tuple(dict.fromkeys(e.linked_evaluation_id for e in said if e.kind == kind))
        for kind in ("rescored", "rescore_of")
    }
    return Standing(
        appeals=tuple(appeals.values()),
        signed=signed,
        corrected="corrected" in kinds,
        drawn_for_audit="drawn" in kinds,
        rescored_as=tuple(filter(None, links["rescored"])),
        rescore_of=next(filter(None, links["rescore_of"]), None),
    )


def as_read(result: EvaluationResult, now: Standing) -> EvaluationResult:
    """A result as it is shown now: with the level that a person signed, no longer provisional."""
    if now.signed is None:
        return result
    card = result.scorecard.model_copy(update={"level": now.signed.level, "provisional": False})
    return result.model_copy(update={"scorecard": card})


def standing_lines(now: Standing, mistakes: Sequence[tuple[str, str]]) -> list[str]:
    """What a reader of a result has to know, in sentences.

    Args:
        mistakes: (deviation id, how it is called there) of all that the reader was told.
    """
    lines = []
    if now.rescore_of:
        lines.append(f"A person corrected what was seen: this is {now.rescore_of}, scored again.")
    for newer in now.rescored_as:
        lines.append(
            f"A person corrected what was seen: it was scored again as {newer}. This is the original."
        )
    if now.signed is not None:
        done = "set to" if now.signed.overrides else "signed off as"
        gave = f" (the scores gave {now.signed.original or 'none'})" if now.signed.overrides else ""
        because = f" Reason: {now.signed.reason}" if now.signed.reason else ""
        lines.append(
            f"The level was {done} {now.signed.level}{gave} by {now.signed.by} on {now.signed.at:%Y-%m-%d}."
            f"{because}"
        )
    names = dict(mistakes)
    for appeal in now.appeals:
        because = f" Reason: {appeal.decision_reason}" if appeal.decision_reason else ""
        lines.append(f"“{names.get(appeal.deviation_id, appeal.deviation_id)}” {appeal.words}{because}")
    return lines
