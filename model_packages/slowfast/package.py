"""Writes the package's files: weights, settings, manifest, figures, card; knows no training.

The program finds packages by their ``model.json``. A package that is not useful gets a manifest of another
name, so that nobody is judged by it who did not choose it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from model_packages.training.files import put_whole

from .chain import Chain
from .pictures import FPS

FOUND, SET_ASIDE = "model.json", "model.below-bar.json"
WEIGHTS, SETTINGS, FIGURES, CARD = "weights.ovz", "settings.json", "metrics.json", "MODEL_CARD.md"
VERSION = "1.0.0"
_HERE = Path(__file__).resolve().parent
_SERVED = ("__init__.py", "inference.py", "chain.py", "context.py", "pictures.py", "requirements.txt")


def settings(
    labels: tuple[str, ...],
    frames: int,
    *,
    short_px: int,
    temperature: float = 1.0,
    every_s: float = 1.0,
    chain: Chain | None = None,
    fps: float = FPS,
    square: bool = False,
    looks: int = 1,
) -> dict[str, Any]:
    """What answering needs to know beside the weights."""
    return {
        "labels": list(labels),
        "frames": frames,
        "shortPixels": short_px,
        "temperature": round(temperature, 4),
        "everySeconds": every_s,
        "chain": None if chain is None else chain.as_json(),
        "picturesPerSecond": fps,
        "square": square,
        "looks": looks,
    }


def write_package(
    folder: Path,
    weights: Path,
    told: dict[str, Any],
    card: str,
    *,
    engine: str,
    trained_on: str,
    figures: dict[str, Any],
    useful: bool,
    name: str = "slowfast",
) -> Path:
    """Put the package's files into ``folder``, the manifest last: it vouches for the others.

    Args:
        weights: a file that ``model_packages.engine.pack_ir`` wrote.
        told: what ``settings`` gives.
        figures: what is written as ``metrics.json``.

    Returns:
        The manifest's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    body = weights.read_bytes()
    manifest = {
        "analyser": "actions",
        "name": name,
        "version": VERSION,
        "inference": "inference.py",
        "weights": WEIGHTS,
        "weights_sha256": hashlib.sha256(body).hexdigest(),
        "trained_on": trained_on,
        "engine": engine,
        "content_types": ["video/mp4"],
    }
    if folder.resolve() != _HERE:
        for served in _SERVED:
            shutil.copyfile(_HERE / served, folder / served)
    wanted, other = (FOUND, SET_ASIDE) if useful else (SET_ASIDE, FOUND)
    (folder / other).unlink(missing_ok=True)
    put_whole(folder / WEIGHTS, body)
    put_whole(folder / SETTINGS, _json(told))
    put_whole(folder / FIGURES, _json({**figures, "weightsSha256": manifest["weights_sha256"]}))
    put_whole(folder / CARD, card.encode())
    put_whole(folder / wanted, _json(manifest))
    return folder / wanted


def _json(plain: dict[str, Any]) -> bytes:
    return (json.dumps(plain, indent=1) + "\n").encode()
