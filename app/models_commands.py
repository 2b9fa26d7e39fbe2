"""The ``models`` commands: which model packages there are and which answer; adding and removing one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from adapters.local.registering import (
    Registered,
    add_checkpoint,
    add_package,
    registered_models,
    remove_package,
)
from app.console import err, out, print_json, working
from bharatchef.errors import InputError
from bharatchef.settings import load_settings

_SHOWN_METRICS = 3


def list_models(with_classes: bool, as_json: bool) -> None:
    """Print every registered model, and which one answers."""
    settings = load_settings()
    rows = registered_models(settings)
    if as_json:
        print_json([{_published(name): value for name, value in asdict(row).items()} for row in rows])
        return
    if not rows:
        out().print(
            "No model package is registered. `bharatchef models add FOLDER` adds one;"
            " until then what was done is given with --segments."
        )
        return
    out().print(_table(rows))
    for row in rows:
        if row.trained_on:
            out().print(f"[bold]{escape(row.name)}[/bold]: {escape(trained(row))} ({escape(row.engine)})")
        if row.classes and with_classes:
            out().print(f"  tells {escape(', '.join(row.classes))}")
    for row in rows:
        if row.problem:
            err().print(f"[red]{escape(row.name or row.origin)}[/red]: {escape(row.problem)}", soft_wrap=True)
            if row.remedy:
                err().print(f"       {escape(row.remedy)}", soft_wrap=True)


def add_model(path: Path, kind: str, labels: Path | None, replace: bool) -> None:
    """Check a package, or make one of a checkpoint, and put it into the models folder."""
    settings = load_settings()
    if labels is not None and not kind:
        raise InputError(
            "Expected --labels only beside --as: a package names its labels itself.", "Leave --labels out."
        )
    with working("Checking the package"):
        row = (
            add_checkpoint(path, kind, settings, labels, replace)
            if kind
            else add_package(path, settings, replace)
        )
    says = "it answers from now on" if row.answers else "another package answers for its analyser"
    out().print(
        f"{escape(row.name)} {escape(row.version)} ({row.analyser}, {escape(trained(row))}) was added:"
        f" {says}.",
        soft_wrap=True,
    )


def remove_model(name: str, yes: bool) -> None:
    """Take a package out of the models folder."""
    settings = load_settings()
    if not yes:
        if not sys.stdin.isatty():
            raise InputError(f"Removing {name} needs a yes, and nobody is there to ask.", "Give --yes.")
        err().print(f"Remove {escape(name)} with its weights from the models folder? \\[y/N] ", end="")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            out().print("Kept.")
            return
    out().print(f"Removed {remove_package(name, settings)}", soft_wrap=True)


def trained(row: Registered) -> str:
    """What a model was trained on, in plain words."""
    return f"trained on {row.trained_on}" if row.trained_on else ""


def _table(rows: Sequence[Registered]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("analyser", "model", "classes", "weights", "measured"):
        table.add_column(title, overflow="fold", no_wrap=title in ("analyser", "weights", "measured"))
    for row in rows:
        measured = "\n".join(f"{name} {value:.3g}" for name, value in _main(row))
        state = "[green]answers[/green]" if row.answers else "[dim]stands by[/dim]"
        if row.problem:
            state = "[red]damaged[/red]" if not row.origin.startswith("host") else "[red]no answer[/red]"
        table.add_row(
            f"{row.analyser or '?'}\n{state}",
            f"{escape(row.name)} {escape(row.version)}\n[dim]{escape(row.origin)}[/dim]",
            str(len(row.classes)) if row.classes else "",
            row.weights_sha256[:12],
            escape(measured),
        )
    return table


def _published(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _main(row: Registered) -> list[tuple[str, float]]:
    return list(row.metrics.items())[:_SHOWN_METRICS]
