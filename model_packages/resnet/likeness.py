"""Heads over a picture's features: which dish, how like the experts' plates, finished or not; numpy alone."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

HEADS = "heads.npz"
Floats = npt.NDArray[np.float32]
_NEAREST = 3
_CLEAN, _TWO_FAULTS = 95.0, 50.0
# Below this probability of being the dish nothing is said of how like its experts' plates one is: 95 times
# less would call a clean plate poor for doubt about its name.
_LEAST_SAME = 0.75


@dataclass(frozen=True)
class Heads:
    """What was fitted over the backbone's features (P wide).

    ``project`` (P, K) after ``mean`` (P,) and ``spread`` (P,) gives the space in which plates are compared;
    ``experts`` (N, K), unit length, and ``expert_dish`` (N,) are the experts' plates. ``same`` (2,) makes a
    cosine the probability of the same dish, ``sharpness`` (1,) the share among dishes. ``served`` (P + 1,)
    is logistic, the last number the offset.
    """

    dishes: npt.NDArray[np.str_]
    mean: Floats
    spread: Floats
    project: Floats
    experts: Floats
    expert_dish: npt.NDArray[np.int64]
    same: Floats
    sharpness: Floats
    served: Floats

    def save(self, path: Path) -> None:
        """Add the heads to the packed backbone at ``path``: one file, one sha256."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as inner:
            for field in fields(self):
                array = io.BytesIO()
                np.save(array, getattr(self, field.name), allow_pickle=False)
                inner.writestr(zipfile.ZipInfo(f"{field.name}.npy", (1980, 1, 1, 0, 0, 0)), array.getvalue())
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(zipfile.ZipInfo(HEADS, (1980, 1, 1, 0, 0, 0)), buffer.getvalue())

    def saved_in_place(self, packed: Path, path: Path) -> Path:
        """The backbone packed in ``packed`` with these heads in the place of its own, written to ``path``."""
        with zipfile.ZipFile(packed) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for entry in before.infolist():
                if entry.filename != HEADS:
                    archive.writestr(entry, before.read(entry))
        self.save(path)
        return path


def heads_from(path: Path) -> Heads:
    """The heads packed with the backbone at ``path``."""
    with (
        zipfile.ZipFile(path) as archive,
        np.load(io.BytesIO(archive.read(HEADS)), allow_pickle=False) as kept,
    ):
        return Heads(**{field.name: kept[field.name] for field in fields(Heads)})


def standardised(heads: Heads, features: Floats) -> Floats:
    """(..., P) features on the training's scale; far outliers are held."""
    return np.clip((features - heads.mean) / heads.spread, -5, 5)


def cosines(heads: Heads, features: Floats) -> Floats:
    """(dishes,) cosine of one picture (P,) with each dish's experts: the mean of the three nearest."""
    found = standardised(heads, features) @ heads.project
    found = found / max(float(np.linalg.norm(found)), 1e-9)
    near = heads.experts @ found
    out = np.empty(len(heads.dishes), np.float32)
    for dish in range(len(heads.dishes)):
        own = np.sort(near[heads.expert_dish == dish])[::-1]
        out[dish] = own[:_NEAREST].mean()
    return out


def sigmoid(x: npt.ArrayLike) -> Floats:
    """1 / (1 + exp(-x)), safe for large x."""
    return np.asarray(1 / (1 + np.exp(-np.clip(np.asarray(x, np.float64), -40, 40))), np.float32)


@dataclass(frozen=True)
class Plate:
    """What one picture shows; ``same`` and ``confidence``, 0 to 1, are one a dish of ``Heads.dishes``.

    ``same`` is how likely the plate is of the dish, ``confidence`` the dish's share among all.
    """

    seen: float
    same: Floats
    confidence: Floats


def plate_in(heads: Heads, features: Floats) -> Plate:
    """The plate in the picture whose pooled features (P,) these are."""
    row = standardised(heads, features)
    seen = float(sigmoid(row @ heads.served[:-1] + heads.served[-1]))
    near = cosines(heads, features)
    same = sigmoid(heads.same[0] * near + heads.same[1])
    share = np.exp(heads.sharpness[0] * (near - near.max()))
    return Plate(seen, same, share / share.sum())


def likeness(same: float, poor: float | None) -> float | None:
    """How like the experts' plates of a dish one is, 0 to 100, as experts' plates were marked.

    A clean plate is marked 95, one with two faults 45; ``None`` where it is not sure whether it is of the
    dish, or nobody says how likely it is badly plated.
    """
    return None if poor is None or same < _LEAST_SAME else same * (_CLEAN - _TWO_FAULTS * poor)
