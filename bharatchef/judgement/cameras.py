"""Sets the side camera's film on the front film's clock; knows nothing of how movement is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bharatchef.errors import InputError
from bharatchef.judgement.thresholds import CameraThresholds, WarpingThresholds
from bharatchef.judgement.warping import find_clip
from bharatchef.vocabulary import Confidence, Record, Seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class CameraSync(Record):
    """How the side film's clock goes with the front film's.

    The side film's moment t is the front film's moment t + ``side_begins_s`` (below 0 where the side camera
    was started first). ``likeness`` is the correlation of the two films' movement where they overlap.
    ``meaningless`` says why the two cannot be set on one clock; empty where they can.
    """

    side_begins_s: float
    overlap_s: Seconds
    likeness: Confidence
    meaningless: str = ""


def synchronised(
    front: Any, side: Any, rate: float, warping: WarpingThresholds, thresholds: CameraThresholds
) -> CameraSync:
    """When the side camera was started, by the front camera's clock.

    The middle of the shorter film is looked for in the longer one by subsequence time warping
    (``find_clip``); both cameras run at one speed, so one offset must hold for all of it: the best one
    near the place found, by correlation, is taken. Where one camera runs so early or late that the middle of
    the shorter film is not in the other one, it is not found.

    Args:
        front, side: movement of the two films, shape (moments,), ``rate`` moments a second.

    Raises:
        InputError: an empty film, or a value that is not finite.
    """
    one, other = _shaped(front), _shaped(side)
    shortest = int(thresholds.least_overlap_s * rate)
    if min(len(one), len(other)) < shortest:
        return _unknown(f"less than {thresholds.least_overlap_s:g} s of one film is too little to compare")
    if one.std() < 1e-9 or other.std() < 1e-9:
        return _unknown("nothing moves in one of the films")
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    cut = (len(shorter) - max(shortest, int(thresholds.clip_share * len(shorter)))) // 2
    clip = shorter[cut : len(shorter) - cut]
    # A moment is told by what moves around it too; else warping makes any two films alike.
    reach = max(1, int(thresholds.context_s * rate))
    found = find_clip(_embedded(clip, reach), _embedded(longer, reach), warping, 1.0 / rate)
    near = round(found.span.start_s * rate) - cut
    window = int(thresholds.search_s * rate)
    lags = range(near - window, near + window + 1)
    scored = [(_correlation(longer, shorter, lag, shortest), lag) for lag in lags]
    best, lag = max(scored, key=lambda pair: (pair[0], -abs(pair[1] - near)))
    overlap = min(len(longer), lag + len(shorter)) - max(0, lag)
    begins_s = (lag if len(one) >= len(other) else -lag) / rate
    weak = best < thresholds.least_correlation
    return CameraSync(
        side_begins_s=round(begins_s, 2),
        overlap_s=round(max(0, overlap) / rate, 2),
        likeness=round(max(0.0, best), 3),
        meaningless="what moves in the two films has too little in common" if weak else "",
    )


def _unknown(why: str) -> CameraSync:
    return CameraSync(side_begins_s=0.0, overlap_s=0.0, likeness=0.0, meaningless=why)


def _shaped(given: Any) -> NDArray[np.float64]:
    """Movement on a scale on which bursts of different size count alike, mean 0, spread 1."""
    import numpy as np

    values: NDArray[np.float64] = np.asarray(given, dtype=float)
    if values.ndim != 1 or not len(values):
        raise InputError(f"Expected the movement of a film, shape (moments,), got {values.shape}.")
    if not np.isfinite(values).all():
        raise InputError("Expected finite movement, got a value that is not a number or not finite.")
    levels = np.log(np.maximum(values, 0.0) + 0.05)
    spread = float(levels.std())
    scaled: NDArray[np.float64] = (levels - levels.mean()) / max(spread, 1e-9)
    return scaled


def _embedded(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    import numpy as np

    padded = np.pad(values, reach, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)


def _correlation(longer: NDArray[np.float64], shorter: NDArray[np.float64], lag: int, shortest: int) -> float:
    """Pearson's correlation of the two where they overlap; -1 where that is too short."""
    import numpy as np

    begin, end = max(0, lag), min(len(longer), lag + len(shorter))
    if end - begin < shortest:
        return -1.0
    a, b = longer[begin:end], shorter[begin - lag : end - lag]
    if a.std() < 1e-9 or b.std() < 1e-9:
        return -1.0
    return float(np.corrcoef(a, b)[0, 1])
