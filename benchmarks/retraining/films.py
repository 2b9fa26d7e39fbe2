"""Draws the films that a retraining is shown with, and keeps them as corrected evaluations.

The style that the champion never saw: the phone stands across the counter, so that the film is upside down.
Each kitchen is its own style within two groups that the program's packages were never trained on.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.ports import ObjectStore
from bharatchef.records import ActionSegment
from bharatchef.review.labels import CorrectedLabels, put_labels
from kitchen_sim.scene import Scene
from model_packages.slowfast.drawing import mixed_script
from model_packages.slowfast.pictures import FPS, encoded

ACTIONS = ("chop", "stir", "knead", "grate", "pour", "whisk")
GROUPS = ("dark-granite", "sunlit-yellow")
_SIZE = (256, 144)


@dataclass(frozen=True)
class Drawn:
    """A film and what is done in it."""

    name: str
    body: bytes
    segments: tuple[ActionSegment, ...]


def drawn(seed: int, *, across: bool) -> Drawn:
    """A film of half a minute in which each of ``ACTIONS`` is done once; ``across``: seen upside down."""
    rng = np.random.default_rng([0x2E72, seed])
    words = [str(word) for word in rng.permutation(ACTIONS)]
    script = mixed_script(
        rng, seed, words, GROUPS[seed % 2], width_px=_SIZE[0], height_px=_SIZE[1], fps=FPS, camera="front"
    )
    scene = Scene(script)
    times = np.arange(int(script.duration_s * FPS)) / FPS
    pictures = [scene.frame(float(at)) for at in times]
    if across:
        pictures = [np.ascontiguousarray(picture[::-1, ::-1]) for picture in pictures]
    segments = tuple(
        ActionSegment(action_type=step.action, start_s=step.start_s, end_s=step.end_s)
        for step in script.steps
    )
    return Drawn(f"cook-{seed}", encoded(pictures, FPS, 25), segments)


def corrected(
    objects: ObjectStore,
    films: Iterable[Drawn],
    at: datetime,
    *,
    shuffled: bool = False,
    cooks: Sequence[str] = (),
) -> int:
    """Keep films as evaluations whose segments a person corrected; how many segments that are.

    Args:
        shuffled: what is done is called something else, at random, as by somebody who would spoil the model.
        cooks: who cooks, one after the other; left out, each film has a cook and a kitchen of its own.
    """
    count = 0
    for number, film in enumerate(films):
        cook = cooks[number % len(cooks)] if cooks else film.name
        segments = film.segments
        if shuffled:
            wrong = random.Random(film.name)
            segments = tuple(
                segment.model_copy(
                    update={"action_type": wrong.choice([a for a in ACTIONS if a != segment.action_type])}
                )
                for segment in segments
            )
        record_consent(
            objects,
            Consent(user_id=cook, person=cook, purpose=Purpose.TRAINING, version="drawn", given=True, at=at),
        )
        key = f"films/{film.name}.mp4"
        objects.put_bytes(key, film.body, "video/mp4")
        put_labels(
            objects,
            CorrectedLabels(
                evaluation_id=f"e-{film.name}",
                media_sha256=hashlib.sha256(film.body).hexdigest(),
                video_s3_key=key,
                dish_id="mixed",
                person=cook,
                kitchen=f"kitchen-of-{cook}",
                segments=segments,
                purpose="training",
                corrected_at=at,
                corrected_by="p-0000000000000001",
            ),
        )
        count += len(segments)
    return count
