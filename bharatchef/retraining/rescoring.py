"""Which films a newer model answers anew, and where its answers are kept; knows neither models nor flows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from bharatchef.observed import Chunk, ModelIdentity
from bharatchef.ports import ObjectStore
from bharatchef.records import Evaluation
from bharatchef.vocabulary import Status


def newest_of_each_film(
    evaluations: Iterable[Evaluation], since: datetime | None = None, until: datetime | None = None
) -> list[Evaluation]:
    """The newest complete evaluation of each film that was first evaluated from ``since`` up to ``until``.

    A film whose steps a person has marked or corrected is left out: no model's answer stands above that.
    """
    by_film: dict[tuple[str, str, str], list[Evaluation]] = {}
    for one in evaluations:
        if one.status is Status.COMPLETED and one.trainee_video_s3_key is not None:
            by_film.setdefault((one.user_id, one.dish_id, one.attempt), []).append(one)
    chosen = []
    for of_film in by_film.values():
        of_film.sort(key=lambda one: (one.created_at, one.evaluation_id))
        first, newest = of_film[0].created_at, of_film[-1]
        in_span = (since is None or first >= since) and (until is None or first < until)
        if in_span and not any(one.segments_s3_key for one in of_film):
            chosen.append(newest)
    return sorted(chosen, key=lambda one: (one.created_at, one.evaluation_id))


def answer_key(model: ModelIdentity, piece: Chunk) -> str:
    """Where the answer of a model to a piece of film is kept that was asked for in bulk.

    It lies with what was cut from the film, and goes when that goes.
    """
    media = "/".join(piece.key.split("/")[:2])
    return f"{media}/answers/{model.analyser.value}/{model.weights_sha256[:32]}/{piece.sha256}.json"


def kept_answer(objects: ObjectStore, model: ModelIdentity, piece: Chunk) -> dict[str, Any] | None:
    """What the model answered to a piece in bulk; ``None`` where it was not asked so."""
    key = answer_key(model, piece)
    return dict(json.loads(objects.get_bytes(key))) if objects.exists(key) else None
