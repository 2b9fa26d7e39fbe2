"""How surely something smokes or burns over the burner, by the network of ``train_burning.py``.

The network, as OpenVINO keeps it, and its curve lie packed with the others: one file, one sha256. A package
without them looks for no smoke.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.engine import network, read_ir
from model_packages.members import members_in
from model_packages.shots import Shot

from .looking import Picture, cut_out

MEMBERS = NETWORK, CURVE = "burning.ovz", "burning.json"
# What is over the burner, and the smoke that rises from it: of a picture that is 640 px long.
PART_PX, ABOVE_PX = 256, 70
_TOP_CELLS = 6
_BATCH = 8
# Smoke drifts slowly: every second picture is looked at, and what one alone shows is no smoke.
EVERY, _NEAR = 2, 2

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Log odds of smoke or burning are ``slope`` times the most suspect cells' mean, plus ``offset``."""

    slope: float
    offset: float

    def risks(self, scores: Floats) -> Floats:
        """How likely something smokes or burns, 0 to 1, for each score."""
        risks: Floats = 1 / (1 + np.exp(-np.clip(self.slope * scores + self.offset, -40, 40)))
        return risks


class Burning:
    """The compiled network with its curve."""

    def __init__(self, network_ir: bytes, curve: Curve) -> None:
        self._network = network(read_ir(io.BytesIO(network_ir)))
        self.curve = curve

    def scores(self, parts: Sequence[Picture]) -> Floats:
        """The mean log odds of the most suspect cells of each part that ``over`` gave."""
        found: list[Any] = []
        for k in range(0, len(parts), _BATCH):
            cells = np.asarray(self._network(np.stack(parts[k : k + _BATCH]))[0], np.float64)
            found.append(np.sort(cells.reshape(len(cells), -1), 1)[:, -_TOP_CELLS:].mean(1))
        return np.concatenate(found)

    def risks(self, shots: Sequence[Shot], places: Sequence[tuple[float, float]]) -> Floats:
        """How likely something smokes or burns at each picture, the burner being at these places.

        Every second picture is looked at; each gets the middle one of those near it in time.
        """
        looked = range(0, len(shots), EVERY)
        scores = self.scores([over(shots[k].rgb, places[k]) for k in looked])
        steady = [float(np.median(scores[max(0, k - _NEAR) : k + _NEAR + 1])) for k in range(len(scores))]
        return np.repeat(self.curve.risks(np.array(steady)), EVERY)[: len(shots)]


def over(rgb: Picture, place: tuple[float, float]) -> Picture:
    """What is over a burner, shape (256, 256, 3); black beyond the picture's edge."""
    return cut_out(rgb, (place[0], place[1] - ABOVE_PX), (PART_PX, PART_PX))


def burning_from(weights: Path) -> Burning | None:
    """What sees smoke in the file at ``weights``; ``None`` where nothing does."""
    members = members_in(weights, MEMBERS)
    return Burning(members[NETWORK], Curve(**json.loads(members[CURVE]))) if NETWORK in members else None


def as_members(network_ir: bytes, curve: Curve) -> dict[str, bytes]:
    """A network and its curve as they are packed."""
    return {NETWORK: network_ir, CURVE: json.dumps(asdict(curve)).encode()}
