"""Lays out a correct performance of a dish given as plain data; knows no dish file and no records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kitchen_sim.errors import DrawingError
from kitchen_sim.script import Script, ScriptStep
from kitchen_sim.storyboard import motion_of

_USUAL_LENGTH_S = (4.0, 9.0)


def script_from_steps(
    steps: Iterable[Mapping[str, Any]],
    *,
    dish: str,
    seed: int = 0,
    longest_step_s: float = 20.0,
    with_optional: bool = True,
    **film: Any,
) -> Script:
    """A correct performance: a random order that keeps every ``must_come_after``, times within their ranges.

    Args:
        steps: one mapping a step with ``step_id`` and ``action``, and where known ``objects``,
            ``ingredients``, ``min_s``, ``max_s``, ``heat``, ``must_come_after`` (step ids),
            ``required_count``, ``optional``.
        dish: the dish's id.
        seed: chooses order, times, gaps and style; the same seed gives the same script.
        longest_step_s: no step is drawn longer than this, unless its ``min_s`` asks for more.
        with_optional: whether optional steps are done.
        film: any other field of ``Script`` (size, fps, camera, style_group …).

    Raises:
        DrawingError: the order has a circle or names an unknown step, or an action cannot be drawn.
    """
    rng = np.random.default_rng([0x1A70, seed])
    rows = [dict(row) for row in steps if with_optional or not row.get("optional", False)]
    by_id = {str(row["step_id"]): row for row in rows}
    done: list[dict[str, Any]] = []
    waiting = dict(by_id)
    while waiting:
        free = [
            name
            for name, row in waiting.items()
            if not any(other in waiting for other in row.get("must_come_after", ()))
        ]
        if not free:
            raise DrawingError(
                f"expected an order without a circle, but each of {sorted(waiting)} waits for another"
            )
        name = free[int(rng.integers(len(free)))]
        row = waiting.pop(name)
        done += [row] * int(row.get("required_count", 1))
    at_s = round(float(rng.uniform(0.6, 1.4)), 2)
    laid: list[ScriptStep] = []
    for row in done:
        motion_of(str(row["action"]))
        length_s = _length(row, longest_step_s, rng)
        end_s = round(at_s + length_s, 2)
        laid.append(
            ScriptStep(
                step_id=str(row["step_id"]),
                action=str(row["action"]),
                objects=tuple(row.get("objects", ())),
                ingredients=tuple(row.get("ingredients", ())),
                start_s=at_s,
                end_s=end_s,
                heat=row.get("heat"),
                expected_min_s=row.get("min_s"),
                expected_max_s=row.get("max_s"),
                must_come_after=tuple(row.get("must_come_after", ())),
            )
        )
        at_s = round(end_s + float(rng.uniform(0.5, 1.4)), 2)
    return Script(dish=dish, seed=seed, steps=tuple(laid), duration_s=round(at_s + 0.6, 2), **film)


def _length(row: Mapping[str, Any], longest_s: float, rng: np.random.Generator) -> float:
    low, high = row.get("min_s"), row.get("max_s")
    if low is None or high is None:
        return round(float(rng.uniform(*_USUAL_LENGTH_S)), 2)
    low, high = max(1.0, float(low)), max(1.0, float(high))
    shortest = low + 0.12 * (high - low) if high - low < 20 else low * 1.15 + 0.5
    top = min(0.9 * high if 0.9 * high > low else high, max(longest_s, shortest), max(shortest, low * 2 + 6))
    return round(float(rng.uniform(min(shortest, top), top)), 2)
