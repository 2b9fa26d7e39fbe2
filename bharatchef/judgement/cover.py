"""The smallest set of steps that explains all broken pairs; knows only a graph of pairs."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

Vertex = TypeVar("Vertex", bound=Hashable)
_NODE_LIMIT = 20_000


def smallest_cover(pairs: Iterable[tuple[Vertex, Vertex]], rank: Mapping[Vertex, int]) -> frozenset[Vertex]:
    """A smallest set of vertices that touches every pair (minimum vertex cover).

    Exact by branching on the vertex with most pairs, component by component; a component that would
    take more than 20,000 branches keeps the best cover found until then.

    Args:
        pairs: the edges; a vertex paired with itself is not allowed.
        rank: for each vertex a number of its own; of equals the lower is taken, so that the same
            pairs always give the same cover.
    """
    links: dict[Vertex, set[Vertex]] = {}
    for one, other in pairs:
        links.setdefault(one, set()).add(other)
        links.setdefault(other, set()).add(one)
    chosen: set[Vertex] = set()
    for part in _parts(links):
        chosen |= _Search({v: set(links[v]) for v in part}, rank).run()
    return frozenset(chosen)


def connected(pairs: Sequence[tuple[Vertex, Vertex]]) -> list[list[tuple[Vertex, Vertex]]]:
    """The pairs in groups, such that no vertex is in two of them."""
    links: dict[Vertex, set[Vertex]] = {}
    for one, other in pairs:
        links.setdefault(one, set()).add(other)
        links.setdefault(other, set()).add(one)
    return [[pair for pair in pairs if pair[0] in part] for part in _parts(links)]


def _parts(links: Mapping[Vertex, set[Vertex]]) -> list[set[Vertex]]:
    left, parts = set(links), []
    while left:
        part, edge = set(), [left.pop()]
        while edge:
            vertex = edge.pop()
            part.add(vertex)
            fresh = links[vertex] & left
            left -= fresh
            edge.extend(fresh)
        parts.append(part)
    return parts


class _Search(Generic[Vertex]):
    """Branch and bound over one component."""

    def __init__(self, links: dict[Vertex, set[Vertex]], rank: Mapping[Vertex, int]) -> None:
        self.links, self.rank = links, rank
        self.best: set[Vertex] = _greedy(links, rank)
        self.branches = 0

    def run(self) -> set[Vertex]:
        self._branch(self.links, set())
        return self.best

    def _branch(self, links: dict[Vertex, set[Vertex]], taken: set[Vertex]) -> None:
        self.branches += 1
        if self.branches > _NODE_LIMIT:
            return
        if not links:
            if len(taken) < len(self.best):
                self.best = set(taken)
            return
        if len(taken) + _matching_size(links) >= len(self.best):
            return
        vertex = _busiest(links, self.rank)
        self._branch(_without(links, {vertex}), taken | {vertex})
        if len(links[vertex]) > 1:
            self._branch(_without(links, links[vertex]), taken | links[vertex])


def _busiest(links: Mapping[Vertex, set[Vertex]], rank: Mapping[Vertex, int]) -> Vertex:
    return min(links, key=lambda v: (-len(links[v]), rank[v]))


def _without(links: Mapping[Vertex, set[Vertex]], gone: set[Vertex]) -> dict[Vertex, set[Vertex]]:
    left = {v: others - gone for v, others in links.items() if v not in gone}
    return {v: others for v, others in left.items() if others}


def _greedy(links: Mapping[Vertex, set[Vertex]], rank: Mapping[Vertex, int]) -> set[Vertex]:
    left, taken = {v: set(others) for v, others in links.items()}, set()
    while left:
        vertex = _busiest(left, rank)
        taken.add(vertex)
        left = _without(left, {vertex})
    return taken


def _matching_size(links: Mapping[Vertex, set[Vertex]]) -> int:
    """A lower bound: pairs that share no vertex need a vertex each."""
    used: set[Vertex] = set()
    size = 0
    for vertex, others in links.items():
        if vertex in used:
            continue
        for other in others:
            if other not in used:
                used |= {vertex, other}
                size += 1
                break
    return size
