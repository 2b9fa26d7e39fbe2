"""What people confirmed of a dish's experts, put together and laid over the dish; nothing else may judge.

The dish's version and hash change with it, so that every result names the experts it was judged by.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bharatchef.errors import KnowledgeError
from bharatchef.experts.records import Confirmation, ConfirmedEdge, OnboardedExpert
from bharatchef.judgement.graph import step_graph
from bharatchef.records import Dish, ExpectedStep, ExpertPerformance, OrderEdge

Pair = tuple[str, str]


@dataclass(frozen=True)
class Standing:
    """What holds now: of each expert and each edge (first, then) the last word, with who said it."""

    experts: Mapping[str, tuple[str, Confirmation]] = field(default_factory=dict)
    withdrawn: Mapping[str, Confirmation] = field(default_factory=dict)
    edges: Mapping[Pair, tuple[tuple[ConfirmedEdge, ...], Confirmation]] = field(default_factory=dict)
    rejected: Mapping[Pair, Confirmation] = field(default_factory=dict)


def standing(confirmations: Iterable[Confirmation]) -> Standing:
    """What holds after all that people said, given oldest first."""
    experts: dict[str, tuple[str, Confirmation]] = {}
    withdrawn: dict[str, Confirmation] = {}
    edges: dict[Pair, tuple[tuple[ConfirmedEdge, ...], Confirmation]] = {}
    rejected: dict[Pair, Confirmation] = {}
    for said in confirmations:
        for expert in said.experts:
            experts[expert.performance_id] = (expert.sha256, said)
            withdrawn.pop(expert.performance_id, None)
        for performance_id in said.withdrawn:
            experts.pop(performance_id, None)
            withdrawn[performance_id] = said
        for pair in {(edge.first, edge.then): None for edge in said.edges}:
            edges[pair] = (tuple(e for e in said.edges if (e.first, e.then) == pair), said)
            rejected.pop(pair, None)
        for pair in said.rejected:
            edges.pop(pair, None)
            rejected[pair] = said
    return Standing(experts, withdrawn, edges, rejected)


def confirmed_experts(held: Standing, experts: Iterable[OnboardedExpert]) -> list[OnboardedExpert]:
    """The experts that may judge: confirmed by a person, and still what that person looked at."""
    return [
        expert
        for expert in experts
        if expert.performance_id in held.experts and held.experts[expert.performance_id][0] == expert.sha256
    ]


def dish_as_confirmed(dish: Dish, held: Standing, experts: Sequence[OnboardedExpert]) -> Dish:
    """The dish with its confirmed experts and edges; the very same where there are none.

    An expert whose steps the dish does not have any more is left out, as is an edge between such steps, or
    one that would make the order run in a circle: the dish's file goes before what was said of an older one.
    """
    steps = {step.step_id for step in dish.expected_steps}
    shown = [
        expert.performance
        for expert in confirmed_experts(held, experts)
        if expert.actions and {action.step_id for action in expert.actions} <= steps
    ]
    known = {performance.performance_id for performance in dish.expert_performances}
    added = [performance for performance in shown if performance.performance_id not in known]
    with_edges, edges = _with_edges(dish, [edge for found, _ in held.edges.values() for edge in found])
    if not added and not edges:
        return dish
    said = json.dumps(
        {
            "dish": dish.sha256,
            "experts": [performance.to_json() for performance in added],
            "edges": [edge.to_json() for edge in edges],
        },
        sort_keys=True,
    )
    digest = hashlib.sha256(said.encode()).hexdigest()
    return with_edges.model_copy(
        update={
            "version": f"{dish.version}+confirmed.{digest[:8]}",
            "sha256": digest,
            "expert_performances": (*_own_performances(dish), *added) if added else dish.expert_performances,
        }
    )


def in_order_already(dish: Dish, first: str, then: str, times: tuple[int, int]) -> bool:
    """Whether the dish itself asks for the one step, the so-manieth time, before the other."""
    graph = step_graph(dish)
    nodes = {(node.step_id, node.time): node for node in graph.nodes}
    earlier, later = nodes.get((first, times[0])), nodes.get((then, times[1]))
    return earlier is not None and later is not None and earlier in graph.before[later]


def _own_performances(dish: Dish) -> tuple[ExpertPerformance, ...]:
    """The dish file's own; a sequence of old would otherwise be hidden by the first confirmed expert."""
    if dish.expert_performances or not dish.expert_action_sequence:
        return dish.expert_performances
    return (
        ExpertPerformance(
            performance_id="expert",
            actions=dish.expert_action_sequence,
            video_s3_key=dish.expert_video_s3_key,
        ),
    )


def _with_edges(dish: Dish, edges: Sequence[ConfirmedEdge]) -> tuple[Dish, list[ConfirmedEdge]]:
    used: list[ConfirmedEdge] = []
    for edge in sorted(edges, key=lambda e: (e.first, e.then, e.times)):
        if in_order_already(dish, edge.first, edge.then, edge.times):
            continue
        tried = dish.model_copy(
            update={"expected_steps": tuple(_asking(step, edge) for step in dish.expected_steps)}
        )
        try:
            step_graph(tried)
        except KnowledgeError:
            continue
        if tried.expected_steps != dish.expected_steps:
            dish, used = tried, [*used, edge]
    return dish, used


def _asking(step: ExpectedStep, edge: ConfirmedEdge) -> ExpectedStep:
    if step.step_id != edge.then:
        return step
    asked = OrderEdge(step_id=edge.first, reason=edge.reason, times=edge.times)
    return step.model_copy(update={"must_come_after": (*step.must_come_after, asked)})
