"""Every deviation that a dish can be judged to have, one a kind and place; knows no tip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bharatchef.records import Deviation, Dish
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel


def place(deviation: Deviation) -> str:
    """Where a deviation is, as a table names it: "step", "step < step" for an order, with its subject."""
    if deviation.kind is DeviationKind.OUT_OF_ORDER:
        pair = (deviation.related_step_id, deviation.step_id)
        first, then = pair if deviation.subject == "begun too early" else pair[::-1]
        return f"{first} < {then}"
    if deviation.kind is DeviationKind.MISSING:
        return str(deviation.step_id)
    return " ".join(part for part in (deviation.step_id, deviation.subject) if part) or "plate"


def deviations(dish: Dish) -> Iterator[Deviation]:
    """All of one dish; those with an order twice, once for each step that may be told as the wrong one."""
    for step in dish.expected_steps:
        yield deviation(DeviationKind.MISSING, step.step_id, subject="1")
        yield deviation(DeviationKind.REPEATED, step.step_id)
        if step.duration:
            yield deviation(DeviationKind.TOO_LONG, step.step_id)
            yield deviation(DeviationKind.TOO_SHORT, step.step_id)
        for level in HeatLevel if step.heat else ():
            if level is not step.heat:
                yield deviation(DeviationKind.WRONG_HEAT, step.step_id, subject=str(level))
        for point in step.technique:
            yield deviation(DeviationKind.POOR_TECHNIQUE, step.step_id, subject=point.point_id)
        for edge in step.must_come_after:
            yield deviation(DeviationKind.OUT_OF_ORDER, step.step_id, edge.step_id, "begun too early")
            yield deviation(DeviationKind.OUT_OF_ORDER, edge.step_id, step.step_id, "begun too late")
    for ingredient in dish.ingredients:
        used = (s.step_id for s in dish.expected_steps if ingredient.ingredient_id in s.ingredients)
        yield deviation(DeviationKind.WRONG_INGREDIENT, next(used, None), subject=ingredient.ingredient_id)
    yield deviation(DeviationKind.POOR_PLATING)


def deviation(
    kind: DeviationKind,
    step_id: str | None = None,
    related: str | None = None,
    subject: str = "",
    **given: Any,
) -> Deviation:
    """A deviation of a kind; ``given`` are further fields of the record."""
    usual: dict[str, Any] = {
        "deviation_id": "d1",
        "category": Category.STEP_SEQUENCE,
        "expected": "as the dish asks",
        "expected_source": "the dish",
        "seen": "otherwise",
        "confidence": 1,
    }
    fields = {"kind": kind, "step_id": step_id, "related_step_id": related, "subject": subject}
    return Deviation(**{**usual, **fields, **given})
