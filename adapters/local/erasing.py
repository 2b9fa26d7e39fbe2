"""What this machine keeps of people outside its object store and records: Prefect's files, announcements.

Knows nothing of what else is erased, nor of who asks.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.local.durable import telling
from adapters.local.notifier import forget_announcements, told_of
from adapters.local.restoring import NOTIFICATIONS
from bharatchef.erasing.person import Erasable, Found, Traces
from bharatchef.errors import StoreError
from bharatchef.settings import Settings

_PATIENCE_S = 60.0
# Where Prefect writes what runs said and were; deployments, blocks and variables are an operator's.
_RUN_TABLES = (
    "log",
    "events",
    "event_resources",
    "artifact",
    "artifact_collection",
    "flow_run_input",
    "flow_run_state",
    "task_run_state",
    "task_run_state_cache",
    "task_run",
    "flow_run",
)


@dataclass(frozen=True)
class AnnouncementsPlace:
    """The file of announcements: the lines of the person's evaluations."""

    path: Path
    place: str = "announcements"

    def find(self, traces: Traces) -> Found:
        return Found(things=tuple(sorted(told_of(self.path, frozenset(traces.evaluations)))))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:  # noqa: ARG002 - all of the person's go
        forget_announcements(self.path, frozenset(traces.evaluations))


@dataclass(frozen=True)
class ResultFilesPlace:
    """Files in which Prefect keeps results of tasks."""

    folder: Path
    place: str = "results of tasks on this machine"

    def find(self, traces: Traces) -> Found:
        own = (*traces.media, *traces.pieces)
        marks = [mark.encode() for mark in (*traces.media, *traces.keys, *traces.evaluations)]
        found = []
        for path in self._files():
            with telling("read a result of a task"):
                data = path.read_bytes()
            if (
                any(sha256 in path.name for sha256 in own)
                or any(mark in data for mark in marks)
                or traces.named_in(data.decode(errors="replace"))
            ):
                found.append(path.relative_to(self.folder).as_posix())
        return Found(things=tuple(found))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:  # noqa: ARG002 - what was found
        for name in things:
            with telling("erase a result of a task"):
                (self.folder / name).unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return (
            sorted(path for path in self.folder.rglob("*") if path.is_file()) if self.folder.is_dir() else []
        )


@dataclass(frozen=True)
class TrainingFilesPlace:
    """What a training has copied to this machine and, killed, has left there."""

    folder: Path
    place: str = "copies for training on this machine"

    def find(self, traces: Traces) -> Found:
        marked = traces.marker(by_pseudonym=True)
        paths = sorted(self.folder.rglob("*")) if self.folder.is_dir() else []
        names = [path.relative_to(self.folder).as_posix() for path in paths if path.is_file()]
        return Found(things=tuple(name for name in names if marked(name)))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:  # noqa: ARG002 - what was found
        for name in things:
            with telling("erase a copy of a film"):
                (self.folder / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class PrefectFilePlace:
    """The file of Prefect's database: what its API cannot delete, and the free pages that still hold it."""

    path: Path
    place: str = "logs and events of Prefect on this machine"

    def find(self, traces: Traces) -> Found:
        if not self.path.exists():
            return Found()
        with self._opened(traces) as connection:
            found = [
                f"{table}:{row}"
                for table in _there(connection)
                for (row,) in connection.execute(
                    f"SELECT rowid FROM {table} WHERE {_named(connection, table)}"
                )
            ]
        return Found(things=tuple(found))

    def erase(self, traces: Traces, things: Sequence[str]) -> None:  # noqa: ARG002 - rows may have moved
        if not self.path.exists():
            return
        with self._opened(traces) as connection:
            for table in _there(connection):
                connection.execute(f"DELETE FROM {table} WHERE {_named(connection, table)}")
            if {"log", "flow_run"} <= set(_there(connection)):
                # A server without its services leaves the logs of a run that was deleted.
                connection.execute("DELETE FROM log WHERE flow_run_id NOT IN (SELECT id FROM flow_run)")
            connection.execute("VACUUM")
            _empty_the_log_of_writes(connection)

    @contextmanager
    def _opened(self, traces: Traces) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA secure_delete = ON")
                connection.create_function(
                    "names_the_person", 1, lambda text: isinstance(text, str) and traces.named_in(text)
                )
                yield connection
        except sqlite3.Error as error:
            raise StoreError(
                f"Prefect's database on this machine could not be used: {error}.",
                "Repeat it in a while; where `bharatchef up` is running, stop it first.",
            ) from error


def places_here(settings: Settings) -> list[Erasable]:
    """All such places of this machine; Prefect's database comes last, when nothing writes to it any more."""
    return [
        AnnouncementsPlace(settings.home / NOTIFICATIONS),
        ResultFilesPlace(settings.prefect_home / "storage"),
        TrainingFilesPlace(settings.home / "retraining"),
        PrefectFilePlace(settings.prefect_home / "prefect.db"),
    ]


def _there(connection: sqlite3.Connection) -> list[str]:
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return [table for table in _RUN_TABLES if table in names]


def _named(connection: sqlite3.Connection, table: str) -> str:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    return " OR ".join(f'names_the_person(CAST("{column}" AS TEXT))' for column in columns)


def _empty_the_log_of_writes(connection: sqlite3.Connection) -> None:
    # What was overwritten stays readable in the write-ahead log until nobody reads an older state.
    until = time.monotonic() + _PATIENCE_S
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            raise StoreError(
                f"Prefect's database on this machine was read for {_PATIENCE_S:.0f} s without a pause.",
                "Repeat it in a while; where `bharatchef up` is running, stop it first.",
            )
        time.sleep(0.05)
