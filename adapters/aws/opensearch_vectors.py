"""The tips on OpenSearch as LangChain's ``VectorStore``; importing this loads LangChain."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from adapters.aws.opensearch_index import VECTOR
from adapters.aws.opensearch_tips import OpenSearchTipIndex, Space, unit_vectors
from bharatchef.errors import ConfigurationError
from knowledge_base.indexing import passage_sha256
from knowledge_base.retrieval import EVERYWHERE, Where
from knowledge_base.terms import terms

Filed = dict[str, dict[str, Any]]


class OpenSearchTipVectors(VectorStore):
    """An index of tips on OpenSearch as LangChain knows it.

    A change makes the index anew from what it held and what is changed, and readers see all of it or nothing:
    add many documents at once.

    Args:
        index: the tips.
        embedding: what turns texts into vectors; its ``name``, where it has one, names the vector space.
    """

    def __init__(self, index: OpenSearchTipIndex, embedding: Embeddings) -> None:
        self._index = index
        self._embedding = embedding

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **_: Any,
    ) -> list[str]:
        """Add texts, or put new ones in the place of old ones of the same ids; returns the ids."""
        texts = list(texts)
        ids = [one or uuid.uuid4().hex for one in (ids if ids is not None else [""] * len(texts))]
        metadatas = metadatas if metadatas is not None else [{} for _ in texts]
        if not len(texts) == len(ids) == len(metadatas):
            raise ValueError(
                f"expected ids and metadatas for {len(texts)} texts, got {len(ids)} and {len(metadatas)}"
            )
        if not texts:
            return []
        vectors = self._embedding.embed_documents(texts)
        space = Space(_name(self._embedding), len(vectors[0]))
        units = unit_vectors(ids, vectors, space.model_name, space.dimension) or []
        added = {
            document_id: _filed(document_id, text, metadata, unit)
            for document_id, text, metadata, unit in zip(ids, texts, metadatas, units, strict=True)
        }
        self._change(lambda held: {**held, **added}, space)
        return ids

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Add LangChain's documents; see ``add_texts``."""
        ids = kwargs.get("ids") or [document.id for document in documents]
        texts = [document.page_content for document in documents]
        return self.add_texts(texts, [document.metadata for document in documents], ids=ids)

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool | None:
        """Remove the documents of these ids, all without ``ids``; true, also where there was none."""
        gone = set(ids) if ids is not None else None
        self._change(lambda held: {i: one for i, one in held.items() if gone is not None and i not in gone})
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids that there are, in their order."""
        found = {hit["_source"]["tip_id"]: _document(hit) for hit in self._index.by_ids(ids)}
        return [found[one] for one in dict.fromkeys(ids) if one in found]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The documents nearest to ``query``, nearest first; ``where`` narrows them."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, where: Where = EVERYWHERE, **_: Any
    ) -> list[tuple[Document, float]]:
        """The nearest documents with the cosine of their vector and the query's, -1 to 1.

        Raises:
            ConfigurationError: the index was made with another embedding.
        """
        if self._index.space is not None:
            vector = self._embedding.embed_query(query)
            self._index.check_space(_name(self._embedding), len(vector))
            return self._nearest(vector, k, where)
        return []

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, where: Where = EVERYWHERE, **_: Any
    ) -> list[Document]:
        """The documents nearest to a vector, nearest first."""
        return [document for document, _score in self._nearest(embedding, k, where)]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> OpenSearchTipVectors:
        """A store that holds ``texts`` too; ``index`` comes by name."""
        store = cls(kwargs["index"], embedding)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: (1 + cosine) / 2

    def _nearest(self, vector: Sequence[float], k: int, where: Where) -> list[tuple[Document, float]]:
        hits = self._index.nearest_hits(vector, where, k, ("tip_id", "document"))
        return [(_document(hit), cosine) for hit, cosine in hits]

    def _change(self, changed: Callable[[Filed], Filed], space: Space | None = None) -> None:
        """Make the index anew from what it holds; where another build was faster, nothing is changed."""
        holder = self._index.holder()
        stamp = self._index.stamp() if holder is not None else {}
        held = {one["tip_id"]: one for one in self._index.pages(holder)} if holder is not None else {}
        after = changed(held)
        if after == held:
            return
        now = self._index.space
        if held and space is not None and now != space:
            raise ConfigurationError(
                f"The index was made by {now.model_name if now else 'no embedding'}, these vectors are of"
                f" {space.model_name} ({space.dimension} numbers).",
                "Run `bharatchef knowledge build` with one embedding.",
            )
        self._index.replace(
            list(after.values()),
            space or now,
            stamp.get("facts", {}),
            instead_of=[holder] if holder is not None else [],
        )


def _filed(
    document_id: str, text: str, metadata: Mapping[str, Any], vector: Sequence[float]
) -> dict[str, Any]:
    found = terms(text)
    return {
        "tip_id": document_id,
        "passage_sha256": passage_sha256(text),
        "mistake": " ".join(found.stems),
        "sounds": " ".join(found.sounds),
        "document": {"text": text, "metadata": dict(metadata)},
        VECTOR: list(vector),
    }


def _document(hit: Mapping[str, Any]) -> Document:
    kept = hit["_source"]["document"]
    return Document(id=hit["_source"]["tip_id"], page_content=kept["text"], metadata=kept["metadata"])


def _name(embedding: Embeddings) -> str:
    name = getattr(embedding, "name", None)
    return name if isinstance(name, str) else type(embedding).__name__
