"""Draws films with the heat under the pan, and keeps them as if a person had marked it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import numpy as np

from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.ports import ObjectStore
from bharatchef.review.labels import CorrectedLabels, HeatSpan, put_labels
from model_packages.flame.answering import word_of
from model_packages.flame.drawing import FilmTruth, drawn_chunk
from model_packages.flame.pixels import shots_of
from model_packages.training.chunks import FPS, encoded
from model_packages.training.kitchens import CALIBRATION_GROUPS

_SHORTEST_S = 1.0
# Red, green, blue.
_COLD = np.array([0.5, 0.85, 1.2])


@dataclass(frozen=True)
class HeatedFilm:
    """A film and the heat in it."""

    name: str
    body: bytes
    spans: tuple[HeatSpan, ...]


def heated(seed: int, *, cold: bool = False, seconds: float = 20.0) -> HeatedFilm:
    """A film of a kitchen that the program's package was never trained on.

    Args:
        cold: it is filmed in the light of a bluish lamp, such as no kitchen was drawn in.
        seconds: longest film.
    """
    body, truth = drawn_chunk(seed, CALIBRATION_GROUPS[0], seconds=seconds, varied=False)
    if cold:
        pictures = [np.clip(shot.rgb * _COLD, 0, 255).astype(np.uint8)[..., ::-1] for shot in shots_of(body)]
        body = encoded([np.ascontiguousarray(picture) for picture in pictures])
    return HeatedFilm(f"cook-{seed}", body, spans_of(truth))


def spans_of(truth: FilmTruth) -> tuple[HeatSpan, ...]:
    """What a careful person would mark: each stretch of at least a second in which nothing changes."""
    said = [
        (word_of(state, level), state if state in ("blue", "yellow") else None)
        for state, level in zip(truth.states, truth.levels, strict=True)
    ]
    spans: list[HeatSpan] = []
    first = 0
    for (word, flame), run in groupby(said):
        count = len(list(run))
        if count >= _SHORTEST_S * FPS:
            spans.append(
                HeatSpan.model_validate(
                    {
                        "start_s": first / FPS,
                        "end_s": (first + count) / FPS,
                        "level": word,
                        "flame": None if word in ("off", "hidden") else flame,
                    }
                )
            )
        first += count
    return tuple(spans)


def corrected_heat(objects: ObjectStore, films: Iterable[HeatedFilm], at: datetime) -> int:
    """Keep films as evaluations whose heat a person marked, a cook and a kitchen each; how many stretches."""
    count = 0
    for film in films:
        sha256 = hashlib.sha256(film.body).hexdigest()
        key = f"films/{sha256}.mp4"
        objects.put_bytes(key, film.body, "video/mp4")
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
                video_s3_key=key,
                dish_id="mixed",
                person=film.name,
                kitchen=f"kitchen-of-{film.name}",
                segments=(),
                heat=film.spans,
                purpose="training",
                corrected_at=at,
                corrected_by="p-0000000000000001",
            ),
        )
        count += len(film.spans)
    return count
