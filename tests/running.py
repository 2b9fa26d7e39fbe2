"""What a test needs to run the command in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def own_environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing of the person who runs the tests is read or written.

    No model answers that the test did not put into its home; ``BHARATCHEF_BUILT_IN_MODELS="true"`` lets
    those answer that come with the program.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BHARATCHEF_", "PREFECT_", "AWS_"))
    }
    return {
        **kept,
        "HOME": str(home),
        "BHARATCHEF_HOME": str(home / "bharatchef"),
        "BHARATCHEF_BUILT_IN_MODELS": "false",
        "COLUMNS": "110",
        "NO_COLOR": "1",
        **more,
    }
