"""From a body to pictures and from detections to the answer's JSON; knows no model file."""

from __future__ import annotations

import json
from collections.abc import Sequence

import cv2
import numpy as np

from model_packages.shots import Shot

from .decoding import Found

MOST_PIXELS = 1 << 24


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
    if picture.shape[0] * picture.shape[1] > MOST_PIXELS:
        raise ValueError(f"expected a picture of at most {MOST_PIXELS} pixels, got a larger one")
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
