"""What must come before what, as a graph: cycles, what they block, closure and reduction; knows no dish.

A graph is a mapping of each node to the nodes that must come before it. Names in it that are not
themselves keys are left out of account.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

Befores = Mapping[str, Iterable[str]]


def cycles(befores: Befores) -> list[list[str]]:
    """One shortest cycle of each knot of the graph, in the order of doing: each before the next, the last
    before the first. An acyclic graph has none.

    A knot is a strongly connected component (Tarjan 1972) with an edge inside it.
    """
    found = []
    known = _known(befores)
    for knot in _components(known):
        members = set(knot)
        inside = {node: [b for b in known[node] if b in members] for node in knot}
        if len(knot) == 1 and knot[0] not in inside[knot[0]]:
            continue
        shortest = min((_cycle_through(node, inside) for node in sorted(knot)), key=len)
        found.append(shortest)
    return sorted(found)


def blocked(befores: Befores) -> set[str]:
    """The nodes that can never be begun: those on a cycle, and those that must come after one."""
    known = _known(befores)
    return set(known) - set(_in_order(known))


def in_order(befores: Befores) -> list[str]:
    """The nodes in an order that the graph allows, near the order in which they are given.

    Raises:
        ValueError: the graph has a cycle.
    """
    known = _known(befores)
    ordered = _in_order(known)
    if len(ordered) < len(known):
        raise ValueError(f"expected an acyclic graph, got the cycle {' -> '.join(cycles(befores)[0])}")
    return ordered


def ancestors(befores: Befores) -> dict[str, set[str]]:
    """All nodes that come before each, directly or through others. ``ValueError`` on a cycle."""
    known = _known(befores)
    above: dict[str, set[str]] = {}
    for node in in_order(known):
        above[node] = set(known[node]).union(*(above[b] for b in known[node]))
    return above


def reduced(befores: Befores) -> dict[str, list[str]]:
    """The fewest edges with the same meaning (transitive reduction). ``ValueError`` on a cycle."""
    above = ancestors(befores)
    position = {node: i for i, node in enumerate(befores)}
    result: dict[str, list[str]] = {}
    for node in befores:
        direct = set(above[node])
        for before in above[node]:
            direct -= above[before]
        result[node] = sorted(direct, key=position.__getitem__)
    return result


def _known(befores: Befores) -> dict[str, list[str]]:
    return {node: list(dict.fromkeys(b for b in before if b in befores)) for node, before in befores.items()}


def _in_order(known: Mapping[str, Sequence[str]]) -> list[str]:
    done: dict[str, None] = {}
    waiting = list(known)
    while waiting:
        ready = next((n for n in waiting if all(b in done for b in known[n])), None)
        if ready is None:
            break
        done[ready] = None
        waiting.remove(ready)
    return list(done)


def _cycle_through(start: str, befores: Mapping[str, Sequence[str]]) -> list[str]:
    came_from: dict[str, str] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for before in befores[node]:
            if before == start:
                path = [node]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return [start, *path[:-1]]
            if before not in came_from:
                came_from[before] = node
                queue.append(before)
    raise AssertionError(f"{start} is in a knot but on no cycle")


def _components(befores: Mapping[str, Sequence[str]]) -> list[list[str]]:
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    components: list[list[str]] = []
    for root in befores:
        if root in index:
            continue
        work = [(root, iter(befores[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component: list[str] = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    components.append(component)
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                on_stack.add(following)
                work.append((following, iter(befores[following])))
            elif following in on_stack:
                low[node] = min(low[node], index[following])
    return components
