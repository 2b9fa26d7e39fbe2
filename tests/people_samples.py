"""A person with something in every store, beside another one; and a search of all that is kept, by bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from samples import MOMENT, sample_evaluation, sample_result, sha

from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.ports import Ports
from bharatchef.pseudonyms import pseudonym, pseudonym_key
from bharatchef.records import Evaluation, User
from bharatchef.retraining.deciding import Data
from bharatchef.retraining.records import RetrainingRecord
from bharatchef.review.labels import CorrectedLabels, put_labels
from bharatchef.settings import Settings
from tasks.publishing import publish, result_key

USER = "meenakshi.s"
NAME = "Meenakshi Sundaram"
EMAIL = "meenakshi@kitchen.example"
WORDS = (USER, NAME, EMAIL, "Lakshmi Sundaram")
OTHER = "ravi"
NAMED = ("slowfast/2026-11-01", "yolov8/2026-11-08")
MODELS = ("slowfast/2026-11-01", "slowfast/late", "yolov8/2026-11-08")


@dataclass(frozen=True)
class Seeded:
    """What was seeded, as a test needs it."""

    person: str
    evaluations: tuple[Evaluation, ...]
    other: Evaluation
    film_sha256: str


def seed(ports: Ports, settings: Settings) -> Seeded:
    """Two evaluations of one person (an upload, a film by its hash with segments) and one of another."""
    person = pseudonym(USER, pseudonym_key(settings))
    user = User(user_id=USER, name=NAME, email=EMAIL, created_at=MOMENT)
    ports.evaluations.put_user(user)
    ports.evaluations.put_user(User(user_id=OTHER, created_at=MOMENT))
    for purpose in (Purpose.EVALUATION, Purpose.TRAINING):
        consent = Consent(
            user_id=USER,
            person=person,
            purpose=purpose,
            version="1",
            given=True,
            at=MOMENT,
            birth_year=2012,
            guardian="Lakshmi Sundaram",
        )
        record_consent(ports.objects, consent)
    upload = f"trainee/{USER}/egg-bhurji/1/front.mp4"
    taken_in = sha("film taken in")
    marks = f"segments/{sha('marks')}.json"
    evaluations = (
        _published(ports, "bhurji-1-a1b2", USER, upload, hashlib.sha256(b"an upload").hexdigest()),
        _published(ports, "bhurji-2-c3d4", USER, f"films/{taken_in}.mp4", taken_in, marks),
    )
    shared = f"films/{sha('shared')}.mp4"
    _published(ports, "bhurji-3-e5f6", USER, shared, sha("shared"))
    other = _published(ports, "bhurji-9-ffff", OTHER, shared, sha("shared"))
    _put(ports, f"trainee/{USER}/egg-bhurji/2/front.mp4", b"uploaded and never evaluated")
    _put(ports, marks, b"{}")
    _seed_documents(ports, person, upload, other)
    return Seeded(person, evaluations, other, taken_in)


def found_in_files(folder: Path, words: tuple[str, ...] = WORDS) -> list[str]:
    """Which files of a folder hold one of ``words``, or bear one in their name."""
    found = []
    for path in sorted(folder.rglob("*")):
        held = path.read_bytes() if path.is_file() else b""
        name = str(path.relative_to(folder))
        found += [f"{name}: {word}" for word in words if word.encode() in held or word in name]
    return found


def _published(
    ports: Ports, evaluation_id: str, user: str, film: str, sha256: str, segments: str | None = None
) -> Evaluation:
    _put(ports, film, b"an upload" if film.startswith("trainee/") else b"film " + sha256.encode())
    for cut in ("actions/0.mp4", "stills/0.jpg"):
        _put(ports, f"media/{sha256}/{cut}", f"{cut} of {sha256}".encode())
    asked = sample_evaluation(evaluation_id, user, work=evaluation_id).model_copy(
        update={"trainee_video_s3_key": film, "segments_s3_key": segments}
    )
    claimed = ports.evaluations.claim(asked, "one", 60).evaluation
    made = sample_result(claimed)
    kept = made.evaluation.model_copy(update={"trainee_video_s3_key": film, "segments_s3_key": segments})
    provenance = made.provenance.model_copy(update={"media_sha256": {"front": sha256}})
    result = made.model_copy(update={"evaluation": kept, "stills": (), "provenance": provenance})
    return publish(ports, result, f"<html>{user}</html>", "one")


def _seed_documents(ports: Ports, person: str, upload: str, other: Evaluation) -> None:
    theirs = {"evaluationId": "bhurji-1-a1b2", "person": person, "videoS3Key": upload}
    others = {
        "evaluationId": other.evaluation_id,
        "person": "p-0000000000000001",
        "videoS3Key": "films/x.mp4",
    }
    for entry in (theirs, others):
        _put_labels(ports, {**entry, "purpose": "training", "correctedBy": person})
    audited = {"evaluationId": "bhurji-2-c3d4", "videoS3Key": f"films/{sha('film taken in')}.mp4"}
    _put_labels(ports, {**theirs, **audited, "purpose": "audit", "correctedBy": "p-0000000000000002"})
    parts = {f"person:{person}": "training", "person:p-0000000000000001": "test"}
    _put_json(ports, "retraining/slowfast/parting.json", {"parts": parts})
    _put_json(ports, "retraining/slowfast/late/record.json", _record("late", MOMENT + timedelta(days=2)))
    _put_json(ports, "retraining/slowfast/early/record.json", _record("early", MOMENT - timedelta(days=2)))
    for model in NAMED:
        record = {"package": model.split("/")[0], "data": {"training": [others, theirs]}, "promoted": True}
        _put_json(ports, f"retraining/{model}/record.json", record)
    lines = "\n".join(json.dumps(entry) for entry in (theirs, others)) + "\n"
    _put(ports, f"retraining/{NAMED[0]}/manifest.jsonl", lines.encode())
    _put_json(
        ports,
        "trail/bhurji-1-a1b2/20261122T093000-appeal-x1.json",
        {"by": person, "why": f"I, {NAME} ({USER}), did stir. Write to {EMAIL}."},
    )
    _put_json(ports, "trail/bhurji-1-a1b2/20261122T094000-signed-x2.json", {"by": "p-0000000000000002"})
    inspected = {"result": {"sha256": sha("film taken in")}}
    _put_json(ports, f"prefect-results/inspect-{sha('by key')}", inspected)
    _put_json(ports, f"prefect-results/prepare-{sha('film taken in')}-0123", {"result": {}})
    piece = hashlib.sha256(f"actions/0.mp4 of {sha('film taken in')}".encode()).hexdigest()
    _put_json(ports, f"prefect-results/answer-actions-00-{piece}", {"result": {}})
    _put_json(ports, f"prefect-results/answer-actions-00-{sha('somebody else')}", {"result": {}})
    for film in ("film taken in", "somebody else"):
        _put(ports, f"label-stills/{sha(film)}/000002500.jpg", b"a labelled still")
    # A batch transform job that was killed leaves what it was to look at, and what it answered.
    for whose in (piece, sha("somebody else")):
        _put(ports, f"batch/in/bharatchef-slowfast-3-0123-1/{whose}.mp4", b"a piece of film")
        _put_json(ports, f"batch/out/bharatchef-slowfast-3-0123-1/{whose}.mp4.out", {"labels": []})


def _put_labels(ports: Ports, entry: dict[str, Any]) -> None:
    given = {
        "mediaSha256": sha(entry["videoS3Key"]),
        "dishId": "egg-bhurji",
        "kitchen": "",
        "segments": [],
        "correctedAt": MOMENT,
        **entry,
    }
    for _ in range(2):
        put_labels(ports.objects, CorrectedLabels.model_validate(given))


def _record(run_id: str, until: datetime) -> dict[str, Any]:
    """A training that had labels corrected up to that moment; it counts films and names none."""
    data = Data(
        sha256=sha("data"),
        new_labels=3,
        labels=3,
        training_films=2,
        training_groups=2,
        test_films=1,
        test_groups=1,
        left_out=0,
        labels_until=until,
    )
    record = RetrainingRecord(
        run_id=run_id,
        package="slowfast",
        stage="decided",
        began_at=until,
        code_version="0.1.0",
        policy_version="1",
        policy_sha256=sha("policy"),
        data=data,
        challenger_sha256=sha("challenger"),
    )
    made: dict[str, Any] = json.loads(record.to_json())
    return made


def _put(ports: Ports, key: str, data: bytes) -> None:
    # Twice: where the store keeps versions, there is an earlier one.
    for version in (data + b" ", data):
        ports.objects.put_bytes(key, version, "application/octet-stream")


def _put_json(ports: Ports, key: str, value: object) -> None:
    _put(ports, key, json.dumps(value).encode())


def aged(days: float) -> timedelta:
    """So many days and a minute, so that what is that old has its days behind it."""
    return timedelta(days=days, minutes=1)


def published_keys(ports: Ports, evaluation: Evaluation) -> list[str]:
    """What is stored of an evaluation's result."""
    return list(ports.objects.list_keys(result_key(evaluation.evaluation_id)))
