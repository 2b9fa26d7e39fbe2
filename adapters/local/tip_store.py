"""The tips of a laptop as LangChain's ``VectorStore``; importing this loads LangChain."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

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
from adapters.tip_documents import TipDocuments
from bharatchef.errors import KnowledgeError
from knowledge_base.indexing import Glossary, passage_sha256
from knowledge_base.retrieval import Where
from knowledge_base.terms import terms
from knowledge_base.vectors import Space


class LocalTipStore(SqliteTipIndex, TipDocuments):
    """The index of tips as a ``VectorStore``: other documents may be added, and ``where`` narrows a search.

    Args:
        path, names: see ``SqliteTipIndex``.
        embedding: any of LangChain's; its ``name``, or else its class, names the vector space.
    """

    def __init__(self, path: Path, embedding: Embeddings, names: Glossary | None = None) -> None:
        super().__init__(path, names)
        self._embed_by(embedding)

    def _put_documents(
        self,
        names: Sequence[str],
        texts: Sequence[str],
        metadatas: Sequence[dict[str, Any]],
        units: Any,
        space: Space,
    ) -> None:
        # The file is made anew from what it holds and what is added.
        with rewritten(self.path, keep=True) as connection:
            self._expect(space, connection)
            put_facts(connection, space_facts(space))
            for name, text, metadata, unit in zip(names, texts, metadatas, units, strict=True):
                put_document(connection, _filed(name, text, metadata, unit))

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

    def _similar(
        self, vector: Sequence[float], k: int, where: Where, space: Space | None = None
    ) -> list[tuple[Document, float]]:
        del space  # a vector of another length is refused by the search itself
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
