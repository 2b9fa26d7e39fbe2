"""What each pixel of a chunk looks like in linear light, and how like a flame; knows nothing of levels.

Colour is judged in linear light (IEC 61966-2-1), where a flame's light adds to what lies behind it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
import cv2
import numpy as np
import numpy.typing as npt

from .network import Floats, Network, shares

Picture = npt.NDArray[np.uint8]
LONG_SIDE_PX = 640
PIXEL_FEATURES = 17
_MAX_FRAMES = 600
_MAX_PIXELS = 1 << 22
_CODES = np.arange(256) / 255.0
_LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
_LOG_LINEAR = np.log(_LINEAR + 0.01).astype(np.float32)
# What is never a flame, in linear light: blue that is dark or pale, yellow and red that are dark or pale.
_BLUE_LEAST, _BLUE_PALEST = 0.10, 0.30
_RED_LEAST, _RED_PALEST = 0.30, 0.60


@dataclass(frozen=True)
class Shot:
    """One picture of a chunk: RGB (height, width, 3) and its time, seconds from the chunk's first."""

    time_s: float
    rgb: Picture


def shots_of(body: bytes) -> tuple[Shot, ...]:
    """The pictures of an H.264 chunk at its own times.

    Raises:
        ValueError: no film, no picture, more than 600 pictures or a picture of more than 4 million pixels.
    """
    shots: list[Shot] = []
    first: float | None = None
    try:
        with av.open(io.BytesIO(body), format="mp4") as container:
            if not container.streams.video:
                raise ValueError("expected a film with a picture track, got one without")
            stream = container.streams.video[0]
            stream.codec_context.options = {"max_pixels": str(_MAX_PIXELS)}
            for frame in container.decode(stream):
                if frame.pts is None:
                    continue
                time_s = float(frame.pts * frame.time_base)
                first = time_s if first is None else first
                if shots and time_s - first <= shots[-1].time_s:
                    continue
                if len(shots) == _MAX_FRAMES:
                    raise ValueError(f"expected at most {_MAX_FRAMES} pictures in a chunk, got more")
                shots.append(Shot(time_s - first, _sized(frame)))
    except (av.error.FFmpegError, EOFError) as error:
        raise ValueError("expected a chunk of film as MP4 that can be decoded, got something else") from error
    if not shots:
        raise ValueError("expected at least one picture in the chunk, got none")
    return tuple(shots)


def _sized(frame: av.VideoFrame) -> Picture:
    # The film's own matrix (BT.601 or BT.709) is kept: without it blue and yellow shift against each other.
    rgb: Picture = frame.reformat(format="rgb24", src_colorspace=frame.colorspace).to_ndarray()
    height, width = rgb.shape[:2]
    if max(height, width) != LONG_SIDE_PX:
        shrink = LONG_SIDE_PX / max(height, width)
        size = (max(2, round(width * shrink)), max(2, round(height * shrink)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return rgb


def _code_below(share: float) -> npt.NDArray[np.uint8]:
    """For each code, the largest code whose linear light is below ``share`` of that code's."""
    return (np.searchsorted(_LINEAR, _LINEAR * share, side="left").clip(1, 256) - 1).astype(np.uint8)


_RED_UNDER_BLUE = _code_below(1 - _BLUE_PALEST)
_BLUE_UNDER_RED = _code_below(1 - _RED_PALEST)
_GREEN_UNDER = _code_below(1 / 0.9)
_BLUE_CODE = int(np.searchsorted(_LINEAR, _BLUE_LEAST))
_RED_CODE = int(np.searchsorted(_LINEAR, _RED_LEAST))


def candidates(rgb: Picture) -> npt.NDArray[np.bool_]:
    """Where a flame could be: bright enough and coloured enough, blue or yellow to red."""
    # Linear light is compared through its codes, which is exact and several times faster.
    red, green, blue = cv2.split(rgb)
    bluish = (
        (blue > _BLUE_CODE) & (red <= cv2.LUT(blue, _RED_UNDER_BLUE)) & (green <= cv2.LUT(blue, _GREEN_UNDER))
    )
    reddish = (
        (red > _RED_CODE) & (blue <= cv2.LUT(red, _BLUE_UNDER_RED)) & (green <= cv2.LUT(red, _GREEN_UNDER))
    )
    # Petals are thin and their colour is stored at half the resolution: their rims look grey.
    grown = cv2.dilate((bluish | reddish).view(np.uint8), np.ones((3, 3), np.uint8))
    found: npt.NDArray[np.bool_] = grown.astype(bool)
    return found


def _shrunk(layer: Floats, by: int) -> Floats:
    size = (max(1, layer.shape[1] // by), max(1, layer.shape[0] // by))
    return cv2.resize(layer, size, interpolation=cv2.INTER_AREA)


def _light(rgb: Picture) -> Floats:
    """Logarithm of the brightness at half the size."""
    half = cv2.resize(rgb, (rgb.shape[1] // 2, rgb.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.log(cv2.cvtColor(half, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255 + 0.05).astype(np.float32)


def neighbours(shots: tuple[Shot, ...]) -> Iterator[tuple[Picture, Picture, Picture]]:
    """Each picture with the one before and the one after it; at the ends, twice the same neighbour."""
    for k, shot in enumerate(shots):
        before = shots[k - 1] if k else shots[min(1, len(shots) - 1)]
        after = shots[k + 1] if k + 1 < len(shots) else before
        yield before.rgb, shot.rgb, after.rgb


def pixel_features(
    before: Picture, rgb: Picture, after: Picture, where: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
) -> Floats:
    """Rows of shape (N, 17) for the pixels ``where`` (rows, columns): colours, edges, flicker."""
    rows, columns = where
    found: list[Floats] = []

    def take(layer: Floats, by: int) -> None:
        inside = np.minimum(rows // by, layer.shape[0] - 1), np.minimum(columns // by, layer.shape[1] - 1)
        values = layer[inside]
        found.append(values if values.ndim == 2 else values[:, None])

    logs: Floats = cv2.LUT(rgb, _LOG_LINEAR)
    quarter = _shrunk(logs, 4)
    take(logs, 1)
    take(cv2.blur(_shrunk(logs, 2), (3, 3)), 2)
    take(cv2.blur(quarter, (5, 5)), 4)
    take(cv2.blur(quarter, (15, 15)), 4)
    light = _light(rgb)
    for other in (before, after):
        take(cv2.blur(np.abs(light - _light(other)), (3, 3)), 2)
    for dx, dy in ((1, 0), (0, 1)):
        take(cv2.blur(np.abs(cv2.Sobel(light, cv2.CV_32F, dx, dy, ksize=3)), (5, 5)), 2)
    # How far the brightest nearby stands out: flames are lit from within, painted things are not.
    take(cv2.dilate(light, np.ones((5, 5), np.uint8)) - cv2.blur(light, (31, 31)), 2)
    return np.concatenate(found, axis=1)


def flame_maps(net: Network, before: Picture, rgb: Picture, after: Picture) -> Floats:
    """Probabilities of (blue, yellow) flame for every pixel, shape (height, width, 2)."""
    maps = np.zeros((*rgb.shape[:2], 2), np.float32)
    where = np.nonzero(candidates(rgb))
    if len(where[0]):
        maps[where] = shares(net(pixel_features(before, rgb, after, where)))[:, 1:]
    return maps
