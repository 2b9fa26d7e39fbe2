"""From a detector's raw output to boxes: letterbox, head, and non-maximum suppression, in numpy alone.

Works for any model that is described by a ``Head``; knows no model file and no class names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_GREY = 114
# A network that has learnt little is a little sure of everything everywhere; the rest is never looked at.
_MOST_CANDIDATES = 8192


@dataclass(frozen=True)
class Head:
    """How a detector's output is to be read.

    ``distances``: (1, 4 + C, N), distances of the four sides from the cell's centre, in cells; scores 0 to 1.
    ``corners``: (1, 4 + C, N), centre, width, height in the input's pixels, as ultralytics exports YOLOv8.
    ``offsets``: (1, N, 5 + C), centre in cells, logarithm of the size, objectness, scores, as YOLOX.
    """

    kind: Literal["distances", "corners", "offsets"]
    strides: tuple[int, ...] = (8, 16, 32)


@dataclass(frozen=True)
class Fit:
    """How a picture lies in a model's input: its scale, and how far it is from the left and the top, in
    pixels."""

    scale: float
    left: int
    top: int


@dataclass(frozen=True)
class Found:
    """What was found in a picture: (n, 4) corners as shares of it, (n,) confidences 0 to 1, (n,) class
    numbers."""

    boxes: Floats
    confidences: Floats
    classes: npt.NDArray[np.int64]


def letterboxed(picture: Picture, size: tuple[int, int]) -> tuple[Picture, Fit]:
    """A picture made to fit ``size`` (width, height) with its proportions kept, grey beside it."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    fit = Fit(scale, (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2)
    if inner != (width, height):
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, inner, interpolation=way), np.uint8)
    if inner == size:
        return picture, fit
    out = np.full((size[1], size[0], 3), _GREY, np.uint8)
    out[fit.top : fit.top + inner[1], fit.left : fit.left + inner[0]] = picture
    return out, fit


def cells(size: tuple[int, int], strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Each output cell's left top corner in cells, (n, 2), and its stride in pixels, (n, 1); rows first."""
    corners, steps = [], []
    for stride in strides:
        across, down = np.arange(size[0] // stride), np.arange(size[1] // stride)
        x, y = np.meshgrid(across, down)
        corners.append(np.stack([x.ravel(), y.ravel()], 1))
        steps.append(np.full((x.size, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(steps).astype(np.float32)


def decoded(raw: Floats, head: Head, size: tuple[int, int], least: float) -> tuple[Floats, Floats]:
    """(n, 4) corners in the input's pixels and (n, C) scores of the cells with a score of at least ``least``.

    Raises:
        ValueError: the output has not as many cells as a head of this kind gives for ``size`` (width,
        height).
    """
    rows = raw[0] if head.kind == "offsets" else raw[0].T
    corner, stride = cells(size, head.strides)
    if len(rows) != len(corner):
        raise ValueError(f"expected {len(corner)} cells for an input of {size[0]}x{size[1]}, got {len(rows)}")
    scores = rows[:, 5:] * rows[:, 4:5] if head.kind == "offsets" else rows[:, 4:]
    kept = scores.max(1) >= least
    own, scores, corner, stride = rows[kept, :4], scores[kept], corner[kept], stride[kept]
    if head.kind == "distances":
        middle = corner + 0.5
        return np.concatenate([middle - own[:, :2], middle + own[:, 2:]], 1) * stride, scores
    centre, extent = own[:, :2], own[:, 2:]
    if head.kind == "offsets":
        centre, extent = (centre + corner) * stride, np.exp(np.minimum(extent, 20)) * stride
    return np.concatenate([centre - extent / 2, centre + extent / 2], 1), scores


def kept_boxes(
    boxes: Floats, confidences: Floats, most_overlap: float, most: int | None = None
) -> npt.NDArray[np.int64]:
    """The boxes (corners) that stay, surest first: each one drops the less sure that overlap it more.

    Args:
        boxes: (n, 4) corners.
        confidences: (n,), 0 to 1.
        most_overlap: intersection over union above which the less sure box is dropped.
        most: no more than this are kept; all where it is left out.
    """
    order = np.argsort(-confidences, kind="stable")
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    kept: list[int] = []
    while order.size and (most is None or len(kept) < most):
        first, order = int(order[0]), order[1:]
        kept.append(first)
        low = np.maximum(boxes[first, :2], boxes[order, :2])
        high = np.minimum(boxes[first, 2:], boxes[order, 2:])
        both = np.prod(np.maximum(high - low, 0), axis=1)
        order = order[both <= most_overlap * (area[first] + area[order] - both)]
    return np.array(kept, np.int64)


def found_in(
    raw: Floats,
    head: Head,
    size: tuple[int, int],
    fit: Fit,
    picture_size: tuple[int, int],
    *,
    least: float = 0.25,
    most_overlap: float = 0.6,
    most: int = 300,
) -> Found:
    """What a model's raw output says is in the picture.

    Args:
        raw: the output for one picture.
        head: how it is to be read.
        size: the model's input (width, height).
        fit: how the picture lies in the input.
        picture_size: the picture's width and height.
        least: the least confidence. A cell may name several classes.
        most_overlap: overlap (intersection over union) above which two boxes of one class are the same thing.
        most: no more boxes than this, the surest.
    """
    boxes, scores = decoded(np.asarray(raw, np.float32), head, size, least)
    cell, kind = np.nonzero(scores >= least)
    if len(cell) > _MOST_CANDIDATES:
        surest = np.argsort(-scores[cell, kind], kind="stable")[:_MOST_CANDIDATES]
        cell, kind = cell[surest], kind[surest]
    confidences = scores[cell, kind]
    boxes = boxes[cell]
    # Moved apart by class, boxes of different classes never overlap: one pass serves all classes.
    apart = 2.0 * max(size) + float(np.abs(boxes).max(initial=0.0))
    picked = kept_boxes(boxes + (kind[:, None] * apart).astype(np.float32), confidences, most_overlap, most)
    shares = (boxes[picked] - [fit.left, fit.top] * 2) / fit.scale / [*picture_size, *picture_size]
    shares = np.clip(shares, 0, 1).astype(np.float32)
    real = (shares[:, 2] > shares[:, 0]) & (shares[:, 3] > shares[:, 1])
    return Found(shares[real], confidences[picked][real], kind[picked][real])
