"""The tips on OpenSearch, searched by words and by meaning, replaced as a whole; knows no model and no dish.

The same contract as the index of this machine. How requests go, what they say and how indices take turns is
its neighbours'; the same index as LangChain's ``VectorStore`` is ``opensearch_store``.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adapters.aws.opensearch_builds import WHOLE, Builds
from adapters.aws.opensearch_calls import Calls, Cluster, Refusal
from adapters.aws.opensearch_index import (
    MOST_RESULTS,
    SPACE_TYPES,
    VECTOR,
    ids_search,
    index_body,
    keyword_search,
    page_search,
    vector_search,
)
from bharatchef.errors import ConfigurationError, EndpointError, KnowledgeError
from knowledge_base.advice import Advice
from knowledge_base.embeddings import Embedding
from knowledge_base.indexing import INDEX_VERSION, Glossary, indexed_fields, passage, passage_sha256
from knowledge_base.retrieval import EVERYWHERE, Found, Where, fused, scope
from knowledge_base.vectors import Space, unit_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bharatchef.settings import Settings

RANKED_DEPTH = 50
"""How far down each ranking is read before the two become one."""

_IDS_AT_ONCE = 1_000


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
        self._lock = threading.Lock()
        self._seen: tuple[float, str, dict[str, Any]] | None = None

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
        space = None
        if vectors is not None and model_name is not None and dimension is not None:
            space = Space(model_name, dimension)
        units = unit_vectors([tip.tip_id for tip in tips], vectors, space)
        filed = [self._filed(tip, None if units is None else units[n].tolist()) for n, tip in enumerate(tips)]
        self._replace(filed, space, facts or {})

    def keyword_ids(self, query: str, where: Where = EVERYWHERE, limit: int = RANKED_DEPTH) -> list[str]:
        """Ids of tips that share a term with ``query``, best first by weighted BM25, at most ``limit``.

        BM25 is Lucene's (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75), each field weighted by
        ``FIELD_WEIGHTS`` and the fields' scores added; ties go by id.
        """
        body = keyword_search(query, where, limit) if limit > 0 else None
        return [str(hit["_source"]["tip_id"]) for hit in self._hits(body)] if body is not None else []

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
        return [
            (hit["_source"]["tip_id"], cosine) for hit, cosine in self._nearest_hits(vector, where, limit)
        ]

    def ranked(self, query: str, where: Where = EVERYWHERE, limit: int = 10) -> list[Found]:
        """The tips found by words and by meaning, with both ranks, best first, at most ``limit``.

        Raises:
            KnowledgeError: the index was built with another embedding than questions are asked with.
        """
        depth = max(RANKED_DEPTH, limit)
        by_word = self.keyword_ids(query, where, depth)
        by_meaning: list[str] = []
        if self._embedding is not None and query.strip() and self._stamp().get("count"):
            asked = Space(self._embedding.name, self._embedding.dimension)
            near = self._nearest_hits(self._embedding.embed_query(query), where, depth, space=asked)
            by_meaning = [str(hit["_source"]["tip_id"]) for hit, _ in near]
        return fused(by_word, by_meaning)[: max(0, limit)]

    def check_space(self, embedding: Embedding) -> None:
        """Whether vectors of ``embedding`` can be compared with those of the index.

        Raises:
            KnowledgeError: they cannot.
        """
        _check_space(self.space, Space(embedding.name, embedding.dimension), self._alias)

    def tip(self, tip_id: str) -> Advice:
        """The tip of that id; ``KeyError`` where there is none."""
        for hit in self._by_ids([tip_id]):
            advice = hit["_source"]["document"]["metadata"].get("advice")
            if advice is not None:
                return Advice.model_validate(advice)
        raise KeyError(tip_id)

    def kept_vectors(self, model_name: str) -> dict[str, NDArray[np.float32]]:
        """The vectors that are here already, by the hash of their passage; none of another model.

        What has not changed need not be embedded again.
        """
        import numpy as np

        holder, space = self._holder(), self.space
        if holder is None or space is None or space.model_name != model_name:
            return {}
        return {
            one["passage_sha256"]: np.asarray(one[VECTOR], dtype=np.float32)
            for one in self._pages(holder, ["tip_id", "passage_sha256", VECTOR])
            if VECTOR in one
        }

    def stamp(self) -> dict[str, str]:
        """What the index says of itself, as ``put`` was told it; empty where there is none."""
        meta = self._stamp(fresh=True)
        space = _space_of(meta)
        known = {"model_name": space.model_name, "dimension": str(space.dimension)} if space else {}
        return {**{str(name): str(value) for name, value in meta.get("facts", {}).items()}, **known}

    @property
    def space(self) -> Space | None:
        """The vector space of the index; ``None`` where it holds no vectors."""
        return _space_of(self._stamp(fresh=True))

    def count(self) -> int:
        """How many tips there are."""
        try:
            return int(self._calls.send("GET", f"/{self._alias}/_count")["count"])
        except Refusal as refusal:
            if refusal.status == 404:
                return 0
            raise

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
        """Ask anew which index the alias stands for."""
        with self._lock:
            self._seen = None

    def _holder(self) -> str | None:
        """The index that the alias stands for."""
        holders = self._builds.holders()
        return holders[-1] if holders else None

    def _hits(self, body: Mapping[str, Any], space: Space | None = None) -> list[dict[str, Any]]:
        """What one search finds, from an index that was found to fit; nothing where there is none.

        Args:
            space: which vectors the index must have, if it matters: the alias may move between two requests.
        """
        try:
            answer = self._calls.send("POST", f"/{self._alias}/_search", body)
        except Refusal as refusal:
            if refusal.status == 404:
                return []
            raise
        try:
            found: list[dict[str, Any]] = answer["hits"]["hits"]
            partial = answer.get("timed_out") or answer.get("_shards", {}).get("failed", 0)
        except (KeyError, TypeError, AttributeError):
            raise EndpointError(
                f"OpenSearch at {self._calls.cluster.name} gave no answer to a search.",
                "See that the address is that of OpenSearch itself.",
            ) from None
        if partial:
            raise EndpointError(
                "OpenSearch searched only some of the tips.", "Try again later.", retryable=True
            )
        with self._lock:
            known = self._seen[1] if self._seen is not None else None
        if any(hit["_index"] != known for hit in found):
            stamp = self._stamp(fresh=True)
            if space is not None:
                _check_space(_space_of(stamp), space, self._alias)
        return found

    def _nearest_hits(
        self,
        vector: Sequence[float],
        where: Where,
        limit: int,
        fields: Sequence[str] = ("tip_id",),
        space: Space | None = None,
    ) -> list[tuple[dict[str, Any], float]]:
        """The documents nearest to ``vector`` with the cosines, -1 to 1."""
        if limit < 1:
            return []
        stamp = self._fitting(vector)
        if not stamp:
            return []
        if space is not None:
            _check_space(_space_of(stamp), space, self._alias)
        unit = unit_vectors(["the question"], [vector], _space_of(stamp))
        assert unit is not None
        body = vector_search(unit[0].tolist(), where, min(limit, MOST_RESULTS))
        body["_source"] = {"includes": list(fields)}
        try:
            hits = self._hits(body, space or _space_of(stamp))
        except Refusal:
            # The alias may have moved to vectors of another length since it was last looked at.
            self._forget()
            self._fitting(vector)
            raise
        return [(hit, _cosine(hit["_score"], str(stamp.get("space_type")))) for hit in hits]

    def _by_ids(self, tip_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The documents of these ids that there are."""
        wanted = list(dict.fromkeys(tip_ids))
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            yield from self._hits(ids_search(wanted[start : start + _IDS_AT_ONCE]))

    def _pages(self, index: str, fields: Sequence[str] = ("*",)) -> Iterator[dict[str, Any]]:
        """All documents of one index, in the order of their ids."""
        after: str | None = None
        while True:
            hits = self._calls.send("POST", f"/{index}/_search", page_search(after, fields))["hits"]["hits"]
            for hit in hits:
                yield hit["_source"]
            if not hits:
                return
            after = hits[-1]["sort"][0]

    def _replace(
        self,
        documents: Sequence[Mapping[str, Any]],
        space: Space | None,
        facts: Mapping[str, str],
        instead_of: Sequence[str] | None = None,
    ) -> None:
        """Make filed documents the whole content, at once; see ``Builds.replace``."""
        about = {
            "index_version": INDEX_VERSION,
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

    def _fitting(self, vector: Sequence[float]) -> dict[str, Any]:
        """The stamp of an index whose vectors are as long as this one; empty where it holds nothing."""
        stamp = self._stamp()
        space = _space_of(stamp)
        if space is None and not stamp.get("count"):
            return {}
        if space is None or space.dimension != len(vector):
            has = f"vectors of {space.dimension} numbers ({space.model_name})" if space else "no vectors"
            raise KnowledgeError(
                f"The index of tips {self._alias} holds {has}, the question's has {len(vector)}.",
                "Run `bharatchef knowledge build` with the embedding that you ask with.",
            )
        return stamp

    def _stamp(self, fresh: bool = False) -> dict[str, Any]:
        """What the index under the alias says of itself; empty where there is none.

        Raises:
            KnowledgeError: it is no whole index of tips of this version.
        """
        with self._lock:
            seen = self._seen
        if seen is not None and not fresh and time.monotonic() - seen[0] < self._recheck_s:
            return seen[2]
        try:
            mappings = self._calls.send("GET", f"/{self._alias}/_mapping")
        except Refusal as refusal:
            if refusal.status == 404:
                self._forget()
                return {}
            raise
        index = max(mappings)
        stamp: dict[str, Any] = mappings[index].get("mappings", {}).get("_meta", {})
        if stamp.get("state") not in WHOLE or stamp.get("index_version") != INDEX_VERSION:
            raise KnowledgeError(
                f"Expected a whole index of tips of version {INDEX_VERSION}, {index} is none.",
                "Run `bharatchef knowledge build`.",
            )
        with self._lock:
            self._seen = (time.monotonic(), index, stamp)
        return stamp

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
            **indexed_fields(tip, self._names, self._with_aliases),
        }
        return filed if vector is None else {**filed, VECTOR: list(vector)}


def opensearch_index(
    settings: Settings, names: Glossary | None = None, embedding: Embedding | None = None
) -> OpenSearchTipIndex:
    """The index of tips that the settings name; connects to nothing yet.

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
        Calls(cluster), settings.opensearch_index, names, embedding, engine=settings.opensearch_engine
    )


def _space_of(stamp: Mapping[str, Any]) -> Space | None:
    model_name, dimension = stamp.get("model"), stamp.get("dimension")
    return (
        Space(model_name, dimension) if isinstance(model_name, str) and isinstance(dimension, int) else None
    )


def _check_space(found: Space | None, wanted: Space, alias: str) -> None:
    if found != wanted:
        has = f"by {found.model_name} ({found.dimension} numbers)" if found else "without vectors"
        raise KnowledgeError(
            f"The index of tips {alias} was built {has}, questions are embedded by {wanted.model_name}"
            f" ({wanted.dimension} numbers).",
            "Run `bharatchef knowledge build`.",
        )


def _sha256(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _cosine(score: float, space_type: str) -> float:
    """The cosine out of OpenSearch's score, which is never negative (its documentation of spaces)."""
    if space_type == "cosinesimil":
        return 2 * score - 1
    return score - 1 if score >= 1 else 1 - 1 / score
