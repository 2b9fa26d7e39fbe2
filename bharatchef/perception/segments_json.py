"""Reads the project's own segments file (format ``bharatchef-segments``, version 1); opens no file itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from bharatchef.errors import InputError
from bharatchef.observed import (
    Analyser,
    HeatMark,
    IngredientSeen,
    PlatedDish,
    SegmentSource,
    TechniqueMark,
    Unavailable,
)
from bharatchef.perception.segment_rows import MAX_ROWS, Problems, Row, seconds_from
from bharatchef.perception.step_names import StepNames, normalised
from bharatchef.records import Dish
from bharatchef.vocabulary import Record, Span

FORMAT = "bharatchef-segments"
VERSION = 1
SOURCES = ("person", "drawn_truth", "action_model", "example")
_KEYS = {
    "format", "version", "source", "dish", "durationSeconds", "segments", "observed", "heat",
    "ingredients", "technique", "plate",
}  # fmt: skip
_SEGMENT_KEYS = {"stepId", "actionType", "startTime", "endTime", "confidence"}
Part = TypeVar("Part", bound=Record)


@dataclass(frozen=True)
class OurFile:
    """The parts of a file beside its segments, checked against the dish."""

    source: SegmentSource
    duration_s: float | None
    observed: tuple[Span, ...] | None
    heat: tuple[HeatMark, ...] | Unavailable
    ingredients: tuple[IngredientSeen, ...] | Unavailable
    technique: tuple[TechniqueMark, ...] | Unavailable
    plate: PlatedDish | Unavailable


def is_ours(document: Any) -> bool:
    """Whether a JSON document is, or means to be, a segments file of ours."""
    return isinstance(document, dict) and ("segments" in document or document.get("format") == FORMAT)


def check_head(document: Mapping[str, Any], dish: Dish, file_name: str) -> None:
    """Raise ``InputError`` where format, version or dish are not those expected, or a key is unknown."""
    if document.get("format", FORMAT) != FORMAT or document.get("version", VERSION) != VERSION:
        raise InputError(
            f"{file_name} says format {document.get('format')!r}, version {document.get('version')!r};"
            f" expected '{FORMAT}', version {VERSION}.",
            "Write it in that version, or update this program.",
        )
    named = document.get("dish")
    if named is not None and named != dish.dish_id:
        raise InputError(
            f"{file_name} is of the dish {str(named)[:60]!r}, and it was to be judged as '{dish.dish_id}'.",
            f"Give --dish {str(named)[:60]}, or the file that belongs to {dish.dish_id}.",
        )
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        raise InputError(
            f"{file_name} has {', '.join(repr(k[:40]) for k in unknown[:5])},"
            " which a segments file does not know.",
            f"It may have {', '.join(sorted(_KEYS))}.",
        )


def rows_from_json(
    document: Mapping[str, Any], text: str, file_name: str, problems: Problems
) -> Iterator[Row]:
    """The rows of ``segments``, each named by its number and its line in ``text``."""
    segments = document.get("segments")
    if not isinstance(segments, list):
        raise InputError(
            f'{file_name}: expected "segments" to be a list, got {type(segments).__name__}.',
            'Write "segments": [{"stepId": "boil-water", "startTime": 0, "endTime": 8.5}].',
        )
    if len(segments) > MAX_ROWS:
        raise InputError(
            f"{file_name} has {len(segments):,} segments; at most {MAX_ROWS:,} are taken.",
            "Give one film's segments a file.",
        )
    lines = _lines_of_segments(text, len(segments))
    for number, item in enumerate(segments, 1):
        where = f"row {number}" + (f" (line {lines[number - 1]})" if number <= len(lines) else "")
        if not isinstance(item, dict):
            problems.add(
                where, f"expected an object with stepId, startTime and endTime, got {type(item).__name__}"
            )
            continue
        unknown = sorted(set(item) - _SEGMENT_KEYS)
        if unknown:
            problems.add(
                where, f"has {', '.join(repr(k[:30]) for k in unknown[:3])}, which a segment does not know"
            )
            continue
        step, action = item.get("stepId"), item.get("actionType")
        if not isinstance(step, str | None) or not isinstance(action, str | None):
            problems.add(where, "expected stepId and actionType to be text")
            continue
        lacking = [key for key in ("startTime", "endTime") if item.get(key) is None]
        if lacking:
            problems.add(where, f"lacks {' and '.join(lacking)}")
            continue
        yield Row(where, step, action or "", item["startTime"], item["endTime"], item.get("confidence"))


def read_parts(document: Mapping[str, Any], dish: Dish, file_name: str, problems: Problems) -> OurFile:
    """All that a file says beside its segments; what is wrong goes to ``problems``."""
    duration = document.get("durationSeconds")
    duration_s = None
    if duration is not None:
        try:
            duration_s = seconds_from(duration)
        except ValueError as error:
            problems.add("durationSeconds", str(error))
    observed = _parts(document, "observed", Span, problems)
    return OurFile(
        source=_source(document.get("source"), file_name, problems),
        duration_s=duration_s,
        observed=observed,
        heat=_or_silent(_parts(document, "heat", HeatMark, problems), Analyser.HEAT, "the heat"),
        ingredients=_or_silent(
            _ingredients(_parts(document, "ingredients", IngredientSeen, problems), dish),
            Analyser.OBJECTS,
            "the ingredients",
        ),
        technique=_or_silent(
            _parts(document, "technique", TechniqueMark, problems, _technique_check(dish)),
            Analyser.ACTIONS,
            "technique",
        ),
        plate=_plate(document.get("plate"), problems),
    )


def silent(analyser: Analyser, what: str) -> Unavailable:
    """What stands where a segments file says nothing of ``what``."""
    return Unavailable(
        analyser=analyser,
        reason=f"The segments file says nothing of {what}.",
        remedy=f"Add {what} to the segments file, or give a film and a model that can see it.",
    )


def _or_silent(
    parts: tuple[Part, ...] | None, analyser: Analyser, what: str
) -> tuple[Part, ...] | Unavailable:
    return silent(analyser, what) if parts is None else parts


def _source(value: Any, file_name: str, problems: Problems) -> SegmentSource:
    if value is None:
        return SegmentSource(kind="person", name=file_name)
    kind = value.get("kind") if isinstance(value, dict) else None
    name = value.get("name") if isinstance(value, dict) else None
    if kind not in SOURCES or not isinstance(name, str | None):
        problems.add("source", f'expected {{"kind": one of {", ".join(SOURCES)}, "name": who}}')
        return SegmentSource(kind="person", name=file_name)
    return SegmentSource(kind=kind, name=name or file_name)


def _parts(
    document: Mapping[str, Any],
    key: str,
    kind: type[Part],
    problems: Problems,
    check: Callable[[Part], str] | None = None,
) -> tuple[Part, ...] | None:
    items = document.get(key)
    if items is None:
        return None
    if not isinstance(items, list) or len(items) > MAX_ROWS:
        problems.add(key, f"expected a list of at most {MAX_ROWS:,}, got {type(items).__name__}")
        return ()
    read: list[Part] = []
    for number, item in enumerate(items, 1):
        try:
            part = kind.model_validate(item)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(place) for place in first["loc"])
            problems.add(f"{key} {number}", f"{field}: {first['msg']}" if field else first["msg"])
            continue
        if check is not None and (wrong := check(part)):
            problems.add(f"{key} {number}", wrong)
            continue
        read.append(part)
    return tuple(read)


def _technique_check(dish: Dish) -> Callable[[TechniqueMark], str]:
    points = {step.step_id: {p.point_id for p in step.technique} for step in dish.expected_steps}
    names = StepNames(dish)

    def check(mark: TechniqueMark) -> str:
        if mark.step_id not in points:
            return names.find(mark.step_id).problem or f"'{mark.step_id}' is no step's id"
        if mark.point_id not in points[mark.step_id]:
            known = ", ".join(sorted(points[mark.step_id])) or "none"
            return f"'{mark.point_id}' is no technique point of {mark.step_id}; it has {known}"
        return ""

    return check


def _ingredients(seen: tuple[IngredientSeen, ...] | None, dish: Dish) -> tuple[IngredientSeen, ...] | None:
    if seen is None:
        return None
    ids: dict[str, set[str]] = {}
    for ingredient in dish.ingredients:
        aliases = [alias for names in ingredient.aliases.values() for alias in names]
        for name in (ingredient.ingredient_id, ingredient.name, *aliases):
            ids.setdefault(normalised(name), set()).add(ingredient.ingredient_id)
    known = [ids.get(normalised(item.ingredient), set()) for item in seen]
    return tuple(
        item.model_copy(update={"ingredient": next(iter(found))}) if len(found) == 1 else item
        for item, found in zip(seen, known, strict=True)
    )


def _plate(value: Any, problems: Problems) -> PlatedDish | Unavailable:
    if value is None:
        return silent(Analyser.PLATE, "the plate")
    if not isinstance(value, dict):
        problems.add("plate", f"expected an object with likeness and remarks, got {type(value).__name__}")
        return silent(Analyser.PLATE, "the plate")
    # A person's word for the plate needs no more than the likeness; the rest has its plain meaning.
    whole = {
        "model": None,
        "timeSeconds": None,
        "likeness": None,
        "looksLike": None,
        "confidence": 1.0,
    } | value
    try:
        return PlatedDish.model_validate(whole)
    except ValidationError as error:
        first = error.errors()[0]
        problems.add("plate", f"{'.'.join(str(place) for place in first['loc'])}: {first['msg']}")
        return silent(Analyser.PLATE, "the plate")


def _lines_of_segments(text: str, count: int) -> list[int]:
    """The line on which each segment begins; fewer than ``count`` where that cannot be told."""
    key = re.search(r'"segments"\s*:\s*\[', text)
    if key is None:
        return []
    decoder = json.JSONDecoder()
    lines: list[int] = []
    place, line, counted = key.end(), 1, 0
    while len(lines) < count:
        skip = re.compile(r"[\s,]*").match(text, place)
        place = skip.end() if skip else place
        line, counted = line + text.count("\n", counted, place), place
        try:
            _, end = decoder.raw_decode(text, place)
        except ValueError:
            break
        lines.append(line)
        place = end
    return lines
