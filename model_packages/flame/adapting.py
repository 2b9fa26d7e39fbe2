"""Teaches a package that is trained already from people's own films: the last layer of its second network.

Where the burner is, the marks do not say: the first network stays as it is. Knows neither drawing nor cards.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.engine import compiled_model
from model_packages.training.chunks import FPS
from model_packages.training.last_layer import Floats, LastLayer, added_layer

from .answering import STATES, Model, Seen, bodies_in, graph_in, model_from, parts_in
from .drawing import FilmTruth
from .inference import input_fn
from .labelled import Labelled, chunks_of
from .metrics import Film
from .register import WEIGHTS

_BATCH = 8
# What moving away from what was learned before costs, a picture: chosen on drawn films of the calibration
# kitchens, in ordinary and in strange light (docs/retraining.md). Pictures of a film are much alike, so that
# many of them are no reason to hold less.
_HOLDS = 2.0
# A word's level, as drawn films have it.
_LEVELS = {"off": 0.0, "low": 0.3, "medium": 0.6, "high": 1.0, "hidden": 0.0}


@dataclass(frozen=True)
class Chunk:
    """A minute of film: what the networks saw, what the last layer sees (N, F), and what a person said.

    ``words`` and ``colours`` have an entry a picture, empty where nobody said.
    """

    seen: Seen
    features: Floats
    words: tuple[str, ...]
    colours: tuple[str, ...]

    def film(self, weights: Floats, bias: Floats) -> Film:
        """What is seen with ``features @ weights.T + bias`` added, and the truth, as figures take them."""
        seen = replace(self.seen, logits=self.seen.logits + self.features @ weights.T + bias)
        # Any colour of a lit flame gives the same word.
        states = tuple("blue" if word in STATES[1:4] else word for word in self.words)
        levels = tuple(_LEVELS.get(word, 0.0) for word in self.words)
        return seen, FilmTruth(states, levels, "", "", "")


class Start:
    """The package that is learned on from.

    Raises:
        ValueError: it is no such package, or its network ends otherwise.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / WEIGHTS
        try:
            self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ValueError(f"expected a flame package in {folder}: {error.strerror}") from error
        bodies, self.numbers = bodies_in(path)
        self.where: bytes = bodies["where"]
        self._model: Model = model_from(path)
        self._last = LastLayer(graph_in(bodies["what"]))
        self._shown: Any = compiled_model(self._last.shown())

    def seen_in(self, body: bytes) -> tuple[Seen, Floats]:
        """What the networks say of each picture of a chunk, and what the last layer makes it of."""
        nowhere, parts, places, _ = parts_in(self._model, input_fn(body, "video/mp4"))
        said = [self._shown(np.stack(parts[k : k + _BATCH])) for k in range(0, len(parts), _BATCH)]
        logits, features = (np.concatenate([np.asarray(s[k]) for s in said]) for k in (0, 1))
        return Seen(nowhere, logits.astype(np.float64), places), features.astype(np.float32)

    def with_head(self, weights: Floats, bias: Floats) -> Any:
        """The second network with more added to its scores."""
        return self._last.with_more(weights, bias, "what")


def looked_through(start: Start, films: Sequence[Labelled], work: Path) -> list[list[Chunk]]:
    """The chunks of each film; what was seen of it is kept in ``work``: this goes on where it ended."""
    out = []
    known = 0
    for labelled in films:
        path = work / f"{_name(start, labelled)}.npz"
        if path.exists():
            known += 1
        else:
            if known:
                print(f"goes on from film {known}", file=sys.stderr, flush=True)
                known = 0
            _keep(start, labelled, path)
            print(f"looked at {len(out) + 1} of {len(films)} films", file=sys.stderr, flush=True)
        out.append(_chunks(labelled, path))
    return out


def _keep(start: Start, labelled: Labelled, path: Path) -> None:
    rows: dict[str, list[Any]] = {
        name: [] for name in ("nowhere", "logits", "places", "features", "times", "chunk")
    }
    for number, (start_s, body) in enumerate(chunks_of(labelled.film)):
        seen, features = start.seen_in(body)
        count = len(seen.nowhere)
        rows["nowhere"].append(seen.nowhere)
        rows["logits"].append(seen.logits)
        rows["places"].append(np.array(seen.places))
        rows["features"].append(features)
        rows["times"].append(start_s + np.arange(count) / FPS)
        rows["chunk"].append(np.full(count, number))
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **{name: np.concatenate(parts) for name, parts in rows.items()})
    part.replace(path)


def _chunks(labelled: Labelled, path: Path) -> list[Chunk]:
    with np.load(path, allow_pickle=False) as stored:
        rows = {name: stored[name] for name in stored.files}
    out = []
    for number in range(int(rows["chunk"].max()) + 1):
        at = rows["chunk"] == number
        said = [labelled.said_at(float(time_s)) for time_s in rows["times"][at]]
        places = tuple((float(x), float(y)) for x, y in rows["places"][at])
        seen = Seen(rows["nowhere"][at], rows["logits"][at], places)
        words, colours = zip(*said, strict=True)
        out.append(Chunk(seen, rows["features"][at], words, colours))
    return out


def fitted_head(chunks: Sequence[Chunk]) -> tuple[Floats, Floats]:
    """(6, F) weights and (6,) bias to be added to the scores of the five states, and of yellow.

    Raises:
        ValueError: no moment of the films has a label.
    """
    logits = np.concatenate([chunk.seen.logits for chunk in chunks]).astype(np.float32)
    features = np.concatenate([chunk.features for chunk in chunks])
    words = [word for chunk in chunks for word in chunk.words]
    truth = np.array([STATES.index(word) if word else -1 for word in words], np.intp)
    weights, bias = _held(logits[:, :5], features, truth)
    colours = [colour for chunk in chunks for colour in chunk.colours]
    lit = np.array([{"blue": 0, "yellow": 1}.get(colour, -1) for colour in colours], np.intp)
    more, shift = np.zeros((1, features.shape[1]), np.float32), np.zeros(1, np.float32)
    if (lit >= 0).any():
        # Of two classes the second's score less the first's decides.
        pair = np.stack([np.zeros_like(logits[:, 5]), logits[:, 5]], 1)
        both, shifts = _held(pair, features, lit)
        more, shift = both[1:] - both[:1], shifts[1:] - shifts[:1]
    return np.concatenate([weights, more]), np.concatenate([bias, shift])


def _held(scores: Floats, features: Floats, truth: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    return added_layer(scores, features, truth, _HOLDS * int((truth >= 0).sum()), hold_bias=True)


def _name(start: Start, labelled: Labelled) -> str:
    """A name for what is kept of a film: of the networks and the film's bytes."""
    parts = hashlib.sha256(start.sha256.encode())
    with labelled.film.open("rb") as file:
        parts.update(hashlib.file_digest(file, "sha256").digest())
    return parts.hexdigest()[:24]
