"""The tables are what the migrations make, in a schema of their own, and any number may bring them there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from analytics_samples import OCTOBER, result_of, store_at, tables
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.engine import make_url

from adapters.analytics import schema
from adapters.analytics.engine import analytics_url, migrate, open_engine
from adapters.analytics.opening import open_store
from bharatchef.analytics.facts import facts_of
from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Status

NEWEST = "0002"


def test_the_migrations_make_the_tables_that_the_code_knows(star):
    with star.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_several_at_once_bring_an_empty_database_to_its_version(star_url):
    url = star_url.replace("analytics.sqlite3", "another.sqlite3")
    if url == star_url:
        with open_engine(make_url(url)).begin() as connection:
            connection.execute(text("DROP SCHEMA analytics CASCADE"))
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: store_at(url), range(4)))
    assert all(set(tables(store.engine)) == set(tables(stores[0].engine)) for store in stores)
    for store in stores:
        store.engine.dispose()


def test_prefects_tables_in_the_same_database_are_left_alone(postgres_url):
    engine = open_engine(make_url(postgres_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS public.alembic_version (version_num text)"))
        connection.execute(text("DELETE FROM public.alembic_version"))
        connection.execute(text("INSERT INTO public.alembic_version VALUES ('prefects own')"))
    migrate(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM public.alembic_version")) == "prefects own"
        assert connection.scalar(text("SELECT version_num FROM analytics.alembic_version")) == NEWEST
    engine.dispose()


def test_a_database_of_a_newer_release_is_refused(star):
    with star.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(ConfigurationError, match="another release"):
            migrate(star.engine)
    finally:
        with star.engine.execution_options(writes=True).begin() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{NEWEST}'"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mysql://cook:word@host/db", "PostgreSQL or SQLite, got mysql"),
        ("no address:word", "is no address of a database"),
    ],
)
def test_an_address_that_does_not_fit_is_told_without_its_password(given, said):
    with pytest.raises(ConfigurationError, match=said) as raised:
        analytics_url(load_settings(analytics_url=SecretStr(given)))
    assert "word" not in str(raised.value).replace("PASSWORD", "")


def test_what_does_not_answer_is_told_without_its_password():
    given = SecretStr("postgresql://cook:word@127.0.0.1:9/analytics")
    with pytest.raises(StoreError, match="analytics' database") as raised:
        open_store(load_settings(analytics_url=given))
    assert "word" not in str(raised.value)


def test_one_evaluation_has_one_row_and_what_hangs_on_it():
    result = result_of(1)
    facts = facts_of(result.evaluation, result, str.upper)
    assert facts is not None
    (row,) = facts.rows["fact_evaluation"]
    assert (row["date_key"], row["overall_score"], row["wall_s"]) == (20261005, 70.0, 41.0)
    assert [one["deviation_id"] for one in facts.rows["fact_deviation"]] == ["d1", "d2", "d3"]
    assert [one["coached"] for one in facts.rows["fact_deviation"]] == [True, True, False]
    assert len(facts.rows["fact_category_score"]) == 6
    assert facts.rows["dim_model"][0]["model_key"].startswith("objects:yolov8:1.0.0:")


def test_without_its_result_the_scores_still_count():
    evaluation = result_of(1).evaluation
    facts = facts_of(evaluation, None, str.upper)
    assert facts is not None
    assert len(facts.rows["fact_category_score"]) == 6
    assert facts.rows["fact_deviation"] == facts.rows["fact_stage_cost"] == ()
    assert facts.rows["dim_dish"][0]["dish_key"] == "egg-bhurji@"


def test_what_has_not_ended_is_no_fact():
    begun = result_of(1).evaluation.model_copy(update={"status": Status.PROCESSING})
    assert facts_of(begun, None, str.upper) is None


def test_a_late_evening_is_the_next_day_in_india():
    late = result_of(1, at=OCTOBER.replace(hour=18, minute=31))
    facts = facts_of(late.evaluation, late, str.upper)
    assert facts is not None
    assert facts.rows["dim_date"][0]["day"].isoformat() == "2026-10-06"
