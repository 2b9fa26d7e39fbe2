"""Starts a server of the emulators' own environment on loopback and ends it by its id; knows no AWS."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import ROOT

BIN = ROOT / ".emulators" / "bin"
_STARTS_WITHIN_S = 120.0
_ENDS_WITHIN_S = 10.0
_LOG_LINES = 60


def free_port() -> int:
    """A port of the loopback interface that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def emulator(
    program: str, words: Callable[[int], Sequence[str]], ready: str, **environment: str
) -> Iterator[str]:
    """The address of ``program`` on a free port, in a folder of its own that goes with it.

    Nothing of this machine's AWS settings reaches it. The end of its log is printed where what was done
    with it failed, or where it did not start; the process is ended by its id in every case.

    Args:
        program: its name in the emulators' environment; the test is skipped where that was not made.
        words: its arguments, given the port.
        ready: the path that answers below 500 once it serves.
        environment: what is set for it; ``{port}`` and ``{folder}`` in a value are filled in.
    """
    path = BIN / program
    if not path.exists():
        pytest.skip(f"{program} is not here: `make setup-emulators` installs it")
    with tempfile.TemporaryDirectory(prefix=f"{program}-") as folder:
        log = Path(folder, "server.log")
        process, url = _started(path, words, ready, Path(folder), log, environment)
        try:
            yield url
        except BaseException:
            _show(log, program)
            raise
        finally:
            _end(process)


def _started(
    path: Path,
    words: Callable[[int], Sequence[str]],
    ready: str,
    folder: Path,
    log: Path,
    environment: dict[str, str],
) -> tuple[subprocess.Popen[bytes], str]:
    """The server, once it serves, and its address; another port is taken where somebody else was faster."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "MINISTACK_", "MOTO_", "BHARATCHEF_", "PREFECT_"))
    }
    for last in (False, False, True):
        port = free_port()
        given = {name: value.format(port=port, folder=folder) for name, value in environment.items()}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [str(path), *words(port)],
                cwd=folder,
                env={**kept, "HOME": str(folder), "TMPDIR": str(folder), **given},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}{ready}", path.name)
            return process, f"http://127.0.0.1:{port}"
        except BaseException as error:
            _end(process)
            if last or not isinstance(error, _EndedAtStartError):
                _show(log, path.name)
                raise
    raise AssertionError("the last try returns or raises")


class _EndedAtStartError(AssertionError):
    """The process ended before it served."""


def _show(log: Path, program: str) -> None:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    print(f"--- the end of what {program} wrote ---", *lines, sep="\n")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, program: str) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise _EndedAtStartError(f"{program} ended at its start with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"{program} did not answer within {_STARTS_WITHIN_S:.0f} s")
