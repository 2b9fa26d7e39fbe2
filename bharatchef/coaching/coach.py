"""Deviations into a trainee's feedback by rules alone: always answers, adds nothing that was not judged.

Knows nothing of language models; one may word what stands here, and is checked against it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bharatchef.coaching.follow_up import PreviousAttempt, follow_ups
from bharatchef.coaching.words import Words
from bharatchef.judgement.findings import clock, length, words_for
from bharatchef.judgement.graph import StepGraph, step_graph
from bharatchef.observed import Performance
from bharatchef.ports import Tip, TipStore
from bharatchef.records import Deviation, Dish, Feedback, FollowUp, Judgement, Mistake, Scorecard
from bharatchef.vocabulary import Category, DeviationKind

_MOST_MISTAKES = 5
_TIPS_EACH = 2


def coach(
    evaluation_id: str,
    dish: Dish,
    judgement: Judgement,
    scorecard: Scorecard,
    performance: Performance,
    previous: PreviousAttempt | None,
    tips: TipStore | None,
) -> Feedback:
    """The coach's words on one judged performance.

    At most five mistakes, one a cause, the most important first; fewer where fewer are true, and a
    performance without any is told so. What was only not seen is no mistake.

    Args:
        previous: the trainee's last attempt, of any dish; mistakes of another dish are not followed up.
        tips: where reviewed advice is looked up; none is cited without it.
    """
    graph = step_graph(dish)
    words = Words(dish, graph)
    chosen = mistakes_that_matter(judgement, scorecard)
    told: list[Mistake] = []
    for priority, deviation in enumerate(chosen, start=1):
        cited = _tips(tips, words.query(deviation), dish.dish_id)
        told.append(
            Mistake(
                description=words.description(deviation),
                impact=words.impact(deviation),
                correction=words.correction(deviation),
                priority=priority,
                deviation_id=deviation.deviation_id,
                span=deviation.span,
                tip_ids=tuple(tip.tip_id for tip in cited),
                safety=_said_once(words.safety(deviation) or _leading_safety(cited), told),
            )
        )
    checked = follow_ups(dish, graph, judgement, performance, previous)
    return Feedback(
        evaluation_id=evaluation_id,
        mistakes=tuple(told),
        encouragement=_encouragement(graph, judgement, scorecard, performance, checked),
        next_steps=_next_steps(words, judgement, chosen),
        follow_ups=checked,
        previous_evaluation_id=previous.evaluation_id if previous and checked else None,
    )


def mistakes_that_matter(judgement: Judgement, scorecard: Scorecard) -> tuple[Deviation, ...]:
    """The deviations to tell of, at most five: causes that cost points, what touches safety first.

    Several losses with one cause are one mistake, and it weighs what all of them cost.
    """
    cost: dict[str, float] = {}
    weights = {c.category: c.weight for c in scorecard.categories}
    by_id = {deviation.deviation_id: deviation for deviation in judgement.deviations}
    for category in scorecard.categories:
        for loss in category.losses:
            cause = _root(loss.deviation_id, by_id)
            cost[cause] = cost.get(cause, 0.0) + loss.points * weights[category.category]
    ranked = sorted(
        (by_id[name] for name in cost),
        key=lambda d: (
            d.safety_id is None,
            -round(cost[d.deviation_id], 6),
            -d.confidence,
            d.deviation_id,
        ),
    )
    return tuple(ranked[:_MOST_MISTAKES])


def _root(deviation_id: str, by_id: Mapping[str, Deviation]) -> str:
    seen = {deviation_id}
    while (cause := by_id[deviation_id].cause_id) is not None and cause not in seen:
        deviation_id = cause
        seen.add(cause)
    return deviation_id


def _tips(tips: TipStore | None, query: str, dish_id: str) -> tuple[Tip, ...]:
    return tuple(tips.search(query, dish_id, _TIPS_EACH)) if tips else ()


def _leading_safety(cited: tuple[Tip, ...]) -> str:
    """A safety tip's own words where it is the best find; one found in passing is not about this mistake."""
    return cited[0].text if cited and cited[0].safety else ""


def _said_once(safety: str, told: list[Mistake]) -> str:
    # The dish's rule carries its source behind it, a tip of the same words does not.
    return "" if any(mistake.safety.startswith(safety) for mistake in told) else safety


def _encouragement(
    graph: StepGraph,
    judgement: Judgement,
    scorecard: Scorecard,
    performance: Performance,
    checked: tuple[FollowUp, ...],
) -> str:
    """Praise for something that really was right, or a plain word that nothing could be judged."""
    if all(category.score is None for category in scorecard.categories):
        return "Nothing in this film could be judged, so there is nothing to praise or to correct yet."
    praise = _praise(graph, judgement, scorecard, performance, checked)
    if any(category.losses for category in scorecard.categories):
        return praise
    unseen = len(judgement.inferred) + sum(d.kind is DeviationKind.NOT_SEEN for d in judgement.deviations)
    if scorecard.coverage < 1 or unseen:
        return f"No mistakes were found in what could be judged. {praise}".strip()
    return f"No mistakes: you did all of it as the dish asks. {praise}".strip()


def _praise(
    graph: StepGraph,
    judgement: Judgement,
    scorecard: Scorecard,
    performance: Performance,
    checked: tuple[FollowUp, ...],
) -> str:
    fixed = next((follow_up for follow_up in checked if follow_up.verdict == "fixed"), None)
    if fixed:
        return f"Well done, you have put a mistake of the last time right: {fixed.evidence}."
    faulty = {step for d in judgement.deviations for step in (d.step_id, d.related_step_id) if step}
    right = [(step, index) for step, index in judgement.matches if step not in faulty]
    done = {step for step, _ in judgement.matches}
    kinds = (DeviationKind.MISSING, DeviationKind.NOT_SEEN)
    absent = bool(judgement.inferred) or any(d.kind in kinds for d in judgement.deviations)
    if not judgement.assessable[Category.STEP_SEQUENCE]:
        ordered = all(d.kind is not DeviationKind.OUT_OF_ORDER for d in judgement.deviations)
        if ordered and not absent and len(done) > 1:
            return f"All {len(done)} steps were there, and in the right order."
        if ordered and len(done) > 1:
            return f"The {len(done)} steps that were seen came in the right order."
    if not judgement.assessable[Category.TIMING]:
        for step_id, index in right:
            if graph.steps[step_id].duration is not None:
                segment = performance.segments[index]
                return (
                    f"You did {words_for(graph.steps[step_id])} well: it took {length(segment.length_s)}, "
                    "just as long as it should."
                )
    if right:
        step_id, index = right[0]
        at = clock(performance.segments[index].start_s)
        return f"You did {words_for(graph.steps[step_id])} as the dish asks, at {at}."
    whole = next((c for c in scorecard.categories if c.score is not None and not c.losses), None)
    if whole:
        return f"Nothing was lost in {whole.category.replace('_', ' ')}."
    return ""


def _next_steps(words: Words, judgement: Judgement, chosen: tuple[Deviation, ...]) -> tuple[str, ...]:
    """What to do next time: the three corrections that matter most, then what would let more be judged."""
    steps = [words.correction(deviation) for deviation in chosen[:3]]
    unseen = [d for d in judgement.deviations if d.kind is DeviationKind.NOT_SEEN and d.step_id]
    if judgement.assessable[Category.STEP_SEQUENCE]:
        steps.append("Film the whole dish from a steady camera with hands and pan in view, then try again.")
    elif unseen:
        names = ", ".join(dict.fromkeys(words.named(d.step_id) for d in unseen[:3]))
        steps.append(f"Keep hands and pan in view next time; not seen: {names}.")
    if judgement.inferred:
        names = ", ".join(dict.fromkeys(words.named(step_id) for step_id, _ in judgement.inferred[:3]))
        steps.append(f"Look yourself whether you did this, which was not recognised: {names}.")
    if not chosen and not steps:
        steps.append("Cook it once more the same way, then try a dish that asks for more.")
    return tuple(dict.fromkeys(steps))
