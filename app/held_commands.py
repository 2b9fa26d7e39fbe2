"""Commands about films that are held for a person."""

from __future__ import annotations

import sys

from rich.markup import escape

from app.console import err, out
from app.records_commands import find_evaluation
from bharatchef.errors import InputError
from bharatchef.pseudonyms import pseudonym, pseudonym_key
from bharatchef.settings import load_settings
from tasks.held import reject_held, release_held
from tasks.runtime import ports_here


def release_film(wanted: str, by: str, reason: str) -> None:
    """Release the film of one held evaluation."""
    ports = ports_here()
    evaluation = find_evaluation(ports, wanted)
    again = release_held(ports, evaluation, _pseudonym(by, reason), reason)
    then = "it is evaluated again." if again else "evaluate the film again: the same command as before."
    out().print(f"Released {escape(evaluation.evaluation_id)}; {then}")


def reject_film(wanted: str, by: str, reason: str, yes: bool) -> None:
    """Erase the film of one held evaluation; asks first."""
    ports = ports_here()
    evaluation = find_evaluation(ports, wanted)
    who = _pseudonym(by, reason)
    if not yes:
        if not sys.stdin.isatty():
            raise InputError("Erasing a film needs a yes, and nobody is there to ask.", "Give --yes.")
        said = f"Erase the film of {escape(evaluation.evaluation_id)}? This cannot be undone. \\[y/N] "
        err().print(said, end="")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            out().print("Kept.")
            return
    gone = reject_held(ports, evaluation, who, reason)
    out().print(f"Rejected {escape(evaluation.evaluation_id)}: {gone} stored object(s) erased.")


def _pseudonym(by: str, reason: str) -> str:
    if not by.strip() or not reason.strip():
        raise InputError("Expected who decides and why; one of them is empty.", "Give --by and --reason.")
    return pseudonym(by.strip(), pseudonym_key(load_settings()))
