"""What every command takes; imports nothing heavy and knows no command."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print only JSON on stdout.")]


class Options:
    """What was said before the command's name."""

    debug = False
