"""What a search for tips is asked and answers, and how two rankings become one; knows no store and no model.

A store ranks by words (BM25) and by meaning (vectors). Ranks are fused here, on the side that asks, so that
every store answers alike.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bharatchef.vocabulary import Language
from knowledge_base.advice import Advice, Severity
from knowledge_base.terms import language_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RANK_OFFSET = 10
MEANING_WEIGHT = 0.1
MEANING_WEIGHTS = {Language.ENGLISH: 0.6, Language.HINGLISH: 0.05}
"""Chosen on the development part of ``benchmarks/retrieval/gold.yaml`` with the embedding that works offline,
by the language of the question; ``MEANING_WEIGHT`` for the others. Tips carry learners' own words in four
languages; words find more there than a small model's vectors do, and that model knows no Hinglish."""
NAMING_WEIGHT = 1.5
"""How many times a tip counts that names the dish that is asked about, beside one that holds for every dish:
who asks about their rice mostly asks about rice, not about hands or cameras."""


def meaning_weight(query: str) -> float:
    """What the ranking by meaning counts beside that by words, for a question."""
    return MEANING_WEIGHTS.get(language_of(query), MEANING_WEIGHT)


@dataclass(frozen=True)
class Scope:
    """Where a tip holds, as a store files it.

    Attributes:
        dishes: every dish that the tip names itself or by a step or a point; empty where it holds for all.
        steps: every "dish:step" that it names itself or by a point.
        step_dishes: the dishes of ``steps``; in these it holds for the named steps alone.
    """

    dishes: frozenset[str]
    steps: frozenset[str]
    step_dishes: frozenset[str]


def scope(tip: Advice) -> Scope:
    """Where ``tip`` holds."""
    steps = frozenset(tip.steps) | {point.rpartition(":")[0] for point in tip.points}
    step_dishes = frozenset(step.partition(":")[0] for step in steps)
    return Scope(dishes=frozenset(tip.dishes) | step_dishes, steps=steps, step_dishes=step_dishes)


@dataclass(frozen=True)
class Where:
    """Which tips may be found at all; ``None`` asks nothing.

    A tip that names no dish holds for every dish; one that names a dish without its steps holds for every
    step of it. ``severity`` must be the tip's own.

    Raises:
        ValueError: a step without its dish.
    """

    dish_id: str | None = None
    step_id: str | None = None
    severity: Severity | None = None

    def __post_init__(self) -> None:
        if self.step_id is not None and self.dish_id is None:
            raise ValueError(f"expected the dish of step {self.step_id!r} too, got none")

    @property
    def step(self) -> str | None:
        """The step as tips name it, "dish:step"."""
        return f"{self.dish_id}:{self.step_id}" if self.step_id is not None else None

    def admits(self, tip: Advice) -> bool:
        """Whether ``tip`` may be found."""
        if self.severity is not None and tip.severity != self.severity:
            return False
        if self.dish_id is None:
            return True
        held = scope(tip)
        if held.dishes and self.dish_id not in held.dishes:
            return False
        return self.step is None or self.dish_id not in held.step_dishes or self.step in held.steps


EVERYWHERE = Where()


@dataclass(frozen=True)
class Found:
    """A tip that was found, with its rank (1 is best) in each ranking that holds it."""

    tip_id: str
    score: float
    keyword_rank: int | None
    vector_rank: int | None


class TipIndex(Protocol):
    """A store of tips that can be ranked in two ways; every store is held to one contract suite."""

    def put(
        self,
        tips: Sequence[Advice],
        vectors: NDArray[np.float32] | None,
        model_name: str | None,
        dimension: int | None,
    ) -> None:
        """Make ``tips`` the whole content, at once; ``vectors`` has shape (tips, dimension) or is absent."""
        ...

    def tip(self, tip_id: str) -> Advice:
        """The tip of that id; ``KeyError`` where there is none."""
        ...

    def keyword_ids(self, query: str, where: Where, limit: int) -> list[str]:
        """Ids of tips that share a word with ``query``, best by BM25 first, at most ``limit``."""
        ...

    def vector_ids(self, vector: Sequence[float], where: Where, limit: int) -> list[str]:
        """Ids of the tips nearest to ``vector`` by cosine, nearest first, at most ``limit``."""
        ...


def fused(
    keyword: Sequence[str],
    vector: Sequence[str],
    k: int = RANK_OFFSET,
    vector_weight: float = MEANING_WEIGHT,
    naming: Collection[str] = (),
) -> list[Found]:
    """Two rankings as one by reciprocal rank fusion (Cormack, Clarke and Buettcher 2009), best first.

    A tip scores ``1 / (k + rank)`` in the first ranking and ``vector_weight`` times that in the second, and
    the sum where both hold it; a tip of ``naming`` scores ``NAMING_WEIGHT`` times that. An id that stands
    twice in a ranking counts where it stands first. Ties go to the better best rank, then to the better
    keyword rank, then by id.

    Args:
        k: how little the first ranks stand out, 0 or more; 60 in the paper.
        vector_weight: what the second ranking counts beside the first, 0 or more; 1 in the paper.
        naming: ids of the tips that name the dish that is asked about.
    """
    if k < 0 or vector_weight < 0:
        raise ValueError(f"expected k and vector_weight of 0 or more, got {k} and {vector_weight}")
    by_word, by_meaning = _ranks(keyword), _ranks(vector)
    weighed = ((by_word, 1.0), (by_meaning, vector_weight))
    found = [
        Found(
            tip_id,
            (NAMING_WEIGHT if tip_id in naming else 1)
            * sum(weight / (k + ranks[tip_id]) for ranks, weight in weighed if tip_id in ranks),
            by_word.get(tip_id),
            by_meaning.get(tip_id),
        )
        for tip_id in by_word | by_meaning
    ]
    return sorted(found, key=_order)


def _ranks(ids: Sequence[str]) -> dict[str, int]:
    ranks: dict[str, int] = {}
    for tip_id in ids:
        ranks.setdefault(tip_id, len(ranks) + 1)
    return ranks


def _order(found: Found) -> tuple[float, int, int, str]:
    last = 1 << 62
    keyword = last if found.keyword_rank is None else found.keyword_rank
    vector = last if found.vector_rank is None else found.vector_rank
    return -found.score, min(keyword, vector), keyword, found.tip_id
