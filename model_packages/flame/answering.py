"""From a chunk's pictures to flame, level and confidence, moment by moment; knows no film and no JSON."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from model_packages.engine import network, read_ir
from model_packages.hidden_markov import posterior
from model_packages.shots import Shot

from .burning import Burning, burning_from
from .looking import CELL, CELLS, Picture, in_picture, in_whole, part_of, whole_of

Floats = npt.NDArray[np.float64]
Place = tuple[float, float]

WORDS = ("off", "low", "medium", "high")
STATES = (*WORDS, "hidden")
HIDDEN = len(WORDS)
# Between the words' levels 0.3, 0.6 and 1 that films are drawn with.
BOUNDS = (0.08, 0.40, 0.72)
_SCALE = (1.0, 1.5, 2.0, 2.5, 3.0)
_LEVELS = (0.3, 0.40, 0.6, 0.72, 1.0)
NETWORKS = ("where", "what")
NUMBERS = "numbers.json"
_BATCH = 8
_REACH = 3
# A second burner is looked at where it is this far from the first, in pixels of the small picture, and this
# share as likely to be meant.
_APART_PX, _OTHER_FROM = 40.0, 0.3


@dataclass(frozen=True)
class Numbers:
    """What was fitted on the calibration group, beside the networks.

    ``stay``: how likely a state stays from one picture to the next. ``temper``: what the logits are divided
    by. ``nowhere``: from which mean probability on no burner is said to be in view. ``sure``: weights of the
    logistic curve (Platt 1999) from the log odds of a state, and 1, to how often it is right.
    """

    stay: float
    temper: float
    nowhere: float
    sure: tuple[float, float]


@dataclass(frozen=True)
class Model:
    """The two networks, ready to answer, what was fitted beside them, and what sees smoke, if any does."""

    where: Any
    what: Any
    numbers: Numbers
    burning: Burning | None = None


@dataclass(frozen=True)
class Seen:
    """What the networks said of a chunk's pictures, one row each.

    ``nowhere`` (N,): how likely no burner is in view. ``logits`` (N, 6): the five states, and yellow.
    ``places``: (column, row) in the picture, where the burner was looked for.
    """

    nowhere: Floats
    logits: Floats
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Sample:
    """The flame at a moment: seconds from the chunk's first picture, level and confidence 0 to 1.

    ``burning_risk`` 0 to 1 is how likely something smokes or burns; ``None`` where nothing looked for it, or
    no burner is in view.
    """

    time_s: float
    flame: str
    level: float
    confidence: float
    burning_risk: float | None = None


def packed(where: bytes, what: bytes, numbers: Numbers) -> bytes:
    """The weights file: both networks as ``pack_ir`` wrote them, and the numbers."""
    told = json.dumps(numbers.__dict__, indent=1, sort_keys=True).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, body in (("where.ovz", where), ("what.ovz", what), (NUMBERS, told)):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), body)
    return out.getvalue()


def bodies_in(path: Path) -> tuple[dict[str, bytes], Numbers]:
    """The two networks of a weights file as ``pack_ir`` wrote them, by name, and the numbers.

    Raises:
        ValueError: the file is no weights file of this package.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            numbers: dict[str, Any] = json.loads(archive.read(NUMBERS))
            bodies = {name: archive.read(f"{name}.ovz") for name in NETWORKS}
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"expected weights of the flame package in {path.name}: {error}") from error
    return bodies, Numbers(**{**numbers, "sure": tuple(numbers["sure"])})


def graph_in(body: bytes) -> Any:
    """The network that ``pack_ir`` wrote as these bytes."""
    return read_ir(io.BytesIO(body))


def model_from(path: Path) -> Model:
    """The model in a weights file, compiled for this machine.

    Raises:
        ValueError: the file is no weights file of this package.
    """
    bodies, numbers = bodies_in(path)
    where, what = (network(graph_in(bodies[name])) for name in NETWORKS)
    return Model(where, what, numbers, burning_from(path))


def word_of(flame: str, level: float) -> str:
    """off, low, medium or high; ``hidden`` where the flame was."""
    if flame in ("hidden", "off"):
        return flame
    return WORDS[sum(level >= bound for bound in BOUNDS)]


def _answers(net: Any, pictures: Sequence[Picture]) -> Floats:
    parts = [np.asarray(net(np.stack(pictures[k : k + _BATCH]))[0]) for k in range(0, len(pictures), _BATCH)]
    return np.concatenate(parts).astype(np.float64)


def _softmax(logits: Floats) -> Floats:
    grown = np.exp(logits - logits.max(-1, keepdims=True))
    shares: Floats = grown / grown.sum(-1, keepdims=True)
    return shares


def burner_places(chances: Floats, shape: tuple[int, ...]) -> tuple[tuple[float, float], ...]:
    """Where the burner is in each picture (column, row), from chances of shape (N, 961).

    Neighbouring pictures are taken together, since a camera stands still while a hand passes.
    """
    cells = chances[:, :-1].reshape(len(chances), CELLS[1], CELLS[0])
    usual = cells.mean(0)
    places: list[tuple[float, float]] = []
    for k in range(len(cells)):
        near = cells[max(0, k - _REACH) : k + _REACH + 1]
        map_ = cells[k] + near.mean(0) + 0.3 * usual + 1e-9
        places.append(in_picture(_peak(map_), shape))
    return tuple(places)


def _peak(map_: Floats) -> Place:
    """Where a map of cells is highest, in pixels of the small picture."""
    row, column = np.unravel_index(int(map_.argmax()), map_.shape)
    # The middle of the peak is between the cells that share it.
    rows = slice(max(0, int(row) - 1), int(row) + 2)
    columns = slice(max(0, int(column) - 1), int(column) + 2)
    peak = map_[rows, columns]
    ys, xs = np.mgrid[rows.start : rows.start + peak.shape[0], columns.start : columns.start + peak.shape[1]]
    x, y = float((xs * peak).sum() / peak.sum()), float((ys * peak).sum() / peak.sum())
    return (x + 0.5) * CELL, (y + 0.5) * CELL


def other_burner(chances: Floats, places: Sequence[Place], shape: tuple[int, ...]) -> Place | None:
    """Where a second burner is that may be meant as well; ``None`` where one alone stands out."""
    usual = chances[:, :-1].mean(0).reshape(CELLS[1], CELLS[0]) + 1e-9
    middle = float(np.median([x for x, _ in places])), float(np.median([y for _, y in places]))
    x, y = in_whole(middle, shape)
    rows, columns = np.mgrid[: CELLS[1], : CELLS[0]]
    far = np.hypot((columns + 0.5) * CELL - x, (rows + 0.5) * CELL - y) > _APART_PX
    others = np.where(far, usual, 1e-9)
    # A burner's chance lies in several cells.
    if cv2.blur(others, (3, 3)).max() < _OTHER_FROM * cv2.blur(usual, (3, 3)).max():
        return None
    return in_picture(_peak(others), shape)


def parts_in(model: Model, shots: Sequence[Shot]) -> tuple[Floats, list[Picture], tuple[Place, ...], Floats]:
    """How likely no burner is in view (N,), the part of each picture round the burner, where that is, and
    the logits (N, 6) of what is seen there.

    Where two burners may be meant, both are looked at, and at each moment the one that burns is it.
    """
    chances = _softmax(_answers(model.where, [whole_of(shot.rgb) for shot in shots]))
    shape = shots[0].rgb.shape
    places = burner_places(chances, shape)
    parts = [part_of(shot.rgb, place) for shot, place in zip(shots, places, strict=True)]
    logits = _answers(model.what, parts)
    other = other_burner(chances, places, shape)
    if other is not None:
        there = [part_of(shot.rgb, other) for shot in shots]
        seen = _answers(model.what, there)
        burns = [_near_mean(_softmax(one[:, :5])[:, 1:HIDDEN].sum(1)) for one in (logits, seen)]
        taken = burns[1] > np.maximum(burns[0], 0.5)
        logits = np.where(taken[:, None], seen, logits)
        parts = [b if second else a for a, b, second in zip(parts, there, taken, strict=True)]
        places = tuple(other if second else place for place, second in zip(places, taken, strict=True))
    return chances[:, -1], parts, places, logits


def seen_in(model: Model, shots: Sequence[Shot]) -> Seen:
    """What the two networks say of each picture."""
    nowhere, _, places, logits = parts_in(model, shots)
    return Seen(nowhere, logits, places)


def smoothed(shares: Floats, stay: float) -> Floats:
    """Probabilities of each state at each moment given all moments, shape (N, 5), rows sum to 1.

    The states stay with probability ``stay`` and else change to any other.
    """
    states = shares.shape[1]
    change = np.full((states, states), (1 - stay) / (states - 1))
    np.fill_diagonal(change, stay)
    return posterior(shares, change, np.full(states, 1 / states))


def answers_of(seen: Seen, numbers: Numbers) -> tuple[list[str], Floats, Floats]:
    """Flames, levels 0 to 1, and the log odds of each answer's word."""
    shares = _softmax(seen.logits[:, :5] / numbers.temper)
    # Where no burner is in view the part that was looked at says nothing.
    away = away_in(seen, numbers)[:, None]
    shares = shares * (1 - away) + away * np.eye(5)[HIDDEN]
    chances = smoothed(np.clip(shares, 1e-4, 1.0), numbers.stay)
    words = chances.argmax(1)
    lit = chances[:, 1:4]
    burning = lit.sum(1) + 1e-6
    yellow = _near_mean(burning / (1 + np.exp(-seen.logits[:, 5]))) >= 0.5 * _near_mean(burning)
    scale = (lit @ np.arange(1.0, 4.0)) / np.maximum(lit.sum(1), 1e-9)
    # A level between two words' must not contradict the word.
    scale = np.clip(scale, words - 0.45, words + 0.45)
    levels = np.where((words > 0) & (words < HIDDEN), np.interp(scale, _SCALE, _LEVELS), 0.0)
    flames = [
        STATES[w] if w in (0, HIDDEN) else ("yellow" if y else "blue")
        for w, y in zip(words, yellow, strict=True)
    ]
    top = np.clip(chances.max(1), 1e-4, 1 - 1e-4)
    return flames, levels, np.log(top / (1 - top))


def away_in(seen: Seen, numbers: Numbers) -> Floats:
    """How likely no burner is in view at each picture; 0 where that is too little to be said."""
    away = np.clip(_near_mean(seen.nowhere), 0.0, 1.0)
    return np.where(away >= numbers.nowhere, away, 0.0)


def _near_mean(values: Floats) -> Floats:
    """The mean of each value and up to two neighbours on each side."""
    reach = 2
    return np.array([values[max(0, k - reach) : k + reach + 1].mean() for k in range(len(values))])


def confidence_of(odds: Floats, numbers: Numbers) -> Floats:
    """How often an answer with these log odds is right, 0 to 1."""
    sure: Floats = 1 / (1 + np.exp(-(odds * numbers.sure[0] + numbers.sure[1])))
    return sure


def samples_of(model: Model, shots: Sequence[Shot]) -> tuple[Sample, ...]:
    """The flame in each picture of a chunk."""
    seen = seen_in(model, shots)
    flames, levels, odds = answers_of(seen, model.numbers)
    return tuple(
        Sample(shot.time_s, flame, round(float(level), 3), round(float(sure), 3), risk)
        for shot, flame, level, sure, risk in zip(
            shots, flames, levels, confidence_of(odds, model.numbers), _risks(model, shots, seen), strict=True
        )
    )


def _risks(model: Model, shots: Sequence[Shot], seen: Seen) -> list[float | None]:
    """How likely something smokes or burns in each picture, where that is looked for and a burner in view."""
    if model.burning is None:
        return [None] * len(shots)
    risks = model.burning.risks(shots, seen.places)
    away = away_in(seen, model.numbers)
    return [None if gone else round(float(risk), 3) for risk, gone in zip(risks, away > 0, strict=True)]
