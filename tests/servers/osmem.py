"""osmem-server for tests: an OpenSearch in memory that answers all but kNN, on a port of its own."""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from osmem_server import resolve_binary

_STARTS_WITHIN_S = 30


@contextmanager
def osmem() -> Iterator[str]:
    """The address of an osmem-server, ended by its id whatever came of the test."""
    with tempfile.TemporaryDirectory(prefix="osmem-") as folder, open(os.devnull, "wb") as nothing:
        process = subprocess.Popen(
            [resolve_binary(), "--no-ja", "--addr", "127.0.0.1:0", "--parent-pid", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=nothing,
            cwd=folder,
        )
        try:
            yield _address(process)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _address(process: subprocess.Popen[bytes]) -> str:
    """The address that the server prints as JSON once it listens."""
    assert process.stdout is not None
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        if not select.select([process.stdout], [], [], 0.2)[0]:
            continue
        try:
            told = json.loads(process.stdout.readline())
        except ValueError:
            continue
        if isinstance(told, dict) and "url" in told:
            return str(told["url"])
    raise AssertionError(f"osmem-server did not start (exit {process.poll()})")
