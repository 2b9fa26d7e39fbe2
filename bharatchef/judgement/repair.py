"""Reads a fallible detector's segments the way that explains them best, before anything is judged.

A detector drops segments, sees some that are not there, and takes one step for another. Which of its
segments to believe, which to read as another step and which to leave out is a search for the most
probable explanation under the dish's counts, order and durations. Knows nothing of deviations or scores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

from bharatchef.judgement.durations import DurationModel
from bharatchef.judgement.graph import Node, StepGraph
from bharatchef.judgement.matching import Doing, Matching, begun_early, matching
from bharatchef.judgement.places import place_cost, place_models, places
from bharatchef.judgement.thresholds import RepairThresholds, Thresholds
from bharatchef.observed import SourceErrors

_FALSE = None
_AGAIN: Literal["again"] = "again"
Reading = Node | Literal["again"] | None


def repaired(
    graph: StepGraph,
    found: Sequence[Doing],
    models: Mapping[str, DurationModel],
    experts: Sequence[Matching],
    thresholds: Thresholds,
    errors: SourceErrors | None = None,
) -> Matching:
    """The most probable assignment of what was found to the dish's required times.

    Only what gives cause for doubt is open: the doings of a step that was found more often than it is
    asked for, and those that break the order. All others stand as found. Each open one is read as a
    required time of its own step, as one of another step that nothing else did, as its own step done
    again, or as a false detection. The search is exact (branch and bound) up to ``most_open`` open doings and
    ``most_branches`` branches; beyond that the best reading found until then stands.

    Args:
        errors: how the source errs. Where nobody counted, every action is as easily taken for every other,
            and ``surplus`` is all that was not believed; else it is what the cook did again.
    """
    plain = matching(graph, found, thresholds)
    open_ = _open(graph, plain, found, thresholds)
    if not open_:
        return plain
    held = {node: doing for node, doing in plain.done.items() if doing not in open_}
    readings = _Search(graph, held, open_, found, models, experts, thresholds, errors).best()
    done = dict(held)
    for doing, node in zip(open_, readings, strict=True):
        if isinstance(node, Node):
            done[node] = doing
    extra = _FALSE if errors is None else _AGAIN
    surplus = tuple(d for d, node in zip(open_, readings, strict=True) if node == extra)
    return Matching(done, surplus, plain.unknown)


def _open(
    graph: StepGraph, plain: Matching, found: Sequence[Doing], thresholds: Thresholds
) -> tuple[Doing, ...]:
    """The doings that give cause for doubt, the most doubtful first."""
    crowded = {doing.step_id for doing in plain.surplus}
    breaks: Counter[Doing] = Counter()
    for then, late in plain.done.items():
        for first in graph.before[then] & plain.done.keys():
            early = plain.done[first]
            if begun_early(early, late, thresholds.order.concurrent_overlap_s):
                breaks.update((early, late))
    doubtful = [d for d in found if d.step_id in graph.steps and d.step_id in crowded]
    doubtful.sort(key=lambda d: (d.step_id not in crowded, -breaks[d], d.confidence, d.start_s, d.indices))
    return tuple(doubtful[: thresholds.repair.most_open])


@dataclass(frozen=True)
class _Option:
    reading: Reading
    cost: float


class _Search:
    """Branch and bound over the readings of the open doings; costs are negative log probabilities."""

    def __init__(
        self,
        graph: StepGraph,
        held: Mapping[Node, Doing],
        open_: Sequence[Doing],
        found: Sequence[Doing],
        models: Mapping[str, DurationModel],
        experts: Sequence[Matching],
        thresholds: Thresholds,
        errors: SourceErrors | None,
    ) -> None:
        self.graph, self.held, self.open, self.models = graph, held, open_, models
        self.limits: RepairThresholds = thresholds.repair
        self.errors = errors
        self.anywhere = thresholds.places.anywhere
        self.places = places(found)
        self.place_models = place_models(experts, thresholds.places)
        self.overlap_s = thresholds.order.concurrent_overlap_s
        self.free = [node for node in graph.nodes if node not in held]
        self.covered = {doing: _covered_share(doing, found) for doing in open_}
        self.options = [self._options(doing) for doing in open_]
        self.absent_cost = -log(self.limits.drop_rate + thresholds.presence.skip_rate)
        self.branches = 0
        self.best_cost = float("inf")
        self.best_readings: tuple[Reading, ...] = (_FALSE,) * len(open_)
        # What the open doings still to be read cost at the least, each on its own.
        self.least = [0.0] * (len(open_) + 1)
        for place in range(len(open_) - 1, -1, -1):
            cheapest = min(o.cost - (self._met(o.reading)) for o in self.options[place])
            self.least[place] = self.least[place + 1] + cheapest

    def best(self) -> tuple[Reading, ...]:
        self._branch(0, [], 0.0)
        return self.best_readings

    def _met(self, reading: Reading) -> float:
        """What a reading saves: a required step that would otherwise be absent."""
        if not isinstance(reading, Node) or self.graph.steps[reading.step_id].optional:
            return 0.0
        return self.absent_cost

    def _options(self, doing: Doing) -> list[_Option]:
        options = [_Option(_FALSE, self._false_cost(doing))]
        if self.errors is not None:
            once_more = self._true_cost(doing, Node(doing.step_id, 1)) - log(self.limits.again_rate)
            options.append(_Option(_AGAIN, once_more))
        for node in self.free:
            cost = self._true_cost(doing, node)
            broken = sum(
                begun_early(other, doing, self.overlap_s)
                if n in self.graph.before[node]
                else n in self.graph.after[node] and begun_early(doing, other, self.overlap_s)
                for n, other in self.held.items()
            )
            options.append(_Option(node, cost + self._broken_cost(broken)))
        return sorted(options, key=lambda o: (o.cost, o.reading if isinstance(o.reading, Node) else ("", 0)))

    def _false_cost(self, doing: Doing) -> float:
        covered = (
            self.limits.false_covered_rate if self._covered(doing) else 1 - self.limits.false_covered_rate
        )
        return (
            self.limits.false_cost - log(covered) - log(max(1e-3, 1.0 - doing.confidence * self.limits.trust))
        )

    def _true_cost(self, doing: Doing, node: Node) -> float:
        covered = self.limits.true_covered_rate if self._covered(doing) else 1 - self.limits.true_covered_rate
        cost = -log(covered)
        if doing.step_id != node.step_id:
            cost += self._misread_cost(doing, node)
        else:
            cost += -log(max(1e-3, doing.confidence * self.limits.trust))
        if node in self.place_models:
            cost += place_cost(self.places[doing], self.place_models[node], self.anywhere)
        model = self.models.get(node.step_id)
        if model is not None:
            usual = DurationModel(log(self.limits.usual_duration_s), self.limits.usual_spread, 0, False)
            fit = usual.log_density(doing.length_s) - model.log_density(doing.length_s)
            cost += min(self.limits.most_duration_cost, max(-self.limits.most_duration_cost, fit))
        return cost

    def _misread_cost(self, doing: Doing, node: Node) -> float:
        """What it costs that a step was done and another seen."""
        doubt = -log(max(1e-3, 1.0 - doing.confidence * self.limits.trust))
        done, seen = self.graph.steps[node.step_id].action, self.graph.steps[doing.step_id].action
        if self.errors is None:
            return doubt - log(self.limits.misread_rate / max(1, len(self.graph.steps) - 1))
        if done == seen:
            return doubt
        return -log(max(self.limits.uncounted_rate, self.errors.rate(done, seen)))

    def _covered(self, doing: Doing) -> bool:
        return self.covered[doing] > 0.5

    def _broken_cost(self, broken: int) -> float:
        if broken == 0:
            return 0.0
        return self.limits.order_cost + self.limits.order_cost_more * min(broken - 1, 4)

    def _branch(self, place: int, readings: list[Reading], cost: float) -> None:
        self.branches += 1
        if self.branches > self.limits.most_branches or cost + self.least[place] >= self.best_cost - 1e-9:
            return
        if place == len(self.open):
            self.best_cost, self.best_readings = cost, tuple(readings)
            return
        doing = self.open[place]
        for option in self.options[place]:
            node = option.reading
            if isinstance(node, Node) and node in readings:
                continue
            more = option.cost - self._met(node)
            if isinstance(node, Node):
                more += self._against_open(doing, node, readings)
            if more == float("inf"):
                continue
            readings.append(node)
            self._branch(place + 1, readings, cost + more)
            readings.pop()

    def _against_open(self, doing: Doing, node: Node, readings: Sequence[Reading]) -> float:
        """What breaking the order with open doings already read costs; one step's times never swap."""
        cost = 0.0
        for other, read in zip(self.open, readings, strict=False):
            if not isinstance(read, Node):
                continue
            if read in self.graph.before[node]:
                first, then = other, doing
            elif read in self.graph.after[node]:
                first, then = doing, other
            else:
                continue
            if read.step_id == node.step_id and first.start_s > then.start_s:
                return float("inf")
            if begun_early(first, then, self.overlap_s):
                cost += self.limits.order_cost_open
        return cost


def _covered_share(doing: Doing, found: Sequence[Doing]) -> float:
    """The share of a doing's time in which another was going on too, 0 to 1."""
    spans = sorted(
        (max(doing.start_s, d.start_s), min(doing.end_s, d.end_s))
        for d in found
        if d is not doing and d.start_s < doing.end_s and d.end_s > doing.start_s
    )
    covered, reached = 0.0, doing.start_s
    for start_s, end_s in spans:
        if end_s > reached:
            covered += end_s - max(start_s, reached)
            reached = end_s
    return covered / doing.length_s if doing.length_s > 0 else float(bool(spans))
