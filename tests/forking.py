"""Starts and kills real, light processes: a server that has imported once forks a child for every call.

Run as a program it is that server: a JSON line in asks for a child or for its end, a JSON line out answers.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

TESTS = Path(__file__).resolve().parent


class ForkServer:
    """Children that run ``module:function`` with keyword arguments; use it as a context."""

    def __init__(self, *preload: str) -> None:
        paths = os.pathsep.join(
            [str(TESTS), str(TESTS / "e2e"), str(TESTS / "unit" / "adapters"), str(TESTS.parent)]
        )
        self._server = subprocess.Popen(
            [sys.executable, __file__, *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(timeout=30)

    def start(self, function: str, **arguments: Any) -> int:
        """The process id of a child that is now at work."""
        return int(self._ask({"function": function, "arguments": arguments})["pid"])

    def wait(self, pid: int) -> int:
        """How the child ended: its exit status, or the negative number of the signal that killed it."""
        return int(self._ask({"wait": pid})["status"])

    def call(self, function: str, **arguments: Any) -> int:
        """Start a child and wait for its end."""
        return self.wait(self.start(function, **arguments))

    def calls_of(self, function: str, **arguments: Any) -> int:
        """How many calls ``dying`` counts when the child is left alive."""
        with tempfile.NamedTemporaryFile() as file:
            assert self.call(function, **arguments, call=0, count_into=file.name) == 0
            return int(file.read())

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer: dict[str, Any] = json.loads(self._server.stdout.readline())
        return answer


def die_at_call(number: int) -> None:
    """Send this process SIGKILL at its ``number``-th call or return of a C function from here on."""
    sys.setprofile(_Counter(number))


@contextmanager
def dying(call: int, count_into: str = "") -> Iterator[None]:
    """Within the block die at that call, or at none for 0; ``count_into`` gets how many there were."""
    counter = _Counter(call)
    sys.setprofile(counter)
    try:
        yield
    finally:
        sys.setprofile(None)
    if count_into:
        Path(count_into).write_text(str(counter.seen))


def counted_calls() -> _Counter:
    """Count the calls and returns of C functions from here on; ``sys.setprofile(None)`` ends it."""
    counter = _Counter(-1)
    sys.setprofile(counter)
    return counter


def die_after(delay_s: float) -> None:
    """Have another process send SIGKILL to this one after ``delay_s``, whatever it does then."""
    victim = os.pidfd_open(os.getpid())
    if os.fork() == 0:
        time.sleep(delay_s)
        with suppress(ProcessLookupError):  # it was done before
            signal.pidfd_send_signal(victim, signal.SIGKILL)
        os._exit(0)


class _Counter:
    def __init__(self, fatal: int) -> None:
        self.seen = 0
        self.seen_before: dict[str, int] = {}
        self._fatal = fatal

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if event.startswith("c_"):
            self.seen += 1
            if self.seen == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)
        elif event == "call":
            self.seen_before.setdefault(frame.f_code.co_name, self.seen)


def _serve() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            _run(request["function"], request["arguments"])
        print(json.dumps({"pid": pid}), flush=True)


def _run(function: str, arguments: dict[str, Any]) -> None:
    os.close(0)
    try:
        module, name = function.split(":")
        status = getattr(importlib.import_module(module), name)(**arguments) or 0
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _serve()
