"""The tips where the settings say that they are kept: searched, counted, brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from adapters.embedding import embedding_of
from adapters.local.home_tips import HomeTips
from bharatchef.ports import Tip
from bharatchef.settings import Settings
from knowledge_base.advice import Advice, advice_sha256, read_advice
from knowledge_base.building import Built, build_index, content_sha256
from knowledge_base.indexing import glossary
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary
from knowledge_base.retrieval import Found, Where
from knowledge_base.searching import IndexedTips


class Knowledge(Protocol):
    """Tips, their index, and what is said of it.

    Attributes:
        lacking: why less is searched than was asked for; empty where nothing is lacking.
        where: the index as people find it: a path or an address.
    """

    @property
    def lacking(self) -> str: ...

    @property
    def where(self) -> str: ...

    def search(self, query: str, dish_id: str, limit: int) -> Sequence[Tip]:
        """As the coach asks; see ``ports.TipStore``."""
        ...

    def search_each(self, queries: Sequence[str], dish_id: str, limit: int) -> Sequence[Sequence[Tip]]:
        """As ``search``, of each question."""
        ...

    def ranked(self, query: str, where: Where, limit: int) -> list[Found]:
        """The reviewed tips found by words and by meaning, with both ranks, best first."""
        ...

    def tip(self, tip_id: str) -> Advice:
        """The reviewed tip of that id; ``KeyError`` where there is none."""
        ...

    def stamp(self) -> dict[str, str]:
        """What the index says of itself; empty where there is none."""
        ...

    def count(self) -> int:
        """How many tips are indexed."""
        ...

    def build(self, told: Callable[[int, int], None] | None = None, anew: bool = False) -> Built | None:
        """Bring the index up to date; what was made, ``None`` where nothing had to be."""
        ...

    def roll_back(self) -> str:
        """Put the index before this one in its place again; its name.

        Raises:
            KnowledgeError: there is none that could be gone back to.
        """
        ...


def open_knowledge(settings: Settings, dishes: DishLibrary | None = None) -> Knowledge:
    """The tips that the settings name; nothing is read or asked before a question comes.

    Raises:
        ConfigurationError: the settings name an OpenSearch that cannot be used, or an embedding for it that
            is not installed.
    """
    dishes = dishes or DishLibrary((BUILT_IN_DISHES, settings.dishes_dir))
    if settings.opensearch_url is None:
        return HomeTips(settings.tips_index, dishes, lambda: embedding_of(settings))
    return ClusterTips(settings, dishes)


class ClusterTips(IndexedTips):
    """Tips on OpenSearch. Readers never build there: `bharatchef knowledge build` and its flow do."""

    def __init__(self, settings: Settings, dishes: DishLibrary) -> None:
        from adapters.aws.opensearch_tips import opensearch_index

        self._settings = settings
        self._library = dishes
        self._embedding = embedding_of(settings)
        # The dishes are left out: who adds one of their own has the same tips.
        self._cluster = opensearch_index(
            settings, embedding=self._embedding, expected={"tips": advice_sha256()}
        )
        self.where = f"{settings.opensearch_url}/{settings.opensearch_index}"
        super().__init__(self._cluster, dishes)

    def ranked(self, query: str, where: Where, limit: int) -> list[Found]:
        """The reviewed tips found by words and by meaning, with both ranks, best first."""
        return self._cluster.ranked(query, where, limit)

    def ranked_each(self, queries: Sequence[str], where: Where, limit: int) -> list[list[Found]]:
        """What ``ranked`` finds for each question; all of them are embedded at once."""
        return self._cluster.ranked_each(queries, where, limit)

    def tip(self, tip_id: str) -> Advice:
        """The reviewed tip of that id; ``KeyError`` where there is none."""
        return self._cluster.tip(tip_id)

    def stamp(self) -> dict[str, str]:
        """What the index says of itself; empty where there is none."""
        return self._cluster.stamp()

    def count(self) -> int:
        """How many tips are indexed."""
        return self._cluster.count()

    def build(self, told: Callable[[int, int], None] | None = None, anew: bool = False) -> Built | None:
        """Bring the index up to date; what was made, ``None`` where nothing had to be.

        Raises:
            KnowledgeError: the tips' files are wrong.
            EndpointError: OpenSearch or the embedding does not answer; the index stays as it was.
        """
        from adapters.aws.opensearch_tips import opensearch_index

        content = content_sha256(advice_sha256(), self._library.sha256())
        model = self._embedding.name if self._embedding else None
        stamp = self.stamp()
        if not anew and stamp.get("content") == content and stamp.get("model_name") == model:
            return None
        names = glossary(self._library.list_dishes())
        filled = opensearch_index(self._settings, names, self._embedding)
        return build_index(
            filled,
            read_advice().tips,
            self._embedding,
            told,
            facts={"content": content, "tips": advice_sha256()},
        )

    def roll_back(self) -> str:
        """Let the alias stand for the index before this one again; its name.

        Raises:
            KnowledgeError: there is none.
            EndpointError: OpenSearch does not answer; the alias stays where it was.
        """
        return self._cluster.roll_back()
