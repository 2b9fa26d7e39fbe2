"""Heat, ingredients, technique and the plate, judged where somebody or something looked at them.

Knows nothing of order and timing. Each function says why it could not judge instead of guessing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bharatchef.judgement.findings import Finding, clock, words_for
from bharatchef.judgement.graph import Node, StepGraph
from bharatchef.judgement.matching import Doing, Matching
from bharatchef.judgement.settling import settled_heats
from bharatchef.judgement.thresholds import HeatThresholds, IngredientThresholds, PlateThresholds
from bharatchef.observed import HeatMark, IngredientSeen, Performance, Unavailable
from bharatchef.records import ActionSegment, Dish
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel, Span

_COMPLETE_SOURCES = ("person", "drawn_truth")


@dataclass(frozen=True)
class Assessment:
    """Findings of one category, why it could not be judged (empty: it could), and steps left unsettled."""

    findings: tuple[Finding, ...]
    unassessed: str = ""
    unsettled: tuple[str, ...] = ()


def heat_assessment(
    graph: StepGraph, matched: Matching, performance: Performance, thresholds: HeatThresholds
) -> Assessment:
    """Heat of each matched step that wants one, where enough of the step carries a heat mark.

    Of a model's word only what is settled counts, by how that model errs (``settling.py``).
    """
    if isinstance(performance.heat, Unavailable):
        return Assessment((), performance.heat.reason)
    wanting = [node for node in graph.nodes if graph.steps[node.step_id].heat is not None]
    if not wanting:
        return Assessment((), "this dish asks for no heat")
    if performance.heat_errors is not None:
        return _settled_assessment(graph, matched, performance, thresholds)
    found, judged = [], 0
    for node in wanting:
        if node not in matched.done:
            continue
        doing = matched.done[node]
        held_s = heat_held_s(performance.heat, doing)
        known_s = sum(held_s.values())
        if known_s < max(thresholds.known_share * doing.length_s, 1e-9):
            continue
        judged += 1
        finding = _heat_finding(graph, node, doing, held_s, thresholds)
        if finding:
            found.append(finding)
    if not judged:
        return Assessment((), "the heat is not known during any step that asks for one")
    return Assessment(tuple(found))


def _settled_assessment(
    graph: StepGraph, matched: Matching, performance: Performance, thresholds: HeatThresholds
) -> Assessment:
    assert performance.heat_errors is not None
    if not performance.heat_errors.kinds:
        return Assessment((), "nobody counted how the model that read the flame errs")
    settled = settled_heats(graph, matched, performance, thresholds)
    found, unsettled, judged = list[Finding](), list[str](), 0
    for node in (n for n in graph.nodes if n in matched.done):
        wanted = graph.steps[node.step_id].heat
        if wanted is None:
            continue
        chances = settled.get(node, {})
        right = chances.get(wanted, 0.0)
        if chances and 1 - right >= thresholds.wrong_from:
            level = max(
                (other for other in HeatLevel if other is not wanted), key=lambda other: chances[other]
            )
            seen = f"the flame looked like {_heat_words(level)}, held against the rest of this film"
            found.append(_wrong_heat(graph, node, matched.done[node], level, seen, 1 - right))
        elif right < thresholds.right_from:
            unsettled.append(node.step_id)
            continue
        judged += 1
    why = "" if judged else "the flame does not show clearly enough which heat any step was on"
    return Assessment(tuple(found), why, tuple(unsettled))


def heat_held_s(marks: Sequence[HeatMark], doing: Doing | ActionSegment) -> dict[HeatLevel, float]:
    """For how many seconds of a doing each heat was held; where marks overlap the later one counts."""
    cuts = sorted(
        {doing.start_s, doing.end_s}
        | {t for m in marks for t in (m.start_s, m.end_s) if doing.start_s < t < doing.end_s}
    )
    held: dict[HeatLevel, float] = {}
    latest_first = sorted(marks, key=lambda m: (-m.start_s, m.end_s, m.level))
    for start_s, end_s in pairwise(cuts):
        for mark in latest_first:
            if mark.start_s <= start_s and mark.end_s >= end_s:
                held[mark.level] = held.get(mark.level, 0.0) + end_s - start_s
                break
    return held


def heat_is_known(performance: Performance, indices: Sequence[int], known_share: float = 0.5) -> bool:
    """Whether heat marks cover at least ``known_share`` of each of these segments."""
    marks = performance.heat
    if isinstance(marks, Unavailable):
        return False
    return all(
        sum(heat_held_s(marks, performance.segments[i]).values())
        >= max(known_share * performance.segments[i].length_s, 1e-9)
        for i in indices
    )


def _heat_finding(
    graph: StepGraph, node: Node, doing: Doing, held_s: dict[HeatLevel, float], thresholds: HeatThresholds
) -> Finding | None:
    wanted = graph.steps[node.step_id].heat
    assert wanted is not None
    known_s = sum(held_s.values())
    wrong_s = known_s - held_s.get(wanted, 0.0)
    if wrong_s < thresholds.wrong_share * known_s or wrong_s == 0.0:
        return None
    levels = list(HeatLevel)
    most = max((level for level in levels if level != wanted), key=lambda level: held_s.get(level, 0.0))
    apart = abs(levels.index(most) - levels.index(wanted))
    sure = thresholds.confidence_one_level if apart == 1 else thresholds.confidence_more_levels
    seen = f"it was on {_heat_words(most)} for most of that time"
    return _wrong_heat(graph, node, doing, most, seen, sure)


def _wrong_heat(
    graph: StepGraph, node: Node, doing: Doing, level: HeatLevel, seen: str, sure: float
) -> Finding:
    step = graph.steps[node.step_id]
    assert step.heat is not None
    return Finding(
        kind=DeviationKind.WRONG_HEAT,
        category=Category.HEAT,
        step_id=node.step_id,
        span=Span(start_s=doing.start_s, end_s=doing.end_s),
        segments=doing.indices,
        expected=f"{words_for(step)} on {_heat_words(step.heat)}",
        expected_source="heat of the step in the dish",
        seen=seen,
        confidence=sure * doing.confidence,
        safety_id=next(iter(step.safety), None),
        subject=str(level),
    )


def _heat_words(level: HeatLevel) -> str:
    return "no heat" if level is HeatLevel.OFF else f"{level} heat"


def ingredient_assessment(
    dish: Dish,
    graph: StepGraph,
    matched: Matching,
    performance: Performance,
    thresholds: IngredientThresholds,
) -> Assessment:
    """Ingredients seen in use against the dish's.

    One that is not the dish's is wrong where it was seen surely, as often as that comes true. One that
    was not seen counts as left out only where a person, or a film's own truth, marked most of the
    others; from a model it is not seen, because a model knows few ingredients. Where a model saw less
    than half of them nothing is said.
    """
    if isinstance(performance.ingredients, Unavailable):
        return Assessment((), performance.ingredients.reason)
    if not dish.ingredients:
        return Assessment((), "this dish lists no ingredients")
    names = _ingredient_names(dish)
    seen: dict[str, IngredientSeen] = {}
    strangers: dict[str, IngredientSeen] = {}
    for mark in sorted(performance.ingredients, key=lambda m: (m.time_s, m.ingredient)):
        ingredient_id = names.get(_plain(mark.ingredient))
        if ingredient_id is not None:
            seen.setdefault(ingredient_id, mark)
        elif mark.confidence >= thresholds.wrong_from:
            strangers.setdefault(_plain(mark.ingredient), mark)
    if not seen and not strangers:
        return Assessment((), "no ingredient was recognised")
    true = 1.0 if performance.foreign_true is None else performance.foreign_true
    found = [_stranger(matched, name, mark, true) for name, mark in strangers.items()]
    wanted = [i for i in dish.ingredients if not i.optional]
    enough = len(seen) >= thresholds.complete_share * len(wanted)
    marked = performance.source.kind in _COMPLETE_SOURCES and performance.foreign_true is None
    complete = marked and enough and len(seen) > 0
    if not marked and not enough:
        named = sum(i.ingredient_id in seen for i in wanted)
        return Assessment((), f"only {named} of this dish's {len(wanted)} ingredients were recognised")
    for ingredient in wanted:
        if ingredient.ingredient_id in seen:
            continue
        left_out = complete and ingredient.ingredient_id not in performance.unrecognisable_ingredients
        users = [step for step in dish.expected_steps if ingredient.ingredient_id in step.ingredients]
        # The first step that uses it is the one that brings it in; where that was not found, the
        # finding of the step says it all.
        doing = next((matched.done[n] for n in graph.nodes for s in users[:1]
                      if n.step_id == s.step_id and n in matched.done), None)  # fmt: skip
        if users and doing is None:
            continue
        found.append(
            Finding(
                kind=DeviationKind.WRONG_INGREDIENT if left_out else DeviationKind.NOT_SEEN,
                category=Category.VISUAL,
                step_id=doing.step_id if doing else None,
                span=Span(start_s=doing.start_s, end_s=doing.end_s) if doing else None,
                segments=doing.indices if doing else (),
                expected=f"{ingredient.name}, {ingredient.amount}" if ingredient.amount else ingredient.name,
                expected_source="ingredients of the dish",
                seen=f"{ingredient.name} was not used"
                if left_out
                else f"{ingredient.name} was not recognised",
                confidence=doing.confidence if doing else 1.0,
                subject=ingredient.ingredient_id,
            )
        )
    return Assessment(tuple(found))


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").replace("_", " ").split())


def _ingredient_names(dish: Dish) -> dict[str, str]:
    names: dict[str, str] = {}
    for ingredient in dish.ingredients:
        aliases = [alias for group in ingredient.aliases.values() for alias in group]
        for name in (ingredient.ingredient_id, ingredient.name, *aliases):
            names.setdefault(_plain(name), ingredient.ingredient_id)
    return names


def _stranger(matched: Matching, name: str, mark: IngredientSeen, true: float) -> Finding:
    doing = next((d for _, d in sorted(matched.done.items()) if d.start_s <= mark.time_s <= d.end_s), None)
    return Finding(
        kind=DeviationKind.WRONG_INGREDIENT,
        category=Category.VISUAL,
        step_id=doing.step_id if doing else None,
        span=Span(start_s=mark.time_s, end_s=mark.time_s),
        segments=doing.indices if doing else (),
        expected="the ingredients of this dish",
        expected_source="ingredients of the dish",
        seen=f"{name} at {clock(mark.time_s)}, which this dish does not ask for",
        confidence=mark.confidence * true,
        subject=name,
    )


def technique_assessment(graph: StepGraph, performance: Performance) -> Assessment:
    """Technique points that somebody marked as not met."""
    if isinstance(performance.technique, Unavailable):
        return Assessment((), performance.technique.reason)
    points = {
        (step.step_id, point.point_id): point for step in graph.steps.values() for point in step.technique
    }
    marks = [mark for mark in performance.technique if (mark.step_id, mark.point_id) in points]
    if not marks:
        return Assessment((), "no technique point of this dish was marked")
    found = []
    for key in sorted({(mark.step_id, mark.point_id) for mark in marks if not mark.met}):
        worst = min(
            (m for m in marks if (m.step_id, m.point_id) == key and not m.met),
            key=lambda m: (m.time_s is None, m.time_s or 0.0, m.remark),
        )
        found.append(
            Finding(
                kind=DeviationKind.POOR_TECHNIQUE,
                category=Category.TECHNIQUE,
                step_id=key[0],
                span=None if worst.time_s is None else Span(start_s=worst.time_s, end_s=worst.time_s),
                expected=points[key].text,
                expected_source=f"technique of the step: {points[key].why}",
                seen=worst.remark or "marked as not met",
                confidence=1.0,
                safety_id=next(iter(graph.steps[key[0]].safety), None),
                subject=key[1],
            )
        )
    return Assessment(tuple(found))


def plate_assessment(dish: Dish, performance: Performance, thresholds: PlateThresholds) -> Assessment:
    """How like the expert's plate the finished one looks."""
    plate = performance.plate
    if isinstance(plate, Unavailable):
        return Assessment((), plate.reason)
    if plate.likeness is None:
        return Assessment((), "the finished plate was not compared with the expert's")
    if plate.likeness >= thresholds.good_likeness:
        return Assessment(())
    # A remark may be a sentence; here it stands within one.
    remarks = "".join(f"; {remark.rstrip(' .')}" for remark in plate.remarks)
    return Assessment(
        (
            Finding(
                kind=DeviationKind.POOR_PLATING,
                category=Category.PLATING,
                span=None if plate.time_s is None else Span(start_s=plate.time_s, end_s=plate.time_s),
                expected=dish.plating or "a plate like the expert's",
                expected_source="plating of the dish",
                seen=f"{plate.likeness:.0f} of 100 like the expert's plate{remarks}",
                confidence=plate.confidence,
            ),
        )
    )
