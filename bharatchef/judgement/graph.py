"""A dish's partial order over the required times of its steps; knows nothing of what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from bharatchef.errors import KnowledgeError
from bharatchef.records import Dish, ExpectedStep


class Node(NamedTuple):
    """One required time of one step, counted from 1."""

    step_id: str
    time: int


@dataclass(frozen=True)
class StepGraph:
    """Which required times come before which.

    ``before`` holds all of a node's ancestors, ``direct`` its stated ones with the cook's reason.
    ``nodes`` are in one topological order, the same for the same dish.
    """

    nodes: tuple[Node, ...]
    steps: Mapping[str, ExpectedStep]
    before: Mapping[Node, frozenset[Node]]
    after: Mapping[Node, frozenset[Node]]
    direct: Mapping[Node, Mapping[Node, str]]

    def times(self, step_id: str) -> tuple[Node, ...]:
        """The required times of one step, first to last."""
        return tuple(Node(step_id, time) for time in range(1, self.steps[step_id].required_count + 1))

    def reason(self, first: Node, then: Node) -> str:
        """The cook's reason why ``first`` comes before ``then``: the last stated link between the two.

        Empty where no stated link leads from one to the other.
        """
        stated = self.direct[then]
        if first in stated:
            return stated[first]
        for link, reason in sorted(stated.items()):
            if reason and first in self.before[link]:
                return reason
        return ""


def step_graph(dish: Dish) -> StepGraph:
    """The partial order of ``dish``.

    Raises:
        KnowledgeError: two steps of one name, an edge to no step of the dish or to a time that is not
            required, or edges that run in a circle; the message names them.
    """
    steps: dict[str, ExpectedStep] = {}
    for step in dish.expected_steps:
        if step.step_id in steps:
            raise KnowledgeError(
                f"Dish {dish.dish_id} has two steps named {step.step_id!r}.", "Rename one of them."
            )
        steps[step.step_id] = step
    direct: dict[Node, dict[Node, str]] = {
        Node(step_id, time): {}
        for step_id, step in steps.items()
        for time in range(1, step.required_count + 1)
    }
    for step in steps.values():
        for time in range(2, step.required_count + 1):
            direct[Node(step.step_id, time)][Node(step.step_id, time - 1)] = ""
        for edge in step.must_come_after:
            if edge.step_id not in steps:
                raise KnowledgeError(
                    f"Dish {dish.dish_id}: step {step.step_id!r} must come after {edge.step_id!r}, "
                    "which is no step of this dish.",
                    "Name one of its steps, or remove the line.",
                )
            first_time, then_time = edge.times or (steps[edge.step_id].required_count, 1)
            first, then = Node(edge.step_id, first_time), Node(step.step_id, then_time)
            if first not in direct or then not in direct:
                raise KnowledgeError(
                    f"Dish {dish.dish_id}: step {step.step_id!r} must come after {edge.step_id!r}, times "
                    f"{first_time} and {then_time}, but one of them is not done so often.",
                    "Correct the times or the required count.",
                )
            direct[then][first] = edge.reason
    try:
        nodes = tuple(
            TopologicalSorter({node: sorted(links) for node, links in direct.items()}).static_order()
        )
    except CycleError as error:
        circle = " -> ".join(node.step_id for node in error.args[1])
        raise KnowledgeError(
            f"Dish {dish.dish_id}: its order runs in a circle: {circle}.", "Remove one of these links."
        ) from error
    before = _ancestors(nodes, direct)
    after: dict[Node, set[Node]] = {node: set() for node in nodes}
    for node, earlier in before.items():
        for ancestor in earlier:
            after[ancestor].add(node)
    return StepGraph(nodes, steps, before, {node: frozenset(later) for node, later in after.items()}, direct)


def _ancestors(
    nodes: Sequence[Node], direct: Mapping[Node, Mapping[Node, str]]
) -> dict[Node, frozenset[Node]]:
    before: dict[Node, frozenset[Node]] = {}
    for node in nodes:
        links = direct[node]
        before[node] = frozenset(links).union(*(before[link] for link in links))
    return before
