"""What children of the adapters' unit tests do: write, claim, tell, migrate, back up and restore."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from forking import die_at_call
from samples import sample_evaluation, sample_result

from adapters import build_ports
from adapters.local import migrations
from adapters.local.backup import backup, restore
from adapters.local.clock import SystemClock
from adapters.local.evaluations import SqliteEvaluations
from adapters.local.notifier import FileNotifier
from adapters.local.objects import FolderObjects
from bharatchef.settings import load_settings

migrations.migrations()  # read once here, so that a child's few hundred calls are those that matter


def write_object(root: str, call: int) -> None:
    """Replace one object and die at that call."""
    store = FolderObjects(Path(root))
    die_at_call(call)
    store.put_bytes("a/b", b"new" * 1_000_000, "text/plain")
    sys.setprofile(None)


def claim_all(database: str, owner: str, works: int, begin_at: float) -> None:
    """Claim every work at the same time as others do, and complete what was won."""
    store = SqliteEvaluations(Path(database), SystemClock())
    while datetime.now(UTC).timestamp() < begin_at:
        continue
    for number in range(works):
        claim = store.claim(
            sample_evaluation(f"{owner}-{number}", user_id=owner, work=f"work {number}"), owner, 60
        )
        if claim.outcome == "claimed" and number % 2:
            store.complete(sample_result(claim.evaluation), owner)


def tell(path: str, name: str, times: int) -> None:
    """Tell of ``times`` evaluations."""
    notifier = FileNotifier(Path(path), SystemClock())
    for number in range(times):
        notifier.evaluation_complete(sample_evaluation(f"{name}-{number}"))


def open_database(database: str, call: int) -> None:
    """Bring a database to the latest version and die at that call."""
    store = SqliteEvaluations(Path(database), SystemClock())
    die_at_call(call)
    store.find("")
    sys.setprofile(None)


def back_up(home: str, target: str, call: int) -> None:
    """Back a home up and die at that call."""
    settings = load_settings(home=Path(home))
    die_at_call(call)
    backup(settings, Path(target), overwrite=True)
    sys.setprofile(None)


def bring_back(home: str, source: str, call: int) -> None:
    """Restore a home and die at that call."""
    settings = load_settings(home=Path(home))
    die_at_call(call)
    restore(settings, Path(source), force=True)
    sys.setprofile(None)


def open_ports(home: str, call: int) -> None:
    """Open the ports of a home and die at that call."""
    settings = load_settings(home=Path(home))
    die_at_call(call)
    build_ports(settings)
    sys.setprofile(None)
