"""Erasing a person, and what may be told of groups of people."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from analytics_samples import KEY, NOW, OCTOBER, keep, load, result_of, sqlite_store, tables
from hypothesis import given
from hypothesis import strategies as st

from adapters import build_ports
from adapters.analytics.benchmarks import tell_closed_groups
from adapters.analytics.queries import attempts_of, benchmarks_of
from adapters.local.changes import SqliteChanges
from bharatchef.analytics.anonymity import K, closed_months, coarse_share, spread
from bharatchef.pseudonyms import pseudonym
from bharatchef.settings import load_settings


def _ports(tmp_path):
    return build_ports(load_settings(home=tmp_path / "home", built_in_models=False))


def _cooked(ports, people, first=0, **more):
    for number in range(people):
        keep(ports, result_of(first + number, f"person-{number}", overall=40.0 + number, **more))


def test_an_erased_person_leaves_no_row_and_does_not_come_back(star, tmp_path):
    ports = _ports(tmp_path)
    keep(ports, result_of(1, "asha"))
    keep(ports, result_of(2, "ravi"))
    source = SqliteChanges(ports.evaluations)
    load(star, ports, source)
    asha = pseudonym("asha", KEY)
    assert star.erase(asha, NOW) == 1
    assert star.erase(asha, NOW) == 0
    left = tables(star.engine, without=("source_watermark", "erased_person"))
    assert asha not in str(left)
    assert "ev-1" not in str(left)
    assert len(left["fact_evaluation"]) == 1
    # The source still holds it, and is read again from the beginning.
    star.rewind(source.name, None)
    load(star, ports, source)
    assert asha not in str(tables(star.engine, without=("erased_person",)))
    # Who comes back later is a new person to the analytics.
    keep(ports, result_of(3, "asha", at=NOW + timedelta(hours=1)))
    load(star, ports, source)
    assert [attempt.evaluation_id for attempt in attempts_of(star.engine, asha, None)] == ["ev-3"]


def test_an_erased_person_is_not_in_the_file_either(tmp_path):
    ports = _ports(tmp_path)
    keep(ports, result_of(1, "asha"))
    star = sqlite_store(tmp_path / "star.sqlite3")
    load(star, ports, SqliteChanges(ports.evaluations))

    def kept() -> bytes:
        return b"".join(file.read_bytes() for file in sorted(tmp_path.glob("star.sqlite3*")))

    assert b"ev-1" in kept()
    star.erase(pseudonym("asha", KEY), NOW)
    assert b"ev-1" not in kept()
    star.engine.dispose()


def test_no_name_is_ever_loaded(star, tmp_path):
    ports = _ports(tmp_path)
    _cooked(ports, 3)
    load(star, ports, SqliteChanges(ports.evaluations))
    assert "person-" not in str(tables(star.engine))


def test_what_is_deleted_goes_and_its_id_stays_nowhere(star, tmp_path):
    ports = _ports(tmp_path)
    _cooked(ports, 2)
    source = SqliteChanges(ports.evaluations)
    load(star, ports, source)
    ports.evaluations.delete("ev-0")
    load(star, ports, source)
    assert "ev-0" not in str(tables(star.engine, without=()))
    with sqlite3.connect(tmp_path / "home" / "bharatchef.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM Changes WHERE evaluationId = 'ev-0'").fetchone() == (
            0,
        )


def test_a_restored_home_is_read_afresh(star, tmp_path):
    ports = _ports(tmp_path)
    _cooked(ports, 3)
    load(star, ports, SqliteChanges(ports.evaluations))
    other = _ports(tmp_path / "restored")
    _cooked(other, 5, first=10)
    loaded = load(star, other, SqliteChanges(other.evaluations))
    assert loaded.afresh
    ids = {row[0] for row in tables(star.engine)["fact_evaluation"]}
    assert ids == {f"ev-{number}" for number in range(10, 15)}


def test_nine_people_are_not_told_and_ten_are(star, tmp_path):
    ports = _ports(tmp_path)
    _cooked(ports, K - 1)
    _cooked(ports, K, first=100, rubric="2")
    load(star, ports, SqliteChanges(ports.evaluations))
    assert tell_closed_groups(star, NOW) == 2
    nine, ten = benchmarks_of(star.engine, "egg-bhurji")
    assert (nine.rubric_version, nine.suppressed) == ("1", True)
    assert not ten.suppressed
    assert ten.spreads["overall"].model_dump() == {
        "people_at_least": 10,
        "lower": 42.0,
        "median": 44.0,
        "upper": 47.0,
    }
    assert "plating" not in ten.spreads, "nobody has a score of it"
    assert ten.mistakes == (), "all ten made it: the share that did not is of fewer than ten"


def test_many_attempts_of_one_person_do_not_make_a_group(star, tmp_path):
    ports = _ports(tmp_path)
    for number in range(30):
        keep(ports, result_of(number, f"person-{number % 9}"))
    load(star, ports, SqliteChanges(ports.evaluations))
    tell_closed_groups(star, NOW)
    (one,) = benchmarks_of(star.engine, "egg-bhurji")
    assert one.suppressed


def test_who_comes_late_changes_nothing_that_was_told(star, tmp_path):
    ports = _ports(tmp_path)
    _cooked(ports, K)
    source = SqliteChanges(ports.evaluations)
    load(star, ports, source)
    tell_closed_groups(star, NOW)
    told = benchmarks_of(star.engine, "egg-bhurji")
    # The eleventh, with an extreme score, comes late; the first is erased. Neither shows from outside.
    keep(ports, result_of(500, "late", overall=100.0))
    load(star, ports, source)
    star.erase(pseudonym("person-0", KEY), NOW)
    assert tell_closed_groups(star, NOW) == 0
    assert benchmarks_of(star.engine, "egg-bhurji") == told
    star.rewind(source.name, None)
    load(star, ports, source)
    tell_closed_groups(star, NOW)
    assert benchmarks_of(star.engine, "egg-bhurji") == told, "a reload tells nothing anew"


def test_a_suppressed_group_stays_suppressed(star, tmp_path):
    ports = _ports(tmp_path)
    _cooked(ports, K - 1)
    source = SqliteChanges(ports.evaluations)
    load(star, ports, source)
    tell_closed_groups(star, NOW)
    keep(ports, result_of(500, "late"))
    load(star, ports, source)
    assert tell_closed_groups(star, NOW) == 0
    assert benchmarks_of(star.engine, "egg-bhurji")[0].suppressed


def test_an_open_month_is_not_told(star, tmp_path):
    ports = _ports(tmp_path)
    _cooked(ports, 2 * K, at=datetime(2026, 11, 1, 4, 0, tzinfo=UTC))
    load(star, ports, SqliteChanges(ports.evaluations))
    assert tell_closed_groups(star, NOW) == 0
    assert tell_closed_groups(star, datetime(2026, 12, 3, 12, 0, tzinfo=UTC)) == 0
    assert tell_closed_groups(star, datetime(2026, 12, 4, 12, 0, tzinfo=UTC)) == 1


def test_a_share_is_told_where_both_sides_are_enough(star, tmp_path):
    ports = _ports(tmp_path)
    _cooked(ports, K + 2)
    for number in range(K):
        keep(ports, result_of(200 + number, f"sound-{number}", with_mistake=False))
    load(star, ports, SqliteChanges(ports.evaluations))
    tell_closed_groups(star, NOW)
    (one,) = benchmarks_of(star.engine, "egg-bhurji")
    assert one.spreads["overall"].people_at_least == 20
    assert {mistake.share for mistake in one.mistakes} == {0.5}


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 100), max_size=30))
def test_a_spread_is_coarse_and_of_ten_people_or_more(scores):
    found = spread(scores)
    assert (found is None) == (len(scores) < K)
    if found is not None:
        assert found.people_at_least % 5 == 0
        assert K <= found.people_at_least <= len(scores)
        assert found.lower <= found.median <= found.upper
        assert all(value == round(value) for value in (found.lower, found.median, found.upper))


@given(people=st.integers(0, 200), data=st.data())
def test_a_share_hides_both_of_its_sides(people, data):
    with_it = data.draw(st.integers(0, people))
    found = coarse_share(with_it, people)
    assert (found is None) == (min(with_it, people - with_it) < K)
    if found is not None:
        assert abs(found - with_it / people) <= 0.05 + 1e-9


def test_a_share_of_more_than_all_is_refused():
    with pytest.raises(ValueError, match="expected 0 to 3 people, got 4"):
        coarse_share(4, 3)


def test_a_month_closes_by_the_time_of_india():
    # 18:29 UTC is 23:59 in India, three days after the month's end.
    months = ["2026-10", "2026-11"]
    assert closed_months(months, datetime(2026, 11, 3, 18, 29, tzinfo=UTC)) == []
    assert closed_months(months, datetime(2026, 11, 3, 18, 31, tzinfo=UTC)) == ["2026-10"]


def test_progress_is_of_one_person_alone(star, tmp_path):
    ports = _ports(tmp_path)
    keep(ports, result_of(1, "asha", at=OCTOBER, overall=50.0))
    keep(ports, result_of(2, "asha", at=OCTOBER + timedelta(days=2), overall=62.0))
    keep(ports, result_of(3, "ravi"))
    load(star, ports, SqliteChanges(ports.evaluations))
    attempts = attempts_of(star.engine, pseudonym("asha", KEY), "egg-bhurji")
    assert [attempt.overall for attempt in attempts] == [50.0, 62.0]
    assert attempts[0].created_at == OCTOBER
    assert attempts[0].categories["plating"] is None
    assert attempts_of(star.engine, pseudonym("nobody", KEY), None) == []
