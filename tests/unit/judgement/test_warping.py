"""The time map between two films, on films whose map is known."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from judging_dishes import TEA_DONE, segments

from bharatchef.errors import InputError
from bharatchef.judgement import load_thresholds
from bharatchef.judgement.warping import TimeMap, find_clip, step_features, tempo, time_map, typical_film
from bharatchef.vocabulary import Span

LIMITS = load_thresholds().warping
STEPS = [name for name, _, _ in TEA_DONE]


def film(seconds, seed=0, d=8):
    return np.cumsum(np.random.default_rng(seed).normal(size=(seconds, d)), axis=0)


def test_a_film_at_half_the_speed_is_mapped_to_twice_the_time():
    fast = film(60)
    found = time_map(fast, np.repeat(fast, 2, axis=0), LIMITS)
    assert found.meaningless == ""
    assert found.likeness == 1.0
    assert found.second_s(30) == pytest.approx(60, abs=2)
    assert tempo(found, {"middle": Span(start_s=20, end_s=40)})["middle"] == pytest.approx(2, abs=0.1)


def test_the_map_never_goes_back():
    found = time_map(film(50, 1), film(70, 2), LIMITS)
    for (a, b), (c, d) in zip(found.pairs, found.pairs[1:], strict=False):
        assert c >= a
        assert d >= b


def test_films_with_nothing_in_common_have_no_meaningful_map():
    one, other = np.zeros((60, 4)), np.zeros((60, 4))
    one[:, 0] = 1
    other[:, 1] = 1
    assert "too little in common" in time_map(one, other, LIMITS).meaningless
    assert time_map(np.ones((60, 4)), np.ones((60, 4)), LIMITS).likeness == 0.0


def test_a_clip_is_found_where_it_lies():
    whole = film(200, 3)
    found = find_clip(whole[80:120], whole, LIMITS)
    assert (found.span.start_s, found.span.end_s) == (80, 120)
    assert found.meaningless == ""
    strange = np.full((40, 8), 500.0)
    assert "no part of the film" in find_clip(strange, whole, LIMITS).meaningless


def test_a_side_camera_that_started_later_is_synchronised():
    front = film(150, 4)
    side = front[7:] + np.random.default_rng(5).normal(scale=0.1, size=(143, 8))
    assert find_clip(side[:60], front, LIMITS).span.start_s == pytest.approx(7, abs=1)


def test_a_typical_film_lies_nearer_to_all_than_they_to_each_other():
    base = film(40, 6, 2)
    films = [base + np.random.default_rng(n).normal(scale=0.5, size=base.shape) for n in range(4)]
    typical = typical_film(films)
    assert typical.shape == base.shape
    assert np.abs(typical - base).mean() < np.mean([np.abs(f - base).mean() for f in films])
    assert typical_film(films[:1]).shape == base.shape


def test_steps_as_features_map_a_slower_cook_to_the_expert():
    expert = step_features(segments(TEA_DONE), STEPS, 90)
    slow = step_features(segments([(s, 1.5 * a, 1.5 * b) for s, a, b in TEA_DONE]), STEPS, 135)
    found = time_map(expert, slow, LIMITS)
    assert found.meaningless == ""
    assert found.second_s(45) == pytest.approx(67, abs=4)


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [
        (np.zeros((0, 3)), np.zeros((4, 3)), "shape"),
        (np.zeros(4), np.zeros((4, 3)), "shape"),
        (np.zeros((4, 2)), np.zeros((4, 3)), "as many features"),
        (np.full((4, 3), np.nan), np.zeros((4, 3)), "finite"),
        (np.zeros((20000, 1)), np.zeros((4, 1)), "at most"),
    ],
)
def test_what_cannot_be_mapped_is_an_error_that_says_so(first, second, word):
    with pytest.raises(InputError, match=word):
        time_map(first, second, LIMITS)


def test_a_map_of_one_moment_stays_there():
    assert TimeMap(pairs=((0.0, 3.0),), likeness=1.0).second_s(10) == 3.0


def test_an_hour_long_film_takes_less_than_a_second_warm():
    time_map(film(20), film(25, 1), LIMITS)
    one, other = film(3600, 7, 64), film(3500, 8, 64)
    began = time.perf_counter()
    time_map(one, other, LIMITS)
    assert time.perf_counter() - began < 3.0  # below 1 s where no other test runs beside it


def test_judging_loads_neither_tslearn_nor_numpy():
    code = (
        "import sys, bharatchef.judgement.warping, bharatchef.scoring, bharatchef.coaching;"
        "print([m for m in ('numpy', 'tslearn', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
