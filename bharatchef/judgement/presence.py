"""Steps left out, not seen, repeated, or not of this dish; knows nothing of order errors or durations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import exp, log, log10
from statistics import median

from bharatchef.judgement.durations import DurationModel
from bharatchef.judgement.findings import Finding, clock, length, words_for
from bharatchef.judgement.graph import Node, StepGraph
from bharatchef.judgement.matching import Doing, Matching
from bharatchef.judgement.thresholds import PresenceThresholds
from bharatchef.observed import Performance, SourceErrors
from bharatchef.vocabulary import Category, DeviationKind, Span


def absence_findings(
    graph: StepGraph,
    matched: Matching,
    models: Mapping[str, DurationModel],
    performance: Performance,
    thresholds: PresenceThresholds,
    inferred: Collection[Node] = (),
) -> tuple[Finding, ...]:
    """A finding for every required time that nothing did: missing, or not seen where that is likelier.

    Missing needs evidence that the step could have been seen: the stretch between its neighbours in
    the dish's order was in view, the source seldom fails to report a step that was done, and no free
    time is left in which the step would fit. A missing step's confidence is the probability that it
    was left out, a not seen one's that it was not.

    Args:
        inferred: required times that were most probably done, though nothing reported them: no finding.
    """
    if not matched.done:
        return ()
    return tuple(
        _absence(graph, matched, node, models.get(node.step_id), performance, thresholds)
        for node in graph.nodes
        if node not in matched.done and node not in inferred and not graph.steps[node.step_id].optional
    )


def _absence(
    graph: StepGraph,
    matched: Matching,
    node: Node,
    model: DurationModel | None,
    performance: Performance,
    thresholds: PresenceThresholds,
) -> Finding:
    step = graph.steps[node.step_id]
    window = _window(graph, matched, node, performance)
    shortest_s = step.duration.min_s if step.duration else 0.0
    hidden_s = longest_gap_s(performance.observed, window)
    kind, confidence = DeviationKind.NOT_SEEN, 1.0
    if node.step_id in performance.unrecognisable_steps:
        seen = "what looked at the film cannot tell this step from others"
    elif hidden_s > max(thresholds.hidden_gap_s, shortest_s / 2):
        seen = f"{length(hidden_s)} in which it may have been done could not be seen"
    else:
        sure = _left_out(graph, node, matched, window, model, performance, thresholds)
        if sure >= thresholds.missing_from:
            kind, confidence = DeviationKind.MISSING, sure
            seen = "all of the time in which it belongs was in view, and it was not done"
        else:
            confidence = 1.0 - sure
            seen = "it was not recognised, but there was time for it, and it is easily overlooked"
    times = f", time {node.time} of {step.required_count}" if step.required_count > 1 else ""
    return Finding(
        kind=kind,
        category=Category.STEP_SEQUENCE,
        step_id=node.step_id,
        span=window,
        expected=f"{words_for(step)}{times}",
        expected_source="steps of the dish",
        seen=seen,
        confidence=confidence,
        safety_id=next(iter(step.safety), None),
        subject=str(node.time),
    )


def _left_out(
    graph: StepGraph,
    node: Node,
    matched: Matching,
    window: Span,
    model: DurationModel | None,
    performance: Performance,
    thresholds: PresenceThresholds,
) -> float:
    """The probability that a step was left out, not overlooked, all of its time having been in view.

    Where it was counted what glimpses of an action tell of that, they tell it; else the free time does.
    """
    errors = performance.source_errors
    overlooked = _overlooked(graph.steps[node.step_id].action, model, errors)
    if errors is not None and errors.left_out is not None:
        odds = odds_by_rates(graph, node, model, performance, thresholds)
        odds += errors.left_out.height + errors.left_out.slope * glimpsed(graph, node, matched, performance)
        return 1.0 / (1.0 + exp(-odds))
    odds = log(thresholds.skip_rate / max(overlooked, _miss_rate(matched, performance, thresholds)))
    if model is not None:
        taken = [Span(start_s=d.start_s, end_s=d.end_s) for d in matched.done.values()]
        room = log(longest_gap_s(taken, window) + 1.0) - model.mean
        share = min(1.0, max(0.0, room / thresholds.no_room_from))
        odds += thresholds.room_weight + share * (thresholds.no_room_weight - thresholds.room_weight)
    return 1.0 / (1.0 + exp(-odds))


def odds_by_rates(
    graph: StepGraph,
    node: Node,
    model: DurationModel | None,
    performance: Performance,
    thresholds: PresenceThresholds,
) -> float:
    """The odds, in nats, of a step's having been left out and not overlooked, by how often either happens."""
    overlooked = _overlooked(graph.steps[node.step_id].action, model, performance.source_errors)
    usual = thresholds.miss_rate.get(performance.source.kind, 1.0)
    return log(thresholds.skip_rate / max(1e-6, overlooked, usual))


def glimpsed(graph: StepGraph, node: Node, matched: Matching, performance: Performance) -> float:
    """The log10 of how likely a step's action looked at best, where it belongs and nothing did it.

    Not below -3. A doing of the same action is another one's, and what looks like it there says nothing.
    """
    action = graph.steps[node.step_id].action
    window = _window(graph, matched, node, performance)
    errors = performance.source_errors
    off_s = (errors.boundary_s if errors is not None else None) or 0.0
    taken = [d for d in (*matched.done.values(), *matched.surplus) if graph.steps[d.step_id].action == action]
    best = max(
        (
            likely
            for seen in performance.glimpses
            if seen.action == action
            for at_s, likely in zip(seen.times_s, seen.probabilities, strict=True)
            if window.start_s - off_s <= at_s <= window.end_s + off_s
            and not any(doing.start_s <= at_s <= doing.end_s for doing in taken)
        ),
        default=0.0,
    )
    return log10(max(1e-3, best))


def _window(graph: StepGraph, matched: Matching, node: Node, performance: Performance) -> Span:
    """Where in the film the step belongs; all of the film where its neighbours stand the wrong way round."""
    earliest = max((matched.done[n].end_s for n in graph.before[node] if n in matched.done), default=0.0)
    latest = min(
        (matched.done[n].start_s for n in graph.after[node] if n in matched.done),
        default=performance.duration_s,
    )
    if latest < earliest:
        return Span(start_s=0.0, end_s=performance.duration_s)
    return Span(start_s=earliest, end_s=latest)


def longest_gap_s(spans: Sequence[Span], window: Span) -> float:
    """The longest stretch of ``window`` that no span covers, seconds."""
    gap, reached = 0.0, window.start_s
    for span in sorted(spans, key=lambda s: (s.start_s, s.end_s)):
        if span.end_s <= reached:
            continue
        if span.start_s >= window.end_s:
            break
        gap = max(gap, span.start_s - reached)
        reached = span.end_s
    return max(gap, window.end_s - reached)


def _miss_rate(matched: Matching, performance: Performance, thresholds: PresenceThresholds) -> float:
    """How likely the source overlooks a step: its usual rate, or worse where it is unsure itself.

    The middle of its doubts is taken: where it cannot tell two steps of one action apart, it did see them.
    """
    usual = thresholds.miss_rate.get(performance.source.kind, 1.0)
    doubts = [1.0 - doing.confidence for doing in matched.done.values()]
    return max(1e-6, usual, median(doubts) if doubts else 1.0)


def _overlooked(action: str, model: DurationModel | None, errors: SourceErrors | None) -> float:
    """How often the source overlooks this very step, by what was counted of it; 0 where nobody counted."""
    if errors is None:
        return 0.0
    short = model.share_below(errors.short_s) if model is not None else 0.0
    return short * errors.short_overlooked + (1.0 - short) * errors.rate(action, None)


def surplus_findings(
    graph: StepGraph, matched: Matching, performance: Performance, thresholds: PresenceThresholds
) -> tuple[Finding, ...]:
    """A finding for each doing beyond the required times, and for each that is no step of the dish.

    Of a source that often reports what was not there, a surplus is more probably its mistake than the cook's.
    """
    found = []
    for doing in matched.surplus:
        step = graph.steps[doing.step_id]
        times = "once" if step.required_count == 1 else f"{step.required_count} times"
        found.append(
            Finding(
                kind=DeviationKind.REPEATED,
                category=Category.STEP_SEQUENCE,
                step_id=doing.step_id,
                span=Span(start_s=doing.start_s, end_s=doing.end_s),
                segments=doing.indices,
                expected=f"{words_for(step)} {times}",
                expected_source="steps of the dish",
                seen=f"done again at {clock(doing.start_s)}",
                confidence=_really_done(doing, performance, thresholds),
            )
        )
    for doing in matched.unknown:
        found.append(
            Finding(
                kind=DeviationKind.EXTRA,
                category=Category.STEP_SEQUENCE,
                span=Span(start_s=doing.start_s, end_s=doing.end_s),
                segments=doing.indices,
                expected="the steps of this dish",
                expected_source="steps of the dish",
                seen=f"“{doing.step_id}” at {clock(doing.start_s)}, which this dish does not ask for",
                confidence=_really_done(doing, performance, thresholds),
                subject=doing.step_id,
            )
        )
    return tuple(found)


def _really_done(doing: Doing, performance: Performance, thresholds: PresenceThresholds) -> float:
    """The probability that something nobody asked for was done, and is no mistake of who reported it."""
    if performance.source_errors is not None:
        odds = thresholds.surplus_odds * doing.confidence
        return odds / (odds + 1.0 - min(doing.confidence, 0.999))
    false_rate = thresholds.false_rate.get(performance.source.kind, 1.0)
    return doing.confidence * thresholds.surplus_rate / (thresholds.surplus_rate + false_rate)


def another_dish(graph: StepGraph, matched: Matching, share: float) -> str:
    """Why this film seems to show another dish; empty where it shows this one.

    Args:
        share: of the required times, the share that must have been met, 0 to 1.
    """
    required = [node for node in graph.nodes if not graph.steps[node.step_id].optional]
    met = sum(node in matched.done for node in required)
    if len(required) < 4 or met >= share * len(required):
        return ""
    return (
        f"only {met} of this dish's {len(required)} steps were found: the film seems to show another "
        "dish, or too little of this one"
    )
