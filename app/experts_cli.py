"""The words of ``bharatchef dishes onboard``, ``experts`` and ``confirm``; imports nothing heavy.

What the commands do is ``experts_commands``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Json, Options, Segments, SegmentsFps

experts_app = typer.Typer(rich_markup_mode=None)


@experts_app.command("onboard")
def dishes_onboard(
    film: Annotated[Path, typer.Argument(help="A film of somebody who can cook the dish.")],
    dish: Annotated[str, typer.Option("--dish", help="Which dish it is: see `bharatchef dishes list`.")],
    segments: Segments = None,
    fps: SegmentsFps = None,
    again: Annotated[
        bool, typer.Option("--again", help="Recognise the steps anew, because the dish changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take in an expert's film as a proposal.

    It judges nobody before somebody confirms it: see `bharatchef dishes confirm`.
    """
    with spoken_errors(Options.debug):
        from app.experts_commands import onboard_film

        onboard_film(film, dish, segments, fps, again, as_json, Options.debug)


@experts_app.command("experts")
def dishes_experts(dish: Annotated[str, typer.Argument(help="A dish's id.")], as_json: Json = False) -> None:
    """List a dish's experts and what they propose.

    Says of each who confirmed it, and when.
    """
    with spoken_errors(Options.debug):
        from app.experts_commands import list_experts

        list_experts(dish, as_json)


@experts_app.command("confirm")
def dishes_confirm(
    dish: Annotated[str, typer.Argument(help="A dish's id.")],
    by: Annotated[str, typer.Option("--by", help="Who confirms; kept as a pseudonym.")],
    expert: Annotated[
        list[str] | None, typer.Option("--expert", help="An expert that trainees may be judged by.")
    ] = None,
    withdraw: Annotated[
        list[str] | None, typer.Option("--withdraw", help="An expert that judges nobody any more.")
    ] = None,
    edge: Annotated[
        list[str] | None, typer.Option("--edge", help="FIRST:THEN, the one is finished before the other.")
    ] = None,
    reject: Annotated[
        list[str] | None, typer.Option("--reject", help="FIRST:THEN, a proposal that does not hold.")
    ] = None,
    because: Annotated[
        str, typer.Option("--because", help="Why the order matters, as trainees will read it.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Confirm what experts propose for a dish.

    From then on trainees are judged by it, and each result names the dish's new version.
    """
    with spoken_errors(Options.debug):
        from app.experts_commands import confirm_experts

        confirm_experts(
            dish,
            by,
            expert or [],
            withdraw or [],
            edge or [],
            reject or [],
            because,
            as_json,
        )
