"""The decoder against every segmentation written out, and what must hold whatever the numbers."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bharatchef.perception.decoder import decode


def random_problem(seed: int, samples: int, states: int, longest: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    transition = rng.normal(size=(states, states))
    np.fill_diagonal(transition, -np.inf)
    return (
        rng.normal(size=(samples, states)),
        rng.normal(size=(longest, states)),
        rng.normal(size=states),
        transition,
    )


def every_segmentation(samples: int, states: int, longest: int) -> list[list[tuple[int, int, int]]]:
    found = []
    for cuts in itertools.product([0, 1], repeat=samples - 1):
        edges = [0, *[i + 1 for i, cut in enumerate(cuts) if cut], samples]
        spans = list(itertools.pairwise(edges))
        if any(b - a > longest for a, b in spans):
            continue
        for names in itertools.product(range(states), repeat=len(spans)):
            if all(x != y for x, y in itertools.pairwise(names)):
                found.append([(a, b, s) for (a, b), s in zip(spans, names, strict=True)])
    return found


@pytest.mark.parametrize(
    ("seed", "samples", "states", "longest"), [(0, 6, 3, 6), (1, 7, 2, 3), (2, 5, 4, 2), (3, 1, 3, 1)]
)
def test_best_and_posterior_are_those_of_all_segmentations(
    seed: int, samples: int, states: int, longest: int
) -> None:
    emission, duration, start, transition = random_problem(seed, samples, states, longest)
    ways = every_segmentation(samples, states, longest)
    scores = np.array(
        [
            start[way[0][2]]
            + sum(transition[x[2], y[2]] for x, y in itertools.pairwise(way))
            + sum(emission[a:b, s].sum() + duration[b - a - 1, s] for a, b, s in way)
            for way in ways
        ]
    )
    weights = np.exp(scores - scores.max())
    expected = np.zeros((samples, states))
    for way, weight in zip(ways, weights / weights.sum(), strict=True):
        for a, b, s in way:
            expected[a:b, s] += weight
    decoded = decode(emission, duration, start, transition)
    assert list(decoded.segments) == ways[int(scores.argmax())]
    np.testing.assert_allclose(decoded.posterior, expected, atol=1e-9)
    assert decoded.log_likelihood == pytest.approx(np.log(np.exp(scores).sum()))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(2, 6))
def test_segments_are_gapless_states_differ_and_posteriors_sum_to_one(
    seed: int, samples: int, states: int
) -> None:
    decoded = decode(*random_problem(seed, samples, states, samples))
    assert decoded.segments[0][0] == 0
    assert decoded.segments[-1][1] == samples
    assert all(x[1] == y[0] and x[2] != y[2] for x, y in itertools.pairwise(decoded.segments))
    np.testing.assert_allclose(decoded.posterior.sum(axis=1), 1.0)
    assert (decoded.posterior >= 0).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_a_constant_added_to_a_sample_changes_nothing(seed: int) -> None:
    emission, duration, start, transition = random_problem(seed, 25, 4, 25)
    shift = np.random.default_rng(seed).normal(0, 100, size=(25, 1))
    plain, shifted = (decode(e, duration, start, transition) for e in (emission, emission + shift))
    assert plain.segments == shifted.segments
    np.testing.assert_allclose(plain.posterior, shifted.posterior, atol=1e-6)


def test_what_does_not_fit_is_refused() -> None:
    emission, duration, start, transition = random_problem(0, 5, 3, 5)
    with pytest.raises(ValueError, match=r"expected log_duration of shape \(D, 3\), got \(5, 2\)"):
        decode(emission, duration[:, :2], start, transition)
    with pytest.raises(ValueError, match=r"got \(2,\) and \(3, 3\)"):
        decode(emission, duration, start[:2], transition)
    with pytest.raises(ValueError, match="finite emissions"):
        decode(np.full_like(emission, np.nan), duration, start, transition)
    with pytest.raises(ValueError, match="-inf on the diagonal"):
        decode(emission, duration, start, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="no segmentation is possible"):
        decode(emission, np.full_like(duration, -np.inf), start, transition)


def test_ten_minutes_of_fifteen_steps_take_well_below_a_second() -> None:
    problem = random_problem(0, 600, 16, 600)
    began = time.process_time()
    decode(*problem)
    assert time.process_time() - began < 0.8
