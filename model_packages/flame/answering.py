"""From a chunk's features to flame, level and confidence, moment by moment; knows no film and no JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .features import chunk_rows
from .network import Floats, Network, network_from, shares
from .pixels import Shot

STATES = ("off", "blue", "yellow", "hidden")
WORDS = ("off", "low", "medium", "high")
# Between the words' levels 0.3, 0.6 and 1 that films are drawn with.
BOUNDS = (0.08, 0.40, 0.72)
_BESIDE = (0.25, 0.5, 0.25)
_STEADY = 2


@dataclass(frozen=True)
class Model:
    """The trained parts: ``pixel`` sees flames, ``state`` and ``level`` read them, ``sure`` how surely."""

    pixel: Network
    state: tuple[Network, ...]
    level: tuple[Network, ...]
    level_curve: Floats
    sure: Floats


@dataclass(frozen=True)
class Sample:
    """The flame at a moment: seconds from the chunk's first picture, level and confidence 0 to 1."""

    time_s: float
    flame: str
    level: float
    confidence: float


def model_from(path: Path) -> Model:
    """The model in a weights file.

    Raises:
        ValueError: the file is no weights file of this package.
    """
    with np.load(path, allow_pickle=False) as stored:
        arrays: dict[str, Any] = {name: stored[name] for name in stored.files}
    for name in ("level_curve", "sure"):
        if name not in arrays:
            raise ValueError(f"expected weights of the flame package with {name!r}, got {sorted(arrays)[:8]}")
    parts = {key.split(".")[0] for key in arrays if "." in key}
    return Model(
        network_from(arrays, "pixel"),
        tuple(network_from(arrays, name) for name in sorted(parts) if name.startswith("state")),
        tuple(network_from(arrays, name) for name in sorted(parts) if name.startswith("level")),
        arrays["level_curve"].astype(np.float32),
        arrays["sure"].astype(np.float32),
    )


def word_of(flame: str, level: float) -> str:
    """off, low, medium or high; ``hidden`` where the flame was."""
    if flame in ("hidden", "off"):
        return flame
    return WORDS[sum(level >= bound for bound in BOUNDS)]


def _smoothed(rows: Floats) -> Floats:
    padded = np.concatenate([rows[:1], rows, rows[-1:]])
    count = len(rows)
    return sum(w * padded[k : k + count] for k, w in enumerate(_BESIDE))


def _medians(values: npt.NDArray[np.float64], kinds: list[str]) -> npt.NDArray[np.float64]:
    """The median of each value and of up to two neighbours on each side that saw the same."""
    out = values.copy()
    for k, kind in enumerate(kinds):
        near = range(max(0, k - _STEADY), min(len(kinds), k + _STEADY + 1))
        out[k] = float(np.median([values[i] for i in near if kinds[i] == kind]))
    return out


def raw_answers(model: Model, rows: Floats) -> tuple[Floats, npt.NDArray[np.float64]]:
    """State probabilities (N, 4), smoothed over neighbours, and levels (N,), before they are straightened."""
    chances = np.mean([shares(net(rows)) for net in model.state], axis=0)
    levels = np.mean([net(rows)[:, 0] for net in model.level], axis=0)
    return _smoothed(chances.astype(np.float32)), levels.astype(np.float64)


def answers_of(
    model: Model, rows: Floats
) -> tuple[list[str], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """States, levels 0 to 1 and what confidence is judged by, shape (N, 3), from a chunk's rows."""
    chances, raw = raw_answers(model, rows)
    kinds = [STATES[int(k)] for k in chances.argmax(1)]
    lit = ["lit" if kind in ("blue", "yellow") else kind for kind in kinds]
    levels = _medians(np.interp(raw, model.level_curve[0], model.level_curve[1]), lit)
    levels = np.array([0.0 if kind == "off" else float(np.clip(v, 0, 1)) for kind, v in zip(kinds, levels)])  # noqa: B905
    return kinds, levels, signs_of(chances, kinds, levels)


def signs_of(chances: Floats, kinds: list[str], levels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """What speaks for an answer: log odds of its state, how far its level is from a border, and 1."""
    # Blue against yellow does not change the heat: a lit flame is sure where the two together are.
    lit = chances[:, 1] + chances[:, 2]
    top = np.where([kind in ("blue", "yellow") for kind in kinds], lit, chances.max(1))
    top = np.clip(top.astype(np.float64), 1e-4, 1 - 1e-4)
    border = np.min(np.abs(levels[:, None] - np.array(BOUNDS[1:])), axis=1)
    border = np.where([kind in ("blue", "yellow") for kind in kinds], border, 0.2)
    return np.stack([np.log(top / (1 - top)), np.minimum(border, 0.2) * 10, np.ones(len(kinds))], 1)


def samples_of(model: Model, shots: tuple[Shot, ...]) -> tuple[Sample, ...]:
    """The flame in each picture of a chunk."""
    rows, _ = chunk_rows(shots, model.pixel)
    kinds, levels, signs = answers_of(model, rows)
    confidence = 1 / (1 + np.exp(-(signs @ model.sure)))
    return tuple(
        Sample(shot.time_s, kind, round(float(level), 3), round(float(sure), 3))
        for shot, kind, level, sure in zip(shots, kinds, levels, confidence, strict=True)
    )
