"""Labelled pictures in YOLO's folder layout, and what training makes of them; knows no model.

``images/NAME.jpg`` with ``labels/NAME.txt``, one line a box: class number, then centre, width and height as
shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float32]
_GREY = 114
_PICTURE_ENDINGS = (".jpg", ".jpeg", ".png")


class DatasetError(ValueError):
    """A folder of labelled pictures that cannot be used, in words for who made it."""


@dataclass(frozen=True)
class Entry:
    """A picture file and its boxes: class number, then x0, y0, x1, y1 as shares; (n, 5)."""

    picture: Path
    boxes: Boxes


def entries_of(folder: Path, classes: int) -> list[Entry]:
    """The labelled pictures of a folder in the order of their names; a picture without a file of labels
    shows nothing.

    Raises:
        DatasetError: no pictures, or a line that is no label; the message names file and line.
    """
    found: list[Entry] = []
    pictures = folder / "images"
    files = (
        sorted(p for p in pictures.rglob("*") if p.suffix.lower() in _PICTURE_ENDINGS)
        if pictures.is_dir()
        else []
    )
    if not files:
        raise DatasetError(f"expected pictures (jpg, png) in a folder 'images' of {folder.name}, found none")
    for file in files:
        labels = folder / "labels" / file.relative_to(pictures).with_suffix(".txt")
        found.append(
            Entry(file, boxes_in(labels, classes) if labels.is_file() else np.empty((0, 5), np.float32))
        )
    return found


def boxes_in(file: Path, classes: int) -> Boxes:
    """The boxes in a file of labels, as class number and corners.

    Raises:
        DatasetError: a line is not five numbers, names a class that is not there, or leaves the picture.
    """
    rows: list[tuple[float, ...]] = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            kind, x, y, w, h = (float(v) for v in line.split())
        except ValueError:
            raise DatasetError(
                f"{file.name}, line {number}: expected five numbers, got {line[:60]!r}"
            ) from None
        if kind != int(kind) or not 0 <= kind < classes:
            raise DatasetError(
                f"{file.name}, line {number}: expected a class from 0 to {classes - 1}, got {kind:g}"
            )
        if not (
            0 < w <= 1
            and 0 < h <= 1
            and x - w / 2 >= -0.01
            and x + w / 2 <= 1.01
            and y - h / 2 >= -0.01
            and y + h / 2 <= 1.01
        ):
            raise DatasetError(
                f"{file.name}, line {number}: expected centre, width and height as shares of the picture"
            )
        rows.append((kind, x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return np.array(rows, np.float32).reshape(-1, 5)


def label_text(boxes: Boxes) -> str:
    """Boxes (class number and corners as shares) as the text of a file of labels."""
    return "".join(
        f"{int(k)} {(x0 + x1) / 2:.5f} {(y0 + y1) / 2:.5f} {x1 - x0:.5f} {y1 - y0:.5f}\n"
        for k, x0, y0, x1, y1 in boxes
    )


def sample(
    entry: Entry,
    size: tuple[int, int],
    rng: np.random.Generator,
    zoom: tuple[float, float],
    flip: bool = True,
) -> tuple[Picture, Boxes]:
    """A picture as it is trained on: moved, enlarged, mirrored and tinted at random, ``size`` (width,
    height).

    ``zoom`` is the range of enlargement against the picture's own pixels. Boxes come back in pixels of the
    result; one of which less than 45 % is left, or that is thinner than 3 px, is dropped.
    """
    picture = cv2.imread(str(entry.picture), cv2.IMREAD_COLOR)
    if picture is None:
        raise DatasetError(f"expected a picture in {entry.picture.name}, it cannot be read")
    height, width = picture.shape[:2]
    scale = 640 / max(width, height) * float(np.exp(rng.uniform(np.log(zoom[0]), np.log(zoom[1]))))
    aspect = float(np.exp(rng.uniform(-0.06, 0.06)))
    sx, sy = scale * aspect, scale / aspect
    across, down = size[0] - sx * width, size[1] - sy * height
    dx = float(rng.uniform(min(0, across), max(0, across)))
    dy = float(rng.uniform(min(0, down), max(0, down)))
    mirrored = flip and rng.random() < 0.5
    warp = np.array([[-sx if mirrored else sx, 0, dx + (sx * width if mirrored else 0)], [0, sy, dy]])
    shown = cv2.warpAffine(
        picture,
        warp,
        size,
        flags=cv2.INTER_AREA if scale < 0.8 else cv2.INTER_LINEAR,
        borderValue=(_GREY,) * 3,
    )
    boxes = entry.boxes.astype(np.float64)
    corners = boxes[:, 1:] * [width, height, width, height]
    left, right = corners[:, 0] * warp[0, 0] + warp[0, 2], corners[:, 2] * warp[0, 0] + warp[0, 2]
    moved = np.stack(
        [np.minimum(left, right), corners[:, 1] * sy + dy, np.maximum(left, right), corners[:, 3] * sy + dy],
        1,
    )
    inside = np.clip(moved, 0, [*size, *size])
    area = (moved[:, 2] - moved[:, 0]) * (moved[:, 3] - moved[:, 1])
    w, h = inside[:, 2] - inside[:, 0], inside[:, 3] - inside[:, 1]
    kept = (w * h > 0.45 * area) & (np.minimum(w, h) >= 3)
    return _tinted(shown, rng), np.concatenate([boxes[kept, :1], inside[kept]], 1).astype(np.float32)


def _tinted(picture: Picture, rng: np.random.Generator) -> Picture:
    """Brightness, contrast and colour balance as another phone would have them."""
    gain = np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.04, 3))
    lift = rng.normal(0, 6)
    table = np.clip(np.arange(256)[:, None] * gain + lift, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table.reshape(1, 256, 3)), np.uint8)


def batch_of(samples: list[tuple[Picture, Boxes]]) -> dict[str, Any]:
    """Pictures and boxes as arrays: ``img`` (n, height, width, 3) BGR, ``batch_idx``, ``cls``, ``bboxes``
    (xywh, shares)."""
    height, width = samples[0][0].shape[:2]
    boxes = [np.concatenate([np.full((len(b), 1), k, np.float32), b], 1) for k, (_, b) in enumerate(samples)]
    rows = np.concatenate(boxes).astype(np.float32)
    x0, y0, x1, y1 = (rows[:, k] for k in (2, 3, 4, 5))
    shares = np.stack(
        [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height], 1
    )
    return {
        "img": np.stack([p for p, _ in samples]),
        "batch_idx": rows[:, 0],
        "cls": rows[:, 1:2],
        "bboxes": shares.astype(np.float32),
    }
