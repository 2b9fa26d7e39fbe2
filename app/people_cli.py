"""The words of the commands about people and their rights; imports nothing heavy.

What the commands do is in ``people_commands``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.console import spoken_errors
from app.options import Json, Options

people_app = typer.Typer(rich_markup_mode=None)
consent_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What people agreed to, by purpose and version."
)
receipt_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Receipts of erasures.")
people_app.add_typer(consent_app, name="consent")
people_app.add_typer(receipt_app, name="receipt")

User = Annotated[str, typer.Argument(help="Whose.")]
Purpose = Annotated[str, typer.Option("--purpose", help="evaluation, training or stills-to-model.")]
Version = Annotated[str, typer.Option("--version", help="Of the words that the person was shown.")]


@people_app.command("delete-user")
def delete_user(
    user: User,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the receipt into this file.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a person everywhere.

    Films, results, records, labels and runs with every version of them. Leaves a signed receipt that says
    what went where, what stays, and what backups hold until when.
    """
    with spoken_errors(Options.debug):
        from app.people_commands import erase_user

        erase_user(user, dry_run, out, yes, as_json, Options.debug)


@people_app.command()
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Archive and delete what is kept long enough, by the rules.

    docs/retention.md tells the rules; the flow enforce_retention does the same every day.
    """
    with spoken_errors(Options.debug):
        from app.people_commands import enforce_rules

        enforce_rules(dry_run, as_json)


@receipt_app.command("verify")
def receipt_verify(
    file: Annotated[Path, typer.Argument(help="A receipt as delete-user wrote it.")], as_json: Json = False
) -> None:
    """Say whether a receipt is as it was signed here."""
    with spoken_errors(Options.debug):
        from app.people_commands import verify_receipt

        verify_receipt(file, as_json)


@consent_app.command("give")
def consent_give(
    user: User,
    purpose: Purpose,
    version: Version,
    birth_year: Annotated[
        int | None, typer.Option("--birth-year", min=1900, max=2200, help="When the person was born.")
    ] = None,
    guardian: Annotated[
        str, typer.Option("--guardian", help="The parent or guardian who agrees for somebody under 18.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Record that a person agrees to one purpose."""
    with spoken_errors(Options.debug):
        from app.people_commands import say_consent

        say_consent(user, purpose, version, True, birth_year, guardian, as_json)


@consent_app.command("withdraw")
def consent_withdraw(user: User, purpose: Purpose, version: Version = "", as_json: Json = False) -> None:
    """Record that a person agrees no longer."""
    with spoken_errors(Options.debug):
        from app.people_commands import say_consent

        say_consent(user, purpose, version, False, None, "", as_json)


@consent_app.command("show")
def consent_show(
    user: User,
    purpose: Annotated[str, typer.Option("--purpose", help="Only this purpose.")] = "",
    as_json: Json = False,
) -> None:
    """Show what a person gave and withdrew, oldest first."""
    with spoken_errors(Options.debug):
        from app.people_commands import show_consent

        show_consent(user, purpose, as_json)
