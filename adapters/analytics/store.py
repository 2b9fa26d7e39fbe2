"""What is written into the star: changes by upsert with their watermark, and the removal of a person.

It knows no source and no benchmark. **A change counts once**: its rows, its version and the watermark that
says it was read are of one transaction, so a load that is killed has either done a batch or not begun it; a
change whose version is not above the one that is loaded changes nothing, so what comes twice or late
changes nothing either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from adapters.analytics import schema
from adapters.analytics.engine import empty_log, writing
from bharatchef.analytics.changes import Change
from bharatchef.analytics.facts import Facts, Row
from bharatchef.errors import StoreError

Prepared = tuple[Change, Facts | None]
"""A change with the rows that it leads to; ``None`` where it leads to none."""

# One number for all loads and erasures of one database; of no meaning beyond being the same.
_WRITER_LOCK = 0x42434C44
_AT_ONCE = 500
_PARENTS = (
    (schema.dim_person, schema.fact_evaluation.c.person_key),
    (schema.dim_dish, schema.fact_evaluation.c.dish_key),
    (schema.dim_date, schema.fact_evaluation.c.date_key),
    (schema.dim_model, schema.fact_model_use.c.model_key),
)


class AnalyticsStore:
    """The star in one database; one transaction at a time writes, whoever asks for it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def watermark(self, source: str) -> str | None:
        """Up to where ``source`` was loaded; ``None`` where nothing of it was."""
        with telling("read the watermark"), self.engine.connect() as connection:
            return _watermark(connection, source)

    def apply(
        self,
        source: str,
        before: str | None,
        after: str,
        changes: Sequence[Prepared],
        now: datetime,
        *,
        afresh: bool = False,
        present: frozenset[str] | None = None,
    ) -> int:
        """Load a batch and move the watermark from ``before`` to ``after``, all or nothing.

        Args:
            source: whose batch it is.
            before: the watermark that the batch was read from.
            after: the watermark of the batch.
            changes: in any order.
            now: the present moment.
            afresh: forget first what was loaded.
            present: all evaluations that there are; what is loaded besides is removed. ``None``: not known.

        Returns:
            How many changes were newer than what was loaded.

        Raises:
            StoreError: another load has moved the watermark meanwhile, or the database does not take it.
        """
        with self._alone(f"load changes of {source}") as connection:
            if _watermark(connection, source) != before:
                raise StoreError(
                    "Another load of the analytics went on meanwhile; this one changed nothing.",
                    "Nothing is lost: the other one goes on. Let one load run at a time.",
                )
            if afresh:
                for table in (schema.fact_evaluation, *schema.DIMENSIONS, schema.source_version):
                    connection.execute(delete(table))
            newer = _newest(connection, changes)
            if newer:
                self._replace(connection, newer)
            if present is not None:
                _keep_only(connection, present)
            _upsert(
                connection,
                schema.source_watermark,
                [{"source": source, "watermark": after, "loaded_at": now}],
            )
        return len(newer)

    def rewind(self, source: str, watermark: str | None) -> None:
        """Let the next load begin at an older watermark; ``None``: from nothing."""
        table = schema.source_watermark
        with self._alone("set the watermark") as connection:
            if watermark is None:
                connection.execute(delete(table).where(table.c.source == source))
            else:
                connection.execute(table.update().where(table.c.source == source).values(watermark=watermark))

    def erase(self, person: str, at: datetime) -> int:
        """Remove all rows of a person, and load nothing again of what they did up to ``at``.

        What stays is the pseudonym with the moment: without it, reading from an older watermark would bring
        the person back. Benchmarks that were told stay: no one person's figure is in them.

        Args:
            person: the pseudonym.
            at: the moment of the erasure.

        Returns:
            How many evaluations were removed; 0 where it was done before.
        """
        fact, version = schema.fact_evaluation, schema.source_version
        with self._alone("erase a person") as connection:
            theirs = select(fact.c.evaluation_id).where(fact.c.person_key == person)
            connection.execute(delete(version).where(version.c.evaluation_id.in_(theirs)))
            removed = connection.execute(delete(fact).where(fact.c.person_key == person)).rowcount
            _prune(connection)
            _upsert(connection, schema.erased_person, [{"person_key": person, "erased_at": at}])
        with telling("empty the log"):
            empty_log(self.engine)
        return removed

    def _replace(self, connection: Connection, newer: list[Prepared]) -> None:
        ids = [change.evaluation_id for change, _ in newer]
        fact = schema.fact_evaluation
        # What hangs on it goes with it: ON DELETE CASCADE.
        removed = connection.execute(delete(fact).where(fact.c.evaluation_id.in_(ids))).rowcount
        kept = [facts for _, facts in newer if facts is not None]
        for table in schema.STAR:
            rows = [row for facts in kept for row in facts.rows[table.name]]
            if table in schema.DIMENSIONS:
                _upsert(connection, table, rows)
            elif rows:
                connection.execute(table.insert(), rows)
        if removed:
            _prune(connection)
        _upsert(
            connection,
            schema.source_version,
            [{"evaluation_id": change.evaluation_id, "version": change.version} for change, _ in newer],
        )

    @contextmanager
    def _alone(self, doing: str) -> Iterator[Connection]:
        with telling(doing), writing(self.engine, _WRITER_LOCK) as connection:
            yield connection


@contextmanager
def telling(doing: str) -> Iterator[None]:
    """Turns what a database says inside the block into a ``StoreError`` without its address and its rows."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = type(getattr(error, "orig", None) or error).__name__
        raise StoreError(
            f"Could not {doing} in the analytics' database ({cause}).",
            "Check that the database is there, then `bharatchef report refresh` brings it to this release.",
        ) from error


def _watermark(connection: Connection, source: str) -> str | None:
    table = schema.source_watermark
    found: str | None = connection.scalar(select(table.c.watermark).where(table.c.source == source))
    return found


def _newest(connection: Connection, changes: Sequence[Prepared]) -> list[Prepared]:
    """The last change of each evaluation that is newer than what is loaded; of erased people, no rows."""
    last: dict[str, Prepared] = {}
    for change, facts in changes:
        found = last.get(change.evaluation_id)
        if found is None or found[0].version < change.version:
            last[change.evaluation_id] = (change, facts)
    version = schema.source_version
    loaded: dict[str, str] = {
        row.evaluation_id: row.version
        for row in connection.execute(select(version).where(version.c.evaluation_id.in_(last)))
    }
    people = {facts.person for _, facts in last.values() if facts is not None}
    gone = schema.erased_person
    erased: dict[str, datetime] = {
        row.person_key: row.erased_at
        for row in connection.execute(select(gone).where(gone.c.person_key.in_(people)))
    }
    newer: list[Prepared] = []
    for evaluation_id, (change, facts) in sorted(last.items()):
        if change.version <= loaded.get(evaluation_id, ""):
            continue
        if facts is not None and facts.person in erased and facts.created_at <= erased[facts.person]:
            newer.append((change, None))
        else:
            newer.append((change, facts))
    return newer


def _upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, and bring those whose key is there to what they say now."""
    key = [column.name for column in table.primary_key]
    by_key = {tuple(row[name] for name in key): dict(row) for row in rows}
    if not by_key:
        return
    # Always in one order: two writers of one row then never wait for each other in a ring.
    values = [by_key[found] for found in sorted(by_key)]
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table)
    rest = {column.name: insert.excluded[column.name] for column in table.c if column.name not in key}
    statement = (
        insert.on_conflict_do_update(index_elements=key, set_=rest)
        if rest
        else insert.on_conflict_do_nothing(index_elements=key)
    )
    connection.execute(statement, values)


def _keep_only(connection: Connection, present: frozenset[str]) -> None:
    version, fact = schema.source_version, schema.fact_evaluation
    gone = sorted(set(connection.scalars(select(version.c.evaluation_id))) - present)
    for first in range(0, len(gone), _AT_ONCE):
        ids = gone[first : first + _AT_ONCE]
        connection.execute(delete(fact).where(fact.c.evaluation_id.in_(ids)))
        connection.execute(delete(version).where(version.c.evaluation_id.in_(ids)))
    if gone:
        _prune(connection)


def _prune(connection: Connection) -> None:
    """Remove what no fact refers to any more: a person above all."""
    for dimension, reference in _PARENTS:
        (key,) = dimension.primary_key
        connection.execute(delete(dimension).where(~exists().where(reference == key)))
