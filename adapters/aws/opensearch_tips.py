"""The tips on OpenSearch, searched by words and by meaning, replaced as a whole; knows no model and no dish.

The same contract as the index of this machine. How requests go, what they say and how indices take turns is
its neighbours'; the same index as LangChain's ``VectorStore`` is ``opensearch_store``.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adapters.aws.opensearch_builds import Builds
from adapters.aws.opensearch_calls import Calls, Cluster
from adapters.aws.opensearch_index import (
    LAYOUT,
    RANKED_FIELDS,
    SPACE_TYPES,
    VECTOR,
    filed_words,
    index_body,
    keyword_search,
)
from adapters.aws.opensearch_reading import AliasReader, Hit, check_space, space_of
from bharatchef.errors import ConfigurationError, KnowledgeError
from knowledge_base.advice import Advice
from knowledge_base.embeddings import Embedding
from knowledge_base.indexing import Glossary, indexed_fields, passage, passage_sha256
from knowledge_base.retrieval import EVERYWHERE, Found, Where, fused, meaning_weight, scope
from knowledge_base.vectors import Space, given_units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bharatchef.settings import Settings

RANKED_DEPTH = 50
"""How far down each ranking is read before the two become one."""


class OpenSearchTipIndex:
    """Tips under one alias of a domain or of a serverless vector search collection; implements ``TipIndex``.

    Args:
        calls: how OpenSearch is reached.
        alias: the name that readers use; the indices behind it are named after it. Where there is none the
            index is empty.
        names: what dishes, ingredients and actions are called, so that tips are found by that too.
        embedding: what turns a question into a vector; without it tips are searched by words alone.
        engine, space_type: of the vector search, for indices that are made from now on.
        with_aliases: see ``indexed_fields``.
        recheck_s: how long it is believed that the alias has not moved, seconds. What a search finds says
            which index it comes from, so only an index that finds nothing is believed that long.
        expected: facts that an index must bear to be searched; ``put`` is told them as ``facts``.
        builds: how indices take turns; by default those of ``calls`` and ``alias``.
    """

    def __init__(
        self,
        calls: Calls,
        alias: str = "bharatchef-tips",
        names: Glossary | None = None,
        embedding: Embedding | None = None,
        engine: str = "faiss",
        space_type: str | None = None,
        with_aliases: bool = True,
        recheck_s: float = 5.0,
        expected: Mapping[str, str] | None = None,
        builds: Builds | None = None,
    ) -> None:
        self._calls = calls
        self._alias = alias
        self._names = names or Glossary()
        self._embedding = embedding
        self._engine = engine
        self._space_type = space_type
        self._with_aliases = with_aliases
        self._recheck_s = recheck_s
        self._builds = builds or Builds(calls, alias)
        self._reader = AliasReader(calls, alias, recheck_s, expected)
        self._lock = threading.Lock()
        # The tips that were found last: who asked for their ids asks for them next.
        self._found: tuple[float, dict[str, Advice]] = (0.0, {})

    def put(
        self,
        tips: Sequence[Advice],
        vectors: NDArray[np.float32] | Sequence[Sequence[float]] | None,
        model_name: str | None,
        dimension: int | None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Make ``tips`` the whole content, at once.

        Args:
            vectors: shape (tips, dimension), in their order; ``None`` for a search by words alone.
            model_name: which vector space they are of.
            facts: what else to remember of them; see ``stamp``.

        Raises:
            KnowledgeError: the vectors do not fit the tips, or OpenSearch does not take one.
            EndpointError: OpenSearch does not answer. The old tips stay in either case.
        """
        space, units = given_units([tip.tip_id for tip in tips], vectors, model_name, dimension)
        filed = [self._filed(tip, None if units is None else units[n].tolist()) for n, tip in enumerate(tips)]
        self._replace(filed, space, facts or {})

    def keyword_ids(self, query: str, where: Where = EVERYWHERE, limit: int = RANKED_DEPTH) -> list[str]:
        """Ids of tips that share a term with ``query``, best first by weighted BM25, at most ``limit``.

        BM25 is Lucene's (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75), a term counted as often as
        ``FIELD_WEIGHTS`` says; ties go by id.
        """
        return [_tip_id(hit) for hit in self._keyword_hits(query, where, limit)]

    def _keyword_hits(self, query: str, where: Where, limit: int) -> list[Hit]:
        body = keyword_search(query, where, limit) if limit > 0 else None
        return self._reader.hits(body) if body is not None else []

    def vector_ids(
        self, vector: Sequence[float], where: Where = EVERYWHERE, limit: int = RANKED_DEPTH
    ) -> list[str]:
        """Ids of the tips nearest to ``vector`` by cosine, nearest first, at most ``limit``; ties go by id.

        Raises:
            KnowledgeError: the index holds no vectors, or vectors of another dimension.
        """
        return [tip_id for tip_id, _ in self.nearest(vector, where, limit)]

    def nearest(
        self, vector: Sequence[float], where: Where = EVERYWHERE, limit: int = RANKED_DEPTH
    ) -> list[tuple[str, float]]:
        """As ``vector_ids``, with the cosines."""
        near = self._reader.nearest(vector, where, limit)
        return [(_tip_id(hit), cosine) for hit, cosine in near]

    def ranked(self, query: str, where: Where = EVERYWHERE, limit: int = 10) -> list[Found]:
        """The tips found by words and by meaning, with both ranks, best first, at most ``limit``.

        Raises:
            KnowledgeError: the index was built with another embedding than questions are asked with.
        """
        return self.ranked_each([query], where, limit)[0]

    def ranked_each(
        self, queries: Sequence[str], where: Where = EVERYWHERE, limit: int = 10
    ) -> list[list[Found]]:
        """What ``ranked`` finds for each question; all of them are embedded at once."""
        depth = max(RANKED_DEPTH, limit)
        by_word = [self._keyword_hits(query, where, depth) for query in queries]
        by_meaning: dict[str, list[Hit]] = {}
        asked = [query for query in dict.fromkeys(queries) if query.strip()]
        if self._embedding is not None and asked and self._reader.stamp().get("count"):
            space = Space(self._embedding.name, self._embedding.dimension)
            for query, vector in zip(asked, self._embedding.embed_queries(asked), strict=True):
                near = self._reader.nearest(vector, where, depth, RANKED_FIELDS, space)
                by_meaning[query] = [hit for hit, _ in near]
        every = [hit for hits in (*by_word, *by_meaning.values()) for hit in hits]
        naming = {_tip_id(hit) for hit in every if where.dish_id in hit["_source"].get("held_dishes", ())}
        best = [
            fused(
                [_tip_id(hit) for hit in words],
                [_tip_id(hit) for hit in by_meaning.get(query, ())],
                vector_weight=meaning_weight(query),
                naming=naming,
            )[: max(0, limit)]
            for query, words in zip(queries, by_word, strict=True)
        ]
        advices = self._advices([one.tip_id for found in best for one in found])
        with self._lock:
            self._found = (time.monotonic(), advices)
        # A tip that went with its index between two requests is no longer advice.
        return [[one for one in found if one.tip_id in advices] for found in best]

    def check_space(self, embedding: Embedding) -> None:
        """Whether vectors of ``embedding`` can be compared with those of the index.

        Raises:
            KnowledgeError: they cannot.
        """
        check_space(self.space, Space(embedding.name, embedding.dimension), self._alias)

    def tip(self, tip_id: str) -> Advice:
        """The tip of that id; ``KeyError`` where there is none."""
        with self._lock:
            when, found = self._found
        if tip_id in found and time.monotonic() - when < self._recheck_s:
            return found[tip_id]
        return self._advices([tip_id])[tip_id]

    def kept_vectors(self, model_name: str) -> dict[str, NDArray[np.float32]]:
        """The vectors that are here already, by the hash of their passage; none of another model.

        What has not changed need not be embedded again.
        """
        import numpy as np

        holder = self._holder()
        # Not the checked stamp: vectors of an index of an earlier layout are as good.
        if holder is None or self._builds.stamp(holder).get("model") != model_name:
            return {}
        return {
            one["passage_sha256"]: np.asarray(one[VECTOR], dtype=np.float32)
            for one in self._reader.pages(holder, ["tip_id", "passage_sha256", VECTOR])
            if VECTOR in one
        }

    def stamp(self) -> dict[str, str]:
        """What the index says of itself, as ``put`` was told it; empty where there is none that fits."""
        try:
            meta = self._reader.stamp(fresh=True)
        except KnowledgeError:
            return {}
        space = space_of(meta)
        known = {"model_name": space.model_name, "dimension": str(space.dimension)} if space else {}
        return {**{str(name): str(value) for name, value in meta.get("facts", {}).items()}, **known}

    @property
    def space(self) -> Space | None:
        """The vector space of the index; ``None`` where it holds no vectors."""
        return space_of(self._reader.stamp(fresh=True))

    def count(self) -> int:
        """How many tips there are."""
        return self._reader.count()

    def roll_back(self) -> str:
        """Put the index before this one in its place again; its name. ``KnowledgeError`` without one."""
        index = self._builds.roll_back()
        self._forget()
        return index

    def close(self) -> None:
        """Let go of the connections; the next question makes new ones."""
        self._calls.close()
        self._forget()

    def _forget(self) -> None:
        self._reader.forget()
        with self._lock:
            self._found = (0.0, {})

    def _holder(self) -> str | None:
        """The index that the alias stands for."""
        holders = self._builds.holders()
        return holders[-1] if holders else None

    def _advices(self, tip_ids: Sequence[str]) -> dict[str, Advice]:
        """The tips of these ids that there are."""
        found: dict[str, Advice] = {}
        for hit in self._reader.by_ids(tip_ids):
            advice = hit["_source"]["document"]["metadata"].get("advice")
            if advice is not None:
                found[str(hit["_source"]["tip_id"])] = Advice.model_validate(advice)
        return found

    def _replace(
        self,
        documents: Sequence[Mapping[str, Any]],
        space: Space | None,
        facts: Mapping[str, str],
        instead_of: Sequence[str] | None = None,
    ) -> None:
        """Make filed documents the whole content, at once; see ``Builds.replace``."""
        about = {
            "index_version": LAYOUT,
            "model": space.model_name if space else None,
            "dimension": space.dimension if space else None,
            "engine": self._engine,
            "space_type": self._space_type or SPACE_TYPES.get(self._engine, ""),
            "sha256": _sha256({one["tip_id"]: {**one, VECTOR: None} for one in documents}),
            "count": len(documents),
            "facts": dict(facts),
        }

        def body_for(meta: Mapping[str, Any]) -> dict[str, Any]:
            dimension = space.dimension if space else None
            return index_body(meta, dimension, self._calls.cluster.service, self._engine, self._space_type)

        self._builds.replace(body_for, documents, about, instead_of)
        self._forget()

    def _filed(self, tip: Advice, vector: Sequence[float] | None) -> dict[str, Any]:
        where, text = scope(tip), passage(tip, self._with_aliases)
        metadata = {
            "tip_id": tip.tip_id,
            "theme": tip.theme,
            "severity": tip.severity,
            "advice": tip.model_dump(mode="json", by_alias=True),
        }
        filed = {
            "tip_id": tip.tip_id,
            "passage_sha256": passage_sha256(text),
            "severity": tip.severity,
            "held_dishes": sorted(where.dishes),
            "held_steps": sorted(where.steps),
            "held_step_dishes": sorted(where.step_dishes),
            "document": {"text": text, "metadata": metadata},
            "words": filed_words(indexed_fields(tip, self._names, self._with_aliases)),
        }
        return filed if vector is None else {**filed, VECTOR: list(vector)}


def _tip_id(hit: Hit) -> str:
    return str(hit["_source"]["tip_id"])


def opensearch_index(
    settings: Settings,
    names: Glossary | None = None,
    embedding: Embedding | None = None,
    expected: Mapping[str, str] | None = None,
) -> OpenSearchTipIndex:
    """The index of tips that the settings name; connects to nothing yet. For the rest see the class.

    Raises:
        ConfigurationError: no address is set, or it cannot be used.
    """
    if settings.opensearch_url is None:
        raise ConfigurationError(
            "Expected the address of OpenSearch, none is set.", "Set BHARATCHEF_OPENSEARCH_URL."
        )
    ca_file = str(settings.opensearch_ca_file) if settings.opensearch_ca_file else None
    cluster = Cluster(
        settings.opensearch_url, settings.opensearch_service, settings.aws_region, ca_file=ca_file
    )
    return OpenSearchTipIndex(
        Calls(cluster),
        settings.opensearch_index,
        names,
        embedding,
        engine=settings.opensearch_engine,
        expected=expected,
    )


def _sha256(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
