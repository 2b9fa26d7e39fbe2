"""One performance against one dish: all deviations, what did what, and what could not be judged.

Pure: no clock, no disk, no network, and no scores; the same input always gives the same judgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bharatchef.judgement.confidence import come_true
from bharatchef.judgement.durations import DurationModel, duration_models
from bharatchef.judgement.findings import numbered
from bharatchef.judgement.gaps import done_unseen
from bharatchef.judgement.graph import Node, StepGraph, step_graph
from bharatchef.judgement.marks import (
    heat_assessment,
    ingredient_assessment,
    plate_assessment,
    technique_assessment,
)
from bharatchef.judgement.matching import Matching, doings, matching
from bharatchef.judgement.order import order_findings
from bharatchef.judgement.presence import (
    absence_findings,
    another_dish,
    glimpsed,
    odds_by_rates,
    surplus_findings,
)
from bharatchef.judgement.repair import repaired
from bharatchef.judgement.thresholds import Thresholds
from bharatchef.judgement.timing import time_suspicions, timing_findings
from bharatchef.observed import Performance
from bharatchef.records import Deviation, Dish, Judgement
from bharatchef.vocabulary import Category, DeviationKind, Span


def judge(dish: Dish, performance: Performance, thresholds: Thresholds) -> Judgement:
    """What went wrong in ``performance`` by the word of ``dish``, each finding with its evidence.

    Where nothing recognised the steps, or too few of them are this dish's, no step is called missing
    and step sequence and timing are not assessed, with the reason.

    Raises:
        KnowledgeError: the dish's order runs in a circle or names a step that it has not.
    """
    graph, matched, models = _matched(dish, performance, thresholds)
    blind = _steps_not_judged(graph, matched, performance, thresholds)
    heat = heat_assessment(graph, matched, performance, thresholds.heat)
    visual = ingredient_assessment(dish, graph, matched, performance, thresholds.ingredients)
    technique = technique_assessment(graph, performance)
    plate = plate_assessment(dish, performance, thresholds.plate)
    findings = [*visual.findings, *technique.findings, *plate.findings]
    inferred: Mapping[Node, float] = {}
    if not blind:
        experts = expert_matchings(dish, graph, thresholds)
        inferred = _inferred(graph, matched, models, experts, performance, thresholds)
        findings += order_findings(graph, matched, experts, thresholds.order)
        findings += absence_findings(graph, matched, models, performance, thresholds.presence, inferred)
        findings += surplus_findings(graph, matched, performance, thresholds.presence)
        findings += timing_findings(graph, matched, models, performance, thresholds.timing)
        findings += heat.findings
    # Segments that were read by what was counted of their source's errors come true by curves of their own.
    source = performance.source.kind if performance.source_errors is None else "counted_model"
    deviations = come_true(thresholds.confidence, source, numbered(findings))
    return Judgement(
        deviations=deviations,
        matches=tuple(
            (node.step_id, matched.done[node].indices[0]) for node in graph.nodes if node in matched.done
        ),
        told_from=thresholds.told_from.get(source, 0.0),
        sequence_accuracy=None if blind else _sequence_accuracy(graph, matched, deviations, len(inferred)),
        assessable={
            Category.STEP_SEQUENCE: blind,
            Category.TIMING: blind or _timing_not_judged(matched, models),
            Category.TECHNIQUE: technique.unassessed,
            Category.HEAT: blind or heat.unassessed,
            Category.VISUAL: visual.unassessed,
            Category.PLATING: plate.unassessed,
        },
        thresholds_version=thresholds.version,
        thresholds_sha256=thresholds.sha256,
        inferred=tuple((node.step_id, round(sure, 4)) for node, sure in inferred.items()),
        heat_unsettled=() if blind else heat.unsettled,
    )


def wrong_times(dish: Dish, performance: Performance, thresholds: Thresholds) -> dict[int, float]:
    """How probable it is that each segment took the wrong time, by its place in the performance, 0 to 1.

    Holds all segments that did a step of known duration, also those too improbable to be told of.
    """
    graph, matched, models = _matched(dish, performance, thresholds)
    found = time_suspicions(graph, matched, models, performance, thresholds.timing)
    return {index: sure for node, sure in found.items() for index in matched.done[node].indices}


def absent_steps(
    dish: Dish, performance: Performance, thresholds: Thresholds
) -> dict[str, tuple[float, float]]:
    """What tells whether a step was left out, of each required one that nothing did and that can be found.

    A step that is asked for several times counts once.

    Returns:
        By step, the odds of it by rates alone, in nats, and the log10 of the step's best glimpse.
    """
    graph, matched, models = _matched(dish, performance, thresholds)
    return {
        node.step_id: (
            odds_by_rates(graph, node, models.get(node.step_id), performance, thresholds.presence),
            glimpsed(graph, node, matched, performance),
        )
        for node in graph.nodes
        if node not in matched.done
        and not graph.steps[node.step_id].optional
        and node.step_id not in performance.unrecognisable_steps
    }


def expected_mistakes(judgement: Judgement, wrong_times: Mapping[int, float]) -> float:
    """How many mistakes in steps and times a performance is expected to hold, each with its probability.

    A step that was not seen, or that is only inferred to have been done, counts with the probability
    that it was left out all the same.

    Args:
        wrong_times: of each segment the probability that it took the wrong time (``wrong_times``).
    """
    count = sum(wrong_times.values()) + sum(1.0 - sure for _, sure in judgement.inferred)
    for deviation in judgement.deviations:
        if deviation.category is not Category.STEP_SEQUENCE or deviation.cause_id is not None:
            continue
        unseen = deviation.kind is DeviationKind.NOT_SEEN
        count += 1.0 - deviation.confidence if unseen else deviation.confidence
    return count


def _matched(
    dish: Dish, performance: Performance, thresholds: Thresholds
) -> tuple[StepGraph, Matching, Mapping[str, DurationModel]]:
    graph = step_graph(dish)
    models = duration_models(dish, thresholds.durations)
    gap_s = thresholds.presence.same_step_gap_s
    if performance.source.kind in thresholds.repair.sources:
        found = doings(performance.segments, graph, gap_s, models)
        return (
            graph,
            repaired(
                graph,
                found,
                models,
                expert_matchings(dish, graph, thresholds),
                thresholds,
                performance.source_errors,
            ),
            models,
        )
    return graph, matching(graph, doings(performance.segments, graph, gap_s), thresholds), models


def expert_matchings(dish: Dish, graph: StepGraph, thresholds: Thresholds) -> tuple[Matching, ...]:
    """Each expert performance of the dish, matched to its steps as a trainee's is."""
    gap_s = thresholds.presence.same_step_gap_s
    return tuple(
        matching(graph, doings(p.actions, graph, gap_s), thresholds) for p in dish.expert_performances
    )


def _inferred(
    graph: StepGraph,
    matched: Matching,
    models: Mapping[str, DurationModel],
    experts: Sequence[Matching],
    performance: Performance,
    thresholds: Thresholds,
) -> dict[Node, float]:
    """The required times that a fallible source did not report, but that were most probably done."""
    if performance.source.kind not in thresholds.repair.sources or not performance.observed:
        return {}
    filmed = Span(
        start_s=min(span.start_s for span in performance.observed),
        end_s=max(span.end_s for span in performance.observed),
    )
    found = done_unseen(graph, matched, models, experts, filmed, thresholds)
    return {node: sure for node, sure in found.items() if sure >= thresholds.gaps.done_from}


def _steps_not_judged(
    graph: StepGraph, matched: Matching, performance: Performance, thresholds: Thresholds
) -> str:
    if performance.segments_unavailable is not None:
        return performance.segments_unavailable.reason
    if not graph.nodes:
        return "this dish has no steps"
    if not matched.done:
        return "no step of this dish was recognised in the film"
    return another_dish(graph, matched, thresholds.presence.another_dish_share)


def _timing_not_judged(matched: Matching, models: Mapping[str, DurationModel]) -> str:
    if any(node.step_id in models for node in matched.done):
        return ""
    return "no step that was seen has a duration in this dish"


def _sequence_accuracy(
    graph: StepGraph, matched: Matching, deviations: tuple[Deviation, ...], inferred: int
) -> float | None:
    """The share of required times done that broke no order; not seen and inferred ones count neither way."""
    disordered = {
        (deviation.step_id, index)
        for deviation in deviations
        if deviation.kind is DeviationKind.OUT_OF_ORDER and deviation.cause_id is None
        for index in deviation.segments
    }
    unseen = sum(
        d.kind is DeviationKind.NOT_SEEN and d.category is Category.STEP_SEQUENCE for d in deviations
    )
    required = sum(not graph.steps[node.step_id].optional for node in graph.nodes) - unseen - inferred
    if required <= 0:
        return None
    right = sum(
        not graph.steps[node.step_id].optional
        and not any((node.step_id, index) in disordered for index in doing.indices)
        for node, doing in matched.done.items()
    )
    return right / required
