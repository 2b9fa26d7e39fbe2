"""A Prefect server with all its services for tests, in a folder and on a port of its own; patient."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from running import own_environment
from servers.emulators import free_port

from app.prefect_server import is_healthy, start_child, stop_process

PATIENCE_S = 400.0


@contextmanager
def lasting_prefect(folder: Path, **environment: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The API's address, and the environment for what is to use it; ended by its id in every case."""
    port = free_port()
    api_url = f"http://127.0.0.1:{port}/api"
    given = own_environment(
        folder,
        PREFECT_HOME=str(folder / "prefect"),
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        DO_NOT_TRACK="1",
        PREFECT_SERVER_UI_API_URL=api_url,
        PREFECT_CLI_COLORS="false",
        **environment,
    )
    server = start_child(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        folder / "server.log",
        given,
    )
    try:
        until = time.monotonic() + PATIENCE_S
        while not is_healthy(api_url):
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < until, f"no Prefect server within {PATIENCE_S:.0f} s"
            time.sleep(0.3)
        yield api_url, {**given, "PREFECT_API_URL": api_url}
    finally:
        stop_process(server)
