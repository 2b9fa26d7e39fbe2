"""``prefect --no-prompt deploy --all`` against a real server, and what an operator then sees in the UI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flow.flow_inputs import correct_segments, write_segments
from running import ROOT
from servers.prefect import PATIENCE_S, lasting_prefect

from adapters import build_ports
from app.prefect_server import start_child, stop_process
from bharatchef import __version__
from bharatchef.settings import load_settings
from flows.deployments import read_prefect_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PICTURES = "BHARATCHEF_PICTURES"
"""Where pictures of the UI go, for docs; without it they go with the test."""


@dataclass(frozen=True)
class Deployed:
    """A server on which all was deployed, and what the command said."""

    api_url: str
    environment: dict[str, str]
    said: str

    def ask(self, path: str, body: dict[str, object] | None = None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api_url}/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory) -> Iterator[Deployed]:
    with lasting_prefect(
        tmp_path_factory.mktemp("deployed"),
        BHARATCHEF_EMBEDDING="none",
        BHARATCHEF_WORKER_IMAGE="111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-worker:1",
        BHARATCHEF_ECS_CLUSTER="bharatchef-test",
    ) as (api_url, environment):
        said = ""
        for words in (["flows.work_pools"], ["flows.deploy", "--no-prompt", "deploy", "--all"]):
            ran = subprocess.run(
                [sys.executable, "-m", *words],
                env=environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            said += ran.stdout
        yield Deployed(api_url, environment, said)


def test_all_that_prefect_yaml_says_is_on_the_server(deployed):
    made = {d["name"]: d for d in deployed.ask("deployments/filter", {})}
    wanted = read_prefect_file().deployments
    assert set(made) == {deployment.name for deployment in wanted}
    for deployment in wanted:
        there = made[deployment.name]
        assert there["version"] == __version__
        assert there["description"] == deployment.description
        assert sorted(there["tags"]) == sorted(deployment.tags)
        assert there["work_pool_name"] == deployment.work_pool.name
        assert there["enforce_parameter_schema"] is True
        assert there["parameter_openapi_schema"]["properties"]
        made_schedules = [
            (s["schedule"]["cron"], s["schedule"]["timezone"], s["slug"], s["parameters"])
            for s in there["schedules"]
        ]
        assert sorted(made_schedules, key=str) == sorted(
            ((s.cron, s.timezone, s.slug, s.parameters) for s in deployment.schedules), key=str
        )
        limit = deployment.concurrency_limit
        assert (there["global_concurrency_limit"] or {}).get("limit") == (limit.limit if limit else None)
    on_ecs = made["evaluate-video"]
    assert on_ecs["job_variables"] == {
        "image": "111122223333.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-worker:1",
        "cluster": "bharatchef-test",
        "cpu": 2048,
        "memory": 8192,
        "env": {"BHARATCHEF_FARGATE_VCPU": "2", "BHARATCHEF_FARGATE_MEMORY_GB": "8"},
    }
    assert on_ecs["pull_steps"] == [
        {"prefect.deployments.steps.set_working_directory": {"directory": "/app"}}
    ]
    assert {pool["name"]: pool["type"] for pool in deployed.ask("work_pools/filter", {})} == {
        "bharatchef-process": "process",
        "bharatchef-ecs": "ecs",
    }


def test_what_does_not_fit_the_schema_is_refused_by_the_server(deployed):
    (deployment,) = deployed.ask(
        "deployments/filter", {"deployments": {"name": {"any_": ["evaluate-video"]}}}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        deployed.ask(
            f"deployments/{deployment['id']}/create_flow_run", {"parameters": {"request": {"dsh": 1}}}
        )
    assert refused.value.code in (409, 422)


def test_the_ui_shows_deployments_a_run_and_its_artifacts(deployed, tmp_path):
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed here: the UI is not looked at")
    from playwright.sync_api import sync_playwright

    run_id = _evaluated(deployed, tmp_path)
    pictures = Path(os.environ.get(PICTURES, str(tmp_path)))
    base = deployed.api_url.removesuffix("/api")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        page = browser.new_page(viewport={"width": 1180, "height": 760})
        page.set_default_timeout(120_000)
        for name, path, words in (
            ("deployments", "/deployments", "evaluate-video-local"),
            ("run", f"/runs/flow-run/{run_id}", "masala-chai of p-"),
            ("artifacts", "/artifacts", "scorecard"),
        ):
            page.goto(f"{base}{path}")
            page.get_by_text(words).first.wait_for()
            page.wait_for_timeout(1_500)
            page.screenshot(path=str(pictures / f"ui-{name}.png"))
            assert (pictures / f"ui-{name}.png").stat().st_size > 10_000
        browser.close()


def _evaluated(deployed: Deployed, folder: Path) -> str:
    """The id of a run of evaluate-video-local that a worker of the process pool has completed."""
    home = Path(deployed.environment["BHARATCHEF_HOME"])
    ports = build_ports(load_settings(home=home, built_in_models=False))
    marks = write_segments(folder / "marks.json", "masala-chai", correct_segments("masala-chai"))
    ports.objects.put_bytes("segments/marks.json", marks.read_bytes(), "application/json")
    (deployment,) = deployed.ask(
        "deployments/filter", {"deployments": {"name": {"any_": ["evaluate-video-local"]}}}
    )
    run = deployed.ask(
        f"deployments/{deployment['id']}/create_flow_run",
        {
            "parameters": {
                "request": {
                    "dish_id": "masala-chai",
                    "user_id": "asha",
                    "segments_key": "segments/marks.json",
                    "segments_name": "marks.json",
                }
            }
        },
    )
    worker = start_child(
        [
            sys.executable,
            "-m",
            "prefect",
            "worker",
            "start",
            "--pool",
            "bharatchef-process",
            "--type",
            "process",
        ],
        folder / "worker.log",
        {**deployed.environment, "PREFECT_WORKER_QUERY_SECONDS": "2"},
    )
    try:
        until = time.monotonic() + PATIENCE_S
        while (state := deployed.ask(f"flow_runs/{run['id']}")["state_type"]) != "COMPLETED":
            assert state not in ("FAILED", "CRASHED"), (folder / "worker.log").read_text()[-4000:]
            assert time.monotonic() < until, state
            time.sleep(1)
    finally:
        stop_process(worker)
    return str(run["id"])
