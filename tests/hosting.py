"""Starts real model hosts in processes of their own for a test, and ends them whatever comes of the test."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from running import ROOT, own_environment

JSON = "application/json"

# Does what the body says: a test decides how long a call takes (until a file is there) and how it fails.
OBEDIENT = """
import json, os, sys, threading, time
from pathlib import Path

inside = 0

def model_fn(model_dir):
    gate = Path(model_dir, "hold")
    Path(model_dir, "loading").touch()
    while gate.exists():
        time.sleep(0.005)
    return Path(model_dir)

def input_fn(body, content_type):
    return json.loads(body)

def predict_fn(asked, model):
    global inside
    inside += 1
    assert inside == 1, "two calls at the same time"
    try:
        if "began" in asked:
            Path(asked["began"]).touch()
        while "until" in asked and not Path(asked["until"]).exists():
            time.sleep(0.005)
        time.sleep(asked.get("sleep_s", 0))
        if asked.get("exit"):
            sys.exit(3)
        if "status_code" in asked:
            error = RuntimeError("words for the client")
            error.status_code = asked["status_code"]
            raise error
        if "raise" in asked:
            raise KeyError(f"secret {asked}")
        with (model / "calls").open("a") as file:
            print(asked.get("value"), file=file)
        return asked.get("value")
    finally:
        inside -= 1

def output_fn(value, accept):
    answer = {"value": value, "thread": threading.current_thread().name,
              "threads": os.environ.get("OMP_NUM_THREADS")}
    return "NaN" if value == "NaN" else json.dumps(answer)
"""


@dataclass(frozen=True)
class Reply:
    """A host's answer: its status, headers with small names, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def kind(self) -> str:
        """The kind of failure that an error's body names."""
        error = self.json["error"]
        assert set(error) == {"kind", "message"}
        assert b"Traceback" not in self.body
        return str(error["kind"])


@dataclass(frozen=True)
class Hosting:
    """A host that runs."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def ask(
        self,
        path: str = "/invocations",
        body: Any = None,
        content_type: str | None = JSON,
        method: str | None = None,
        timeout_s: float = 20,
        **headers: str,
    ) -> Reply:
        """One request on a connection of its own; a body that is no bytes goes as JSON."""
        if body is not None and not isinstance(body, bytes) and not hasattr(body, "__next__"):
            body = json.dumps(body).encode()
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout_s)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and content_type:
            sent["content-type"] = content_type
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, named, response.read())
        finally:
            connection.close()

    def metric(self, line: str) -> float:
        """The value of one sample of ``/metrics``, named as it is written there; 0 where it is absent."""
        for written in self.ask("/metrics").body.decode().splitlines():
            if written.startswith(line + " "):
                return float(written.rsplit(" ", 1)[1])
        return 0.0

    def ended(self, timeout_s: float = 15) -> int:
        """The exit status, once the process has ended by itself."""
        return self.process.wait(timeout=timeout_s)


@contextlib.contextmanager
def hosted(
    folder: Path, *options: str, wait: bool = True, words: tuple[str, ...] | None = None, **environment: str
) -> Iterator[Hosting]:
    """A host for the package in ``folder`` on a free port; with ``wait``, once it says that it is ready."""
    log = folder.parent / f"{folder.name}.host.log"
    given = words if words is not None else (str(folder), "--port", "0")
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "model_packages.serving", *given, *options],
            cwd=ROOT,
            env=own_environment(folder.parent, **environment),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        hosting = Hosting(process, "http" + first.strip().rpartition("http")[2], log)
        if wait:
            until(lambda: hosting.ask("/ping").status == 200, "the host is ready")
        yield hosting
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=5)
        assert process.stdout is not None
        process.stdout.close()


def until(holds: Any, what: str, timeout_s: float = 20) -> None:
    """Wait until ``holds()`` is true."""
    end = time.monotonic() + timeout_s
    while not _true(holds):
        assert time.monotonic() < end, f"waited {timeout_s} s in vain: {what}"
        time.sleep(0.01)


def _true(holds: Any) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return bool(holds())
    return False


def alive(process_id: int) -> bool:
    """Whether a process of that id is there."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
