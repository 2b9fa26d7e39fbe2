"""Measures a detector on drawn films or on labelled pictures; trains nothing."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from model_packages.shots import shots_of
from model_packages.training.calibration import calibration_error
from model_packages.training.files import put_whole
from model_packages.training.kitchens import CALIBRATION_GROUPS, TEST_GROUPS

from .answering import MOST_PIXELS
from .dataset import Entry
from .decoding import Picture
from .detector import Detector
from .drawing import Truth, film_chunk, film_jobs
from .metrics import (
    Counted,
    Shown,
    average_precision,
    counted,
    mean_average_precision,
    precision_recall,
)

FIRST_SEED = {"calibration": 500_000, "test": 700_000}
GROUPS = {"calibration": CALIBRATION_GROUPS, "test": TEST_GROUPS}
MIXED = {"calibration": 12, "test": 8}
# A class of which fewer boxes are there says nothing about itself.
LEAST_THERE = 15
_EVERY_S = 3.0
_LEAST = 0.01

Labelled = tuple[Picture, Truth]


def drawn_films(part: str, work: Path, only: int | None = None) -> Iterator[Labelled]:
    """RGB pictures and truth of the films of a part (``calibration`` or ``test``), drawn once and kept in
    ``work``.

    Args:
        part: which kitchens.
        work: folder where the films are kept.
        only: no more films than this, spread over the part.
    """
    work.mkdir(parents=True, exist_ok=True)
    jobs = list(film_jobs(GROUPS[part], FIRST_SEED[part], MIXED[part]))
    if only is not None:
        jobs = jobs[:: max(1, len(jobs) // only)][:only]
    for seed, group, dish, camera in jobs:
        kept = work / f"{part}-{seed}.npz"
        if not kept.is_file():
            film, truths = film_chunk(seed, group, dish, camera, _EVERY_S)
            _keep(kept, film, truths)
        film, truths = _kept(kept)
        yield from zip((shot.rgb for shot in shots_of(film, most_pixels=MOST_PIXELS)), truths, strict=True)


def _keep(path: Path, film: bytes, truths: Sequence[Truth]) -> None:
    packed = io.BytesIO()
    counts = np.array([len(t.classes) for t in truths])
    np.savez(
        packed,
        film=np.frombuffer(film, np.uint8),
        counts=counts,
        classes=np.concatenate([t.classes for t in truths]),
        boxes=np.concatenate([t.boxes for t in truths]),
        optional=np.concatenate([t.optional for t in truths]),
    )
    put_whole(path, packed.getvalue())


def _kept(path: Path) -> tuple[bytes, list[Truth]]:
    with np.load(path) as kept:
        ends = np.cumsum(kept["counts"])[:-1]
        parts = [np.split(kept[name], ends) for name in ("classes", "boxes", "optional")]
        truths = [Truth(*rows) for rows in zip(*parts, strict=True)]
        return kept["film"].tobytes(), truths


def labelled_pictures(entries: Iterable[Entry]) -> Iterator[Labelled]:
    """RGB pictures and truth of labelled pictures; every box is asked for."""
    for entry in entries:
        picture = cv2.imread(str(entry.picture), cv2.IMREAD_COLOR)
        rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
        boxes = entry.boxes
        yield rgb, Truth(boxes[:, 0].astype(np.int64), boxes[:, 1:], np.zeros(len(boxes), bool))


def shown(detector: Detector, pictures: Iterable[Labelled]) -> list[Shown]:
    """What the detector finds in each picture beside its truth; withheld classes too."""
    rows: list[Shown] = []
    for rgb, truth in pictures:
        found = detector.found(rgb, least=_LEAST, withhold=False)
        rows.append(
            Shown(truth.boxes, truth.classes, truth.optional, found.boxes, found.classes, found.confidences)
        )
    return rows


def counts_of(rows: Sequence[Shown], labels: Sequence[str]) -> dict[str, Counted]:
    """Matches of each class."""
    return {label: counted(rows, number) for number, label in enumerate(labels)}


def precisions(counts: dict[str, Counted], withheld: Sequence[str] = ()) -> dict[str, float]:
    """Average precision at an overlap of half, of each class that is named and there often enough."""
    found = {name: average_precision(c) for name, c in counts.items() if c.there >= LEAST_THERE}
    return {name: value for name, value in found.items() if value is not None and name not in withheld}


def figures(counts: dict[str, Counted], withheld: Sequence[str], least: float) -> dict[str, Any]:
    """What is published of a detector: mAP50, each class, and how it does at the confidence that it reports
    from."""
    by_class = precisions(counts, withheld)
    named = {name: c for name, c in counts.items() if name not in withheld}
    sure = np.concatenate([c.confidences for c in named.values()])
    right = np.concatenate([c.right for c in named.values()])
    reported = sure >= least
    whole = Counted(sure, right, sum(c.there for c in named.values()))
    precision, recall = precision_recall(whole, least)
    return {
        "mAP50": _rounded(mean_average_precision(list(by_class.values()))),
        "mAP50AllClasses": _rounded(mean_average_precision(list(precisions(counts).values()))),
        "precision": _rounded(precision),
        "recall": _rounded(recall),
        "calibrationError": _rounded(calibration_error(sure[reported], right[reported], bins=15)),
        "boxes": whole.there,
        "classes": {
            name: {"ap50": _rounded(average_precision(c)), "boxes": c.there, "named": name not in withheld}
            for name, c in counts.items()
        },
        "tooFewToSay": sorted(name for name, c in named.items() if c.there < LEAST_THERE),
    }


def fitted_line(
    scores: npt.NDArray[np.float32], right: npt.NDArray[np.bool_], least: float
) -> tuple[float, float]:
    """Slope and offset that turn the log-odds of scores from ``least`` up into those of being right.

    Logistic regression by Newton's method; (1, 0), which changes nothing, where all or none are right.
    """
    used = scores >= least
    inside = np.clip(scores[used].astype(np.float64), 1e-6, 1 - 1e-6)
    truth = right[used].astype(np.float64)
    if len(truth) < 20 or truth.min() == truth.max():
        return 1.0, 0.0
    rows = np.stack([np.log(inside / (1 - inside)), np.ones(len(inside))], 1)
    line = np.array([1.0, 0.0])

    def loss(line: npt.NDArray[np.float64]) -> float:
        odds = rows @ line
        # A little weight on (1, 0) keeps the fit finite where one score parts right from wrong.
        return float(np.logaddexp(0, odds).sum() - truth @ odds + 5e-4 * ((line - [1.0, 0.0]) ** 2).sum())

    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(rows @ line, -60, 60)))
        slope = rows.T @ (truth - chance) - 1e-3 * (line - [1.0, 0.0])
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + 1e-3 * np.eye(2)
        step, before = np.linalg.solve(bend, slope), loss(line)
        while loss(line + step) > before and np.abs(step).max() > 1e-9:
            step = step / 2
        line = line + step
        if np.abs(step).max() < 1e-8:
            break
    return float(line[0]), float(line[1])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
