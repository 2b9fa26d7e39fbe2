"""How surely something is spilled about the plate in a still, by the network of ``train_spills.py``.

The network, as OpenVINO keeps it, and its curve lie packed with the backbone: one file, one sha256. A package
without them does not judge plating.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from model_packages.engine import network, read_ir

from .looking import Picture

NETWORK, CURVE = "spills.ovz", "spills.json"
SIDE_PX, CELL_PX = 640, 8
_TOP_CELLS = 6
_GREY = 128
_DATE = (1980, 1, 1, 0, 0, 0)


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
    with zipfile.ZipFile(weights) as archive:
        if NETWORK not in archive.namelist():
            return None
        found = Spills(archive.read(NETWORK), Curve(**json.loads(archive.read(CURVE))))
    found.score(np.full((360, SIDE_PX, 3), _GREY, np.uint8))
    return found


def members_of(weights: Path) -> dict[str, bytes]:
    """The network and its curve as they lie in the file at ``weights``; nothing where they do not."""
    with zipfile.ZipFile(weights) as archive:
        return {name: archive.read(name) for name in (NETWORK, CURVE) if name in archive.namelist()}


def packed_with(packed: Path, members: dict[str, bytes], path: Path) -> Path:
    """The file at ``packed`` with these in the place of its own, written to ``path``."""
    with zipfile.ZipFile(packed) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for entry in before.infolist():
            if entry.filename not in (NETWORK, CURVE):
                archive.writestr(entry, before.read(entry))
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), body)
    return path


def as_members(network_ir: bytes, curve: Curve) -> dict[str, bytes]:
    """A network and its curve as ``packed_with`` takes them."""
    return {NETWORK: network_ir, CURVE: json.dumps(asdict(curve)).encode()}
