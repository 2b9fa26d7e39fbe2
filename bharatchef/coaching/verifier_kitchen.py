"""What of the kitchen a text names, in four languages: ingredients, tools and steps out of a versioned list.

Knows nothing of briefs. A thing has the same name in every language, so that Hindi words are held against
English sources too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from bharatchef.coaching.verifier_lists import listed
from bharatchef.coaching.verifier_text import loose, plain, stem, words
from bharatchef.vocabulary import Language

KINDS = ("ingredients", "tools", "actions")
_SHORTEST_BEGINNING = 3
# English words within a text of another language.
_LOAN = "loan"


@dataclass(frozen=True)
class Named:
    """A thing named in a text: what it is, its kind, and the words that name it."""

    thing: str
    kind: str
    said: str


@dataclass(frozen=True)
class _Entry:
    thing: str
    kind: str
    parts: tuple[str, ...]
    exact: bool
    raw: str = ""


def named(text: str, language: Language) -> tuple[Named, ...]:
    """The things that a text names; English words are known in every language."""
    return _named(plain(text), language)


def things(texts: Iterable[str], language: Language) -> frozenset[str]:
    """The names of all things in some texts, with those that follow from them."""
    kept = tuple(texts)
    found = {item.thing for text in kept for item in named(text, language)}
    found |= {item.thing for text in kept for item in _named(plain(text), language, wide=True)}
    implied = listed("kitchen.yaml")["implied"]
    return frozenset(found | {other for thing in found for other in implied.get(thing, ())})


@lru_cache(maxsize=4096)
def _named(text: str, language: Language, *, wide: bool = False) -> tuple[Named, ...]:
    said = words(text)
    found: list[Named] = []
    for name in ("en",) if language == Language.ENGLISH else (_LOAN, str(language)):
        shaped = tuple(_shaped(word, name) for word in said)
        at = 0
        while at < len(shaped):
            best = [
                entry
                for entry in _entries(name, wide).get(shaped[at][:_SHORTEST_BEGINNING], ())
                if _stands(entry, shaped, said, at)
            ]
            if not best:
                at += 1
                continue
            longest = max(best, key=_weight)
            end = at + len(longest.parts)
            # "பொரித்" is both of a pan and of deep oil: what is written the same is all that it may be.
            alike = [entry for entry in best if _weight(entry) == _weight(longest)]
            if all(entry.thing for entry in alike):
                found += [Named(entry.thing, entry.kind, " ".join(said[at:end])) for entry in alike]
            at = end
    return tuple(dict.fromkeys(found))


def _weight(entry: _Entry) -> int:
    return 100 * len(entry.parts) + sum(len(part) for part in entry.parts)


def _stands(entry: _Entry, shaped: tuple[str, ...], said: tuple[str, ...], at: int) -> bool:
    if entry.raw:
        return said[at] == entry.raw
    if at + len(entry.parts) > len(shaped):
        return False
    *first, last = entry.parts
    if any(shaped[at + n] != part for n, part in enumerate(first)):
        return False
    end = shaped[at + len(first)]
    return end == last if entry.exact else end.startswith(last)


def _shaped(word: str, name: str) -> str:
    if name == "en":
        return stem(word)
    if name == _LOAN:
        # Among Hindi words only the plural is an English ending: "lambe" is no lamb.
        return word.removesuffix("s") if len(word) > _SHORTEST_BEGINNING else word
    return loose(word) if name == "hi-latn" else word


@cache
def _entries(name: str, wide: bool) -> dict[str, tuple[_Entry, ...]]:
    """The entries of a language by the first letters of their first words; those that name nothing too."""
    by_beginning: dict[str, list[_Entry]] = {}
    lists = listed("kitchen.yaml")
    rows = [(kind, *row) for kind in (("wide",) if wide else KINDS) for row in lists[kind].items()]
    own = "en" if name == _LOAN else name
    for kind, thing, by_language in (*rows, ("", "", {own: lists["nothing"].get(name, "")})):
        for written in by_language.get(own, "").split(","):
            word = plain(written.strip().lstrip("=!"))
            parts = tuple(_shaped(part, name) for part in words(word))
            if not parts:
                continue
            short = len(parts[-1]) < _SHORTEST_BEGINNING
            exact = name in ("en", _LOAN) or short or written.strip().startswith("=")
            by_beginning.setdefault(parts[0][:_SHORTEST_BEGINNING], []).append(
                _Entry(thing.removesuffix("-action"), kind, parts, exact, word if "!" in written else "")
            )
    return {beginning: tuple(entries) for beginning, entries in by_beginning.items()}
