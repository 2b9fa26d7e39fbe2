"""The flow refresh_analytics on a real Prefect server, and the reports that read what it loads."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from analytics_samples import OCTOBER, keep, result_of, store_at
from running import ROOT, own_environment
from servers.postgres import postgres
from sqlalchemy import select

from adapters import build_ports
from adapters.analytics.schema import dim_person
from bharatchef.ports import Ports
from bharatchef.pseudonyms import pseudonym
from bharatchef.settings import load_settings

RUN = """
import json, sys
from flows.refresh_analytics import RefreshRequest, refresh_analytics
print(refresh_analytics(RefreshRequest(afresh=sys.argv[1] == "afresh")).to_json())
"""
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def ports(tmp_path) -> Ports:
    """The home of the command of this test: twelve people in October, one of them twice today."""
    own = build_ports(load_settings(home=tmp_path / "bharatchef", built_in_models=False))
    for number in range(12):
        keep(own, result_of(number, f"person-{number}", overall=50.0 + number))
    for number in range(2):
        at = datetime.now(UTC) - timedelta(hours=2 - number)
        keep(own, result_of(20 + number, "person-1", at=at, overall=70.0 + 5 * number))
    return own


def _run(tmp_path, prefect_api, how="on"):
    done = subprocess.run(
        [sys.executable, "-c", RUN, how],
        cwd=ROOT,
        env=own_environment(tmp_path, PREFECT_API_URL=prefect_api),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def _asked(prefect_api, what, body):
    request = urllib.request.Request(
        f"{prefect_api}/{what}/filter", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_runs_load_what_changed_and_the_reports_show_it(tmp_path, prefect_api, bharatchef, ports):
    first = _run(tmp_path, prefect_api)
    assert (first["changes"], first["groups"], first["withoutResult"]) == (14, 1, 0)
    keep(ports, result_of(50, "person-2", at=OCTOBER + timedelta(days=1)))
    ports.evaluations.delete("ev-21")
    second = _run(tmp_path, prefect_api)
    assert (second["newer"], second["afresh"], second["groups"]) == (1, False, 0)
    runs = _asked(prefect_api, "flow_runs", {"flows": {"name": {"any_": ["refresh-analytics"]}}})
    assert [run["state_type"] for run in runs] == ["COMPLETED"] * 2
    kept = _asked(prefect_api, "artifacts", {"artifacts": {"key": {"any_": ["analytics"]}}})
    assert json.loads(kept[0]["data"])[0]["newer"] in (1, 14)

    drawn = tmp_path / "progress.svg"
    progress = bharatchef("report", "progress", "person-1", "--svg", drawn)
    assert progress.returncode == 0, progress.stderr
    assert "egg-bhurji (rubric 1): 51 at first, 70 now, +19 over 2 attempts." in progress.stdout
    chart = ElementTree.parse(drawn).getroot()
    assert chart.get("role") == "img"
    assert "51 at first, 70 now" in chart.findtext(f"{SVG}desc", "")

    benchmark = json.loads(bharatchef("report", "benchmark", "egg-bhurji", "--json").stdout)
    assert [one["month"] for one in benchmark] == ["2026-10"]
    assert benchmark[0]["spreads"]["overall"] == {
        "peopleAtLeast": 10,
        "lower": 53.0,
        "median": 56.0,
        "upper": 58.0,
    }
    assert "person" not in json.dumps(benchmark).replace("peopleAtLeast", "")

    cost = json.loads(bharatchef("report", "cost", "--json").stdout)
    assert {one["month"]: one["evaluations"] for one in cost}["2026-10"] == 13
    models = json.loads(bharatchef("report", "models", "--json").stdout)
    assert [(one["name"], one["evaluations"]) for one in models] == [("yolov8", 14)]


def test_afresh_gives_the_same_and_nothing_loaded_is_said(tmp_path, prefect_api, bharatchef, ports):
    empty = bharatchef("report", "cost")
    assert "Nothing is loaded yet" in empty.stdout
    nobody = bharatchef("report", "progress", "person-1")
    assert (nobody.returncode, "report refresh" in nobody.stderr) == (9, True)
    assert bharatchef("report", "refresh").stdout.startswith("14 changes read, 14 of them new")
    words = ("report", "progress", "person-1", "--json")
    before = bharatchef(*words).stdout
    assert len(json.loads(before)) == 3
    assert _run(tmp_path, prefect_api, "afresh")["afresh"]
    assert bharatchef(*words).stdout == before
    assert len(list(ports.evaluations.find(""))) == 14


def test_a_database_that_does_not_answer_fails_the_run_with_its_reason(bharatchef, ports):
    keep(ports, result_of(60))
    done = bharatchef(
        "report",
        "refresh",
        BHARATCHEF_ANALYTICS_URL="postgresql://cook:a-secret-word@127.0.0.1:9/analytics",
    )
    assert done.returncode == 5
    assert "analytics' database" in done.stderr
    assert "a-secret-word" not in done.stderr + done.stdout
    wrong = bharatchef("report", "cost", BHARATCHEF_ANALYTICS_URL="mysql://cook:a-secret-word@host/db")
    assert wrong.returncode == 3
    assert "PostgreSQL or SQLite, got mysql" in wrong.stderr
    assert "a-secret-word" not in wrong.stderr + wrong.stdout


def test_postgresql_and_a_key_of_pseudonyms_that_are_set_are_used(bharatchef, ports, tmp_path):
    own_key = "a key of the test, of more than thirty-two characters"
    with postgres("analytics") as url:
        given = {
            "BHARATCHEF_ANALYTICS_URL": url.replace("+asyncpg", ""),
            "BHARATCHEF_PSEUDONYM_KEY": own_key,
        }
        done = bharatchef("report", "refresh", **given)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("14 changes read, 14 of them new; 1 groups closed.")
        assert len(json.loads(bharatchef("report", "progress", "person-1", "--json", **given).stdout)) == 3
        with store_at(url.replace("+asyncpg", "+psycopg")).engine.connect() as connection:
            people = set(connection.scalars(select(dim_person.c.person_key)))
        assert people == {pseudonym(f"person-{number}", own_key.encode()) for number in range(12)}
    assert not (tmp_path / "bharatchef" / "analytics.sqlite3").exists()
    assert len(list(ports.evaluations.find(""))) == 14
