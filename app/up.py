"""``bharatchef up``: a Prefect server with its UI and the local deployments, until Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from types import FrameType

from app.console import err, out, working
from app.prefect_server import check_port, lasting_server, running_server, start_child, stop_process
from bharatchef.errors import ConfigurationError
from bharatchef.settings import load_settings
from flows.deployments import read_prefect_file


def run_until_stopped(port: int, debug: bool) -> None:
    """Serve until Ctrl-C or SIGTERM, or until a part of it ends by itself.

    Raises:
        ConfigurationError: another one runs over the same home, the port is taken, prefect.yaml is wrong,
            or a part ended.
    """
    settings = load_settings()
    if url := running_server(settings):
        raise ConfigurationError(
            f"`bharatchef up` is running already for {settings.home}: {url.removesuffix('/api')}.",
            "Use that one, or stop it first.",
        )
    check_port(port)
    read_prefect_file()
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    with ExitStack() as running:
        with working("Starting Prefect"):
            api_url = running.enter_context(lasting_server(settings, port, debug))
            _tidy()
            log_path = settings.prefect_home / "serve.log"
            runner = start_child([sys.executable, "-m", "flows.serve"], log_path)
            running.callback(stop_process, runner)
        try:
            # Ctrl-C is how this is meant to end, so it is no failure.
            with suppress(KeyboardInterrupt):
                out().print(f"Prefect UI: {api_url.removesuffix('/api')}   (Ctrl-C stops all of it)")
                _watch(runner, str(log_path))
        finally:
            with working("Stopping"):
                running.close()
    err().print("All stopped.")


def _tidy() -> None:
    """Put right what programs that were killed have left behind, before anything new begins."""
    from tasks.claim import fail_abandoned
    from tasks.publishing import announce_pending, sweep_orphans
    from tasks.runtime import ports_here

    ports = ports_here()
    for evaluation in fail_abandoned(ports):
        err().print(f"{evaluation.evaluation_id} was left behind by a program that ended; it is FAILED now.")
    sweep_orphans(ports)
    announce_pending(ports)


def _as_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _watch(runner: subprocess.Popen[bytes], log_path: str) -> None:
    while runner.poll() is None:
        time.sleep(0.2)
    raise ConfigurationError(
        f"The local deployments ended by themselves (exit status {runner.returncode}).",
        f"Their last words are in {log_path}.",
    )
