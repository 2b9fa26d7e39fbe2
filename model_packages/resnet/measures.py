"""How well the heads do on plates of known truth; knows nothing of how they were fitted or drawn."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from .fitting import Rows
from .likeness import Heads, cosines, likeness, plate_in


def auc(scores: npt.ArrayLike, truth: npt.ArrayLike) -> float | None:
    """Share of (true, false) pairs in which the true one scores higher, ties half; ``None`` without pairs."""
    values, true = np.asarray(scores, np.float64), np.asarray(truth, bool)
    if true.all() or not true.any():
        return None
    above = (values[true][:, None] > values[~true][None]).mean()
    level = (values[true][:, None] == values[~true][None]).mean()
    return round(float(above + level / 2), 4)


def figures_of(heads: Heads, rows: Rows) -> dict[str, Any]:
    """Figures over stills; ``cleanNotCompared`` are clean plates that are not sure enough of their dish."""
    found = [plate_in(heads, f) for f in rows.features]
    names = list(heads.dishes)
    at = [i for i in range(len(found)) if rows.served[i] and rows.dish[i] in names]
    near = np.stack([cosines(heads, rows.features[i]) for i in at])
    truth = np.array([names.index(rows.dish[i]) for i in at])
    same = truth[:, None] == np.arange(len(names))[None]
    guess = np.array([int(found[i].confidence.argmax()) for i in at])
    own = np.array([found[i].same[k] for i, k in zip(at, truth, strict=True)])
    clean = ~rows.poor[at]
    confused = Counter(f"{names[t]} as {names[g]}" for t, g in zip(truth, guess, strict=True) if t != g)
    return {
        "stills": len(found),
        "plates": len(at),
        "sameDishAuc": auc(near.ravel(), same.ravel()),
        "dishAccuracy": round(float((guess == truth).mean()), 4),
        "plateSeenAuc": auc([p.seen for p in found], rows.served),
        "plateSeenAccuracy": round(
            float(np.mean([(p.seen >= 0.5) == s for p, s in zip(found, rows.served, strict=True)])), 4
        ),
        "cleanNotCompared": round(float(np.mean([likeness(s, 0.0) is None for s in own[clean]])), 4),
        "confused": dict(confused.most_common(12)),
    }
