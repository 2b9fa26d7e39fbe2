"""Which of several steps of one action a stretch is: by what was seen first, then by the dish's order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.perception.naming import Stretch, named
from bharatchef.perception.parameters import parameters
from bharatchef.records import ExpectedStep, OrderEdge

USE = parameters().steps


def steps(*rows: tuple[str, tuple[str, ...]]) -> list[ExpectedStep]:
    return [
        ExpectedStep(
            step_id=name,
            action="add" if name.startswith("add") else "stir",
            description=name,
            must_come_after=tuple(OrderEdge(step_id=other, reason="so") for other in after),
        )
        for name, after in rows
    ]


def stretches(*shares: tuple[float, ...]) -> list[Stretch]:
    return [Stretch(10.0 * k, int(np.argmax(row)), np.array(row)) for k, row in enumerate(shares)]


DISH = steps(("add-salt", ("stir",)), ("add-oil", ()), ("stir", ("add-oil",)))


def test_where_nothing_tells_two_apart_the_order_is_broken_least() -> None:
    found = named(stretches((0.5, 0.5, 0), (0, 0, 1), (0.5, 0.5, 0)), [[0, 1]], DISH, USE)
    assert found.states == (1, 2, 0)
    assert min(found.sureness) > 0.95
    assert found.unsettled == ()


def test_what_was_seen_goes_before_the_order() -> None:
    seen = stretches((0.999, 0.001, 0), (0, 0, 1), (0.001, 0.999, 0))
    assert named(seen, [[0, 1]], DISH, USE).states == (0, 2, 1)


def test_one_of_two_that_nothing_tells_apart_leaves_the_other_open() -> None:
    free = steps(("add-salt", ()), ("add-oil", ()), ("stir", ()))
    found = named(stretches((0.5, 0.5, 0), (0, 0, 1)), [[0, 1]], free, USE)
    assert found.states == (0, 2)
    assert found.sureness == pytest.approx((0.5, 1.0), abs=0.01)
    assert found.unsettled == (1,)
    plain = named(stretches((0.99, 0.01, 0), (0, 0, 1)), [[0, 1]], free, USE)
    assert plain.unsettled == ()


@given(st.lists(st.tuples(*[st.floats(0.05, 1.0)] * 2), min_size=1, max_size=5), st.booleans())
def test_the_reading_is_the_likeliest_of_all(rows: list[tuple[float, float]], ordered: bool) -> None:
    dish = steps(("add-salt", ("add-oil",) if ordered else ()), ("add-oil", ()))
    found = named(stretches(*rows), [[0, 1]], dish, USE)

    def score(states: tuple[int, ...]) -> float:
        total = sum(np.log(row[s] / sum(row)) for row, s in zip(rows, states, strict=True))
        total += np.log(USE.surplus_odds) * sum(max(0, states.count(s) - 1) for s in (0, 1))
        early = sum(ordered and a == 0 and b == 1 for a, b in itertools.combinations(states, 2))
        return total + np.log(USE.order_break_odds) * early

    best = max(score(states) for states in itertools.product((0, 1), repeat=len(rows)))
    assert score(found.states) == pytest.approx(best, abs=1e-3)
