"""Which pictures of a film a wording model may see, and how small; fetches none and sends none.

They are decoded and encoded anew: nothing but the picture is in them.
"""

from __future__ import annotations

from collections.abc import Sequence

from bharatchef.coaching.budget import MOST_STILLS, STILL_HEIGHT_PX, STILL_WIDTH_PX
from bharatchef.errors import MediaError
from bharatchef.observed import Still
from bharatchef.records import Mistake

_INTO_THE_MOMENT_S = 3.0
_FARTHEST_S = 10.0
_JPEG_QUALITY = 80


def stills_of(mistakes: Sequence[Mistake], stills: Sequence[Still]) -> tuple[Still, ...]:
    """A still of each mistake's moment, the most important mistake first: at most four, each once."""
    wanted: dict[str, Still] = {}
    for mistake in mistakes:
        if mistake.span is None:
            continue
        moment = mistake.span.start_s + min(mistake.span.length_s / 2, _INTO_THE_MOMENT_S)
        near = [still for still in stills if abs(still.time_s - moment) <= _FARTHEST_S]
        if near:
            still = min(near, key=lambda s: (abs(s.time_s - moment), s.time_s))
            wanted.setdefault(still.key, still)
    return tuple(wanted.values())[:MOST_STILLS]


def small_jpeg(picture: bytes) -> bytes:
    """A JPEG of the picture that is at most 640 pixels long and 360 pixels short, upright or not.

    Raises:
        MediaError: it cannot be decoded.
    """
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR) if picture else None
    if pixels is None:
        raise MediaError("Expected a still as JPEG, got what cannot be decoded.", "Evaluate the film again.")
    height, width = pixels.shape[:2]
    long, short = max(height, width), min(height, width)
    scale = min(1.0, STILL_WIDTH_PX / long, STILL_HEIGHT_PX / short)
    if scale < 1.0:
        size = (max(1, int(width * scale)), max(1, int(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise MediaError("A still could not be encoded as JPEG.", "Evaluate the film again.")
    return encoded.tobytes()
