"""Feedback to be worded in tests: poor performances of a small dish under any name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from judging_dishes import performance, step, tea

from bharatchef.coaching import Coached, coached
from bharatchef.judgement import judge, load_thresholds
from bharatchef.ports import Tip, TipText
from bharatchef.records import Dish
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import DeviationKind, Language

LEAVES = Tip(
    tip_id="leaves-stewed",
    text="Tea leaves were boiled far too long.",
    safety=False,
    source="",
    mistake="Tea leaves were boiled far too long.",
    why="They give bitter tea that tastes of little else.",
    correction="Strain the tea as soon as it is dark.",
    severity="high",
    kinds=(DeviationKind.TOO_LONG,),
    dishes=("tea",),
    steps=("tea:leaves",),
    texts={
        "hi": TipText(
            mistake="चाय पत्ती बहुत देर तक उबाली।",
            why="इससे चाय कड़वी होती है।",
            correction="रंग गहरा होते ही चाय छान लें।",
        )
    },
)


class FewTips:
    """A store of one tip."""

    def search(self, query: str, dish_id: str, limit: int) -> Sequence[Tip]:  # noqa: ARG002
        return [LEAVES][:limit] if "leaves" in query else []

    def search_each(self, queries: Sequence[str], dish_id: str, limit: int) -> Sequence[Sequence[Tip]]:
        return [self.search(query, dish_id, limit) for query in queries]


# Served before all else, the boiling left out, the leaves far too long, the milk done twice.
POOR = (
    ("serve", 0, 10),
    ("pour", 12, 22),
    ("leaves", 24, 130),
    ("warm-milk", 132, 150),
    ("warm-milk", 152, 170),
    ("mix", 172, 190),
    ("dance", 192, 200),
)


def told(
    language: Language = Language.ENGLISH,
    rows: Sequence[tuple[str, float, float]] = POOR,
    of: Dish | None = None,
    **fields: Any,
) -> Coached:
    """The rules' feedback on a performance, and its brief."""
    dish = of or tea()
    given = performance(rows, **fields)
    judgement = judge(dish, given, load_thresholds())
    card = score(dish, given, judgement, load_rubric("default"))
    return coached("evaluation-of-asha", dish, judgement, card, given, None, FewTips(), language)


def dish_named(name: str, description: str) -> Dish:
    """The tea under another name, its first step described in other words."""
    made = tea()
    first = step("pour", action="pour", ingredients=("water",), description=description)
    return made.model_copy(update={"name": name, "expected_steps": (first, *made.expected_steps[1:])})
