"""The numbers, times and temperatures that a text names, in any script's digits or in words.

Knows nothing of briefs. Seconds, minutes and hours are one measure ("a minute and a half" is 90 s); what is
said in any other unit is another quantity.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any

import yaml

from bharatchef.coaching.verifier_text import plain
from bharatchef.vocabulary import Language

TIMES = frozenset({"s", "min", "h", "day", "clock", "oclock", "long", "few"})
TEMPERATURES = frozenset({"deg", "C", "F"})
_NEAR, _MOMENT_S = 0.1, 5.0
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_TOKEN = re.compile(
    r"(?P<clock>\d+:\d\d(?::\d\d)?)|(?P<fraction>\d+/\d+)|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<sign>[°%-])|(?P<word>(?:[^\W\d_]|[\u0900-\u0963\u0971-\u097f\u0b80-\u0be5])+)|(?P<stop>[,;.!?।()“”\"])"
)


@dataclass(frozen=True)
class Quantity:
    """A value with its unit; ``unit`` is empty where none is said, ``clock`` for a moment in seconds.

    ``moment`` is set where a length of time may be meant as a moment ("half a minute in"), ``about`` where it
    is said to be near ("nearly twenty seconds"). ``longer`` is the part in the longer unit, in seconds, of a
    length in two: 360 of "6 min 20 s".
    """

    value: float
    unit: str
    said: str
    moment: bool = False
    about: bool = False
    longer: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long it is, where it is a length of time in seconds, minutes or hours."""
        return self.value * _SECONDS[self.unit] if self.unit in _SECONDS else None

    @property
    def kind(self) -> str:
        """``time``, ``temperature`` or ``number``."""
        return "time" if self.unit in TIMES else "temperature" if self.unit in TEMPERATURES else "number"


@dataclass(frozen=True)
class _Token:
    text: str
    kind: str
    value: float | None = None


def quantities(text: str, language: Language) -> tuple[Quantity, ...]:
    """What a text counts and measures, in the order it says so; English is read in every language."""
    return _quantities(plain_numbers(text), language)


@lru_cache(maxsize=4096)
def plain_numbers(text: str) -> str:
    """A text in plain spelling, with one-sign fractions as decimals and Tamil's ten and hundred as digits."""
    signs = {"௰": "10", "௱": "100", "௲": "1000"}
    out: list[str] = []
    for char in text:
        if char in signs:
            out.append(signs[char])
        elif unicodedata.category(char) == "No" and unicodedata.numeric(char, None) is not None:
            out.append(f" {unicodedata.numeric(char):g} ")
        else:
            out.append(char)
    return re.sub(r"(\d) (0\.\d+)(?= )", lambda m: f"{float(m[1]) + float(m[2]):g}", plain("".join(out)))


@lru_cache(maxsize=4096)
def _quantities(text: str, language: Language) -> tuple[Quantity, ...]:
    table = _table(language)
    tokens = [table.token(found) for found in _TOKEN.finditer(text)]
    found: list[Quantity] = list(table.lengths(text))
    at = 0
    while at < len(tokens):
        at = _read(tokens, at, table, found)
    return tuple(_with_ranges(found))


def _read(tokens: list[_Token], at: int, table: _Table, found: list[Quantity]) -> int:
    """One quantity, if one begins here, put behind those found; where to read on."""
    token = tokens[at]
    if token.kind == "clock":
        parts = [int(part) for part in token.text.split(":")]
        found.append(
            Quantity(float(sum(p * 60**n for n, p in enumerate(reversed(parts)))), "clock", token.text)
        )
        after = at + 1
        return after + 1 if after < len(tokens) and table.unit(tokens, after)[0] in ("h", "oclock") else after
    if token.text in table.alone:
        count, counted = table.alone[token.text]
        found.append(Quantity(float(count), str(counted), token.text))
        return at + 1
    value, after, weak = table.number(tokens, at)
    if value is None:
        if token.text in table.few:
            unit, end = table.unit_near(tokens, at + 1)
            if unit in ("min", "h", "day"):
                found.append(Quantity(0.0, "few", " ".join(t.text for t in tokens[at:end])))
                return end
        return at + 1
    unit, end = table.unit_near(tokens, after)
    if unit and [token.text for token in tokens[end : end + 3]] == ["and", "a", "half"]:
        value, end = value + 0.5, end + 3
    said = " ".join(t.text for t in tokens[at : max(end, after)])
    if unit:
        if token.text in ("a", "an") and unit in ("s", "times", "spoon", "cup", "percent", "day"):
            return at + 1
        if value == 1 and token.kind == "word" and unit in ("s", "times", "spoon", "cup", "percent"):
            return end
        longer = value * _SECONDS[unit] if unit in _SECONDS else None
        value, shorter, end = _with_shorter(value, unit, tokens, end, table)
        found.append(
            Quantity(
                value,
                shorter,
                " ".join(t.text for t in tokens[at:end]),
                moment=end < len(tokens) and tokens[end].text in table.moment,
                about=at > 0 and tokens[at - 1].text in table.about,
                longer=longer if shorter != unit else None,
            )
        )
        return end
    if _joined(tokens, after, table):
        if value == 1 and token.kind == "word":
            return after + 1
        # "10 to 15 minutes": the unit stands behind the second number.
        found.append(Quantity(value, "range", said))
        return after + 1
    pointing = value <= 5 and (
        (at > 0 and tokens[at - 1].text in table.pointing)
        or (after < len(tokens) and tokens[after].text in table.pointed)
    )
    if not weak and not (token.kind == "word" and pointing):
        found.append(Quantity(value, "", said))
    return after


def _with_shorter(
    value: float, unit: str, tokens: list[_Token], at: int, table: _Table
) -> tuple[float, str, int]:
    """A length of time with what follows it in a shorter unit: "one minute and twenty-four seconds"."""
    begins = at + 1 if at < len(tokens) and tokens[at].text in table.joins else at
    if unit not in ("h", "min") or begins >= len(tokens):
        return value, unit, at
    more, after, _ = table.number(tokens, begins)
    shorter, end = table.unit_near(tokens, after)
    if more is not None and not shorter and begins == at and more < 60 and not _joined(tokens, after, table):
        # "One minute four": the shorter unit goes without saying.
        shorter, end = ("s" if unit == "min" else "min"), after
    if more is None or shorter not in ("min", "s") or _SECONDS[shorter] >= _SECONDS[unit]:
        return value, unit, at
    return (value * _SECONDS[unit] + more * _SECONDS[shorter]) / _SECONDS[shorter], shorter, end


def _joined(tokens: list[_Token], at: int, table: _Table) -> bool:
    if at + 1 >= len(tokens):
        return False
    linked = tokens[at].text in table.ranges or tokens[at].text == "-"
    return linked and table.number(tokens, at + 1)[0] is not None


def _with_ranges(found: list[Quantity]) -> Iterable[Quantity]:
    for place, quantity in enumerate(found):
        if quantity.unit != "range":
            yield quantity
            continue
        later = next((q.unit for q in found[place + 1 :] if q.unit != "range"), "")
        yield Quantity(quantity.value, later, quantity.said)


@dataclass(frozen=True)
class _Table:
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
    def half_more(self) -> frozenset[str]:
        return self._listed("half_more")

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

    def token(self, found: re.Match[str]) -> _Token:
        kind = found.lastgroup or "word"
        text = found.group()
        if kind == "fraction":
            over, under = text.split("/")
            return _Token(text, "number", int(over) / max(1, int(under)))
        if kind == "number":
            whole = (
                text.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{2,3})+", text) else text.replace(",", ".")
            )
            return _Token(text, kind, float(whole) if whole.count(".") <= 1 else None)
        return _Token(text, kind)

    def lengths(self, text: str) -> Iterable[Quantity]:
        for phrase in self._long:
            if re.search(rf"(?<!\w){re.escape(phrase)}", text):
                yield Quantity(0.0, "long", phrase)

    def number(self, tokens: list[_Token], at: int) -> tuple[float | None, int, bool]:
        """A number that begins here, where it ends, and whether it is one only before a unit."""
        token = tokens[at]
        if token.text in self.half_more and at + 1 < len(tokens):
            value, end, _ = self.number(tokens, at + 1)
            return (None, at + 1, False) if value is None else (value + 0.5, end, False)
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
            if after.text in self.hundreds and value < 100:
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
        self, value: float | None, tokens: list[_Token], at: int, *, weak: bool
    ) -> tuple[float | None, int, bool]:
        said = [token.text for token in tokens[at : at + 3]]
        if value is not None and said in (["and", "a", "half"], ["and", "a", "quarter"]):
            return value + (0.5 if said[2] == "half" else 0.25), at + 3, False
        return value, at, weak

    def unit(self, tokens: list[_Token], at: int) -> tuple[str, int]:
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

    def unit_near(self, tokens: list[_Token], at: int) -> tuple[str, int]:
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
def _table(language: Language) -> _Table:
    return _Table(language, _data())


@cache
def _data() -> Any:
    where = resources.files("bharatchef.coaching") / "verifier_data" / "numbers.yaml"
    return yaml.safe_load(where.read_text("utf-8"))


def given(quantity: Quantity, sources: Iterable[Quantity]) -> bool:
    """Whether one of the sources says the same: the same value, and the same unit where one is said."""
    seconds = quantity.seconds
    for source in sources:
        if quantity.unit == "few":
            if source.unit in TIMES - {"clock", "oclock"}:
                return True
        elif seconds is not None and source.seconds is not None:
            if _as_long(quantity, seconds, source, source.seconds):
                return True
        elif seconds is not None and quantity.moment and source.unit == "clock":
            if abs(source.value - seconds) <= _MOMENT_S:
                return True
        elif abs(source.value - quantity.value) < 1e-6 and _same_unit(quantity.unit, source.unit):
            return True
    return False


def _as_long(quantity: Quantity, seconds: float, source: Quantity, source_s: float) -> bool:
    """Whether a length is the source's: the same, nearly where it says so, or the source's whole minutes."""
    near = _NEAR * source_s if quantity.about else 1e-6
    return abs(source_s - seconds) <= near or source.longer == seconds


def _same_unit(said: str, source: str) -> bool:
    if said == source or (not said and source not in ("clock", "few", "long")):
        return True
    if not source and said in ("times", "spoon", "cup", "percent"):
        return True
    return said == "deg" and source in ("C", "F")
