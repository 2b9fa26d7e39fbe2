"""What every command takes; imports nothing heavy and knows no command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print only JSON on stdout.")]


class Options:
    """What was said before the command's name."""

    debug = False


Segments = Annotated[
    Path | None,
    typer.Option("--segments", help="What was done, marked by a person: our JSON, CSV or Label Studio."),
]
SegmentsFps = Annotated[
    float | None,
    typer.Option("--fps", help="Frame rate for segments counted in frames (Label Studio)."),
]
