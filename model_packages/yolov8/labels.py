"""The words the detector is trained to name, and what drawn films call them; knows no picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).resolve().parent / "classes.yaml"


@dataclass(frozen=True)
class Classes:
    """The classes in the order of the model's outputs, and the class number of each drawn word."""

    version: str
    names: tuple[str, ...]
    number_of: dict[str, int]


@cache
def kitchen_classes() -> Classes:
    """The classes of ``classes.yaml``."""
    plain: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    rows: dict[str, dict[str, list[str]]] = plain["classes"]
    numbers = {word: number for number, row in enumerate(rows.values()) for word in row["drawn"]}
    return Classes(str(plain["version"]), tuple(rows), numbers)
