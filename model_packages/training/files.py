"""Writes a package's files so that a reader sees the old one or the whole new one; knows no package."""

from __future__ import annotations

import os
from pathlib import Path


def put_whole(path: Path, body: bytes) -> None:
    """Write ``body`` beside ``path``, then give it that name in one step."""
    whole = path.with_name(f".{path.name}.{os.getpid()}.partial")
    whole.write_bytes(body)
    whole.replace(path)
