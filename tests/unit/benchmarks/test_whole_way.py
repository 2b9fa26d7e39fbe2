"""The measuring of the whole way: what counts as found, and what is planted, checked by hand-made cases."""

from __future__ import annotations

import pytest

from benchmarks.models.planted import films, quickened
from benchmarks.models.whole_way import f1_at, figures, matches
from kitchen_sim.truth import DEVIATIONS
from knowledge_base.library import DishLibrary

DISHES = list(DishLibrary().list_dishes())


def told(kind, step=None, related=None, confidence=0.9):
    return {"kind": kind, "step": step, "related": related, "confidence": confidence}


def row(planted, reported):
    return {
        "film": "f",
        "seconds": 60.0,
        "cpu": 1.0,
        "drawing": 1.0,
        "planted": planted,
        "reported": reported,
        "truth": [["a", 0, 10], ["b", 10, 20]],
        "seen": [["a", 1, 10, 0.9], ["b", 30, 40, 0.9]],
        "unavailable": [],
    }


def test_half_of_the_films_are_correct_and_the_others_show_as_many_mistakes_as_asked():
    made = list(films(DISHES, ("steel-flat", "hostel"), 12, 5, 1))
    assert [bool(film.script.mistakes) for film in made] == [False, True] * 6
    assert all(len(film.script.mistakes) >= 4 for film in made[1::2])
    assert {film.script.camera for film in made} == {"front", "side"}
    assert all(45 < film.script.duration_s < 125 for film in made)
    again = list(films(DISHES, ("steel-flat", "hostel"), 12, 5, 1))
    assert [film.script.sha256() for film in made] == [film.script.sha256() for film in again]
    kinds = {mistake.kind for film in made for mistake in film.script.mistakes}
    assert len(kinds) >= 8
    assert kinds <= set(DEVIATIONS)


def test_shortened_times_keep_what_is_longer_longer():
    dish = DISHES[0]
    spans = [
        (step.duration.min_s, short.duration.min_s)
        for step, short in zip(dish.expected_steps, quickened(dish).expected_steps, strict=True)
        if step.duration is not None
    ]
    assert len(spans) > 3
    assert [short for _, short in sorted(spans)] == sorted(short for _, short in spans)


def test_a_report_is_right_at_its_kind_and_step_alone():
    swap = {"kind": "swapped", "deviation": "out_of_order", "steps": ["a", "b"]}
    assert matches(told("out_of_order", "b"), swap)
    assert matches(told("out_of_order", "c", "a"), swap)
    assert not matches(told("missing", "a"), swap)
    assert not matches(told("out_of_order", "c"), swap)
    assert matches(
        told("poor_plating"), {"kind": "poor_plating", "deviation": "poor_plating", "steps": ["z"]}
    )


def test_figures_count_what_was_found_and_what_was_made_up():
    missing = {"kind": "skipped", "deviation": "missing", "steps": ["a", None]}
    found = figures([row([missing], [told("missing", "a"), told("too_long", "b")]), row([], [])])
    assert (found["precision"], found["recall"], found["correctFlagged"]) == (0.5, 1.0, 0.0)
    assert found["recallByKind"] == {"skipped": "1 of 1"}
    assert figures([row([], [told("missing", "a")])])["correctFlagged"] == 1.0


def test_steps_are_right_where_they_overlap_by_half():
    assert f1_at([row([], [])]) == pytest.approx(0.5)


def test_without_a_report_there_is_no_calibration_error():
    assert figures([row([], [])])["ece"] is None
