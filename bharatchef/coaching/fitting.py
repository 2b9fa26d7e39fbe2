"""Whether a tip is about the mistake that was made; knows no search and words nothing.

A search finds what is near in words. Near is not enough: advice against too high a flame, told to somebody
whose flame was too low, does harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from bharatchef.ports import Tip
from bharatchef.records import Deviation, Dish, ExpectedStep
from bharatchef.vocabulary import DeviationKind, HeatLevel

_PRESENCE = (
    DeviationKind.MISSING,
    DeviationKind.OUT_OF_ORDER,
    DeviationKind.REPEATED,
    DeviationKind.EXTRA,
)
_ABSENCE = {DeviationKind.MISSING, DeviationKind.OUT_OF_ORDER}
_TIMES = (DeviationKind.TOO_LONG, DeviationKind.TOO_SHORT)
_MORE = {
    DeviationKind.WRONG_HEAT: re.compile(
        r"\b(high|higher|hot|hotter|full|fierce\w*|roaring|strong|blaz\w+|burn\w*|scorch\w*|smok\w+)\b", re.I
    ),
    DeviationKind.TOO_LONG: re.compile(
        r"\b(too long|longer|over\w*|burn\w*|bitter|stew\w*|dry|dries|mush\w*|tough|rubbery|far past)\b", re.I
    ),
}
_LESS = {
    DeviationKind.WRONG_HEAT: re.compile(
        r"\b(low|lower|lukewarm|gentle|gently|weak|slow\w*|cool|cold|off|tepid)\b", re.I
    ),
    DeviationKind.TOO_LONG: re.compile(
        r"\b(too short\w*|too briefly|too soon|too early|raw|under\w*|pale|half[- ]cooked|rush\w*|hurr\w+"
        r"|not long enough|hardly|barely|short)\b",
        re.I,
    ),
}


# "Before the oil was hot" warns of too little heat, though it says hot.
_NOT_YET = re.compile(r"\b(before|not yet|not|until)\b[^.,;]{0,24}\bhot(ter)?\b", re.I)


class Fit(IntEnum):
    """How well a tip fits: not, in general (its step or its action), or to this very mistake."""

    NONE = 0
    GENERAL = 1
    EXACT = 2


@dataclass(frozen=True)
class Fitting:
    """A tip that fits, and how well."""

    tip: Tip
    fit: Fit


def fitting(tips: Iterable[Tip], deviation: Deviation, dish: Dish, limit: int) -> tuple[Fitting, ...]:
    """The tips that fit a deviation, the better fit first and of those the better find, each once."""
    found = {tip.tip_id: Fitting(tip, fit_of(tip, deviation, dish)) for tip in tips}
    fits = [entry for entry in found.values() if entry.fit is not Fit.NONE]
    return tuple(sorted(fits, key=lambda entry: -entry.fit)[:limit])


def fit_of(tip: Tip, deviation: Deviation, dish: Dish) -> Fit:
    """How well a tip fits a deviation of a dish.

    It never fits where it answers other kinds of mistakes, holds for other dishes or steps only, or warns of
    the opposite (too high for too low, too long for too short). It is about this very mistake where it names
    the technique point, or the kind and each step that the deviation is about.
    """
    if not tip.kinds and not tip.points and not tip.steps:
        return Fit.NONE
    if tip.kinds and deviation.kind not in tip.kinds:
        return Fit.NONE
    if tip.dishes and dish.dish_id not in tip.dishes:
        return Fit.NONE
    if _opposite(tip, deviation, dish):
        return Fit.NONE
    if deviation.kind is DeviationKind.POOR_TECHNIQUE:
        return _technique_fit(tip, deviation, dish)
    if deviation.kind is DeviationKind.WRONG_INGREDIENT and deviation.subject not in tip.ingredients:
        return Fit.NONE
    if deviation.kind is DeviationKind.POOR_PLATING:
        return _plating_fit(tip, dish)
    steps = _steps_of(tip)
    wanted = {f"{dish.dish_id}:{step}" for step in (deviation.step_id, deviation.related_step_id) if step}
    if steps:
        if deviation.step_id is None or not wanted & steps:
            return Fit.NONE
        if deviation.kind is DeviationKind.MISSING:
            return _omission_fit(tip, deviation, dish)
        if deviation.kind is DeviationKind.OUT_OF_ORDER and not (
            wanted <= steps and _first(tip, dish) in wanted
        ):
            # A tip on the order of one pair says nothing of another pair that shares a step with it.
            return Fit.NONE
        if deviation.kind is DeviationKind.TOO_SHORT and _ABSENCE & set(tip.kinds):
            # Where dough was filled too fast, advice to let it rest is about another step.
            return Fit.EXACT if _first(tip, dish) == f"{dish.dish_id}:{deviation.step_id}" else Fit.NONE
        named = f"{dish.dish_id}:{deviation.step_id}" in steps
        return Fit.EXACT if tip.kinds and named else Fit.GENERAL
    step = _step(dish, deviation.step_id)
    if step is None:
        return Fit.NONE if tip.actions or tip.ingredients else Fit.GENERAL
    if deviation.kind in _PRESENCE and (tip.actions or tip.ingredients):
        # Something that was left out, or misplaced, while chopping is not the chopping itself.
        return Fit.NONE
    if tip.actions and step.action not in tip.actions:
        return Fit.NONE
    if tip.ingredients and not set(tip.ingredients) & set(step.ingredients):
        return Fit.NONE
    return Fit.GENERAL


def _technique_fit(tip: Tip, deviation: Deviation, dish: Dish) -> Fit:
    point = f"{dish.dish_id}:{deviation.step_id}:{deviation.subject}"
    if point in tip.points:
        return Fit.EXACT
    # A step has several points; a tip on another of them is not about this one.
    return Fit.NONE


def _plating_fit(tip: Tip, dish: Dish) -> Fit:
    # A plate is judged as a whole and belongs to no step, wherever its tip says that it is made.
    if dish.dish_id in tip.dishes or any(step.startswith(f"{dish.dish_id}:") for step in tip.steps):
        return Fit.EXACT
    return Fit.NONE if tip.dishes or tip.steps else Fit.GENERAL


def _omission_fit(tip: Tip, deviation: Deviation, dish: Dish) -> Fit:
    step = _step(dish, deviation.step_id)
    if _first(tip, dish) != f"{dish.dish_id}:{deviation.step_id}" or step is None:
        return Fit.NONE
    return (
        Fit.NONE
        if tip.actions and step.action not in tip.actions
        else Fit.EXACT
        if tip.kinds
        else Fit.GENERAL
    )


def _first(tip: Tip, dish: Dish) -> str | None:
    """The step that a tip is about: it names that first, and then those where its lack is felt."""
    named = [*tip.steps, *(point.rpartition(":")[0] for point in tip.points)]
    return next((step for step in named if step.partition(":")[0] == dish.dish_id), None)


def _steps_of(tip: Tip) -> set[str]:
    return set(tip.steps) | {point.rpartition(":")[0] for point in tip.points}


def _opposite(tip: Tip, deviation: Deviation, dish: Dish) -> bool:
    """Whether the tip may warn of too little where there was too much, or the other way round."""
    if deviation.kind is DeviationKind.WRONG_HEAT:
        step = _step(dish, deviation.step_id)
        levels = list(HeatLevel)
        if step is None or step.heat is None or deviation.subject not in levels:
            return False
        more = levels.index(HeatLevel(deviation.subject)) > levels.index(step.heat)
        return not _warns(tip, DeviationKind.WRONG_HEAT, more)
    if deviation.kind in _TIMES and set(_TIMES) <= set(tip.kinds):
        return not _warns(tip, DeviationKind.TOO_LONG, deviation.kind is DeviationKind.TOO_LONG)
    return False


def _warns(tip: Tip, of: DeviationKind, too_much: bool) -> bool:
    """Whether the tip's mistake names too much, or too little, and not both."""
    said = _NOT_YET.sub(" cool ", tip.mistake)
    more, less = bool(_MORE[of].search(said)), bool(_LESS[of].search(said))
    return more and not less if too_much else less and not more


def _step(dish: Dish, step_id: str | None) -> ExpectedStep | None:
    return next((step for step in dish.expected_steps if step.step_id == step_id), None)
