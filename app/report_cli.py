"""The words of ``bharatchef report``: what each command takes; imports nothing heavy.

What the commands do is ``report_commands``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Json, Options

report_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What many evaluations show together."
)

Svg = Annotated[Path | None, typer.Option("--svg", help="Also draw it into this file.")]


@report_app.command("refresh")
def report_refresh(
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Forget what was loaded and read everything again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Load what changed since the last time.

    The flow refresh-analytics does it every hour under `bharatchef up`.
    """
    with spoken_errors(Options.debug):
        from app.report_commands import refresh_reports

        refresh_reports(afresh, as_json)


@report_app.command("progress")
def report_progress(
    user: Annotated[str, typer.Argument(help="Whose attempts.")],
    dish: Annotated[str | None, typer.Option("--dish", help="Of this dish alone.")] = None,
    svg: Svg = None,
    as_json: Json = False,
) -> None:
    """Show how a person's scores went, attempt by attempt.

    Only scores of one dish and one rubric version are compared.
    """
    with spoken_errors(Options.debug):
        from app.report_commands import show_progress

        show_progress(user, dish, svg, as_json)


@report_app.command("benchmark")
def report_benchmark(
    dish: Annotated[str, typer.Argument(help="A dish's id.")],
    svg: Svg = None,
    as_json: Json = False,
) -> None:
    """Show how people did at a dish, month by month.

    A month is told once, after it has closed, and only where ten people or more cooked the dish.
    """
    with spoken_errors(Options.debug):
        from app.report_commands import show_benchmark

        show_benchmark(dish, svg, as_json)


@report_app.command("cost")
def report_cost(
    months: Annotated[int, typer.Option("--months", min=1, max=120, help="How many months back.")] = 12,
    svg: Svg = None,
    as_json: Json = False,
) -> None:
    """Show what evaluations cost, by month and stage.

    Rupees before tax, by measured usage and list prices.
    """
    with spoken_errors(Options.debug):
        from app.report_commands import show_cost

        show_cost(months, svg, as_json)


@report_app.command("models")
def report_models(svg: Svg = None, as_json: Json = False) -> None:
    """Show how each version of each model did."""
    with spoken_errors(Options.debug):
        from app.report_commands import show_models

        show_models(svg, as_json)


@report_app.command("trust")
def report_trust(svg: Svg = None, as_json: Json = False) -> None:
    """Show how far the evaluations can be trusted.

    Appeals that were upheld, by kind of deviation, and how often audits left things as they were; each share
    with its interval.
    """
    with spoken_errors(Options.debug):
        from app.review_commands import show_trust

        show_trust(svg, as_json)
