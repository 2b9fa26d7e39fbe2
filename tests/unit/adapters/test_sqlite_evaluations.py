"""What only the SQLite evaluation store has to get right: versions, many processes, bad disks."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from forking import ForkServer
from samples import sample_evaluation, sample_result
from small_disk import run_on_small_disk

from adapters.local import migrations
from adapters.local.clock import SystemClock
from adapters.local.evaluations import SqliteEvaluations
from adapters.moments import moment
from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.records import Evaluation
from bharatchef.vocabulary import Status


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "home" / "bharatchef.sqlite3"


@pytest.fixture
def store(database: Path) -> SqliteEvaluations:
    return SqliteEvaluations(database, SystemClock())


def database_of_version(database: Path, version: int, evaluations: list[Evaluation]) -> None:
    """A database as the release of that version left it, with those evaluations in it."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        migrations.migrate(connection, str(database), to=version)
        for e in evaluations:
            connection.execute(
                "INSERT INTO Evaluations (evaluationId, userId, dishId, status, createdAt, workKey, document)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    e.evaluation_id,
                    e.user_id,
                    e.dish_id,
                    e.status,
                    moment(e.created_at),
                    e.work_key,
                    e.to_json(),
                ),
            )
            if e.status == Status.COMPLETED:
                feedback = sample_result(e).feedback.to_json()
                connection.execute("INSERT INTO Feedback VALUES (?, ?)", (e.evaluation_id, feedback))


def test_reading_where_nothing_is_kept_finds_nothing_and_makes_nothing(store, database):
    assert store.get("ev-1") is None
    assert store.user("asha") is None
    assert list(store.history("asha")) == list(store.find("")) == list(store.expired()) == []
    assert list(store.unannounced()) == []
    assert not database.parent.exists()


def some_evaluations() -> list[Evaluation]:
    done = sample_result(sample_evaluation("ev-1", work="one")).evaluation
    failed = sample_evaluation("ev-2", minutes=1, work="two").model_copy(
        update={"status": Status.FAILED, "failure_reason": "empty film"}
    )
    return [done, failed, sample_evaluation("ev-3", minutes=2, work="three")]


def test_the_tables_bear_the_designs_names(store: SqliteEvaluations, database: Path) -> None:
    assert store.check() == []
    with closing(sqlite3.connect(database)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        keys = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[5]]
            for table in tables - {"Changes", "sqlite_sequence"}  # the history of them, for analytics
        }
    assert keys == {
        "Users": ["userId"],
        "Dishes": ["dishId"],
        "Evaluations": ["evaluationId"],
        "ActionSequences": ["evaluationId"],
        "Feedback": ["evaluationId"],
    }


def test_the_file_is_in_wal_mode_and_whole(store: SqliteEvaluations, database: Path) -> None:
    store.complete(sample_result(store.claim(sample_evaluation(), "one", 60).evaluation), "one")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (migrations.latest_version(),)
        dishes = connection.execute("SELECT json_extract(document, '$.dishId') FROM Dishes").fetchall()
    assert dishes == [("egg-bhurji",)]
    assert store.check() == []


def test_every_commit_is_on_the_disk_before_it_returns(store: SqliteEvaluations) -> None:
    with store._connection() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_what_was_deleted_is_not_in_the_file_any_more(store: SqliteEvaluations, database: Path) -> None:
    claimed = store.claim(sample_evaluation("ev-doomed"), "one", 60).evaluation
    store.complete(sample_result(claimed), "one")
    assert b"ev-doomed" in database.read_bytes()
    store.delete("ev-doomed")
    assert all(b"ev-doomed" not in path.read_bytes() for path in database.parent.iterdir())


def test_history_goes_by_its_index(store: SqliteEvaluations, database: Path) -> None:
    assert store.check() == []
    with closing(sqlite3.connect(database)) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT evaluationId, document FROM Evaluations"
            " WHERE userId = 'asha' AND createdAt >= '' ORDER BY createdAt, evaluationId"
        ).fetchall()
    assert "USING INDEX userId-timestamp-index (userId=? AND createdAt>?)" in plan[0][3]


@pytest.mark.parametrize("version", range(1, len(migrations.migrations()) + 1))
def test_an_older_database_is_brought_here_with_all_that_is_in_it(database: Path, version: int) -> None:
    done, failed, begun = before = some_evaluations()
    database_of_version(database, version, before)
    store = SqliteEvaluations(database, SystemClock())
    assert store.find("") == before
    assert list(store.history("asha")) == before
    assert store.feedback("ev-1") == sample_result(done).feedback
    assert store.check() == []
    if version == 1:
        assert list(store.expired()) == [begun]
    if version <= 2:
        assert not store.unannounced()
    if version == 1:
        claim = store.claim(sample_evaluation("ev-9", work="three"), "one", 60)
        assert (claim.outcome, claim.resumed, claim.evaluation) == ("claimed", True, begun)
        store.complete(sample_result(begun), "one")
        assert [e.evaluation_id for e in store.unannounced()] == ["ev-3"]
    assert store.claim(sample_evaluation("ev-8", work="two"), "one", 60).outcome == "claimed"
    assert store.get("ev-2") == failed


def test_a_migration_is_all_or_nothing(database: Path) -> None:
    database_of_version(database, 1, some_evaluations())
    with closing(sqlite3.connect(database)) as connection:
        # In the way of the last statement of the second version.
        connection.execute('CREATE INDEX "userId-timestamp-index" ON Evaluations (userId)')
        before = list(connection.iterdump())
    with pytest.raises(StoreError):
        SqliteEvaluations(database, SystemClock()).find("")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert list(connection.iterdump()) == before
        connection.execute('DROP INDEX "userId-timestamp-index"')
        connection.commit()
    assert len(SqliteEvaluations(database, SystemClock()).find("")) == 3


def test_a_migration_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    killed = 0
    with ForkServer("unit_children") as processes:
        probe = tmp_path / "probe.sqlite3"
        database_of_version(probe, 1, some_evaluations())
        calls = processes.calls_of("unit_children:open_database", database=str(probe))
        for call in range(4, calls, calls // 25):
            database = tmp_path / f"{call}.sqlite3"
            database_of_version(database, 1, some_evaluations())
            status = processes.call("unit_children:open_database", database=str(database), call=call)
            store = SqliteEvaluations(database, SystemClock())
            assert store.find("") == some_evaluations()
            assert store.check() == []
            killed += status == -9
    assert killed >= 20


def test_a_newer_database_is_refused_and_left_as_it_is(store: SqliteEvaluations, database: Path) -> None:
    store.claim(sample_evaluation(), "one", 60)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ConfigurationError, match=r"version 99.*newer release"):
        store.get("ev-1")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)


@pytest.mark.parametrize("version", [0, 2])
def test_another_programs_database_is_refused(database: Path, version: int) -> None:
    database.parent.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StoreError, match="another program"):
        SqliteEvaluations(database, SystemClock()).find("")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]


def test_a_file_that_is_no_database_is_an_error_with_a_remedy(database: Path) -> None:
    database.parent.mkdir()
    database.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match=r"not a database.*Restore"):
        SqliteEvaluations(database, SystemClock()).find("")


def test_a_record_that_cannot_be_read_is_named(store: SqliteEvaluations, database: Path) -> None:
    store.claim(sample_evaluation(), "one", 60)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE Evaluations SET document = '{}'")
        connection.commit()
    with pytest.raises(StoreError, match="'ev-1'"):
        store.get("ev-1")


def test_of_many_processes_exactly_one_gets_each_work(database: Path) -> None:
    workers, works = 8, 12
    with ForkServer("unit_children") as processes:
        begin_at = time.time() + 0.5
        pids = [
            processes.start(
                "unit_children:claim_all",
                database=str(database),
                owner=f"w{n}",
                works=works,
                begin_at=begin_at,
            )
            for n in range(workers)
        ]
        assert [processes.wait(pid) for pid in pids] == [0] * workers
    evaluations = SqliteEvaluations(database, SystemClock()).find("")
    assert Counter(e.work_key for e in evaluations) == Counter(
        sample_evaluation(work=f"work {n}").work_key for n in range(works)
    )
    assert Counter(e.status for e in evaluations) == {
        Status.COMPLETED: works // 2,
        Status.PROCESSING: works // 2,
    }


def test_a_full_disk_is_an_error_and_leaves_what_was(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    script = """
import sys
from pathlib import Path
from adapters.local.clock import SystemClock
from adapters.local.evaluations import SqliteEvaluations
from bharatchef.errors import StoreError
from samples import sample_evaluation, sample_result
store = SqliteEvaluations(Path(sys.argv[1], "home", "b.sqlite3"), SystemClock())
stored = []
try:
    for number in range(10_000):
        claimed = store.claim(sample_evaluation(f"ev-{number}", work=str(number)), "one", 60).evaluation
        stored.append(claimed)
        store.complete(sample_result(claimed), "one")
        stored[-1] = sample_result(claimed).evaluation
except StoreError as error:
    print(error)
Path(sys.argv[1], "ballast").unlink()
assert store.check() == []
found = {e.evaluation_id: e for e in store.find("")}
assert found == {e.evaluation_id: e for e in stored}, "something is lost or half there"
assert all((store.feedback(i) is not None) == (e.status == "COMPLETED") for i, e in found.items())
claimed = store.claim(sample_evaluation("ev-last", work="last"), "one", 60).evaluation
store.complete(sample_result(claimed), "one")
print(len(found))
"""
    ballast = 'import sys, pathlib; pathlib.Path(sys.argv[1], "ballast").write_bytes(bytes(300_000))\n'
    told = run_on_small_disk(ballast + script, folder, "800k").splitlines()
    assert "the disk is full" in told[0]
    assert int(told[1]) > 3
