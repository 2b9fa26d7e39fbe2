"""Small dishes and performances that the tests of judging, scoring and coaching share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bharatchef.observed import Analyser, Performance, SegmentSource, Unavailable
from bharatchef.records import (
    ActionSegment,
    Dish,
    DurationRange,
    ExpectedStep,
    Ingredient,
    OrderEdge,
    SafetyPoint,
    TechniquePoint,
)
from bharatchef.vocabulary import HeatLevel, Span


def unavailable(analyser: Analyser, reason: str = "nobody looked") -> Unavailable:
    return Unavailable(analyser=analyser, reason=reason)


def step(step_id: str, *after: str | OrderEdge, **fields: Any) -> ExpectedStep:
    edges = tuple(
        edge if isinstance(edge, OrderEdge) else OrderEdge(step_id=edge, reason=f"{step_id} needs {edge}.")
        for edge in after
    )
    fields.setdefault("action", "do")
    fields.setdefault("description", f"Do {step_id}")
    fields.setdefault("duration", DurationRange(min_s=5, max_s=30, source="a cook"))
    return ExpectedStep(step_id=step_id, must_come_after=edges, **fields)


def dish(*steps: ExpectedStep, **fields: Any) -> Dish:
    fields.setdefault("dish_id", "test-dish")
    return Dish(
        name="Test dish",
        expected_duration_s=300,
        ingredients=fields.pop("ingredients", ()),
        expected_steps=steps,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        version="1",
        sha256="0" * 64,
        **fields,
    )


def tea() -> Dish:
    """Tea: water is poured, boiled and gets leaves; milk is warmed beside it; all is mixed and served."""
    return dish(
        step("pour", action="pour", ingredients=("water",)),
        step("boil", "pour", heat=HeatLevel.HIGH, ingredients=("water",), safety=("hot-water",)),
        step(
            "leaves",
            "boil",
            ingredients=("tea",),
            technique=(
                TechniquePoint(point_id="measured", text="Measure the leaves.", why="Too many are bitter."),
            ),
        ),
        step("warm-milk", heat=HeatLevel.LOW, ingredients=("milk",)),
        step("mix", "leaves", "warm-milk"),
        step("serve", "mix"),
        dish_id="tea",
        ingredients=(
            Ingredient(ingredient_id="water", name="Water", amount="200 ml"),
            Ingredient(ingredient_id="tea", name="Tea", amount="2 g", aliases={"hi": ("chai patti",)}),
            Ingredient(ingredient_id="milk", name="Milk", amount="50 ml"),
            Ingredient(ingredient_id="clove", name="Clove", amount="1", optional=True),
        ),
        safety=(
            SafetyPoint(
                safety_id="hot-water",
                hazard="Scalds",
                rule="Keep the handle turned inwards.",
                source="A public body",
                source_url="https://example.org",
            ),
        ),
    )


TEA_DONE = (
    ("pour", 0, 10),
    ("boil", 12, 40),
    ("warm-milk", 20, 38),
    ("leaves", 42, 50),
    ("mix", 52, 70),
    ("serve", 72, 85),
)


def segments(rows: Sequence[tuple[str, float, float]], confidence: float = 1.0) -> tuple[ActionSegment, ...]:
    return tuple(
        ActionSegment(step_id=s, action_type=s, start_s=a, end_s=b, confidence=confidence) for s, a, b in rows
    )


def performance(
    rows: Sequence[tuple[str, float, float]],
    *,
    kind: str = "person",
    confidence: float = 1.0,
    observed: Sequence[tuple[float, float]] | None = None,
    duration_s: float | None = None,
    **fields: Any,
) -> Performance:
    end_s = duration_s if duration_s is not None else max([b for _, _, b in rows], default=0.0) + 5
    shown = [(0.0, end_s)] if observed is None else observed
    absent: Mapping[str, Unavailable] = {
        "heat": unavailable(Analyser.HEAT),
        "ingredients": unavailable(Analyser.OBJECTS),
        "technique": unavailable(Analyser.ACTIONS),
        "plate": unavailable(Analyser.PLATE),
    }
    return Performance(
        source=SegmentSource.model_validate({"kind": kind, "name": "test"}),
        segments=segments(rows, confidence),
        observed=tuple(Span(start_s=a, end_s=b) for a, b in shown),
        duration_s=end_s,
        **{**absent, **fields},
    )
