"""One training on people's own plates, whole: split, learned, fitted, measured; writes nothing.

People's plates become experts' plates beside the champion's, in the space that its backbone and projection
make. How sure a name is, and whether a plate is finished, are fitted to plates of people who are not among
them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.training.calibration import calibration_error
from model_packages.training.parting import split

from .fitting import best_sharpness
from .inference import STILL, Model, Served, input_fn, model_fn, predict_fn
from .labelled import NO_PLATE, Labelled, labelled_plates
from .likeness import Floats, Heads, Plate, cosines, plate_in, standardised
from .looking import fitted, picture_of

_OWN_A_DISH = 12
# Fewer than this say too little of how sure a name is, or of when a plate is finished.
_LEAST_TO_FIT = 10
_MOST_SURE = 0.5
_SAME = 1e-4


@dataclass(frozen=True)
class Stills:
    """Features (N, P) of labelled stills, and of each the dish or ``NO_PLATE``."""

    features: Floats
    dish: npt.NDArray[np.str_]

    @property
    def served(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.dish != NO_PLATE)


@dataclass(frozen=True)
class Learned:
    """What came of a training: the heads to serve over the start's backbone, and the figures."""

    heads: Heads
    told: dict[str, Any]


def learned_on(folder: Path, start_folder: Path, work: Path, say: Callable[[str], None]) -> Learned:
    """Teach the heads of a package what people said of their plates.

    Args:
        folder: the stills, as ``labelled.py`` says.
        start_folder: the package that is learned on from.
        work: what was seen of each film's stills is kept here; the same call goes on from there.

    Raises:
        ValueError: too few people or kitchens, no finished plate among them, or a picture cannot be read.
    """
    began = time.monotonic()
    start = model_fn(str(start_folder))
    parts = split(labelled_plates(folder))
    say(", ".join(f"{len(films)} films of {name}" for name, films in parts.items()))
    sha256 = json.loads((start_folder / "model.json").read_text("utf-8"))["weights_sha256"]
    seen = {name: looked_at(start, sha256, films, work) for name, films in parts.items()}
    if not seen["training"].served.any():
        raise ValueError("expected finished plates in the films of training, got none: mark stills of some")
    every = Stills(
        np.concatenate([part.features for part in seen.values()]),
        np.concatenate([part.dish for part in seen.values()]),
    )
    # What the start learned of these stills is learned again: a plate that is its own expert proves nothing.
    base = without(start.heads, every)
    heads = _fitted(with_experts(base, seen["training"]), seen["calibration"])
    say(f"{len(heads.experts) - len(base.experts)} plates are experts now")
    # Who is asked for corrections gives few: what is served has all plates among its experts, and the figures
    # are of what learned from three fifths. Retraining measures what is served on plates of its own.
    served = with_experts(base, every)
    served = replace(served, sharpness=heads.sharpness, served=heads.served)
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "trainingFilms": len(parts["training"]),
        "trainingPlates": len(seen["training"].dish),
        "calibrationFilms": len(parts["calibration"]),
        "testFilms": len(parts["test"]),
        "newDishes": sorted(set(served.dishes.tolist()) - set(base.dishes.tolist())),
        "wallSeconds": round(time.monotonic() - began, 1),
        "calibration": figures(heads, seen["calibration"]),
        "test": figures(heads, seen["test"]),
        "testBefore": figures(base, seen["test"]),
    }
    return Learned(served, told)


def looked_at(model: Model, sha256: str, films: Sequence[Labelled], work: Path) -> Stills:
    """The features of all stills; what weights of this ``sha256`` saw of a film before lies in ``work``."""
    rows, names = [], []
    for film in films:
        bodies = [path.read_bytes() for path, _ in film.plates]
        digest = hashlib.sha256(sha256.encode() + b"".join(bodies)).hexdigest()
        kept = work / f"plates-{digest[:24]}.npy"
        if not kept.exists():
            work.mkdir(parents=True, exist_ok=True)
            found = np.stack([model.backbone(fitted(picture_of(body)))[0] for body in bodies])
            partial = kept.with_suffix(".partial")
            with partial.open("wb") as file:
                np.save(file, found)
            partial.replace(kept)
        rows.append(np.load(kept, allow_pickle=False))
        names += [dish for _, dish in film.plates]
    return Stills(np.concatenate(rows).astype(np.float32), np.array(names))


def with_experts(heads: Heads, stills: Stills) -> Heads:
    """Heads with people's finished plates beside their experts', at most twelve a dish, new dishes last."""
    served = stills.served
    new = sorted(set(stills.dish[served].tolist()) - set(heads.dishes.tolist()))
    names = np.array([*heads.dishes.tolist(), *new])
    placed = _placed(heads, stills)
    chosen = [np.flatnonzero(stills.dish == name)[:_OWN_A_DISH] for name in names]
    return replace(
        heads,
        dishes=names,
        experts=np.concatenate([heads.experts, *(placed[at] for at in chosen)]).astype(np.float32),
        expert_dish=np.concatenate(
            [heads.expert_dish, np.repeat(np.arange(len(names)), [len(at) for at in chosen])]
        ).astype(np.int64),
    )


def without(heads: Heads, stills: Stills) -> Heads:
    """Heads without the experts' plates that are among ``stills``, and without dishes that had no others."""
    kept = (heads.experts @ _placed(heads, stills).T).max(1) < 1 - _SAME
    there = np.unique(heads.expert_dish[kept])
    return replace(
        heads,
        dishes=heads.dishes[there],
        experts=heads.experts[kept],
        expert_dish=np.searchsorted(there, heads.expert_dish[kept]).astype(np.int64),
    )


def _placed(heads: Heads, stills: Stills) -> Floats:
    """(N, K) stills in the space in which plates are compared, unit length."""
    placed = standardised(heads, stills.features) @ heads.project
    return np.asarray(placed / np.maximum(np.linalg.norm(placed, axis=1, keepdims=True), 1e-9), np.float32)


def _fitted(heads: Heads, stills: Stills) -> Heads:
    """Heads whose sureness fits stills that are none of their experts'; as they were where these are few."""
    known = np.isin(stills.dish, heads.dishes)
    if known.sum() >= _LEAST_TO_FIT:
        near = np.stack([cosines(heads, row) for row in stills.features[known]])
        truth = np.array([heads.dishes.tolist().index(name) for name in stills.dish[known]])
        heads = replace(heads, sharpness=np.array([best_sharpness(near, truth)], np.float32))
    served = stills.served
    if min(served.sum(), (~served).sum()) >= _LEAST_TO_FIT // 2:
        rows = standardised(heads, stills.features) @ heads.served[:-1] + heads.served[-1]
        slope, offset = _line(rows, served)
        weights = np.append(heads.served[:-1] * slope, heads.served[-1] * slope + offset)
        heads = replace(heads, served=weights.astype(np.float32))
    return heads


def _line(scores: Floats, truth: npt.NDArray[np.bool_]) -> tuple[np.float32, np.float32]:
    """(slope, offset) that make scores log odds of the truth; the slope stays above nothing."""
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression(C=1.0, class_weight="balanced").fit(scores[:, None], truth)
    return np.float32(max(float(fit.coef_[0, 0]), 0.05)), np.float32(fit.intercept_[0])


def word_of(heads: Heads, plate: Plate) -> tuple[str, float]:
    """What a still is said to show, and how sure that is: a dish, or ``NO_PLATE``."""
    if plate.seen < _MOST_SURE:
        return NO_PLATE, 1 - plate.seen
    best = int(plate.confidence.argmax())
    return str(heads.dishes[best]), plate.seen * float(plate.confidence[best])


def figures(heads: Heads, stills: Stills) -> dict[str, Any]:
    """How often a still's word is right, dishes that the heads do not know among them."""
    said = [word_of(heads, plate_in(heads, row)) for row in stills.features]
    right = [word == dish for (word, _), dish in zip(said, stills.dish, strict=True)]
    on_plate = [r for r, served in zip(right, stills.served, strict=True) if served]
    return {
        "stills": len(said),
        "right": _share(right),
        "plates": len(on_plate),
        "dishRight": _share(on_plate),
        "calibrationError": round(calibration_error([sure for _, sure in said], right), 4),
    }


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def counts_on(package: Path, folder: Path) -> list[dict[str, Any]]:
    """For each labelled film under ``folder``: stills by what they show and by what was said of them.

    Each still goes through the package's own functions. ``confidence`` is the mean of what was said.
    """
    model = model_fn(str(package))
    told = []
    for film in labelled_plates(folder):
        counts: dict[str, dict[str, int]] = {}
        sure: list[float] = []
        for path, dish in film.plates:
            _, found = predict_fn(input_fn(path.read_bytes(), STILL), model)
            assert isinstance(found, Served)
            word, how_sure = word_of(model.heads, found.plate)
            row = counts.setdefault(dish, {})
            row[word] = row.get(word, 0) + 1
            sure.append(how_sure)
        confidence = round(sum(sure) / len(sure), 4)
        told.append({"film": film.name, "group": film.group, "counts": counts, "confidence": confidence})
    return told
