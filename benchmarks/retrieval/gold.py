"""Reads the graded queries; knows no index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, model_validator

from bharatchef.coaching.brief import Language
from bharatchef.coaching.fitting import fitting
from bharatchef.coaching.languages import Speaker
from bharatchef.coaching.words import Words
from bharatchef.judgement.graph import step_graph
from bharatchef.records import Deviation, Dish
from bharatchef.vocabulary import Category, DeviationKind, Record, Slug
from knowledge_base.advice import Advice, AdviceBook
from knowledge_base.indexing import as_tip
from knowledge_base.library import DishLibrary

GOLD = Path(__file__).with_name("gold.yaml")
UNSEEN = Path(__file__).with_name("unseen.yaml")
LANGUAGES = ("en", "hi-latn", "hi", "ta")
Part = Literal["dev", "test", "unseen"]


class Query(Record):
    """A question in somebody's words, or a deviation that the program words; with its graded tips."""

    id: Slug
    language: Literal["en", "hi-latn", "hi", "ta"]
    text: str = ""
    dish: Slug | None = None
    step: Slug | None = None
    deviation: DeviationKind | None = None
    relevant: dict[str, Annotated[int, Field(ge=1, le=3)]]

    @model_validator(mode="after")
    def _one_of_both(self) -> Query:
        if (self.deviation is None) == (not self.text):
            raise ValueError(f"expected {self.id} to have either a text or a deviation")
        if self.deviation is not None and (self.dish is None or self.step is None):
            raise ValueError(f"expected the dish and step of the deviation {self.id}")
        return self

    @property
    def part(self) -> Part:
        """Odd numbers are for development, even ones for the test.

        Of what came later, ``a`` is for development, and ``u`` confirms what was chosen there.
        """
        if self.id.startswith("u"):
            return "unseen"
        return "dev" if self.later or int(self.id[1:]) % 2 else "test"

    @property
    def later(self) -> bool:
        """Whether it was written after the first tuning."""
        return self.id[0] in "au"


def read_gold() -> tuple[Query, ...]:
    """The queries of both files, in their order."""
    first, last = yaml.safe_load(GOLD.read_bytes()), yaml.safe_load(UNSEEN.read_bytes())
    rows = (*first["queries"], *first["added"], *last["queries"])
    return tuple(Query.model_validate(row) for row in rows)


def asked(query: Query, dishes: DishLibrary) -> str:
    """The words that are searched: the learner's, or those that the coach makes of a deviation."""
    if query.deviation is None or query.dish is None:
        return query.text
    return words_of(dishes.get(query.dish)).query(deviation_of(query))


def deviation_of(query: Query) -> Deviation:
    """The deviation that a query stands for, as judging reports it."""
    if query.deviation is None:
        raise ValueError(f"expected a deviation, got the words of a learner ({query.id})")
    return Deviation(
        deviation_id=query.id,
        kind=query.deviation,
        category=Category.STEP_SEQUENCE,
        step_id=query.step,
        expected="",
        expected_source="",
        seen="",
        confidence=1.0,
    )


def as_the_coach_takes(
    query: Query, ids: list[str], tip: Callable[[str], Advice], dishes: DishLibrary
) -> list[str]:
    """Ids that were found: for a deviation those that fit it first, else as they are."""
    if query.deviation is None or query.dish is None:
        return ids
    found = [as_tip(tip(tip_id)) for tip_id in ids]
    fits = [f.tip.tip_id for f in fitting(found, deviation_of(query), dishes.get(query.dish), len(found))]
    return fits + [tip_id for tip_id in ids if tip_id not in fits]


def words_of(dish: Dish) -> Words:
    """The coach's words on a dish."""
    graph = step_graph(dish)
    return Words(dish, graph, Speaker(dish, Language.ENGLISH))


def giveaways(queries: tuple[Query, ...], book: AdviceBook) -> Iterator[tuple[str, str, str]]:
    """(query, tip, alias) wherever a query equals or contains an alias of a tip that it should find."""
    tips: dict[str, Advice] = {tip.tip_id: tip for tip in book.tips}
    for query in queries:
        said = query.text.casefold()
        for tip_id in query.relevant:
            for aliases in tips[tip_id].aliases.values():
                yield from ((query.id, tip_id, a) for a in aliases if said and a.casefold() in said)
