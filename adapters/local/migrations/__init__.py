"""Brings a database from any earlier version to this one; knows nothing of what the rows mean.

Each numbered SQL file beside this one is one version. A published file is never edited: a change is
a new file.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from importlib import resources

from bharatchef.errors import ConfigurationError, StoreError

APPLICATION_ID = 0x42434146  # "BCAF" in the file's header: another program's database is told apart by it


@cache
def migrations() -> tuple[tuple[str, str], ...]:
    """(file name, SQL) of every version, first to last."""
    files = [
        (entry.name, entry.read_text("utf-8"))
        for entry in resources.files(__name__).iterdir()
        if re.fullmatch(r"\d{4}_[a-z_]+\.sql", entry.name)
    ]
    return tuple(sorted(files))


def latest_version() -> int:
    """The version that this code reads and writes."""
    return len(migrations())


def version_of(connection: sqlite3.Connection) -> int:
    """The version that the database is at; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(version: int, database: str) -> None:
    """Refuse a database that a newer release wrote: this one would read it wrongly.

    Raises:
        ConfigurationError: ``version`` is above what this code knows.
    """
    if version > latest_version():
        raise ConfigurationError(
            f"{database} is of a newer release (version {version}; this one knows {latest_version()}).",
            "Install the newer release, or set BHARATCHEF_HOME to another folder.",
        )


def migrate(connection: sqlite3.Connection, database: str, to: int | None = None) -> None:
    """Bring ``connection``'s database to version ``to`` (the latest), each version in one transaction.

    Several processes may do this at the same time: each transaction looks again at where the database is.

    Raises:
        ConfigurationError: the database is newer than this code.
        StoreError: it is another program's.
    """
    goal = latest_version() if to is None else to
    while version_of(connection) != goal:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(connection)
            check_version(version, database)
            if version == 0:
                _adopt(connection, database)
            if version < goal:
                for statement in _statements(migrations()[version][1]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if version > goal:
            return


def _adopt(connection: sqlite3.Connection, database: str) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError(
            f"Expected {database} to be empty or this program's own; it holds another program's tables.",
            "Set BHARATCHEF_HOME to another folder.",
        )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _statements(script: str) -> Iterator[str]:
    # Not executescript: it commits first, and a version must be all or nothing.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"a migration ends in the middle of a statement: {statement.strip()[:80]!r}")
