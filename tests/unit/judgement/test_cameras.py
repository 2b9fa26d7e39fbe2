"""Two cameras on one clock: drawn films from the front and from the side, and movement made by hand."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bharatchef.errors import InputError
from bharatchef.judgement import load_thresholds
from bharatchef.judgement.cameras import synchronised
from bharatchef.media.motion import motion_energy
from kitchen_sim.film import draw_film
from kitchen_sim.laying_out import script_from_steps

THRESHOLDS = load_thresholds()
RATE = THRESHOLDS.cameras.moments_per_s
STEPS = [
    {"step_id": "chop", "action": "chop", "ingredients": ["onion"]},
    {"step_id": "heat", "action": "heat", "objects": ["pan"], "heat": "high"},
    {"step_id": "fry", "action": "fry", "objects": ["pan"], "ingredients": ["onion"], "heat": "medium"},
    {"step_id": "stir", "action": "stir", "objects": ["pan"], "heat": "medium"},
    {"step_id": "plate", "action": "plate", "objects": ["plate"]},
]


def together(front, side):
    return synchronised(front, side, RATE, THRESHOLDS.warping, THRESHOLDS.cameras)


def bursts(seed: int, seconds: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    slow = np.repeat(rng.uniform(0, 3, int(seconds)), int(RATE))
    return np.abs(slow + rng.normal(0, 0.3, len(slow)))


@pytest.fixture(scope="module")
def movement(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cameras")
    found = {}
    for name, seed in (("one", 4), ("other", 11)):
        for camera in ("front", "side"):
            script = script_from_steps(
                STEPS,
                dish="sample",
                seed=seed,
                longest_step_s=9.0,
                camera=camera,
                width_px=320,
                height_px=180,
                fps=15,
            )
            film = draw_film(script, folder / f"{name}-{camera}.mp4").film.read_bytes()
            with av.open(io.BytesIO(film)) as container:
                length_s = container.duration / av.time_base
            found[name, camera] = motion_energy([(0.0, film)], length_s, RATE)
    return found


@pytest.mark.parametrize("late_s", [0.0, 6.0, -5.0])
def test_a_drawn_side_film_is_set_on_the_front_films_clock(movement, late_s):
    front, side = movement["one", "front"], movement["one", "side"]
    cut = int(abs(late_s) * RATE)
    if late_s >= 0:
        side = side[cut:]
    else:
        front = front[cut:]
    sync = together(front, side)
    assert not sync.meaningless
    assert sync.side_begins_s == pytest.approx(late_s, abs=0.3)
    assert sync.overlap_s == pytest.approx(min(len(front), len(side)) / RATE, abs=0.6)


def test_the_side_film_of_another_cook_is_not_set_on_the_clock(movement):
    sync = together(movement["one", "front"], movement["other", "side"])
    assert "too little in common" in sync.meaningless


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(-12, 15))
def test_any_offset_is_found_where_the_middle_of_the_shorter_film_is_in_the_other(seed, late_s):
    whole = bursts(seed, 150)
    begin = int(30 * RATE)
    front = whole[begin : begin + int(90 * RATE)]
    moved = begin + int(late_s * RATE)
    side = whole[moved : moved + int(85 * RATE)] * 0.4
    assert together(front, side).side_begins_s == pytest.approx(late_s, abs=0.3)


def test_what_cannot_be_compared_is_said():
    film = bursts(1, 60)
    assert "too little to compare" in together(film, film[: int(5 * RATE)]).meaningless
    assert "nothing moves" in together(film, np.full(int(60 * RATE), 0.3)).meaningless
    with pytest.raises(InputError, match="finite"):
        together(film, np.array([np.nan] * 300))
    with pytest.raises(InputError, match="shape"):
        together(film, np.zeros((3, 3)))


def test_a_film_without_a_picture_has_no_movement():
    assert motion_energy([], 10.0, RATE).tolist() == [0.0] * int(10 * RATE)
