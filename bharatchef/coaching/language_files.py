"""The files that hold each language's fixed words: their form, and how they are read and checked.

Knows no dish and says nothing: see ``languages``.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from string import Formatter

import yaml
from pydantic import Field, ValidationError

from bharatchef.errors import KnowledgeError
from bharatchef.vocabulary import HeatLevel, Language, Record, Sha256

_SCRIPTS = {Language.HINDI: "DEVANAGARI", Language.TAMIL: "TAMIL"}
_NUMBER = re.compile(r"\d+(?:[.:]\d+)*")
_LENGTH = r"(?:\d+ h(?: \d+ min)?|\d+ min(?: \d+ s)?|\d+(?:\.\d)? s)"
_PLACES: Mapping[str, str] = {
    "time": r"\d+:\d\d(?::\d\d)?",
    "length": _LENGTH,
    "n": r"[\d,]+(?:\.\d+)?",
    "percent": r"(?:under |over )?\d+ ?%",
    "step": r"“[^“”]*”",
    "heat": r"(?:no|low|medium|high) heat",
    "list": r".+?",
    "text": r".+?",
    "name": r".+?",
    "remarks": r".+?",
}


class Joins(Record):
    """How a language lists things, ends a sentence, and says that a list goes on."""

    comma: str
    last: str
    stop: str
    more: str


class LengthWords(Record):
    """A duration's words: ``{n} s``."""

    seconds: str
    minutes: str
    hours: str


class LanguageFile(Record):
    """One language's file; ``reviewed`` only once a speaker of it has read the whole of it.

    ``say`` holds the coach's sentences by key; ``phrases`` what judging and the report say, by its English.
    ``actions`` name a step by what is done with what, ``alone`` by what is done; ``steps`` ("dish:step")
    where that would not be what a cook says. ``safety`` are the dishes' safety rules, by their English.
    """

    language: Language
    name: str
    version: str
    reviewed: bool
    joins: Joins
    lengths: LengthWords
    heat: dict[HeatLevel, str]
    say: dict[str, str]
    actions: dict[str, str] = Field(default_factory=dict)
    alone: dict[str, str] = Field(default_factory=dict)
    steps: dict[str, str] = Field(default_factory=dict)
    phrases: dict[str, str] = Field(default_factory=dict)
    safety: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class Texts:
    """A language's words, with the hash of the file that they are from."""

    file: LanguageFile
    sha256: Sha256

    @property
    def language(self) -> Language:
        return self.file.language

    @cached_property
    def fixed(self) -> dict[str, str]:
        """Phrases without a place to fill."""
        return {english: said for english, said in self.file.phrases.items() if "{" not in english}

    @cached_property
    def patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Phrases with places to fill, as patterns of the English."""
        return tuple(
            (_pattern(english), said) for english, said in self.file.phrases.items() if "{" in english
        )


@cache
def texts_of(language: Language) -> Texts:
    """The words of a language, read once.

    Raises:
        KnowledgeError: its file does not fit; says where.
    """
    data = (resources.files("bharatchef.coaching") / "data" / f"{language}.yaml").read_bytes()
    return read_texts(data, f"{language}.yaml")


def read_texts(data: bytes, name: str) -> Texts:
    """The words in the bytes of a language's file.

    Raises:
        KnowledgeError: it is no YAML, or a value does not fit; says where.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        plain = yaml.load(data, Loader=loader)
        file = LanguageFile.model_validate(plain)
    except yaml.YAMLError as error:
        raise KnowledgeError(f"{name} is no YAML: {error}.", "Mend the file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise KnowledgeError(f"{name}, {where}: {first['msg']}.", "Mend that entry.") from error
    return Texts(file, hashlib.sha256(data).hexdigest())


def _pattern(english: str) -> re.Pattern[str]:
    parts = []
    for literal, field, _, _ in Formatter().parse(english):
        parts.append(re.escape(literal))
        if field is not None:
            parts.append(f"(?P<{field}>{_PLACES[field.rstrip('0123456789')]})")
    return re.compile("".join(parts), re.DOTALL)


def numbers_in(text: str) -> Counter[str]:
    """The numbers of a text, written with the digits 0 to 9 whatever digits it uses, with how often each."""
    plain = "".join(str(unicodedata.digit(c)) if c.isdigit() and unicodedata.digit(c, -1) >= 0 else c
                    for c in text)  # fmt: skip
    return Counter(_NUMBER.findall(plain))


def in_script(text: str, language: Language) -> bool:
    """Whether a text has a letter of the language's script; always so of those written in Latin letters."""
    script = _SCRIPTS.get(language)
    return script is None or any(unicodedata.name(c, "").startswith(script) for c in text)
