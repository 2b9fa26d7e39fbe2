"""Further files packed with a network in one weights file: read, and put in the place of others."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)


def members_in(weights: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Those of the files ``names`` that are packed in the file at ``weights``."""
    with zipfile.ZipFile(weights) as archive:
        there = set(archive.namelist())
        return {name: archive.read(name) for name in names if name in there}


def with_members(weights: bytes, names: Iterable[str], members: Mapping[str, bytes]) -> bytes:
    """A weights file in which ``members`` have taken the place of all that is called one of ``names``."""
    gone, out = set(names), io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(weights)) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive,
    ):
        for entry in before.infolist():
            if entry.filename not in gone:
                archive.writestr(entry, before.read(entry))
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), body)
    return out.getvalue()
