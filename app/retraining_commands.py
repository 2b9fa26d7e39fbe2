"""What the commands of retraining do: the stages run in this process, without a Prefect server."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape
from rich.table import Table

from app.console import out, print_json, working
from bharatchef.errors import InputError
from bharatchef.retraining.card import comparison
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Record
from tasks import retraining as stages
from tasks.retraining_drift import drift_now
from tasks.retraining_rollout import crowned, move_on, taken_back
from tasks.runtime import ports_here


def retrain(package: str, as_json: bool) -> None:
    """Train, measure and decide; print the record, or its words."""
    with working("Training and measuring"):
        record = stages.retrained(ports_here(), load_settings(), package)
    if as_json:
        _print(record)
    else:
        out().print(comparison(record), markup=False, soft_wrap=True)


def roll_out(package: str, as_json: bool) -> None:
    """Move the roll-out on and say where it stands."""
    rollout, why = move_on.fn(ports_here(), load_settings(), package)
    if rollout is None:
        out().print(why)
    elif as_json:
        _print(rollout)
    else:
        out().print(f"{rollout.percent} %: {rollout.status.replace('_', ' ')}. {escape(why)}", soft_wrap=True)


def roll_back(package: str, why: str) -> None:
    """Take the roll-out back and say so."""
    rollout = taken_back(ports_here(), load_settings(), package, why)
    out().print(f"Version {rollout.champion_version} answers all again.")


def champion(package: str, version: int | None, folder: Path | None, why: str, as_json: bool) -> None:
    """Print the versions, after one of them or a new package was made the champion."""
    ports, settings = ports_here(), load_settings()
    if version is not None and folder is not None:
        raise InputError("Expected --version or --folder, got both.", "Leave one of them out.")
    if (version is not None or folder is not None) and not why:
        raise InputError("Expected a reason for another champion, got none.", 'Give --why "…".')
    if folder is not None:
        version = stages.registered(ports, settings, package, folder, why).version
    if version is not None:
        crowned(ports, settings, package, version, why)
    stages.champion_of.fn(ports, settings, package)
    rows = stages.registry_of(settings, ports.objects).versions(package)
    if as_json:
        print_json([row.model_dump(mode="json", by_alias=True) for row in rows])
        return
    table = Table(box=None, pad_edge=False)
    for title in ("version", "state", "weights", "mean F1", "why"):
        table.add_column(title, overflow="fold")
    for row in rows:
        state = "[green]champion[/green]" if row.champion else row.status
        told = f"{row.figures.mean_f1:.3f}" if row.figures else ""
        table.add_row(str(row.version), state, row.weights_sha256[:12], told, escape(row.why))
    out().print(table)


def drift(package: str, as_json: bool) -> None:
    """Measure drift and print what was found."""
    found = drift_now.fn(ports_here(), load_settings(), package)
    if found is None:
        out().print("The champion was never measured on a frozen test: there is nothing to compare with.")
    elif as_json:
        _print(found)
    else:
        for line in found.alerts or (found.note or "Nothing has drifted.",):
            out().print(escape(line), soft_wrap=True)


def _print(record: Record) -> None:
    print_json(record.model_dump(mode="json", by_alias=True))
