"""The tips as the coach of a laptop asks for them: an index in the home, made when it is first needed.

Where it cannot be made, or an embedding is not installed, less is searched and the reason is kept; a search
never fails for it. Knows nothing of coaching.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.local.durable import locked, make_folder, telling
from adapters.local.tip_index import RANKED_DEPTH, SqliteTipIndex
from bharatchef.errors import (
    BharatChefError,
    ConfigurationError,
    EndpointError,
    KnowledgeError,
    StoreError,
)
from bharatchef.ports import Tip
from knowledge_base.advice import ADVICE_DIR, Advice, advice_sha256, read_advice
from knowledge_base.building import Built, build_index, content_sha256
from knowledge_base.embeddings import Embedding
from knowledge_base.indexing import glossary
from knowledge_base.library import DishLibrary
from knowledge_base.retrieval import Found, Where, fused
from knowledge_base.searching import searched
from knowledge_base.tips import DishTips

_BY_WORDS = "Tips are searched by their words alone."
# A passage takes a tenth of a second: somebody who waits for an evaluation is not kept waiting for more.
_MOST_EMBEDDED_AT_ONCE = 24
_log = logging.getLogger("bharatchef.knowledge")
_log.addHandler(logging.NullHandler())  # who shows it decides how: `lacking` says it too


class HomeTips:
    """Reviewed tips, and the points of the dishes that people wrote; implements ``TipStore``.

    Args:
        path: the index. It is made when it is first asked, and again when tips, names or embedding are others
            than it was made of. Processes that find it lacking wait for the one that makes it.
        dishes: the dishes, whose names tips are found by.
        embedding: gives what questions are embedded by, or ``None`` for a search by words alone; it is asked
            once the first question comes.
        folder: where the tips lie.

    Attributes:
        lacking: why less is searched than was asked for; empty where nothing is lacking.
        built: what was made last; ``None`` where the index was up to date.
    """

    def __init__(
        self,
        path: Path,
        dishes: DishLibrary,
        embedding: Callable[[], Embedding | None],
        folder: Path = ADVICE_DIR,
    ) -> None:
        self.lacking = ""
        self.built: Built | None = None
        self._path = path
        self._dishes = dishes
        self._dish_tips = DishTips(dishes)
        self._wanted = embedding
        self._folder = folder
        self._index: SqliteTipIndex | None = None
        self._failed = False
        self._lock = threading.Lock()

    def search(self, query: str, dish_id: str, limit: int) -> Sequence[Tip]:
        """What ``search_each`` finds for one question."""
        return self.search_each([query], dish_id, limit)[0]

    def search_each(self, queries: Sequence[str], dish_id: str, limit: int) -> Sequence[Sequence[Tip]]:
        """For each question the nearest tips that hold for the dish; see ``knowledge_base.searching``.

        Raises:
            KnowledgeError: there is no such dish.
        """
        if self._usable() is None:
            return self._dish_tips.search_each(queries, dish_id, limit)
        return searched(self, self._dishes, self._dish_tips, queries, dish_id, limit)

    def ranked(self, query: str, where: Where, limit: int) -> list[Found]:
        """The reviewed tips found by words and by meaning, with both ranks, best first."""
        return self.ranked_each([query], where, limit)[0]

    def ranked_each(self, queries: Sequence[str], where: Where, limit: int) -> list[list[Found]]:
        """What ``ranked`` finds for each question; all of them are embedded at once."""
        index = self._usable()
        if index is None:
            return [[] for _ in queries]
        try:
            return index.ranked_each(queries, where, limit)
        except (ConfigurationError, EndpointError) as error:
            self._tell(f"{error.message} {_BY_WORDS}")
            depth = max(limit, RANKED_DEPTH)
            naming = index.naming(where)
            return [
                fused(index.keyword_ids(query, where, depth), [], naming=naming)[:limit] for query in queries
            ]

    def tip(self, tip_id: str) -> Advice:
        """The reviewed tip of that id; ``KeyError`` where there is none."""
        index = self._usable()
        if index is None:
            raise KeyError(tip_id)
        return index.tip(tip_id)

    @property
    def where(self) -> str:
        """The file of the index."""
        return str(self._path)

    def stamp(self) -> dict[str, str]:
        """What the index says of itself; empty where there is none."""
        index = self._usable()
        return index.stamp() if index is not None else {}

    def count(self) -> int:
        """How many reviewed tips are indexed."""
        index = self._usable()
        return index.count() if index is not None else 0

    def build(self, told: Callable[[int, int], None] | None = None, anew: bool = False) -> Built | None:
        """Bring the index up to date; what was made, ``None`` where nothing had to be.

        Args:
            anew: make it also where it is up to date.

        Raises:
            KnowledgeError: the tips' files are wrong.
            StoreError: it cannot be written.
        """
        with self._lock:
            self.built = None
            self._index, self._failed = self._made(told, anew, most_embedded=None), False
            return self.built

    def roll_back(self) -> str:
        """Always refused: this index is made of the tips that are installed, and again when they change.

        Raises:
            KnowledgeError: as said.
        """
        raise KnowledgeError(
            f"The index {self._path} follows the tips of the program that is installed; an earlier one would"
            " be made anew at the next question.",
            "Install the earlier version of the program; the index follows. On OpenSearch, where indices are"
            " shared, the earlier one is kept and can be gone back to.",
        )

    def _usable(self) -> SqliteTipIndex | None:
        """The index, made now where it is lacking; ``None`` where it cannot be made."""
        with self._lock:
            if self._index is None and not self._failed:
                try:
                    self._index = self._made()
                except BharatChefError as error:
                    self._failed = True
                    self._tell(f"{error.message} The dish's own points are searched alone.")
            return self._index

    def _made(
        self,
        told: Callable[[int, int], None] | None = None,
        anew: bool = False,
        most_embedded: int | None = _MOST_EMBEDDED_AT_ONCE,
    ) -> SqliteTipIndex:
        embedding = self._embedding()
        # The files may be edited while they are read: the hash is taken first, so that the index is then made
        # again at the next start rather than never.
        content = content_sha256(advice_sha256(self._folder), self._dishes.sha256())
        patient = most_embedded is None
        if anew or not _fits(self._path, content, embedding, patient):
            with telling(f"make the index of tips {self._path}"):
                make_folder(self._path.parent)
            with locked(self._path.with_name(f"{self._path.name}.building"), exclusive=True):
                # Another process may have made it while this one waited.
                if anew or not _fits(self._path, content, embedding, patient):
                    self._make(content, embedding, told, most_embedded)
        index = SqliteTipIndex(self._path, embedding=embedding)
        if embedding is not None and index.space is None:
            self._tell(f"The tips were not embedded yet (`bharatchef knowledge build` does). {_BY_WORDS}")
            return SqliteTipIndex(self._path)
        return index

    def _make(
        self,
        content: str,
        embedding: Embedding | None,
        told: Callable[[int, int], None] | None,
        most_embedded: int | None,
    ) -> None:
        tips = read_advice(self._folder).tips
        index = SqliteTipIndex(self._path, glossary(self._dishes.list_dishes()))
        try:
            index.stamp()
        except StoreError:
            self._path.unlink()  # a damaged file holds no vector that could be kept
        facts = {"content": content, "asked_for": embedding.name if embedding else ""}
        try:
            self.built = build_index(index, tips, embedding, told, most_embedded=most_embedded, facts=facts)
        except (ConfigurationError, EndpointError) as error:
            self._tell(f"{error.message} {_BY_WORDS}")
            self.built = build_index(index, tips, None, facts=facts)
        index.close()

    def _embedding(self) -> Embedding | None:
        try:
            return self._wanted()
        except ConfigurationError as error:
            self._tell(f"{error.message} {_BY_WORDS}")
            return None

    def _tell(self, lacking: str) -> None:
        if lacking != self.lacking:
            _log.warning("%s", lacking)
        self.lacking = lacking


def _fits(path: Path, content: str, embedding: Embedding | None, patient: bool) -> bool:
    """Whether the index is of this content, and of this embedding; impatience is content with words alone."""
    index = SqliteTipIndex(path)
    try:
        stamp = index.stamp()
    except BharatChefError:
        return False  # a damaged file is made anew
    finally:
        index.close()
    if stamp.get("content") != content:
        return False
    # An index with vectors serves a search by words as well.
    return (
        embedding is None
        or stamp.get("model_name") == embedding.name
        or (not patient and stamp.get("asked_for") == embedding.name)
    )
