"""Decodes a chunk of film into pictures with their times, within limits; knows nothing of what they show."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

MOST_PICTURES = 600
# Half a picture's time at 30 a second: a picture that comes a little early is still the next one.
_SLACK_S = 0.02


@dataclass(frozen=True)
class Shot:
    """One picture, RGB (height, width, 3), and its time in seconds from the chunk's first."""

    time_s: float
    rgb: Picture


def shots_of(
    body: bytes,
    every_s: float = 0.0,
    *,
    most_pixels: int,
    made: Callable[[Picture], Picture] = lambda rgb: rgb,
) -> tuple[Shot, ...]:
    """The pictures of an MP4 chunk at their own times (PTS), at least ``every_s`` apart.

    Args:
        body: the chunk.
        every_s: pictures that come sooner after one that was taken are left out.
        most_pixels: larger pictures are refused before they are decoded.
        made: what becomes of a picture at once, so that large ones need not be kept.

    Raises:
        ValueError: no film, no picture, more than 600 pictures, or pictures that are too large.
    """
    shots: list[Shot] = []
    first: float | None = None
    try:
        with av.open(io.BytesIO(body), format="mp4") as container:
            if not container.streams.video:
                raise ValueError("expected a film with a picture track, got one without")
            stream = container.streams.video[0]
            stream.codec_context.options = {"max_pixels": str(most_pixels)}
            for frame in container.decode(stream):
                if frame.pts is None or frame.time_base is None:
                    continue
                at_s = float(frame.pts * frame.time_base)
                first = at_s if first is None else first
                if shots and at_s - first < shots[-1].time_s + max(every_s - _SLACK_S, 1e-6):
                    continue
                if len(shots) == MOST_PICTURES:
                    raise ValueError(
                        f"expected at most {MOST_PICTURES} pictures to look at in a chunk, got more"
                    )
                # The film's own matrix (BT.601 or BT.709) is kept: with the other one blue and yellow shift.
                rgb = frame.reformat(format="rgb24", src_colorspace=frame.colorspace).to_ndarray()
                shots.append(Shot(at_s - first, made(rgb)))
    except (av.error.FFmpegError, EOFError) as error:
        raise ValueError("expected a chunk of film as MP4 that can be decoded, got something else") from error
    if not shots:
        raise ValueError("expected at least one picture in the chunk, got none")
    return tuple(shots)
