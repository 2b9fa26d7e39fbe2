"""The tips of a laptop as LangChain's ``VectorStore``; importing this loads LangChain."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from adapters.local.tip_file import (
    Filed,
    put_document,
    put_facts,
    remove_document,
    rewritten,
    space_facts,
    space_of,
)
from adapters.local.tip_index import SqliteTipIndex
from bharatchef.errors import KnowledgeError
from knowledge_base.indexing import Glossary, passage_sha256
from knowledge_base.retrieval import EVERYWHERE, Where
from knowledge_base.terms import terms
from knowledge_base.vectors import Space, unit_vectors


class LocalTipStore(SqliteTipIndex, VectorStore):
    """The index of tips as a ``VectorStore``: other documents may be added, and ``where`` narrows a search.

    Args:
        path, names: see ``SqliteTipIndex``.
        embedding: any of LangChain's; its ``name``, or else its class, names the vector space.
    """

    def __init__(self, path: Path, embedding: Embeddings, names: Glossary | None = None) -> None:
        super().__init__(path, names)
        self._embeddings = embedding
        self._space_name = str(getattr(embedding, "name", type(embedding).__name__))

    @property
    def embeddings(self) -> Embeddings:
        return self._embeddings

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **_: Any,
    ) -> list[str]:
        """Add texts, or put new ones in the place of old ones of the same ids; returns the ids.

        The file is made anew from what it holds and what is added: readers see all of it or none, and many
        texts are best added at once.

        Raises:
            KnowledgeError: what is there was embedded by another model.
        """
        texts = list(texts)
        names = [given or uuid.uuid4().hex for given in ids or [None] * len(texts)]
        metadatas = metadatas if metadatas is not None else [{} for _ in texts]
        if not len(texts) == len(names) == len(metadatas):
            raise ValueError(
                f"expected as many ids and metadatas as texts ({len(texts)}),"
                f" got {len(names)} and {len(metadatas)}"
            )
        if not texts:
            return []
        vectors = self._embeddings.embed_documents(texts)
        space = Space(self._space_name, len(vectors[0]))
        units = unit_vectors(names, vectors, space)
        assert units is not None
        with rewritten(self.path, keep=True) as connection:
            self._expect(space, connection)
            put_facts(connection, space_facts(space))
            for name, text, metadata, unit in zip(names, texts, metadatas, units, strict=True):
                put_document(connection, _filed(name, text, metadata, unit))
        return names

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Add LangChain's documents; see ``add_texts``."""
        ids = kwargs.pop("ids", None) or [document.id for document in documents]
        return self.add_texts(
            [document.page_content for document in documents],
            [document.metadata for document in documents],
            ids=ids,
        )

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool:
        """Remove the documents of these ids, all without ``ids``; true, also where there was none."""
        if not self.path.exists():
            return True
        with rewritten(self.path, keep=True) as connection:
            gone = (
                ids if ids is not None else [row[0] for row in connection.execute("SELECT id FROM documents")]
            )
            for document_id in gone:
                remove_document(connection, document_id)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids that there are, in the order asked for."""
        found = []
        with self._reading() as connection:
            for document_id in dict.fromkeys(ids) if connection is not None else ():
                query = "SELECT id, content, metadata FROM documents WHERE id = ?"
                row = connection.execute(query, (document_id,)).fetchone()
                if row is not None:
                    found.append(Document(id=row[0], page_content=row[1], metadata=json.loads(row[2])))
        return found

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The documents nearest to ``query``, nearest first; ``where`` narrows them."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The nearest documents with the cosine of their vector and the query's, -1 to 1."""
        return self._similar(self._embeddings.embed_query(query), k, kwargs.get("where", EVERYWHERE))

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, **kwargs: Any
    ) -> list[Document]:
        """The documents nearest to a vector, nearest first."""
        return [found for found, _ in self._similar(embedding, k, kwargs.get("where", EVERYWHERE))]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> LocalTipStore:
        """A store that holds ``texts``; its ``path`` comes by name."""
        store = cls(embedding=embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: (1 + cosine) / 2

    def _similar(self, vector: Sequence[float], k: int, where: Where) -> list[tuple[Document, float]]:
        near = self.nearest(vector, where, k)
        documents = {one.id: one for one in self.get_by_ids([name for name, _ in near])}
        return [(documents[name], cosine) for name, cosine in near if name in documents]

    def _expect(self, space: Space, connection: sqlite3.Connection) -> None:
        found = space_of(connection)
        if found not in (None, space) and self._count(connection):
            raise KnowledgeError(
                f"The index {self.path} holds vectors of {found}, these are of {space}.",
                "Build the index anew with one embedding.",
            )


def _filed(name: str, text: str, metadata: dict[str, Any], unit: Any) -> Filed:
    said = terms(text)
    fields = {"mistake": " ".join(said.stems), "sounds": " ".join(said.sounds)}
    return Filed(name, text, metadata, fields, unit, passage=passage_sha256(text))
