"""The package's four functions: a chunk of film in, what the hands do each second out, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.engine import network, read_ir
from model_packages.members import members_in
from model_packages.requests import RequestError, check_json_accepted, kind_of

from .chain import Chain, chain_from, read_scores
from .context import MEMBER, context_in
from .pictures import FPS, Small, decoded, looks_at, rgb_of

WEIGHTS, SETTINGS = "weights.ovz", "settings.json"
_BATCH = 8


@dataclass
class Model:
    """The network, compiled for each form of picture that has come, and how its scores are read.

    ``every_s`` is how far apart clips are; ``chain`` tells how the clips around a moment are taken into
    account, if they are. ``fps`` is how many of its pictures a second of film has. ``square``: only the
    square in the middle of the picture is looked at. ``looks``: how often each stretch is, 1 or 2.
    """

    path: Path
    labels: tuple[str, ...]
    frames: int
    short_px: int
    temperature: float
    every_s: float
    chain: Chain | None = None
    fps: float = FPS
    square: bool = False
    looks: int = 1

    def __post_init__(self) -> None:
        self._graph = read_ir(self.path)
        self._networks: dict[tuple[int, int], Any] = {}
        self.context = context_in(members_in(self.path, [MEMBER]))

    def told(self, clips: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """(clips, labels) scores of RGB clips (clips, frames, height, width, 3).

        Where there is a context, the features that scores are made of follow in each row.
        """
        size = clips.shape[2], clips.shape[3]
        net = self._networks.get(size)
        if net is None:
            graph = self._graph.clone()
            graph.reshape([-1, self.frames, *size, 3])
            net = self._networks[size] = network(graph)
        rows = []
        for first in range(0, len(clips), _BATCH):
            said = net(clips[first : first + _BATCH])
            outputs = [said[number] for number in range(1 if self.context is None else 2)]
            rows.append(np.concatenate(outputs, axis=1))
        return np.concatenate(rows).astype(np.float32)


@dataclass(frozen=True)
class Said:
    """Probabilities (T, labels) at ``times_s`` (T,), seconds from the chunk's first picture."""

    times_s: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float64]
    labels: tuple[str, ...]


def model_fn(model_dir: str) -> Model:
    """The model whose weights and settings lie in ``model_dir``."""
    folder = Path(model_dir)
    told = json.loads((folder / SETTINGS).read_text("utf-8"))
    return Model(
        folder / WEIGHTS,
        tuple(told["labels"]),
        int(told["frames"]),
        int(told["shortPixels"]),
        float(told["temperature"]),
        float(told["everySeconds"]),
        chain_from(told["chain"]),
        float(told.get("picturesPerSecond", FPS)),
        bool(told.get("square", False)),
        int(told.get("looks", 1)),
    )


def input_fn(body: bytes, content_type: str) -> bytes:
    """The chunk, given as ``video/mp4``; it is decoded where the model says how small.

    Raises:
        RequestError: another content type (415).
    """
    kind_of(content_type, "video/mp4")
    return bytes(body)


def predict_fn(data: bytes, model: Model) -> Said:
    """What the hands do each second.

    Raises:
        RequestError: no film that can be read (400).
    """
    try:
        small = decoded(data, short_px=model.short_px, fps=model.fps, square=model.square)
    except ValueError as error:
        raise RequestError(str(error), 400) from error
    return said_of(small, model)


def said_of(small: Small, model: Model) -> Said:
    """Probabilities each second of pictures that are decoded already."""
    times = moments(small.length_s, model.every_s)
    told = looks_at(
        lambda places: rgb_of(small.i420[places]), model.told, times, len(small.i420), model.frames,
        model.looks, fps=small.fps, every_s=model.every_s, batch=_BATCH,
    )  # fmt: skip
    labels = len(model.labels)
    scores = told[:, :, :labels].mean(1)
    if model.context is not None:
        scores = scores + model.context.added(told[:, :, labels:])
    return Said(times, read_scores(scores, model.temperature, model.chain, model.every_s), model.labels)


def moments(length_s: float, every_s: float) -> npt.NDArray[np.float64]:
    """Middles of the stretches that a film is cut into, each ``every_s`` long; at least one."""
    count = max(1, round(length_s / every_s))
    times: npt.NDArray[np.float64] = np.minimum((np.arange(count) + 0.5) * every_s, max(length_s, 0.01))
    return times


def output_fn(prediction: Said, accept: str) -> str:
    """The answer as JSON.

    Raises:
        RequestError: something other than JSON is asked for (406).
    """
    check_json_accepted(accept)
    return json.dumps(
        {
            "format": "bharatchef-actions",
            "version": 1,
            "labels": list(prediction.labels),
            "times": [round(float(t), 3) for t in prediction.times_s],
            "probabilities": [[round(float(p), 5) for p in row] for row in prediction.probabilities],
        }
    )
