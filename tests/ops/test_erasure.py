"""A person is erased after a real evaluation: the whole home is searched by bytes, Prefect's files too."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flow.flow_inputs import correct_segments, write_film, write_segments
from people_samples import EMAIL, NAME, USER, WORDS, found_in_files, seed
from running import ROOT, own_environment
from samples import MOMENT

from adapters import build_ports
from bharatchef.records import User
from bharatchef.settings import load_settings
from tasks.erasing import ask_for_erasure, looked_up
from tasks.erasing_objects import places_of_ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DISH = "masala-chai"
RUN = """
from flows.erase_person import erase_person
print(erase_person().to_json())
"""


class Home:
    """A home of its own, in which each command starts a Prefect server of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "bharatchef"
        self.said = ""

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "app", *map(str, words)],
            cwd=ROOT,
            env=own_environment(self.folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str | Path) -> str:
        process = self.start(*words)
        said, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-3000:]
        self.said += said + errors
        return said

    def logs(self) -> str:
        """All that Prefect logged, and the names that it gave to runs."""
        with sqlite3.connect(self.home / "prefect" / "prefect.db") as database:
            said = database.execute("SELECT message FROM log UNION SELECT name FROM flow_run").fetchall()
        server = self.home / "prefect" / "server.log"
        return "\n".join([*(row[0] for row in said), server.read_text() if server.exists() else ""])


def test_a_person_is_erased_everywhere_also_by_the_second_of_two_processes(tmp_path):
    home = Home(tmp_path)
    end = max(row["endTime"] for row in correct_segments(DISH)) + 3
    film = write_film(tmp_path / "tea.mp4", end, fps=4)
    marks = write_segments(tmp_path / "marks.json", DISH, correct_segments(DISH))
    user = User(user_id=USER, name=NAME, email=EMAIL, created_at=MOMENT)
    build_ports(load_settings(home=home.home, built_in_models=False)).evaluations.put_user(user)
    home.run("consent", "give", USER, "--purpose", "evaluation", "--version", "1", "--birth-year", "2012",
             "--guardian", "Lakshmi Sundaram")  # fmt: skip
    home.run("evaluate", film, "--dish", DISH, "--segments", marks, "--user", USER, "--json")
    logs = home.logs()
    assert f"{DISH} of p-" in logs
    for word in WORDS:
        assert word not in logs, "logs hold pseudonyms only"
    assert len(found_in_files(home.home)) > 3

    process = home.start("delete-user", USER, "--yes")
    until = time.monotonic() + 200
    while not list((home.home / "objects" / "erasures").glob("*.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    receipt = tmp_path / "receipt.json"
    home.run("delete-user", USER, "--yes", "--out", receipt)

    assert found_in_files(home.home) == []
    counts = {entry["place"]: entry["count"] for entry in json.loads(receipt.read_text())["erased"]}
    assert counts["records in the tables"] == 2
    assert (
        counts["consent"] == counts["announcements"] == counts["runs of Prefect, with their artifacts"] == 1
    )
    assert counts["results of tasks on this machine"] >= 2
    assert counts["films, proxies, stills, segments and results"] > 5
    assert not list((home.home / "objects" / "segments").glob("*")), "segments that nothing named went too"
    assert "Genuine" in home.run("receipt", "verify", receipt)
    receipt.write_text(re.sub(r'"count": 1', '"count": 0', receipt.read_text(), count=1))
    refused = home.start("receipt", "verify", receipt)
    assert "not as it was signed" in refused.communicate(timeout=60)[1]
    assert refused.returncode == 4


def test_the_flow_finishes_what_was_asked_for_and_names_nobody(tmp_path, prefect_api):
    settings = load_settings(home=tmp_path / "bharatchef", built_in_models=False)
    ports = build_ports(settings)
    seeded = seed(ports, settings)
    ask_for_erasure(ports, looked_up(ports, settings, places_of_ports(ports), USER))
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env=own_environment(tmp_path, PREFECT_API_URL=prefect_api),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (receipt,) = json.loads(done.stdout.splitlines()[-1])["receipts"].items()
    assert receipt[0] == seeded.person
    assert ports.objects.exists(receipt[1])
    assert found_in_files(settings.home) == []
    for word in WORDS:
        assert word not in done.stdout + done.stderr
