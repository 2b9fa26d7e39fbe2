"""Finds the step of a dish that a person's words name; knows no file format and guesses nothing."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass

from bharatchef.records import Dish, ExpectedStep


def normalised(text: str) -> str:
    """``text`` in small letters, without punctuation, accents' forms unified, single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Marks (category M) carry the vowels of Hindi and Tamil: they are part of a word, not punctuation.
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in folded)
    return re.sub(r"\s+", " ", kept).strip()


@dataclass(frozen=True)
class StepFound:
    """The step that words name, or (``step`` is ``None``) why there is none, for who wrote them."""

    step: ExpectedStep | None
    problem: str = ""


class StepNames:
    """The names under which a dish's steps may be given.

    A step answers to its id, its description, and its action followed by one of its objects or
    ingredients (by name or alias), each compared after ``normalised``. An id wins over a description, a
    description over the rest; words that name two steps name none.
    """

    def __init__(self, dish: Dish) -> None:
        self._dish = dish
        ids: dict[str, set[str]] = {}
        descriptions: dict[str, set[str]] = {}
        phrases: dict[str, set[str]] = {}
        ingredients = {i.ingredient_id: i for i in dish.ingredients}
        for step in dish.expected_steps:
            ids.setdefault(normalised(step.step_id), set()).add(step.step_id)
            descriptions.setdefault(normalised(step.description), set()).add(step.step_id)
            nouns = list(step.objects)
            for ingredient_id in step.ingredients:
                nouns.append(ingredient_id)
                if ingredient := ingredients.get(ingredient_id):
                    nouns.append(ingredient.name)
                    nouns.extend(alias for names in ingredient.aliases.values() for alias in names)
            for noun in nouns:
                phrases.setdefault(normalised(f"{step.action} {noun}"), set()).add(step.step_id)
        self._layers = (ids, descriptions, phrases)

    def find(self, words: str) -> StepFound:
        """The step that ``words`` name."""
        wanted = normalised(words)
        for layer in self._layers:
            found = layer.get(wanted, set())
            if len(found) == 1:
                return StepFound(self._dish.step(next(iter(found))))
            if found:
                return StepFound(
                    None,
                    f"'{_short(words)}' could be {_either(sorted(found))}: write the step's id",
                )
        return StepFound(None, f"'{_short(words)}' is no step of {self._dish.dish_id}{self._near(wanted)}")

    def _near(self, wanted: str) -> str:
        known = {name: step_ids for layer in reversed(self._layers) for name, step_ids in layer.items()}
        close = difflib.get_close_matches(wanted[:200], list(known), n=5, cutoff=0.6)
        step_ids = list(dict.fromkeys(step_id for name in close for step_id in sorted(known[name])))[:3]
        if step_ids:
            return f"; did you mean {_either(step_ids)}?"
        listed = [step.step_id for step in self._dish.expected_steps]
        more = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
        return f"; its steps are {', '.join(listed[:8])}{more}"


def _either(step_ids: list[str]) -> str:
    if len(step_ids) == 1:
        return step_ids[0]
    return ", ".join(step_ids[:-1]) + " or " + step_ids[-1]


def _short(words: str, limit: int = 60) -> str:
    words = " ".join(words.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"
