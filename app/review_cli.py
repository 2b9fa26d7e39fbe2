"""The words of ``bharatchef appeal`` and ``bharatchef review``: what each takes; imports nothing heavy.

What the commands do is in ``review_commands``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Json, Options

appeal_app = typer.Typer(rich_markup_mode=None)
review_app = typer.Typer(
    rich_markup_mode=None, help="What needs a person: appeals, corrections, sign-offs, audits."
)

Evaluation = Annotated[str, typer.Argument(help="An evaluation's id, or the beginning of it.")]
Mistake = Annotated[str, typer.Argument(help="The mistake's number in the report, or its id.")]
By = Annotated[str, typer.Option("--by", help="Who does it; kept as a pseudonym.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence that the cook may read.")]


@appeal_app.command()
def appeal(
    evaluation: Evaluation,
    mistake: Mistake,
    why: Annotated[str, typer.Option("--why", help="Why it is no mistake, in your own words.")],
    by: Annotated[str, typer.Option("--by", help="Who says so, where it is not the cook.")] = "",
    as_json: Json = False,
) -> None:
    """Say that a mistake is none.

    A person looks at it; until then the report says that it is under appeal.
    """
    with spoken_errors(Options.debug):
        from app.review_commands import make_appeal

        make_appeal(evaluation, mistake, why, by, as_json)


@review_app.callback(invoke_without_command=True)
def review(context: typer.Context) -> None:
    """List what needs a person, or do one of the things below."""
    if context.invoked_subcommand is None:
        with spoken_errors(Options.debug):
            from app.review_commands import list_waiting

            list_waiting(None, False)


@review_app.command("list")
def review_list(
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Numbers of your own, as bharatchef/review/policy.yaml.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List what needs a person, each with the reason.

    Appeals first, then levels to sign, what was seen with low confidence, and the share drawn for audit.
    """
    with spoken_errors(Options.debug):
        from app.review_commands import list_waiting

        list_waiting(policy, as_json)


@review_app.command("export")
def review_export(
    evaluation: Evaluation,
    out: Annotated[Path, typer.Option("--out", help="The file to write, for example task.json.")],
    media_base: Annotated[
        str,
        typer.Option("--media-base", help="What stands before a film's key for Label Studio to fetch it."),
    ] = "/data/local-files/?d=",
) -> None:
    """Write a film's segments and boxes for Label Studio.

    Beside the task lies its labelling interface, as OUT.xml.
    """
    with spoken_errors(Options.debug):
        from app.review_commands import export_task

        export_task(evaluation, out, media_base)


@review_app.command("import")
def review_import(
    evaluation: Evaluation,
    file: Annotated[Path, typer.Argument(help="The labelled task as Label Studio exports it: JSON.")],
    by: By,
    kitchen: Annotated[
        str, typer.Option("--kitchen", help="Where it was filmed, if not in the cook's own kitchen.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Take corrected segments and boxes in, and score again.

    The original evaluation is kept; each of the two names the other.
    """
    with spoken_errors(Options.debug):
        from app.review_commands import import_correction

        import_correction(evaluation, file, by, kitchen, as_json, Options.debug)


@review_app.command("sign")
def review_sign(
    evaluation: Evaluation,
    by: By,
    level: Annotated[
        str,
        typer.Option("--level", help="Another level than the scores gave: novice, commis, demi-chef, chef."),
    ] = "",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Sign a level off, or set another one for a reason.

    It is then no longer provisional; what the scores gave stays beside it.
    """
    with spoken_errors(Options.debug):
        from app.review_commands import sign_level

        sign_level(evaluation, by, level, reason, as_json)


@review_app.command("uphold")
def review_uphold(
    evaluation: Evaluation, mistake: Mistake, by: By, reason: Reason, as_json: Json = False
) -> None:
    """Decide for the cook: it was no mistake."""
    with spoken_errors(Options.debug):
        from app.review_commands import decide

        decide(evaluation, mistake, True, by, reason, as_json)


@review_app.command("dismiss")
def review_dismiss(
    evaluation: Evaluation, mistake: Mistake, by: By, reason: Reason, as_json: Json = False
) -> None:
    """Decide that the finding stands."""
    with spoken_errors(Options.debug):
        from app.review_commands import decide

        decide(evaluation, mistake, False, by, reason, as_json)
