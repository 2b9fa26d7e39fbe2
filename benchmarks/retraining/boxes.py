"""Draws films with the boxes of what is in view, and keeps them as if a person had corrected these."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import cv2

from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.ports import ObjectStore
from bharatchef.review.labels import Box, CorrectedLabels, put_labels, still_key
from model_packages.shots import shots_of
from model_packages.training.kitchens import TEST_GROUPS
from model_packages.yolov8.answering import MOST_PIXELS
from model_packages.yolov8.drawing import film_chunk
from model_packages.yolov8.labels import kitchen_classes

_DISHES = ("masala-chai", None)


@dataclass(frozen=True)
class BoxedFilm:
    """A film, stills of it as JPEG by their moment in seconds, and the boxes on each."""

    name: str
    body: bytes
    stills: dict[float, bytes]
    boxes: tuple[Box, ...]


def boxed(seed: int, every_s: float = 20.0) -> BoxedFilm:
    """A film of a kitchen that the program's package was never trained on, a still every ``every_s``."""
    group = TEST_GROUPS[seed % len(TEST_GROUPS)]
    body, truths = film_chunk(seed, group, _DISHES[seed % len(_DISHES)], "front", every_s)
    names = kitchen_classes().names
    stills: dict[float, bytes] = {}
    boxes: list[Box] = []
    for shot, truth in zip(shots_of(body, most_pixels=MOST_PIXELS), truths, strict=True):
        time_s = round(shot.time_s, 3)
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(shot.rgb, cv2.COLOR_RGB2BGR))
        stills[time_s] = jpeg.tobytes()
        for kind, box, optional in zip(truth.classes, truth.boxes, truth.optional, strict=True):
            if not optional:
                x0, y0, x1, y1 = (min(1.0, max(0.0, float(v))) for v in box)
                boxes.append(Box(label=names[kind], time_s=time_s, x=x0, y=y0, w=x1 - x0, h=y1 - y0))
    return BoxedFilm(f"cook-{seed}", body, stills, tuple(boxes))


def corrected_boxes(objects: ObjectStore, films: Iterable[BoxedFilm], at: datetime) -> int:
    """Keep films as evaluations whose boxes a person corrected, a cook and a kitchen each; how many boxes."""
    count = 0
    for film in films:
        sha256 = hashlib.sha256(film.body).hexdigest()
        key = f"films/{sha256}.mp4"
        objects.put_bytes(key, film.body, "video/mp4")
        for time_s, jpeg in film.stills.items():
            objects.put_bytes(still_key(sha256, time_s), jpeg, "image/jpeg")
        record_consent(
            objects,
            Consent(
                user_id=film.name,
                person=film.name,
                purpose=Purpose.TRAINING,
                version="drawn",
                given=True,
                at=at,
            ),
        )
        labels = CorrectedLabels(
            evaluation_id=f"e-{film.name}",
            media_sha256=sha256,
            video_s3_key=key,
            dish_id="mixed",
            person=film.name,
            kitchen=f"kitchen-of-{film.name}",
            segments=(),
            boxes=film.boxes,
            box_times_s=tuple(film.stills),
            purpose="training",
            corrected_at=at,
            corrected_by="p-0000000000000001",
        )
        put_labels(objects, labels)
        count += len(film.boxes)
    return count
