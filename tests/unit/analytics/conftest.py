"""A real PostgreSQL for all tests of this folder, and a star in each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from analytics_samples import emptied, store_at
from servers.postgres import postgres

from adapters.analytics.store import AnalyticsStore


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL; skipped with a word where there is none."""
    with postgres("analytics") as url:
        yield url.replace("+asyncpg", "+psycopg")


@pytest.fixture(params=["sqlite", "postgresql"])
def star_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty star."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'analytics.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    store = emptied(store_at(url))
    store.engine.dispose()
    return url


@pytest.fixture
def star(star_url: str) -> Iterator[AnalyticsStore]:
    store = store_at(star_url)
    yield store
    store.engine.dispose()
