"""People's own labelled pictures: a folder in YOLO's layout or a Label Studio export, parted by kitchen.

The folder holds ``images/KITCHEN/NAME.jpg`` and either ``labels/KITCHEN/NAME.txt`` with ``classes.txt``
(one name a
line; or ``data.yaml`` with ``names``), or ``label-studio.json`` (Label Studio's JSON export, rectangle
labels).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import yaml

from .dataset import DatasetError, Entry, entries_of

EXPORT = "label-studio.json"


@dataclass(frozen=True)
class OwnPictures:
    """Labelled pictures parted so that no kitchen is in two parts, but that calibration and test may share
    one."""

    labels: tuple[str, ...]
    training: tuple[Entry, ...]
    calibration: tuple[Entry, ...]
    test: tuple[Entry, ...]
    held_out: tuple[str, ...]


def own_pictures(folder: Path, seed: int) -> OwnPictures:
    """The pictures of a folder, whole kitchens (folders under ``images``) held out of training.

    A fifth of the kitchens, at least one, is held out; half of its pictures serve calibration, half the test.

    Raises:
        DatasetError: no pictures or labels, or only one kitchen: nothing could then be measured honestly.
    """
    export = folder / EXPORT
    if export.is_file():
        labels, entries = from_label_studio(export, folder / "images")
    else:
        labels = class_names(folder)
        entries = entries_of(folder, len(labels))
    kitchens = sorted({_kitchen(entry, folder) for entry in entries})
    if len(kitchens) < 2:
        raise DatasetError(
            f"expected pictures of at least two kitchens, each in a folder of its own under images/, got "
            f"{len(kitchens)}: what is learnt in one kitchen has to be tested in another"
        )
    order = sorted(kitchens, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
    held_out = tuple(sorted(order[: max(1, len(order) // 5)]))
    kept = [entry for entry in entries if _kitchen(entry, folder) in held_out]
    training = tuple(entry for entry in entries if _kitchen(entry, folder) not in held_out)
    return OwnPictures(labels, training, tuple(kept[::2]), tuple(kept[1::2]) or tuple(kept), held_out)


def _kitchen(entry: Entry, folder: Path) -> str:
    inside = entry.picture.relative_to(folder / "images").parts
    return inside[0] if len(inside) > 1 else ""


def class_names(folder: Path) -> tuple[str, ...]:
    """The class names of a folder in YOLO's layout, in the order of their numbers.

    Raises:
        DatasetError: there is neither ``classes.txt`` nor ``data.yaml`` with ``names``.
    """
    plain, described = folder / "classes.txt", folder / "data.yaml"
    if plain.is_file():
        names = [line.strip() for line in plain.read_text("utf-8").splitlines() if line.strip()]
    elif described.is_file():
        found: Any = (yaml.safe_load(described.read_text("utf-8")) or {}).get("names")
        names = (
            [str(found[k]) for k in sorted(found)]
            if isinstance(found, dict)
            else [str(v) for v in found or ()]
        )
    else:
        names = []
    if not names or len(set(names)) != len(names):
        raise DatasetError(f"expected different class names in classes.txt or data.yaml of {folder.name}")
    return tuple(names)


def from_label_studio(export: Path, images: Path) -> tuple[tuple[str, ...], list[Entry]]:
    """Class names (sorted) and labelled pictures of a Label Studio JSON export; cancelled annotations are
    left out.

    Raises:
        DatasetError: the file is no such export, or names a picture that is not under ``images``.
    """
    try:
        tasks = json.loads(export.read_text("utf-8"))
        found = [(_picture(task, images), list(_rectangles(task))) for task in tasks]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"expected Label Studio's JSON export in {export.name}: {error!r}") from error
    names = tuple(sorted({name for _, boxes in found for name, _ in boxes}))
    if not names:
        raise DatasetError(f"expected rectangle labels in {export.name}, found none")
    entries = [
        Entry(path, np.array([[names.index(n), *box] for n, box in boxes], np.float32).reshape(-1, 5))
        for path, boxes in found
    ]
    return names, sorted(entries, key=lambda entry: str(entry.picture))


def _picture(task: dict[str, Any], images: Path) -> Path:
    """The picture of a task: the end of its address that is a file under ``images``."""
    address = urlsplit(str(task["data"]["image"]))
    said = PurePosixPath(parse_qs(address.query).get("d", [unquote(address.path)])[0])
    for start in range(len(said.parts)):
        part = said.parts[start:]
        if part and ".." not in part and part[0] != "/" and images.joinpath(*part).is_file():
            return images.joinpath(*part)
    raise DatasetError(f"expected the picture {said.name} under images/, it is not there")


def _rectangles(task: dict[str, Any]) -> Iterable[tuple[str, tuple[float, float, float, float]]]:
    for annotation in task.get("annotations", ()):
        if annotation.get("was_cancelled"):
            continue
        for item in annotation.get("result", ()):
            if item.get("type") != "rectanglelabels":
                continue
            value = item["value"]
            x, y, w, h = (float(value[k]) / 100 for k in ("x", "y", "width", "height"))
            box = (max(0.0, x), max(0.0, y), min(1.0, x + w), min(1.0, y + h))
            if box[2] > box[0] and box[3] > box[1]:
                yield str(value["rectanglelabels"][0]), box
