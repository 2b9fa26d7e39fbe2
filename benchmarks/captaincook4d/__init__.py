"""Puts the product's own judgement before the questions of the CaptainCook4D benchmark.

An adapter and nothing more: a recipe becomes a dish the way `bharatchef dishes import` makes it one, its
segments a performance, and what the product says of that is translated back.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bharatchef.judgement import expected_mistakes, judge, load_thresholds, wrong_times
from bharatchef.judgement.learning import LearningWeights, load_learning_weights, suggest_order, with_order
from bharatchef.observed import Analyser, Performance, SegmentSource, Unavailable
from bharatchef.records import ActionSegment, Dish
from bharatchef.scoring import expected_loss, load_rubric
from bharatchef.vocabulary import DeviationKind, Span
from knowledge_base.captaincook4d import dish_from_captaincook4d, step_id
from knowledge_base.checking import check_bytes

Segments = Sequence[Mapping[str, Any]]
Answer = dict[str, Any]
# Points expected to be lost from which a performance is called faulty: less than one mistake in the sequence
# of steps costs, more than one slip of timing.
_FAULTY_FROM = 4.0
_LEFT_OUT = (DeviationKind.MISSING, DeviationKind.NOT_SEEN)


def make_judge(
    recipe: Mapping[str, Any], experts: Sequence[Segments], graph: Mapping[str, Any] | None
) -> Callable[[Segments], Answer]:
    """The factory that the benchmark's ``evaluate.py`` asks for; its docstring is the contract."""
    dish = dish_of(recipe, experts, graph)
    thresholds, rubric = load_thresholds(), load_rubric("default")

    def answer(segments: Segments) -> Answer:
        performance = performance_of(segments)
        judgement = judge(dish, performance, thresholds)
        wrong = wrong_times(dish, performance, thresholds)
        left_out = [d.step_id for d in judgement.deviations if d.kind in _LEFT_OUT and d.step_id]
        disorder = [d for d in judgement.deviations if d.kind is DeviationKind.OUT_OF_ORDER]
        order = {index for d in disorder for index in d.segments}
        return {
            "missing": Counter(int(step.removeprefix("step-")) for step in left_out),
            "order": sorted(order),
            "timing": wrong,
            "error": {i: wrong.get(i, 0.0) + (i in order) for i in range(len(segments))},
            "score": expected_mistakes(judgement, wrong),
            "flagged": expected_loss(dish, judgement, wrong, rubric) > _FAULTY_FROM,
        }

    return answer


def dish_of(recipe: Mapping[str, Any], experts: Sequence[Segments], graph: Mapping[str, Any] | None) -> Dish:
    """A recipe of the benchmark as a dish; without a graph its order is the one learnt from ``experts``."""
    if graph is not None:
        return _imported(recipe, experts, graph)
    dish = plain_dish(recipe, experts)
    weights = weights_for(recipe["name"])
    return with_order(dish, suggest_order(dish.expected_steps, dish.expert_performances, weights))


def plain_dish(recipe: Mapping[str, Any], experts: Sequence[Segments]) -> Dish:
    """A recipe as a dish of which nothing is known but its steps and its experts."""
    nodes: dict[str, int | None] = {"0": None, "-1": None}
    nodes |= {str(place): int(number) for place, number in enumerate(recipe["steps"], start=1)}
    edges = [[0, place] for place in range(1, len(nodes) - 1)]
    edges += [[place, -1] for place in range(1, len(nodes) - 1)]
    about = {"name": recipe["name"], "steps": recipe["steps"], "required_count": {}, "optional_steps": []}
    return _imported(about, experts, {"nodes": nodes, "edges": edges})


def weights_for(name: str) -> LearningWeights:
    """The weights of order learning, fitted without the recipe of that name where it was among the fitted."""
    weights = load_learning_weights()
    without = json.loads((Path(__file__).parent / "weights_without.json").read_text())
    return weights.model_copy(update=without[name]) if name in without else weights


def _imported(recipe: Mapping[str, Any], experts: Sequence[Segments], graph: Mapping[str, Any]) -> Dish:
    source = {
        "activity_id": 0,
        "name": recipe["name"],
        "steps": {str(number): text for number, text in recipe["steps"].items()},
        "required_count": {str(number): count for number, count in recipe["required_count"].items()},
        "optional_steps": recipe["optional_steps"],
        "task_graph": graph,
        "recordings": [
            {
                "id": str(number),
                "role": "expert",
                "duration_s": max((s["end"] for s in segments), default=1.0),
                "steps": list(segments),
            }
            for number, segments in enumerate(experts)
        ],
    }
    written = dish_from_captaincook4d(json.dumps(source).encode(), created=date(2026, 11, 22))
    name = written.split("\n", 1)[0].removeprefix("dish: ")
    checked = check_bytes(written.encode(), Path(f"{name}.yaml"))
    if checked.dish is None:
        raise ValueError(f"{recipe['name']} is no dish: {checked.problems}")
    return checked.dish


def performance_of(segments: Segments) -> Performance:
    """Segments of the benchmark as what a fallible model saw of one film, all of it in view."""
    end_s = max((s["end"] for s in segments), default=0.0)
    return Performance(
        source=SegmentSource(kind="action_model", name="the benchmark"),
        segments=tuple(
            ActionSegment(
                step_id=step_id(s["step"]),
                action_type=step_id(s["step"]),
                start_s=s["start"],
                end_s=s["end"],
                confidence=1.0,
            )
            for s in segments
        ),
        observed=(Span(start_s=0.0, end_s=end_s),),
        duration_s=end_s,
        heat=_nobody(Analyser.HEAT),
        ingredients=_nobody(Analyser.OBJECTS),
        technique=_nobody(Analyser.ACTIONS),
        plate=_nobody(Analyser.PLATE),
    )


def _nobody(analyser: Analyser) -> Unavailable:
    return Unavailable(analyser=analyser, reason="the benchmark gives step labels alone")
