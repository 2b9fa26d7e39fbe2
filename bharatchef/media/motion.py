"""How much moves in a film, moment by moment; knows nothing of what moves.

Two cameras that film the same cook see other pictures but the same bursts of movement, so that their clocks
can be compared by it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

import av
import cv2
import numpy as np
from numpy.typing import NDArray

_WIDTH_PX = 96
# Grey levels that noise and compression move; less than this is no movement.
_NOISE_LEVELS = 6


def motion_energy(
    chunks: Iterable[tuple[float, bytes]], duration_s: float, rate: float
) -> NDArray[np.float64]:
    """The mean change of brightness from picture to picture, ``rate`` values a second, shape (moments,).

    Args:
        chunks: (start on the film's clock in seconds, H.264 chunk of the proxy), in order.
        duration_s: how long the film is; moments without a picture get their neighbours' value.
        rate: moments a second; at most a third of the proxy's pictures a second.
    """
    count = max(1, round(duration_s * rate))
    total, pictures = np.zeros(count), np.zeros(count)
    before: NDArray[np.int16] | None = None
    for start_s, body in chunks:
        with av.open(io.BytesIO(body)) as container:
            stream = container.streams.video[0]
            for frame in container.decode(stream):
                height = max(2, round(frame.height * _WIDTH_PX / frame.width))
                luma = frame.to_ndarray(format="gray")
                small = cv2.resize(luma, (_WIDTH_PX, height), interpolation=cv2.INTER_AREA).astype(np.int16)
                place = min(count - 1, int((start_s + float(frame.time or 0.0)) * rate))
                if before is not None and before.shape == small.shape:
                    change = np.abs(small - before)
                    total[place] += float(np.maximum(change - _NOISE_LEVELS, 0).mean())
                    pictures[place] += 1
                before = small
    seen = np.flatnonzero(pictures)
    if not len(seen):
        return np.zeros(count)
    return np.interp(np.arange(count), seen, total[seen] / pictures[seen])
