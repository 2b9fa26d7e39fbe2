"""``bharatchef up``: a server with its UI, a deployment that runs, and nothing left behind after Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from flow_inputs import correct_segments, write_counting_package, write_film, write_segments
from running import ROOT, own_environment

from adapters.local.building import build_local_ports
from app.prefect_server import free_port
from bharatchef.settings import Settings

DISH = "masala-chai"


def ask(url: str, path: str, body: dict[str, object] | None = None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def processes_of(home: Path) -> list[str]:
    """The command lines of processes that still have this home in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(home).encode() in (process / "environ").read_bytes() and int(process.name) != os.getpid():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for left processes in /proc")
def test_up_serves_the_local_deployments_and_ctrl_c_stops_all_of_it(tmp_path):
    home = tmp_path / "bharatchef"
    ports = build_local_ports(Settings(home=home))
    segments = write_segments(tmp_path / "marks.json", DISH, correct_segments(DISH))
    ports.objects.put_bytes("segments/marks.json", segments.read_bytes(), "application/json")
    film = write_film(tmp_path / "tea.mp4", 200, fps=2, size=(160, 120))
    ports.objects.put_file("films/tea.mp4", film, "video/mp4")
    calls = tmp_path / "calls"
    write_counting_package(home / "models", "actions", calls, sleep_s=2.0)
    port = free_port()
    log = (tmp_path / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "up", "--port", str(port)],
        env=own_environment(tmp_path),
        cwd=ROOT,
        stdout=log,
        stderr=log,
    )
    api = f"http://127.0.0.1:{port}/api"
    try:
        deployment = wait_for(
            lambda: ask(api, "deployments/name/evaluate-video/evaluate-video-local"), process
        )
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).read()
        assert b"<!DOCTYPE html>" in page

        second = subprocess.run(
            [sys.executable, "-m", "app", "up", "--port", str(free_port())],
            env=own_environment(tmp_path),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 3
        assert "running already" in second.stderr

        request = {"dish_id": DISH, "segments_key": "segments/marks.json", "segments_name": "marks.json"}
        run = wait_for(lambda: begun(api, deployment, request), process)

        def ended():
            state = ask(api, f"flow_runs/{run['id']}")["state"]
            return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED") else None

        assert wait_for(ended, process)["type"] == "COMPLETED", (home / "prefect" / "serve.log").read_text()
        done = ports.evaluations.history("me")
        assert [evaluation.status for evaluation in done] == ["COMPLETED"]

        request = {"dish_id": DISH, "film_key": "films/tea.mp4", "user_id": "cancelled"}
        run = wait_for(lambda: begun(api, deployment, request), process)
        wait_for(calls.exists, process)
        ask(api, f"flow_runs/{run['id']}/set_state", {"state": {"type": "CANCELLING"}})
        wait_for(lambda: ask(api, f"flow_runs/{run['id']}")["state"]["type"] == "CANCELLED", process)
        (left_off,) = ports.evaluations.history("cancelled")
        assert left_off.status == "FAILED"
        assert "stopped before it was finished" in left_off.failure_reason
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
    finally:
        process.kill()
        process.wait()
        log.close()
    deadline = time.monotonic() + 10
    while (left := processes_of(home)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []
    assert "All stopped." in (tmp_path / "up.log").read_text()


def begun(api: str, deployment: dict[str, object], request: dict[str, str]):
    """A run of a deployment; a server that is busy with its SQLite file answers 503, and is asked again."""
    asked = {"parameters": {"request": request}, "idempotency_key": json.dumps(request)}
    return ask(api, f"deployments/{deployment['id']}/create_flow_run", asked)


def wait_for(look, process: subprocess.Popen[bytes], limit_s: float = 120):
    """What ``look`` gives, asked until it gives something and does not fail."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        assert process.poll() is None, "it ended by itself"
        try:
            found = look()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"nothing came within {limit_s} s")
