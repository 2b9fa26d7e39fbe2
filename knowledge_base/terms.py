"""The terms that a text is searched by: the same for a tip and for a question; knows no index.

Learners write English, Hindi in Devanagari or in Latin letters (Hinglish) and Tamil. A word becomes a stem,
so that "burning" and "burnt" are one, and a Latin word also a sound, so that "pyaaz" finds "pyaz".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bharatchef.vocabulary import Language

TERMS_FILE = Path(__file__).with_name("terms.yaml")

# A letter or digit, then letters, digits and the marks that Indian scripts set on letters: vowel signs,
# the virama, the nukta. Without the marks a word in Devanagari or Tamil would fall apart.
_MARKS = "\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963\u0b82\u0bbe-\u0bcd\u0bd7"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_TAMIL = re.compile("[\u0b80-\u0bff]")
_NUKTA, _CANDRABINDU, _ANUSVARA, _PULLI = "\u093c", "\u0901", "\u0902", "\u0bcd"

_SOUNDS = (
    (re.compile("aa+"), "a"),
    (re.compile("ee+|ea|ii+|ey"), "i"),
    (re.compile("oo+|ou|uu+"), "u"),
    (re.compile("ph"), "f"),
    (re.compile("w"), "v"),
    (re.compile("z"), "j"),
    (re.compile("q|ck"), "k"),
    (re.compile("x"), "ks"),
    (re.compile("([bdgkptjs])h"), r"\1"),
    (re.compile("y(?![aeiou])"), "i"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile("(?<=...)[aeiou]+$"), ""),
)


@dataclass(frozen=True)
class Terms:
    """What a text is searched by, in the text's order, repetitions kept.

    Attributes:
        stems: of the words in any script, without words that say nothing.
        sounds: of the words in Latin letters, however their vowels and doubled letters are spelt.
    """

    stems: tuple[str, ...]
    sounds: tuple[str, ...]


@dataclass(frozen=True)
class _Lists:
    stop: frozenset[str]
    hinglish: frozenset[str]
    english: frozenset[str]
    irregular: dict[str, str]
    same: dict[str, str]
    hindi_endings: tuple[str, ...]
    tamil_length: int


@cache
def _lists() -> _Lists:
    plain: dict[str, Any] = yaml.safe_load(TERMS_FILE.read_bytes())
    stop = {language: frozenset(_words(line)) for language, line in plain["stop"].items()}
    return _Lists(
        frozenset().union(*stop.values()),
        stop["hi-latn"] - stop["en"],
        stop["en"] - stop["hi-latn"],
        plain["irregular"],
        {_plain_stem(word, plain["irregular"]): group[0] for group in plain["same"] for word in group},
        tuple(unicodedata.normalize("NFD", ending) for ending in plain["hindi_endings"]),
        plain["tamil_length"],
    )


def terms(text: str) -> Terms:
    """The terms of ``text``; empty where it holds no word that says anything."""
    stems = [stem(word) for word in _words(text) if word not in _lists().stop]
    return Terms(tuple(stems), tuple(sound(word) for word in stems if word.isascii()))


def language_of(text: str) -> Language:
    """The language of a question: by its script, and in Latin letters by the small words of each language.

    English where nothing tells.
    """
    if _TAMIL.search(text):
        return Language.TAMIL
    if _DEVANAGARI.search(text):
        return Language.HINDI
    words, lists = _words(text), _lists()
    hinglish = sum(word in lists.hinglish for word in words)
    return Language.HINGLISH if hinglish > sum(word in lists.english for word in words) else Language.ENGLISH


def _words(text: str) -> list[str]:
    # NFKC composes Tamil vowels of two parts and takes presentation forms apart.
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def stem(word: str) -> str:
    """A lower-case word without the ending that its place in a sentence gives it.

    Hindi also loses its nukta, and its two signs for a nasal become one; see ``terms.yaml`` for the sources.
    """
    if _DEVANAGARI.search(word):
        return _hindi_stem(word)
    if _TAMIL.search(word):
        return word[: _lists().tamil_length].rstrip(_PULLI)
    return _english_stem(word)


def _hindi_stem(word: str) -> str:
    plain = unicodedata.normalize("NFD", word).replace(_NUKTA, "").replace(_CANDRABINDU, _ANUSVARA)
    for ending in _lists().hindi_endings:
        if plain.endswith(ending) and len(plain) - len(ending) >= 2:
            return plain.removesuffix(ending)
    return plain


def _english_stem(word: str) -> str:
    found = _plain_stem(word, _lists().irregular)
    return _lists().same.get(found, found)


def _plain_stem(word: str, irregular: dict[str, str]) -> str:
    if word in irregular:
        return irregular[word]
    for ending, least in (("ing", 6), ("ed", 5), ("ly", 6), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            cut = word.removesuffix(ending).rstrip("e")
            doubled = ending in ("ing", "ed") and len(cut) > 3 and cut[-1] == cut[-2] and cut[-1] not in "sl"
            return cut[:-1] if doubled else cut
    # "crunchy" is found by "crunch", "dirty" by "dirt".
    plain = word.rstrip("e") if len(word) > 3 else word
    return plain.removesuffix("y") if len(plain) > 4 else plain


def sound(word: str) -> str:
    """How a lower-case Latin word sounds to somebody who spells as they hear.

    Long and short vowels, doubled letters, "w" and "v", "z" and "j", breathed and plain consonants and the
    vowel at the end are not told apart: "pyaaz" and "pyaj" are one.
    """
    for pattern, plain in _SOUNDS:
        word = pattern.sub(plain, word)
    return word
