"""Decodes a chunk into pictures of the size that the package looks at; knows nothing of flames."""

from __future__ import annotations

import cv2

from model_packages.shots import Shot
from model_packages.shots import shots_of as whole_shots_of

from .looking import LONG_SIDE_PX, Picture

_MOST_PIXELS = 1 << 22


def shots_of(body: bytes) -> tuple[Shot, ...]:
    """The pictures of an H.264 chunk at its own times, 640 px on the long side.

    Raises:
        ValueError: no film, no picture, more than 600 pictures or a picture of more than 4 million pixels.
    """
    return whole_shots_of(body, most_pixels=_MOST_PIXELS, made=_sized)


def _sized(rgb: Picture) -> Picture:
    height, width = rgb.shape[:2]
    if max(height, width) != LONG_SIDE_PX:
        shrink = LONG_SIDE_PX / max(height, width)
        size = (max(2, round(width * shrink)), max(2, round(height * shrink)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return rgb
