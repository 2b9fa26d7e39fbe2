"""Opens the analytics' database and brings it to this version; knows nothing of what its rows mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import resources
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bharatchef.errors import ConfigurationError
from bharatchef.settings import Settings

SCHEMA = "analytics"
"""What the tables lie in, in PostgreSQL."""

_BUSY_S = 60
# One number for all who bring one database to a version at once; of no meaning beyond being the same.
_MIGRATION_LOCK = 0x42434146


def analytics_url(settings: Settings) -> URL:
    """Where the analytics are kept: the setting ``analytics_url``, else a SQLite file in the home.

    Raises:
        ConfigurationError: it is neither PostgreSQL nor SQLite; the message shows no password.
    """
    given = settings.analytics_url.get_secret_value()
    if not given:
        return URL.create("sqlite", database=str(settings.home / "analytics.sqlite3"))
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise ConfigurationError(
            "BHARATCHEF_ANALYTICS_URL is no address of a database.",
            "Expected postgresql://USER:PASSWORD@HOST/DATABASE, or unset it for a file in the home.",
        ) from error
    kind = url.get_backend_name()
    if kind == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if kind == "sqlite":
        return url.set(drivername="sqlite")
    raise ConfigurationError(
        f"Expected BHARATCHEF_ANALYTICS_URL to name PostgreSQL or SQLite, got {kind}.",
        "Expected postgresql://USER:PASSWORD@HOST/DATABASE, or unset it for a file in the home.",
    )


def open_engine(url: URL) -> Engine:
    """An engine whose every transaction is whole or not at all, also where its process is killed.

    Raises:
        ConfigurationError: the driver of PostgreSQL is not installed.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    # A schema of its own: the database may be Prefect's too, which has a table `alembic_version` of its own.
    options = {"connect_timeout": 10, "options": f"-c search_path={SCHEMA}"}
    try:
        return create_engine(url, pool_pre_ping=True, connect_args=options)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "Expected psycopg, which PostgreSQL is asked with, but it is not installed.",
            "Install the extra: pip install 'bharatchef[analytics]'.",
        ) from error


def migrate(engine: Engine, to: str = "head") -> None:
    """Bring the database to version ``to``, all or nothing; several at once wait for each other.

    Raises:
        ConfigurationError: a newer release has written it.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(resources.files("adapters.analytics") / "migrations"))
    with writing(engine, _MIGRATION_LOCK) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, to)
        except CommandError as error:
            raise ConfigurationError(
                f"The analytics' database is of another release: {error}.", "Install the newer release."
            ) from error


@contextmanager
def writing(engine: Engine, lock: int) -> Iterator[Connection]:
    """A transaction of who writes, alone among those that name the same ``lock``."""
    with engine.execution_options(writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
        yield connection


def empty_log(engine: Engine) -> None:
    """Let SQLite's log hold nothing of what was removed; where others read just then, it is emptied later."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_S})

    # The driver's own way of beginning leaves DDL outside of the transaction. Who writes takes the write lock
    # first, so that what was read is still true when it is written; who only reads takes none.
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        # Who was erased is not to be read in the file's free pages either.
        connection.execute("PRAGMA secure_delete = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
