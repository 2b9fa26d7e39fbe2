"""The words of retraining under ``bharatchef models``; imports nothing heavy.

What the commands do is in ``retraining_commands`` and ``rescoring_commands``.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Json, Options

retraining_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_DAYS = ["%Y-%m-%d"]
Package = Annotated[str, typer.Argument(help="The model package, for example slowfast.")]


@retraining_app.command("retrain")
def models_retrain(package: Package = "slowfast", as_json: Json = False) -> None:
    """Train a model on corrected labels.

    What comes of it is measured beside the model that answers, on people and kitchens that neither learned
    from. Only a sure gain is rolled out. Interrupted, the same command goes on.
    """
    with spoken_errors(Options.debug):
        from app.retraining_commands import retrain

        retrain(package, as_json)


@retraining_app.command("roll-out")
def models_roll_out(package: Package = "slowfast", as_json: Json = False) -> None:
    """Move a roll-out on, or take it back.

    The same as the flow does every hour: 10, 50, then 100 percent; on errors or a fall of confidence back.
    """
    with spoken_errors(Options.debug):
        from app.retraining_commands import roll_out

        roll_out(package, as_json)


@retraining_app.command("roll-back")
def models_roll_back(
    package: Annotated[str, typer.Argument(help="The model package.")],
    why: Annotated[str, typer.Option("--why", help="The reason; it is kept.")],
) -> None:
    """End a roll-out: the champion answers all."""
    with spoken_errors(Options.debug):
        from app.retraining_commands import roll_back

        roll_back(package, why)


@retraining_app.command("champion")
def models_champion(
    package: Package = "slowfast",
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="Make this one the champion.")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Make this package the champion.")] = None,
    why: Annotated[str, typer.Option("--why", help="The reason; it is kept.")] = "",
    as_json: Json = False,
) -> None:
    """Show the versions of a model, or choose one."""
    with spoken_errors(Options.debug):
        from app.retraining_commands import champion

        champion(package, version, folder, why, as_json)


@retraining_app.command("rescore")
def models_rescore(
    package: Package = "slowfast",
    since: Annotated[
        datetime | None, typer.Option("--since", formats=_DAYS, help="Films from this day on, of India.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=_DAYS, help="Films up to this day, it included.")
    ] = None,
    user: Annotated[str, typer.Option("--user", help="Only films of this person.")] = "",
    dish: Annotated[str, typer.Option("--dish", help="Only films of this dish.")] = "",
    as_json: Json = False,
) -> None:
    """Let the champion answer earlier films anew, and score them again.

    The originals are kept, each of the two names the other, and nobody is told anew. Films whose steps a
    person marked stay as they are. Interrupted, the same command goes on.
    """
    with spoken_errors(Options.debug):
        from app.rescoring_commands import rescore

        rescore(package, since, until, user, dish, as_json)


@retraining_app.command("drift")
def models_drift(package: Package = "slowfast", as_json: Json = False) -> None:
    """Measure whether what is seen has drifted."""
    with spoken_errors(Options.debug):
        from app.retraining_commands import drift

        drift(package, as_json)
