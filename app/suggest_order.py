"""``dishes suggest-order``: what several expert performances propose, for an instructor to confirm."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from app.console import out, print_json
from app.dishes import dish_library, seconds_text
from bharatchef.errors import InputError
from bharatchef.judgement.learning import OrderSuggestion, SuggestedEdge, SuggestedRange, suggest_order
from bharatchef.perception.segments_file import read_segments
from bharatchef.records import Dish, ExpertPerformance


def propose_order(dish_id: str, files: list[Path], as_json: bool) -> None:
    """Print proposals out of the dish's own expert performances and of more in segments files.

    Raises:
        InputError: a file cannot be read, or there is no performance at all.
    """
    dish = dish_library().get(dish_id)
    performances = _performances(dish, files)
    if not performances:
        raise InputError(
            f"Expected expert performances of {dish.dish_id}; its file holds none, and no file was given.",
            "Give segments files of people who can cook it: … suggest-order DISH A.csv B.csv C.csv",
        )
    found = suggest_order(dish.expected_steps, performances)
    if as_json:
        print_json(json.loads(found.to_json()))
        return
    _print(dish, found)


def _performances(dish: Dish, files: list[Path]) -> list[ExpertPerformance]:
    found = list(dish.expert_performances)
    if not found and dish.expert_action_sequence:
        found.append(ExpertPerformance(performance_id="expert", actions=dish.expert_action_sequence))
    for number, file in enumerate(files, start=1):
        try:
            given = read_segments(file.read_bytes(), file.name, dish)
        except OSError as error:
            raise InputError(f"Expected a segments file to read at {file}: {error.strerror}.") from error
        name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:50] or "file"
        found.append(ExpertPerformance(performance_id=f"{name}-{number}", actions=given.segments))
    return found


def _print(dish: Dish, found: OrderSuggestion) -> None:
    console = out()
    console.print(f"[bold]{escape(dish.name)}[/bold]: from {found.performances} performance(s) by experts")
    if found.note:
        console.print(f"[yellow]{escape(found.note[0].upper() + found.note[1:])}.[/yellow]")
    if found.edges:
        table = Table("step", "only after", "seen", "sure", "", title="Order", title_justify="left", box=None)
        for edge in found.edges:
            table.add_row(
                _time(dish, edge.step_id, edge.time),
                _time(dish, edge.after_step_id, edge.after_time),
                f"{edge.seen} of {edge.performances}",
                f"{edge.probability:.0%}",
                "binding until confirmed" if edge.binding else "to be confirmed",
            )
        console.print(table)
    table = Table("step", "times", "takes", "seen", title="Steps", title_justify="left", box=None)
    for step in dish.expected_steps:
        took = found.durations.get(step.step_id)
        count = found.required_counts.get(step.step_id)
        table.add_row(
            step.step_id,
            "optional" if step.step_id in found.optional else str(count or "-"),
            _range(took) if took else "-",
            f"{took.seen} times" if took else "never",
        )
    console.print(table)
    if found.edges:
        console.print("To confirm an order, put it into the dish's file with your own reason:\n")
        console.print(escape(_yaml(found.edges)), soft_wrap=True)


def _range(took: SuggestedRange) -> str:
    low, high = seconds_text(round(took.min_s)), seconds_text(round(took.max_s))
    return low if low == high else f"{low} to {high}"


def _time(dish: Dish, step_id: str, time: int) -> str:
    known = {step.step_id: step.required_count for step in dish.expected_steps}
    return f"{step_id} (time {time})" if known.get(step_id, 1) > 1 else step_id


def _yaml(edges: tuple[SuggestedEdge, ...]) -> str:
    """The proposals in the words of a dish file, a step at a time."""
    lines: list[str] = []
    for step_id in dict.fromkeys(edge.step_id for edge in edges):
        lines += [f"  - id: {step_id}", "    must_come_after:"]
        for edge in (edge for edge in edges if edge.step_id == step_id):
            lines.append(f"      - step: {edge.after_step_id}")
            lines.append(f"        because: seen in {edge.seen} of {edge.performances} expert performances")
    return "\n".join(lines)
