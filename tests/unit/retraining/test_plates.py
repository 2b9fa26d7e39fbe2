"""What people said of plates as a retraining takes it: who is counted, the folder, how sure answers are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from samples import sha

from adapters import build_ports
from adapters.local.objects import FolderObjects
from adapters.local.traffic import confidence_in
from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.ports import ObjectStore
from bharatchef.retraining.policy import read_policy
from bharatchef.review.labels import CorrectedLabels, PlateMark, put_labels, still_key
from bharatchef.settings import load_settings
from model_packages.resnet.labelled import FORMAT, NO_PLATE, labelled_plates
from tasks import retraining_plates
from tasks.retraining import retrained
from tasks.retraining_plates import plated_folder, plates_there

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MARKS = (
    PlateMark(time_s=12.5, dish_id=None),
    PlateMark(time_s=60, dish_id="kheer"),
    PlateMark(time_s=61, dish_id="kheer"),
)


def said(objects: ObjectStore, name: str, stills: int = 2, **change: object) -> CorrectedLabels:
    for mark in MARKS[:stills]:
        objects.put_bytes(still_key(sha(name), mark.time_s), f"{name} {mark.time_s}".encode(), "image/jpeg")
    told: dict[str, object] = {
        "evaluation_id": f"ev-{name}",
        "media_sha256": sha(name),
        "video_s3_key": None,
        "dish_id": "kheer",
        "person": name,
        "kitchen": f"kitchen-of-{name}",
        "segments": (),
        "plates": MARKS,
        "purpose": "training",
        "corrected_at": NOW,
        "corrected_by": "p-2",
    }
    labels = CorrectedLabels.model_validate({**told, **change})
    put_labels(objects, labels)
    return labels


def test_stills_lie_as_train_reads_them_and_one_that_is_gone_is_left_out(tmp_path: Path):
    objects = FolderObjects(tmp_path / "objects")
    labels = said(objects, "asha")
    assert plates_there(objects, labels) == MARKS[:2]
    plated_folder(objects, [labels], {"ev-asha": "g-1"}, tmp_path / "labelled")
    (found,) = labelled_plates(tmp_path / "labelled")
    assert (found.person, found.kitchen, found.group) == ("asha", "kitchen-of-asha", "g-1")
    assert [(path.read_text(), dish) for path, dish in found.plates] == [
        ("asha 12.5", NO_PLATE),
        ("asha 60.0", "kheer"),
    ]
    assert retraining_plates.FORMAT == FORMAT


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "another"}, "its format is not"),
        ({"plates": []}, "it has no plate"),
        ({"plates": [{"picture": "../one.jpg", "dishId": None}]}, "plate 1: its picture .* is not beside it"),
        ({"plates": [{"picture": "none.jpg", "dishId": None}]}, "plate 1: its picture"),
        ({"plates": [{"picture": "one.jpg", "dishId": 7}]}, "plate 1: expected a dish's name, or null"),
        ({"plates": [{"picture": "one.jpg"}]}, "plate 1"),
    ],
)
def test_labels_that_cannot_be_read_are_named(tmp_path: Path, change: dict, words: str):
    (tmp_path / "one.jpg").write_bytes(b"a picture")
    told = {"format": FORMAT, "plates": [{"picture": "one.jpg", "dishId": None}], **change}
    (tmp_path / "film.plates.json").write_text(json.dumps(told))
    with pytest.raises(ValueError, match=rf"film\.plates\.json.*{words}"):
        labelled_plates(tmp_path)


def test_only_stills_of_people_who_agreed_count_and_audit_is_never_read(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    ports = build_ports(settings)
    for person in ("asha", "ravi", "gone"):
        record_consent(
            ports.objects,
            Consent(user_id=person, person=person, purpose=Purpose.TRAINING, version="v", given=True, at=NOW),
        )
    said(ports.objects, "asha", stills=3)
    said(ports.objects, "ravi", purpose="audit")
    said(ports.objects, "meera")
    said(ports.objects, "gone", stills=0)
    record = retrained(ports, settings, "resnet")
    assert record.decision is not None
    assert record.decision.outcome == "not_trained"
    assert record.counted_in == "plates"
    assert (record.data.new_labels, record.data.not_agreed) == (6, 3)
    assert (record.data.training_films + record.data.test_films, record.decision.missing_labels) == (1, 54)


def test_no_retraining_begins_from_plates_of_people_who_may_be_erased_since():
    assert not read_policy().of("resnet").start_from_champion


def test_how_sure_the_likeliest_dish_is_counts_in_a_roll_out():
    dishes = [{"dish": "poha", "confidence": 0.2}, {"dish": "kheer", "confidence": 0.7}]
    assert confidence_in({"plateSeen": 0.9, "dishes": dishes}) == pytest.approx(0.7)
    assert confidence_in({"plateSeen": 0.9, "dishes": []}) is None
    assert confidence_in({"dishes": [{"dish": "poha"}]}) is None
