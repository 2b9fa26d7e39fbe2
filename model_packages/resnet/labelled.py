"""Reads stills with what people said lies on the plate in them, for training; knows no network.

``NAME.plates.json`` beside the pictures of a film: who cooked where (``person``, ``kitchen``; left out, the
folder's name) and ``plates``, each with the ``picture``'s file name and its ``dishId``, which is ``null``
where no finished plate is to be seen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = "bharatchef-plate-labels"
NO_PLATE = "no-plate"
SUFFIX = ".plates.json"


@dataclass(frozen=True)
class Labelled:
    """The stills of a film as (picture, dish or ``NO_PLATE``), who cooks and where."""

    name: str
    plates: tuple[tuple[Path, str], ...]
    person: str
    kitchen: str
    group: str


def labelled_plates(folder: Path) -> tuple[Labelled, ...]:
    """All labelled stills under ``folder``, film by film.

    Raises:
        ValueError: there are none, or labels cannot be read; it names the file.
    """
    found = tuple(_read(path, folder) for path in sorted(folder.rglob(f"*{SUFFIX}")))
    if not found:
        raise ValueError(f"expected pictures with a {SUFFIX} beside them under {folder}, got none")
    return found


def _read(path: Path, folder: Path) -> Labelled:
    where = path.name
    try:
        plain: Any = json.loads(path.read_text("utf-8"))
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise ValueError(f"its format is not '{FORMAT}'")
        plates = []
        for number, row in enumerate(plain["plates"], 1):
            where = f"{path.name}, plate {number}"
            plates.append(_plate(row, path.parent))
        where = path.name
        if not plates:
            raise ValueError("it has no plate")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"expected what lies on the plates in {where}: {error}") from error
    inside = path.relative_to(folder).parts
    person = str(plain.get("person") or (inside[0] if len(inside) > 1 else path.stem))
    return Labelled(
        path.name.removesuffix(SUFFIX),
        tuple(plates),
        person,
        str(plain.get("kitchen") or person),
        path.parent.name,
    )


def _plate(row: Any, folder: Path) -> tuple[Path, str]:
    name, dish = str(row["picture"]), row["dishId"]
    if Path(name).name != name or not (folder / name).is_file():
        raise ValueError(f"its picture {name[:60]!r} is not beside it")
    if dish is not None and (not isinstance(dish, str) or not dish or dish == NO_PLATE):
        raise ValueError(f"expected a dish's name, or null for no plate, got {json.dumps(dish)[:40]}")
    return folder / name, NO_PLATE if dish is None else dish
