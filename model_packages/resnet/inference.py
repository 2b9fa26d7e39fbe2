"""The package's four functions: a still in, which dish is on the plate; a film in, its embeddings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_packages.requests import RequestError, check_json_accepted, kind_of

from .likeness import Heads, Plate, heads_from, likeness, plate_in
from .looking import Backbone, Floats, Picture, film_embeddings, fitted, looks_of, picture_of
from .plating import Spills, spills_from

WEIGHTS = "weights.ovz"
FILM, STILL = "video/mp4", "image/jpeg"
# In words that the coach knows in all of its languages (bharatchef/coaching/data).
SPILLED = "Spilled round the serving place."


@dataclass(frozen=True)
class Model:
    """The backbone, the heads over it, what judges plating where something does, and the manifest's name."""

    backbone: Backbone
    heads: Heads
    spills: Spills | None
    name: str


@dataclass(frozen=True)
class Served:
    """The plate in a still, and how likely it is badly plated; ``poor`` is ``None`` where nothing is said."""

    plate: Plate
    poor: float | None = None


def model_fn(model_dir: str) -> Model:
    """The model whose weights lie in ``model_dir``, warmed up."""
    folder = Path(model_dir)
    manifest = json.loads((folder / "model.json").read_text("utf-8"))
    weights = folder / manifest["weights"]
    backbone = Backbone(weights)
    backbone(fitted(picture_of_nothing()))
    return Model(backbone, heads_from(weights), spills_from(weights), manifest["name"])


def picture_of_nothing() -> Picture:
    """A grey picture, to warm up with."""
    import numpy as np

    return np.full((360, 640, 3), 127, np.uint8)


def input_fn(body: bytes, content_type: str) -> Picture | tuple[tuple[float, Picture], ...]:
    """The picture of an ``image/jpeg``, or those of a chunk of ``video/mp4``.

    Raises:
        RequestError: another content type (415), or nothing that can be read (400).
    """
    kind = kind_of(content_type, STILL, FILM)
    try:
        return picture_of(bytes(body)) if kind == STILL else tuple(looks_of(bytes(body)))
    except (ValueError, OSError) as error:
        words = str(error) if type(error) is ValueError else "expected an MP4 film that can be read"
        raise RequestError(words, 400) from error


def predict_fn(
    data: Picture | tuple[tuple[float, Picture], ...], model: Model
) -> tuple[Model, Served | tuple[Floats, Floats]]:
    """The plate in a still, or (times, embeddings) of a film."""
    if isinstance(data, tuple):
        return model, film_embeddings(iter(data), model.backbone)
    plate = plate_in(model.heads, model.backbone(fitted(data))[0])
    return model, Served(plate, None if model.spills is None else model.spills.sureness(data))


def output_fn(prediction: tuple[Model, Served | tuple[Floats, Floats]], accept: str) -> str:
    """The answer as JSON.

    Raises:
        RequestError: something other than JSON is asked for (406).
    """
    check_json_accepted(accept)
    model, found = prediction
    if isinstance(found, Served):
        return json.dumps(_plate(model, found))
    times, rows = found
    return json.dumps(
        {
            "format": "bharatchef-embeddings",
            "version": 1,
            "model": model.name,
            "times": [round(float(t), 3) for t in times],
            "embeddings": [[round(float(v), 4) for v in row] for row in rows],
        }
    )


def _plate(model: Model, served: Served) -> dict[str, Any]:
    plate, poor = served.plate, served.poor
    called_poor = False
    if model.spills is not None and poor is not None:
        curve = model.spills.curve
        called_poor = poor >= curve.poor_from
        if not called_poor and poor > curve.clean_to:
            poor = None
    rows = zip(model.heads.dishes, plate.same, plate.confidence, strict=True)
    likenesses = [(str(dish), likeness(float(same), poor), float(sure)) for dish, same, sure in rows]
    return {
        "format": "bharatchef-plate",
        "version": 1,
        "plateSeen": round(plate.seen, 4),
        "dishes": [
            {"dish": dish, "likeness": None if like is None else round(like, 1), "confidence": round(sure, 4)}
            for dish, like, sure in likenesses
        ],
        "remarks": [SPILLED] if called_poor else [],
    }
