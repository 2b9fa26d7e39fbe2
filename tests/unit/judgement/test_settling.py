"""Heat that a model read: weighed by the film's other steps, left open where it does not show."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging_dishes import dish, performance, step
from pydantic import ValidationError

from bharatchef.judgement import judge, load_thresholds
from bharatchef.judgement.settling import Held, levels_of, readings
from bharatchef.observed import FilmKind, HeatErrors, HeatMark, HeatRead
from bharatchef.perception.parameters import heat_errors
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel

THRESHOLDS = load_thresholds()
OFF, LOW, MEDIUM, HIGH = HeatLevel
# Readings: off, low, medium, high. One kind of film is read rightly, the other one level too high.
RIGHT = {
    OFF: (0.994, 0.002, 0.002, 0.002),
    LOW: (0.002, 0.986, 0.01, 0.002),
    MEDIUM: (0.002, 0.002, 0.986, 0.01),
    HIGH: (0.002, 0.002, 0.002, 0.994),
}
TOO_HIGH = {
    OFF: (0.994, 0.002, 0.002, 0.002),
    LOW: (0.002, 0.01, 0.986, 0.002),
    MEDIUM: (0.002, 0.002, 0.002, 0.994),
    HIGH: (0.002, 0.002, 0.002, 0.994),
}
HOW = HeatErrors(
    bounds=(0.08, 0.45, 0.8),
    within=0.2,
    lead_s=1.0,
    kinds=(FilmKind(share=0.6, read=RIGHT), FilmKind(share=0.4, read=TOO_HIGH)),
)
RATE = THRESHOLDS.heat.wrong_rate
SEEN = {OFF: 0.0, LOW: 0.3, MEDIUM: 0.6, HIGH: 1.0}
STEPS = (("oil", MEDIUM), ("onion", MEDIUM), ("tomato", MEDIUM), ("simmer", LOW))
DISH = dish(*(step(name, heat=heat) for name, heat in STEPS), step("serve"))
ROWS = [
    (name, 20.0 * k, 20.0 * k + 18) for k, name in enumerate(("oil", "onion", "tomato", "simmer", "serve"))
]


def film(*levels: float | None, how: HeatErrors = HOW, rows: list[tuple[str, float, float]] | None = None):
    """A performance in which the flame was seen at these levels, a segment each."""
    return performance(
        rows or ROWS,
        heat=(HeatMark(start_s=0.0, end_s=100.0, level=HIGH),),
        heat_errors=how,
        heat_read=tuple(HeatRead(level=x, steady=0.0 if x is None else 1.0) for x in levels),
    )


def wrong(judgement) -> list[tuple[str, str]]:
    return [(d.step_id, d.subject) for d in judgement.deviations if d.kind is DeviationKind.WRONG_HEAT]


def test_a_film_in_which_every_step_looks_too_high_accuses_nobody() -> None:
    judgement = judge(DISH, film(1.0, 1.0, 1.0, 0.6, 0.0), THRESHOLDS)
    assert wrong(judgement) == []
    assert judgement.assessable[Category.HEAT] == ""
    assert judgement.heat_unsettled == ()


def test_a_heat_that_is_far_off_is_told_and_said_to_be_held_against_the_film() -> None:
    judgement = judge(DISH, film(0.6, 0.6, 0.6, 1.0, 0.0), THRESHOLDS)
    assert wrong(judgement) == [("simmer", "high")]
    (found,) = [d for d in judgement.deviations if d.kind is DeviationKind.WRONG_HEAT]
    assert found.seen == "the flame looked like high heat, held against the rest of this film"
    assert found.confidence >= THRESHOLDS.heat.wrong_from


def test_in_a_film_that_is_read_too_high_what_looks_right_was_too_low() -> None:
    assert wrong(judge(DISH, film(1.0, 1.0, 0.6, 0.6, 0.0), THRESHOLDS)) == [("tomato", "low")]
    assert wrong(judge(DISH, film(0.6, 0.6, 0.6, 0.3, 0.0), THRESHOLDS)) == []


def test_what_does_not_show_is_left_open_and_not_covered() -> None:
    judgement = judge(DISH, film(0.6, None, 0.6, 0.3, 0.0), THRESHOLDS)
    assert judgement.heat_unsettled == ("onion",)
    card = score(DISH, film(0.6, None, 0.6, 0.3, 0.0), judgement, load_rubric())
    heat = next(c for c in card.categories if c.category is Category.HEAT)
    assert heat.score == 100
    assert heat.reason == "nothing lost; the heat of 1 step did not show clearly, and is not judged"
    whole = film(0.6, 0.6, 0.6, 0.3, 0.0)
    assert card.coverage < score(DISH, whole, judge(DISH, whole, THRESHOLDS), load_rubric()).coverage
    hidden = judge(DISH, film(None, None, None, None, None), THRESHOLDS)
    assert hidden.assessable[Category.HEAT].startswith("the flame does not show clearly enough")


def test_weights_that_nobody_counted_accuse_nobody() -> None:
    judgement = judge(DISH, film(0.6, 0.6, 0.6, 1.0, 0.0, how=heat_errors("0" * 64)), THRESHOLDS)
    assert wrong(judgement) == []
    assert judgement.assessable[Category.HEAT] == "nobody counted how the model that read the flame errs"


def test_a_persons_marks_are_believed_as_they_stand() -> None:
    marked = film(0.6, 0.6, 0.6, 0.3, 0.0).model_copy(update={"heat_errors": None, "heat_read": ()})
    assert wrong(judge(DISH, marked, THRESHOLDS)) == [
        (name, "high") for name in ("oil", "onion", "tomato", "simmer")
    ]


def held(asked: HeatLevel | None, level: float | None, start_s: float, steady: float = 1.0) -> Held:
    return Held(asked, start_s, start_s + 10, HeatRead(level=level, steady=steady))


def test_a_level_that_does_not_hold_until_the_next_setting_is_no_reading() -> None:
    last = held(OFF, 0.0, 60)
    assert readings([held(MEDIUM, 0.3, 0), held(None, 0.3, 20), last], HOW, 0.7) == [1, None, 0]
    assert readings([held(MEDIUM, 0.3, 0), held(None, 0.6, 20), last], HOW, 0.7) == [None, None, 0]
    # What is hidden contradicts nothing, and after the last setting the stove may be off.
    assert readings([held(MEDIUM, 0.3, 0), held(None, None, 20), last], HOW, 0.7) == [1, None, 0]
    assert readings([held(MEDIUM, 0.3, 0), held(None, 0.0, 20)], HOW, 0.7) == [1, None]
    assert readings([held(MEDIUM, 0.3, 0, steady=0.5), last], HOW, 0.7) == [None, 0]


def test_of_two_steps_on_the_heat_at_once_neither_is_read() -> None:
    assert readings([held(HIGH, 1.0, 0), held(LOW, 1.0, 5), held(MEDIUM, 0.6, 30)], HOW, 0.7) == [
        None,
        None,
        2,
    ]


@given(
    st.lists(st.tuples(st.sampled_from(list(HeatLevel)), st.integers(0, 3)), min_size=1, max_size=8),
    st.randoms(),
)
def test_the_chances_of_a_step_are_whole_and_the_order_of_steps_changes_nothing(read, chance) -> None:
    told = levels_of(read, HOW, RATE)
    assert all(sum(levels.values()) == pytest.approx(1.0) for levels in told)
    order = list(range(len(read)))
    chance.shuffle(order)
    again = levels_of([read[k] for k in order], HOW, RATE)
    for place, k in enumerate(order):
        assert again[place] == pytest.approx(told[k])


def test_errors_of_another_shape_are_refused() -> None:
    with pytest.raises(ValidationError, match="expected 4 shares above 0"):
        HeatErrors(bounds=HOW.bounds, kinds=(FilmKind(share=1.0, read=RIGHT | {LOW: (0.5, 0.5)}),))
    with pytest.raises(ValidationError, match="each of the four levels"):
        HeatErrors(bounds=HOW.bounds, kinds=(FilmKind(share=1.0, read={LOW: RIGHT[LOW]}),))


def test_the_programs_own_flame_was_counted() -> None:
    told = json.loads(resources.files("model_packages.flame").joinpath("metrics.json").read_text("utf-8"))
    assert len(heat_errors(told["weightsSha256"]).kinds) == 3
