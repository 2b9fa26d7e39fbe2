"""A stretch of one action holds as many steps as length and pauses say, and no more than are asked for."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.observed import PauseOdds
from bharatchef.perception.parameters import parameters
from bharatchef.perception.parting import Pause, cuts_between, parts_of, pauses_in
from bharatchef.records import DurationRange, ExpectedStep

USE = parameters().steps
SEEN = PauseOdds(at=-2.9, slope=1.25)
# Nothing is known of the hands: every cut is as likely as not.
OPEN = tuple(Pause(float(k), 0.0) for k in range(3))


def steps(count: int, low: float = 3.0, high: float = 6.0) -> list[ExpectedStep]:
    asked = DurationRange(min_s=low, max_s=high, source="test")
    return [
        ExpectedStep(step_id=f"add-{k}", action="add", description="put it in", duration=asked)
        for k in range(count)
    ]


def counts(lengths: list[float], count: int, pauses: tuple[Pause, ...] = OPEN) -> list[int]:
    return [part.count for part in parts_of(lengths, [pauses] * len(lengths), steps(count), USE)]


def test_a_stretch_twice_as_long_as_a_step_holds_two_of_them() -> None:
    assert counts([9.0], 3) == [2]
    assert counts([4.5], 3) == [1]


def test_no_more_parts_than_steps_that_were_not_seen_elsewhere() -> None:
    assert counts([9.0, 4.0], 2) == [1, 1]
    assert counts([4.0, 13.5], 4) == [1, 3]


def test_hands_that_rest_part_a_shorter_stretch_and_hands_that_do_not_keep_a_longer_one_whole() -> None:
    assert counts([6.0], 2, (Pause(3.0, 4.0),)) == [2]
    assert counts([9.0], 2, (Pause(4.5, -6.0),)) == [1]
    assert counts([9.0], 2, ()) == [1]


def test_steps_without_a_range_are_not_parted_for_being_long() -> None:
    free = [step.model_copy(update={"duration": None}) for step in steps(2)]
    assert [p.count for p in parts_of([20.0], [OPEN], free, USE)] == [1]


def test_the_likeliest_pauses_are_where_the_hands_rest_and_lie_apart() -> None:
    times = np.arange(0.5, 12.0, 0.5)
    quiet = np.full(len(times), -6.0)
    quiet[[8, 9, 15]] = 1.0, 0.8, 0.5
    first, second, *rest = pauses_in(times, quiet, (0.0, 12.0), USE, SEEN)
    assert (first.time_s, second.time_s) == (times[8], times[15])
    assert first.log_odds > second.log_odds > 0
    assert all(pause.log_odds < 0 for pause in rest)


def test_where_no_pauses_were_counted_they_are_as_likely_as_not() -> None:
    times = np.arange(0.5, 12.0, 0.5)
    found = pauses_in(times, np.linspace(-3, 3, len(times)), (0.0, 12.0), USE, None)
    assert found
    assert {pause.log_odds for pause in found} == {0.0}


def test_a_stretch_is_cut_where_the_hands_rest() -> None:
    times = np.arange(0.5, 10.0, 1.0)
    quiet = np.zeros(10)
    quiet[5] = 2.0
    assert cuts_between(times, quiet, 0.0, 10.0, 2) == (5.5,)
    quiet[:] = 0.0
    assert abs(cuts_between(times, quiet, 0.0, 10.0, 2)[0] - 5.0) <= 0.5


def test_a_stretch_too_short_for_two_has_no_pause() -> None:
    times = np.arange(0.25, 3.0, 0.5)
    assert pauses_in(times, np.ones(len(times)), (0.0, 2 * USE.least_part_s - 0.1), USE, SEEN) == ()


@given(st.lists(st.floats(0.5, 60.0), min_size=1, max_size=5), st.integers(1, 8))
def test_parts_are_counted_and_as_sure_as_a_probability(lengths: list[float], asked: int) -> None:
    parts = parts_of(lengths, [OPEN] * len(lengths), steps(asked), USE)
    assert len(parts) == len(lengths)
    assert sum(p.count for p in parts) <= max(asked, len(lengths))
    assert all(p.count >= 1 and 0.0 < p.sure <= 1.0 for p in parts)


@given(st.lists(st.floats(-9, 4), min_size=1, max_size=80), st.floats(0, 9), st.floats(1, 40))
def test_pauses_lie_inside_apart_and_likeliest_first(quiet: list[float], start: float, length: float) -> None:
    times = np.arange(len(quiet)) * 0.5 + 0.25
    found = pauses_in(times, np.array(quiet), (start, start + length), USE, SEEN)
    odds = [pause.log_odds for pause in found]
    assert odds == sorted(odds, reverse=True)
    at = sorted(pause.time_s for pause in found)
    assert all(start + USE.least_part_s <= t <= start + length - USE.least_part_s for t in at)
    assert all(b - a >= USE.least_part_s for a, b in itertools.pairwise(at))


@given(st.integers(2, 4), st.floats(2.0, 40.0))
def test_cuts_rise_and_lie_inside(count: int, length: float) -> None:
    times = np.arange(0.5, length, 1.0)
    cuts = cuts_between(times, np.zeros(len(times)), 0.0, length, count)
    assert len(cuts) == count - 1
    assert all(0.0 < a < length for a in cuts)
    assert list(cuts) == sorted(set(cuts))
