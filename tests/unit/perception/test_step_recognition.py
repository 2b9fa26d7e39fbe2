"""Steps recognised out of noisy probabilities drawn from a known truth."""

import itertools
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import BACKGROUND, f1_at_50, hits_at_50, model_identity, simulate, simulated_dish

from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Detection,
    Detections,
    SourceErrors,
    Unavailable,
)
from bharatchef.perception.evidence import action_columns
from bharatchef.perception.parameters import foreign_true, source_errors
from bharatchef.perception.parameters import labels as words
from bharatchef.perception.performance import performance_from
from bharatchef.perception.steps import looked_at, recognise_steps
from bharatchef.records import ActionSegment, Dish

DISH = simulated_dish()
MODELS = Path(__file__).resolve().parents[3] / "model_packages"
BLIND = Unavailable(analyser=Analyser.OBJECTS, reason="no model")


def probabilities(
    doing: list[tuple[str, int]], labels: tuple[str, ...], sure: float = 0.8, start_s: float = 0.5
) -> ActionProbabilities:
    """One row a second: ``sure`` for what is being done, the rest shared alike."""
    names = [name for name, seconds in doing for _ in range(seconds)]
    rest = (1 - sure) / (len(labels) - 1)
    return ActionProbabilities(
        model=model_identity(Analyser.ACTIONS),
        labels=labels,
        times_s=tuple(start_s + i for i in range(len(names))),
        probabilities=tuple(tuple(sure if label == name else rest for label in labels) for name in names),
    )


def seen(moments: dict[str, range], length: int, labels: tuple[str, ...]) -> Detections:
    return Detections(
        model=model_identity(Analyser.OBJECTS),
        times_s=tuple(i + 0.5 for i in range(length)),
        labels=labels,
        items=tuple(
            Detection(time_s=i + 0.5, label=name, confidence=0.9, box=(0.1, 0.1, 0.2, 0.2))
            for name, when in moments.items()
            for i in when
        ),
    )


def best_per_second(actions: ActionProbabilities, dish: Dish) -> tuple[ActionSegment, ...]:
    """The plain way: the likeliest action of each second, its first step in the dish."""
    first: dict[str, str] = {}
    for step in dish.expected_steps:
        first.setdefault(step.action, step.step_id)
    names = [actions.labels[int(np.argmax(row))] for row in actions.probabilities]
    runs, at = [], 0
    for name, group in itertools.groupby(names):
        length = len(list(group))
        if name in first:
            runs.append(ActionSegment(action_type=name, start_s=at, end_s=at + length, step_id=first[name]))
        at += length
    return tuple(runs)


def test_clean_probabilities_give_the_steps_in_the_order_done() -> None:
    labels = (BACKGROUND, "chop", "rinse", "flip")
    actions = probabilities([("chop", 30), (BACKGROUND, 8), ("flip", 10), ("rinse", 15)], labels, 0.9)
    found = recognise_steps(actions, BLIND, DISH)
    assert [s.step_id for s in found.segments] == ["chop-tomato", "flip-it", "rinse-tomato"]
    times = [(s.start_s, s.end_s) for s in found.segments]
    np.testing.assert_allclose(times, [(0, 30), (38, 48), (48, 63)], atol=1.01)
    assert min(s.confidence for s in found.segments) > 0.9
    assert found.observed[0].start_s == 0
    assert found.observed[0].end_s == 63


def test_nothing_done_is_nothing_found() -> None:
    actions = probabilities([(BACKGROUND, 60)], (BACKGROUND, "chop", "rinse"), 0.7)
    assert recognise_steps(actions, BLIND, DISH).segments == ()


def test_a_flicker_of_a_second_is_not_a_step() -> None:
    labels = (BACKGROUND, "chop", "rinse")
    actions = probabilities([("chop", 20), ("rinse", 1), ("chop", 20)], labels, 0.7)
    assert [s.step_id for s in recognise_steps(actions, BLIND, DISH).segments] == ["chop-tomato"]


def test_objects_tell_steps_of_one_action_apart() -> None:
    labels = (BACKGROUND, "add", "chop")
    actions = probabilities([("add", 10), (BACKGROUND, 10), ("add", 10), (BACKGROUND, 10)], labels, 0.9)
    for first, second in (("sugar", "milk"), ("milk", "sugar"), ("salt", "milk")):
        things = seen({first: range(0, 10), second: range(20, 30)}, 40, ("milk", "sugar", "salt"))
        found = recognise_steps(actions, things, DISH).segments
        assert [s.step_id for s in found] == [f"add-{first}", f"add-{second}"]
        assert min(s.confidence for s in found) > 0.6


def test_what_nothing_tells_apart_shares_its_confidence_and_is_done_once_each() -> None:
    labels = (BACKGROUND, "add", "chop")
    actions = probabilities(
        [("add", 10), (BACKGROUND, 10), ("add", 10), (BACKGROUND, 10), ("add", 10)], labels, 0.9
    )
    found = recognise_steps(actions, BLIND, DISH).segments
    assert [s.step_id for s in found] == ["add-milk", "add-sugar", "add-salt"]
    assert [s.confidence for s in found] == pytest.approx([1 / 3] * 3, abs=0.03)
    always = seen({"milk": range(50), "sugar": range(50)}, 50, ("milk", "sugar"))
    assert [s.step_id for s in recognise_steps(actions, always, DISH).segments] == [s.step_id for s in found]


def test_a_step_done_twice_is_found_twice_where_its_objects_say_so() -> None:
    labels = (BACKGROUND, "add", "chop")
    actions = probabilities([("add", 12), (BACKGROUND, 15), ("add", 12), (BACKGROUND, 21)], labels, 0.9)
    things = seen({"milk": [*range(0, 12), *range(27, 39)]}, 60, ("milk", "sugar", "salt"))
    assert [s.step_id for s in recognise_steps(actions, things, DISH).segments] == ["add-milk"] * 2


def test_an_action_that_is_no_step_is_kept_without_one() -> None:
    labels = (BACKGROUND, "chop", "knead", "rinse")
    actions = probabilities([("chop", 30), ("knead", 20), (BACKGROUND, 5)], labels, 0.9)
    found = recognise_steps(actions, BLIND, DISH).segments
    assert [(s.step_id, s.action_type) for s in found] == [("chop-tomato", "chop"), (None, "knead")]


def test_a_step_whose_action_the_model_cannot_name_is_said_to_be_unrecognisable() -> None:
    found = recognise_steps(probabilities([("chop", 30)], (BACKGROUND, "chop", "rinse")), BLIND, DISH)
    assert set(found.unrecognisable_steps) == {
        s.step_id for s in DISH.expected_steps if s.action not in ("chop", "rinse")
    }
    assert "could not be seen: peel-onion" in " ".join(found.notes)


def test_a_label_of_another_vocabulary_stands_for_the_dishs_action() -> None:
    found = recognise_steps(probabilities([("cut", 30)], ("none", "cut", "wash"), 0.9), BLIND, DISH)
    assert [(s.step_id, s.action_type) for s in found.segments] == [("chop-tomato", "chop")]
    assert "rinse-tomato" not in found.unrecognisable_steps


def test_no_step_lies_where_nobody_looked() -> None:
    labels = (BACKGROUND, "chop", "rinse")
    a = probabilities([("chop", 30)], labels, 0.9)
    b = probabilities([("chop", 30)], labels, 0.9, start_s=90.5)
    both = a.model_copy(
        update={"times_s": a.times_s + b.times_s, "probabilities": a.probabilities + b.probabilities}
    )
    found = recognise_steps(both, BLIND, DISH)
    assert [(s.start_s, s.end_s) for s in found.observed] == [(0, 30), (90, 120)]
    assert [(s.start_s, s.end_s) for s in found.segments] == [(0, 30), (90, 120)]


def test_nothing_looked_at_gives_nothing_and_times_must_increase() -> None:
    empty = probabilities([], (BACKGROUND, "chop"))
    assert recognise_steps(empty, BLIND, DISH).segments == ()
    assert looked_at(()) == ()
    twice = probabilities([("chop", 2)], (BACKGROUND, "chop")).model_copy(update={"times_s": (1.0, 1.0)})
    with pytest.raises(ValueError, match="increasing times"):
        recognise_steps(twice, BLIND, DISH)


def test_simulated_films_are_read_far_better_than_second_by_second() -> None:
    films = [simulate(DISH, seed, margin=3.2) for seed in range(100, 130)]
    found = [(recognise_steps(f.actions, f.detections, DISH).segments, f.truth) for f in films]
    plain = [(best_per_second(f.actions, DISH), f.truth) for f in films]
    assert np.mean([f.frame_accuracy for f in films]) < 0.93
    assert f1_at_50(found) >= 0.87
    assert f1_at_50(plain) < 0.5


def test_confidence_is_near_the_share_that_is_right() -> None:
    sure: list[float] = []
    right: list[bool] = []
    for seed in range(200, 230):
        film = simulate(DISH, seed, margin=2.2)
        found = tuple(s for s in recognise_steps(film.actions, film.detections, DISH).segments if s.step_id)
        sure += [s.confidence for s in found]
        right += hits_at_50(found, film.truth)
    order = np.argsort(sure)
    bins = np.array_split(order, 8)
    error = sum(len(b) * abs(np.mean(np.array(sure)[b]) - np.mean(np.array(right)[b])) for b in bins)
    assert error / len(order) < 0.10


def test_ten_minutes_of_fifteen_steps_take_well_below_a_second() -> None:
    extra = [DISH.step("chop-tomato").model_copy(update={"step_id": f"chop-{i}"}) for i in range(3)]
    dish = DISH.model_copy(update={"expected_steps": (*DISH.expected_steps, *extra)})
    labels = (BACKGROUND, *sorted({s.action for s in dish.expected_steps}))
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(len(labels)) * 0.5, size=600)
    actions = probabilities([("chop", 600)], labels).model_copy(
        update={"probabilities": tuple(tuple(row) for row in rows.tolist())}
    )
    recognise_steps(actions, BLIND, dish)
    began = time.process_time()
    recognise_steps(actions, BLIND, dish)
    assert time.process_time() - began < 0.8


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(1.0, 4.0), st.floats(0, 500))
def test_segments_are_ordered_apart_in_the_film_and_move_with_it(
    seed: int, margin: float, shift_s: float
) -> None:
    film = simulate(DISH, seed, margin)
    cut = film.actions.model_copy(
        update={"times_s": film.actions.times_s[:90], "probabilities": film.actions.probabilities[:90]}
    )
    found = recognise_steps(cut, film.detections, DISH)
    assert all(x.end_s <= y.start_s + 1e-9 for x, y in itertools.pairwise(found.segments))
    assert all(0 <= s.start_s < s.end_s <= 90 + 1e-9 for s in found.segments)
    assert all(0 <= s.confidence <= 1 for s in found.segments)
    shift_s = round(shift_s)
    moved = cut.model_copy(update={"times_s": tuple(t + shift_s for t in cut.times_s)})
    things = film.detections.model_copy(
        update={
            "times_s": tuple(t + shift_s for t in film.detections.times_s),
            "items": tuple(
                d.model_copy(update={"time_s": d.time_s + shift_s}) for d in film.detections.items
            ),
        }
    )
    later = recognise_steps(moved, things, DISH).segments
    assert [s.step_id for s in later] == [s.step_id for s in found.segments]
    np.testing.assert_allclose(
        [s.start_s for s in later], [s.start_s + shift_s for s in found.segments], atol=1e-6
    )


def test_steps_whose_labels_overlap_are_one_group_and_none_wins_by_having_more() -> None:
    roast = DISH.step("heat-oil").model_copy(update={"step_id": "roast-it", "action": "roast"})
    fry = DISH.step("heat-oil").model_copy(update={"step_id": "fry-it", "action": "fry"})
    dish = DISH.model_copy(update={"expected_steps": (roast, fry)})
    # Frying covers roasting, and turning something over is frying where nothing is flipped.
    labels = (BACKGROUND, "fry", "flip", "chop")
    columns = action_columns(dish, labels, words())
    assert columns.step_columns == ((1, 2), (1, 2))
    doing = [("fry", 9), (BACKGROUND, 6), ("fry", 9), (BACKGROUND, 6)]
    found = recognise_steps(probabilities(doing, labels, 0.9), BLIND, dish)
    assert {s.step_id for s in found.segments} == {"roast-it", "fry-it"}


def test_what_was_counted_of_a_models_errors_goes_with_its_segments_and_no_others() -> None:
    installed = json.loads((MODELS / "slowfast" / "model.json").read_text("utf-8"))["weights_sha256"]
    errors = source_errors(installed)
    assert errors is not None, (
        "count the errors of the new weights: python -m benchmarks.models.source_errors"
    )
    assert errors.rate("knead", "whisk") == 0.0
    assert 0 < errors.short_overlooked <= 1
    assert source_errors("f" * 64) is None
    film = simulate(DISH, 7, margin=4.0)
    performance = performance_from(DISH, actions=film.actions, detections=film.detections)
    assert performance.source_errors is None
    named = film.actions.model_copy(
        update={"model": film.actions.model.model_copy(update={"weights_sha256": installed})}
    )
    assert performance_from(DISH, actions=named, detections=film.detections).source_errors == errors


def test_a_short_step_that_a_model_drowns_in_nothing_is_found_once_that_was_counted() -> None:
    doing = probabilities([(BACKGROUND, 19)], (BACKGROUND, "chop", "rinse"), 0.9)
    rows = (*doing.probabilities[:6], *[(0.43, 0.02, 0.55)] * 7, *doing.probabilities[13:])
    actions = doing.model_copy(update={"probabilities": rows})
    drowning = SourceErrors(taken=(), background_odds=0.5, short_s=2.0, short_overlooked=0.0)
    assert recognise_steps(actions, BLIND, DISH).segments == ()
    found = recognise_steps(actions, BLIND, DISH, drowning).segments
    assert [s.step_id for s in found] == ["rinse-tomato"]


def test_how_often_the_installed_detector_is_right_about_what_does_not_belong_is_known() -> None:
    installed = json.loads((MODELS / "yolov8" / "model.json").read_text("utf-8"))["weights_sha256"]
    assert foreign_true(installed) < 0.5, "hold the new weights against the calibration kitchens"
    assert foreign_true("f" * 64) == 1.0
    film = simulate(DISH, 7, margin=4.0)
    named = film.detections.model_copy(
        update={"model": film.detections.model.model_copy(update={"weights_sha256": installed})}
    )
    assert performance_from(DISH, actions=film.actions, detections=named).foreign_true == foreign_true(
        installed
    )
    assert performance_from(DISH, actions=film.actions, detections=BLIND).foreign_true is None


def test_what_looked_a_little_like_an_action_is_kept_where_the_model_was_counted() -> None:
    doing = probabilities([(BACKGROUND, 10)], (BACKGROUND, "chop", "rinse"), 0.99)
    rows = [(0.997, 0.001, 0.002)] * 10
    rows[4] = (0.7, 0.02, 0.28)
    actions = doing.model_copy(update={"probabilities": tuple(rows)})
    errors = SourceErrors(taken=(), short_s=0.0, short_overlooked=0.0)
    counted = performance_from(DISH, actions=actions, detections=BLIND, counted=lambda _: errors)
    seen = {g.action: dict(zip(g.times_s, g.probabilities, strict=True)) for g in counted.glimpses}
    at = actions.times_s[4]
    assert (seen["rinse"], seen["chop"]) == ({at: 0.28}, {at: 0.02})
    assert performance_from(DISH, actions=actions, detections=BLIND, counted=lambda _: None).glimpses == ()
