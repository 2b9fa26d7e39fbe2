"""Scripts of correct and faulty performances of the built-in dishes, for films whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.models.dish_rows import drawing_rows
from bharatchef.records import Dish
from kitchen_sim.errors import DrawingError
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.planting import MISTAKE_KINDS, plant
from kitchen_sim.script import MistakeKind, Script

LONGEST_FILM_S = 120.0
# As many pictures a second as the action model looks at; more cost time and change no answer.
FPS = 7.5
# Dishes of which more steps are to be done than this last too long, however short the steps.
_MOST_STEPS = 17


@dataclass(frozen=True)
class Film:
    """One film to be drawn, and the dish that it is judged by."""

    name: str
    dish: Dish
    script: Script


def quickened(dish: Dish) -> Dish:
    """The dish with its times shortened, so that a film of it takes a minute or two and not half an hour.

    A step of 10 s takes 3.7, one of a minute 5.5, one of ten minutes 8.8: what is longer stays longer.
    """
    steps = []
    for step in dish.expected_steps:
        asked = step.duration
        if asked is not None:
            low = None if asked.min_s is None else _short(asked.min_s)
            high = None if asked.max_s is None else _short(asked.max_s) * 1.25
            asked = asked.model_copy(update={"min_s": low, "max_s": high})
        steps.append(step.model_copy(update={"duration": asked}))
    return dish.model_copy(update={"expected_steps": tuple(steps)})


def _times_done(dish: Dish) -> int:
    return sum(step.required_count for step in dish.expected_steps)


def _short(seconds: float) -> float:
    return round(min(seconds, 2.6 + 1.05 * math.log2(1 + seconds / 10)), 1)


def films(
    dishes: list[Dish], groups: tuple[str, ...], count: int, mistakes: int, seed: int
) -> Iterator[Film]:
    """``count`` films, correct and faulty in turns, over the dishes, the style groups and both cameras.

    Args:
        dishes: what is cooked, in shortened times; those of many steps are left out.
        mistakes: how many mistakes a faulty film shows, each in a step of its own.
        seed: the same seed gives the same films.
    """
    short = [quickened(dish) for dish in dishes if _times_done(dish) <= _MOST_STEPS]
    for number in range(count):
        dish = short[(number // 2) % len(short)]
        group = groups[(number // 2) % len(groups)]
        camera = "front" if (number // 4) % 2 == 0 else "side"
        script = correct(dish, seed + number, group, camera)
        faulty = number % 2 == 1
        if faulty:
            script = with_mistakes(script, dish, mistakes, seed + number)
        yield Film(f"{number:03d}-{dish.dish_id}-{'faulty' if faulty else 'correct'}", dish, script)


def correct(dish: Dish, seed: int, group: str, camera: str) -> Script:
    """A correct performance."""
    return script_from_steps(
        drawing_rows(dish),
        dish=dish.dish_id,
        seed=seed,
        longest_step_s=6.0,
        style_group=group,
        camera=camera,
        width_px=640,
        height_px=360,
        fps=FPS,
    )


def with_mistakes(script: Script, dish: Dish, count: int, seed: int) -> Script:
    """The script with ``count`` more mistakes of random kinds, or as many as it can show.

    Only what is a mistake to anybody is planted: times are wrong where a heat is asked for, an ingredient
    where one step alone brings it, a step is left out where it is not optional.
    """
    rng = np.random.default_rng([0xB4D, seed])
    waiting = [MISTAKE_KINDS[int(k)] for k in rng.permutation(len(MISTAKE_KINDS))]
    planted = 0
    while waiting and planted < count:
        kind = waiting.pop(0)
        for index in rng.permutation(len(dish.expected_steps)):
            step_id = dish.expected_steps[int(index)].step_id
            used = {m.step_id for m in script.mistakes} | {m.related_step_id for m in script.mistakes}
            if step_id in used or not plain(kind, dish, step_id):
                continue
            own = ingredients_of_one_step(dish, step_id)
            chosen = own[0] if "ingredient" in kind else None
            try:
                new = plant(script, kind, step_id, ingredient=chosen, seed=seed)
            except DrawingError:
                continue
            if new.duration_s <= LONGEST_FILM_S:
                script = new
                planted += 1
                # Any kind but plating may come again once the others had their turn.
                waiting += [kind] if kind != "poor_plating" else []
                break
    return script


def plain(kind: MistakeKind, dish: Dish, step_id: str) -> bool:
    """Whether this would be a mistake to anybody."""
    step = dish.step(step_id)
    if kind in ("too_long", "too_short"):
        return step.heat is not None and step.heat != "off"
    if kind in ("wrong_ingredient", "missing_ingredient"):
        return bool(ingredients_of_one_step(dish, step_id))
    return not (kind == "skipped" and step.optional)


def ingredients_of_one_step(dish: Dish, step_id: str) -> list[str]:
    """The ingredients that this step alone uses, optional ones left out."""
    return [
        ingredient.ingredient_id
        for ingredient in dish.ingredients
        if not ingredient.optional
        and [s.step_id for s in dish.expected_steps if ingredient.ingredient_id in s.ingredients] == [step_id]
    ]
