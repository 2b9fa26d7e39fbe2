"""Stills with their corrected boxes as a folder in YOLO's layout, as a detector's train.py takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bharatchef.ports import ObjectStore
from bharatchef.review.labels import Box, CorrectedLabels, still_key

CLASSES = "classes.txt"


def stills_there(objects: ObjectStore, labels: CorrectedLabels) -> tuple[float, ...]:
    """The moments with complete boxes whose stills are kept, seconds."""
    return tuple(
        time_s
        for time_s in labels.box_times_s
        if labels.media_sha256 and objects.exists(still_key(labels.media_sha256, time_s))
    )


def class_names(films: Iterable[CorrectedLabels], before: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of all boxes; those that the champion learned first, in its order, so that it can go on."""
    found = {box.label for one in films for box in one.boxes}
    return (*before, *sorted(found - set(before)))


def pictured_folder(
    objects: ObjectStore,
    films: Sequence[CorrectedLabels],
    groups: dict[str, str],
    folder: Path,
    classes: Sequence[str],
) -> None:
    """``images/GROUP/EVALUATION-MILLISECONDS.jpg`` with ``labels`` likewise, and ``classes.txt``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CLASSES).write_text("\n".join(classes) + "\n", "utf-8")
    for one in films:
        assert one.media_sha256 is not None
        places = [folder / part / groups[one.evaluation_id] for part in ("images", "labels")]
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
        for time_s in stills_there(objects, one):
            name = f"{one.evaluation_id}-{round(time_s * 1000):09d}"
            boxes = [box for box in one.boxes if box.time_s == time_s]
            (places[1] / f"{name}.txt").write_text("".join(_line(box, classes) for box in boxes), "utf-8")
            body = objects.get_bytes(still_key(one.media_sha256, time_s))
            (places[0] / f"{name}.jpg").write_bytes(body)


def _line(box: Box, classes: Sequence[str]) -> str:
    centre_x, centre_y = box.x + box.w / 2, box.y + box.h / 2
    return f"{classes.index(box.label)} {centre_x:.6f} {centre_y:.6f} {box.w:.6f} {box.h:.6f}\n"
