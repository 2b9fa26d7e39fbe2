"""Steps that took too long or too short, on a log scale; knows nothing of order or scores."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, hypot, log, sqrt

from bharatchef.judgement.durations import DurationModel
from bharatchef.judgement.findings import Finding, length, words_for
from bharatchef.judgement.graph import Node, StepGraph
from bharatchef.judgement.marks import heat_held_s
from bharatchef.judgement.matching import Doing, Matching
from bharatchef.judgement.thresholds import TimingThresholds
from bharatchef.observed import Performance, Unavailable
from bharatchef.records import DurationRange, ExpectedStep
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel, Span


def time_suspicions(
    graph: StepGraph,
    matched: Matching,
    models: Mapping[str, DurationModel],
    performance: Performance,
    thresholds: TimingThresholds,
) -> dict[Node, float]:
    """For each matched step with a known duration, how probable it is that its time was wrong, 0 to 1.

    Where enough experts were seen it is the posterior of two hypotheses, that the duration is one of
    people who can cook or one of a cook who got the time wrong; elsewhere it grows with how far the
    duration leaves the dish's range. A step that was on the heat for only part of its time
    took as long as the heat was on.
    """
    boundary_s = _boundary_s(performance, thresholds)
    found = {}
    for node, doing in matched.done.items():
        step = graph.steps[node.step_id]
        model = models.get(node.step_id)
        took_s = time_taken_s(step, doing, performance)
        if model is not None and model.learnt_from >= thresholds.experts_from:
            found[node] = _posterior(took_s, model, time_matters(step, model), boundary_s, thresholds)
        elif step.duration is not None:
            timed = time_matters(step, model)
            factor = thresholds.half_factor_timed if timed else thresholds.half_factor_other
            excess = abs(beyond(took_s, step.duration, boundary_s))
            even = -log(factor) if excess == 0.0 else excess - log(factor)
            found[node] = 1.0 / (1.0 + exp(-thresholds.sharpness * even))
    return found


def _boundary_s(performance: Performance, thresholds: TimingThresholds) -> float:
    """How far marks of beginnings and ends are from the truth: as counted, else as is usual."""
    counted = performance.source_errors.boundary_s if performance.source_errors is not None else None
    if counted is not None:
        return counted
    return thresholds.boundary_s.get(performance.source.kind, max(thresholds.boundary_s.values()))


def time_taken_s(step: ExpectedStep, doing: Doing, performance: Performance) -> float:
    """How long a step took, seconds: by the heat going on and off where the step asks for heat.

    Only where the heat was on for at least half of the step: less is another mistake, of the heat.
    """
    if step.heat in (None, HeatLevel.OFF) or isinstance(performance.heat, Unavailable):
        return doing.length_s
    held_s = heat_held_s(performance.heat, doing)
    unknown_s = doing.length_s - sum(held_s.values())
    on_s = doing.length_s - held_s.get(HeatLevel.OFF, 0.0)
    return on_s if unknown_s < 0.5 * doing.length_s <= on_s else doing.length_s


def time_matters(step: ExpectedStep, model: DurationModel | None) -> bool:
    """Whether the dish says that this step's time matters: its words name a time, or it asks for a flame."""
    return step.heat not in (None, HeatLevel.OFF) or (model is not None and model.timed)


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


def _posterior(
    duration_s: float, model: DurationModel, timed: bool, boundary_s: float, thresholds: TimingThresholds
) -> float:
    rate = thresholds.wrong_rate_timed if timed else thresholds.wrong_rate_other
    marking = sqrt(2.0) * boundary_s / (duration_s + boundary_s)
    wrong = model.log_density(duration_s, extra_spread=hypot(thresholds.wrong_spread, marking))
    odds = log(rate / (1.0 - rate)) + wrong - model.log_density(duration_s, extra_spread=marking)
    return 1.0 / (1.0 + exp(-min(odds, 50.0)))


def timing_findings(
    graph: StepGraph,
    matched: Matching,
    models: Mapping[str, DurationModel],
    performance: Performance,
    thresholds: TimingThresholds,
) -> tuple[Finding, ...]:
    """A finding for each matched step whose time was wrong with enough certainty."""
    found = []
    for node, sure in sorted(time_suspicions(graph, matched, models, performance, thresholds).items()):
        if sure < thresholds.report_from:
            continue
        step, doing, model = graph.steps[node.step_id], matched.done[node], models[node.step_id]
        took_s = time_taken_s(step, doing, performance)
        too_long = took_s > model.middle_s
        on_heat = " on the heat" if took_s != doing.length_s else ""
        found.append(
            Finding(
                kind=DeviationKind.TOO_LONG if too_long else DeviationKind.TOO_SHORT,
                category=Category.TIMING,
                step_id=node.step_id,
                span=Span(start_s=doing.start_s, end_s=doing.end_s),
                segments=doing.indices,
                expected=f"{words_for(step)} for {_wanted(step, model, thresholds)}",
                expected_source=_source(step, model, thresholds),
                seen=f"it took {length(took_s)}{on_heat}",
                confidence=sure * doing.confidence,
                safety_id=None if too_long else next(iter(step.safety), None),
            )
        )
    return tuple(found)


def _wanted(step: ExpectedStep, model: DurationModel, thresholds: TimingThresholds) -> str:
    if step.duration is None or model.learnt_from >= thresholds.experts_from:
        return f"about {length(model.middle_s)}"
    low, high = length(step.duration.min_s), length(step.duration.max_s)
    return low if low == high else f"{low} to {high}"


def _source(step: ExpectedStep, model: DurationModel, thresholds: TimingThresholds) -> str:
    if model.learnt_from >= thresholds.experts_from:
        return f"{model.learnt_from} times by experts of this dish"
    return step.duration.source if step.duration else "the words of the step"
