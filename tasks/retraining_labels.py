"""Corrected labels as a retraining takes them: who is on which side, and films with labels as folders.

Audit's labels are not read here at all.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from bharatchef.consent import people_who_may_train
from bharatchef.errors import InputError
from bharatchef.ports import ObjectStore, Ports
from bharatchef.retraining.deciding import Data
from bharatchef.retraining.parting import Parting, groups_of, on_side, parted
from bharatchef.retraining.policy import Policy, read_policy
from bharatchef.retraining.records import ModelVersion, parting_key
from bharatchef.retraining.teaching import TAUGHT, Taught
from bharatchef.review.labels import CorrectedLabels, training_labels
from bharatchef.settings import Settings
from tasks.retraining_pictures import stills_there
from tasks.retraining_plates import plates_there

_JSON = "application/json"


@dataclass(frozen=True)
class Gathered:
    """What a retraining has: corrected films by side, the group of each, and the same counted."""

    training: tuple[CorrectedLabels, ...]
    test: tuple[CorrectedLabels, ...]
    groups: dict[str, str]
    data: Data


def policy_of(settings: Settings) -> Policy:
    return read_policy(settings.retraining_policy)


@task(name="gather labels", cache_policy=NO_CACHE, persist_result=False)
def gather(ports: Ports, settings: Settings, package: str, champion: ModelVersion) -> Gathered:
    """Corrected films, parted by person and kitchen; who is new is put on a side for good.

    Audit's labels are not read here at all.
    """
    objects, rules, taught = ports.objects, policy_of(settings).of(package), TAUGHT[package]
    agreed = agreed_labels(objects)
    labels = _newest_of_each_film([one for one in agreed if taught.is_complete(one)])
    there = [one for one in labels if _is_there(objects, package, one)]
    key = parting_key(package)
    before = Parting.model_validate_json(objects.get_bytes(key)) if objects.exists(key) else Parting()
    parting = parted(there, before, rules.test_share)
    if parting != before:
        objects.put_bytes(key, parting.to_json(indent=1).encode(), _JSON)
    sides = on_side(there, parting, "training"), on_side(there, parting, "test")
    groups = {one.evaluation_id: group for one, group in zip(there, groups_of(there), strict=True)}
    since = champion.labels_until
    fresh = [one for one in labels if since is None or one.corrected_at > since]
    return Gathered(
        *sides,
        groups,
        Data(
            sha256=_hash_of(sides, taught),
            new_labels=sum(map(taught.count, fresh)),
            labels=sum(map(taught.count, labels)),
            training_films=len(sides[0]),
            training_groups=len({groups[one.evaluation_id] for one in sides[0]}),
            test_films=len(sides[1]),
            test_groups=len({groups[one.evaluation_id] for one in sides[1]}),
            left_out=len(labels) - len(sides[0]) - len(sides[1]),
            not_agreed=sum(map(taught.count, training_labels(objects))) - sum(map(taught.count, agreed)),
            labels_until=max((one.corrected_at for one in labels), default=None),
        ),
    )


def labelled_folder(
    objects: ObjectStore, films: Sequence[CorrectedLabels], groups: dict[str, str], folder: Path
) -> None:
    """Films with their segments beside them, a folder for each group, as train.py takes them."""
    for one in films:
        film = copied_film(objects, one, folder / groups[one.evaluation_id])
        segments = [
            {"startTime": s.start_s, "endTime": s.end_s, "actionType": s.action_type}
            for s in one.segments
            if s.end_s > s.start_s
        ]
        film.with_suffix(".segments.json").write_text(
            json.dumps({"format": "bharatchef-segments", "segments": segments}), "utf-8"
        )


def copied_film(objects: ObjectStore, one: CorrectedLabels, place: Path) -> Path:
    """The film that was corrected, copied into the folder ``place`` unless it is there.

    Raises:
        InputError: under its key lies another.
    """
    assert one.video_s3_key is not None
    place.mkdir(parents=True, exist_ok=True)
    film = place / f"{one.evaluation_id}{Path(one.video_s3_key).suffix.lower() or '.mp4'}"
    if film.exists():
        return film
    part = film.with_suffix(".part")
    with objects.as_file(one.video_s3_key) as source:
        shutil.copyfile(source, part)
    with part.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != one.media_sha256:
        part.unlink()
        raise InputError(
            f"Expected the film that {one.evaluation_id} was corrected on, got another under its key.",
            "Import the correction again, or remove it.",
        )
    part.rename(film)
    return film


def agreed_labels(objects: ObjectStore) -> list[CorrectedLabels]:
    """The labels to train with: those of people who agree now that their films train models.

    That a film may be evaluated without asking, on its cook's own laptop, says nothing of this.
    """
    agreed = people_who_may_train(objects)
    return [one for one in training_labels(objects) if one.person in agreed]


def _is_there(objects: ObjectStore, package: str, labels: CorrectedLabels) -> bool:
    """Whether what the labels are of is still kept: the film, for what sees stills one of these."""
    if package == "yolov8":
        return bool(stills_there(objects, labels))
    if package == "resnet":
        return bool(plates_there(objects, labels))
    return labels.video_s3_key is not None and objects.exists(labels.video_s3_key)


def _newest_of_each_film(labels: Sequence[CorrectedLabels]) -> list[CorrectedLabels]:
    """One correction a film: two of one film would count it twice."""
    newest: dict[str | None, CorrectedLabels] = {}
    for one in sorted(labels, key=lambda one: one.corrected_at):
        if one.media_sha256 is not None:
            newest[one.media_sha256] = one
    return sorted(newest.values(), key=lambda one: one.evaluation_id)


def _hash_of(sides: tuple[Sequence[CorrectedLabels], Sequence[CorrectedLabels]], taught: Taught) -> str:
    rows = [
        [number, one.evaluation_id, one.media_sha256, one.person, one.kitchen, *taught.rows(one)]
        for number, side in enumerate(sides)
        for one in side
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
