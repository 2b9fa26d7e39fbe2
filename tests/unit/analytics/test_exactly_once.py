"""Each change counts once: twice, out of order, killed in the middle, or read again from further back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from analytics_samples import (
    NOW,
    OCTOBER,
    Recorded,
    emptied,
    keep,
    load,
    recorded,
    result_of,
    sqlite_store,
    store_at,
    tables,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import ROOT, own_environment

from adapters import build_ports
from adapters.analytics.store import AnalyticsStore
from adapters.local.changes import SqliteChanges
from bharatchef.errors import StoreError
from bharatchef.settings import load_settings

HISTORY = [
    recorded(1, 10, result_of(1, "asha")),
    recorded(1, 20, result_of(1, "asha", overall=75.0)),
    recorded(2, 11, result_of(2, "ravi", rubric="2")),
    recorded(2, 21, None),
    recorded(3, 12, result_of(3, "asha", model_version="2.0.0")),
    recorded(4, 13, result_of(4, "meera", overall=None)),
    recorded(4, 30, result_of(4, "meera", overall=55.0)),
]


def _apply(store: AnalyticsStore, batch: list[Recorded], after: str) -> int:
    before = store.watermark("test")
    return store.apply("test", before, after, [one.prepared() for one in batch], NOW)


def _in_order(store: AnalyticsStore) -> dict[str, list[tuple[object, ...]]]:
    _apply(store, HISTORY, "end")
    return tables(store.engine)


def test_the_same_records_twice_give_the_same_tables(star):
    once = _in_order(star)
    assert len(once["fact_evaluation"]) == 3
    assert _apply(star, HISTORY, "end") == 0
    assert tables(star.engine) == once


def test_records_out_of_order_give_the_same_tables(star):
    in_order = _in_order(star)
    emptied(star)
    for number, one in enumerate(reversed(HISTORY)):
        _apply(star, [one], str(number))
    assert tables(star.engine) == in_order
    assert len(in_order["dim_person"]) == 2, "the person whose only evaluation is gone is gone too"


@given(
    order=st.permutations(HISTORY),
    again=st.lists(st.sampled_from(HISTORY), max_size=6),
    sizes=st.lists(st.integers(min_value=1, max_value=4), min_size=1, max_size=8),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_any_repetition_any_batches_give_the_same_tables(tmp_path, order, again, sizes):
    store = emptied(sqlite_store(tmp_path / "any.sqlite3"))
    expected = sqlite_store(tmp_path / "expected.sqlite3")
    left, number = [*order, *again], 0
    while left:
        size = sizes[number % len(sizes)]
        _apply(store, left[:size], str(number))
        left, number = left[size:], number + 1
    if not tables(expected.engine)["fact_evaluation"]:
        _in_order(expected)
    assert tables(store.engine) == tables(expected.engine)
    store.engine.dispose()
    expected.engine.dispose()


def _home(folder: Path, people: int = 12):
    own = load_settings(home=folder / "home", built_in_models=False)
    ports = build_ports(own)
    for number in range(people):
        keep(ports, result_of(number, f"person-{number % 5}", at=OCTOBER, overall=50.0 + number))
    return own, ports


def test_read_again_from_an_older_watermark_the_tables_are_the_same(star, tmp_path):
    _, ports = _home(tmp_path)
    source = SqliteChanges(ports.evaluations, page=5)
    load(star, ports, source)
    once = tables(star.engine)
    assert len(once["fact_evaluation"]) == 12
    older = next(iter(source.batches(None))).watermark
    star.rewind(source.name, older)
    again = load(star, ports, source)
    assert again.changes > 0
    assert again.newer == 0
    assert tables(star.engine) == once


def test_two_loads_at_once_do_not_both_count(star):
    _apply(star, HISTORY[:2], "a")
    with pytest.raises(StoreError, match="Another load"):
        star.apply("test", None, "b", [HISTORY[2].prepared()], NOW)
    assert star.watermark("test") == "a"
    assert len(tables(star.engine)["fact_evaluation"]) == 1


LOADING = """
import sys, time
sys.path.insert(0, "tests")
from analytics_samples import load, store_at
from adapters import build_ports
from adapters.local.changes import SqliteChanges
from bharatchef.settings import load_settings
ports = build_ports(load_settings(home=sys.argv[1], built_in_models=False))
store = store_at(sys.argv[2])
print("begun", flush=True)
class Slow(SqliteChanges):
    def batches(self, after):
        for batch in super().batches(after):
            yield batch
            time.sleep(0.02)  # so that it is killed in its middle, not after its end
load(store, ports, Slow(ports.evaluations, page=1))
print("ended", flush=True)
"""


@pytest.mark.slow
def test_killed_in_the_middle_the_next_load_ends_with_the_same_tables(star, star_url, tmp_path):
    own, ports = _home(tmp_path, people=30)
    source = SqliteChanges(ports.evaluations)
    load(star, ports, source)
    once = tables(star.engine)
    emptied(star)
    words = [sys.executable, "-c", LOADING, str(own.home), star_url]
    killed = 0
    seen = [0]
    for _ in range(3):
        process = subprocess.Popen(
            words, cwd=ROOT, env=own_environment(tmp_path), stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "begun\n"
            until = time.monotonic() + 60
            while (found := len(tables(star.engine)["fact_evaluation"])) < seen[-1] + 4:
                assert time.monotonic() < until, "the load does not get on"
            os.kill(process.pid, signal.SIGKILL)
            killed += "ended" not in process.stdout.read()
            seen.append(found)
        finally:
            process.kill()
            process.wait()
    assert killed == 3, f"only {killed} of 3 loads were killed before their end"
    assert 0 < seen[1] < seen[2] < seen[3] < 30
    load(star, ports, source)
    assert tables(star.engine) == once


def test_a_store_opened_twice_is_brought_to_its_version_once(star, star_url):
    second = store_at(star_url)
    assert tables(second.engine) == tables(star.engine)
    second.engine.dispose()
