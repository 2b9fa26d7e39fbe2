"""What stood ready and was taken tells steps of one action apart, and says nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import BACKGROUND, model_identity, simulated_dish

from bharatchef.observed import ActionProbabilities, Analyser, Detection, Detections
from bharatchef.perception.emptied import Emptied, emptied, emptied_evidence
from bharatchef.perception.parameters import labels, parameters
from bharatchef.perception.steps import recognise_steps

DISH = simulated_dish()
USE = parameters().emptied
PLACES = {"milk": 0.1, "sugar": 0.3, "salt": 0.5}
STEPS = tuple(step for step in DISH.expected_steps if step.action == "add")
ALL = (tuple(range(len(STEPS))),)
SECONDS = 40


def looks(until: dict[str, int], *, boxes: tuple[Detection, ...] = (), back: int = SECONDS) -> Detections:
    """One look a second; each thing stands in its place until a second, and again from ``back`` on."""
    return Detections(
        model=model_identity(Analyser.OBJECTS),
        times_s=tuple(k + 0.5 for k in range(SECONDS)),
        labels=("milk", "sugar", "salt", "pan"),
        items=(
            *boxes,
            *(
                Detection(
                    time_s=k + 0.5,
                    label=name,
                    confidence=0.9,
                    box=(PLACES[name], 0.4, PLACES[name] + 0.04, 0.44),
                )
                for name, end in until.items()
                for k in range(SECONDS)
                if k < end or k >= back
            ),
        ),
    )


def two_additions() -> ActionProbabilities:
    done = [BACKGROUND] * 4 + ["add"] * 8 + [BACKGROUND] * 8 + ["add"] * 8 + [BACKGROUND] * 12
    rows = [(0.9, 0.05, 0.05) if name == BACKGROUND else (0.05, 0.9, 0.05) for name in done]
    return ActionProbabilities(
        model=model_identity(Analyser.ACTIONS),
        labels=(BACKGROUND, "add", "chop"),
        times_s=tuple(k + 0.5 for k in range(SECONDS)),
        probabilities=tuple(rows),
    )


def test_what_was_taken_is_known_to_the_look() -> None:
    assert emptied(looks({"sugar": 11, "milk": 24, "salt": SECONDS}), labels(), USE) == (
        Emptied("sugar", 11.0),
        Emptied("milk", 24.0),
    )


@pytest.mark.parametrize(
    ("until", "back"),
    [({"sugar": SECONDS}, SECONDS), ({"sugar": 2}, SECONDS), ({"sugar": 39}, SECONDS), ({"sugar": 12}, 15)],
    ids=["stands", "hardly seen", "seen to the end", "covered for a moment"],
)
def test_what_stands_on_is_not_taken(until: dict[str, int], back: int) -> None:
    assert emptied(looks(until, back=back), labels(), USE) == ()


def test_what_lies_in_a_pan_was_used_already() -> None:
    pan = tuple(
        Detection(time_s=k + 0.5, label="pan", confidence=0.9, box=(0.2, 0.3, 0.5, 0.6))
        for k in range(SECONDS)
    )
    seen = looks({"sugar": 11, "milk": 24}, boxes=pan)
    assert [one.label for one in emptied(seen, labels(), USE)] == ["milk"]


def test_too_short_a_film_and_none_at_all_say_nothing() -> None:
    nothing = Detections(model=model_identity(Analyser.OBJECTS), times_s=(), items=())
    assert emptied(nothing, labels(), USE) == ()
    assert not emptied_evidence(np.array([0.5]), STEPS, ALL, nothing, DISH, labels(), USE).any()
    assert emptied_evidence(np.array([]), STEPS, ALL, looks({"milk": 9}), DISH, labels(), USE).shape == (
        0,
        len(STEPS),
    )


@pytest.mark.parametrize(("first", "second"), [("sugar", "milk"), ("milk", "sugar"), ("milk", "salt")])
def test_the_dish_that_was_emptied_names_the_step(first: str, second: str) -> None:
    found = recognise_steps(two_additions(), looks({first: 8, second: 24}), DISH).segments
    assert [s.step_id for s in found] == [f"add-{first}", f"add-{second}"]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(PLACES)), st.integers(0, SECONDS), max_size=3))
def test_a_taking_weighs_once_however_long_the_step(until: dict[str, int]) -> None:
    seen = looks(until)
    taken = emptied(seen, labels(), USE)
    times = np.arange(0.25, SECONDS, 0.5)
    told = emptied_evidence(times, STEPS, ALL, seen, DISH, labels(), USE)
    assert told.shape == (len(times), len(STEPS))
    assert (told >= 0).all()
    # Each taking speaks for the steps that use it, and for no more than its odds.
    assert told.sum(0).max(initial=0.0) <= len(taken) * np.log(USE.odds) + 1e-9
    assert bool(told.any()) == bool(taken)


def test_a_step_alone_in_its_action_hears_nothing() -> None:
    told = emptied_evidence(
        np.arange(0.5, 30), STEPS, ((0,), (1,)), looks({"sugar": 11}), DISH, labels(), USE
    )
    assert not told.any()
