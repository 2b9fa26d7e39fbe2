"""Searches a dish's own technique points and safety rules by their words; makes up nothing."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bharatchef.ports import DishStore, Tip
from bharatchef.records import Dish, ExpectedStep

TERM_SATURATION = 1.2
LENGTH_WEIGHT = 0.75
_STOP_WORDS = frozenset(
    re.findall(
        "[a-z]+",
        "a an and as at be but by do for from had has have in into is it its no not of off on or so than "
        "that the them then there they this to too was were when which while with you your",
    )
)
_LETTERS = re.compile(r"[^\W_]+(?:[\u0900-\u097f\u0b80-\u0bff]+)*")


@dataclass(frozen=True)
class _Entry:
    tip: Tip
    words: Counter[str]


class DishTips:
    """Tips out of the dish files themselves; implements ``TipStore``.

    Ranks by BM25 (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75) over the tips of the one dish; ties go
    by tip id. A tip is found by its own words, by those of the steps it belongs to, and by the names of
    their ingredients in any language. Ids are ``dish:step:point`` and ``dish:safety:rule``.
    """

    def __init__(self, dishes: DishStore) -> None:
        self._dishes = dishes
        self._entries: dict[str, list[_Entry]] = {}

    def search(self, query: str, dish_id: str, limit: int) -> Sequence[Tip]:
        """The tips that share a word with ``query``, best first, at most ``limit``.

        Raises:
            KnowledgeError: there is no such dish.
        """
        entries = self._of(self._dishes.get(dish_id))
        wanted = set(_words(query))
        holding = {word: sum(word in entry.words for entry in entries) for word in wanted}
        rarity = {
            word: math.log(1 + (len(entries) - n + 0.5) / (n + 0.5)) for word, n in holding.items() if n
        }
        mean = sum(entry.words.total() for entry in entries) / max(1, len(entries))
        scored = []
        for entry in entries:
            damping = TERM_SATURATION * (
                1 - LENGTH_WEIGHT + LENGTH_WEIGHT * entry.words.total() / max(mean, 1.0)
            )
            score = math.fsum(
                weight * entry.words[word] * (TERM_SATURATION + 1) / (entry.words[word] + damping)
                for word, weight in rarity.items()
                if entry.words[word]
            )
            if score > 0:
                scored.append((-score, entry.tip.tip_id, entry.tip))
        return [tip for _, _, tip in sorted(scored, key=lambda item: item[:2])[: max(0, limit)]]

    def search_each(self, queries: Sequence[str], dish_id: str, limit: int) -> Sequence[Sequence[Tip]]:
        """What ``search`` finds for each question."""
        return [self.search(query, dish_id, limit) for query in queries]

    def _of(self, dish: Dish) -> list[_Entry]:
        if dish.sha256 not in self._entries:
            self._entries[dish.sha256] = _entries(dish)
        return self._entries[dish.sha256]


def _entries(dish: Dish) -> list[_Entry]:
    source = f"{dish.name}, {dish.version}"
    entries = []
    for step in dish.expected_steps:
        around = _step_words(dish, step)
        for point in step.technique:
            text = f"{point.text} {point.why}"
            name = f"{dish.dish_id}:{step.step_id}"
            tip_id = f"{name}:{point.point_id}"
            tip = Tip(tip_id, text, False, source, dishes=(dish.dish_id,), steps=(name,), points=(tip_id,))
            entries.append(_Entry(tip, Counter(_words(text)) + around))
    for rule in dish.safety:
        words = Counter(_words(f"{rule.safety_id} {rule.hazard} {rule.rule}"))
        for step in dish.expected_steps:
            if rule.safety_id in step.safety:
                words += _step_words(dish, step)
        tip = Tip(
            f"{dish.dish_id}:safety:{rule.safety_id}",
            rule.rule,
            True,
            f"{rule.source} ({rule.source_url})",
            dishes=(dish.dish_id,),
            steps=tuple(
                f"{dish.dish_id}:{step.step_id}"
                for step in dish.expected_steps
                if rule.safety_id in step.safety
            ),
        )
        entries.append(_Entry(tip, words))
    return entries


def _step_words(dish: Dish, step: ExpectedStep) -> Counter[str]:
    texts = [step.step_id, step.action, step.description]
    for ingredient in dish.ingredients:
        if ingredient.ingredient_id in step.ingredients:
            texts.append(ingredient.name)
            texts.extend(name for names in ingredient.aliases.values() for name in names)
    return Counter(word for text in texts for word in _words(text))


def _words(text: str) -> list[str]:
    found = (word.casefold() for word in _LETTERS.findall(text))
    return [_stem(word) for word in found if word not in _STOP_WORDS]


def _stem(word: str) -> str:
    """A word without its English plural or -ing/-ed ending, alike for query and tip."""
    for ending, least in (("ing", 6), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word.removesuffix(ending).rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word
