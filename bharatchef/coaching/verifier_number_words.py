"""The words of four languages for numbers, units and what stands around them, read off a versioned list.

Knows nothing of quantities and briefs: it says which number or unit begins at a place, and where it ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from bharatchef.coaching.verifier_lists import listed
from bharatchef.coaching.verifier_text import plain
from bharatchef.vocabulary import Language

_TOKEN = re.compile(
    r"(?P<clock>\d+:\d\d(?::\d\d)?)|(?P<fraction>\d+/\d+)|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<sign>[°%-])|(?P<word>(?:[^\W\d_]|[\u0900-\u0963\u0971-\u097f\u0b80-\u0be5])+)|(?P<stop>[,;.!?।()“”\"])"
)


@dataclass(frozen=True)
class Token:
    text: str
    kind: str
    value: float | None = None


def tokens_of(text: str) -> list[Token]:
    """The words, numbers and signs of a text in plain spelling."""
    return [_token(found) for found in _TOKEN.finditer(text)]


def _token(found: re.Match[str]) -> Token:
    kind = found.lastgroup or "word"
    text = found.group()
    if kind == "fraction":
        over, under = text.split("/")
        return Token(text, "number", int(over) / max(1, int(under)))
    if kind == "number":
        whole = text.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{2,3})+", text) else text.replace(",", ".")
        return Token(text, kind, float(whole) if whole.count(".") <= 1 else None)
    return Token(text, kind)


@dataclass(frozen=True)
class NumberWords:
    """One language's words for numbers beside English ones."""

    language: Language
    data: Any

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return ("en",) if self.language == Language.ENGLISH else ("en", str(self.language))

    def _all(self, key: str) -> dict[str, Any]:
        return {plain(k): v for name in self._names for k, v in (self.data[key].get(name) or {}).items()}

    def _listed(self, key: str) -> frozenset[str]:
        return frozenset(plain(w) for name in self._names for w in (self.data[key].get(name) or ()))

    @cached_property
    def strong(self) -> dict[str, float]:
        return self._all("words")

    @cached_property
    def weak(self) -> dict[str, float]:
        return self._all("before_units")

    @cached_property
    def alone(self) -> dict[str, tuple[float, str]]:
        return self._all("alone")

    @cached_property
    def hundreds(self) -> frozenset[str]:
        return self._listed("hundreds")

    @cached_property
    def added(self) -> dict[str, float]:
        return self._all("added")

    @cached_property
    def ranges(self) -> frozenset[str]:
        return self._listed("ranges")

    @cached_property
    def between(self) -> frozenset[str]:
        return self._listed("between")

    @cached_property
    def few(self) -> frozenset[str]:
        return self._listed("few")

    @cached_property
    def joins(self) -> frozenset[str]:
        return self._listed("and")

    @cached_property
    def moment(self) -> frozenset[str]:
        return self._listed("moment")

    @cached_property
    def about(self) -> frozenset[str]:
        return self._listed("about")

    @cached_property
    def about_after(self) -> frozenset[str]:
        return self._listed("about_after")

    @cached_property
    def less(self) -> frozenset[str]:
        return self._listed("less")

    @cached_property
    def more(self) -> frozenset[str]:
        return self._listed("more")

    @cached_property
    def less_endings(self) -> tuple[str, ...]:
        return tuple(self._listed("less_endings"))

    @cached_property
    def moment_before(self) -> frozenset[str]:
        return self._listed("moment_before")

    @cached_property
    def moment_endings(self) -> tuple[str, ...]:
        return tuple(self._listed("moment_endings"))

    @cached_property
    def ordinals(self) -> frozenset[str]:
        return self._listed("ordinals")

    @cached_property
    def idioms(self) -> re.Pattern[str] | None:
        """Turns of phrase with a number that count nothing."""
        found = self._listed("idioms")
        return re.compile("|".join(rf"(?<!\w)(?:{idiom})(?!\w)" for idiom in found)) if found else None

    @cached_property
    def pointing(self) -> frozenset[str]:
        return frozenset(self.data["pointing"])

    @cached_property
    def pointed(self) -> frozenset[str]:
        return self._listed("pointed")

    @cached_property
    def _long(self) -> tuple[str, ...]:
        return tuple(self._listed("long_times"))

    @cached_property
    def _units(self) -> tuple[tuple[str, str, bool], ...]:
        """Unit, its word, and whether the word stands for itself alone; longer words first."""
        rows = []
        for unit, by_name in self.data["units"].items():
            for name in self._names:
                for word in filter(None, (w.strip() for w in by_name.get(name, "").split(","))):
                    rows.append((unit, plain(word.removeprefix("=")), word.startswith("=")))
        return tuple(sorted(rows, key=lambda row: -len(row[1])))

    def lengths(self, text: str) -> Iterator[str]:
        """The lengths of time that a text names without a number: "overnight"."""
        for phrase in self._long:
            if re.search(rf"(?<!\w){re.escape(phrase)}", text):
                yield phrase

    def number(self, tokens: list[Token], at: int) -> tuple[float | None, int, bool]:
        """A number that begins here, where it ends, and whether it is one only before a unit."""
        token = tokens[at]
        if token.text in self.added and at + 1 < len(tokens):
            value, end, _ = self.number(tokens, at + 1)
            if value is not None and value >= 1:
                return value + self.added[token.text], end, False
        if token.kind == "number":
            return self._with_half(token.value, tokens, at + 1, weak=False)
        if token.kind != "word":
            return None, at, False
        weak = token.text not in self.strong
        value = self.strong.get(token.text, self.weak.get(token.text))
        if value is None:
            return None, at, False
        end = at + 1
        while end < len(tokens):
            after = tokens[end]
            if after.text == "-" and end + 1 < len(tokens) and tokens[end + 1].text in self.strong:
                end += 1
                continue
            if after.text == "quarters" and value == 3:
                value = 0.75
            elif after.text in self.hundreds and value < 100:
                value, weak = value * 100, False
            elif (
                value >= 20
                and value % 10 == 0
                and (more := self.strong.get(after.text, 0))
                and more < value % 100 + 10
            ):
                value += more
            else:
                break
            end += 1
        return self._with_half(value, tokens, end, weak=weak)

    def _with_half(
        self, value: float | None, tokens: list[Token], at: int, *, weak: bool
    ) -> tuple[float | None, int, bool]:
        said = [token.text for token in tokens[at : at + 3]]
        if value is not None and said in (["and", "a", "half"], ["and", "a", "quarter"]):
            return value + (0.5 if said[2] == "half" else 0.25), at + 3, False
        return value, at, weak

    def unit(self, tokens: list[Token], at: int) -> tuple[str, int]:
        """The unit that stands here and where it ends; an empty one where none does."""
        if at >= len(tokens):
            return "", at
        text = tokens[at].text
        if text == "°":
            after = tokens[at + 1].text if at + 1 < len(tokens) else ""
            return (after.upper(), at + 2) if after in ("c", "f") else ("deg", at + 1)
        if text == "%":
            return "percent", at + 1
        following = f"{text} {tokens[at + 1].text}" if at + 1 < len(tokens) else text
        for unit, word, exact in self._units:
            if (
                following.startswith(word)
                if " " in word
                else text == word
                if exact
                else text.startswith(word)
            ):
                end = at + (2 if " " in word else 1)
                if unit == "deg":
                    scale, scale_end = self.unit(tokens, end)
                    return (scale, scale_end) if scale in ("C", "F") else (unit, end)
                return unit, end
        return "", at

    def unit_near(self, tokens: list[Token], at: int) -> tuple[str, int]:
        """The unit here, or behind words that may stand between."""
        for _ in range(3):
            unit, end = self.unit(tokens, at)
            if unit:
                return unit, end
            if at >= len(tokens) or (tokens[at].text not in self.between and tokens[at].text != "-"):
                break
            at += 1
        return "", at


@cache
def number_words(language: Language) -> NumberWords:
    """The words of a language, and English ones."""
    return NumberWords(language, listed("numbers.yaml"))
