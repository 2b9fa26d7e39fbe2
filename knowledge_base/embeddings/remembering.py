"""An embedding that remembers the questions it was asked; knows no model and no index.

The same mistakes at the same steps are asked again and again: a vector is made once a process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cache

from knowledge_base.embeddings import Embedding, EmbeddingName, embedding_named

MOST_REMEMBERED = 4096
"""Vectors kept at most, those asked for last; 384 numbers take 12 kB."""


class Remembering:
    """``embedding`` with its questions' vectors kept in memory; threads may share it.

    Args:
        most: vectors kept at most, 1 or more.
    """

    def __init__(self, embedding: Embedding, most: int = MOST_REMEMBERED) -> None:
        self.name = embedding.name
        self.dimension = embedding.dimension
        self._embedding = embedding
        self._most = most
        self._kept: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self.embed_queries([text])[0]

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The vector of each question; those that are not remembered are embedded in one call."""
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        made = dict(zip(new, self._embedding.embed_queries(new), strict=True)) if new else {}
        with self._lock:
            for text in texts:
                self._kept[text] = known[text] if text in known else made[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return [known[text] if text in known else made[text] for text in texts]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vector of each passage; passages are kept by an index, not here."""
        return self._embedding.embed_documents(texts)

    def forget(self) -> None:
        """Remember nothing: a benchmark tells what the first question costs."""
        with self._lock:
            self._kept.clear()


@cache
def remembering(name: EmbeddingName) -> Remembering:
    """The model of that name, which remembers, made once a process.

    Raises:
        ConfigurationError: its package is not installed, or cannot run here.
    """
    return Remembering(embedding_named(name))
