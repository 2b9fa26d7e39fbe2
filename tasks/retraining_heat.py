"""Films with the heat that people marked beside them, as the flame package's train.py takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bharatchef.ports import ObjectStore
from bharatchef.review.labels import CorrectedLabels
from tasks.retraining_labels import copied_film

FORMAT = "bharatchef-heat-labels"


def heated_folder(
    objects: ObjectStore, films: Sequence[CorrectedLabels], groups: dict[str, str], folder: Path
) -> None:
    """``GROUP/EVALUATION.mp4`` with ``EVALUATION.heat.json`` beside it, for each film.

    Raises:
        InputError: under a film's key lies another than the one that was corrected.
    """
    for one in films:
        film = copied_film(objects, one, folder / groups[one.evaluation_id])
        told = {
            "format": FORMAT,
            "mediaSha256": one.media_sha256,
            "person": one.person,
            "kitchen": one.kitchen or one.person,
            "spans": [json.loads(span.to_json()) for span in one.heat],
        }
        film.with_suffix(".heat.json").write_text(json.dumps(told), "utf-8")
