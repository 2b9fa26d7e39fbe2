"""Turns how sure a finding looks into how often such findings come true; knows nothing of dishes or films.

Each part of judging works its confidence out in its own way. What they say is held against recordings and
drawn films whose mistakes are known (``benchmarks/models/confidence.py``), by kind of source and of
deviation; a rising curve of few points puts it right. It never turns two findings of a kind round.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator

from bharatchef.records import Deviation
from bharatchef.vocabulary import Confidence, DeviationKind

Point = tuple[Confidence, Confidence]


def _rising(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if len(points) < 2 or points[0][0] != 0 or points[-1][0] != 1:
        raise ValueError("expected points from 0 to 1")
    if any(b[0] <= a[0] or b[1] < a[1] for a, b in pairwise(points)):
        raise ValueError("expected points that rise from left to right")
    return points


Curve = Annotated[tuple[Point, ...], AfterValidator(_rising)]


Curves = dict[str, dict[DeviationKind, Curve]]


def come_true(curves: Curves, source: str, deviations: tuple[Deviation, ...]) -> tuple[Deviation, ...]:
    """The deviations, each as sure as findings of its kind that look like it come true.

    Args:
        curves: points (stated, true) by kind of source and of deviation; where there is none, what was stated
            stands.
        source: the kind of source that said what was done (``SegmentSource.kind``), or ``counted_model`` for
            an action model whose errors were counted.
    """
    mine = curves.get(source, {})
    return tuple(
        d.model_copy(update={"confidence": round(_on(mine[d.kind], d.confidence), 4)})
        if d.kind in mine
        else d
        for d in deviations
    )


def _on(curve: Curve, stated: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(curve):
        if stated <= x1:
            return y0 + (y1 - y0) * (stated - x0) / (x1 - x0)
    return curve[-1][1]
