"""The words of retraining under ``bharatchef models``; imports nothing heavy.

What the commands do is ``retraining_commands``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Json, Options

retraining_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

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


@retraining_app.command("drift")
def models_drift(package: Package = "slowfast", as_json: Json = False) -> None:
    """Measure whether what is seen has drifted."""
    with spoken_errors(Options.debug):
        from app.retraining_commands import drift

        drift(package, as_json)
