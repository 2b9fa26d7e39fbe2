"""The verifier's versioned lists: how they are read, their hash, and patterns over plain sentences.

Knows nothing of briefs. Nothing is read before the first question.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import Field

from bharatchef.coaching.verifier_text import plain, sentences
from bharatchef.vocabulary import Language, Record

_FILES = ("hazards.yaml", "kitchen.yaml", "limits.yaml", "numbers.yaml", "phrases.yaml")
Patterns = Mapping[str, tuple[str, ...]]


@cache
def _bytes(name: str) -> bytes:
    return (resources.files("bharatchef.coaching") / "verifier_data" / name).read_bytes()


@cache
def listed(name: str) -> Any:
    """A file of the verifier's lists as plain data."""
    return yaml.load(_bytes(name), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def lists_version() -> tuple[str, str]:
    """The highest version of the lists and the SHA-256 of them all, for the results that they decide."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update(name.encode() + b"\0" + _bytes(name) + b"\0")
    return max(str(listed(name)["version"]) for name in _FILES), digest.hexdigest()


class Hazard(Record):
    """Something dangerous, as patterns over one sentence.

    ``unless`` are signs that another thing is meant; ``denied`` that it is forbidden, where ``negated`` says
    that a negation alone does not make it so ("no need to wash").
    """

    patterns: dict[str, tuple[str, ...]]
    unless: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    negated: str = ""
    denied: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Limits(Record):
    """Lengths and shares; characters, words, and shares from 0 to 1."""

    version: str
    characters: dict[str, int]
    sentence_words: int
    next_steps: int
    repeated: dict[str, float]
    superlatives_from: float
    praise_category_from: float
    script: dict[str, float]
    function_words_from: dict[str, int]
    function_words: dict[str, tuple[str, ...]]
    general: dict[str, tuple[str, ...]]


@cache
def limits() -> Limits:
    """How long words may be and what makes a text one of a language."""
    return Limits.model_validate(listed("limits.yaml"))


@cache
def hazards() -> dict[str, Hazard]:
    """The known hazards by name."""
    return {name: Hazard.model_validate(row) for name, row in listed("hazards.yaml")["hazards"].items()}


@cache
def _one(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


def said(text: str, patterns: Sequence[str]) -> str:
    """What of a text in plain spelling is one of the patterns; empty where nothing is."""
    pattern = _one(tuple(patterns))
    found = pattern.search(text) if pattern else None
    return found.group().strip() or text[:40] if found else ""


def of_language(lists: Mapping[str, Iterable[str]], language: Language) -> tuple[str, ...]:
    """A list's entries for every language, for English, and for the one asked."""
    names = dict.fromkeys(("all", "en", str(language)))
    return tuple(entry for name in names for entry in lists.get(name, ()))


def hazard_in(text: str, language: Language, *, advice_only: bool) -> tuple[str, str] | None:
    """The first hazard that a text advises, and the sentence that does.

    Args:
        advice_only: sentences that only tell of something are left alone.
    """
    data = listed("hazards.yaml")
    for sentence in sentences(text):
        told = plain(sentence)
        if advice_only and not said(told, of_language(data["advice"], language)):
            continue
        negated = is_negated(sentence, language)
        for name, hazard in hazards().items():
            if not said(told, of_language(hazard.patterns, language)):
                continue
            if said(told, of_language(hazard.unless, language)):
                continue
            denied = said(told, of_language(hazard.denied, language)) if hazard.negated else negated
            if not denied:
                return name, sentence
    return None


def is_negated(sentence: str, language: Language) -> bool:
    """Whether a sentence says that something is not, or not to be done."""
    return bool(said(plain(sentence), of_language(listed("hazards.yaml")["negations"], language)))


def phrase_in(kind: str, text: str, language: Language, given: Iterable[str] = ()) -> str:
    """A phrase that a text holds, of ``superlatives``, ``praise``, ``blame`` or ``injected``; or nothing.

    Args:
        given: texts whose own phrases are no matter: bubbles may be lazy where the tip says so.
    """
    lists = listed("phrases.yaml")
    told = plain(text)
    for pattern in of_language(lists.get(f"not_{kind}", {}), language):
        told = re.sub(pattern, " ", told)
    sources = [plain(source) for source in given]
    theirs = [p for p in of_language(lists[kind], language) if any(said(source, (p,)) for source in sources)]
    return said(told, [p for p in of_language(lists[kind], language) if p not in theirs])
