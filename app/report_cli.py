"""The words of ``bharatchef report``: what each command takes; imports nothing heavy.

What the commands do is ``report_commands``.
"""

from __future__ import annotations

from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Json, Options

report_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What many evaluations show together."
)

Months = Annotated[int, typer.Option("--months", min=1, max=120, help="How many months to look back.")]


@report_app.command("cost")
def report_cost(months: Months = 12, as_json: Json = False) -> None:
    """Show what evaluations cost, by month and stage.

    Rupees before tax, by measured usage and list prices.
    """
    with spoken_errors(Options.debug):
        from app.report_commands import show_cost

        show_cost(months, as_json)
