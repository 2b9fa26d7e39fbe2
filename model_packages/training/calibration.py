"""How far stated confidence lies from what comes true; knows no model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def calibration_error(confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = 10) -> float:
    """Expected calibration error, 0 to 1, over bins of equal mass; 0 where nothing was stated.

    Naeini et al. 2015 (AAAI), with bins of equally many statements (Nixon et al., CVPR workshops 2019).

    Args:
        confidence: (N,) stated, 0 to 1.
        right: (N,) whether it came true.
        bins: how many bins; there are never more than statements.
    """
    stated, true = np.asarray(confidence, float), np.asarray(right, float)
    parts = np.array_split(np.argsort(stated, kind="stable"), bins)
    gaps = [len(part) * abs(stated[part].mean() - true[part].mean()) for part in parts if len(part)]
    return float(sum(gaps) / max(1, len(stated)))
