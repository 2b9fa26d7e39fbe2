"""Commands about held films and about films to be judged by newer models."""

from __future__ import annotations

import sys

from rich.markup import escape

from app.console import err, out, print_json
from app.records_commands import find_evaluation
from bharatchef.errors import ConfigurationError, InputError
from bharatchef.pseudonyms import pseudonym, pseudonym_key
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Status
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


def send_for_reanalysis(model_version: str, user: str, dish: str, as_json: bool) -> None:
    """Put a message on the queue for each complete evaluation of a film that was asked for."""
    ports = ports_here()
    if ports.later is None:
        raise ConfigurationError(
            "Expected queues that work can be put off to; BHARATCHEF_PORTS=local has none.",
            "On one machine: `bharatchef evaluate FILM --dish DISH` makes new work of it by itself.",
        )
    found = ports.evaluations.history(user) if user else ports.evaluations.find("")
    films: dict[tuple[str | None, str | None], str] = {}
    for evaluation in found:
        complete = evaluation.status is Status.COMPLETED and evaluation.trainee_video_s3_key is not None
        if complete and (not dish or evaluation.dish_id == dish):
            # The same films are judged once more, however often they were before.
            films[evaluation.trainee_video_s3_key, evaluation.side_video_s3_key] = evaluation.evaluation_id
    for evaluation_id in films.values():
        ports.later.analyse_again(evaluation_id, model_version)
    if as_json:
        print_json({"modelVersion": model_version, "evaluations": sorted(films.values())})
        return
    out().print(f"{len(films)} film(s) are to be judged by {escape(model_version)}.")


def _pseudonym(by: str, reason: str) -> str:
    if not by.strip() or not reason.strip():
        raise InputError("Expected who decides and why; one of them is empty.", "Give --by and --reason.")
    return pseudonym(by.strip(), pseudonym_key(load_settings()))
