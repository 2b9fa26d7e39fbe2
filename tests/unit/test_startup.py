"""What importing the domain loads, and how soon the command answers."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from running import ROOT

HEAVY = {"numpy", "torch", "av", "prefect", "boto3", "cv2", "scipy", "tslearn", "pandas"}


def loaded_by(statement: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; import json, sys; print(json.dumps(sorted(sys.modules)))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize(
    "module",
    [
        "bharatchef",
        "bharatchef.records",
        "bharatchef.results",
        "bharatchef.ports",
        "bharatchef.settings",
        "app.cli",
    ],
)
def test_importing_loads_nothing_heavy(module):
    assert loaded_by(f"import {module}") & HEAVY == set()


def test_help_answers_at_once():
    def seconds(*command: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    # The best of several, because other work on the machine only ever adds time.
    bare = min(seconds("-c", "pass") for _ in range(5))
    helped = min(seconds("-m", "app", "--help") for _ in range(5))
    assert helped <= 6 * bare + 0.3
