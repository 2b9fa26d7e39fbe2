"""PostgreSQL for tests, on loopback, a port and a folder of its own; knows no Prefect."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers.emulators import free_port

_STARTS_WITHIN_S = 120.0


def _program(name: str) -> str:
    found = shutil.which(name) or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None
    )
    if found is None:
        pytest.skip(f"PostgreSQL is not here ({name} is not found): what needs it is not tested")
    return found


def _account() -> str | None:
    """Whom it runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


@contextmanager
def postgres(database: str = "prefect") -> Iterator[str]:
    """The address of an empty database (``postgresql+asyncpg://``); ended by its id in every case."""
    initdb, server = _program("initdb"), _program("postgres")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if account is not None:
            shutil.chown(folder, account)
        port = free_port()
        as_user = {"user": account} if account is not None else {}
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"}
        made = subprocess.run(
            [initdb, "-D", str(folder / "data"), "-U", "prefect", "-A", "trust", "-E", "UTF8", "--no-sync"],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **as_user,
        )
        assert made.returncode == 0, made.stderr
        single = subprocess.run(
            [server, "--single", "-D", str(folder / "data"), "template1"],
            input=f"CREATE DATABASE {database};\n",
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **as_user,
        )
        assert single.returncode == 0, single.stderr
        log = (folder / "server.log").open("wb")
        words = ["-D", str(folder / "data"), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        # Only processes are killed here, never the machine: what the disk holds is safe without its own sync.
        tuned = ["fsync=off", "max_connections=80", "shared_buffers=64MB"]
        process = subprocess.Popen(
            [server, *words, *(word for setting in tuned for word in ("-c", setting))],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **as_user,
        )
        try:
            _wait(folder, process)
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/{database}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < until:
        said = (folder / "server.log").read_text(errors="replace")
        if "ready to accept connections" in said:
            return
        assert process.poll() is None, said[-2000:]
        time.sleep(0.1)
    raise AssertionError(f"PostgreSQL did not start within {_STARTS_WITHIN_S:.0f} s")
