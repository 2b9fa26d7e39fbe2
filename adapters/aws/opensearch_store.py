"""The tips on OpenSearch as LangChain's ``VectorStore``; importing this loads LangChain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from adapters.aws.opensearch_calls import Calls
from adapters.aws.opensearch_index import VECTOR, filed_words
from adapters.aws.opensearch_tips import OpenSearchTipIndex
from adapters.tip_documents import TipDocuments
from bharatchef.errors import KnowledgeError
from knowledge_base.indexing import Glossary, passage_sha256
from knowledge_base.retrieval import Where
from knowledge_base.terms import terms
from knowledge_base.vectors import Space

FiledById = dict[str, dict[str, Any]]


class OpenSearchTipStore(OpenSearchTipIndex, TipDocuments):
    """The index of tips as a ``VectorStore``: other documents may be added, and ``where`` narrows a search.

    A change makes the index anew from what it held and what is changed, and readers see all of it or nothing:
    add many documents at once.

    Args:
        calls, alias, names, options: see ``OpenSearchTipIndex``.
        embedding: any of LangChain's; its ``name``, or else its class, names the vector space.
    """

    def __init__(
        self,
        calls: Calls,
        embedding: Embeddings,
        alias: str = "bharatchef-tips",
        names: Glossary | None = None,
        **options: Any,
    ) -> None:
        super().__init__(calls, alias, names, **options)
        self._embed_by(embedding)

    def _put_documents(
        self,
        names: Sequence[str],
        texts: Sequence[str],
        metadatas: Sequence[dict[str, Any]],
        units: Any,
        space: Space,
    ) -> None:
        added = {
            name: _filed(name, text, metadata, unit.tolist())
            for name, text, metadata, unit in zip(names, texts, metadatas, units, strict=True)
        }
        self._change(lambda held: {**held, **added}, space)

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Remove the documents of these ids, all without ``ids``; true, also where there was none."""
        gone = None if ids is None else set(ids)
        self._change(lambda held: {i: one for i, one in held.items() if gone is not None and i not in gone})
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids that there are, in the order asked for."""
        found = {hit["_source"]["tip_id"]: _document(hit) for hit in self._reader.by_ids(ids)}
        return [found[one] for one in dict.fromkeys(ids) if one in found]

    def _similar(
        self, vector: Sequence[float], k: int, where: Where, space: Space | None = None
    ) -> list[tuple[Document, float]]:
        hits = self._reader.nearest(vector, where, k, ("tip_id", "document"), space)
        return [(_document(hit), cosine) for hit, cosine in hits]

    def _change(self, changed: Callable[[FiledById], FiledById], space: Space | None = None) -> None:
        """Make the index anew from what it holds; where another build was faster, nothing is changed."""
        holder = self._holder()
        stamp = self._reader.stamp(fresh=True)
        held = {one["tip_id"]: one for one in self._reader.pages(holder)} if holder is not None else {}
        after = changed(held)
        if after == held:
            return
        now = self.space
        if held and space is not None and now != space:
            raise KnowledgeError(
                f"The index holds vectors of {now}, these are of {space}.",
                "Build the index anew with one embedding.",
            )
        instead_of = [holder] if holder is not None else []
        self._replace(list(after.values()), space or now, stamp.get("facts", {}), instead_of)


def _filed(name: str, text: str, metadata: Mapping[str, Any], vector: Sequence[float]) -> dict[str, Any]:
    said = terms(text)
    return {
        "tip_id": name,
        "passage_sha256": passage_sha256(text),
        "words": filed_words({"mistake": " ".join(said.stems), "sounds": " ".join(said.sounds)}),
        "document": {"text": text, "metadata": dict(metadata)},
        VECTOR: list(vector),
    }


def _document(hit: Mapping[str, Any]) -> Document:
    kept = hit["_source"]["document"]
    return Document(id=hit["_source"]["tip_id"], page_content=kept["text"], metadata=kept["metadata"])
