"""Stills with what people said lies on the plate, as the resnet package's train.py takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bharatchef.ports import ObjectStore
from bharatchef.review.labels import CorrectedLabels, PlateMark, still_key

FORMAT = "bharatchef-plate-labels"


def plates_there(objects: ObjectStore, labels: CorrectedLabels) -> tuple[PlateMark, ...]:
    """What was said of plates whose stills are kept."""
    return tuple(
        mark
        for mark in labels.plates
        if labels.media_sha256 and objects.exists(still_key(labels.media_sha256, mark.time_s))
    )


def plated_folder(
    objects: ObjectStore, films: Sequence[CorrectedLabels], groups: dict[str, str], folder: Path
) -> None:
    """``GROUP/EVALUATION-MILLISECONDS.jpg``, and what each shows in ``GROUP/EVALUATION.plates.json``."""
    for one in films:
        assert one.media_sha256 is not None
        place = folder / groups[one.evaluation_id]
        place.mkdir(parents=True, exist_ok=True)
        rows = []
        for mark in plates_there(objects, one):
            name = f"{one.evaluation_id}-{round(mark.time_s * 1000):09d}.jpg"
            (place / name).write_bytes(objects.get_bytes(still_key(one.media_sha256, mark.time_s)))
            rows.append({"picture": name, "dishId": mark.dish_id})
        told = {
            "format": FORMAT,
            "person": one.person,
            "kitchen": one.kitchen or one.person,
            "plates": rows,
        }
        (place / f"{one.evaluation_id}.plates.json").write_text(json.dumps(told), "utf-8")
