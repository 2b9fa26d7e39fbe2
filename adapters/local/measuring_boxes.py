"""Measures a detector's package on labelled pictures, through the files that are served; decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from bharatchef.errors import EndpointError
from bharatchef.observed import Detection
from bharatchef.retraining.figures import NONE, FilmCounts, Measured
from model_packages.serving.package import Package, PackageError, read_package

OVERLAP = 0.5
"""Least intersection over union at which a box is found, as mAP50 has it."""
_JPEG = "image/jpeg"

Labelled = tuple[str, tuple[float, float, float, float]]


def measured_boxes(folder: Path, pictures: Path) -> Measured:
    """What the package in ``folder`` finds in labelled pictures, film by film.

    Args:
        pictures: a folder as ``tasks/retraining_pictures`` makes it.

    Raises:
        EndpointError: the package does not load or does not answer.
    """
    package = read_package(folder)
    if package.manifest is None or package.problem:
        raise EndpointError(package.problem, package.remedy)
    names = (pictures / "classes.txt").read_text("utf-8").splitlines()
    films: dict[tuple[str, str], tuple[dict[str, Counter[str]], list[float]]] = {}
    for picture in sorted((pictures / "images").rglob("*.jpg")):
        group = picture.parent.name
        film = picture.stem.rsplit("-", 1)[0]
        counts, told = films.setdefault((group, film), ({}, []))
        labels = pictures / "labels" / group / f"{picture.stem}.txt"
        found = _found(package, picture.read_bytes())
        told += [item.confidence for item in found]
        for truth, said in matched(list(_true_boxes(labels, names)), found):
            counts.setdefault(truth, Counter())[said] += 1
    rows = tuple(
        FilmCounts(
            film=film,
            group=group,
            counts={truth: dict(said) for truth, said in counts.items()},
            confidence=round(sum(told) / len(told), 4) if told else 0.0,
        )
        for (group, film), (counts, told) in films.items()
        # A film in which nothing is and nothing was found says nothing of a detector.
        if counts
    )
    if not rows:
        raise EndpointError("Expected labelled pictures to measure on, found none.", "Correct more boxes.")
    return Measured(weights_sha256=package.manifest.weights_sha256, films=rows)


def matched(truth: Sequence[Labelled], found: Sequence[Detection]) -> Iterator[tuple[str, str]]:
    """(truth, said) of each box that is there or was found; ``NONE`` where the other has no such box.

    The surest detection takes the box of its class that it overlaps most, of those that are free (Everingham
    et al. 2010, The PASCAL Visual Object Classes Challenge, section 4.4).
    """
    free = list(truth)
    for item in sorted(found, key=lambda one: -one.confidence):
        of_class = [one for one in free if one[0] == item.label]
        best = max(of_class, key=lambda one: _overlap(one[1], item.box), default=None)
        if best is not None and _overlap(best[1], item.box) >= OVERLAP:
            free.remove(best)
            yield item.label, item.label
        else:
            yield NONE, item.label
    for name, _ in free:
        yield name, NONE


def _found(package: Package, body: bytes) -> list[Detection]:
    try:
        said = package.answer(body, _JPEG).decoded["detections"]
        return [
            Detection(
                time_s=0.0,
                label=one["label"],
                confidence=one["confidence"],
                box=tuple(map(_share, one["box"])),
            )
            for one in said
        ]
    except PackageError as error:
        raise EndpointError(error.message, error.remedy, retryable=error.retryable) from error
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise EndpointError(
            f"Expected detections of a picture from the package, got something else: {error}",
            "See that it answers: bharatchef models list.",
        ) from error


def _true_boxes(labels: Path, names: Sequence[str]) -> Iterator[Labelled]:
    for line in labels.read_text("utf-8").splitlines():
        number, *place = line.split()
        x, y, w, h = map(float, place)
        yield names[int(number)], (x - w / 2, y - h / 2, x + w / 2, y + h / 2)


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    if across <= 0 or down <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return across * down / (areas - across * down)


def _share(value: float) -> float:
    return min(1.0, max(0.0, float(value)))
