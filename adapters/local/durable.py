"""Writes that survive a crash, and locks that a crash releases; knows nothing of what is written."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bharatchef.errors import StoreError

PRIVATE_FOLDER = 0o700  # films and scores are personal: other accounts of the machine do not read them
PRIVATE_FILE = 0o600

_REASONS = {
    errno.ENOSPC: (
        "the disk is full",
        "Free some space (`bharatchef doctor` shows what uses it) and repeat.",
    ),
    errno.EDQUOT: ("the disk quota is used up", "Free some space or raise the quota, and repeat."),
    errno.EFBIG: ("a file may not grow that large here", "Raise the limit on file size, and repeat."),
    errno.EIO: ("the disk did not take it", "Check the disk before anything else is stored on it."),
    errno.EROFS: ("the disk can only be read", "Make it writable, or set BHARATCHEF_HOME to another folder."),
    errno.EACCES: ("this account may not", "Change the folder's owner, or set BHARATCHEF_HOME to another."),
    errno.EPERM: ("this account may not", "Change the folder's owner, or set BHARATCHEF_HOME to another."),
    errno.ENOTDIR: ("part of its path is a file, not a folder", "Set BHARATCHEF_HOME to a folder."),
    errno.ENAMETOOLONG: ("the name is too long for this disk", "Use a shorter name."),
}


def told(error: OSError, doing: str) -> StoreError:
    """The operating system's ``error`` as a ``StoreError`` with what was being done and a remedy."""
    reason, remedy = _REASONS.get(error.errno or 0, (error.strerror or str(error), ""))
    return StoreError(f"Could not {doing}: {reason}.", remedy)


@contextmanager
def telling(doing: str) -> Iterator[None]:
    """Turns an ``OSError`` inside the block into a ``StoreError`` that says what was being done."""
    try:
        yield
    except OSError as error:
        raise told(error, doing) from error


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; one ``write`` may take fewer than it was given."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a crash; a renamed file is lost without it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create ``folder`` and those above it, private to this account, so that they survive a crash."""
    missing = [folder, *folder.parents]
    missing = [path for path in missing if not path.is_dir()]
    for path in reversed(missing):
        with suppress(FileExistsError):
            path.mkdir(mode=PRIVATE_FOLDER)
        sync_folder(path.parent)


@contextmanager
def replacing(target: Path) -> Iterator[int]:
    """A descriptor to write ``target`` anew: it takes the old one's place whole, or not at all.

    The bytes go to a hidden file beside ``target`` that is renamed over it when the block ends well.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.partial")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        try:
            yield descriptor
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.rename(target)
        sync_folder(target.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_durably(target: Path, pieces: Iterable[bytes]) -> None:
    """Write ``target`` whole or not at all, and so that it survives a crash."""
    with replacing(target) as descriptor:
        for piece in pieces:
            write_all(descriptor, piece)


@contextmanager
def locked(path: Path, exclusive: bool) -> Iterator[None]:
    """Hold the lock file ``path``, shared or alone, waiting for it; the kernel frees it at a crash."""
    with telling(f"lock {path}"):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def lock_path(database: Path) -> Path:
    """The lock file that stands for ``database``: held shared by its users, alone by who replaces it."""
    return database.with_name(f"{database.name}.lock")
