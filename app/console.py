"""How the command speaks: people read stderr and stdout as they like, programs read JSON on stdout alone."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from bharatchef.errors import BharatChefError, was_interrupted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class Exit(IntEnum):
    """Exit statuses; docs/cli.md says the same to people."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIGURATION = 3
    INPUT = 4
    STORE = 5
    BUSY = 6
    ENDPOINT = 7
    COACHING = 8
    NOT_FOUND = 9
    INTERRUPTED = 130


class NotFound(BharatChefError):
    """What was asked for by name is not there."""

    exit_code = Exit.NOT_FOUND


def out() -> Console:
    """The console for what was asked for."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def err() -> Console:
    """The console for progress, advice and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on stdout, and nothing else."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Bars on stderr for as long as the context lasts; where stderr is no terminal, nothing is written."""
    from rich.progress import BarColumn, Progress, Task, TextColumn, TimeElapsedColumn

    class Share(TextColumn):
        def render(self, task: Task) -> Any:
            # How much there is in all is not known yet: 0 % would not be true.
            return super().render(task) if task.total is not None else ""

    console = err()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        Share("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on stderr what is being done while the context lasts; it moves where that is a terminal."""
    console = err()
    if not console.is_terminal:
        console.print(f"{what} ...")
        yield
        return
    with console.status(f"{what} ..."):
        yield


@contextmanager
def spoken_errors(debug: bool) -> Iterator[None]:
    """Turn an error into words and an exit status; a traceback is shown only with ``--debug``."""
    import typer

    try:
        yield
    except BrokenPipeError:
        raise typer.Exit(Exit.OK) from None
    except (typer.Exit, typer.Abort):
        raise
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            traceback.print_exc()
        if was_interrupted(error):
            err().print("[yellow]Stopped.[/yellow] Nothing is half-done: what was finished is kept.")
            raise typer.Exit(Exit.INTERRUPTED) from None
        if isinstance(error, OSError) and error.filename is not None:
            from adapters.local.durable import told

            error = told(error, f"use {error.filename}")
        if isinstance(error, BharatChefError):
            say_error(error.message, error.remedy)
            raise typer.Exit(error.exit_code) from None
        say_error(
            f"Something went wrong that nobody foresaw: {type(error).__name__}: {error}",
            "Run the same command with `bharatchef --debug …` and report what it prints.",
        )
        raise typer.Exit(Exit.UNEXPECTED) from None


def say_error(message: str, remedy: str = "") -> None:
    """An error in words on stderr, the remedy on a line of its own."""
    from rich.markup import escape

    console = err()
    console.print(f"[bold red]Error:[/bold red] {escape(message)}", soft_wrap=True)
    if remedy:
        console.print(f"       {escape(remedy)}", soft_wrap=True)
