"""A result as a scorecard in the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.console import out
from bharatchef.records import CategoryScore, Scorecard
from bharatchef.report.languages import PageWords, language_cautions
from bharatchef.report.words import LEVEL_WORDS
from bharatchef.results import EvaluationResult
from bharatchef.settings import Settings
from tasks.publishing import result_key

_BAR = 20
_WIDE = 70
"""Columns from which on there is room for bars."""


def report_path(result: EvaluationResult, settings: Settings) -> Path:
    """Where the report of a result lies on this machine."""
    return settings.objects_dir / result_key(result.evaluation.evaluation_id, "report.html")


def print_scorecard(result: EvaluationResult, settings: Settings, report: Path | None = None) -> None:
    """Print scores, the coach's words and where the report lies."""
    console = out()
    card, words = result.scorecard, PageWords(result)
    console.print()
    console.print(f"[bold]{escape(words.speaker.dish_name())}[/bold]  {_attempt(result)}")
    for line in _cautions(result, words):
        console.print(f"[yellow]{escape(line)}[/yellow]")
    console.print()
    console.print(Panel(_overall(card, words), expand=False, padding=(0, 2)))
    table = Table(box=None, pad_edge=False, show_header=False)
    for entry in card.categories:
        name, (score, bar, reason) = words.plain(entry.category.replace("_", " ")), _score_cells(entry, words)
        table.add_row(*((name, score, bar, reason) if console.width >= _WIDE else (name, score, reason)))
    console.print(table)
    console.print()
    _print_feedback(result, words)
    where = report or report_path(result, settings)
    console.print()
    console.print(Text.assemble((f"{words.plain('Report:')} ", "bold"), str(where)), soft_wrap=True)


def _attempt(result: EvaluationResult) -> str:
    evaluation = result.evaluation
    return escape(
        f"{evaluation.user_id}, {evaluation.created_at:%Y-%m-%d %H:%M} UTC, {evaluation.evaluation_id}"
    )


def _cautions(result: EvaluationResult, words: PageWords) -> list[str]:
    source = result.performance.source
    said = {
        "drawn_truth": "A drawn film: what was done is its own drawn truth, not what a model saw.",
        "person": f"What was done was marked by a person ({source.name}), not seen by a model.",
        "example": "What was done was recognised by likeness to an expert's film.",
        "action_model": "",
        "none": "Nothing recognised the steps: this is a partial result.",
    }[source.kind]
    cautions = [said] if said else []
    if result.film is None:
        cautions.append("No film was given: what only a film can show is left out.")
    elif result.film.decode_errors:
        cautions.append(f"{result.film.decode_errors} pictures of the film could not be decoded.")
    if result.quality is not None:
        cautions += [issue.advice for issue in result.quality.issues]
    return [words.plain(caution) for caution in cautions] + language_cautions(result, words)


def _overall(card: Scorecard, words: PageWords) -> str:
    if card.overall is None:
        return f"[bold]{words.plain('No overall score:')}[/bold] {escape(words.plain(card.overall_reason))}"
    text = f"[bold]{card.overall:.0f}[/bold] {words.plain('of 100')}"
    if card.interval is not None:
        text += f"  {words.plain(f'(between {card.interval[0]:.0f} and {card.interval[1]:.0f})')}"
    if card.level is not None:
        provisional = f", {words.plain('provisional')}" if card.provisional else ""
        text += f"  [bold]{words.plain(LEVEL_WORDS[card.level]).lower()}[/bold]{provisional}"
    return f"{text}\n{words.plain(f'{card.coverage:.0%} of what counts was assessed')}"


def _score_cells(entry: CategoryScore, words: PageWords) -> tuple[str, str, str]:
    reason = escape(words.plain(entry.reason))
    if entry.score is None:
        return "-", "", f"{words.plain('not assessed')}: {reason}"
    filled = round(entry.score / 100 * _BAR)
    return f"{entry.score:.0f}", "█" * filled + "░" * (_BAR - filled), reason


def _print_feedback(result: EvaluationResult, page: PageWords) -> None:
    console = out()
    feedback = result.feedback
    if feedback.encouragement:
        console.print(escape(feedback.encouragement))
    for mistake in feedback.mistakes:
        console.print(f"[bold]{mistake.priority}. {escape(mistake.description)}[/bold]")
        for label, words in (
            ("why:", mistake.impact),
            ("next time:", mistake.correction),
            ("safety:", mistake.safety),
        ):
            if words:
                console.print(f"   [dim]{page.plain(label)}[/dim] {escape(words)}")
    if feedback.next_steps:
        console.print(f"[bold]{page.plain('Practice:')}[/bold]")
        for step in feedback.next_steps:
            console.print(f" - {escape(step)}")
    for follow_up in feedback.follow_ups:
        verdict = page.plain(follow_up.verdict.replace("_", " "))
        said = f"   {page.plain('Last time:')} {escape(follow_up.description)} [bold]{verdict}[/bold]"
        console.print(f"{said} ({escape(follow_up.evidence)})")
