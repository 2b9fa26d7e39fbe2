"""Reviewed cooking tips as data: their records, and how the files of ``knowledge_base/advice`` are read.

Knows no index and no search. A tip is written once in English; names by which learners ask for it, and its
texts, may stand beside it in other languages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, StringConstraints, ValidationError, model_validator

from bharatchef.errors import KnowledgeError
from bharatchef.vocabulary import DeviationKind, Record, Slug

ADVICE_DIR = Path(__file__).with_name("advice")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with it
Severity = Literal["low", "medium", "high"]
# Hinglish is Hindi in Latin letters; its BCP 47 tag is hi-Latn.
OtherLanguage = Literal["hi", "ta", "hi-latn"]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=12, max_length=320)]
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=80)]
StepRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+:[a-z0-9-]+$")]
PointRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]+$")]


class SafetyStatement(Record):
    """A safety rule, quoted word for word whenever it is told, with the public source that says so.

    ``quote`` holds the source's own figure ("74 C", "2 hours") where it gives one; the rule contains it.
    """

    rule: Sentence
    source: Annotated[str, StringConstraints(min_length=6)]
    url: Annotated[str, StringConstraints(pattern=r"^https://")]
    quote: str = ""


class AdviceText(Record):
    """A tip in another language; ``reviewed`` only once a speaker of it has read it."""

    mistake: Sentence
    why: Sentence
    correction: Sentence
    safety: str = ""
    reviewed: bool = False


class Advice(Record):
    """One tip: a common mistake, why it matters, and what to do instead.

    ``dishes``, ``steps`` ("dish:step") and ``points`` ("dish:step:point") say where it applies; with none
    of them it holds for all. ``kinds`` are the deviations it answers, ``aliases`` what learners ask with.
    """

    tip_id: Slug = Field(alias="id")
    theme: Slug
    technique: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=60)]
    mistake: Sentence
    why: Sentence
    correction: Sentence
    severity: Severity
    kinds: Annotated[tuple[DeviationKind, ...], Field(min_length=1)]
    actions: tuple[Slug, ...] = ()
    ingredients: tuple[Slug, ...] = ()
    dishes: tuple[Slug, ...] = ()
    steps: tuple[StepRef, ...] = ()
    points: tuple[PointRef, ...] = ()
    safety: SafetyStatement | None = None
    aliases: dict[OtherLanguage | Literal["en"], tuple[Term, ...]] = Field(default_factory=dict)
    texts: dict[OtherLanguage, AdviceText] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.safety and self.safety.quote not in self.safety.rule:
            raise ValueError(f"expected the quoted figure {self.safety.quote!r} within the safety rule")
        return self


class AdviceBook(Record):
    """All tips of a folder, in the order of files and entries, with the hash of the files' bytes."""

    version: str
    sha256: str
    tips: tuple[Advice, ...]

    def tip(self, tip_id: str) -> Advice:
        """The tip of that id; ``KeyError`` where there is none."""
        for tip in self.tips:
            if tip.tip_id == tip_id:
                return tip
        raise KeyError(tip_id)


def read_advice(folder: Path = ADVICE_DIR) -> AdviceBook:
    """The tips of all ``*.yaml`` files of a folder; a file holds ``version``, ``theme`` and ``tips``.

    Raises:
        KnowledgeError: a file cannot be read, an entry does not fit, or an id stands twice; says where.
    """
    tips: list[Advice] = []
    versions: list[str] = []
    for path, data in _files(folder):
        version, found = _of_file(path, data)
        versions.append(version)
        tips += found
    if not tips:
        raise KnowledgeError(f"Expected tips in {folder}, got none.", "Restore the folder of tips.")
    twice = sorted({tip.tip_id for tip in tips if sum(t.tip_id == tip.tip_id for t in tips) > 1})
    if twice:
        raise KnowledgeError(
            f"Expected each tip's id once, got more of {', '.join(twice)}.", "Rename all but one."
        )
    return AdviceBook(version=max(versions), sha256=advice_sha256(folder), tips=tuple(tips))


def advice_sha256(folder: Path = ADVICE_DIR) -> str:
    """The hash that ``read_advice`` gives the tips of a folder, without reading what they say."""
    digest = hashlib.sha256()
    for path, data in _files(folder):
        digest.update(path.name.encode() + b"\0" + data + b"\0")
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.glob("*.yaml")):
        yield path, path.read_bytes()


def _of_file(path: Path, data: bytes) -> tuple[str, list[Advice]]:
    try:
        plain = yaml.load(data, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise KnowledgeError(f"{path.name} is no YAML: {error}.", "Correct the file.") from error
    if not isinstance(plain, dict) or not {"version", "theme", "tips"} <= set(plain):
        raise KnowledgeError(f"Expected version, theme and tips in {path.name}.", "Begin from another file.")
    return str(plain["version"]), list(_entries(path, str(plain["theme"]), plain["tips"]))


def _entries(path: Path, theme: str, rows: object) -> Iterator[Advice]:
    if not isinstance(rows, list):
        raise KnowledgeError(f"Expected a list of tips in {path.name}.", "Write each tip as '- id: …'.")
    for number, row in enumerate(rows, start=1):
        name = row.get("id", f"number {number}") if isinstance(row, dict) else f"number {number}"
        try:
            yield Advice.model_validate({**row, "theme": theme})
        except (ValidationError, TypeError) as error:
            first = error.errors()[0] if isinstance(error, ValidationError) else None
            where = ".".join(str(part) for part in first["loc"]) if first else "entry"
            said = f"{first['msg']}, got {first['input']!r}" if first else "it is no mapping"
            raise KnowledgeError(
                f"{path.name}, tip {name}, {where}: {said}.", "Correct that entry."
            ) from error
