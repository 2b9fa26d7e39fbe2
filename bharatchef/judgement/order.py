"""Steps done out of the dish's order, told as few causes; knows nothing of counts, times or scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bharatchef.judgement.cover import connected, smallest_cover
from bharatchef.judgement.findings import Finding, clock, words_for
from bharatchef.judgement.graph import Node, StepGraph
from bharatchef.judgement.matching import Doing, Matching, begun_early
from bharatchef.judgement.thresholds import OrderThresholds
from bharatchef.vocabulary import Category, DeviationKind, Span

_EVEN = 0.5


@dataclass(frozen=True)
class BrokenPair:
    """``then`` was begun before ``first``, which the dish asks to be finished by then."""

    first: Node
    then: Node
    confidence: float


def broken_pairs(graph: StepGraph, matched: Matching, thresholds: OrderThresholds) -> tuple[BrokenPair, ...]:
    """All pairs of matched doings that break the dish's order, with the probability that each is real.

    Pairs that overlap for longer than the threshold were done side by side and break nothing, and so
    do beginnings nearer to each other than they can be marked. The probability is both doings'
    confidence and how far before the other the later step was begun.
    """
    broken = []
    for then, late in matched.done.items():
        for first in sorted(graph.before[then] & matched.done.keys()):
            early = matched.done[first]
            if begun_early(early, late, thresholds.concurrent_overlap_s):
                lead_s = early.start_s - late.start_s
                certainty = lead_s / (lead_s + thresholds.lead_half_s)
                if certainty < _EVEN:
                    continue
                broken.append(BrokenPair(first, then, early.confidence * late.confidence * certainty))
    return tuple(broken)


def well_founded(matched: Matching, pairs: Sequence[BrokenPair]) -> tuple[BrokenPair, ...]:
    """The broken pairs but for those that only a guess shows.

    A segment that was read as another step than the one it named may be a false one. A pair with such an
    end counts only where one of its ends is in a pair of two steps found under their own names.
    """

    def named(node: Node) -> bool:
        return matched.done[node].step_id == node.step_id

    sure = {n for pair in pairs if named(pair.first) and named(pair.then) for n in (pair.first, pair.then)}
    return tuple(pair for pair in pairs if pair.first in sure or pair.then in sure)


def not_as_experts(
    pairs: Sequence[BrokenPair], experts: Sequence[Collection[tuple[Node, Node]]]
) -> tuple[BrokenPair, ...]:
    """The broken pairs but for those groups that one of the dish's experts broke in just the same way.

    Pairs that hang together make a group. Where somebody who can cook did all of it, it is a way to
    cook this dish that its order does not know yet, and no mistake.

    Args:
        experts: of each expert performance the pairs (first, then) that it broke.
    """
    groups = connected([(pair.first, pair.then) for pair in pairs])
    mistaken = {link for group in groups if not any(set(group) <= set(e) for e in experts) for link in group}
    return tuple(pair for pair in pairs if (pair.first, pair.then) in mistaken)


def order_findings(
    graph: StepGraph,
    matched: Matching,
    experts: Sequence[Matching],
    thresholds: OrderThresholds,
) -> tuple[Finding, ...]:
    """One finding a step in a broken pair: the causes, and those that only follow from a cause.

    The causes are a smallest set of steps such that every broken pair has one of them; a step that
    is in a pair with a cause, and is none itself, follows from the cause it is most surely paired with.
    """
    pairs = well_founded(matched, broken_pairs(graph, matched, thresholds))
    if pairs and experts:
        shown = [{(p.first, p.then) for p in broken_pairs(graph, e, thresholds)} for e in experts]
        pairs = not_as_experts(pairs, shown)
    if not pairs:
        return ()
    # Of two steps that could each be the cause, the one begun too early is: it is what the cook did.
    leading = sorted(
        {node for pair in pairs for node in (pair.first, pair.then)},
        key=lambda node: (matched.done[node].start_s, node),
    )
    causes = smallest_cover(
        ((pair.first, pair.then) for pair in pairs), {node: place for place, node in enumerate(leading)}
    )
    told: dict[Node, Finding] = {}
    for node in leading:
        if node in causes:
            told[node] = _finding(graph, matched, pairs, node, None)
    following: dict[Node, list[tuple[Node, BrokenPair]]] = {}
    for node in leading:
        if node not in causes:
            mine = _tightest(graph, matched, pairs, node)
            following.setdefault(mine.then if mine.first == node else mine.first, []).append((node, mine))
    followers = []
    for cause, nodes in following.items():
        # One step far too early passes by many others; where little else is out of order, only those that
        # it should have waited for directly are out of order with it.
        passed_by = len(nodes) >= thresholds.many_followers and len(causes) <= thresholds.few_causes
        for node, mine in nodes:
            if not passed_by or mine.first == cause or _adjacent(graph, matched, mine):
                followers.append(_finding(graph, matched, pairs, node, told[cause]))
    return (*told.values(), *followers)


def _adjacent(graph: StepGraph, matched: Matching, pair: BrokenPair) -> bool:
    """Whether nothing that was done belongs between the two."""
    return not (graph.after[pair.first] & graph.before[pair.then] & matched.done.keys())


def _tightest(graph: StepGraph, matched: Matching, pairs: tuple[BrokenPair, ...], node: Node) -> BrokenPair:
    """The pair to tell of: one the dish states directly, with a reason, and of those the surest."""
    return min(
        (pair for pair in pairs if node in (pair.first, pair.then)),
        key=lambda pair: (
            pair.first not in graph.direct[pair.then],
            not graph.reason(pair.first, pair.then),
            -round(pair.confidence, 6),
            matched.done[pair.first].start_s,
            pair.first,
            pair.then,
        ),
    )


def _finding(
    graph: StepGraph,
    matched: Matching,
    pairs: tuple[BrokenPair, ...],
    node: Node,
    cause: Finding | None,
) -> Finding:
    pair = _tightest(graph, matched, pairs, node)
    surest = max(p.confidence for p in pairs if node in (p.first, p.then))
    early, late = matched.done[pair.first], matched.done[pair.then]
    first, then = graph.steps[pair.first.step_id], graph.steps[pair.then.step_id]
    other = pair.then if node == pair.first else pair.first
    reason = graph.reason(pair.first, pair.then)
    return Finding(
        kind=DeviationKind.OUT_OF_ORDER,
        category=Category.STEP_SEQUENCE,
        step_id=node.step_id,
        related_step_id=other.step_id,
        span=_span(matched.done[node]),
        segments=tuple(sorted((*matched.done[node].indices, *matched.done[other].indices))),
        expected=f"{words_for(first)} before {words_for(then)}",
        expected_source=f"order of the dish{': ' + reason if reason else ''}",
        seen=f"{words_for(then)} was begun at {clock(late.start_s)}, "
        f"{words_for(first)} only at {clock(early.start_s)}",
        confidence=surest,
        cause=cause,
        # Unsafe is only what should have been made safe before: a later step's rule is not at stake.
        safety_id=next(iter(first.safety), None),
        subject="begun too early" if node == pair.then else "begun too late",
    )


def _span(doing: Doing) -> Span:
    return Span(start_s=doing.start_s, end_s=doing.end_s)
