"""How well order learnt from experts agrees with the graphs that the recipes' authors drew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.captaincook4d import dish_of, plain_dish, weights_for
from bharatchef.judgement.graph import Node, StepGraph, step_graph
from bharatchef.judgement.learning import suggest_order

Edge = tuple[Node, Node]
START, END = Node("start", 0), Node("end", 0)


def edge_scores(data: Path) -> dict[str, tuple[float, float]]:
    """Precision and recall of each recipe's proposed edges, 0 to 1, by the recipe's name.

    Both graphs stand after transitive reduction and with START and END; the weights of a recipe's proposals
    were fitted without it.
    """
    scores = {}
    for path in sorted(data.glob("*.json")):
        recipe = json.loads(path.read_text())
        right, proposed = _authored(recipe), _proposed(recipe)
        hits = len(right & proposed)
        scores[recipe["name"]] = (hits / len(proposed), hits / len(right))
    return scores


def _authored(recipe: Mapping[str, Any]) -> set[Edge]:
    about = {key: recipe[key] for key in ("name", "steps", "required_count", "optional_steps")}
    return _with_ends(step_graph(dish_of(about, [], recipe["task_graph"])))


def _proposed(recipe: Mapping[str, Any]) -> set[Edge]:
    experts = [r["steps"] for r in recipe["recordings"] if r["role"] == "expert"]
    dish = plain_dish(recipe, experts)
    weights = weights_for(recipe["name"])
    suggestion = suggest_order(dish.expected_steps, dish.expert_performances, weights)
    edges = {(Node(e.after_step_id, e.after_time), Node(e.step_id, e.time)) for e in suggestion.edges}
    nodes = {
        Node(step_id, time)
        for step_id, count in suggestion.required_counts.items()
        for time in range(1, count + 1)
    } | {Node(step_id, 1) for step_id in suggestion.optional}
    own = {(Node(n.step_id, n.time - 1), n) for n in nodes if n.time > 1}
    return _ends(nodes, _reduced(nodes, edges | own))


def _with_ends(graph: StepGraph) -> set[Edge]:
    nodes = set(graph.nodes)
    return _ends(nodes, _reduced(nodes, {(first, then) for then in nodes for first in graph.before[then]}))


def _ends(nodes: set[Node], edges: set[Edge]) -> set[Edge]:
    firsts = {(START, node) for node in nodes if not any(then == node for _, then in edges)}
    lasts = {(node, END) for node in nodes if not any(first == node for first, _ in edges)}
    return edges | firsts | lasts


def _reduced(nodes: set[Node], edges: set[Edge]) -> set[Edge]:
    before: dict[Node, set[Node]] = {node: set() for node in nodes}
    for first, then in edges:
        before[then].add(first)
    grown = True
    while grown:
        grown = False
        for node in nodes:
            more = before[node].union(*(before[n] for n in before[node]))
            grown = grown or more != before[node]
            before[node] = more
    return {
        (first, then)
        for then in nodes
        for first in before[then]
        if not any(first in before[between] for between in before[then])
    }
