"""The Prefect server of a laptop: found if it runs, started if not, and never left behind.

Must not import Prefect before its environment is set, because Prefect reads it at import.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from adapters.local.disk import check_room
from bharatchef.errors import ConfigurationError
from bharatchef.settings import Settings

START_LIMIT_S = 120.0
"""How long a server may take to answer; a first start makes its database."""


def set_prefect_environment(settings: Settings, debug: bool = False) -> None:
    """Give Prefect a home of its own beneath ours and keep it quiet; what the user has set stays."""
    if "prefect" in sys.modules:
        raise RuntimeError("Prefect was imported before its environment was set; it would not see it.")
    settings.prefect_home.mkdir(parents=True, exist_ok=True)
    quiet = {} if debug else {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}
    for name, value in {
        "PREFECT_HOME": str(settings.prefect_home.resolve()),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        **quiet,
    }.items():
        os.environ.setdefault(name, value)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_port(port: int) -> None:
    """Return where a server can listen on ``port`` of the loopback interface.

    Raises:
        ConfigurationError: another program has it, or this account may not.
    """
    with socket.socket() as probe:
        # As servers do: a port that was closed a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise ConfigurationError(
                f"This account may not listen on port {port}.", "Give --port a number above 1023."
            ) from error
        except OSError as error:
            raise ConfigurationError(
                f"Expected port {port} of this machine to be free; another program listens on it.",
                f"Stop that program, or give another port, for example --port {free_port()}.",
            ) from error


def is_healthy(api_url: str, timeout_s: float = 2.0) -> bool:
    """Whether a Prefect server answers at ``api_url`` (``http://host:port/api``)."""
    try:
        with urllib.request.urlopen(f"{api_url.rstrip('/')}/health", timeout=timeout_s) as answer:
            return bool(answer.read(100).strip() == b"true")
    except urllib.error.HTTPError as error:
        return error.code in (401, 403)  # it wants to be told who asks: Prefect's own client will tell
    except (OSError, HTTPException, ValueError):
        return False


def _note_file(settings: Settings) -> Path:
    return settings.prefect_home / "server.json"


def running_server(settings: Settings) -> str | None:
    """The API address of the server that ``bharatchef up`` runs for this home, if it answers."""
    try:
        note = json.loads(_note_file(settings).read_text())
        api_url, pid = str(note["api_url"]), int(note["pid"])
        os.kill(pid, 0)  # after a crash another program's server may answer on that port
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return api_url if is_healthy(api_url) else None


def _die_with_parent() -> None:
    """On Linux a child is told to end when its parent dies, also by kill -9; set before its exec."""
    os.setpgrp()
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Let Ctrl-C wait until the context ends: amid a fork it would be lost in one of Python's own hooks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


def start_child(
    command: list[str], log_path: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program of ours in a process group of its own, its words going to a log."""
    log_path.parent.mkdir(parents=True, exist_ok=True)
    process: subprocess.Popen[bytes] | None = None
    try:
        with log_path.open("ab") as log, _ctrl_c_waits():
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                preexec_fn=_die_with_parent,
            )
    except BaseException:
        if process is not None:
            stop_process(process)
        raise
    return process


def start_server(port: int, log_path: Path, with_ui: bool) -> subprocess.Popen[bytes]:
    """Start a Prefect server on loopback and wait until it answers.

    Its group is its own, so that Ctrl-C in a terminal reaches us first and we end it in order.

    Raises:
        ConfigurationError: it ended or did not answer within ``START_LIMIT_S``; names its log.
        StoreError: it ended because the disk is full.
    """
    environment = {
        **os.environ,
        "PREFECT_UI_ENABLED": "true" if with_ui else "false",
        "PREFECT_SERVER_UI_API_URL": f"http://127.0.0.1:{port}/api",
    }
    environment.pop("PREFECT_API_URL", None)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    if not with_ui:
        command.append("--no-services")
    process = start_child(command, log_path, environment)
    try:
        _wait_until_healthy(process, f"http://127.0.0.1:{port}/api", log_path)
    except BaseException:
        stop_process(process)
        raise
    return process


def _wait_until_healthy(process: subprocess.Popen[bytes], api_url: str, log_path: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            check_room(log_path.parent)
            raise ConfigurationError(
                f"The Prefect server ended while starting (exit status {process.returncode}).",
                f"Its last words are in {log_path}.",
            )
        if is_healthy(api_url):
            return
        time.sleep(0.05)
    raise ConfigurationError(
        f"The Prefect server did not answer within {START_LIMIT_S:.0f} s.",
        f"Its last words are in {log_path}; try again, or set PREFECT_API_URL to a server that runs.",
    )


def stop_process(process: subprocess.Popen[bytes], patience_s: float = 10.0) -> None:
    """End a process and all of its group: asked first, then killed."""
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            break
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            break
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


@contextmanager
def prefect_server(settings: Settings, debug: bool = False) -> Iterator[str]:
    """The API address of a Prefect server to run one flow on.

    In this order: the one that ``PREFECT_API_URL`` names, the one ``bharatchef up`` runs for this
    home, else one of our own on a free port, ended when the context ends.

    Raises:
        ConfigurationError: no server answers at ``PREFECT_API_URL``, or our own did not start.
    """
    set_prefect_environment(settings, debug)
    named = os.environ.get("PREFECT_API_URL")
    if named and not is_healthy(named, timeout_s=10.0):
        raise ConfigurationError(
            f"Expected a Prefect server at {named}, which PREFECT_API_URL names; none answers there.",
            "Start it, correct the address (it ends in /api), or unset PREFECT_API_URL: then one is started.",
        )
    api_url = named or running_server(settings)
    if api_url:
        os.environ["PREFECT_API_URL"] = api_url
        yield api_url
        return
    port = free_port()
    process = start_server(port, settings.prefect_home / "server.log", with_ui=False)
    try:
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        yield os.environ["PREFECT_API_URL"]
    finally:
        _send_logs()
        os.environ.pop("PREFECT_API_URL", None)
        stop_process(process)


def _send_logs() -> None:
    """Let Prefect send what it has logged while there still is a server to send it to."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        for handler in logging.getLogger(name).handlers:
            handler.flush()


@contextmanager
def lasting_server(settings: Settings, port: int, debug: bool) -> Iterator[str]:
    """A server with its UI on ``port``, noted so that other commands of this home use it."""
    set_prefect_environment(settings, debug)
    process = start_server(port, settings.prefect_home / "server.log", with_ui=True)
    api_url = f"http://127.0.0.1:{port}/api"
    note = _note_file(settings)
    note.write_text(json.dumps({"api_url": api_url, "pid": process.pid}))
    try:
        os.environ["PREFECT_API_URL"] = api_url
        yield api_url
    finally:
        os.environ.pop("PREFECT_API_URL", None)
        note.unlink(missing_ok=True)
        stop_process(process)
