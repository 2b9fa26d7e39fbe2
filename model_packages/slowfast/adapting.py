"""Teaches a package that is trained already from a few labelled films: only its last layer learns.

A few hundred corrected segments cannot teach a network what hands look like, but they can tell it what the
hands of a kitchen mean that it sees for the first time. Knows neither drawing nor where labels come from.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import openvino as ov

from model_packages.engine import compiled_model, read_ir
from model_packages.members import members_in
from model_packages.training.last_layer import Floats, LastLayer, added_layer

from .context import MEMBER, context_in
from .labelled import Labelled, film_of
from .learning import Film, seconds_truth
from .package import SETTINGS, WEIGHTS
from .pictures import Pictures, looks_at, rgb_of

_BATCH = 8
# How much moving away from what was learned before costs; the same from 0.001 to 1 (docs/retraining.md).
_HOLDS = 0.1


@dataclass(frozen=True)
class Looked:
    """What a network makes of a film, each second: scores, what they are made of, the truth."""

    scores: Floats
    features: Floats
    truth: npt.NDArray[np.intp]
    film: Film


class Start:
    """The package that is learned on from: its network, with what its last layer sees as a second output.

    Raises:
        ValueError: it is no such package, or its network ends otherwise.
    """

    def __init__(self, folder: Path) -> None:
        try:
            self.settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text("utf-8"))
            self.body = (folder / WEIGHTS).read_bytes()
        except (OSError, ValueError) as error:
            raise ValueError(f"expected a slowfast package in {folder}: {error}") from error
        self.sha256 = hashlib.sha256(self.body).hexdigest()
        self.labels = tuple(str(label) for label in self.settings["labels"])
        self.frames = int(self.settings["frames"])
        self.looks = int(self.settings.get("looks", 1))
        self.folder = folder
        self.members = members_in(folder / WEIGHTS, [MEMBER])
        self.context = context_in(self.members)
        self._last = LastLayer(read_ir(folder / WEIGHTS))

    def looked_at(self, film: Film, size: tuple[int, int]) -> Looked:
        """What the network makes of each second of a film, in pictures of ``size`` (height, width)."""
        rows, truth = self.looks_of(film, size)
        classes = len(self.labels)
        scores, features = rows[:, :, :classes].mean(1), rows[:, :, classes:]
        if self.context is not None:
            scores = scores + self.context.added(features)
        return Looked(scores, features.mean(1), truth, film)

    def looks_of(self, film: Film, size: tuple[int, int]) -> tuple[Floats, npt.NDArray[np.intp]]:
        """(seconds, looks, labels and features) of a film, and its truth a second."""
        net = self._net
        times, truth = seconds_truth(film, len(self.labels))
        pictures = rgb_of(film.i420)
        rgb = np.stack([cv2.resize(p, size[::-1], interpolation=cv2.INTER_AREA) for p in pictures])

        def both(clips: Pictures) -> Floats:
            said = net(clips)
            return np.concatenate([np.asarray(said[k], np.float32) for k in (0, 1)], axis=1)

        told = looks_at(
            lambda places: rgb[places], both, times, len(rgb), self.frames, self.looks, batch=_BATCH
        )
        return told, truth

    @cached_property
    def _net(self) -> ov.CompiledModel:
        return compiled_model(self.shown())

    def shown(self) -> ov.Model:
        """The network with two outputs: the scores, and the features that they are made of."""
        return self._last.shown()

    def with_head(self, weights: Floats, bias: Floats) -> ov.Model:
        """The network whose scores have ``features @ weights.T + bias`` added to them."""
        return self._last.with_more(weights, bias, "slowfast")


def looked_through(
    start: Start, films: Sequence[Labelled], work: Path, size: tuple[int, int], small: tuple[int, int]
) -> list[Looked]:
    """What the network makes of films; each is kept in ``work`` whole, so that this goes on where it ended.

    Args:
        size: (height, width) of what the network is shown.
        small: (width, height) that films are decoded to.
    """
    out = []
    known = 0
    for labelled in films:
        film = film_of(labelled, start.labels, small)
        path = work / f"{_name(start, labelled, film)}.npz"
        if path.exists():
            known += 1
            with np.load(path, allow_pickle=False) as kept:
                out.append(Looked(kept["scores"], kept["features"], kept["truth"], film))
            continue
        if known:
            print(f"goes on from film {known}", file=sys.stderr, flush=True)
            known = 0
        looked = start.looked_at(film, size)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, scores=looked.scores, features=looked.features, truth=looked.truth)
        part.replace(path)
        print(f"looked at {len(out) + 1} of {len(films)} films", file=sys.stderr, flush=True)
        out.append(looked)
    return out


def fitted_head(seen: Sequence[Looked]) -> tuple[Floats, Floats]:
    """(classes, features) weights and (classes,) bias to be added, held near to nothing.

    Raises:
        ValueError: no second of the films has a label.
    """
    scores, features = (
        np.concatenate([getattr(one, name) for one in seen]) for name in ("scores", "features")
    )
    truth = np.concatenate([one.truth for one in seen])
    return added_layer(scores, features, truth, _HOLDS)


def _name(start: Start, labelled: Labelled, film: Film) -> str:
    """A name for what is kept of a film: of the network, the film's bytes and its labels."""
    parts = hashlib.sha256(start.sha256.encode())
    with labelled.film.open("rb") as file:
        parts.update(hashlib.file_digest(file, "sha256").digest())
    parts.update(film.labels.tobytes())
    return parts.hexdigest()[:24]
