"""A stretch of one action holds as many steps as its length says, and no more than are asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.perception.parameters import parameters
from bharatchef.perception.parting import cuts_between, parts_of
from bharatchef.records import DurationRange, ExpectedStep


def steps(count: int, low: float = 3.0, high: float = 6.0) -> list[ExpectedStep]:
    asked = DurationRange(min_s=low, max_s=high, source="test")
    return [
        ExpectedStep(step_id=f"add-{k}", action="add", description="put it in", duration=asked)
        for k in range(count)
    ]


def counts(lengths: list[float], count: int) -> list[int]:
    return [part.count for part in parts_of(lengths, steps(count), parameters().steps)]


def test_a_stretch_twice_as_long_as_a_step_holds_two_of_them() -> None:
    assert counts([9.0], 3) == [2]
    assert counts([4.5], 3) == [1]


def test_no_more_parts_than_steps_that_were_not_seen_elsewhere() -> None:
    assert counts([9.0, 4.0], 2) == [1, 1]
    assert counts([4.0, 13.5], 4) == [1, 3]


def test_steps_without_a_range_are_not_parted_for_being_long() -> None:
    free = [step.model_copy(update={"duration": None}) for step in steps(2)]
    assert [p.count for p in parts_of([20.0], free, parameters().steps)] == [1]


def test_a_stretch_is_cut_where_the_hands_rest() -> None:
    times = np.arange(0.5, 10.0, 1.0)
    quiet = np.zeros(10)
    quiet[5] = 2.0
    assert cuts_between(times, quiet, 0.0, 10.0, 2) == (5.5,)
    quiet[:] = 0.0
    assert abs(cuts_between(times, quiet, 0.0, 10.0, 2)[0] - 5.0) <= 0.5


@given(st.lists(st.floats(0.5, 60.0), min_size=1, max_size=5), st.integers(1, 8))
def test_parts_are_counted_and_as_sure_as_a_probability(lengths: list[float], asked: int) -> None:
    parts = parts_of(lengths, steps(asked), parameters().steps)
    assert len(parts) == len(lengths)
    assert sum(p.count for p in parts) <= max(asked, len(lengths))
    assert all(p.count >= 1 and 0.0 < p.sure <= 1.0 for p in parts)


@given(st.integers(2, 4), st.floats(2.0, 40.0))
def test_cuts_rise_and_lie_inside(count: int, length: float) -> None:
    times = np.arange(0.5, length, 1.0)
    cuts = cuts_between(times, np.zeros(len(times)), 0.0, length, count)
    assert len(cuts) == count - 1
    assert all(0.0 < a < length for a in cuts)
    assert list(cuts) == sorted(set(cuts))
