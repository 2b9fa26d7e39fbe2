"""Which pixels are as bright, red and restless as open fire; a fixed rule in linear light.

Only evaluation on a film of real fire uses this: answering reads a burner's flame with the networks.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .looking import Picture

_CODES = np.arange(256) / 255.0
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
# Shares of full light: fire is at least this bright in red, and that much weaker in blue than in red.
_RED_LEAST, _BLUE_OF_RED = 0.2, 0.65
# Change of light from picture to picture near it, shares of full light.
_RESTLESS = 0.04


def fire_pixels(before: Picture, rgb: Picture, after: Picture) -> npt.NDArray[np.bool_]:
    """Where open fire could be, shape (height, width), of three RGB pictures half a second apart.

    Colour is compared in linear light (IEC 61966-2-1): red at least as strong as green, green at least as
    strong as blue (Celik and Demirel 2009 order the channels so), and the light round it changes.
    """
    red, green, blue = (cv2.LUT(layer, _LINEAR) for layer in cv2.split(rgb))
    coloured = (red >= _RED_LEAST) & (red >= green) & (green >= blue) & (blue <= _BLUE_OF_RED * red)
    moved = np.maximum(*(np.abs(red - cv2.LUT(other[..., 0], _LINEAR)) for other in (before, after)))
    restless = cv2.blur(moved, (9, 9)) >= _RESTLESS
    found: npt.NDArray[np.bool_] = coloured & restless
    return found
