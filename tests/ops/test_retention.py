"""The flow enforce_retention on a real Prefect server: killed in its midst it goes on, and tells of all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from people_samples import USER, seed
from running import ROOT, own_environment
from samples import sha

from adapters import build_ports
from bharatchef.settings import Settings, load_settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RUN = """
import json, sys
from flows.enforce_retention import RetentionRequest, enforce_retention
print(enforce_retention(RetentionRequest(dry_run=sys.argv[1] == "dry")).to_json())
"""
FILMS = 400
DAY_S = 86_400


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a person's things and many films, all of them a hundred days old."""
    own = load_settings(home=tmp_path / "bharatchef", built_in_models=False)
    ports = build_ports(own)
    seed(ports, own)
    for number in range(FILMS):
        ports.objects.put_bytes(f"films/{sha(str(number))}.mp4", b"film", "video/mp4")
    old = time.time() - 100 * DAY_S
    for path in own.objects_dir.rglob("*"):
        if path.is_file():
            os.utime(path, (old, old))
    return own


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """The processes that a test started; none of them outlives it."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def start(settings: Settings, prefect_api: str, started: list[subprocess.Popen[str]], how: str = "do"):
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, how],
        cwd=ROOT,
        env=own_environment(settings.home.parent, PREFECT_API_URL=prefect_api),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    started.append(process)
    return process


def ended(process: subprocess.Popen[str]) -> dict[str, object]:
    said, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-3000:]
    assert USER not in said + errors, "no log names anybody"
    found: dict[str, object] = json.loads(said.splitlines()[-1])
    return found


def artifacts(prefect_api: str) -> list[dict[str, str]]:
    """The rows of the last artifact of the flow."""
    asked = json.dumps({"artifacts": {"key": {"any_": ["retained"]}}, "sort": "CREATED_DESC", "limit": 1})
    request = urllib.request.Request(
        f"{prefect_api}/artifacts/filter", asked.encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        (last,) = json.load(answer)
    rows: list[dict[str, str]] = json.loads(last["data"])
    return rows


def test_killed_in_its_midst_the_next_run_goes_on_and_tells_of_all(settings, prefect_api, started):
    ports = build_ports(settings)
    due = ended(start(settings, prefect_api, started, "dry"))
    assert due["archived"] == due["deleted"] == 0
    assert len(list(ports.objects.list_keys("films/"))) == FILMS + 2
    looked = artifacts(prefect_api)
    assert {row["when"] for row in looked} == {"due"}

    process = start(settings, prefect_api, started)
    until = time.monotonic() + 200
    while sum(1 for _ in ports.objects.list_keys("archive/")) < 20:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(list(ports.objects.list_keys("films/"))) > 0, "it was killed in its midst"

    done = ended(start(settings, prefect_api, started))
    assert done["archived"] > 0
    assert done["doneByAnInterruptedRun"] > 0
    assert list(ports.objects.list_keys("films/")) == []
    assert len(list(ports.objects.list_keys("archive/"))) == FILMS + 4
    told = artifacts(prefect_api)
    assert len(told) == len(looked)
    assert {(row["what"], row["action"], row["of"]) for row in told} == {
        (row["what"], row["action"], row["of"]) for row in looked
    }
    assert USER not in json.dumps(told)

    again = ended(start(settings, prefect_api, started))
    assert again == {"archived": 0, "deleted": 0, "doneByAnInterruptedRun": 0, "findings": []}
