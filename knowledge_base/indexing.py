"""What of a tip an index holds: its fields of terms, the passage whose vector stands for it, its filters.

The same for every store, so that they rank alike; knows no store and no model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bharatchef.ports import Tip, TipText
from bharatchef.records import Dish
from knowledge_base.advice import Advice
from knowledge_base.terms import terms
from knowledge_base.words import actions

INDEX_VERSION = "3"
"""Changes whenever the same tips would be filed otherwise."""

FIELD_WEIGHTS: Mapping[str, float] = {
    "mistake": 3.0,
    "advice": 1.5,
    "aliases": 4.0,
    "translated": 2.0,
    "terms": 1.0,
    "dishes": 0.5,
    "sounds": 1.0,
}
"""How much a match in each field of terms counts in BM25, in the order in which a store keeps the fields."""


@dataclass(frozen=True)
class Glossary:
    """What dishes, ingredients and actions are called, in all languages, by their ids."""

    dishes: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    ingredients: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of all names."""
        names = [self.dishes, self.steps, self.ingredients, self.actions]
        return hashlib.sha256(json.dumps(names, sort_keys=True).encode()).hexdigest()


def glossary(dishes: Iterable[Dish]) -> Glossary:
    """The names that these dishes use, and those of the actions that any dish may name."""
    names: dict[str, str] = {}
    steps: dict[str, str] = {}
    ingredients: dict[str, list[str]] = {}
    for dish in dishes:
        names[dish.dish_id] = " ".join([dish.name, *(n for each in dish.aliases.values() for n in each)])
        for step in dish.expected_steps:
            steps[f"{dish.dish_id}:{step.step_id}"] = step.description
        for ingredient in dish.ingredients:
            said = ingredients.setdefault(ingredient.ingredient_id, [])
            said += [ingredient.name, *(n for each in ingredient.aliases.values() for n in each)]
    return Glossary(
        names,
        steps,
        {name: " ".join(dict.fromkeys(said)) for name, said in ingredients.items()},
        {name: " ".join([word.word, *word.like]) for name, word in actions().items()},
    )


def indexed_fields(tip: Advice, names: Glossary, with_aliases: bool = True) -> dict[str, str]:
    """The terms of each field of ``FIELD_WEIGHTS``, separated by spaces.

    All but ``sounds`` hold stems; ``sounds`` holds how the Latin words of every field sound.

    Args:
        with_aliases: without them a benchmark tells what they are worth.
    """
    aliases = " ; ".join(n for each in tip.aliases.values() for n in each) if with_aliases else ""
    places = [*tip.dishes, *(s.partition(":")[0] for s in (*tip.steps, *tip.points))]
    steps = dict.fromkeys([*tip.steps, *(point.rpartition(":")[0] for point in tip.points)])
    said = {
        "mistake": f"{tip.technique} ; {tip.mistake}",
        "advice": f"{tip.correction} {tip.why} {tip.safety.rule if tip.safety else ''}",
        "aliases": aliases,
        "translated": " ".join(f"{t.mistake} {t.correction} {t.why}" for t in tip.texts.values()),
        "terms": " ".join(
            [
                *(names.ingredients.get(name, name) for name in tip.ingredients),
                *(names.actions.get(name, name) for name in tip.actions),
            ]
        ),
        "dishes": " ".join(
            [
                *(names.dishes.get(name, name) for name in dict.fromkeys(places)),
                *(names.steps.get(name, name) for name in steps),
            ]
        ),
    }
    found = {name: terms(text) for name, text in said.items()}
    fields = {name: " ".join(each.stems) for name, each in found.items()}
    heard = (sound for name in ("aliases", "translated", "terms") for sound in found[name].sounds)
    return {**fields, "sounds": " ".join(heard)}


def passage(tip: Advice, with_aliases: bool = True) -> str:
    """The text whose vector stands for ``tip``: English alone, since names in other scripts blur it."""
    aliases = ", ".join(tip.aliases.get("en", ())) if with_aliases else ""
    return f"{tip.technique}: {tip.mistake} {tip.why} {tip.correction} {aliases}".strip()


def passage_sha256(text: str) -> str:
    """The name under which a passage's vector is kept, so that it need not be made twice."""
    return hashlib.sha256(text.encode()).hexdigest()


def as_tip(advice: Advice) -> Tip:
    """``advice`` as the domain knows it."""
    safety = advice.safety
    if safety is not None:
        source = f"{safety.source} ({safety.url})"
    else:
        source = f"Cooking tips of this project, {advice.theme}"
    return Tip(
        tip_id=advice.tip_id,
        text=safety.rule if safety is not None else advice.correction,
        safety=safety is not None,
        source=source,
        mistake=advice.mistake,
        why=advice.why,
        correction=advice.correction,
        severity=advice.severity,
        texts={
            str(language): TipText(text.mistake, text.why, text.correction, text.safety, text.reviewed)
            for language, text in advice.texts.items()
        },
        kinds=advice.kinds,
        actions=advice.actions,
        ingredients=advice.ingredients,
        dishes=advice.dishes,
        steps=advice.steps,
        points=advice.points,
    )
