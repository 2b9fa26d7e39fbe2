"""The package's four functions: a chunk of film in, the flame at each of its pictures out, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from model_packages.requests import RequestError, check_json_accepted, kind_of
from model_packages.shots import Shot

from .answering import Model, Sample, model_from, samples_of
from .pixels import shots_of

WEIGHTS = "weights.ovz"


def model_fn(model_dir: str) -> Model:
    """The model whose weights lie in ``model_dir``."""
    return model_from(Path(model_dir) / WEIGHTS)


def input_fn(body: bytes, content_type: str) -> tuple[Shot, ...]:
    """The pictures of a chunk given as ``video/mp4``.

    Raises:
        RequestError: another content type (415), or no film that can be read (400).
    """
    kind_of(content_type, "video/mp4")
    try:
        return shots_of(bytes(body))
    except ValueError as error:
        raise RequestError(str(error), 400) from error


def predict_fn(data: tuple[Shot, ...], model: Model) -> tuple[Sample, ...]:
    """The flame in each picture."""
    return samples_of(model, data)


def output_fn(prediction: tuple[Sample, ...], accept: str) -> str:
    """The answer as JSON. ``burningRisk`` is null where nothing looked for smoke, or no burner is in view.

    Raises:
        RequestError: something other than JSON is asked for (406).
    """
    check_json_accepted(accept)
    samples = [
        {
            "time": round(s.time_s, 3),
            "flame": s.flame,
            "level": s.level,
            "confidence": s.confidence,
            "burningRisk": s.burning_risk,
        }
        for s in prediction
    ]
    return json.dumps({"format": "bharatchef-heat", "version": 1, "samples": samples})
