"""Tips as the coach asks for them, out of any index; knows no file and no cloud."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from bharatchef.errors import BharatChefError
from bharatchef.ports import DishStore, Tip
from knowledge_base.advice import Advice
from knowledge_base.indexing import as_tip
from knowledge_base.retrieval import Found, Where, fused
from knowledge_base.tips import DishTips

_log = logging.getLogger("bharatchef.knowledge")
_log.addHandler(logging.NullHandler())  # who shows it decides how: `lacking` says it too


class RankingIndex(Protocol):
    """What an index answers to questions."""

    def ranked_each(self, queries: Sequence[str], where: Where, limit: int) -> list[list[Found]]:
        """For each question the tips found by words and by meaning, with both ranks, best first."""
        ...

    def tip(self, tip_id: str) -> Advice: ...


def searched(
    index: RankingIndex,
    dishes: DishStore,
    dish_tips: DishTips,
    queries: Sequence[str],
    dish_id: str,
    limit: int,
) -> list[Sequence[Tip]]:
    """For each question the nearest tips that hold for a dish, best first, at most ``limit``.

    Of a dish that a tip names only reviewed tips are found; they cover its technique points. In a dish that
    somebody wrote for themselves its own points and safety rules are found too, ranks fused.

    Raises:
        KnowledgeError: there is no such dish.
    """
    dishes.get(dish_id)
    limit = max(0, limit)
    ranked = index.ranked_each(queries, Where(dish_id), limit)
    tips = {one.tip_id: index.tip(one.tip_id) for found in ranked for one in found}
    return [
        _with_own({one.tip_id: tips[one.tip_id] for one in found}, dish_tips, query, dish_id, limit)
        for query, found in zip(queries, ranked, strict=True)
    ]


def _with_own(
    tips: dict[str, Advice], dish_tips: DishTips, query: str, dish_id: str, limit: int
) -> Sequence[Tip]:
    """The reviewed tips that were found, and the dish's own where none of them names it."""
    found = {tip_id: as_tip(advice) for tip_id, advice in tips.items()}
    if any(_names(advice, dish_id) for advice in tips.values()):
        return list(found.values())
    own = {tip.tip_id: tip for tip in dish_tips.search(query, dish_id, limit)}
    every = {**found, **own}
    return [every[one.tip_id] for one in fused(list(own), list(found), vector_weight=1)[:limit]]


def _names(advice: Advice, dish_id: str) -> bool:
    places = (*advice.dishes, *advice.steps, *advice.points)
    return any(place.partition(":")[0] == dish_id for place in places)


class IndexedTips:
    """Tips out of an index that is built elsewhere; implements ``TipStore``.

    Attributes:
        lacking: why only a dish's own points are found; empty where the index answered.
    """

    def __init__(self, index: RankingIndex, dishes: DishStore) -> None:
        self.lacking = ""
        self.index = index
        self._dishes = dishes
        self._dish_tips = DishTips(dishes)

    def search(self, query: str, dish_id: str, limit: int) -> Sequence[Tip]:
        """What ``search_each`` finds for one question."""
        return self.search_each([query], dish_id, limit)[0]

    def search_each(self, queries: Sequence[str], dish_id: str, limit: int) -> Sequence[Sequence[Tip]]:
        """For each question the nearest tips that hold for the dish; see ``searched``.

        Where the index does not answer, the dish's own points are searched, and ``lacking`` says so.

        Raises:
            KnowledgeError: there is no such dish.
        """
        self._dishes.get(dish_id)
        try:
            found = searched(self.index, self._dishes, self._dish_tips, queries, dish_id, limit)
            self.lacking = ""
            return found
        except BharatChefError as error:
            self.lacking = f"{error.message} The dish's own points are searched alone."
            _log.warning("%s", self.lacking)
            return self._dish_tips.search_each(queries, dish_id, limit)
