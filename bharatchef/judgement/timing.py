"""Steps that took too long or too short, on a log scale; knows nothing of order or scores."""

from __future__ import annotations

from math import exp, log

from bharatchef.judgement.findings import Finding, length, words_for
from bharatchef.judgement.graph import StepGraph
from bharatchef.judgement.matching import Matching
from bharatchef.judgement.thresholds import TimingThresholds
from bharatchef.records import DurationRange
from bharatchef.vocabulary import Category, DeviationKind, Span


def beyond(duration_s: float, allowed: DurationRange, boundary_s: float) -> float:
    """How far a duration lies outside its range as a natural log, below 0 if too short, 0 inside.

    ``boundary_s`` is how far marks of beginning and end are from the truth: it widens the range, so
    that short steps are not judged finer than they can be marked.
    """
    if duration_s > allowed.max_s + boundary_s:
        return log((duration_s + 1.0) / (allowed.max_s + boundary_s + 1.0))
    if duration_s < allowed.min_s - boundary_s:
        return log((duration_s + 1.0) / (allowed.min_s - boundary_s + 1.0))
    return 0.0


def timing_findings(graph: StepGraph, matched: Matching, thresholds: TimingThresholds) -> tuple[Finding, ...]:
    """A finding for each matched step whose duration lies outside the dish's range with enough certainty."""
    found = []
    for node, doing in sorted(matched.done.items()):
        step = graph.steps[node.step_id]
        if step.duration is None:
            continue
        excess = beyond(doing.length_s, step.duration, thresholds.boundary_s)
        sure = 1.0 / (1.0 + exp(-thresholds.sharpness * (abs(excess) - log(thresholds.half_factor))))
        if excess == 0.0 or sure < thresholds.report_from:
            continue
        found.append(
            Finding(
                kind=DeviationKind.TOO_LONG if excess > 0 else DeviationKind.TOO_SHORT,
                category=Category.TIMING,
                step_id=node.step_id,
                span=Span(start_s=doing.start_s, end_s=doing.end_s),
                segments=doing.indices,
                expected=f"{words_for(step)} for {_range(step.duration)}",
                expected_source=step.duration.source,
                seen=f"it took {length(doing.length_s)}",
                confidence=sure * doing.confidence,
                safety_id=next(iter(step.safety), None) if excess < 0 else None,
            )
        )
    return tuple(found)


def _range(allowed: DurationRange) -> str:
    low, high = length(allowed.min_s), length(allowed.max_s)
    return low if low == high else f"{low} to {high}"
