"""What all tests share: the real recordings, a Prefect server of their own, and the command itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import ROOT, own_environment

# What a shell starts in the background ignores Ctrl-C, and so does all that this starts: tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_engine_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is measured of this machine's engine is kept for these tests alone."""
    before = os.environ.get("BHARATCHEF_ENGINE_CACHE")
    os.environ["BHARATCHEF_ENGINE_CACHE"] = str(tmp_path_factory.mktemp("engine"))
    yield
    if before is None:
        del os.environ["BHARATCHEF_ENGINE_CACHE"]
    else:
        os.environ["BHARATCHEF_ENGINE_CACHE"] = before


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of real recordings and films beside the checkout; the test is skipped where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"real recordings are not here: {folder} does not exist")
    return folder


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API address of a real Prefect server on a port of its own, ended when the tests end."""
    from app.prefect_server import free_port, start_server, stop_process

    home = tmp_path_factory.mktemp("prefect")
    port = free_port()
    environment = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        process = start_server(port, home / "server.log", with_ui=False)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    try:
        yield f"http://127.0.0.1:{port}/api"
    finally:
        stop_process(process)


Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def bharatchef(tmp_path: Path, prefect_api: str) -> Command:
    """The command itself in a process of its own, with a home of its own and the tests' Prefect server."""

    def run(
        *words: str | Path, timeout_s: float = 120, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "app", *map(str, words)],
            env=own_environment(tmp_path, PREFECT_API_URL=prefect_api, **environment),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    return run
