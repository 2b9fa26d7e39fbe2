"""Questions to the index under an alias: what it finds, and whether it may be believed; writes nothing.

The alias may move between two requests. Every hit names the index that it comes from, and an index never
changes once it is under the alias, so an answer is believed when its index was found to fit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.aws.opensearch_builds import WHOLE
from adapters.aws.opensearch_calls import Calls, Refusal
from adapters.aws.opensearch_index import LAYOUT, MOST_RESULTS, ids_search, page_search, vector_search
from bharatchef.errors import EndpointError, KnowledgeError
from knowledge_base.retrieval import Where
from knowledge_base.vectors import Space, unit_vectors

Hit = dict[str, Any]
_IDS_AT_ONCE = 1_000


class AliasReader:
    """What is read under one alias; where there is none the index is empty.

    Args:
        recheck_s: how long it is believed that the alias has not moved while nothing is found, seconds.
        rest_s: how long OpenSearch is not asked again once it did not answer, seconds; an evaluation asks
            many questions, and each would wait as long.
        expected: facts that an index must bear to be searched (``OpenSearchTipIndex.put`` writes them).
    """

    def __init__(
        self,
        calls: Calls,
        alias: str,
        recheck_s: float = 5.0,
        expected: Mapping[str, str] | None = None,
        rest_s: float = 10.0,
    ) -> None:
        self._calls = calls
        self._alias = alias
        self._recheck_s = recheck_s
        self._expected = dict(expected or {})
        self._rest_s = rest_s
        self._silent: tuple[float, EndpointError] | None = None
        self._lock = threading.Lock()
        self._seen: tuple[float, str, dict[str, Any]] | None = None

    def forget(self) -> None:
        """Ask anew which index the alias stands for."""
        with self._lock:
            self._seen, self._silent = None, None

    def stamp(self, fresh: bool = False) -> dict[str, Any]:
        """What the index under the alias says of itself (its ``_meta``); empty where there is none.

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
                self.forget()
                return {}
            raise
        index = max(mappings)
        stamp: dict[str, Any] = mappings[index].get("mappings", {}).get("_meta", {})
        if stamp.get("state") not in WHOLE or stamp.get("index_version") != LAYOUT:
            raise KnowledgeError(
                f"Expected a whole index of tips of version {LAYOUT}, {index} is none.",
                "Run `bharatchef knowledge build`.",
            )
        with self._lock:
            self._seen = (time.monotonic(), index, stamp)
        return stamp

    def hits(self, body: Mapping[str, Any], space: Space | None = None) -> list[Hit]:
        """What one search finds, from an index that was found to fit; nothing where there is none.

        Args:
            space: which vectors the index must have, where that matters.
        """
        answer = self._answered(body)
        if answer is None:
            return []
        found = _whole(answer, self._calls.cluster.name)
        with self._lock:
            known = self._seen
        if found and (known is None or any(hit["_index"] != known[1] for hit in found)):
            stamp = self.stamp(fresh=True)
            if space is not None:
                check_space(space_of(stamp), space, self._alias)
        else:
            stamp = known[2] if known is not None else {}
        if found:
            self._check_facts(stamp)
        return found

    def nearest(
        self,
        vector: Sequence[float],
        where: Where,
        limit: int,
        fields: Sequence[str] = ("tip_id",),
        space: Space | None = None,
    ) -> list[tuple[Hit, float]]:
        """The documents nearest to ``vector`` with the cosines, -1 to 1.

        Args:
            space: what the vector is of, where its model is known.

        Raises:
            KnowledgeError: the index has vectors of another model or another length, or none.
        """
        if limit < 1:
            return []
        stamp = self._fitting(vector, space)
        if not stamp:
            return []
        unit = unit_vectors(["the question"], [vector], space_of(stamp))
        assert unit is not None
        body = vector_search(unit[0].tolist(), where, min(limit, MOST_RESULTS))
        body["_source"] = {"includes": list(fields)}
        try:
            hits = self.hits(body, space or space_of(stamp))
        except Refusal:
            # The alias may have moved to vectors of another length since it was last looked at.
            self.forget()
            self._fitting(vector, space)
            raise
        return [(hit, _cosine(hit["_score"], str(stamp.get("space_type")))) for hit in hits]

    def by_ids(self, tip_ids: Sequence[str]) -> Iterator[Hit]:
        """The documents of these ids that there are."""
        wanted = list(dict.fromkeys(tip_ids))
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            yield from self.hits(ids_search(wanted[start : start + _IDS_AT_ONCE]))

    def pages(self, index: str, fields: Sequence[str] = ("*",)) -> Iterator[dict[str, Any]]:
        """All documents of one index, in the order of their ids."""
        after: str | None = None
        while True:
            answer = self._calls.send("POST", f"/{index}/_search", page_search(after, fields))
            hits = _whole(answer, self._calls.cluster.name)
            for hit in hits:
                yield hit["_source"]
            if not hits:
                return
            after = hits[-1]["sort"][0]

    def count(self) -> int:
        """How many documents there are."""
        try:
            return int(self._calls.send("GET", f"/{self._alias}/_count")["count"])
        except Refusal as refusal:
            if refusal.status == 404:
                return 0
            raise

    def _answered(self, body: Mapping[str, Any]) -> Any:
        """The answer to one search; ``None`` where there is no index."""
        with self._lock:
            silent = self._silent
        if silent is not None and time.monotonic() - silent[0] < self._rest_s:
            raise EndpointError(silent[1].message, silent[1].remedy, retryable=True)
        try:
            answer = self._calls.send("POST", f"/{self._alias}/_search", body)
        except EndpointError as error:
            if isinstance(error, Refusal) and error.status == 404:
                return None
            if error.retryable:
                with self._lock:
                    self._silent = (time.monotonic(), error)
            raise
        with self._lock:
            self._silent = None
        return answer

    def _check_facts(self, stamp: Mapping[str, Any]) -> None:
        facts = stamp.get("facts", {})
        for name, value in self._expected.items():
            if facts.get(name) != value:
                raise KnowledgeError(
                    f"The index of tips {self._alias} was built from other tips than this program has"
                    f" ({name} {str(facts.get(name))[:12]}, expected {value[:12]}).",
                    "Run `bharatchef knowledge build`.",
                )

    def _fitting(self, vector: Sequence[float], asked: Space | None) -> dict[str, Any]:
        """The stamp of an index whose vectors can be compared with this one; empty where it holds nothing."""
        stamp = self.stamp()
        space = space_of(stamp)
        if space is None and not stamp.get("count"):
            return {}
        if asked is not None:
            check_space(space, asked, self._alias)
        if space is None or space.dimension != len(vector):
            has = f"vectors of {space.dimension} numbers ({space.model_name})" if space else "no vectors"
            raise KnowledgeError(
                f"The index of tips {self._alias} holds {has}, the question's has {len(vector)}.",
                "Run `bharatchef knowledge build` with the embedding that you ask with.",
            )
        return stamp


def space_of(stamp: Mapping[str, Any]) -> Space | None:
    """The vector space that an index says it is of; ``None`` where it holds no vectors."""
    model_name, dimension = stamp.get("model"), stamp.get("dimension")
    if isinstance(model_name, str) and isinstance(dimension, int):
        return Space(model_name, dimension)
    return None


def check_space(found: Space | None, asked: Space, alias: str) -> None:
    """Whether a question can be compared with an index.

    Raises:
        KnowledgeError: it cannot.
    """
    if found != asked:
        has = f"by {found.model_name} ({found.dimension} numbers)" if found else "without vectors"
        raise KnowledgeError(
            f"The index of tips {alias} was built {has}, questions are embedded by {asked.model_name}"
            f" ({asked.dimension} numbers).",
            "Run `bharatchef knowledge build`.",
        )


def _whole(answer: Any, name: str) -> list[Hit]:
    try:
        found: list[Hit] = answer["hits"]["hits"]
        partial = answer.get("timed_out") or answer.get("_shards", {}).get("failed", 0)
    except (KeyError, TypeError, AttributeError):
        raise EndpointError(
            f"OpenSearch at {name} gave no answer to a search.",
            "See that the address is that of OpenSearch itself.",
        ) from None
    if partial:
        raise EndpointError("OpenSearch searched only some of the tips.", "Try again later.", retryable=True)
    return found


def _cosine(score: float, space_type: str) -> float:
    """The cosine out of OpenSearch's score, which is never negative (its documentation of spaces)."""
    if space_type == "cosinesimil":
        return 2 * score - 1
    return score - 1 if score >= 1 else 1 - 1 / score
