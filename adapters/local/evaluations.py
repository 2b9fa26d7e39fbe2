"""Users, evaluations and what belongs to them in one SQLite file; knows nothing of how they are made."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from adapters.completing import check_same_evaluation, check_same_work, check_whole
from adapters.local import migrations
from adapters.local.durable import lock_path, locked, make_folder, telling
from adapters.local.restoring import restore_pending
from adapters.moments import moment
from bharatchef.errors import LeaseLost, StoreError
from bharatchef.ports import Claim, Clock
from bharatchef.records import ActionSequence, Evaluation, Feedback, User
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Record, Status

BUSY_TIMEOUT_S = 30.0
_LITTLE_ROOM_BYTES = 1 << 17

RecordT = TypeVar("RecordT", bound=Record)

_REASONS = {
    sqlite3.SQLITE_FULL: (
        "the disk is full",
        "Free some space (`bharatchef doctor` shows what uses it) and repeat.",
    ),
    sqlite3.SQLITE_BUSY: (
        f"another process has kept it locked for {BUSY_TIMEOUT_S:.0f} s",
        "Stop what else works on this folder, or repeat later.",
    ),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", "Restore a backup with `bharatchef restore`."),
    sqlite3.SQLITE_NOTADB: (
        "it is not a database",
        "Restore a backup, or set BHARATCHEF_HOME to another folder.",
    ),
    sqlite3.SQLITE_READONLY: ("it can only be read", "Make the file and its folder writable."),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "Check that its folder exists and belongs to this account.",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk did not take it",
        "Check the disk and its free space before anything else.",
    ),
}


class SqliteEvaluations:
    """The evaluation store port on one SQLite file in WAL mode, every commit on the disk before it returns.

    A connection lives for one operation: nothing is shared between threads or across a fork, and
    a process that is killed holds nothing. All that must not happen twice happens in one transaction that
    takes the write lock first (``BEGIN IMMEDIATE``), so that what it read is still true when it writes.

    Args:
        database: the file; it and its folder are made at the first write, and brought to this version at
            the first use. Where there is none, reading finds nothing and makes nothing.
        clock: what leases are measured by; workers on one file need one clock.
    """

    def __init__(self, database: Path, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    def claim(self, evaluation: Evaluation, owner: str, lease_s: float) -> Claim:
        now = self._clock.now()
        until = now + timedelta(seconds=lease_s)
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT status, leaseOwner, leaseUntil, evaluationId, document FROM Evaluations"
                " WHERE workKey = ? AND status <> 'FAILED'",
                (evaluation.work_key,),
            ).fetchone()
            if row is None:
                return Claim("claimed", self._begin(connection, evaluation, owner, until), until=until)
            status, holder, held_until, evaluation_id, document = row
            stored = _read(Evaluation, document, evaluation_id)
            if status == Status.COMPLETED:
                return Claim("done", stored)
            if holder != owner and held_until > moment(now):
                return Claim("held", stored, until=datetime.fromisoformat(held_until))
            connection.execute(
                "UPDATE Evaluations SET leaseOwner = ?, leaseUntil = ? WHERE evaluationId = ?",
                (owner, moment(until), evaluation_id),
            )
            return Claim("claimed", stored, resumed=holder != owner, until=until)

    def renew(self, evaluation_id: str, owner: str, lease_s: float) -> None:
        with self._transaction() as connection:
            self._check_lease(connection, evaluation_id, owner)
            connection.execute(
                "UPDATE Evaluations SET leaseUntil = ? WHERE evaluationId = ?",
                (moment(self._clock.now() + timedelta(seconds=lease_s)), evaluation_id),
            )

    def complete(self, result: EvaluationResult, owner: str) -> None:
        evaluation = result.evaluation
        check_whole(result)
        with self._transaction() as connection:
            claimed = self._check_lease(connection, evaluation.evaluation_id, owner)
            check_same_work(claimed, evaluation)
            self._end(connection, evaluation)
            for table, record in (("ActionSequences", result.action_sequence), ("Feedback", result.feedback)):
                connection.execute(
                    f"INSERT OR REPLACE INTO {table} (evaluationId, document) VALUES (?, ?)",
                    (evaluation.evaluation_id, record.to_json()),
                )
            connection.execute(
                "INSERT OR REPLACE INTO Dishes (dishId, document) VALUES (?, ?)",
                (result.dish.dish_id, result.dish.to_json()),
            )

    def fail(self, evaluation_id: str, owner: str, reason: str) -> None:
        with self._transaction() as connection:
            claimed = self._check_lease(connection, evaluation_id, owner)
            failed = {"status": Status.FAILED, "failure_reason": reason, "completed_at": self._clock.now()}
            self._end(connection, claimed.model_copy(update=failed))

    def replace_feedback(self, old: Feedback, new: Feedback) -> bool:
        check_same_evaluation(old, new)
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT f.document FROM Feedback f JOIN Evaluations e USING (evaluationId)"
                " WHERE evaluationId = ? AND e.status = 'COMPLETED'",
                (new.evaluation_id,),
            ).fetchone()
            stored = None if row is None else _read(Feedback, row[0], new.evaluation_id)
            if stored == old:
                connection.execute(
                    "UPDATE Feedback SET document = ? WHERE evaluationId = ?",
                    (new.to_json(), new.evaluation_id),
                )
            return stored in (old, new)

    def get(self, evaluation_id: str) -> Evaluation | None:
        return self._document(Evaluation, "Evaluations", "evaluationId", evaluation_id)

    def action_sequence(self, evaluation_id: str) -> ActionSequence | None:
        return self._document(ActionSequence, "ActionSequences", "evaluationId", evaluation_id)

    def feedback(self, evaluation_id: str) -> Feedback | None:
        return self._document(Feedback, "Feedback", "evaluationId", evaluation_id)

    def history(
        self, user_id: str, dish_id: str | None = None, since: datetime | None = None
    ) -> Sequence[Evaluation]:
        return self._evaluations(
            "userId = ? AND createdAt >= ? AND (? IS NULL OR dishId = ?)",
            (user_id, moment(since) if since else "", dish_id, dish_id),
        )

    def find(self, prefix: str) -> Sequence[Evaluation]:
        return self._evaluations("substr(evaluationId, 1, length(?)) = ?", (prefix, prefix))

    def expired(self) -> Sequence[Evaluation]:
        return self._evaluations("status = 'PROCESSING' AND leaseUntil <= ?", (moment(self._clock.now()),))

    def unannounced(self) -> Sequence[Evaluation]:
        return self._evaluations("status <> 'PROCESSING' AND announcedAt IS NULL", ())

    def announced(self, evaluation_id: str) -> None:
        with self._transaction() as connection:
            connection.execute(
                "UPDATE Evaluations SET announcedAt = ? WHERE evaluationId = ? AND status <> 'PROCESSING'",
                (moment(self._clock.now()), evaluation_id),
            )

    def delete(self, evaluation_id: str) -> bool:
        with self._transaction() as connection:
            # What hangs on it goes with it: ON DELETE CASCADE.
            return (
                connection.execute(
                    "DELETE FROM Evaluations WHERE evaluationId = ?", (evaluation_id,)
                ).rowcount
                > 0
            )

    def put_user(self, user: User) -> None:
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO Users (userId, document) VALUES (?, ?)",
                (user.user_id, user.to_json()),
            )

    def user(self, user_id: str) -> User | None:
        return self._document(User, "Users", "userId", user_id)

    def changes_after(self, seq: int, limit: int) -> list[tuple[int, str, Evaluation | None]]:
        """At most ``limit`` changes after number ``seq``, in the order of their commits.

        Returns:
            Number and mark of each, with the evaluation as it is now; ``None``: one that is gone.
        """
        if self._is_empty():
            return []
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT seq, mark, evaluationId, document FROM Changes"
                " LEFT JOIN Evaluations USING (evaluationId) WHERE seq > ? ORDER BY seq LIMIT ?",
                (seq, limit),
            ).fetchall()
        return [
            (number, mark, document and _read(Evaluation, document, evaluation_id))
            for number, mark, evaluation_id, document in rows
        ]

    def change_mark(self, seq: int) -> str:
        """The mark of the change of that number; empty where the history has none."""
        if self._is_empty():
            return ""
        with self._connection() as connection:
            row = connection.execute("SELECT mark FROM Changes WHERE seq = ?", (seq,)).fetchone()
        return "" if row is None else str(row[0])

    def delete_user(self, user_id: str) -> bool:
        if self._is_empty():
            return False
        with self._transaction() as connection:
            return connection.execute("DELETE FROM Users WHERE userId = ?", (user_id,)).rowcount > 0

    def check(self) -> list[str]:
        """What SQLite finds wrong with the file; empty where it is whole."""
        with self._connection() as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        return [text for text in found if text != "ok"] + [
            f"{row[0]}: a row without its evaluation" for row in broken
        ]

    def copy_to(self, target: Path) -> None:
        """Write the database as it is at one moment to ``target``, while others go on writing."""
        with self._connection() as connection, closing(sqlite3.connect(target)) as copy:
            connection.backup(copy)
            # Out of WAL mode, so that the copy is one file, whole in itself.
            copy.execute("PRAGMA journal_mode = DELETE")

    def _begin(
        self, connection: sqlite3.Connection, evaluation: Evaluation, owner: str, until: datetime
    ) -> Evaluation:
        started = evaluation.model_copy(update={"status": Status.PROCESSING})
        # An id that is made from the work is the failed attempt's too: the new attempt takes its place.
        connection.execute(
            "DELETE FROM Evaluations WHERE evaluationId = ? AND workKey = ? AND status = 'FAILED'",
            (started.evaluation_id, started.work_key),
        )
        if connection.execute(
            "SELECT 1 FROM Evaluations WHERE evaluationId = ?", (started.evaluation_id,)
        ).fetchone():
            raise StoreError(
                f"Expected a new evaluation id for new work; {started.evaluation_id!r} names other work.",
                "Give the evaluation an id of its own.",
            )
        connection.execute(
            "INSERT INTO Evaluations (evaluationId, userId, dishId, status, createdAt, workKey, leaseOwner,"
            " leaseUntil, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                started.evaluation_id,
                started.user_id,
                started.dish_id,
                started.status,
                moment(started.created_at),
                started.work_key,
                owner,
                moment(until),
                started.to_json(),
            ),
        )
        return started

    def _check_lease(self, connection: sqlite3.Connection, evaluation_id: str, owner: str) -> Evaluation:
        # A lease that ran out is still its owner's while nobody has taken the work over.
        row = connection.execute(
            "SELECT status, leaseOwner, document FROM Evaluations WHERE evaluationId = ?", (evaluation_id,)
        ).fetchone()
        if row is None:
            raise LeaseLost(f"Evaluation {evaluation_id} was deleted while it was being worked on.")
        status, holder, document = row
        if status != Status.PROCESSING:
            raise LeaseLost(
                f"Evaluation {evaluation_id} is {status} already; it is no longer being worked on."
            )
        if holder != owner:
            raise LeaseLost(
                f"Evaluation {evaluation_id} was taken over by another worker; {owner} no longer holds it."
            )
        return _read(Evaluation, document, evaluation_id)

    def _end(self, connection: sqlite3.Connection, evaluation: Evaluation) -> None:
        connection.execute(
            "UPDATE Evaluations SET status = ?, document = ?, leaseOwner = NULL, leaseUntil = NULL"
            " WHERE evaluationId = ?",
            (evaluation.status, evaluation.to_json(), evaluation.evaluation_id),
        )

    def _is_empty(self) -> bool:
        # Asked again at the end: a restore that was putting the file in place may have ended in between.
        return self._is_absent() and not restore_pending(self.database.parent) and self._is_absent()

    def _is_absent(self) -> bool:
        try:
            self.database.stat()
        except FileNotFoundError:
            return True
        except OSError:
            return False  # opening it tells why it cannot be used
        return False

    def _document(self, kind: type[RecordT], table: str, column: str, value: str) -> RecordT | None:
        if self._is_empty():
            return None
        with self._connection() as connection:
            row = connection.execute(f"SELECT document FROM {table} WHERE {column} = ?", (value,)).fetchone()
        return None if row is None else _read(kind, row[0], value)

    def _evaluations(self, where: str, values: tuple[str | None, ...]) -> list[Evaluation]:
        if self._is_empty():
            return []
        query = (
            f"SELECT evaluationId, document FROM Evaluations WHERE {where} ORDER BY createdAt, evaluationId"
        )
        with self._connection() as connection:
            rows = connection.execute(query, values).fetchall()
        return [_read(Evaluation, document, evaluation_id) for evaluation_id, document in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with telling(f"open {self.database}"):
            make_folder(self.database.parent)
        # Shared by all who work on the file; a restore takes it alone to put another file in its place.
        with locked(lock_path(self.database), exclusive=False):
            if restore_pending(self.database.parent):
                raise StoreError(
                    f"A restore into {self.database.parent} was interrupted half-way.",
                    "Start any `bharatchef` command: it finishes the restore first.",
                )
            try:
                with closing(
                    sqlite3.connect(self.database, timeout=BUSY_TIMEOUT_S, isolation_level=None)
                ) as connection:
                    self._prepare(connection)
                    yield connection
            except sqlite3.Error as error:
                reason, remedy = _REASONS.get(_code(error, self.database.parent), (str(error), ""))
                raise StoreError(
                    f"The records in {self.database} could not be used: {reason}.", remedy
                ) from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        # What a person deleted is not to be read in the file's free pages either.
        connection.execute("PRAGMA secure_delete = ON")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            _enter_wal(connection)
        version = migrations.version_of(connection)
        if version:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            if application != migrations.APPLICATION_ID:
                raise StoreError(
                    f"Expected {self.database} to be this program's own database; it is another program's.",
                    "Set BHARATCHEF_HOME to another folder.",
                )
        if version != migrations.latest_version():
            migrations.migrate(connection, str(self.database))


def _enter_wal(connection: sqlite3.Connection) -> None:
    # Leaving the old journal mode needs the file alone, and SQLite does not always wait for that by itself.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _code(error: sqlite3.Error, folder: Path) -> int:
    code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
    if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        # Where there is no room for the files beside the database, SQLite does not call that a full disk.
        with suppress(OSError):
            disk = os.statvfs(folder)
            if disk.f_bavail * disk.f_frsize < _LITTLE_ROOM_BYTES:
                return sqlite3.SQLITE_FULL
    return code


def _read(kind: type[RecordT], document: str, name: str) -> RecordT:
    try:
        return kind.model_validate_json(document)
    except ValidationError as error:
        raise StoreError(
            f"The stored {kind.__name__} {name!r} cannot be read: {error.errors()[0]['msg']}.",
            "Restore a backup with `bharatchef restore`, or delete the evaluation.",
        ) from error
