"""Puts a restored state in the place of the old one, all of it or nothing; knows nothing of backup files.

The new state lies ready under ``.restore/new`` in the home. **The restore happens when the marker
``.restore/commit`` is written**: before it the old state stands; after it the new one does, because whoever
opens the home next finishes the renames that a crash left undone. A home may be a mount point, so it cannot
itself be swapped by one rename.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adapters.local.durable import (
    PRIVATE_FILE,
    lock_path,
    locked,
    make_folder,
    sync_folder,
    telling,
    write_durably,
)
from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.settings import Settings

NOTIFICATIONS = "notifications.jsonl"


def restored_folders(settings: Settings) -> tuple[Path, ...]:
    """The folders of the home that a backup holds."""
    return settings.objects_dir, settings.dishes_dir, settings.models_dir


def restored_files(settings: Settings) -> tuple[Path, ...]:
    """The files of the home that a backup holds."""
    return settings.home / NOTIFICATIONS, settings.database


def staging(home: Path) -> Path:
    """Where the new state is made ready."""
    return home / ".restore" / "new"


def restore_pending(home: Path) -> bool:
    """Whether a restore was decided and not yet finished."""
    return _marker(home).exists()


@contextmanager
def restoring(home: Path) -> Iterator[None]:
    """Alone with ``.restore``, which is empty at first and gone afterwards.

    Raises:
        StoreError: another restore into this home is running.
    """
    with telling(f"prepare a restore into {home}"):
        make_folder(home)
        descriptor = os.open(home / ".restore.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(
                f"Another restore into {home} is running.", "Wait for it, or end it, and repeat."
            ) from error
        if not restore_pending(home):
            shutil.rmtree(home / ".restore", ignore_errors=True)
        try:
            yield
        finally:
            if not restore_pending(home):
                shutil.rmtree(home / ".restore", ignore_errors=True)
    finally:
        os.close(descriptor)


def finish_interrupted_restore(settings: Settings) -> None:
    """Finish a restore that a crash left decided but not done; remove one that it left undecided."""
    if not (settings.home / ".restore").exists():
        return
    with suppress(StoreError), restoring(settings.home):
        if restore_pending(settings.home):
            with locked(lock_path(settings.database), exclusive=True):
                _roll_forward(settings)


def check_replaceable(settings: Settings) -> None:
    """Refuse a home whose parts cannot be renamed, before anything is done.

    Raises:
        ConfigurationError: a part of the home is a link or a disk of its own.
    """
    for part in (*restored_folders(settings), *restored_files(settings)):
        if part.is_symlink() or part.is_mount():
            raise ConfigurationError(
                f"Expected {part} to be an ordinary part of its home; it is a link or a disk of its own.",
                "Restore into an empty folder named by BHARATCHEF_HOME, and move it by hand.",
            )


def put_in_place(settings: Settings) -> None:
    """Decide for the staged state and put it in place; the caller holds the database's lock alone."""
    with telling(f"restore into {settings.home}"):
        new = staging(settings.home)
        # Every part is there, if need be empty: one that is no longer staged has been put in place.
        for folder in restored_folders(settings):
            make_folder(new / folder.name)
        for file in restored_files(settings):
            (new / file.name).touch(mode=PRIVATE_FILE)
        for current, _, _ in os.walk(new):
            sync_folder(Path(current))
        sync_folder(new.parent)
        write_durably(_marker(settings.home), [b"new/ takes the old state's place\n"])
        _roll_forward(settings)


def _roll_forward(settings: Settings) -> None:
    new = staging(settings.home)
    old = new.parent / f"old-{secrets.token_hex(8)}"
    make_folder(old)
    database = settings.database
    # The write-ahead log belongs to the old database; beside the new one it would be replayed into it.
    companions = [database.with_name(database.name + ending) for ending in ("-wal", "-shm", "-journal")]
    for part in (*restored_folders(settings), *restored_files(settings)):
        if not (new / part.name).exists():
            continue
        for present in [*companions, part] if part == database else [part]:
            if present.exists():
                present.rename(old / present.name)
        (new / part.name).rename(part)
        sync_folder(settings.home)
    _marker(settings.home).unlink()
    sync_folder(new.parent)


def _marker(home: Path) -> Path:
    return home / ".restore" / "commit"
