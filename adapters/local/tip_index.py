"""The tips of a laptop, searched by words and by meaning in one file; knows no dish and no coach.

LangChain is not loaded here: that takes half a second, and the coach does not need it
(``adapters.local.tip_store`` is the same index as LangChain's ``VectorStore``).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.local.tip_file import (
    Filed,
    condition,
    facts_of,
    put_document,
    put_facts,
    rewritten,
    space_facts,
    space_of,
    telling_sqlite,
)
from bharatchef.errors import KnowledgeError
from knowledge_base.advice import Advice
from knowledge_base.embeddings import Embedding
from knowledge_base.indexing import FIELD_WEIGHTS, Glossary, indexed_fields, passage, passage_sha256
from knowledge_base.retrieval import EVERYWHERE, Found, Where, fused, meaning_weight, scope
from knowledge_base.terms import Terms, terms
from knowledge_base.vectors import Space, given_units, unit_vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RANKED_DEPTH = 50
"""How far down each ranking is read before the two become one."""

_STEM_FIELDS = tuple(name for name in FIELD_WEIGHTS if name != "sounds")


class SqliteTipIndex:
    """Tips in one file; implements ``TipIndex``.

    Args:
        path: the file; where there is none the index is empty, and nothing is written before ``put``.
        names: what dishes, ingredients and actions are called, so that tips are found by that too.
        embedding: what turns a question into a vector; without it tips are searched by words alone.
        with_aliases: see ``indexed_fields``.
    """

    def __init__(
        self,
        path: Path,
        names: Glossary | None = None,
        embedding: Embedding | None = None,
        with_aliases: bool = True,
    ) -> None:
        self.path = path
        self._names = names or Glossary()
        self._embedding = embedding
        self._with_aliases = with_aliases
        self._lock = threading.RLock()  # one connection, and the stages of a flow run in threads
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._vectors: tuple[NDArray[np.float32], list[str]] | None = None
        self._admitted: dict[Where, NDArray[np.bool_]] = {}
        self._naming: dict[str, frozenset[str]] = {}

    def put(
        self,
        tips: Sequence[Advice],
        vectors: NDArray[np.float32] | Sequence[Sequence[float]] | None,
        model_name: str | None,
        dimension: int | None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Make ``tips`` the whole content, at once.

        Args:
            vectors: shape (tips, dimension), in their order; ``None`` for a search by words alone.
            model_name: which vector space they are of.
            facts: what else to remember of them; see ``stamp``.

        Raises:
            KnowledgeError: the vectors do not fit the tips.
            StoreError: the file could not be written; the old one stays.
        """
        space, units = given_units([tip.tip_id for tip in tips], vectors, model_name, dimension)
        with rewritten(self.path) as connection:
            put_facts(connection, {**(facts or {}), **space_facts(space)})
            for number, tip in enumerate(tips):
                put_document(connection, self._filed(tip, None if units is None else units[number]))

    def keyword_ids(self, query: str, where: Where = EVERYWHERE, limit: int = RANKED_DEPTH) -> list[str]:
        """Ids of tips that share a term with ``query``, best first by weighted BM25, at most ``limit``.

        BM25 is FTS5's own (Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75), each field weighted by
        ``FIELD_WEIGHTS``; ties go by id.
        """
        match = _match(terms(query))
        if not match or limit < 1:
            return []
        weights = ", ".join(str(weight) for weight in FIELD_WEIGHTS.values())
        admits, values = condition(where)
        with self._reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                "SELECT id FROM words JOIN documents ON number = words.rowid"
                f" WHERE words MATCH ? AND {admits} ORDER BY bm25(words, {weights}), id LIMIT ?",
                (match, *values, limit),
            )
            return [row[0] for row in rows]

    def vector_ids(
        self, vector: Sequence[float], where: Where = EVERYWHERE, limit: int = RANKED_DEPTH
    ) -> list[str]:
        """Ids of the tips nearest to ``vector`` by cosine, nearest first, at most ``limit``; ties go by id.

        Raises:
            KnowledgeError: the index holds no vectors, or vectors of another dimension.
        """
        return [tip_id for tip_id, _ in self.nearest(vector, where, limit)]

    def nearest(
        self, vector: Sequence[float], where: Where = EVERYWHERE, limit: int = RANKED_DEPTH
    ) -> list[tuple[str, float]]:
        """As ``vector_ids``, with the cosines."""
        import numpy as np

        with self._reading() as connection:
            if connection is None or limit < 1 or not self._holds_any(connection):
                return []
            space = space_of(connection)
            if space is None or len(vector) != space.dimension:
                raise self._does_not_fit(space, len(vector))
            matrix, ids = self._matrix(connection, space)
            unit = unit_vectors(["the question"], [vector], space)
            assert unit is not None
            cosines = matrix @ unit[0]
            if where != EVERYWHERE:
                cosines = np.where(self._mask(connection, where, ids), cosines, -np.inf)
            best = np.argsort(-cosines, kind="stable")[:limit]
            return [(ids[place], float(cosines[place])) for place in best if np.isfinite(cosines[place])]

    def ranked(self, query: str, where: Where = EVERYWHERE, limit: int = 10) -> list[Found]:
        """The tips found by words and by meaning, with both ranks, best first, at most ``limit``.

        Raises:
            KnowledgeError: the index was built with another embedding than questions are asked with.
        """
        return self.ranked_each([query], where, limit)[0]

    def ranked_each(
        self, queries: Sequence[str], where: Where = EVERYWHERE, limit: int = 10
    ) -> list[list[Found]]:
        """What ``ranked`` finds for each question; all of them are embedded at once."""
        depth = max(RANKED_DEPTH, limit)
        vectors: dict[str, list[float]] = {}
        asked = [query for query in dict.fromkeys(queries) if query.strip()]
        if self._embedding is not None and asked and self.count():
            self.check_space(self._embedding)
            vectors = dict(zip(asked, self._embedding.embed_queries(asked), strict=True))
        naming = self.naming(where)
        return [
            fused(
                self.keyword_ids(query, where, depth),
                self.vector_ids(vectors[query], where, depth) if query in vectors else [],
                vector_weight=meaning_weight(query),
                naming=naming,
            )[: max(0, limit)]
            for query in queries
        ]

    def naming(self, where: Where) -> frozenset[str]:
        """Ids of the tips that name the dish of ``where``; none where it has none."""
        if where.dish_id is None:
            return frozenset()
        with self._reading() as connection:
            if connection is None:
                return frozenset()
            if where.dish_id not in self._naming:
                query = "SELECT id FROM documents WHERE number IN (SELECT number FROM places WHERE dish = ?)"
                rows = connection.execute(query, (where.dish_id,))
                self._naming[where.dish_id] = frozenset(row[0] for row in rows)
            return self._naming[where.dish_id]

    def check_space(self, embedding: Embedding) -> None:
        """Whether vectors of ``embedding`` can be compared with those of the index.

        Raises:
            KnowledgeError: they cannot.
        """
        found = self.space
        if found != Space(embedding.name, embedding.dimension):
            has = f"by {found.model_name} ({found.dimension} numbers)" if found else "without vectors"
            raise KnowledgeError(
                f"The index of tips {self.path} was built {has}, questions are embedded by"
                f" {embedding.name} ({embedding.dimension} numbers).",
                "Run `bharatchef knowledge build`.",
            )

    def tip(self, tip_id: str) -> Advice:
        """The tip of that id; ``KeyError`` where there is none."""
        with self._reading() as connection:
            row = None
            if connection is not None:
                query = "SELECT metadata FROM documents WHERE id = ?"
                row = connection.execute(query, (tip_id,)).fetchone()
        advice = json.loads(row[0]).get("advice") if row else None
        if advice is None:
            raise KeyError(tip_id)
        return Advice.model_validate(advice)

    def kept_vectors(self, model_name: str) -> dict[str, NDArray[np.float32]]:
        """The vectors that are here already, by the hash of their passage; none of another model.

        What has not changed need not be embedded again.
        """
        import numpy as np

        with self._reading() as connection:
            space = space_of(connection) if connection is not None else None
            if connection is None or space is None or space.model_name != model_name:
                return {}
            rows = connection.execute(
                "SELECT passage, vector FROM documents WHERE vector IS NOT NULL AND passage IS NOT NULL"
            )
            return {name: np.frombuffer(blob, dtype="<f4") for name, blob in rows}

    def stamp(self) -> dict[str, str]:
        """What the index says of itself, as ``put`` was told it; empty where there is none."""
        with self._reading() as connection:
            return facts_of(connection) if connection is not None else {}

    @property
    def space(self) -> Space | None:
        """The vector space of the index; ``None`` where it holds no vectors."""
        with self._reading() as connection:
            return space_of(connection) if connection is not None else None

    def count(self) -> int:
        """How many tips there are."""
        with self._reading() as connection:
            return self._count(connection) if connection is not None else 0

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._opened, self._vectors = None, None, None
            self._admitted, self._naming = {}, {}

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """The open file, opened again where another has taken its place; ``None`` where there is none."""
        with self._lock, telling_sqlite(self.path):
            try:
                status = self.path.stat()
            except (FileNotFoundError, NotADirectoryError):
                self.close()
                yield None
                return
            now = (status.st_dev, status.st_ino)
            if self._connection is None or now != self._opened:
                self.close()
                # Immutable: a file is never written to, only replaced, so no lock files appear beside it.
                address = f"{self.path.absolute().as_uri()}?immutable=1"
                self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
                self._opened = now
            yield self._connection

    def _matrix(self, connection: sqlite3.Connection, space: Space) -> tuple[NDArray[np.float32], list[str]]:
        import numpy as np

        if self._vectors is None:
            query = "SELECT id, vector FROM documents WHERE vector IS NOT NULL ORDER BY id"
            rows = connection.execute(query).fetchall()
            matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4")
            self._vectors = matrix.reshape(len(rows), space.dimension), [row[0] for row in rows]
        return self._vectors

    def _mask(self, connection: sqlite3.Connection, where: Where, ids: Sequence[str]) -> NDArray[np.bool_]:
        import numpy as np

        if where not in self._admitted:
            admits, values = condition(where)
            rows = connection.execute(f"SELECT id FROM documents WHERE {admits}", values)
            inside = {row[0] for row in rows}
            self._admitted[where] = np.array([one in inside for one in ids], dtype=np.bool_)
        return self._admitted[where]

    @staticmethod
    def _holds_any(connection: sqlite3.Connection) -> bool:
        return connection.execute("SELECT 1 FROM documents LIMIT 1").fetchone() is not None

    @staticmethod
    def _count(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT count(*) FROM documents").fetchone()[0])

    def _filed(self, tip: Advice, vector: NDArray[np.float32] | None) -> Filed:
        content = passage(tip, self._with_aliases)
        return Filed(
            document_id=tip.tip_id,
            content=content,
            metadata={
                "tip_id": tip.tip_id,
                "theme": tip.theme,
                "severity": tip.severity,
                "advice": tip.model_dump(mode="json", by_alias=True),
            },
            fields=indexed_fields(tip, self._names, self._with_aliases),
            vector=vector,
            held=scope(tip),
            severity=tip.severity,
            passage=passage_sha256(content),
        )

    def _does_not_fit(self, space: Space | None, length: int) -> KnowledgeError:
        has = f"vectors of {space.dimension} numbers ({space.model_name})" if space else "no vectors"
        return KnowledgeError(
            f"The index of tips {self.path} holds {has}, the question's has {length}.",
            "Run `bharatchef knowledge build` with the embedding that you ask with.",
        )


def _match(wanted: Terms) -> str:
    """The FTS5 expression for any of the terms, each quoted; empty where there is none."""
    stems = " OR ".join(f'"{stem}"' for stem in dict.fromkeys(wanted.stems))
    sounds = " OR ".join(f'"{sound}"' for sound in dict.fromkeys(wanted.sounds))
    parts = [f"{{{' '.join(_STEM_FIELDS)}}} : ({stems})"] if stems else []
    return " OR ".join([*parts, *([f"sounds : ({sounds})"] if sounds else [])])
