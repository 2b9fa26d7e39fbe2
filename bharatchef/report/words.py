"""The words and number forms that every face of a report shares; it knows nothing of HTML."""

from __future__ import annotations

from collections.abc import Sequence

from bharatchef.records import DurationRange
from bharatchef.vocabulary import Category, DeviationKind, Level, Span

CATEGORY_NAMES = {
    Category.STEP_SEQUENCE: "Step sequence",
    Category.TIMING: "Timing",
    Category.TECHNIQUE: "Technique",
    Category.HEAT: "Heat",
    Category.VISUAL: "Visual",
    Category.PLATING: "Plating",
}

KIND_WORDS = {
    DeviationKind.MISSING: "Missing",
    DeviationKind.NOT_SEEN: "Not seen",
    DeviationKind.EXTRA: "Extra",
    DeviationKind.REPEATED: "Repeated",
    DeviationKind.OUT_OF_ORDER: "Out of order",
    DeviationKind.TOO_LONG: "Too long",
    DeviationKind.TOO_SHORT: "Too short",
    DeviationKind.WRONG_HEAT: "Wrong heat",
    DeviationKind.WRONG_INGREDIENT: "Wrong ingredient",
    DeviationKind.POOR_TECHNIQUE: "Technique",
    DeviationKind.POOR_PLATING: "Plating",
}

NOT_DONE = (DeviationKind.MISSING, DeviationKind.NOT_SEEN)

LEVEL_WORDS = {
    Level.NOVICE: "Novice",
    Level.COMMIS: "Commis",
    Level.DEMI_CHEF: "Demi-chef",
    Level.CHEF: "Chef",
}


def clock(time_s: float) -> str:
    """A moment of the film as a player shows it: ``1:05``, or ``1:00:05`` from an hour on."""
    whole = int(time_s + 0.5)
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def clock_span(start_s: float, end_s: float) -> str:
    """A stretch of the film, ``0:22 to 0:40``; a single moment where both ends read alike."""
    start, end = clock(start_s), clock(end_s)
    return start if start == end else f"{start} to {end}"


def span_words(span: Span | None, kind: DeviationKind | None = None) -> str:
    """``clock_span`` of a span; empty where there is none.

    What was left out has no moment of its own: its span is where it was looked for, and is said so.
    """
    if span is None:
        return ""
    words = clock_span(span.start_s, span.end_s)
    return f"looked for from {words}" if kind in NOT_DONE and " to " in words else words


def duration(length_s: float) -> str:
    """A length of time in a cook's words: ``5 s``, ``1 min 30 s``, ``1 h 5 min``."""
    if 0 < length_s < 10 and abs(length_s - round(length_s)) >= 0.05:
        return f"{length_s:.1f} s"
    whole = round(length_s)
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    return f"{seconds} s"


def duration_range(asked: DurationRange) -> str:
    """A range of time, ``10 to 40 s`` or ``1 min to 2 min 30 s``."""
    low, high = duration(asked.min_s), duration(asked.max_s)
    if low == high:
        return low
    if asked.max_s < 59.5:
        low = low.removesuffix(" s")
    return f"{low} to {high}"


def points(value: float) -> str:
    """Points with one decimal, without a trailing zero: ``86.2``, ``80``."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def percent(share: float) -> str:
    """A share of one as a whole percentage, ``65 %``; never 0 or 100 unless it is exactly that."""
    whole = round(share * 100)
    if whole == 0 and share > 0:
        return "under 1 %"
    if whole == 100 and share < 1:
        return "over 99 %"
    return f"{whole} %"


def rupees(amount_inr: float) -> str:
    """An amount of money, ``₹1.41``; a positive amount is never shown as nothing."""
    if 0 < amount_inr < 0.005:
        return "under ₹0.01"
    return f"₹{amount_inr:,.2f}"


def size(size_bytes: int) -> str:
    """A file's size in decimal units, ``1.2 MB``."""
    amount = float(size_bytes)
    for unit in ("bytes", "kB", "MB"):
        if amount < 999.95 or (unit == "bytes" and amount < 1000):
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def listed(words: Sequence[str]) -> str:
    """Words as a sentence lists them: ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: ``1 step``, ``3 steps``."""
    return f"{number} {one if number == 1 else many}"
