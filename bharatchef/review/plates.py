"""What lies on the plate in the stills of a task of Label Studio, and as a person said it; opens no file.

A choice for each still (https://labelstud.io/tags/choices, ``perItem``), told by its number (``item_index``):
the dish, finished and on its plate, or no finished plate. Of a still without a choice nothing is said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from bharatchef.errors import InputError
from bharatchef.observed import PlatedDish
from bharatchef.results import EvaluationResult
from bharatchef.review.labels import PlateMark
from bharatchef.vocabulary import Slug

CHOICE = "plate"
NO_PLATE = "no-plate"
_TYPE = "choices"
_SAME_S = 0.0005


def plate_marks(result: EvaluationResult) -> tuple[PlateMark, ...]:
    """The still on which the dish was seen on its plate; empty where another dish or none was seen."""
    seen = result.plate
    if not isinstance(seen, PlatedDish) or seen.time_s is None or seen.looks_like != result.dish.dish_id:
        return ()
    return (PlateMark(time_s=seen.time_s, dish_id=seen.looks_like),)


def plate_regions(marks: Sequence[PlateMark], times: Sequence[float]) -> list[dict[str, Any]]:
    """Marks as choices on the stills at ``times``, seconds; what is on none of them is left out."""
    return [
        {
            "id": f"plate-{number}",
            "from_name": CHOICE,
            "to_name": "stills",
            "type": _TYPE,
            "item_index": number,
            "value": {_TYPE: [mark.dish_id or NO_PLATE]},
        }
        for mark in marks
        for number, time_s in enumerate(times)
        if abs(time_s - mark.time_s) < _SAME_S
    ]


def plate_choices(dish_id: Slug) -> list[str]:
    """The lines of the labelling interface that ask what lies on the plate."""
    return [
        f'  <Choices name="{CHOICE}" toName="stills" perItem="true" showInline="true">',
        *(f"    <Choice value={quoteattr(word)}/>" for word in (dish_id, NO_PLATE)),
        "  </Choices>",
    ]


def plates_of(
    regions: Sequence[Any], times: Sequence[float], dish_id: Slug, file_name: str
) -> tuple[PlateMark, ...]:
    """What an annotation says of plates, in order of time.

    Args:
        regions: as an export has them.
        times: of the task's stills, seconds.

    Raises:
        InputError: a choice is on none of the stills or is no word that was offered, or a still has two.
    """
    found: dict[int, PlateMark] = {}
    for number, region in enumerate(regions, 1):
        if not is_plate(region):
            continue
        where = f"{file_name}, region {number}"
        at = region.get("item_index", 0)
        if not isinstance(at, int) or not 0 <= at < len(times):
            raise InputError(
                f"{where}: expected a plate on one of {len(times)} stills, got number {at!r}.",
                "Export the task again, and label that; nothing was changed.",
            )
        mark = PlateMark(time_s=times[at], dish_id=_dish(region.get("value"), dish_id, where))
        if found.setdefault(at, mark) != mark:
            raise InputError(
                f"{where}: the still at {times[at]:g} s has two different choices of what lies on the plate.",
                "Choose one of them; nothing was changed.",
            )
    return tuple(found[at] for at in sorted(found, key=lambda at: times[at]))


def is_plate(region: Any) -> bool:
    """Whether a region says what lies on a plate."""
    return isinstance(region, dict) and region.get("from_name") == CHOICE and region.get("type") == _TYPE


def _dish(value: Any, dish_id: Slug, where: str) -> Slug | None:
    words = value.get(_TYPE) if isinstance(value, Mapping) else None
    if not isinstance(words, list) or len(words) != 1 or words[0] not in (dish_id, NO_PLATE):
        raise InputError(
            f"{where}: expected {dish_id} or {NO_PLATE} on the plate,"
            f" got {json.dumps(words, default=str)[:60]}.",
            "Choose one of the two, or none where it shows another dish; nothing was changed.",
        )
    return None if words[0] == NO_PLATE else dish_id
