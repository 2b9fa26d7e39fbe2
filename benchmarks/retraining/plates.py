"""Draws stills of finished plates and of none, and keeps them as if a person had said what they show."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import cv2
import numpy as np

from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.ports import ObjectStore
from bharatchef.review.labels import CorrectedLabels, PlateMark, put_labels, still_key
from model_packages.resnet.drawing import drawn_plates
from model_packages.training.kitchens import CALIBRATION_GROUPS

# Blue, green, red.
_COLD = np.array([1.25, 0.8, 0.45])
_EVERY_S = 5.0


@dataclass(frozen=True)
class PlatedFilm:
    """The stills of a cook's films, each with the dish on its plate or ``None``."""

    name: str
    stills: tuple[tuple[bytes, str | None], ...]


def plated(seed: int, dishes: Sequence[str], *, cold: bool = False) -> PlatedFilm:
    """Clean, badly plated and not yet served: three stills a dish, of a kitchen never trained on.

    Args:
        cold: they are taken in the light of a bluish lamp, such as no kitchen was drawn in.
    """
    stills: list[tuple[bytes, str | None]] = []
    for number, dish in enumerate(dishes):
        job = {"seed": 100 * seed + number, "group": CALIBRATION_GROUPS[0], "dish": dish, "varied": False}
        for picture in drawn_plates(job):
            body = _cold(picture.jpeg) if cold else picture.jpeg
            stills.append((body, picture.dish if picture.served else None))
    return PlatedFilm(f"cook-{seed}", tuple(stills))


def _cold(jpeg: bytes) -> bytes:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    tinted = np.clip(picture * _COLD, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", tinted)[1])


def corrected_plates(objects: ObjectStore, films: Iterable[PlatedFilm], at: datetime) -> int:
    """Keep stills of which a person said what they show, a cook and a kitchen each; how many."""
    count = 0
    for film in films:
        sha256 = hashlib.sha256(b"".join(body for body, _ in film.stills)).hexdigest()
        marks = []
        for number, (body, dish) in enumerate(film.stills):
            marks.append(PlateMark(time_s=number * _EVERY_S, dish_id=dish))
            objects.put_bytes(still_key(sha256, number * _EVERY_S), body, "image/jpeg")
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
        put_labels(
            objects,
            CorrectedLabels(
                evaluation_id=f"e-{film.name}",
                media_sha256=sha256,
                video_s3_key=None,
                dish_id="mixed",
                person=film.name,
                kitchen=f"kitchen-of-{film.name}",
                segments=(),
                plates=tuple(marks),
                purpose="training",
                corrected_at=at,
                corrected_by="p-0000000000000001",
            ),
        )
        count += len(marks)
    return count
