"""Which segment did which required time of which step; knows the order only to choose between equals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from bharatchef.judgement.durations import DurationModel
from bharatchef.judgement.graph import Node, StepGraph
from bharatchef.judgement.thresholds import Thresholds
from bharatchef.records import ActionSegment

_MOST_CHOICES = 10


@dataclass(frozen=True)
class Doing:
    """One step done once: one segment, or several with only a short interruption between them.

    ``indices`` are places in the performance's list of segments; ``confidence`` is their mean,
    weighted by length.
    """

    step_id: str
    start_s: float
    end_s: float
    confidence: float
    indices: tuple[int, ...]

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Matching:
    """``done`` holds the doing of each required time that was met; the rest is ``surplus`` or ``unknown``."""

    done: Mapping[Node, Doing]
    surplus: tuple[Doing, ...]
    unknown: tuple[Doing, ...]


def begun_early(first: Doing, then: Doing, overlap_s: float) -> bool:
    """Whether ``then`` was done before ``first``, and not beside it for longer than ``overlap_s``.

    Both its beginning and its middle must lie earlier: a boundary marked a little late or soon does
    not turn an order round.
    """
    if then.start_s >= first.start_s or then.start_s + then.end_s >= first.start_s + first.end_s:
        return False
    return min(first.end_s, then.end_s) - first.start_s <= overlap_s


def doings(
    segments: Sequence[ActionSegment],
    graph: StepGraph,
    gap_s: float,
    models: Mapping[str, DurationModel] | None = None,
) -> tuple[Doing, ...]:
    """The segments that name a step, in time, with the pieces of one doing joined.

    A step that was found more often than the dish asks for may have been interrupted: pieces of it
    that follow each other with at most ``gap_s`` between them, and no other step begun in between, are
    joined, the nearest first, until it is found as often as asked. The order of ``segments`` changes
    nothing.

    Args:
        models: with them, pieces are joined only where the whole has a likelier duration than its
            longest piece: of a fallible source one of the two may be false.
    """
    order = sorted(
        (i for i, segment in enumerate(segments) if segment.step_id is not None),
        key=lambda i: (
            segments[i].start_s,
            segments[i].end_s,
            segments[i].step_id,
            segments[i].confidence,
            i,
        ),
    )
    found = [
        Doing(str(segments[i].step_id), segments[i].start_s, segments[i].end_s, segments[i].confidence, (i,))
        for i in order
    ]
    counts = Counter(doing.step_id for doing in found)
    while True:
        gaps = [
            (later.start_s - one.end_s, place)
            for place, (one, later) in enumerate(pairwise(found))
            if one.step_id == later.step_id
            and later.start_s - one.end_s <= gap_s
            and counts[one.step_id] > _asked(graph, one.step_id)
            and _likelier_joined(one, later, models)
        ]
        if not gaps:
            return tuple(found)
        _, place = min(gaps)
        counts[found[place].step_id] -= 1
        found[place : place + 2] = [_joined(found[place], found[place + 1])]


def _likelier_joined(one: Doing, later: Doing, models: Mapping[str, DurationModel] | None) -> bool:
    if models is None or one.step_id not in models:
        return True
    model = models[one.step_id]
    whole_s = max(one.end_s, later.end_s) - one.start_s
    return model.log_density(whole_s) > model.log_density(max(one.length_s, later.length_s))


def _asked(graph: StepGraph, step_id: str) -> int:
    return graph.steps[step_id].required_count if step_id in graph.steps else 1


def _joined(one: Doing, other: Doing) -> Doing:
    weights = (max(one.length_s, 1e-6), max(other.length_s, 1e-6))
    return Doing(
        one.step_id,
        one.start_s,
        max(one.end_s, other.end_s),
        (one.confidence * weights[0] + other.confidence * weights[1]) / sum(weights),
        (*one.indices, *other.indices),
    )


def matching(graph: StepGraph, found: Sequence[Doing], thresholds: Thresholds) -> Matching:
    """A one-to-one assignment of doings to required times.

    As many times as possible are met; between equals the assignment that breaks fewest pairs of the
    order wins, then the more confident doings, then the earlier ones. Steps with a choice are
    settled one after the other until nothing changes.
    """
    by_step: dict[str, list[Doing]] = {}
    for doing in found:
        by_step.setdefault(doing.step_id, []).append(doing)
    known = {step_id: mine for step_id, mine in by_step.items() if step_id in graph.steps}
    done: dict[Node, Doing] = {}
    open_steps = []
    for step_id, mine in known.items():
        times = graph.times(step_id)
        if len(times) != len(mine):
            open_steps.append(step_id)
        done.update(zip(times, mine, strict=False))
    for _ in range(len(open_steps) + 1):
        before = dict(done)
        for step_id in sorted(open_steps):
            _settle(graph, step_id, known[step_id], done, thresholds.order.concurrent_overlap_s)
        if done == before:
            break
    used = {doing.indices for doing in done.values()}
    return Matching(
        done,
        tuple(d for d in found if d.step_id in graph.steps and d.indices not in used),
        tuple(d for d in found if d.step_id not in graph.steps),
    )


def _settle(
    graph: StepGraph, step_id: str, mine: Sequence[Doing], done: dict[Node, Doing], overlap_s: float
) -> None:
    """Choose in ``done`` the best times and doings of one step, all others held."""
    times = graph.times(step_id)
    others = {node: doing for node, doing in done.items() if node.step_id != step_id}
    met = min(len(times), len(mine), _MOST_CHOICES if len(mine) > _MOST_CHOICES else len(mine))
    cost = {
        (t, i): _broken(graph, t, doing, others, overlap_s) for t in times for i, doing in enumerate(mine)
    }
    ways = (
        tuple((times[place], i) for place, i in zip(places, chosen, strict=True))
        for chosen in _choices(mine, met)
        for places in combinations(range(len(times)), met)
    )
    best = min(
        ways,
        key=lambda way: (
            sum(cost[pair] for pair in way),
            -sum(mine[i].confidence for _, i in way),
            sum(mine[i].start_s for _, i in way),
        ),
    )
    for node in times:
        done.pop(node, None)
    for node, i in best:
        done[node] = mine[i]


def _choices(mine: Sequence[Doing], met: int) -> Iterator[tuple[int, ...]]:
    """Which doings may be the ones that count; of very many, the most confident alone."""
    if len(mine) <= _MOST_CHOICES:
        return combinations(range(len(mine)), met)
    sure = sorted(range(len(mine)), key=lambda i: (-mine[i].confidence, i))[:_MOST_CHOICES]
    return combinations(sorted(sure), min(met, _MOST_CHOICES))


def _broken(
    graph: StepGraph, node: Node, doing: Doing, others: Mapping[Node, Doing], overlap_s: float
) -> int:
    earlier, later = graph.before[node], graph.after[node]
    return sum(
        begun_early(other, doing, overlap_s)
        if other_node in earlier
        else begun_early(doing, other, overlap_s)
        if other_node in later
        else False
        for other_node, other in others.items()
    )
