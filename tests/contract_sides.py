"""The sides that every port's contract is held to; another side joins by a function in ``SIDES``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from samples import MOMENT

from adapters import build_ports
from adapters.local.evaluations import SqliteEvaluations
from adapters.local.notifier import FileNotifier
from bharatchef.ports import Ports
from bharatchef.settings import load_settings


class HeldClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = MOMENT

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Side:
    """One side of the ports on empty storage: its clock, a way to open it again, and what it told people."""

    ports: Ports
    clock: HeldClock
    reopen: Callable[[], Ports]
    told: Callable[[], list[dict[str, Any]]]


def local(folder: Path) -> Side:
    settings = load_settings(home=folder / "home", built_in_models=False)
    clock = HeldClock()
    notices = folder / "home" / "notifications.jsonl"

    def reopen() -> Ports:
        return replace(
            build_ports(settings),
            evaluations=SqliteEvaluations(settings.database, clock),
            notifier=FileNotifier(notices, clock),
            clock=clock,
        )

    def told() -> list[dict[str, Any]]:
        return [json.loads(line) for line in notices.read_text().splitlines()] if notices.exists() else []

    return Side(reopen(), clock, reopen, told)


SIDES = {"local": local}
