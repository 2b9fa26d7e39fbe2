"""Indices of the small OpenSearch: mappings of the published shape, and documents; knows no HTTP."""

from __future__ import annotations

import math
import re
import unicodedata
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

BUILT_IN_ANALYZERS = frozenset(
    {"standard", "simple", "whitespace", "stop", "keyword", "english", "hindi", "arabic", "french", "german"}
)
_SPACES = {"lucene": {"l2", "cosinesimil", "innerproduct"}, "faiss": {"l2", "cosinesimil", "innerproduct"}}
_METHOD_PARAMETERS = {
    "lucene": {"m", "ef_construction"},
    "faiss": {"m", "ef_construction", "ef_search", "encoder"},
}
_FIELD_PARAMETERS = {
    "keyword": {"ignore_above", "index", "doc_values", "store", "normalizer", "null_value"},
    "text": {"analyzer", "search_analyzer", "index", "store", "norms", "similarity", "fields"},
    "object": {"enabled", "dynamic", "properties"},
    "boolean": {"index", "doc_values"},
    "integer": {"index", "doc_values"},
    "long": {"index", "doc_values"},
    "float": {"index", "doc_values"},
    "date": {"index", "doc_values", "format"},
    "knn_vector": {
        "dimension",
        "method",
        "space_type",
        "data_type",
        "mode",
        "compression_level",
        "store",
        "doc_values",
    },
}
_MAPPING_KEYS = {"_meta", "_source", "dynamic", "properties", "_routing", "date_detection"}
_VALUES = {
    "keyword": (str, int, float, bool),
    "text": (str, int, float, bool),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "date": (str, int),
}


class Refused(Exception):
    """A request that OpenSearch would refuse, with its own word for why."""

    def __init__(self, status: int, kind: str, reason: str, cause: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason
        self.cause = cause

    @property
    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {
            "root_cause": [{"type": self.cause or self.kind, "reason": self.reason}],
            "type": self.kind,
            "reason": "all shards failed" if self.cause else self.reason,
        }
        return {"error": error, "status": self.status}


def mapper_refusal(reason: str) -> Refused:
    return Refused(400, "mapper_parsing_exception", f"Failed to parse mapping [_doc]: {reason}")


@dataclass
class Index:
    """One index: what was written, and what a search sees of it."""

    name: str
    mappings: dict[str, Any]
    settings: dict[str, Any]
    written: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    due: float = math.inf

    @property
    def properties(self) -> dict[str, Any]:
        return dict(self.mappings.get("properties", {}))

    def refresh(self) -> None:
        self.seen = dict(self.written)
        self.due = math.inf

    def write(self, doc_id: str | None, source: Any) -> tuple[str, bool]:
        """The id of the written document, and whether it is new."""
        checked(source, self)
        doc_id = doc_id if doc_id is not None else uuid.uuid4().hex[:20]
        new = doc_id not in self.written
        self.written[doc_id] = source
        return doc_id, new


def new_index(name: str, body: Any, serverless: bool) -> Index:
    """An index as ``PUT /name`` asks for it."""
    if not re.fullmatch(r"[a-z0-9][^A-Z\s\"*\\<>|,/?#:]*", name):
        raise Refused(400, "invalid_index_name_exception", f"Invalid index name [{name}], must be lowercase")
    body = body or {}
    unknown = set(body) - {"settings", "mappings", "aliases"}
    if unknown:
        raise Refused(
            400, "parse_exception", f"unknown key [{min(unknown)}] for a START_OBJECT in create index"
        )
    settings = body.get("settings", {})
    inner = settings.get("index", settings)
    analysis = {**settings.get("analysis", {}), **inner.get("analysis", {})}
    analyzers = _analyzers(analysis)
    mappings = body.get("mappings", {})
    unknown = set(mappings) - _MAPPING_KEYS
    if unknown:
        raise mapper_refusal(f"Root mapping definition has unsupported parameters: [{min(unknown)}]")
    knn = inner.get("knn") in (True, "true") or settings.get("index.knn") in (True, "true")
    for name_of, one in mappings.get("properties", {}).items():
        _check_field(name_of, one, analyzers, knn, serverless)
    return Index(name, mappings, settings)


def _analyzers(analysis: dict[str, Any]) -> frozenset[str]:
    known = set(BUILT_IN_ANALYZERS)
    for name, one in analysis.get("analyzer", {}).items():
        if one.get("type") not in BUILT_IN_ANALYZERS | {"custom"}:
            raise Refused(
                400,
                "illegal_argument_exception",
                f"Unknown analyzer type [{one.get('type')}] for [{name}]",
            )
        known.add(name)
    return frozenset(known)


def _check_field(
    name: str, one: dict[str, Any], analyzers: frozenset[str], knn: bool, serverless: bool
) -> None:
    kind = one.get("type", "object")
    if kind not in _FIELD_PARAMETERS:
        raise mapper_refusal(f"No handler for type [{kind}] declared on field [{name}]")
    unknown = set(one) - {"type"} - _FIELD_PARAMETERS[kind]
    if unknown:
        raise mapper_refusal(f"unknown parameter [{min(unknown)}] on mapper [{name}] of type [{kind}]")
    for key in ("analyzer", "search_analyzer"):
        if key in one and one[key] not in analyzers:
            raise mapper_refusal(f"analyzer [{one[key]}] has not been configured in mappings")
    if kind == "knn_vector":
        _check_vector(name, one, knn, serverless)


def _check_vector(name: str, one: dict[str, Any], knn: bool, serverless: bool) -> None:
    dimension = one.get("dimension")
    if not isinstance(dimension, int) or isinstance(dimension, bool) or not 1 <= dimension <= 16_000:
        raise mapper_refusal(f"Dimension value must be greater than 0 for vector: {name}")
    if not knn:
        raise mapper_refusal(
            f"Cannot set modelId or method parameters when index.knn setting is false: {name}"
        )
    method = one.get("method", {"name": "hnsw", "engine": "faiss"})
    unknown = set(method) - {"name", "engine", "space_type", "parameters"}
    if unknown:
        raise mapper_refusal(f"Invalid parameter for method: {min(unknown)}")
    engine = method.get("engine", "faiss")
    if engine == "nmslib":
        raise mapper_refusal(
            "nmslib engine is deprecated in OpenSearch and cannot be used for new index creation in"
            " OpenSearch from 3.0.0."
        )
    if engine not in _SPACES:
        raise mapper_refusal(f"Invalid engine type: {engine}")
    if serverless and engine == "lucene":
        raise mapper_refusal("Lucene engine is not supported for vector search collections")
    if method.get("name") not in ({"hnsw"} if engine == "lucene" else {"hnsw", "ivf"}):
        raise mapper_refusal(f"Invalid method name: {method.get('name')}")
    space = method.get("space_type", one.get("space_type", "l2"))
    if space not in _SPACES[engine]:
        raise mapper_refusal(f'"hnsw" with "{engine}" configuration does not support space type: "{space}".')
    unknown = set(method.get("parameters", {})) - _METHOD_PARAMETERS[engine]
    if unknown:
        raise mapper_refusal(f"Validation Failed: Invalid parameter for method hnsw: {min(unknown)}")


def space_of(one: dict[str, Any]) -> tuple[str, str]:
    """Engine and space type of a mapped vector field."""
    method = one.get("method", {})
    return method.get("engine", "faiss"), method.get("space_type", one.get("space_type", "l2"))


def checked(source: Any, index: Index) -> None:
    """Refuse a document that does not fit the mapping."""
    if not isinstance(source, dict):
        raise Refused(400, "mapper_parsing_exception", "failed to parse: expected an object")
    properties = index.properties
    for name, value in source.items():
        if name not in properties:
            if index.mappings.get("dynamic") == "strict":
                raise Refused(
                    400,
                    "strict_dynamic_mapping_exception",
                    f"mapping set to strict, dynamic introduction of [{name}] within [_doc] is not allowed",
                )
            continue
        _check_value(name, value, properties[name])


def _check_value(name: str, value: Any, one: dict[str, Any]) -> None:
    kind = one.get("type", "object")
    fault = ""
    if kind == "knn_vector":
        fault = _vector_fault(value, one)
    elif kind == "object":
        fault = "" if isinstance(value, dict) or one.get("enabled") is False else "object mapping expected"
    else:
        values = value if isinstance(value, list) else [value]
        if not all(v is None or isinstance(v, _VALUES[kind]) for v in values):
            fault = f"expected {kind}"
    if fault:
        raise Refused(
            400, "mapper_parsing_exception", f"failed to parse field [{name}] of type [{kind}]: {fault}"
        )


def _vector_fault(value: Any, one: dict[str, Any]) -> str:
    if not isinstance(value, list) or not all(
        isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in value
    ):
        return "KNN vector values must be finite numbers"
    if len(value) != one["dimension"]:
        return f"Vector dimension mismatch. Expected: {one['dimension']}, Given: {len(value)}"
    if space_of(one)[1] == "cosinesimil" and not any(value):
        return "zero vector is not supported when space type is [cosinesimil]"
    return ""


@lru_cache(maxsize=4096)
def tokens(text: str, analyzer_type: str) -> tuple[str, ...]:
    """Words as an analyzer of that type would have them, near enough for tests."""
    if analyzer_type == "whitespace":
        return tuple(text.split())
    plain = unicodedata.normalize("NFC", text).casefold()
    if analyzer_type == "hindi":
        plain = unicodedata.normalize("NFD", plain).replace("\u093c", "")
    words: list[str] = []
    word = ""
    for letter in plain + " ":
        if unicodedata.category(letter)[0] in "LMN":
            word += letter
        elif word:
            words.append(word)
            word = ""
    return tuple(_stem(word) for word in words) if analyzer_type == "english" else tuple(words)


def _stem(word: str) -> str:
    for ending, least in (("ing", 6), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            return word.removesuffix(ending)
    return word
