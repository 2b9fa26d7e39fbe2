"""What an index of tips needs besides to be LangChain's ``VectorStore``; importing this loads LangChain.

Knows no file and no server: a store says how documents are put, removed and looked for.
"""

from __future__ import annotations

import uuid
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from knowledge_base.retrieval import EVERYWHERE, Where
from knowledge_base.vectors import Space, unit_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class TipDocuments(VectorStore):
    """The half of a ``VectorStore`` that is the same for every index of tips.

    The embedding may be any of LangChain's; its ``name``, or else its class, names the vector space.
    """

    _embeddings: Embeddings

    def _embed_by(self, embedding: Embeddings) -> None:
        self._embeddings = embedding
        self._space_name = str(getattr(embedding, "name", type(embedding).__name__))

    @property
    def embeddings(self) -> Embeddings:
        return self._embeddings

    @abstractmethod
    def _put_documents(
        self,
        names: Sequence[str],
        texts: Sequence[str],
        metadatas: Sequence[dict[str, Any]],
        units: NDArray[np.float32],
        space: Space,
    ) -> None:
        """Add documents with their vectors, shape (documents, dimension), at length one."""

    @abstractmethod
    def _similar(
        self, vector: Sequence[float], k: int, where: Where, space: Space | None = None
    ) -> list[tuple[Document, float]]:
        """The nearest documents with their cosines; ``space`` is the vector's, where it is known."""

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **_: Any,
    ) -> list[str]:
        """Add texts, or put new ones in the place of old ones of the same ids; returns the ids.

        Readers see all of them or none, and many texts are best added at once.

        Raises:
            KnowledgeError: what is there was embedded by another model.
            EndpointError: on OpenSearch another build was faster; nothing was changed.
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
        self._put_documents(names, texts, metadatas, units, space)
        return names

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Add LangChain's documents; see ``add_texts``."""
        ids = kwargs.pop("ids", None) or [document.id for document in documents]
        return self.add_texts(
            [document.page_content for document in documents],
            [document.metadata for document in documents],
            ids=ids,
        )

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The documents nearest to ``query``, nearest first; ``where`` narrows them."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The nearest documents with the cosine of their vector and the query's, -1 to 1.

        Raises:
            KnowledgeError: the index was made with another embedding.
        """
        vector = self._embeddings.embed_query(query)
        space = Space(self._space_name, len(vector))
        return self._similar(vector, k, kwargs.get("where", EVERYWHERE), space)

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
    ) -> Self:
        """A store that holds ``texts``; what else it is made of comes by name."""
        store = cls(embedding=embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: (1 + cosine) / 2
