"""The numbers, times and temperatures that a text names, in any script's digits or in words.

Knows nothing of briefs. Seconds, minutes and hours are one measure ("a minute and a half" is 90 s); what is
said in any other unit is another quantity.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bharatchef.coaching.verifier_number_words import NumberWords, Token, number_words, tokens_of
from bharatchef.coaching.verifier_text import plain
from bharatchef.vocabulary import Language

TIMES = frozenset({"s", "min", "h", "day", "clock", "oclock", "long", "few"})
TEMPERATURES = frozenset({"deg", "C", "F"})
# How near "about" is, as a share of a length, and how near a moment is that is told as a length, in seconds.
_NEAR, _MOMENT_S, _MOMENT_MIN_S = 0.15, 5.0, 30.0
# How far from a length a bound may be that is told of it, as a share; up to how long what step is round.
_BOUNDED = 0.25
_ROUND = ((60.0, 10.0), (600.0, 30.0), (float("inf"), 300.0))
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Quantity:
    """A value with its unit; ``unit`` is empty where none is said, ``clock`` for a moment in seconds.

    ``moment`` is set where a length of time may be meant as a moment ("half a minute in"), ``about`` where it
    is said to be near ("nearly twenty seconds"). ``bound`` is -1 where less than that is meant, 1 where more.
    ``longer`` is the part in the longer unit, in seconds, of a length in two: 360 of "6 min 20 s".
    """

    value: float
    unit: str
    said: str
    moment: bool = False
    about: bool = False
    bound: int = 0
    longer: float | None = None

    @property
    def seconds(self) -> float | None:
        """How long it is, where it is a length of time in seconds, minutes or hours."""
        return self.value * _SECONDS[self.unit] if self.unit in _SECONDS else None

    @property
    def kind(self) -> str:
        """``time``, ``temperature`` or ``number``."""
        return "time" if self.unit in TIMES else "temperature" if self.unit in TEMPERATURES else "number"


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
    joined = plain("".join(out)).replace("-and-a-", " and a ")
    return re.sub(r"(\d) (0\.\d+)(?= )", lambda m: f"{float(m[1]) + float(m[2]):g}", joined)


@lru_cache(maxsize=4096)
def _quantities(text: str, language: Language) -> tuple[Quantity, ...]:
    table = number_words(language)
    if table.idioms:
        text = table.idioms.sub(" ", text)
    tokens = tokens_of(text)
    found: list[Quantity] = [Quantity(0.0, "long", phrase) for phrase in table.lengths(text)]
    at = 0
    while at < len(tokens):
        at = _read(tokens, at, table, found)
    return tuple(_with_ranges(found))


def _read(tokens: list[Token], at: int, table: NumberWords, found: list[Quantity]) -> int:
    """One quantity, if one begins here, put behind those found; where to read on."""
    token = tokens[at]
    if token.kind == "clock":
        parts = [int(part) for part in token.text.split(":")]
        value = float(sum(p * 60**n for n, p in enumerate(reversed(parts))))
        unit, end = table.unit(tokens, at + 1)
        if unit == "min" and len(parts) == 2:
            found.append(Quantity(value, "s", token.text, longer=60.0 * parts[0]))
            return end
        found.append(Quantity(value, "clock", token.text, about=_is_about(tokens, at, at + 1, table)))
        return end if unit in ("h", "oclock") else at + 1
    if token.text in table.alone:
        count, counted = table.alone[token.text]
        found.append(Quantity(float(count), str(counted), token.text))
        return at + 1
    number, after, weak = table.number(tokens, at)
    if number is None:
        if token.text in table.few:
            unit, end = table.unit_near(tokens, at + 1)
            if unit in ("min", "h", "day"):
                found.append(Quantity(0.0, "few", " ".join(t.text for t in tokens[at:end])))
                return end
        return at + 1
    value = number
    if after < len(tokens) and tokens[after].text in table.ordinals:
        return after + 1
    unit, end = table.unit_near(tokens, after)
    if unit and [token.text for token in tokens[end : end + 3]] == ["and", "a", "half"]:
        value, end = value + 0.5, end + 3
    said = " ".join(t.text for t in tokens[at : max(end, after)])
    if unit:
        if token.text in ("a", "an") and unit in ("s", "times", "spoon", "cup", "percent", "day"):
            return at + 1
        if value == 1 and token.kind == "word" and unit in ("s", "times", "spoon", "cup", "percent"):
            return end
        # "Once more", "half the time", "three points to work on": no count of anything.
        if (value <= 1 and unit == "times") or (
            unit == "percent" and _points_back(value, tokens, at, after, table)
        ):
            return end
        longer = value * _SECONDS[unit] if unit in _SECONDS else None
        value, shorter, end = _with_shorter(value, unit, tokens, end, table)
        found.append(
            Quantity(
                value,
                shorter,
                " ".join(t.text for t in tokens[at:end]),
                moment=_is_moment(tokens, at, end, table),
                about=_is_about(tokens, at, end, table),
                bound=_bound(tokens, at, end, table),
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
    if not weak and not _points_back(value, tokens, at, after, table):
        found.append(Quantity(value, "", said))
    return after


def _is_moment(tokens: list[Token], at: int, end: int, table: NumberWords) -> bool:
    before = at > 0 and tokens[at - 1].text in table.moment_before
    about = at > 1 and tokens[at - 1].text in table.about and tokens[at - 2].text in table.moment_before
    behind = end < len(tokens) and tokens[end].text in table.moment
    return before or about or behind or tokens[end - 1].text.endswith(table.moment_endings)


def _is_about(tokens: list[Token], at: int, end: int, table: NumberWords) -> bool:
    behind = (token.text for token in tokens[end : end + 3])
    return (at > 0 and tokens[at - 1].text in table.about) or any(t in table.about_after for t in behind)


def _bound(tokens: list[Token], at: int, end: int, table: NumberWords) -> int:
    around = {token.text for token in (*tokens[max(0, at - 2) : at], *tokens[end : end + 3])}
    if around & table.less or tokens[end - 1].text.endswith(table.less_endings):
        return -1
    return 1 if around & table.more else 0


def _points_back(value: float, tokens: list[Token], at: int, after: int, table: NumberWords) -> bool:
    """Whether a small number only points at what is told: "all three", "two small things"."""
    if value > 5:
        return False
    if tokens[at].kind == "word" and at > 0 and tokens[at - 1].text in table.pointing:
        return True
    return any(token.text in table.pointed for token in tokens[after : after + 2])


def _with_shorter(
    value: float, unit: str, tokens: list[Token], at: int, table: NumberWords
) -> tuple[float, str, int]:
    """A length of time with what follows it in a shorter unit: "one minute and twenty-four seconds"."""
    begins = at + 1 if at < len(tokens) and tokens[at].text in table.joins else at
    if unit not in ("h", "min") or begins >= len(tokens):
        return value, unit, at
    more, after, weak = table.number(tokens, begins)
    shorter, end = table.unit_near(tokens, after)
    # "Chaar minute do" is to give it four minutes, not four minutes and two.
    alone = more is not None and not weak and not shorter and begins == at
    if alone and more is not None and more < 60 and not _joined(tokens, after, table):
        # "One minute four": the shorter unit goes without saying.
        shorter, end = ("s" if unit == "min" else "min"), after
    if more is None or shorter not in ("min", "s") or _SECONDS[shorter] >= _SECONDS[unit]:
        return value, unit, at
    return (value * _SECONDS[unit] + more * _SECONDS[shorter]) / _SECONDS[shorter], shorter, end


def _joined(tokens: list[Token], at: int, table: NumberWords) -> bool:
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


def with_unsaid_units(counted: Iterable[Quantity]) -> tuple[Quantity, ...]:
    """The quantities of one text, and those whose unit goes without saying: "4 minutes, or better ten"."""
    found: list[Quantity] = []
    unit = ""
    for quantity in counted:
        found.append(quantity)
        if quantity.unit in _SECONDS:
            unit = quantity.unit
        elif not quantity.unit and unit:
            found.append(Quantity(quantity.value, unit, quantity.said))
    return tuple(found)


def given(quantity: Quantity, sources: Iterable[Quantity]) -> bool:
    """Whether one of the sources says the same: the same value, and the same unit where one is said."""
    return any(
        (quantity.unit == "few" and s.unit in TIMES - {"clock", "oclock"}) or _same(quantity, s)
        for s in sources
    )


def _same(quantity: Quantity, source: Quantity) -> bool:
    seconds = quantity.seconds
    if seconds is not None and source.seconds is not None:
        return _as_long(quantity, seconds, source, source.seconds)
    if seconds is not None and source.unit == "clock":
        return _at_moment(quantity, seconds, source.value)
    if quantity.unit == source.unit == "clock":
        return abs(source.value - quantity.value) <= (_MOMENT_S if quantity.about else 0)
    if quantity.unit in TEMPERATURES and source.unit in TEMPERATURES:
        return _as_hot(quantity, source)
    return abs(source.value - quantity.value) < 1e-6 and _same_unit(quantity.unit, source.unit)


def _as_long(quantity: Quantity, seconds: float, source: Quantity, source_s: float) -> bool:
    """Whether a length is the source's: the same, nearly where it says so, or the source's whole minutes.

    "Less than two minutes" may be told of 1:40, since it is a round length and not far from it.
    """
    near = _NEAR * source_s if quantity.about else 1e-6
    if abs(source_s - seconds) <= near or source.longer == seconds:
        return True
    step = next(step for until, step in _ROUND if seconds <= until)
    apart = (source_s - seconds) * quantity.bound
    return seconds % step == 0 and 0 < apart <= _BOUNDED * source_s


def _at_moment(quantity: Quantity, seconds: float, clock_s: float) -> bool:
    """Whether a length of time tells a moment of the film: "at three minutes seventeen" is 3:17."""
    if not quantity.moment:
        return False
    whole = quantity.unit in ("min", "h") and seconds == clock_s // 60 * 60
    near = _MOMENT_MIN_S if quantity.about and quantity.unit == "min" else _MOMENT_S
    return whole or abs(clock_s - seconds) <= near


def _as_hot(quantity: Quantity, source: Quantity) -> bool:
    if quantity.unit == source.unit or quantity.unit == "deg" or source.unit == "deg":
        return abs(source.value - quantity.value) < 1e-6
    said_c, source_c = (
        item.value if item.unit == "C" else (item.value - 32) / 1.8 for item in (quantity, source)
    )
    return abs(said_c - source_c) <= 0.6


def _same_unit(said: str, source: str) -> bool:
    if said == source or (not said and source not in ("clock", "few", "long")):
        return True
    if not source and said in ("times", "spoon", "cup", "percent"):
        return True
    return said == "spoon" and source in ("tsp", "tbsp")
