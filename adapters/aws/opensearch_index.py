"""What OpenSearch is told of tips: the mapping, the documents, the queries; sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from adapters.aws.opensearch_calls import Service
from bharatchef.errors import ConfigurationError, KnowledgeError
from knowledge_base.indexing import FIELD_WEIGHTS, INDEX_VERSION
from knowledge_base.retrieval import Where
from knowledge_base.terms import terms

Engine = Literal["lucene", "faiss"]
SpaceType = Literal["cosinesimil", "innerproduct"]
FORMAT = "bharatchef-tips"
VECTOR = "vector"
# Lucene's engine has always taken the cosine, Faiss's only from OpenSearch 2.19 on. The vectors are of length
# 1, for which both spaces rank alike.
SPACE_TYPES: Mapping[str, SpaceType] = {"lucene": "cosinesimil", "faiss": "innerproduct"}
MOST_RESULTS = 10_000
LAYOUT = f"{INDEX_VERSION}.1"
"""Changes whenever the same tips would be filed otherwise, here or for every index."""
# A query has one clause for each term, and OpenSearch takes 1,024.
_MOST_TERMS = 400
# Weights are whole numbers of copies: the smallest there is, a half, is one.
_COPIES = 2
_SOUND = "~"
_MOST_DIMENSIONS = 16_000
RANKED_FIELDS = ("tip_id", "held_dishes")
"""What a ranking needs to know of a tip."""


def index_body(
    meta: Mapping[str, Any],
    dimension: int | None,
    service: Service = "es",
    engine: str = "faiss",
    space_type: str | None = None,
) -> dict[str, Any]:
    """What ``PUT /index`` sends: settings, and a strict mapping with ``meta`` as its ``_meta``.

    The words are terms already, the same as every index holds (``filed_words``); ``whitespace`` parts them
    and leaves them as they are, in every script.

    Args:
        dimension: of the vectors; ``None`` for an index that is searched by words alone.
        space_type: ``cosinesimil`` or ``innerproduct``; by default what the engine has longest had.

    Raises:
        ConfigurationError: an engine or a space that OpenSearch 3 or the service refuses.
    """
    keyword = {"type": "keyword"}
    properties: dict[str, Any] = {
        "tip_id": keyword,
        "passage_sha256": keyword,
        "severity": keyword,
        "held_dishes": keyword,
        "held_steps": keyword,
        "held_step_dishes": keyword,
        "document": {"type": "object", "enabled": False},
        "words": {"type": "text", "analyzer": "whitespace"},
    }
    settings: dict[str, Any] = {}
    if service != "aoss":
        # One shard: ranks are of the whole, and k nearest are k. A collection decides about shards itself.
        settings = {"number_of_shards": 1, "auto_expand_replicas": "0-1"}
    if dimension is not None:
        settings["knn"] = True
        properties[VECTOR] = _vector_field(dimension, service, engine, space_type)
    mappings = {"dynamic": "strict", "_meta": dict(meta), "properties": properties}
    return {"settings": {"index": settings}, "mappings": mappings}


def _vector_field(dimension: int, service: Service, engine: str, space_type: str | None) -> dict[str, Any]:
    if engine == "nmslib":
        raise ConfigurationError(
            "Expected lucene or faiss as the engine of the vector search, OpenSearch 3 refuses nmslib.",
            "Set BHARATCHEF_OPENSEARCH_ENGINE to lucene or faiss.",
        )
    if engine not in SPACE_TYPES:
        raise ConfigurationError(
            f"Expected lucene or faiss as the engine of the vector search, got {engine!r}.",
            "Set BHARATCHEF_OPENSEARCH_ENGINE to one of them.",
        )
    if service == "aoss" and engine != "faiss":
        raise ConfigurationError(
            f"A serverless collection searches vectors with faiss alone, got {engine}.",
            "Set BHARATCHEF_OPENSEARCH_ENGINE to faiss.",
        )
    space_type = space_type or SPACE_TYPES[engine]
    if space_type not in ("cosinesimil", "innerproduct"):
        raise ConfigurationError(
            f"Expected cosinesimil or innerproduct as the space type, got {space_type!r}.",
            "Choose one of them; the vectors are of length 1, so both rank alike.",
        )
    if not 1 <= dimension <= _MOST_DIMENSIONS:
        raise KnowledgeError(
            f"Expected vectors of 1 to {_MOST_DIMENSIONS} numbers, got {dimension}.",
            "Choose another embedding model.",
        )
    method = {
        "name": "hnsw",
        "engine": engine,
        "space_type": space_type,
        "parameters": {"m": 16, "ef_construction": 128},
    }
    return {"type": "knn_vector", "dimension": dimension, "method": method}


def filed_words(fields: Mapping[str, str]) -> str:
    """The terms of all fields as the one text that is searched; a term stands as often as its field weighs.

    One text makes BM25 count a term's rarity and a tip's length over all fields, as SQLite's does. Scored
    field by field and added (``multi_match``), the ten best tips shared 73 % with SQLite's on the questions
    kept for development, in one text 85 %, and nDCG@10 in English was .75 in place of .82.
    """
    found: list[str] = []
    for name, weight in FIELD_WEIGHTS.items():
        mark = _SOUND if name == "sounds" else ""
        copies = max(1, round(_COPIES * weight))
        found += [f"{mark}{term}" for term in fields.get(name, "").split()] * copies
    return " ".join(found)


def bulk_bodies(
    index: str,
    documents: Iterable[Mapping[str, Any]],
    with_ids: bool,
    most_documents: int = 200,
    most_bytes: int = 4_000_000,
) -> Iterable[tuple[list[Mapping[str, Any]], str]]:
    """The documents in parts, each with the body of its bulk request.

    Args:
        with_ids: whether a document's tip id is its id in OpenSearch too, so that written twice it is one.
    """
    part: list[Mapping[str, Any]] = []
    lines: list[str] = []
    size = 0
    for document in documents:
        action = {"index": {"_index": index, **({"_id": document["tip_id"]} if with_ids else {})}}
        pair = f"{json.dumps(action)}\n{json.dumps(document, ensure_ascii=False)}\n"
        length = len(pair.encode("utf-8", "surrogatepass"))
        if part and (len(part) >= most_documents or size + length > most_bytes):
            yield part, "".join(lines)
            part, lines, size = [], [], 0
        part.append(document)
        lines.append(pair)
        size += length
    if part:
        yield part, "".join(lines)


def filters(where: Where) -> list[dict[str, Any]]:
    """``where`` as OpenSearch's filters; exactly the tips that ``where.admits``."""
    found: list[dict[str, Any]] = []
    if where.severity is not None:
        found.append({"term": {"severity": where.severity}})
    if where.dish_id is not None:
        here = {"term": {"held_dishes": where.dish_id}}
        found.append(_either({"bool": {"must_not": [{"exists": {"field": "held_dishes"}}]}}, here))
    if where.step is not None:
        free = {"bool": {"must_not": [{"term": {"held_step_dishes": where.dish_id}}]}}
        found.append(_either(free, {"term": {"held_steps": where.step}}))
    return found


def _either(*queries: Mapping[str, Any]) -> dict[str, Any]:
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def keyword_search(query: str, where: Where, limit: int) -> dict[str, Any] | None:
    """The body of a search by words; ``None`` where ``query`` holds no word that says anything."""
    said = terms(query)
    words = [
        *list(dict.fromkeys(said.stems))[:_MOST_TERMS],
        *(f"{_SOUND}{sound}" for sound in list(dict.fromkeys(said.sounds))[:_MOST_TERMS]),
    ]
    if not words:
        return None
    ranked = {"match": {"words": {"query": " ".join(words)}}}
    return {
        "size": min(limit, MOST_RESULTS),
        "query": {"bool": {"must": [ranked], "filter": filters(where)}},
        **_ranked(),
    }


def vector_search(vector: Sequence[float], where: Where, limit: int) -> dict[str, Any]:
    """The body of a search for the nearest vectors; filtered while they are sought, not after."""
    limit = min(limit, MOST_RESULTS)
    asked: dict[str, Any] = {"vector": [float(one) for one in vector], "k": limit}
    if narrowed := filters(where):
        asked["filter"] = {"bool": {"filter": narrowed}}
    return {"size": limit, "query": {"knn": {VECTOR: asked}}, **_ranked()}


def _ranked() -> dict[str, Any]:
    # Equal scores go by id, or two searches would answer in two orders.
    return {"_source": {"includes": list(RANKED_FIELDS)}, "sort": [{"_score": "desc"}, {"tip_id": "asc"}]}


def page_search(after: str | None, fields: Sequence[str], size: int = 200) -> dict[str, Any]:
    """The body that reads all documents page by page, in the order of their ids."""
    body: dict[str, Any] = {
        "size": size,
        "query": {"match_all": {}},
        "sort": [{"tip_id": "asc"}],
        "_source": {"includes": list(fields)},
    }
    return body if after is None else {**body, "search_after": [after]}


def ids_search(tip_ids: Sequence[str]) -> dict[str, Any]:
    """The body that reads documents by tip id; a collection knows no other id."""
    return {
        "size": len(tip_ids),
        "query": {"bool": {"filter": [{"terms": {"tip_id": list(tip_ids)}}]}},
        "_source": {"includes": ["tip_id", "document"]},
    }
