"""Which of the dish's ingredients, and which others, were seen in use; judges nothing.

In use means: near a hand or a vessel at that moment, where the detector knows hands or vessels. An
ingredient of the dish that merely stands in view is still evidence that it was there; a stranger that
merely stands in view is not evidence that it went in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bharatchef.observed import Detection, Detections, IngredientSeen
from bharatchef.perception.parameters import IngredientParameters, Labels, labels, parameters
from bharatchef.perception.step_names import normalised
from bharatchef.records import Dish


@dataclass(frozen=True)
class IngredientsFound:
    """What was seen in use, by time, and the dish's ingredients that the detector cannot name."""

    seen: tuple[IngredientSeen, ...]
    unrecognisable: tuple[str, ...]


def ingredients_seen(detections: Detections, dish: Dish) -> IngredientsFound:
    """The ingredients seen, one entry a visit: from the first look at it until it was gone for a while.

    ``confidence`` is the surest look's; halved where the ingredient stood in view nearly all the time
    and was never near a hand or a vessel.
    """
    use, words = parameters().ingredients, labels()
    known = detections.labels or tuple(sorted({item.label for item in detections.items}))
    named = {label: _ingredient_of(label, dish, words) for label in known}
    contact_known = any(words.kind_of(label) in ("hand", "vessel") for label in known)
    touching = [item for item in detections.items if words.kind_of(item.label) in ("hand", "vessel")]
    by_time: dict[float, list[Detection]] = {}
    for item in touching:
        by_time.setdefault(item.time_s, []).append(item)
    seen: list[IngredientSeen] = []
    for label in known:
        own = named[label]
        if own is None and words.kind_of(label) != "ingredient":
            continue
        items = [i for i in detections.items if i.label == label and i.confidence >= use.least_confidence]
        in_use = [i for i in items if _near_any(i, by_time.get(i.time_s, ()), use.near)]
        standing = len({i.time_s for i in items}) > use.standing_share * max(1, len(detections.times_s))
        if own is None and not (contact_known and in_use):
            continue
        counted = in_use if contact_known and in_use else items
        weight = 0.5 if standing and not in_use else 1.0
        seen += [
            IngredientSeen(ingredient=own or label, time_s=visit[0].time_s, confidence=best * weight)
            for visit in _visits(counted, use.same_visit_gap_s)
            if (best := max(item.confidence for item in visit)) >= _needed(visit, use)
        ]
    seen.sort(key=lambda item: (item.time_s, item.ingredient))
    reachable = {ingredient_id for ingredient_id in named.values() if ingredient_id is not None}
    lost = tuple(i.ingredient_id for i in dish.ingredients if i.ingredient_id not in reachable)
    return IngredientsFound(tuple(seen), lost)


def _ingredient_of(label: str, dish: Dish, words: Labels) -> str | None:
    covered = words.words_of(label)
    own = normalised(label)
    found = []
    for ingredient in dish.ingredients:
        aliases = [alias for names in ingredient.aliases.values() for alias in names]
        names = {normalised(name) for name in (ingredient.ingredient_id, ingredient.name, *aliases)}
        if own in names:
            return ingredient.ingredient_id
        if names & covered:
            found.append(ingredient.ingredient_id)
    # A label that could be two of the dish's ingredients names neither.
    return found[0] if len(found) == 1 else None


def _near_any(item: Detection, others: Iterable[Detection], near: float) -> bool:
    return any(_gap(item, other) <= near for other in others)


def _gap(a: Detection, b: Detection) -> float:
    across = max(0.0, a.box[0] - b.box[2], b.box[0] - a.box[2])
    down = max(0.0, a.box[1] - b.box[3], b.box[1] - a.box[3])
    return max(across, down)


def _visits(items: list[Detection], gap_s: float) -> list[list[Detection]]:
    visits: list[list[Detection]] = []
    for item in sorted(items, key=lambda i: i.time_s):
        if visits and item.time_s - visits[-1][-1].time_s <= gap_s:
            visits[-1].append(item)
        else:
            visits.append([item])
    return visits


def _needed(visit: list[Detection], use: IngredientParameters) -> float:
    looks = len({item.time_s for item in visit})
    return use.least_confidence if looks > 1 else use.single_look_confidence
