"""Average precision of detections against true boxes; knows no model and no picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
OVERLAP = 0.5


@dataclass(frozen=True)
class Shown:
    """One picture's truth and what was found, corners in any one unit.

    ``optional`` marks true boxes that may be found or not (too small, mostly hidden): a detection that
    meets one
    counts neither way.
    """

    true_boxes: Floats
    true_classes: npt.NDArray[np.int64]
    optional: npt.NDArray[np.bool_]
    boxes: Floats
    classes: npt.NDArray[np.int64]
    confidences: Floats


@dataclass(frozen=True)
class Counted:
    """Of one class: each counted detection's confidence and whether it is right, surest first; and how many
    there are."""

    confidences: Floats
    right: npt.NDArray[np.bool_]
    there: int


def overlaps(a: Floats, b: Floats) -> Floats:
    """Intersection over union of each box of ``a`` with each of ``b``, (n, m), 0 to 1."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=2)
    area_a, area_b = (np.prod(np.maximum(x[:, 2:] - x[:, :2], 0), axis=1) for x in (a, b))
    return np.asarray(both / np.maximum(area_a[:, None] + area_b[None] - both, 1e-12), np.float32)


def counted(pictures: Iterable[Shown], number: int, overlap: float = OVERLAP) -> Counted:
    """Matches of one class. The surest detection takes the true box it overlaps most among those still
    free."""
    rows: list[tuple[float, bool]] = []
    there = 0
    for shown in pictures:
        mine = shown.true_classes == number
        truth, optional = shown.true_boxes[mine], shown.optional[mine]
        there += int((~optional).sum())
        own = np.nonzero(shown.classes == number)[0]
        own = own[np.argsort(-shown.confidences[own], kind="stable")]
        table = overlaps(shown.boxes[own], truth)
        taken = np.zeros(len(truth), bool)
        for k, row in zip(own, table, strict=True):
            fits = (row >= overlap) & ~taken
            # Boxes that are asked for go first; one that may be found or not never takes a detection from
            # them.
            asked = np.nonzero(fits & ~optional)[0]
            if len(asked):
                taken[asked[np.argmax(row[asked])]] = True
                rows.append((float(shown.confidences[k]), True))
            elif not (fits & optional).any():
                rows.append((float(shown.confidences[k]), False))
    rows.sort(key=lambda item: -item[0])
    return Counted(
        np.array([c for c, _ in rows], np.float32), np.array([right for _, right in rows], bool), there
    )


def average_precision(found: Counted) -> float | None:
    """Area under the precision-recall curve, each precision the best at that recall or beyond; ``None``:
    none there."""
    if not found.there:
        return None
    hits = np.cumsum(found.right)
    precision = hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[found.right].sum() / found.there)


def precision_recall(found: Counted, least: float) -> tuple[float | None, float | None]:
    """Precision and recall of the detections with at least this confidence; ``None`` where there is nothing
    to divide by."""
    taken = found.right[found.confidences >= least]
    precision = float(taken.mean()) if len(taken) else None
    return precision, (float(taken.sum() / found.there) if found.there else None)


def mean_average_precision(by_class: Sequence[float | None]) -> float | None:
    """The mean over the classes that are there at all."""
    there = [value for value in by_class if value is not None]
    return float(np.mean(there)) if there else None
