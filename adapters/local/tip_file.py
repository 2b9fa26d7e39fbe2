"""The SQLite file that a laptop's tips are kept in: its form, and how it is written anew.

A file is written whole beside the old one and renamed over it: a reader goes on with the file that it has
open, or opens the new one, and never sees a part of one. Knows no model and no dish.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.local.durable import lock_path, locked, make_folder, sync_folder, telling
from bharatchef.errors import StoreError
from knowledge_base.indexing import FIELD_WEIGHTS
from knowledge_base.retrieval import Scope, Where
from knowledge_base.vectors import Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Terms come ready made, separated by spaces. Marks must count as letters, or FTS5 would cut "जला" into "जल"
# and nothing; diacritics must stay, because to FTS5 the Indian vowel signs are some.
TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* N* Mn Mc Co'"
_SCHEMA = f"""
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- What a search filters by stands first: behind the long texts SQLite would walk through them to reach it.
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, severity TEXT, everywhere INTEGER NOT NULL,
    passage TEXT, content TEXT NOT NULL, metadata TEXT NOT NULL, vector BLOB
);
-- Where a tip holds: in a whole dish (no step), or in a step of it.
CREATE TABLE places (number INTEGER NOT NULL, dish TEXT NOT NULL, step TEXT);
CREATE INDEX places_number ON places (number, dish);
CREATE VIRTUAL TABLE words USING fts5({", ".join(FIELD_WEIGHTS)}, tokenize = "{TOKENIZER}");
"""
_EVERYWHERE = Scope(frozenset(), frozenset(), frozenset())


@dataclass(frozen=True)
class Filed:
    """One document as it is filed; ``vector`` is of length one, ``passage`` the hash of its text."""

    document_id: str
    content: str
    metadata: Mapping[str, Any]
    fields: Mapping[str, str]
    vector: NDArray[np.float32] | None = None
    held: Scope = _EVERYWHERE
    severity: str | None = None
    passage: str | None = None


@contextmanager
def rewritten(path: Path, keep: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to a new file that takes the place of ``path`` when the block ends well.

    Args:
        keep: begin with what the old file holds. One writer at a time, or what another added would be lost.

    Raises:
        StoreError: it could not be written; the old file stays.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    with telling(f"write the index of tips {path}"), telling_sqlite(path):
        make_folder(path.parent)
        with locked(lock_path(path), exclusive=True):
            try:
                kept = keep and path.exists()
                if kept:
                    shutil.copyfile(path, beside)
                with _connected(beside, new=not kept) as connection:
                    yield connection
                _sync_file(beside)
                beside.rename(path)
                sync_folder(path.parent)
            except BaseException:
                with suppress(OSError):
                    beside.unlink()
                raise


@contextmanager
def _connected(path: Path, new: bool) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # Nobody else reads this file: it is made safe once, when it is whole.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        if new:
            connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()


def put_document(connection: sqlite3.Connection, document: Filed) -> None:
    """File a document; it takes the place of one of the same id."""
    number = remove_document(connection, document.document_id)
    vector = None if document.vector is None else document.vector.astype("<f4").tobytes()
    row = connection.execute(
        "INSERT INTO documents (number, id, severity, everywhere, passage, content, metadata, vector)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING number",
        (
            number,
            document.document_id,
            document.severity,
            int(not document.held.dishes),
            document.passage,
            document.content,
            json.dumps(document.metadata, ensure_ascii=False),
            vector,
        ),
    ).fetchone()
    marks = ", ".join("?" * (len(FIELD_WEIGHTS) + 1))
    connection.execute(
        f"INSERT INTO words (rowid, {', '.join(FIELD_WEIGHTS)}) VALUES ({marks})",
        (row[0], *(document.fields.get(name, "") for name in FIELD_WEIGHTS)),
    )
    held = document.held
    whole = [(row[0], dish, None) for dish in sorted(held.dishes - held.step_dishes)]
    parts = [(row[0], step.partition(":")[0], step) for step in sorted(held.steps)]
    connection.executemany("INSERT INTO places VALUES (?, ?, ?)", [*whole, *parts])


def remove_document(connection: sqlite3.Connection, document_id: str) -> int | None:
    """Take a document out; its number, or ``None`` where there was none."""
    row = connection.execute("SELECT number FROM documents WHERE id = ?", (document_id,)).fetchone()
    if row is None:
        return None
    for table, column in (("documents", "number"), ("words", "rowid"), ("places", "number")):
        connection.execute(f"DELETE FROM {table} WHERE {column} = ?", row)
    return int(row[0])


def put_facts(connection: sqlite3.Connection, facts: Mapping[str, str]) -> None:
    """Remember what the file says of itself."""
    connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", sorted(facts.items()))


def facts_of(connection: sqlite3.Connection) -> dict[str, str]:
    """What the file says of itself."""
    return dict(connection.execute("SELECT name, value FROM facts"))


def space_facts(space: Space | None) -> dict[str, str]:
    """A vector space as facts."""
    return {} if space is None else {"model_name": space.model_name, "dimension": str(space.dimension)}


def space_of(connection: sqlite3.Connection) -> Space | None:
    """The vector space of the file; ``None`` where it holds no vectors."""
    facts = facts_of(connection)
    return Space(facts["model_name"], int(facts["dimension"])) if "model_name" in facts else None


def condition(where: Where) -> tuple[str, tuple[str, ...]]:
    """``Where.admits`` in SQL over ``documents``, with its values."""
    clauses: list[str] = ["1"]
    values: list[str] = []
    if where.severity is not None:
        clauses.append("severity = ?")
        values.append(where.severity)
    if where.dish_id is not None:
        inside = "places.number = documents.number AND dish = ?"
        values.append(where.dish_id)
        if where.step is not None:
            inside += " AND (step IS NULL OR step = ?)"
            values.append(where.step)
        clauses.append(f"(everywhere OR EXISTS (SELECT 1 FROM places WHERE {inside}))")
    return " AND ".join(clauses), tuple(values)


@contextmanager
def telling_sqlite(path: Path) -> Iterator[None]:
    """Turns an error of SQLite inside the block into a ``StoreError``."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"The index of tips {path} cannot be used: {error}.",
            "Run `bharatchef knowledge build`; it makes the index anew.",
        ) from error


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
