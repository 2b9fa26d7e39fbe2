"""What children of the adapters' unit tests do: write, claim, tell, migrate, back up and restore."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from contract_sides import HeldClock
from forking import dying
from samples import sample_evaluation, sample_result

from adapters import build_ports
from adapters.local import migrations
from adapters.local.backup import backup, restore
from adapters.local.clock import SystemClock
from adapters.local.durable import lock_path, locked
from adapters.local.evaluations import SqliteEvaluations
from adapters.local.notifier import FileNotifier
from adapters.local.objects import FolderObjects
from adapters.local.restoring import put_in_place, staging
from bharatchef.settings import load_settings

migrations.migrations()  # read once here, so that a child's few hundred calls are those that matter


def write_object(root: str, call: int, count_into: str = "") -> None:
    """Replace one object and die at that call."""
    store = FolderObjects(Path(root))
    with dying(call, count_into):
        store.put_bytes("a/b", b"new" * 1_000_000, "text/plain")


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


def open_database(database: str, call: int, count_into: str = "") -> None:
    """Bring a database to the latest version and die at that call."""
    store = SqliteEvaluations(Path(database), SystemClock())
    with dying(call, count_into):
        store.find("")


def back_up(home: str, target: str, call: int, count_into: str = "") -> None:
    """Back a home up and die at that call."""
    settings = load_settings(home=Path(home))
    with dying(call, count_into):
        backup(settings, Path(target), overwrite=True)


def bring_back(home: str, source: str, call: int, count_into: str = "") -> None:
    """Restore a home and die at that call."""
    settings = load_settings(home=Path(home))
    with dying(call, count_into):
        restore(settings, Path(source), force=True)


def replace_state(home: str, call: int, count_into: str = "") -> None:
    """Make a home with one evaluation and its film, and another beside it; die while that takes its place."""
    settings = load_settings(home=Path(home))
    for name, folder in (("ev-old", settings.home), ("ev-new", staging(settings.home))):
        of_it = load_settings(home=folder)
        SqliteEvaluations(of_it.database, HeldClock()).claim(sample_evaluation(name), "one", 1)
        FolderObjects(of_it.objects_dir).put_bytes(f"films/{name}.mp4", name.encode(), "video/mp4")
    with dying(call, count_into), locked(lock_path(settings.database), exclusive=True):
        put_in_place(settings)


def open_ports(home: str, call: int, count_into: str = "") -> None:
    """Open the ports of a home and die at that call."""
    settings = load_settings(home=Path(home))
    with dying(call, count_into):
        build_ports(settings)
