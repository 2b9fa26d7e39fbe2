"""The order of a dish as a graph, on random graphs."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base import graph

Graph = dict[str, list[str]]


@st.composite
def acyclic(draw: st.DrawFn, most: int = 7) -> Graph:
    """A random acyclic graph, its nodes given in an order that need not fit it."""
    names = [f"s{i}" for i in range(draw(st.integers(1, most)))]
    befores = {name: [b for b in names[:i] if draw(st.booleans())] for i, name in enumerate(names)}
    shuffled = draw(st.permutations(names))
    return {name: befores[name] for name in shuffled}


def fits(order: tuple[str, ...], befores: Graph) -> bool:
    place = {name: i for i, name in enumerate(order)}
    return all(place[b] < place[name] for name, before in befores.items() for b in before)


@settings(deadline=None)
@given(acyclic())
def test_an_acyclic_graph_has_no_cycle_and_an_order_that_fits(befores: Graph) -> None:
    assert graph.cycles(befores) == []
    assert graph.blocked(befores) == set()
    order = graph.in_order(befores)
    assert sorted(order) == sorted(befores)
    assert fits(tuple(order), befores)


@settings(max_examples=40, deadline=None)
@given(acyclic(most=5))
def test_the_reduced_graph_allows_the_same_orders_with_no_edge_to_spare(befores: Graph) -> None:
    fewest = graph.reduced(befores)
    orders = list(permutations(befores))
    assert [fits(o, befores) for o in orders] == [fits(o, fewest) for o in orders]
    for name, direct in fewest.items():
        for before in direct:
            without = {**fewest, name: [b for b in direct if b != before]}
            assert any(fits(o, without) and not fits(o, fewest) for o in orders)


@settings(deadline=None)
@given(acyclic(), st.data())
def test_a_cycle_is_found_wherever_one_is_closed(befores: Graph, data: st.DataObject) -> None:
    names = graph.in_order(befores)
    first = data.draw(st.integers(0, len(names) - 1))
    last = data.draw(st.integers(first, len(names) - 1))
    closed = {name: list(before) for name, before in befores.items()}
    for i in range(first, last):
        closed[names[i + 1]].append(names[i])
    closed[names[first]].append(names[last])
    found = graph.cycles(closed)
    assert len(found) == 1
    way = found[0]
    for before, after in zip(way, [*way[1:], way[0]], strict=True):
        assert before in closed[after]
    assert len(set(way)) == len(way)
    above = {n: {m for m in names if _reaches(closed, m, n)} for n in names}
    assert graph.blocked(closed) == {n for n in names if n in way or above[n] & set(way)}
    with pytest.raises(ValueError, match="acyclic"):
        graph.in_order(closed)


def _reaches(befores: Graph, start: str, end: str) -> bool:
    seen: set[str] = set()
    waiting = [end]
    while waiting:
        for before in befores[waiting.pop()]:
            if before == start:
                return True
            if before not in seen:
                seen.add(before)
                waiting.append(before)
    return False


def test_two_knots_are_both_named_each_by_its_shortest_way_round() -> None:
    befores = {"a": ["b", "c"], "b": ["a"], "c": ["b"], "d": ["e"], "e": ["d"], "f": ["e"]}
    assert [sorted(way) for way in graph.cycles(befores)] == [["a", "b"], ["d", "e"]]
    assert graph.blocked(befores) == {"a", "b", "c", "d", "e", "f"}


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    befores = {f"s{i}": [f"s{i - 1}"] if i else [] for i in range(2000)}
    assert graph.cycles(befores) == []
    befores["s0"] = ["s1999"]
    assert len(graph.cycles(befores)[0]) == 2000
