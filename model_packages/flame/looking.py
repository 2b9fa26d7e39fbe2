"""Cuts from a picture what the two networks look at; knows neither films nor networks.

The first network sees the whole picture made small and says where the burner is; the second sees the part
round the burner and says what the flame does.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
LONG_SIDE_PX = 640
# Width and height, pixels.
WHOLE = (320, 192)
PART = (256, 192)
# The first network answers for cells of this many pixels of the small picture.
CELL = 8
CELLS = (WHOLE[0] // CELL, WHOLE[1] // CELL)


def _fitted(shape: tuple[int, ...]) -> tuple[float, float, float]:
    """(scale, columns to the left, rows above) of a picture inside ``WHOLE``."""
    scale = min(WHOLE[0] / shape[1], WHOLE[1] / shape[0])
    return scale, (WHOLE[0] - shape[1] * scale) / 2, (WHOLE[1] - shape[0] * scale) / 2


def whole_of(rgb: Picture) -> Picture:
    """The picture made small, in the middle of black, shape (192, 320, 3)."""
    scale, left, above = _fitted(rgb.shape)
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    out = np.zeros((WHOLE[1], WHOLE[0], 3), np.uint8)
    x, y = int(left), int(above)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    out[y : y + size[1], x : x + size[0]] = small[: WHOLE[1] - y, : WHOLE[0] - x]
    return out


def in_whole(place: tuple[float, float], shape: tuple[int, ...]) -> tuple[float, float]:
    """Where a place (column, row) of a picture of this shape is in the small one."""
    scale, left, above = _fitted(shape)
    return place[0] * scale + int(left), place[1] * scale + int(above)


def in_picture(place: tuple[float, float], shape: tuple[int, ...]) -> tuple[float, float]:
    """The other way round."""
    scale, left, above = _fitted(shape)
    return (place[0] - int(left)) / scale, (place[1] - int(above)) / scale


def cut_out(rgb: Picture, place: tuple[float, float], size: tuple[int, int]) -> Picture:
    """The part of ``size`` (width, height) round a place; black beyond the picture's edge."""
    left, top = round(place[0] - size[0] / 2), round(place[1] - size[1] / 2)
    out = np.zeros((size[1], size[0], *rgb.shape[2:]), np.uint8)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(rgb.shape[1], left + size[0]), min(rgb.shape[0], top + size[1])
    if x1 > x0 and y1 > y0:
        out[y0 - top : y1 - top, x0 - left : x1 - left] = rgb[y0:y1, x0:x1]
    return out


def part_of(rgb: Picture, place: tuple[float, float]) -> Picture:
    """What the second network looks at: the part round a place, shape (192, 256, 3)."""
    return cut_out(rgb, place, PART)
