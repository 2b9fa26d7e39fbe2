"""What the home folder takes up on the disk, and what is left; changes nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from adapters.local.durable import telling
from bharatchef.errors import StoreError
from bharatchef.settings import Settings

_NO_ROOM_BYTES = 1 << 20


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk that holds ``folder``, or will hold it.

    Raises:
        StoreError: a part of the path may not be read, or is a file.
    """
    with telling(f"look for room at {folder}"):
        return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free


def check_room(folder: Path) -> None:
    """Return where the disk has room: what other programs say of a full one is often something else.

    Raises:
        StoreError: the disk is full.
    """
    if free_bytes(folder) < _NO_ROOM_BYTES:
        raise StoreError(
            f"The disk that holds {folder} is full.",
            "Free some space (`bharatchef doctor` shows what uses it) and repeat.",
        )


def disk_usage(settings: Settings) -> dict[str, int]:
    """Bytes on the disk by what they are for, ``other`` being the rest of the home.

    Counted in whole blocks as the disk holds them, each file once however many names it has; links are not
    followed.

    Raises:
        StoreError: a folder may not be read.
    """
    parts = {
        "objects": settings.objects_dir,
        "records": settings.database,
        "dishes": settings.dishes_dir,
        "models": settings.models_dir,
        "prefect": settings.prefect_home,
    }
    usage = dict.fromkeys([*parts, "other"], 0)
    for path, size_bytes in _files(settings.home):
        usage[next((name for name, part in parts.items() if _belongs(path, part)), "other")] += size_bytes
    return usage


def _belongs(path: Path, part: Path) -> bool:
    # The database's own companions (write-ahead log, lock) bear its name and an ending.
    return part in path.parents or (path.parent == part.parent and path.name.startswith(part.name))


def _files(folder: Path) -> list[tuple[Path, int]]:
    found: list[tuple[Path, int]] = []
    seen: set[tuple[int, int]] = set()
    open_folders = [folder]
    while open_folders:
        current = open_folders.pop()
        with telling(f"measure {current}"):
            try:
                entries = sorted(os.scandir(current), key=lambda entry: entry.name)
            except FileNotFoundError:
                continue  # deleted while this was counting, or no home yet
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if entry.is_dir(follow_symlinks=False):
                open_folders.append(Path(entry.path))
            elif (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                found.append((Path(entry.path), status.st_blocks * 512))
    return found
