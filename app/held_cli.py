"""The words of the commands about films that are held for a person.

Imports nothing heavy; what the commands do is in ``held_commands``.
"""

from __future__ import annotations

from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Options

held_app = typer.Typer(rich_markup_mode=None)

EvaluationId = Annotated[str, typer.Argument(help="Its id, or enough of its beginning.")]
By = Annotated[str, typer.Option("--by", help="Who looked at it: your user id.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in your own words.")]


@held_app.command("release")
def release(evaluation: EvaluationId, by: By, reason: Reason) -> None:
    """Let a held film be judged.

    A person has looked at it, and it may be shown.
    """
    with spoken_errors(Options.debug):
        from app.held_commands import release_film

        release_film(evaluation, by, reason)


@held_app.command("reject")
def reject(
    evaluation: EvaluationId,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why, in words for the person whose film it is.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a held film.

    A person has looked at it, and it must not be shown.
    """
    with spoken_errors(Options.debug):
        from app.held_commands import reject_film

        reject_film(evaluation, by, reason, yes)
