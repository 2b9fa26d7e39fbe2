"""Says what is wrong with the tips as a whole: doubles, references to nothing, gaps, claims without a source.

Changes nothing and knows no index; vectors are given to it where there are any.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from bharatchef.records import Dish
from bharatchef.vocabulary import DeviationKind
from knowledge_base.advice import Advice, AdviceBook
from knowledge_base.retrieval import Where
from knowledge_base.terms import terms
from knowledge_base.words import actions

SHINGLE_WORDS = 2
ALIKE_BY_WORDS = 0.34
"""Share of word pairs (Jaccard) from which two tips are called near-duplicates."""
ALIKE_BY_MEANING = 0.975
"""Cosine of two tips' vectors from which they are; multilingual-e5 puts even strangers at 0.8."""

_SCRIPTS = {
    "hi": re.compile("[\u0900-\u097f]"),
    "ta": re.compile("[\u0b80-\u0bff]"),
    "hi-latn": re.compile("[a-z]"),
}
_TEMPERATURE = re.compile(r"\d\s*(?:°\s*[CF]?|[CF]\b|degrees?\b)", re.IGNORECASE)
_DEGREES = re.compile(r"(\d+)\s*(?:°|[CF]\b|degrees?\b)")
_TIME = re.compile(r"\d\s*(?:hours?|minutes?|days?|seconds?)\b", re.IGNORECASE)
_HAZARD = re.compile(
    r"\b(?:bacteri\w*|germs?|salmonella|toxins?|poison\w*|food[- ]safety|cross[- ]contaminat\w*|unsafe"
    r"|make (?:you|people|anyone) (?:ill|sick))\b",
    re.IGNORECASE,
)
_KEEPING = re.compile(
    r"\b(?:room temperature|fridge|refrigerat\w*|leftovers?|reheat\w*|danger zone|spoil\w*)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")

Code = Literal["double", "reference", "uncovered", "source", "figure", "translation", "alias", "text"]


@dataclass(frozen=True, order=True)
class Concern:
    """One thing wrong with the tips; ``subject`` names the tip, dish or point."""

    code: Code
    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}"


def check_advice(
    book: AdviceBook, dishes: Sequence[Dish], likeness: Callable[[str, str], float] | None = None
) -> list[Concern]:
    """All that is wrong with the tips of ``book`` for these dishes, by kind and subject.

    Args:
        likeness: the cosine of two tips' vectors by their ids; without it doubles are told by words alone.
    """
    concerns = [
        *_doubles(book.tips, likeness),
        *_references(book.tips, dishes),
        *_uncovered(book.tips, dishes),
        *(concern for tip in book.tips for concern in _of_tip(tip)),
    ]
    return sorted(set(concerns))


def shingles(tip: Advice) -> frozenset[tuple[str, ...]]:
    """Every two words that follow each other in what the tip says, as stems."""
    found: set[tuple[str, ...]] = set()
    for text in (tip.mistake, tip.why, tip.correction):
        words = terms(text).stems
        found |= {words[start : start + SHINGLE_WORDS] for start in range(len(words) - SHINGLE_WORDS + 1)}
    return frozenset(found)


def _doubles(tips: Sequence[Advice], likeness: Callable[[str, str], float] | None) -> Iterator[Concern]:
    cut = {tip.tip_id: shingles(tip) for tip in tips}
    for one, two in combinations(tips, 2):
        mine, theirs = cut[one.tip_id], cut[two.tip_id]
        shared = len(mine & theirs) / max(1, len(mine | theirs))
        if shared >= ALIKE_BY_WORDS:
            message = f"says nearly the same as {two.tip_id}: {shared:.0%} of their word pairs are shared"
            yield Concern("double", one.tip_id, message)
        elif likeness is not None and (cosine := likeness(one.tip_id, two.tip_id)) >= ALIKE_BY_MEANING:
            message = f"means nearly the same as {two.tip_id}: the cosine of their vectors is {cosine:.3f}"
            yield Concern("double", one.tip_id, message)
    said: dict[str, list[str]] = defaultdict(list)
    for tip in tips:
        for text in (tip.mistake, tip.why, tip.correction):
            said[text.casefold()].append(tip.tip_id)
    for text, ids in said.items():
        if len(ids) > 1:
            yield Concern("double", ids[0], f"shares a sentence with {', '.join(ids[1:])}: {text!r:.90}")


def _references(tips: Sequence[Advice], dishes: Sequence[Dish]) -> Iterator[Concern]:
    steps = {f"{dish.dish_id}:{step.step_id}" for dish in dishes for step in dish.expected_steps}
    known: Mapping[str, tuple[str, set[str]]] = {
        "dishes": ("dish", {dish.dish_id for dish in dishes}),
        "steps": ("step", steps),
        "points": ("technique point", set(technique_points(dishes))),
        "actions": ("action", set(actions())),
        "ingredients": ("ingredient of a dish", {i.ingredient_id for d in dishes for i in d.ingredients}),
    }
    for tip in tips:
        for name, (what, there) in known.items():
            given: tuple[str, ...] = getattr(tip, name)
            for reference in given:
                if reference not in there:
                    yield Concern("reference", tip.tip_id, f"there is no {what} {reference}")
            if len(set(given)) < len(given):
                yield Concern("reference", tip.tip_id, f"names one of its {name} twice")


def technique_points(dishes: Sequence[Dish]) -> list[str]:
    """All technique points of these dishes as "dish:step:point"."""
    return [
        f"{dish.dish_id}:{step.step_id}:{point.point_id}"
        for dish in dishes
        for step in dish.expected_steps
        for point in step.technique
    ]


def _uncovered(tips: Sequence[Advice], dishes: Sequence[Dish]) -> Iterator[Concern]:
    answered = {point for tip in tips for point in tip.points}
    for point in technique_points(dishes):
        if point not in answered:
            yield Concern("uncovered", point, "no tip answers this technique point")
    for dish in dishes:
        here = Where(dish.dish_id)
        kinds = {kind for tip in tips if here.admits(tip) for kind in tip.kinds}
        for kind in possible_kinds(dish):
            if kind not in kinds:
                yield Concern("uncovered", dish.dish_id, f"no tip answers {kind} in this dish")


def possible_kinds(dish: Dish) -> list[DeviationKind]:
    """The mistakes that can be made in this dish: no wrong heat where no step is heated, and so on."""
    steps = dish.expected_steps
    timed = any(step.duration for step in steps)
    possible = {
        DeviationKind.MISSING: True,
        DeviationKind.EXTRA: True,
        DeviationKind.REPEATED: True,
        DeviationKind.OUT_OF_ORDER: any(step.must_come_after for step in steps),
        DeviationKind.TOO_LONG: timed,
        DeviationKind.TOO_SHORT: timed,
        DeviationKind.WRONG_HEAT: any(step.heat for step in steps),
        DeviationKind.WRONG_INGREDIENT: bool(dish.ingredients),
        DeviationKind.POOR_TECHNIQUE: any(step.technique for step in steps),
        DeviationKind.POOR_PLATING: bool(dish.plating),
    }
    return [kind for kind, can_be in possible.items() if can_be]


def _of_tip(tip: Advice) -> Iterator[Concern]:
    yield from _unsourced(tip)
    yield from _translations(tip)
    yield from _aliases(tip)
    for name, text in (("mistake", tip.mistake), ("why", tip.why), ("correction", tip.correction)):
        if text[-1] not in ".!?":
            yield Concern("text", tip.tip_id, f"{name} does not end as a sentence: {text[-20:]!r}")


def _unsourced(tip: Advice) -> Iterator[Concern]:
    said = f"{tip.mistake} {tip.why} {tip.correction}"
    if tip.safety is None:
        if found := _TEMPERATURE.search(said):
            place = said[max(0, found.start() - 20) : found.end()]
            yield Concern("source", tip.tip_id, f"names a temperature without a source: {place!r}")
        if _TIME.search(said) and (word := _KEEPING.search(said)):
            message = f"names a time for keeping food safe without a source ({word.group()!r})"
            yield Concern("source", tip.tip_id, message)
        if word := _HAZARD.search(said):
            message = f"speaks of what makes people ill without a source ({word.group()!r})"
            yield Concern("source", tip.tip_id, message)
        return
    if _NUMBER.search(tip.safety.rule) and not tip.safety.quote:
        yield Concern("figure", tip.tip_id, "its safety rule names a figure, and no quote of the source does")
    if strange := sorted(set(_DEGREES.findall(said)) - _numbers(tip.safety.rule)):
        message = f"names a temperature that its safety rule does not: {', '.join(strange)}"
        yield Concern("figure", tip.tip_id, message)
    if tip.severity == "low":
        yield Concern("text", tip.tip_id, "is about safety, and its severity is low")


def _numbers(text: str) -> set[str]:
    plain = "".join(str(unicodedata.digit(sign, sign)) for sign in text)
    return {found.replace(",", ".") for found in _NUMBER.findall(plain)}


def _translations(tip: Advice) -> Iterator[Concern]:
    told = {name: _numbers(getattr(tip, name)) for name in ("mistake", "why", "correction")}
    for language, text in tip.texts.items():
        for name, figures in told.items():
            words = getattr(text, name)
            if not _SCRIPTS[language].search(words):
                yield Concern("translation", tip.tip_id, f"{language}: {name} is not in that script")
            if _numbers(words) != figures:
                message = f"{language}: {name} has other figures than the English: {sorted(_numbers(words))}"
                yield Concern("translation", tip.tip_id, f"{message}, expected {sorted(figures)}")
        rule = tip.safety.rule if tip.safety else ""
        if bool(text.safety) != bool(rule):
            there = "lacks the safety rule" if rule else "has a safety rule that the tip does not have"
            yield Concern("translation", tip.tip_id, f"{language}: {there}")
        elif _numbers(text.safety) != _numbers(rule):
            yield Concern("translation", tip.tip_id, f"{language}: the safety rule has other figures")


def _aliases(tip: Advice) -> Iterator[Concern]:
    for language in ("en", "hi", "ta", "hi-latn"):
        given = tip.aliases.get(language, ())
        if not given:
            yield Concern("alias", tip.tip_id, f"has no alias in {language}")
        folded = [name.casefold() for name in given]
        if len(set(folded)) < len(folded):
            yield Concern("alias", tip.tip_id, f"has an alias twice in {language}")
        script = _SCRIPTS.get(language)
        for name in given:
            if script is not None and not script.search(name.casefold()):
                yield Concern("alias", tip.tip_id, f"{language}: {name!r} is not in that script")
