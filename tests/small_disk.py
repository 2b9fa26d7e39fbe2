"""A disk of a few hundred kilobytes that really fills up, mounted for one child process alone."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
_MOUNT = 'mount -t tmpfs -o size="$1",mode=700 none "$2" && shift 2 && exec "$@"'


@cache
def _can_mount() -> bool:
    probe = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]
    try:
        return subprocess.run(probe, capture_output=True, timeout=20, check=False).returncode == 0
    except OSError:
        return False


def run_on_small_disk(script: str, folder: Path, size: str = "400k") -> str:
    """What ``script`` prints when it runs with ``folder`` (``sys.argv[1]``) on a disk of ``size`` of its own.

    The test is skipped where an account may not mount anything, even for itself.
    """
    if not _can_mount():
        pytest.skip("this machine does not let an account mount a small disk for itself")
    inner = ["sh", "-c", _MOUNT, "sh", size, str(folder), sys.executable, "-c", script, str(folder)]
    command = ["unshare", "--user", "--map-root-user", "--mount", *inner]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=environment()
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment() -> dict[str, str]:
    """The environment for a child that imports the project and the test helpers."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}
