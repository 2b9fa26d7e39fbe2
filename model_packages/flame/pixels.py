"""Decodes a chunk into pictures with their times; knows nothing of flames."""

from __future__ import annotations

import io
from dataclasses import dataclass

import av
import cv2

from .looking import LONG_SIDE_PX, Picture

_MAX_FRAMES = 600
_MAX_PIXELS = 1 << 22


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
