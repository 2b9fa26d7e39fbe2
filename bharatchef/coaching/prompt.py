"""What a wording model is told and how its answer is read; knows no model and no network.

The instructions are a versioned file and the same whatever was cooked. What was found stands in the user's
turn as JSON between delimiters that no text in it can close: names that people gave are data, never words
of the instructions. Who cooked is not in the brief, and so is never sent.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bharatchef.coaching.brief import Brief, Fault, GivenDeviation, GivenTip, WordedMistake, Wording
from bharatchef.errors import CoachingError
from bharatchef.judgement.findings import clock
from bharatchef.vocabulary import Language, Record, Sha256

CUT_OFF, NO_JSON, WRONG_FORM = "cut-off", "no-json", "wrong-form"
_LONGEST_TEXT = 400
_MOST_FAULTS = 8


class PromptFile(Record):
    """``prompts/wording.yaml``: the instructions, and what is said around the data."""

    version: str
    system: str
    languages: dict[Language, str]
    ask: str
    again: str
    faults: dict[str, str]


@dataclass(frozen=True)
class Prompt:
    """The instructions and the form of the answer; ``sha256`` is that of both files' bytes."""

    file: PromptFile
    schema: Mapping[str, Any]
    sha256: Sha256

    @property
    def version(self) -> str:
        return self.file.version

    def system(self, language: Language) -> str:
        """The instructions; nothing of a brief but its language changes them."""
        return f"{self.file.system}\n{self.file.languages[language]}\n"

    def user(self, brief: Brief, faults: Sequence[Fault] = ()) -> str:
        """The brief as data; after an answer that was not used, with what was wrong with it."""
        parts = [f"<brief>\n{as_data(brief_as_sent(brief))}\n</brief>"]
        if faults:
            wrong = [self._fault(fault) for fault in faults[:_MOST_FAULTS]]
            parts += [self.file.again.strip(), f"<faults>\n{as_data(wrong)}\n</faults>"]
        return "\n".join([*parts, self.file.ask])

    def _fault(self, fault: Fault) -> dict[str, str]:
        said = self.file.faults.get(fault.code, fault.said)
        return {"code": fault.code, "where": clipped(fault.where), "said": clipped(said)}


@cache
def load_prompt() -> Prompt:
    """The prompt that comes with the program, read once."""
    folder = resources.files("bharatchef.coaching") / "prompts"
    words = (folder / "wording.yaml").read_bytes()
    schema = (folder / "wording.schema.json").read_bytes()
    return Prompt(
        file=PromptFile.model_validate(yaml.safe_load(words)),
        schema=json.loads(schema),
        sha256=hashlib.sha256(words + b"\0" + schema).hexdigest(),
    )


def as_data(value: object) -> str:
    """A value as compact JSON on one line that can close no delimiter and hides nothing.

    Angle brackets, ampersands, and what is not seen when printed (controls, text direction, joiners, tags,
    line separators) are written as escapes; a JSON reader gets them back unchanged.
    """
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "".join(_escaped(c) if c in "<>&" or _unseen(c) else c for c in plain)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def clipped(text: str) -> str:
    """A text in one line of at most 400 characters: nothing that belongs in a brief is longer."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def brief_as_sent(brief: Brief) -> dict[str, object]:
    """What of a brief is sent: no empty fields, texts clipped, moments as the film's clock shows them."""
    said = [text for d in brief.deviations for text in (d.what, d.impact, d.correction)]
    return {
        "dish": clipped(brief.dish),
        "language": brief.language.value,
        "level": brief.level.value if brief.level else None,
        "overall": None if brief.overall is None else round(brief.overall),
        "scores": {name.value: round(score) for name, score in brief.scores.items() if score is not None},
        "strengths": [{"strength_id": s.strength_id, "text": clipped(s.text)} for s in brief.strengths],
        "deviations": [_deviation(deviation) for deviation in brief.deviations],
        "tips": [_tip(tip, said) for tip in brief.tips],
        "next_steps": [clipped(step) for step in brief.next_steps],
    }


def _deviation(deviation: GivenDeviation) -> dict[str, object]:
    texts = {
        "step": deviation.step,
        "expected": deviation.expected,
        "seen": deviation.seen,
        "what": deviation.what,
        "why": deviation.impact,
        "correction": deviation.correction,
        "safety": deviation.safety,
    }
    return {
        "deviation_id": deviation.deviation_id,
        "kind": deviation.kind.value,
        **({"at": clock(deviation.span.start_s)} if deviation.span else {}),
        # A safety line is quoted word for word: it is never clipped.
        **{name: text if name == "safety" else clipped(text) for name, text in texts.items() if text},
        "tip_ids": list(deviation.tip_ids),
    }


def _tip(tip: GivenTip, said: Sequence[str]) -> dict[str, object]:
    """A tip; its sentences that a deviation says already are not sent a second time."""
    texts = {"mistake": tip.mistake, "why": tip.why, "correction": tip.correction}
    return {
        "tip_id": tip.tip_id,
        **{n: clipped(text) for n, text in texts.items() if text and not any(text in s for s in said)},
        **({"safety": tip.safety} if tip.safety else {}),
    }


_Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1200)]
_Id = Annotated[str, StringConstraints(max_length=160)]


class _Mistake(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    deviation_id: _Id
    tip_ids: Annotated[list[_Id], Field(max_length=8)]
    what: _Words
    why: _Words
    correction: _Words
    safety: _Words


class _Answer(BaseModel):
    """The answer's form, with the limits that the schema on the wire must not have."""

    model_config = ConfigDict(extra="forbid", strict=True)

    strength_id: _Id
    encouragement: _Words
    mistakes: Annotated[list[_Mistake], Field(max_length=5)]
    next_steps: Annotated[list[_Words], Field(max_length=8)]


class AnswerError(CoachingError):
    """An answer that cannot be read; ``fault`` says in which way."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"Expected wording as a JSON object, got {fault.said}.", "Ask again.")
        self.fault = fault

    def __reduce__(self) -> tuple[type[AnswerError], tuple[Fault]]:  # type: ignore[override]
        return type(self), (self.fault,)


def read_answer(text: str) -> Wording:
    """The wording in a model's answer.

    Raises:
        AnswerError: it is no JSON object, or not of the form that was asked for.
    """
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError(Fault(code=NO_JSON, where="answer", said="no JSON")) from error
    if not isinstance(plain, dict):
        raise AnswerError(Fault(code=NO_JSON, where="answer", said=f"a {type(plain).__name__}"))
    try:
        answer = _Answer.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AnswerError(Fault(code=WRONG_FORM, where=where, said=first["msg"])) from error
    return Wording(
        strength_id=answer.strength_id or None,
        encouragement=answer.encouragement,
        mistakes=tuple(
            WordedMistake(
                deviation_id=mistake.deviation_id,
                tip_ids=tuple(mistake.tip_ids),
                what=mistake.what,
                why=mistake.why,
                correction=mistake.correction,
                safety=mistake.safety,
            )
            for mistake in answer.mistakes
        ),
        next_steps=tuple(answer.next_steps),
    )
