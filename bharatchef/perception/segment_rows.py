"""Checks rows of labels, whatever file they came from, and makes them segments of a dish's steps.

All bad rows are told of at once, by number; a file with one bad row is refused whole, since a score over
the rest would look like a score over all of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bharatchef.errors import InputError
from bharatchef.perception.step_names import StepNames
from bharatchef.records import ActionSegment, Dish

MAX_ROWS = 20_000
MAX_SECONDS = 7 * 24 * 3600.0
SHOWN_PROBLEMS = 10
# Tools that count frames give neighbours that share one: that much overlap is no second doing.
OVERLAP_TOLERANCE_S = 0.5

_CLOCK = re.compile(r"(?:(?P<h>\d+):)?(?P<m>\d+):(?P<s>\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Row:
    """One row as it was written. ``where`` names it for its writer, such as ``row 3 (line 4)``."""

    where: str
    step: str | None
    action: str
    start: Any
    end: Any
    confidence: Any = None


class Problems:
    """What is wrong with a file, gathered so that its writer hears of all of it at once."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._found: list[str] = []

    def add(self, where: str, what: str) -> None:
        self._found.append(f"{where}: {what}")

    def raise_if_any(self, remedy: str) -> None:
        """Raise ``InputError`` with the first ten problems, where there are any."""
        if not self._found:
            return
        shown = "; ".join(self._found[:SHOWN_PROBLEMS])
        more = len(self._found) - SHOWN_PROBLEMS
        tail = f"; and {more} more" if more > 0 else ""
        count = "1 problem" if len(self._found) == 1 else f"{len(self._found)} problems"
        raise InputError(f"{self._file_name} has {count}: {shown}{tail}.", remedy)


def seconds_from(value: Any) -> float:
    """Seconds from a number, or from text as seconds, ``mm:ss`` or ``h:mm:ss`` (a decimal comma is taken).

    Raises:
        ValueError: it is none of these, negative, not finite, or longer than a week.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected a time in seconds, got {_shown(value)}")
    if isinstance(value, str):
        text = value.strip().replace(",", ".")
        if clock := _CLOCK.fullmatch(text):
            minutes, seconds = int(clock["m"]), float(clock["s"])
            if seconds >= 60 or (clock["h"] is not None and minutes >= 60):
                raise ValueError(f"expected minutes and seconds below 60, got {_shown(value)}")
            value = int(clock["h"] or 0) * 3600 + minutes * 60 + seconds
        else:
            try:
                value = float(text)
            except ValueError:
                raise ValueError(f"expected seconds or mm:ss, got {_shown(value)}") from None
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("expected a time below a week, got a number too large to hold") from None
    if not math.isfinite(number):
        raise ValueError(f"expected a time in seconds, got {number}")
    if number < 0:
        raise ValueError(f"a time cannot be negative, got {number:g}")
    if number > MAX_SECONDS:
        raise ValueError(f"expected a time below a week, got {number:g} s")
    return number


def confidence_from(value: Any) -> float:
    """A confidence from 0 to 1; nothing given is 1.

    Raises:
        ValueError: it is no number from 0 to 1.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected a confidence from 0 to 1, got {_shown(value)}")
    try:
        number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise ValueError(f"expected a confidence from 0 to 1, got {_shown(value)}") from None
    if not 0 <= number <= 1:
        hint = " (write 0.9 for 90 %)" if 1 < number <= 100 else ""
        raise ValueError(f"expected a confidence from 0 to 1, got {number:g}{hint}")
    return number


def segments_from(rows: Iterable[Row], dish: Dish, problems: Problems) -> tuple[ActionSegment, ...]:
    """The rows as segments, by start; what is wrong with a row goes to ``problems``.

    A row that names no step must name an action: it is kept as something done that is no step of the
    dish. A step that is asked for once cannot be done twice at the same time: two such rows overlapping
    by more than half a second are one doing labelled twice, and are refused.
    """
    names = StepNames(dish)
    read: list[tuple[ActionSegment, str]] = []
    for row in rows:
        segment = _segment(row, names, problems)
        if segment is not None:
            read.append((segment, row.where))
    read.sort(key=lambda pair: (pair[0].start_s, pair[0].end_s))
    _check_doubles(read, dish, problems)
    return tuple(segment for segment, _ in read)


def _segment(row: Row, names: StepNames, problems: Problems) -> ActionSegment | None:
    wrong: list[str] = []
    step_id, action = None, row.action.strip()
    if row.step is not None and row.step.strip():
        found = names.find(row.step)
        if found.step is None:
            wrong.append(found.problem)
        else:
            step_id, action = found.step.step_id, action or found.step.action
    elif not action:
        wrong.append(
            "names no step; for something that is no step of the dish give an action, such as 'other'"
        )
    times: list[float] = []
    for name, value in (("start", row.start), ("end", row.end)):
        try:
            times.append(seconds_from(value))
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    if len(times) == 2 and times[1] < times[0]:
        wrong.append(f"ends ({times[1]:g} s) before it starts ({times[0]:g} s)")
    confidence = 1.0
    try:
        confidence = confidence_from(row.confidence)
    except ValueError as error:
        wrong.append(str(error))
    if wrong:
        problems.add(row.where, " and ".join(wrong))
        return None
    return ActionSegment(
        action_type=action, start_s=times[0], end_s=times[1], confidence=confidence, step_id=step_id
    )


def _check_doubles(read: Sequence[tuple[ActionSegment, str]], dish: Dish, problems: Problems) -> None:
    counts = {step.step_id: step.required_count for step in dish.expected_steps}
    last: dict[str, tuple[ActionSegment, str]] = {}
    for segment, where in read:
        if segment.step_id is None:
            continue
        before = last.get(segment.step_id)
        if before is not None:
            earlier, earlier_where = before
            same = (segment.start_s, segment.end_s) == (earlier.start_s, earlier.end_s)
            overlap = min(segment.end_s, earlier.end_s) - segment.start_s
            if same:
                problems.add(where, f"says the same as {earlier_where}")
            elif overlap > OVERLAP_TOLERANCE_S and counts[segment.step_id] == 1:
                problems.add(
                    where,
                    f"'{segment.step_id}' overlaps {earlier_where}, the same step, by {overlap:.1f} s:"
                    " give one row for one doing",
                )
        if before is None or segment.end_s >= before[0].end_s:
            last[segment.step_id] = (segment, where)


def _shown(value: Any, limit: int = 40) -> str:
    text = repr(value) if isinstance(value, str) else f"{type(value).__name__} {value!s}"
    return text if len(text) <= limit else text[: limit - 1] + "…"
