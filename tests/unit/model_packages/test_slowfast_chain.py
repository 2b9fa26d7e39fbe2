"""The seconds of a chunk are read together, and no order of actions is taken for granted."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_packages.slowfast.chain import Chain, chain_from, counted, read_scores
from model_packages.slowfast.measuring import fitted, probabilities

CHAIN = Chain((0.4, 0.2, 0.2, 0.2), stays=0.8, pauses=0.5, to_pause=0.7, weight=0.25, sharpness=0.9)


def test_how_long_actions_last_is_counted() -> None:
    film = np.array([0, 1, 1, 1, 0, 0, 2, 2, 3, -1, 3])

    chain = counted([film], 4)

    # Four goings-on and three ends of actions; one going-on and two ends of pauses; one of each is added.
    assert (chain.stays, chain.pauses) == ((3 + 1) / (5 + 2), (1 + 1) / (3 + 2))
    assert chain.to_pause == (1 + 1) / (2 + 2)
    np.testing.assert_allclose(sum(chain.shares), 1)


def test_which_action_follows_which_is_not_known() -> None:
    there = counted([np.array([1, 1, 2, 2, 3, 3])], 4)
    back = counted([np.array([3, 3, 2, 2, 1, 1])], 4)

    np.testing.assert_array_equal(there.change(), back.change())


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.5, 4))
def test_changes_are_chances(stays: float, pauses: float, to_pause: float, every_s: float) -> None:
    change = Chain((0.25,) * 4, stays, pauses, to_pause).change(every_s)

    assert (change >= 0).all()
    np.testing.assert_allclose(change.sum(1), 1)


def test_a_doubtful_second_within_an_action_is_read_as_that_action() -> None:
    scores = np.array([[0, 5, 0, 0], [0, 5, 0, 0], [0, 1, 1.2, 0], [0, 5, 0, 0]])

    assert read_scores(scores, 1.0, None).argmax(1).tolist() == [1, 1, 2, 1]
    assert read_scores(scores, 1.0, CHAIN).argmax(1).tolist() == [1, 1, 1, 1]


def test_a_plain_second_stands_whatever_is_around_it() -> None:
    scores = np.array([[0, 5, 0, 0], [0, 0, 0, 9], [0, 5, 0, 0]])

    assert read_scores(scores, 1.0, CHAIN).argmax(1).tolist() == [1, 3, 1]


@given(st.integers(1, 30), st.integers(0, 1000))
def test_answers_are_probabilities_and_come_back_from_settings(count: int, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(0, 8, (count, 4))

    chances = read_scores(scores, 0.7, CHAIN)

    np.testing.assert_allclose(chances.sum(1), 1)
    np.testing.assert_array_equal(read_scores(scores, 0.7, chain_from(CHAIN.as_json())), chances)


def test_films_are_read_each_for_itself_and_a_look_is_held_until_the_next() -> None:
    scores = np.random.default_rng(5).normal(0, 3, (7, 4))
    film = np.array([0, 0, 0, 1, 1, 1, 1])

    said = probabilities(scores, film, 1.0, CHAIN, every_s=2)

    np.testing.assert_array_equal(said[:2], np.repeat(read_scores(scores[0:3:2], 1.0, CHAIN, 2)[:1], 2, 0))
    np.testing.assert_array_equal(said[3:], np.repeat(read_scores(scores[3::2], 1.0, CHAIN, 2), 2, 0))


def test_what_is_fitted_makes_the_truth_likelier_than_scores_alone() -> None:
    rng = np.random.default_rng(2)
    truth = np.repeat(rng.integers(0, 4, 60), 4)
    scores = np.eye(4)[truth] * 2 + rng.normal(0, 2, (len(truth), 4))
    film = np.arange(len(truth)) // 40

    temperature, chain = fitted(counted([truth], 4), scores, truth, film)

    alone = read_scores(scores, temperature, None)[np.arange(len(truth)), truth]
    together = probabilities(scores, film, temperature, chain)[np.arange(len(truth)), truth]
    assert np.log(together).mean() > np.log(alone).mean() + 0.05
