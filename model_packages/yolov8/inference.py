"""The package's four functions: a chunk of film or a JPEG in, the things in view out, as JSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from model_packages.engine import read_ir
from model_packages.requests import RequestError, check_json_accepted, kind_of
from model_packages.shots import Shot, shots_of

from .answering import MOST_PIXELS, answer_text, shot_of_still
from .decoding import Found
from .detector import Detector, spec_in

WEIGHTS = "weights.ovz"
# A cook's things stay where they are for longer than this; looking twice as often costs twice as much.
LOOK_EVERY_S = 1.0


def model_fn(model_dir: str) -> Detector:
    """The detector whose weights lie in ``model_dir``, warmed up for the pictures of the object proxy."""
    model = read_ir(Path(model_dir) / WEIGHTS)
    detector = Detector(model, spec_in(model))
    detector.found(np.full((360, 640, 3), 114, np.uint8))
    return detector


def input_fn(body: bytes, content_type: str) -> tuple[Shot, ...]:
    """The pictures to look at in a ``video/mp4`` chunk, one a second, or the one picture of an
    ``image/jpeg``.

    Raises:
        RequestError: another content type (415), or a body that cannot be read (400).
    """
    kind = kind_of(content_type, "video/mp4", "image/jpeg")
    try:
        if kind == "image/jpeg":
            return shot_of_still(bytes(body))
        return shots_of(bytes(body), LOOK_EVERY_S, most_pixels=MOST_PIXELS)
    except ValueError as error:
        raise RequestError(str(error), 400) from error


def predict_fn(data: tuple[Shot, ...], model: Detector) -> tuple[Detector, tuple[tuple[float, Found], ...]]:
    """The detector (for its labels), and what is in view at each time that was looked at."""
    return model, tuple((shot.time_s, model.found(shot.rgb)) for shot in data)


def output_fn(prediction: tuple[Detector, tuple[tuple[float, Found], ...]], accept: str) -> str:
    """The answer as JSON.

    Raises:
        RequestError: something other than JSON is asked for (406).
    """
    check_json_accepted(accept)
    detector, seen = prediction
    return answer_text(detector.labels, detector.spec.labels, seen)
