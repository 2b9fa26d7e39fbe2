"""The words of ``bharatchef knowledge``: what each command takes; imports nothing heavy.

What the commands do is ``knowledge_commands``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Json, Options

knowledge_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The cooking tips that the coach cites."
)


@knowledge_app.command("check")
def knowledge_check(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder of tips; else those of the program.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check the tips as a whole.

    Names near-duplicates, references to nothing, technique points and mistakes that no tip answers, and
    claims about safety without a source.
    """
    with spoken_errors(Options.debug):
        from app.knowledge_commands import check_knowledge

        check_knowledge(folder, as_json)


@knowledge_app.command("build")
def knowledge_build(
    anew: Annotated[bool, typer.Option("--anew", help="Build it also where it is up to date.")] = False,
    as_json: Json = False,
) -> None:
    """Bring the index of tips up to date.

    Only tips that changed are embedded again; readers have the old index until the new one is whole.
    """
    with spoken_errors(Options.debug):
        from app.knowledge_commands import build_knowledge

        build_knowledge(anew, as_json)


@knowledge_app.command("roll-back")
def knowledge_roll_back(as_json: Json = False) -> None:
    """Go back to the index of tips before this one, on OpenSearch."""
    with spoken_errors(Options.debug):
        from app.knowledge_commands import roll_back_knowledge

        roll_back_knowledge(as_json)


@knowledge_app.command("search")
def knowledge_search(
    question: Annotated[str, typer.Argument(help="A question in English, Hindi, Tamil or Hinglish.")],
    dish: Annotated[str | None, typer.Option("--dish", help="Only tips that hold for this dish.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="Only tips that hold for this step.")] = None,
    severity: Annotated[
        str | None, typer.Option("--severity", help="Only tips of this severity: low, medium or high.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="At most so many.")] = 5,
    as_json: Json = False,
) -> None:
    """Show what a question would find, and why.

    The rank by words and the rank by meaning stand beside each tip; both together make its score.
    """
    with spoken_errors(Options.debug):
        from app.knowledge_commands import place_named, search_knowledge

        search_knowledge(question, place_named(dish, step, severity), limit, as_json)
