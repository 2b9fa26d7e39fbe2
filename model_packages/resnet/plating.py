"""How surely something is spilled about the plate in a still, by the network of ``train_spills.py``.

The network, as OpenVINO keeps it, and its curve lie packed with the backbone: one file, one sha256. A package
without them does not judge plating.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from model_packages.engine import network, read_ir
from model_packages.members import members_in

from .looking import Picture

MEMBERS = NETWORK, CURVE = "spills.ovz", "spills.json"
SIDE_PX, CELL_PX = 640, 8
_TOP_CELLS = 6
_GREY = 128


@dataclass(frozen=True)
class Curve:
    """Log odds of bad plating are ``slope`` times the mean of the most suspect cells, plus ``offset``.

    From ``poor_from`` on, a share of sureness from 0 to 1, a plate is called badly plated, up to
    ``clean_to`` well plated; in between nothing is said.
    """

    slope: float
    offset: float
    poor_from: float
    clean_to: float

    def sureness(self, score: float) -> float:
        """How likely bad plating is, 0 to 1."""
        return float(1 / (1 + np.exp(-np.clip(self.slope * score + self.offset, -40, 40))))


class Spills:
    """The compiled network with its curve."""

    def __init__(self, network_ir: bytes, curve: Curve) -> None:
        self._network = network(read_ir(io.BytesIO(network_ir)))
        self.curve = curve

    def score(self, picture: Picture) -> float:
        """The mean log odds of the most suspect cells of an RGB picture (H, W, 3) of any size."""
        given, rows, columns = whole(picture)
        cells = np.asarray(self._network(given[None])[0][0], np.float32)[:rows, :columns]
        return float(np.sort(cells.ravel())[-_TOP_CELLS:].mean())

    def sureness(self, picture: Picture) -> float:
        """How likely it is that the plate in the picture is badly plated, 0 to 1."""
        return self.curve.sureness(self.score(picture))


def whole(picture: Picture) -> tuple[Picture, int, int]:
    """The picture at the top left of a grey square of the network's size; its rows and columns of cells."""
    height, width = picture.shape[:2]
    scale = SIDE_PX / max(height, width)
    if scale != 1:
        size = (max(CELL_PX, round(width * scale)), max(CELL_PX, round(height * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)
        height, width = picture.shape[:2]
    out = np.full((SIDE_PX, SIDE_PX, 3), _GREY, np.uint8)
    out[:height, :width] = picture
    return out, height // CELL_PX, width // CELL_PX


def spills_from(weights: Path) -> Spills | None:
    """What judges plating in the file at ``weights``, warmed up; ``None`` where nothing does."""
    members = members_in(weights, MEMBERS)
    if NETWORK not in members:
        return None
    found = Spills(members[NETWORK], Curve(**json.loads(members[CURVE])))
    found.score(np.full((360, SIDE_PX, 3), _GREY, np.uint8))
    return found


def as_members(network_ir: bytes, curve: Curve) -> dict[str, bytes]:
    """A network and its curve as they are packed."""
    return {NETWORK: network_ir, CURVE: json.dumps(asdict(curve)).encode()}
