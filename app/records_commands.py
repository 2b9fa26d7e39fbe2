"""Commands over what is kept: history, show, delete, backup, restore."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from app.console import NotFound, err, out, print_json, progress_bars
from app.prefect_server import prefect_server
from app.scorecard import print_scorecard
from bharatchef.errors import ConfigurationError, InputError, StoreError
from bharatchef.ports import Ports
from bharatchef.pseudonyms import pseudonym, pseudonym_key
from bharatchef.records import Evaluation
from bharatchef.results import EvaluationResult
from bharatchef.review.standing import Standing, as_read, standing_lines
from bharatchef.settings import Settings, load_settings
from bharatchef.vocabulary import Category, Status
from tasks.publishing import remove_evaluation
from tasks.reviewing import standing_of
from tasks.runtime import ports_here
from tasks.tracing import traces_of

if TYPE_CHECKING:
    from adapters.local.backup import BackupSummary


def find_evaluation(ports: Ports, wanted: str) -> Evaluation:
    """The evaluation of that id, or the only one whose id begins so.

    Raises:
        NotFound: there is none, or there are several.
    """
    found = ports.evaluations.find(wanted)
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(f"Expected the id of an evaluation, there is none that begins with {wanted!r}.")
    ids = ", ".join(evaluation.evaluation_id for evaluation in found[:5])
    raise NotFound(f"{wanted!r} begins the ids of {len(found)} evaluations: {ids}.", "Give more of the id.")


def stored_result(ports: Ports, evaluation: Evaluation) -> EvaluationResult | None:
    """The published result of a COMPLETED evaluation."""
    if evaluation.result_s3_key is None:
        return None
    return EvaluationResult.model_validate_json(ports.objects.get_bytes(evaluation.result_s3_key))


def show_evaluation(wanted: str, as_json: bool) -> None:
    """Print one evaluation: its result where there is one, else how it stands."""
    ports = ports_here()
    evaluation = find_evaluation(ports, wanted)
    result = stored_result(ports, evaluation)
    now = standing_of(ports, evaluation.evaluation_id)
    if as_json:
        print_json(json.loads((result or evaluation).to_json()) | _review(now))
    elif result is not None:
        print_scorecard(as_read(result, now), load_settings())
        for line in standing_lines(now, [(m.deviation_id, m.description) for m in result.feedback.mistakes]):
            out().print(escape(line), soft_wrap=True)
    else:
        out().print(f"{evaluation.evaluation_id}: {evaluation.status}. {escape(evaluation.failure_reason)}")


def _review(now: Standing) -> dict[str, object]:
    """What people said since, beside the result as it was stored; nothing where nobody said anything."""
    return {"review": json.loads(now.to_json())} if now.says_something else {}


def show_history(user: str, dish: str | None, as_json: bool) -> None:
    """Print a person's attempts, oldest first, and the trend within each dish and rubric version."""
    ports = ports_here()
    evaluations = list(ports.evaluations.history(user, dish))
    rescored = {e.evaluation_id: standing_of(ports, e.evaluation_id).rescored_as for e in evaluations}
    trends = _trends([e for e in evaluations if not rescored[e.evaluation_id]])
    if as_json:
        print_json(
            {
                "userId": user,
                "evaluations": [json.loads(evaluation.to_json()) for evaluation in evaluations],
                "trends": [
                    {"dishId": dish_id, "rubricVersion": rubric, "scores": scores}
                    for (dish_id, rubric), scores in trends.items()
                ],
            }
        )
        return
    if not evaluations:
        raise NotFound(f"No attempts of {user!r} are kept{' of that dish' if dish else ''}.")
    console = out()
    table = _attempts_table(evaluations)
    fits = console.measure(table, options=console.options.update(width=10_000)).maximum <= console.width
    console.print(table if fits else _attempts_list(evaluations))
    for evaluation_id, newer in rescored.items():
        if newer:
            console.print(
                f"{evaluation_id} was corrected and scored again as {newer[-1]}, which counts in its place.",
                soft_wrap=True,
            )
    for (dish_id, rubric), scores in trends.items():
        if len(scores) > 1:
            change = scores[-1] - scores[0]
            out().print(
                f"{dish_id} (rubric {rubric}): {scores[0]:.0f} at first, {scores[-1]:.0f} now, {change:+.0f}"
                f" over {len(scores)} attempts."
            )
    for dish_id in sorted({dish_id for dish_id, _ in trends}):
        rubrics = [rubric for named, rubric in trends if named == dish_id]
        if len(rubrics) > 1:
            out().print(
                f"{dish_id} was scored by different rubrics ({', '.join(rubrics)}); only scores of the same"
                " rubric are compared."
            )


def _attempts_table(evaluations: list[Evaluation]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("evaluation", no_wrap=True)
    table.add_column("when (UTC)", no_wrap=True)
    for title in ("overall", "level", *(category.replace("_", " ") for category in Category)):
        table.add_column(title)
    for evaluation in evaluations:
        scores = [evaluation.category_scores.get(category) for category in Category]
        table.add_row(
            evaluation.evaluation_id,
            evaluation.created_at.strftime("%m-%d %H:%M"),
            _overall(evaluation),
            str(evaluation.skill_level or "-"),
            *(_number(score) for score in scores),
        )
    return table


def _attempts_list(evaluations: list[Evaluation]) -> str:
    """The same for a terminal that is too narrow for ten columns: two lines an attempt."""
    lines = []
    for evaluation in evaluations:
        scores = (
            f"{category.replace('_', ' ')} {_number(evaluation.category_scores.get(category))}"
            for category in Category
        )
        level = f" {evaluation.skill_level}" if evaluation.skill_level else ""
        done = evaluation.status is Status.COMPLETED
        said = f"{level}: {', '.join(scores)}" if done else f"  {escape(evaluation.failure_reason)}"
        lines += [
            f"[bold]{evaluation.evaluation_id}[/bold]  {evaluation.created_at:%m-%d %H:%M} UTC",
            f"  {_overall(evaluation)}{said}",
        ]
    return "\n".join(lines)


def _overall(evaluation: Evaluation) -> str:
    if evaluation.status is not Status.COMPLETED:
        return evaluation.status.lower()
    return _number(evaluation.overall_score)


def _trends(evaluations: list[Evaluation]) -> dict[tuple[str, str], list[float]]:
    """Overall scores in time order, never mixed over dishes or rubric versions."""
    trends: dict[tuple[str, str], list[float]] = {}
    for evaluation in evaluations:
        if evaluation.overall_score is not None:
            trends.setdefault((evaluation.dish_id, evaluation.rubric_version), []).append(
                evaluation.overall_score
            )
    return trends


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def delete_evaluation(wanted: str, yes: bool, debug: bool = False) -> None:
    """Remove an evaluation and all that only it needs; asks first."""
    ports = ports_here()
    evaluation = find_evaluation(ports, wanted)
    what = f"evaluation {evaluation.evaluation_id} ({evaluation.dish_id}, {evaluation.user_id})"
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(f"Deleting {what} needs a yes, and nobody is there to ask.", "Give --yes.")
        err().print(
            f"Delete {escape(what)}, its report and its film? This cannot be undone. \\[y/N] ", end=""
        )
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            out().print("Kept.")
            return
    settings = load_settings()
    traces = traces_of(ports, evaluation, pseudonym(evaluation.user_id, pseudonym_key(settings)))
    # The record first: whoever is at work on it stops, while Prefect is looked for or started.
    removed = remove_evaluation(ports, evaluation)
    with prefect_server(settings, debug):
        from tasks.erasing_places import erase_rest_of

        erase_rest_of(ports, settings, traces)
    out().print(f"Deleted {escape(what)}: {removed} file(s).")


def write_backup(file: Path, weights: bool, overwrite: bool) -> None:
    """Write the home into one file; what could not be read whole is named."""
    from adapters.local.backup import backup

    _say_what_lies_on_aws(load_settings())
    with progress_bars() as progress:
        bar = progress.add_task("Backing up", total=None)
        summary = backup(
            load_settings(),
            file,
            lambda done, total: progress.update(bar, completed=done, total=total),
            include_weights=weights,
            overwrite=overwrite,
        )
    out().print(f"{file}: {_summary(summary)}")
    for word, names in (("left out", summary.skipped), ("damaged", summary.damaged)):
        for name in names:
            err().print(f"[yellow]{word}:[/yellow] {escape(str(name))}")


def _summary(summary: BackupSummary) -> str:
    return f"{summary.evaluations} evaluations, {summary.files} files, {summary.size_bytes / 1e6:.1f} MB"


def restore_backup(file: Path, force: bool) -> None:
    """Bring a backup back into the home."""
    from adapters.local.backup import restore
    from app.prefect_server import running_server

    settings = load_settings()
    if running_server(settings):
        raise ConfigurationError(
            f"`bharatchef up` is running over {settings.home}.", "Stop it (Ctrl-C) before you restore."
        )
    if not file.is_file():
        raise StoreError(f"Expected a backup at {file}, found none.")
    with progress_bars() as progress:
        bar = progress.add_task("Restoring", total=None)
        summary = restore(
            settings, file, force, lambda done, total: progress.update(bar, completed=done, total=total)
        )
    out().print(f"Restored into {settings.home}: {_summary(summary)}")
    _say_what_lies_on_aws(settings)


def _say_what_lies_on_aws(settings: Settings) -> None:
    """Where a backup of this machine's home is not one of the installation, say so before it is relied on."""
    if settings.ports == "aws":
        err().print(
            f"[yellow]not in it:[/yellow] BHARATCHEF_PORTS=aws, so films, results and records lie in S3 and"
            f" DynamoDB; a backup holds {escape(str(settings.home))} alone. AWS keeps theirs: versions of"
            " objects, the tables' last 35 days, the database's snapshots. infra/README.md says how each is"
            " brought back."
        )
