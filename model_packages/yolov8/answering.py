"""From a body to pictures and from detections to the answer's JSON; knows no model file."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np

from .decoding import Found, Picture

_MAX_PICTURES = 600
_MAX_PIXELS = 1 << 24
# Half a picture's time at 30 a second: a picture that comes a little early is still the next one.
_SLACK_S = 0.02


@dataclass(frozen=True)
class Shot:
    """One picture, RGB (height, width, 3), and its time in seconds from the chunk's first."""

    time_s: float
    rgb: Picture


def shots_of(body: bytes, every_s: float) -> tuple[Shot, ...]:
    """The pictures of a chunk at their own times (PTS), at least ``every_s`` apart.

    Raises:
        ValueError: no film, no picture, or pictures that are too many or too large.
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
                if frame.pts is None or frame.time_base is None:
                    continue
                at_s = float(frame.pts * frame.time_base)
                first = at_s if first is None else first
                if shots and at_s - first < shots[-1].time_s + max(every_s - _SLACK_S, 1e-6):
                    continue
                if len(shots) == _MAX_PICTURES:
                    raise ValueError(
                        f"expected at most {_MAX_PICTURES} pictures to look at in a chunk, got more"
                    )
                # The film's own matrix (BT.601 or BT.709) is kept: with the other one colours shift.
                rgb = frame.reformat(format="rgb24", src_colorspace=frame.colorspace).to_ndarray()
                shots.append(Shot(at_s - first, rgb))
    except (av.error.FFmpegError, EOFError) as error:
        raise ValueError("expected a chunk of film as MP4 that can be decoded, got something else") from error
    if not shots:
        raise ValueError("expected at least one picture in the chunk, got none")
    return tuple(shots)


def shot_of_still(body: bytes) -> tuple[Shot, ...]:
    """A JPEG as one picture at 0 s.

    Raises:
        ValueError: no JPEG, or more than 16 million pixels.
    """
    if body[:3] != b"\xff\xd8\xff":
        raise ValueError("expected a JPEG, got something else")
    picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("expected a JPEG that can be decoded, got a damaged one")
    if picture.shape[0] * picture.shape[1] > _MAX_PIXELS:
        raise ValueError(f"expected a picture of at most {_MAX_PIXELS} pixels, got a larger one")
    return (Shot(0.0, np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)),)


def answer_text(labels: Sequence[str], names: Sequence[str], seen: Sequence[tuple[float, Found]]) -> str:
    """The answer as JSON.

    Args:
        labels: all that the detector may report.
        names: the name of each class number.
        seen: each time that was looked at, and what was found then.
    """
    detections = [
        {
            "time": round(time_s, 3),
            "label": names[int(kind)],
            "confidence": round(float(sure), 4),
            "box": [round(float(v), 5) for v in box],
        }
        for time_s, found in seen
        for box, sure, kind in zip(found.boxes, found.confidences, found.classes, strict=True)
    ]
    return json.dumps(
        {
            "format": "bharatchef-objects",
            "version": 1,
            "labels": list(labels),
            "times": [round(time_s, 3) for time_s, _ in seen],
            "detections": detections,
        }
    )
