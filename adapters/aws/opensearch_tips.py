"""The tips on OpenSearch, searched by words and by meaning, replaced as a whole; knows no model and no dish.

The same contract as the index of this machine. How requests go, what they say and how indices take turns is
its neighbours'; LangChain's view of it is in ``opensearch_vectors``.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.aws.opensearch_builds import Builds
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
from knowledge_base.indexing import INDEX_VERSION, Glossary, indexed_fields, passage, passage_sha256
from knowledge_base.retrieval import EVERYWHERE, Found, Where, fused, scope

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bharatchef.settings import Settings

_CANDIDATES = 50
_IDS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Space:
    """The vector space of an index: the embedding's name and how many numbers a vector has."""

    model_name: str
    dimension: int


class OpenSearchTipIndex:
    """Tips under one alias of a domain or of a serverless vector search collection; implements ``TipIndex``.

    Args:
        calls: how OpenSearch is reached.
        alias: the name that readers use; the indices behind it are named after it. Where there is none the
            index is empty.
        names: what dishes, ingredients and actions are called, so that tips are found by that too.
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
        engine: str = "faiss",
        space_type: str | None = None,
        with_aliases: bool = True,
        recheck_s: float = 5.0,
        builds: Builds | None = None,
    ) -> None:
        self._calls = calls
        self._alias = alias
        self._names = names or Glossary()
        self._engine = engine
        self._space_type = space_type
        self._with_aliases = with_aliases
        self._recheck_s = recheck_s
        self._builds = builds or Builds(calls, alias)
        self._lock = threading.Lock()
        self._seen: tuple[float, str, dict[str, Any]] | None = None
        self._expected: Space | None = None

    def put(
        self,
        tips: Sequence[Advice],
        vectors: NDArray[np.float32] | None,
        model_name: str | None,
        dimension: int | None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Make ``tips`` the whole content, at once.

        Args:
            vectors: shape (tips, dimension), or ``None`` where no embedding is installed.
            facts: what else to remember of them, by name; see ``fact``.

        Raises:
            ConfigurationError: the vectors do not have the shape that was named.
            KnowledgeError: a vector points nowhere, or OpenSearch does not take a tip; the old ones stay.
            EndpointError: OpenSearch does not answer; the old tips stay.
        """
        units = unit_vectors([tip.tip_id for tip in tips], vectors, model_name, dimension)
        documents = [self._filed(tip, units[n] if units is not None else None) for n, tip in enumerate(tips)]
        space = Space(model_name, dimension) if units is not None and model_name and dimension else None
        self.replace(documents, space, facts or {})

    def keyword_ids(self, query: str, where: Where = EVERYWHERE, limit: int = _CANDIDATES) -> list[str]:
        """Ids of tips that share a term with ``query``, best first by weighted BM25, at most ``limit``.

        BM25 is Lucene's (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75), each field weighted by
        ``FIELD_WEIGHTS`` and the fields' scores added; ties go by id.
        """
        body = keyword_search(query, where, limit) if limit > 0 else None
        return [str(hit["_source"]["tip_id"]) for hit in self.hits(body)] if body is not None else []

    def vector_ids(
        self, vector: Sequence[float], where: Where = EVERYWHERE, limit: int = _CANDIDATES
    ) -> list[str]:
        """Ids of the tips nearest to ``vector`` by cosine, nearest first, at most ``limit``; ties go by id.

        Raises:
            ConfigurationError: the index holds no vectors, or vectors of another dimension.
        """
        return [tip_id for tip_id, _ in self.nearest(vector, where, limit)]

    def nearest(
        self, vector: Sequence[float], where: Where = EVERYWHERE, limit: int = _CANDIDATES
    ) -> list[tuple[str, float]]:
        """As ``vector_ids``, with the cosines."""
        return [(hit["_source"]["tip_id"], cosine) for hit, cosine in self.nearest_hits(vector, where, limit)]

    def search(
        self,
        query: str,
        vector: Sequence[float] | None = None,
        where: Where = EVERYWHERE,
        limit: int = 10,
        candidates: int = _CANDIDATES,
    ) -> list[Found]:
        """What ``query`` finds by words and, where its ``vector`` is given, by meaning; ranks fused."""
        by_word = self.keyword_ids(query, where, candidates)
        by_meaning = self.vector_ids(vector, where, candidates) if vector is not None else []
        return fused(by_word, by_meaning)[: max(0, limit)]

    def tip(self, tip_id: str) -> Advice:
        """The tip of that id; ``KeyError`` where there is none."""
        for hit in self.by_ids([tip_id]):
            advice = hit["_source"]["document"]["metadata"].get("advice")
            if advice is not None:
                return Advice.model_validate(advice)
        raise KeyError(tip_id)

    @property
    def space(self) -> Space | None:
        """The vector space of the index; ``None`` where it holds no vectors."""
        return _space_of(self._stamp(fresh=True))

    def check_space(self, model_name: str, dimension: int) -> None:
        """Whether vectors of that model can be compared with those of the index.

        Searches after this are held to it too, so an index of another model that takes this one's place is
        noticed.

        Raises:
            ConfigurationError: they cannot.
        """
        wanted = Space(model_name, dimension)
        found = self.space
        if found != wanted:
            raise self._other_space(found, wanted)
        with self._lock:
            self._expected = wanted

    def fact(self, name: str) -> str | None:
        """What ``put`` was told to remember under ``name``."""
        value = self._stamp(fresh=True).get("facts", {}).get(name)
        return value if isinstance(value, str) else None

    def passage_vectors(self) -> dict[str, NDArray[np.float32]]:
        """Each passage's vector by the hash of its text: what did not change need not be made again."""
        import numpy as np

        index = self.holder()
        if index is None:
            return {}
        return {
            one["passage_sha256"]: np.asarray(one[VECTOR], dtype=np.float32)
            for one in self.pages(index, ["tip_id", "passage_sha256", VECTOR])
            if VECTOR in one
        }

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
        self.forget()
        return index

    def close(self) -> None:
        """Let go of the connections; the next question makes new ones."""
        self._calls.close()
        self.forget()

    def forget(self) -> None:
        """Ask anew which index the alias stands for."""
        with self._lock:
            self._seen = None

    def holder(self) -> str | None:
        """The index that the alias stands for."""
        holders = self._builds.holders()
        return holders[-1] if holders else None

    def hits(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What one search finds, from an index that was found to fit; nothing where there is none."""
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
            self._stamp(fresh=True)
        return found

    def nearest_hits(
        self,
        vector: Sequence[float],
        where: Where,
        limit: int,
        fields: Sequence[str] = ("tip_id",),
    ) -> list[tuple[dict[str, Any], float]]:
        """The documents nearest to ``vector`` with the cosines, -1 to 1."""
        if limit < 1:
            return []
        stamp = self._fitting(vector)
        if not stamp:
            return []
        units = unit_vectors(["the question"], [vector], "", len(vector)) or [list(vector)]
        body = vector_search(units[0], where, min(limit, MOST_RESULTS))
        body["_source"] = {"includes": list(fields)}
        try:
            hits = self.hits(body)
        except Refusal:
            # The alias may have moved to vectors of another length since it was last looked at.
            self.forget()
            self._fitting(vector)
            raise
        return [(hit, _cosine(hit["_score"], str(stamp.get("space_type")))) for hit in hits]

    def by_ids(self, tip_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The documents of these ids that there are."""
        wanted = list(dict.fromkeys(tip_ids))
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            yield from self.hits(ids_search(wanted[start : start + _IDS_AT_ONCE]))

    def pages(self, index: str, fields: Sequence[str] = ("*",)) -> Iterator[dict[str, Any]]:
        """All documents of one index, in the order of their ids."""
        after: str | None = None
        while True:
            hits = self._calls.send("POST", f"/{index}/_search", page_search(after, fields))["hits"]["hits"]
            for hit in hits:
                yield hit["_source"]
            if not hits:
                return
            after = hits[-1]["sort"][0]

    def replace(
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
        self.forget()

    def stamp(self) -> dict[str, Any]:
        """What the index says of itself: model, dimension, sha256, count, when it was built."""
        return dict(self._stamp(fresh=True))

    def _fitting(self, vector: Sequence[float]) -> dict[str, Any]:
        """The stamp of an index whose vectors are as long as this one; empty where it holds nothing."""
        stamp = self._stamp()
        space = _space_of(stamp)
        if space is None and not stamp.get("count"):
            return {}
        if space is None or space.dimension != len(vector):
            has = f"vectors of {space.dimension} numbers by {space.model_name}" if space else "no vectors"
            raise ConfigurationError(
                f"The index of tips {self._alias} holds {has}; the question's vector has {len(vector)}.",
                "Run `bharatchef knowledge build` with the embedding that you ask with.",
            )
        return stamp

    def _stamp(self, fresh: bool = False) -> dict[str, Any]:
        """What the index under the alias says of itself; empty where there is none.

        Raises:
            KnowledgeError: it is no whole index of tips of this version.
            ConfigurationError: its vectors are no longer of the model that was checked.
        """
        with self._lock:
            seen, expected = self._seen, self._expected
        if seen is not None and not fresh and time.monotonic() - seen[0] < self._recheck_s:
            return seen[2]
        try:
            mappings = self._calls.send("GET", f"/{self._alias}/_mapping")
        except Refusal as refusal:
            if refusal.status == 404:
                self.forget()
                return {}
            raise
        index = max(mappings)
        stamp: dict[str, Any] = mappings[index].get("mappings", {}).get("_meta", {})
        if stamp.get("state") != "filled" or stamp.get("index_version") != INDEX_VERSION:
            raise KnowledgeError(
                f"Expected a whole index of tips of version {INDEX_VERSION}, {index} is none.",
                "Run `bharatchef knowledge build`.",
            )
        if expected is not None and _space_of(stamp) != expected:
            raise self._other_space(_space_of(stamp), expected)
        with self._lock:
            self._seen = (time.monotonic(), index, stamp)
        return stamp

    def _other_space(self, found: Space | None, wanted: Space) -> ConfigurationError:
        made = f"by {found.model_name} ({found.dimension} numbers)" if found else "without vectors"
        return ConfigurationError(
            f"Expected an index of tips made by {wanted.model_name} ({wanted.dimension} numbers), the one"
            f" under {self._alias} was made {made}.",
            "Run `bharatchef knowledge build`.",
        )

    def _filed(self, tip: Advice, vector: Sequence[float] | None) -> dict[str, Any]:
        where, text = scope(tip), passage(tip, self._with_aliases)
        filed = {
            "tip_id": tip.tip_id,
            "passage_sha256": passage_sha256(text),
            "severity": tip.severity,
            "dishes": sorted(where.dishes),
            "steps": sorted(where.steps),
            "step_dishes": sorted(where.step_dishes),
            "document": {"text": text, "metadata": {"advice": tip.model_dump(mode="json", by_alias=True)}},
            **indexed_fields(tip, self._names, self._with_aliases),
        }
        return filed if vector is None else {**filed, VECTOR: list(vector)}


def opensearch_index(settings: Settings, names: Glossary | None = None) -> OpenSearchTipIndex:
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
        Calls(cluster), settings.opensearch_index, names, engine=settings.opensearch_engine
    )


def unit_vectors(
    ids: Sequence[str],
    vectors: NDArray[np.float32] | Sequence[Sequence[float]] | None,
    model_name: str | None,
    dimension: int | None,
) -> list[list[float]] | None:
    """The vectors at length 1, as plain numbers; ``None`` where there are none.

    Raises:
        ConfigurationError: they do not have the shape (ids, dimension).
        KnowledgeError: one is zero or holds what is no number.
    """
    import numpy as np

    if vectors is None:
        return None
    given = np.asarray(vectors, dtype=np.float64)
    if model_name is None or dimension is None or given.shape != (len(ids), dimension):
        raise ConfigurationError(
            f"Expected a model's name and vectors of shape ({len(ids)}, {dimension}),"
            f" got {model_name!r} and {given.shape}."
        )
    lengths = np.linalg.norm(given, axis=1)
    for name, length in zip(ids, lengths, strict=True):
        if not np.isfinite(length) or length == 0:
            raise KnowledgeError(
                f"The vector of {name} is zero or holds what is no number; it points nowhere.",
                "Embed it again, and see that its text is not empty.",
            )
    units: list[list[float]] = (given / lengths[:, None]).astype(np.float32).tolist()
    return units


def _space_of(stamp: Mapping[str, Any]) -> Space | None:
    model_name, dimension = stamp.get("model"), stamp.get("dimension")
    return (
        Space(model_name, dimension) if isinstance(model_name, str) and isinstance(dimension, int) else None
    )


def _sha256(plain: Any) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _cosine(score: float, space_type: str) -> float:
    """The cosine out of OpenSearch's score, which is never negative (its documentation of spaces)."""
    if space_type == "cosinesimil":
        return 2 * score - 1
    return score - 1 if score >= 1 else 1 - 1 / score
