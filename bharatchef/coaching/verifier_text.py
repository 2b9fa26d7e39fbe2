"""Texts in four languages made comparable: letters, words, sentences, scripts, and what a text quotes.

Knows nothing of briefs and faults.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

_MARKS = "\u0900-\u0963\u0971-\u097f\u0b80-\u0be5"
_WORD = re.compile(rf"(?:[^\W\d_]|[{_MARKS}])(?:[^\W\d_]|[{_MARKS}'])*")
_ENDS = re.compile(r"(?<=[.!?।॥])(?:[”\"')\]]*)\s+|\n+")
_HIDDEN = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD])
_SAME = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-", "−": "-", "\u00a0": " ", "\u202f": " "})
# Nukta is typed or left out at will; chandrabindu and anusvara are written for each other.
_DEVANAGARI = str.maketrans({"\u093c": None, "\u0901": "\u0902"})


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A text with one spelling of what is written in several: case, digits, spaces, dashes, nukta."""
    text = unicodedata.normalize("NFC", text).translate(_HIDDEN).translate(_SAME)
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(_DEVANAGARI))
    if not text.isascii():
        text = "".join(char if (n := unicodedata.decimal(char, None)) is None else str(n) for char in text)
    return " ".join(text.lower().split())


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in plain spelling; numbers are no words."""
    return tuple(_WORD.findall(plain(text)))


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, as they stand."""
    return tuple(part.strip() for part in _ENDS.split(text) if part and part.strip())


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """An English word without its common endings; the same for all forms of one word, not always a word."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            if ending != "s" and len(word) > 3 and word[-1] == word[-2]:
                word = word[:-1]
            break
    word = f"{word.removesuffix('e')[:-1]}y" if word.endswith(("i", "ie")) and len(word) > 2 else word
    return word.removesuffix("e") if len(word) > 3 else word


@lru_cache(maxsize=4096)
def loose(word: str) -> str:
    """A word of Hindi in Latin letters with one spelling: ``jaayein`` and ``jayen`` are one."""
    for said, kept in (("aa", "a"), ("ee", "i"), ("oo", "u"), ("ei", "e"), ("w", "v")):
        word = word.replace(said, kept)
    return re.sub(r"(.)\1", r"\1", word)


@dataclass(frozen=True)
class Letters:
    """How many letters of a text are of which script."""

    latin: int
    devanagari: int
    tamil: int
    other: int

    @property
    def all(self) -> int:
        return self.latin + self.devanagari + self.tamil + self.other


def letters(text: str) -> Letters:
    """The letters of a text by script; marks count as letters of theirs."""
    counts = {"latin": 0, "devanagari": 0, "tamil": 0, "other": 0}
    for char in text:
        code = ord(char)
        if 0x900 <= code <= 0x97F and not char.isdecimal() and char not in "।॥":
            counts["devanagari"] += 1
        elif 0xB80 <= code <= 0xBFF and not char.isdecimal():
            counts["tamil"] += 1
        elif char.isalpha():
            counts["latin" if unicodedata.name(char, "").startswith("LATIN") else "other"] += 1
    return Letters(**counts)


def without_quotes(text: str, sources: Iterable[str]) -> str:
    """A text without what it quotes in “marks” word for word from one of the sources."""
    given = " \n ".join(plain(source) for source in sources)

    def kept(found: re.Match[str]) -> str:
        return " " if plain(found.group(1)) in given else found.group()

    return re.sub(r"[“\"‘']([^“”\"‘’']{3,})[”\"’']", kept, text)


def alike(one: str, other: str) -> float:
    """How alike two sentences are, 0 to 1: the words they share of all their words (Jaccard)."""
    first, second = (
        {*words(one), *re.findall(r"\d+", plain(one))},
        {*words(other), *re.findall(r"\d+", plain(other))},
    )
    return len(first & second) / len(first | second) if first | second else 0.0
