"""Searches of the small OpenSearch: exact kNN, BM25 and filters, of the published shape alone."""

from __future__ import annotations

import fnmatch
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from servers.opensearch_indices import Index, Refused, space_of, tokens

Source = dict[str, Any]
Scores = dict[str, float]
_SEARCH_KEYS = {"query", "size", "from", "sort", "_source", "search_after", "track_total_hits", "timeout"}
_KNN_KEYS = {
    "vector", "k", "filter", "method_parameters", "rescore", "max_distance", "min_score", "boost", "_name",
    "expand_nested_docs", "ignore_unmapped",
}  # fmt: skip
_MULTI_MATCH_KEYS = {"query", "fields", "type", "operator", "tie_breaker", "minimum_should_match", "boost"}
_MULTI_MATCH_TYPES = {"best_fields", "most_fields", "cross_fields", "phrase", "phrase_prefix", "bool_prefix"}
_MOST_RESULTS = 10_000


def hits(index: Index, body: Any) -> tuple[list[dict[str, Any]], int]:
    """The page of hits that a search body asks for, and how many there are in all."""
    body = body or {}
    unknown = set(body) - _SEARCH_KEYS
    if unknown:
        raise Refused(400, "parsing_exception", f"Unknown key for a VALUE in [{min(unknown)}].")
    size = body.get("size", 10)
    if not isinstance(size, int) or size < 0:
        raise Refused(
            400, "illegal_argument_exception", f"[size] parameter cannot be negative, found [{size}]"
        )
    if size + body.get("from", 0) > _MOST_RESULTS:
        raise Refused(
            400, "illegal_argument_exception", "Result window is too large, must be at most: [10000]"
        )
    scores = matched(index, body.get("query", {"match_all": {}}))
    keyed = sorted((_sort_key(index, body.get("sort"), i, s), i) for i, s in scores.items())
    if "search_after" in body:
        if not body.get("sort"):
            raise Refused(400, "action_request_validation_exception", "search_after requires a sort")
        after = tuple(
            _Reversed(v) if d else v
            for v, d in zip(body["search_after"], _descending(body["sort"]), strict=True)
        )
        keyed = [(key, i) for key, i in keyed if key[: len(after)] > after]
    start = body.get("from", 0)
    page = keyed[start : start + size]
    return [_hit(index, body, doc_id, scores[doc_id]) for _, doc_id in page], len(scores)


def matched(index: Index, query: Any) -> Scores:
    """Ids and scores of the visible documents that a query matches."""
    if not isinstance(query, dict) or len(query) != 1:
        raise Refused(400, "parsing_exception", "[bool] malformed query, expected [END_OBJECT]")
    kind, asked = next(iter(query.items()))
    if kind not in _KINDS:
        raise Refused(400, "parsing_exception", f"unknown query [{kind}]")
    return _KINDS[kind](index, asked)


def _match_all(index: Index, asked: Any) -> Scores:
    if not isinstance(asked, dict) or set(asked) - {"boost"}:
        raise Refused(400, "parsing_exception", "[match_all] unknown field")
    return dict.fromkeys(index.seen, 1.0)


def _bool(index: Index, asked: Any) -> Scores:
    unknown = set(asked) - {"must", "filter", "should", "must_not", "minimum_should_match", "boost"}
    if unknown:
        raise Refused(400, "parsing_exception", f"[bool] query does not support [{min(unknown)}]")
    parts = {
        kind: [matched(index, one) for one in (clauses if isinstance(clauses, list) else [clauses])]
        for kind in ("must", "filter", "should", "must_not")
        if (clauses := asked.get(kind, []))
    }
    least = asked.get("minimum_should_match", 0 if parts.get("must") or parts.get("filter") else 1)
    kept: Scores = {}
    for doc_id in index.seen:
        if any(doc_id not in one for kind in ("must", "filter") for one in parts.get(kind, [])):
            continue
        if any(doc_id in one for one in parts.get("must_not", [])):
            continue
        likely = [one[doc_id] for one in parts.get("should", []) if doc_id in one]
        if parts.get("should") and len(likely) < int(least):
            continue
        kept[doc_id] = sum(one[doc_id] for one in parts.get("must", [])) + sum(likely)
    return kept


def _term(index: Index, asked: Any) -> Scores:
    name, value = _one_field(asked, "term")
    return _terms(index, {name: [value["value"] if isinstance(value, dict) else value]})


def _terms(index: Index, asked: Any) -> Scores:
    name, values = _one_field(asked, "terms")
    if not isinstance(values, list):
        raise Refused(400, "parsing_exception", f"[terms] query does not support [{name}]")
    return {
        doc_id: 1.0
        for doc_id, source in index.seen.items()
        if any(v in values for v in _values(source, name))
    }


def _exists(index: Index, asked: Any) -> Scores:
    if set(asked) != {"field"}:
        raise Refused(400, "parsing_exception", "[exists] must be provided with a [field]")
    return {doc_id: 1.0 for doc_id, source in index.seen.items() if _values(source, asked["field"])}


def _multi_match(index: Index, asked: Any) -> Scores:
    unknown = set(asked) - _MULTI_MATCH_KEYS
    if unknown:
        raise Refused(400, "parsing_exception", f"[multi_match] query does not support [{min(unknown)}]")
    kind = asked.get("type", "best_fields")
    if kind not in _MULTI_MATCH_TYPES or not isinstance(asked.get("query"), str):
        raise Refused(400, "parsing_exception", f"[multi_match] failed to parse type [{kind}]")
    by_doc: dict[str, list[float]] = {}
    for entry in asked.get("fields", []):
        name, boost = re.fullmatch(r"([^\^]+)(?:\^([\d.]+))?", entry).groups()  # type: ignore[union-attr]
        for doc_id, score in _bm25(index, name, asked["query"]).items():
            by_doc.setdefault(doc_id, []).append(score * float(boost or 1))
    tie = 1.0 if kind == "most_fields" else float(asked.get("tie_breaker", 0.0))
    return {doc_id: max(s) + tie * (sum(s) - max(s)) for doc_id, s in by_doc.items()}


def _match(index: Index, asked: Any) -> Scores:
    name, inner = _one_field(asked, "match")
    inner = {"query": inner} if isinstance(inner, str) else inner
    unknown = set(inner) - {"query", "operator", "minimum_should_match", "boost", "analyzer"}
    if unknown or not isinstance(inner.get("query"), str):
        raise Refused(
            400, "parsing_exception", f"[match] query does not support [{min(unknown, default='')}]"
        )
    return _bm25(index, name, inner["query"])


def _bm25(index: Index, name: str, query: str) -> Scores:
    """BM25 as Lucene has it (k1 = 1.2, b = 0.75) over the visible documents of one field."""
    mapped = index.properties.get(name, {})
    if mapped.get("type") != "text":
        return {}
    settings = index.settings.get("index", index.settings)
    analyzers = settings.get("analysis", {}).get("analyzer", {})
    analyzer = mapped.get("analyzer", "standard")
    kind = analyzers.get(analyzer, {"type": analyzer})["type"]
    words = {
        doc_id: Counter(w for text in _values(source, name) for w in tokens(str(text), kind))
        for doc_id, source in index.seen.items()
        if _values(source, name)
    }
    if not words:
        return {}
    mean = sum(c.total() for c in words.values()) / len(words)
    scores: Scores = {}
    for word in set(tokens(query, kind)):
        holding = sum(1 for c in words.values() if c[word])
        rarity = math.log(1 + (len(words) - holding + 0.5) / (holding + 0.5))
        for doc_id, counted in words.items():
            if counted[word]:
                damping = 1.2 * (0.25 + 0.75 * counted.total() / mean)
                scores[doc_id] = scores.get(doc_id, 0.0) + rarity * counted[word] / (counted[word] + damping)
    return scores


def _knn(index: Index, asked: Any) -> Scores:
    name, inner = _one_field(asked, "knn")
    if not isinstance(inner, dict):
        raise Refused(400, "parsing_exception", "[knn] query malformed")
    unknown = set(inner) - _KNN_KEYS
    if unknown:
        raise Refused(400, "x_content_parse_exception", f"[1:1] [knn] unknown field [{min(unknown)}]")
    vector = inner.get("vector")
    if not isinstance(vector, list) or not vector:
        raise Refused(
            400, "illegal_argument_exception", "[knn] field 'vector' requires to be non-null and non-empty"
        )
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in vector):
        raise Refused(400, "illegal_argument_exception", "[knn] requires 'vector' to be an array of numbers")
    if sum(key in inner for key in ("k", "max_distance", "min_score")) != 1:
        raise Refused(
            400, "illegal_argument_exception", "[knn] requires exactly one of k, distance or score to be set"
        )
    k = inner.get("k")
    if not isinstance(k, int) or not 1 <= k <= _MOST_RESULTS:
        raise Refused(400, "illegal_argument_exception", "[knn] requires k to be in the range (0, 10000]")
    mapped = index.properties.get(name, {})
    if mapped.get("type") != "knn_vector":
        raise _shard_refusal(f"failed to create query: Field '{name}' is not knn_vector type.")
    if len(vector) != mapped["dimension"]:
        raise _shard_refusal(
            f"failed to create query: Query vector has invalid dimension: {len(vector)}."
            f" Dimension should be: {mapped['dimension']}"
        )
    engine, space = space_of(mapped)
    if space == "cosinesimil" and not any(vector):
        raise _shard_refusal(
            "failed to create query: zero vector is not supported when space type is [cosinesimil]"
        )
    allowed = matched(index, inner["filter"]) if "filter" in inner else None
    scores = {
        doc_id: _likeness(vector, source[name], engine, space)
        for doc_id, source in index.seen.items()
        if source.get(name) is not None and (allowed is None or doc_id in allowed)
    }
    best = sorted(scores, key=lambda doc_id: (-scores[doc_id], doc_id))[:k]
    return {doc_id: scores[doc_id] for doc_id in best}


def _shard_refusal(reason: str) -> Refused:
    return Refused(400, "search_phase_execution_exception", reason, cause="query_shard_exception")


def _likeness(asked: list[float], held: list[float], engine: str, space: str) -> float:
    """A document's score as the documentation of spaces states it."""
    dot = math.fsum(a * b for a, b in zip(asked, held, strict=True))
    if space == "cosinesimil":
        return (1 + dot / (math.hypot(*asked) * math.hypot(*held))) / 2
    if space == "innerproduct":
        return dot + 1 if dot > 0 else 1 / (1 - dot)
    assert engine in ("lucene", "faiss")
    return 1 / (1 + math.dist(asked, held) ** 2)


def _one_field(asked: Any, kind: str) -> tuple[str, Any]:
    fields = {k: v for k, v in asked.items() if k != "boost"} if isinstance(asked, dict) else {}
    if len(fields) != 1:
        raise Refused(400, "parsing_exception", f"[{kind}] query doesn't support multiple fields")
    return next(iter(fields.items()))


def _values(source: Source, name: str) -> list[Any]:
    value = source.get(name)
    values = value if isinstance(value, list) else [value]
    return [one for one in values if one is not None]


class _Reversed:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)

    def __gt__(self, other: _Reversed) -> bool:
        return bool(other.value > self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and other.value == self.value

    __hash__ = None  # type: ignore[assignment]


def _sorted_by(sort: Any) -> list[tuple[str, bool]]:
    fields: list[tuple[str, bool]] = []
    for one in sort if isinstance(sort, list) else [sort]:
        name, order = (one, "asc") if isinstance(one, str) else next(iter(one.items()))
        order = order.get("order", "asc") if isinstance(order, dict) else order
        fields.append((name, order == "desc"))
    return fields


def _descending(sort: Any) -> list[bool]:
    return [descending for _, descending in _sorted_by(sort)]


def _sort_key(index: Index, sort: Any, doc_id: str, score: float) -> tuple[Any, ...]:
    key: list[Any] = []
    for name, descending in _sorted_by(sort) if sort else [("_score", True)]:
        if name != "_score" and index.properties.get(name, {}).get("type") in ("text", None):
            raise Refused(
                400, "illegal_argument_exception", f"Text fields are not optimised for sorting: [{name}]"
            )
        value = score if name == "_score" else (_values(index.seen[doc_id], name) or [""])[0]
        key.append(_Reversed(value) if descending else value)
    return tuple(key)


def _hit(index: Index, body: Source, doc_id: str, score: float) -> dict[str, Any]:
    source = index.seen[doc_id]
    wanted = body.get("_source", True)
    hit: dict[str, Any] = {"_index": index.name, "_id": doc_id, "_score": score}
    if wanted is not False:
        rule = wanted if isinstance(wanted, dict) else {} if wanted is True else {"includes": wanted}
        includes, excludes = rule.get("includes"), rule.get("excludes", [])
        hit["_source"] = {
            name: value
            for name, value in source.items()
            if (includes is None or _listed(name, includes)) and not _listed(name, excludes)
        }
    if body.get("sort"):
        hit["sort"] = [
            score if name == "_score" else (_values(source, name) or [None])[0]
            for name, _ in _sorted_by(body["sort"])
        ]
    return hit


def _listed(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


_KINDS: dict[str, Callable[[Index, Any], Scores]] = {
    "match_all": _match_all,
    "bool": _bool,
    "term": _term,
    "terms": _terms,
    "exists": _exists,
    "match": _match,
    "multi_match": _multi_match,
    "knn": _knn,
}
