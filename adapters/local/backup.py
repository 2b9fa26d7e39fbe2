"""The home as one file and back: records, objects, dishes, models; knows nothing of who asks for it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO

from adapters.keys import key_parts
from adapters.local import migrations
from adapters.local.archive import ArchiveWriter, Manifest, archive_to, unpack
from adapters.local.clock import SystemClock
from adapters.local.durable import lock_path, locked, make_folder, replacing, telling
from adapters.local.evaluations import SqliteEvaluations
from adapters.local.objects import FolderObjects
from adapters.local.restoring import (
    check_replaceable,
    finish_interrupted_restore,
    put_in_place,
    restored_files,
    restored_folders,
    restoring,
    staging,
)
from adapters.moments import moment
from bharatchef.errors import BharatChefError, StoreError
from bharatchef.settings import Settings

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes there are in all."""

_DESCRIPTIONS = frozenset({".json", ".yaml", ".yml", ".md", ".txt", ".py"})  # of a model; all else is weights


@dataclass(frozen=True)
class BackupSummary:
    """What was backed up or restored.

    ``skipped`` are files left out, with the reason; ``damaged`` the ids of COMPLETED evaluations whose
    result was not among the objects already before the backup.
    """

    files: int
    size_bytes: int
    evaluations: int
    skipped: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def backup(
    settings: Settings,
    target_file: Path,
    progress: Progress | None = None,
    *,
    include_weights: bool = False,
    overwrite: bool = False,
) -> BackupSummary:
    """Write everything in the home that cannot be made again into one file, while others go on working.

    The records are those of one moment, and each COMPLETED evaluation among them has its objects. Prefect's
    own files and, unless asked for, model weights are left out. Killed at any moment it leaves no file under
    the target's name, or a whole one.

    Raises:
        StoreError: there is nothing to back up, the target exists already, or it cannot be written.
    """
    home = settings.home
    finish_interrupted_restore(settings)
    if not settings.database.exists() and not any(folder.is_dir() for folder in restored_folders(settings)):
        raise StoreError(f"Expected something to back up in {home}; nothing is stored there.")
    target = target_file.absolute()
    if home.absolute() in target.parents:
        raise StoreError(
            f"Expected a backup file outside {home}, got {target_file}.",
            "Choose a place on another disk, if possible.",
        )
    if target.exists() and not overwrite:
        raise StoreError(f"{target_file} exists already.", "Choose another name, or delete it first.")
    with telling(f"write the backup {target_file}"), _alone(settings), _working_folder(home) as working:
        make_folder(target.parent)
        for leftover in target.parent.glob(f".{target.name}.*.partial"):
            leftover.unlink()
        snapshot = working / settings.database.name
        SqliteEvaluations(settings.database, SystemClock()).copy_to(snapshot)
        with replacing(target) as descriptor, os.fdopen(os.dup(descriptor), "wb") as file:
            summary = _write_archive(settings, snapshot, file, progress or _silent, include_weights)
    return summary


def restore(
    settings: Settings, source_file: Path, force: bool = False, progress: Progress | None = None
) -> BackupSummary:
    """Put the state of a backup in the place of what the home holds.

    Everything is unpacked beside the old state and checked before anything is touched; killed at any moment
    the home holds the old state or the new one. Weights that the backup left out and the home has are kept.

    Raises:
        StoreError: the backup is not whole, the home holds something and ``force`` is not given, or
            somebody is working in it.
        ConfigurationError: the backup is of a newer release, or a part of the home cannot be replaced.
    """
    finish_interrupted_restore(settings)
    check_replaceable(settings)
    if not force and _holds_something(settings):
        raise StoreError(
            f"{settings.home} is in use: a restore would replace what it holds.",
            "Back it up first; then repeat with --force, or set BHARATCHEF_HOME to an empty folder.",
        )
    _check_nobody_works(settings)
    with restoring(settings.home), telling(f"restore {source_file}"):
        new = staging(settings.home)
        make_folder(new)
        size_bytes = source_file.stat().st_size
        told = progress or _silent
        manifest = unpack(
            source_file,
            new,
            folders=frozenset(part.name for part in restored_folders(settings)),
            files=frozenset(part.name for part in restored_files(settings)),
            on_read=lambda read: told(read, size_bytes),
        )
        evaluations = _check_database(new / settings.database.name, source_file)
        if not manifest.with_weights:
            _keep_weights(settings.models_dir, new / settings.models_dir.name)
        with locked(lock_path(settings.database), exclusive=True):
            _check_nobody_works(settings)
            put_in_place(settings)
        told(size_bytes, size_bytes)
    return BackupSummary(len(manifest.files), size_bytes, evaluations)


def _silent(done: int, total: int) -> None:
    del done, total


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    # One backup of a home at a time, so that what another left is known to be dead; no restore meanwhile.
    with (
        locked(settings.home / ".backup.lock", exclusive=True),
        locked(lock_path(settings.database), exclusive=False),
    ):
        yield


@contextmanager
def _working_folder(home: Path) -> Iterator[Path]:
    for leftover in home.glob(".backup-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=home) as folder:
        yield Path(folder)


def _write_archive(
    settings: Settings, snapshot: Path, file: IO[bytes], progress: Progress, include_weights: bool
) -> BackupSummary:
    completed, evaluations = _results(snapshot)
    objects = FolderObjects(settings.objects_dir)
    skipped: list[str] = []
    plan = [
        (f"{settings.objects_dir.name}/{key}", objects.path_of(key))
        for key in objects.list_keys("")
        if not key.startswith("results/") or key.split("/")[1] in completed
    ]
    plan += _plain_files(settings.dishes_dir, skipped)
    plan += [
        (name, path)
        for name, path in _plain_files(settings.models_dir, skipped)
        if include_weights or not _is_weights(path)
    ]
    notifications, _ = restored_files(settings)
    plan.append((notifications.name, notifications))
    total = sum(path.stat().st_size for _, path in plan if path.exists()) + snapshot.stat().st_size
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done = min(done + more, total)
        progress(done, total)

    with archive_to(file, count) as archive:
        for name, path in plan:
            _add(archive, name, path)
        kept = {added.name for added in archive.files}
        missing = {e for e, key in completed.items() if f"{settings.objects_dir.name}/{key}" not in kept}
        damaged = _without_deleted(settings, snapshot, missing)
        _add(archive, snapshot.name, snapshot)
        archive.close(
            Manifest(
                code_version=version("bharatchef"),
                database_version=migrations.latest_version(),
                created_at=SystemClock().now(),
                with_weights=include_weights,
                files=tuple(archive.files),
            )
        )
        files = len(archive.files)
    file.flush()
    return BackupSummary(
        files,
        os.fstat(file.fileno()).st_size,
        evaluations - len(missing) + len(damaged),
        tuple(skipped),
        tuple(damaged),
    )


def _add(archive: ArchiveWriter, name: str, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # deleted since it was listed
    with os.fdopen(descriptor, "rb") as source:
        archive.add(name, source, os.fstat(descriptor).st_size)


def _results(snapshot: Path) -> tuple[dict[str, str], int]:
    """The result key of each COMPLETED evaluation by its id, and how many evaluations there are in all."""
    with closing(sqlite3.connect(snapshot)) as connection:
        rows = connection.execute(
            "SELECT evaluationId, coalesce(json_extract(document, '$.resultS3Key'), '')"
            " FROM Evaluations WHERE status = 'COMPLETED'"
        ).fetchall()
        count = connection.execute("SELECT count(*) FROM Evaluations").fetchone()[0]
    return dict(rows), count


def _without_deleted(settings: Settings, snapshot: Path, missing: set[str]) -> list[str]:
    """Take out evaluations that were deleted while the backup ran; the rest of ``missing`` is damaged."""
    live = SqliteEvaluations(settings.database, SystemClock())
    deleted = {evaluation_id for evaluation_id in missing if live.get(evaluation_id) is None}
    with closing(sqlite3.connect(snapshot, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        for evaluation_id in deleted:
            connection.execute("DELETE FROM Evaluations WHERE evaluationId = ?", (evaluation_id,))
    return sorted(missing - deleted)


def _plain_files(folder: Path, skipped: list[str]) -> Iterator[tuple[str, Path]]:
    for current, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            path = Path(current, file)
            name = path.relative_to(folder).as_posix()
            try:
                key_parts(name)
            except BharatChefError:
                skipped.append(f"{folder.name}/{name!r}: no backup takes a name like this")
                continue
            if path.is_symlink() or not path.is_file():
                skipped.append(f"{folder.name}/{name}: a link or a device, not a file")
                continue
            yield f"{folder.name}/{name}", path


def _is_weights(path: Path) -> bool:
    return path.suffix.lower() not in _DESCRIPTIONS


def _keep_weights(models: Path, new: Path) -> None:
    for name, path in _plain_files(models, []):
        target = new.parent / name
        if _is_weights(path) and not target.exists():
            make_folder(target.parent)
            try:
                os.link(path, target)
            except OSError:
                shutil.copyfile(path, target)


def _holds_something(settings: Settings) -> bool:
    if any(path.is_file() for folder in restored_folders(settings) for path in folder.rglob("*")):
        return True
    if not settings.database.exists():
        return False
    try:
        with closing(sqlite3.connect(settings.database)) as connection:
            tables = ("Evaluations", "Users")
            return any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables)
    except sqlite3.Error:
        return True  # whatever it is, it is not nothing


def _check_nobody_works(settings: Settings) -> None:
    if not settings.database.exists():
        return
    try:
        with closing(sqlite3.connect(settings.database)) as connection:
            found = connection.execute(
                "SELECT evaluationId, leaseUntil FROM Evaluations"
                " WHERE status = 'PROCESSING' AND leaseUntil > ?",
                (moment(SystemClock().now()),),
            ).fetchone()
    except sqlite3.Error:
        return  # a damaged database is what one restores for
    if found:
        raise StoreError(
            f"Evaluation {found[0]} is being worked on in {settings.home} (its lease runs until {found[1]}).",
            "Stop it, or wait until it has ended or its lease has run out.",
        )


def _check_database(database: Path, source_file: Path) -> int:
    damaged = StoreError(
        f"{source_file} holds records that are damaged.", "Use another backup; nothing was changed."
    )
    if not database.exists():
        raise damaged
    try:
        with closing(sqlite3.connect(database)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise damaged
            if connection.execute("PRAGMA application_id").fetchone()[0] != migrations.APPLICATION_ID:
                raise damaged
            migrations.check_version(migrations.version_of(connection), f"The database in {source_file}")
            return int(connection.execute("SELECT count(*) FROM Evaluations").fetchone()[0])
    except sqlite3.Error as error:
        raise damaged from error
