"""Fits the heads to plates of known dish and plating; needs scikit-learn, which answering does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .likeness import Floats, Heads, cosines, standardised

_EXPERTS_A_DISH = 12
# A cook who did well must not be marked down: of clean plates of the right dish all but this share get at
# least this probability of being the dish.
_SAME_AT, _WRONGLY_DOUBTED, _OTHER_AT = 0.95, 0.15, 0.1


@dataclass(frozen=True)
class Rows:
    """Features (N, P) of stills and what is true of each."""

    features: Floats
    dish: npt.NDArray[np.str_]
    group: npt.NDArray[np.str_]
    served: npt.NDArray[np.bool_]
    poor: npt.NDArray[np.bool_]

    @classmethod
    def joined(cls, films: Sequence[dict[str, Any]]) -> Rows:
        """Rows of several films, each a mapping of the fields with ``dish`` and ``group`` once."""
        counts = [len(f["features"]) for f in films]
        return cls(
            features=np.concatenate([f["features"] for f in films]).astype(np.float32),
            dish=np.repeat([f["dish"] for f in films], counts),
            group=np.repeat([f["group"] for f in films], counts),
            served=np.concatenate([f["served"] for f in films]),
            poor=np.concatenate([f["poor"] for f in films]),
        )


def fitted_heads(training: Rows, calibration: Rows, own: tuple[Rows, Rows] | None = None) -> Heads:
    """Heads whose space tells dishes apart (linear discriminants) and whose curves fit the calibration rows.

    Where there are people's ``own`` plates (training, calibration), these are the experts and dishes; whether
    a plate is finished is still learnt from the drawn ones.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression

    plates, checked = (training, calibration) if own is None else own
    mean = training.features.mean(0)
    spread = training.features.std(0) + 0.02
    names = np.array(sorted(set(plates.dish)))
    empty = np.zeros(1, np.float32)
    heads = Heads(names, mean, spread, empty, empty, empty.astype(int), empty, empty, empty)
    rows = standardised(heads, plates.features[plates.served])
    label = np.searchsorted(names, plates.dish[plates.served])
    space = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.6).fit(rows, label)
    project = space.scalings_[:, : len(names) - 1].astype(np.float32)
    clean = ~plates.poor[plates.served]
    placed = rows[clean] @ project
    placed /= np.linalg.norm(placed, axis=1, keepdims=True)
    chosen = np.concatenate([np.flatnonzero(label[clean] == d)[:_EXPERTS_A_DISH] for d in range(len(names))])
    every = standardised(heads, training.features)
    served = _logistic(LogisticRegression, every, training.served)
    heads = Heads(
        names,
        mean.astype(np.float32),
        spread.astype(np.float32),
        project,
        placed[chosen].astype(np.float32),
        label[clean][chosen].astype(np.int64),
        empty,
        empty,
        served,
    )
    near = np.stack([cosines(heads, row) for row in checked.features[checked.served]])
    truth = np.searchsorted(names, checked.dish[checked.served])
    same = truth[:, None] == np.arange(len(names))[None]
    good = ~checked.poor[checked.served]
    same_curve = _curve(near[good][same[good]], near[~same])
    sharp = best_sharpness(near, truth)
    return Heads(**{**heads.__dict__, "same": same_curve, "sharpness": np.array([sharp], np.float32)})


def best_sharpness(near: Floats, truth: npt.NDArray[np.int64]) -> float:
    """What cosines (N, dishes) are multiplied by, so that their softmax says how sure the dish (N,) is."""
    return float(min(np.geomspace(1, 60, 30), key=lambda s: _loss(near * s, truth)))


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


def _curve(same: Floats, other: Floats) -> Floats:
    """(slope, offset) through two points: nearly all of the same dish, and the middle of other dishes."""
    high, low = float(np.quantile(same, _WRONGLY_DOUBTED)), float(np.median(other))
    slope = (_logit(_SAME_AT) - _logit(_OTHER_AT)) / max(high - low, 0.05)
    return np.array([slope, _logit(_SAME_AT) - slope * high], np.float32)


def _logistic(kind: Any, rows: Floats, truth: npt.NDArray[np.bool_]) -> Floats:
    fit = kind(C=0.002, max_iter=500, class_weight="balanced").fit(rows, truth)
    return np.append(fit.coef_[0], fit.intercept_[0]).astype(np.float32)


def _loss(scores: Floats, truth: npt.NDArray[np.int64]) -> float:
    top = scores.max(1, keepdims=True)
    log_sum = np.log(np.exp(scores - top).sum(1)) + top[:, 0]
    return float((log_sum - scores[np.arange(len(truth)), truth]).mean())
