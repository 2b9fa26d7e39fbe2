"""Marked heat as a retraining takes it: who is counted, the folder, a champion that is set aside."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from model_folders import package

from adapters import build_ports
from adapters.local import training
from adapters.local.models import local_models
from adapters.local.objects import FolderObjects
from adapters.local.traffic import confidence_in
from adapters.object_registry import ObjectRegistry
from bharatchef.consent import Consent, Purpose, record_consent
from bharatchef.errors import ConfigurationError, InputError
from bharatchef.observed import Analyser, Unavailable
from bharatchef.ports import ObjectStore
from bharatchef.review.labels import CorrectedLabels, HeatSpan, put_labels
from bharatchef.settings import load_settings
from model_packages.flame.labelled import FORMAT, labelled_films
from tasks import retraining_heat
from tasks.retraining import champion_of, retrained
from tasks.retraining_heat import heated_folder

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SPANS = (
    HeatSpan.model_validate({"start_s": 0, "end_s": 2.5, "level": "low", "flame": "blue"}),
    HeatSpan.model_validate({"start_s": 3, "end_s": 4.25, "level": "hidden"}),
)


def marked(
    objects: ObjectStore, name: str, heat: tuple[HeatSpan, ...] = SPANS, **change: object
) -> CorrectedLabels:
    body = f"the film of {name}".encode()
    key = f"films/{name}.mp4"
    objects.put_bytes(key, body, "video/mp4")
    told: dict[str, object] = {
        "evaluation_id": f"ev-{name}",
        "media_sha256": hashlib.sha256(body).hexdigest(),
        "video_s3_key": key,
        "dish_id": "masala-chai",
        "person": name,
        "kitchen": f"kitchen-of-{name}",
        "segments": (),
        "heat": heat,
        "purpose": "training",
        "corrected_at": NOW,
        "corrected_by": "p-2",
    }
    labels = CorrectedLabels.model_validate({**told, **change})
    put_labels(objects, labels)
    return labels


def test_films_and_spans_lie_as_train_reads_them_and_another_film_is_refused(tmp_path: Path):
    objects = FolderObjects(tmp_path / "objects")
    labels = marked(objects, "asha")
    folder = tmp_path / "labelled"
    heated_folder(objects, [labels], {"ev-asha": "g-1"}, folder)
    (found,) = labelled_films(folder)
    assert found.film == folder / "g-1" / "ev-asha.mp4"
    assert (found.person, found.kitchen) == ("asha", "kitchen-of-asha")
    assert found.spans == ((0.0, 2.5, "low", "blue"), (3.0, 4.25, "hidden", ""))
    assert retraining_heat.FORMAT == FORMAT
    objects.put_bytes("films/asha.mp4", b"another film", "video/mp4")
    heated_folder(objects, [labels], {"ev-asha": "g-1"}, folder)
    with pytest.raises(InputError, match="got another under its key"):
        heated_folder(objects, [labels], {"ev-asha": "g-1"}, tmp_path / "again")


def test_only_marked_films_of_people_who_agreed_count_and_audit_is_never_read(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    ports = build_ports(settings)
    for person in ("asha", "ravi"):
        record_consent(
            ports.objects,
            Consent(user_id=person, person=person, purpose=Purpose.TRAINING, version="v", given=True, at=NOW),
        )
    marked(ports.objects, "asha")
    marked(ports.objects, "asha", evaluation_id="ev-asha-earlier", corrected_at=NOW - timedelta(days=1))
    marked(ports.objects, "ravi", purpose="audit")
    marked(ports.objects, "meera")
    marked(ports.objects, "unmarked", heat=(), person="asha")
    record = retrained(ports, settings, "flame")
    assert record.decision is not None
    assert record.decision.outcome == "not_trained"
    # One correction of each film counts: two of asha's spans, of the newer.
    assert (record.data.labels, record.data.new_labels, record.data.not_agreed) == (2, 2, 2)
    assert record.decision.missing_labels == 98
    words = " ".join(record.decision.reasons)
    assert "98 labels are missing: 2 were corrected since the champion's, 100 are asked for." in words
    assert "2 more are of people who have not agreed" in words
    assert retrained(ports, settings, "flame").data.sha256 == record.data.sha256


@pytest.fixture
def built_in(tmp_path, monkeypatch):
    """A program whose own flame package is set aside."""
    folder = package(tmp_path / "program", "flame", analyser="heat")
    (folder / "model.json").rename(folder / training.SET_ASIDE)
    monkeypatch.setattr(training, "built_in_folders", lambda: (tmp_path / "program",))
    monkeypatch.setattr("adapters.local.models.built_in_folders", lambda: (tmp_path / "program",))
    return folder


def test_a_package_that_is_set_aside_is_learned_on_from_and_still_judges_nobody(tmp_path, built_in):
    settings = load_settings(home=tmp_path / "home")
    ports = build_ports(settings)
    champion = champion_of.fn(ports, settings, "flame")
    assert champion.champion
    assert champion.analyser == "heat"
    assert "set aside" in champion.why
    assert champion.weights_sha256 == hashlib.sha256((built_in / "weights.json").read_bytes()).hexdigest()
    assert (built_in / training.SET_ASIDE).exists()
    assert isinstance(local_models(settings).identify(Analyser.HEAT), Unavailable)
    assert champion_of.fn(ports, settings, "flame") == champion
    assert len(ObjectRegistry(ports.objects).versions("flame")) == 1


def test_without_the_programs_own_or_beside_a_broken_one_nothing_is_begun(tmp_path, built_in):
    settings = load_settings(home=tmp_path / "home", built_in_models=False)
    with pytest.raises(ConfigurationError, match="Expected a flame package to begin with"):
        champion_of.fn(build_ports(settings), settings, "flame")
    settings = load_settings(home=tmp_path / "home")
    broken = package(settings.models_dir, "mine", analyser="heat")
    (broken / "weights.json").write_text("changed")
    with pytest.raises(ConfigurationError, match="Expected a flame package to begin with"):
        champion_of.fn(build_ports(settings), settings, "flame")
    assert built_in.is_dir()


def test_how_sure_an_answer_about_heat_is_counts_in_a_roll_out():
    samples = [{"confidence": 0.5, "flame": "blue"}, {"confidence": 0.9, "flame": "off"}]
    assert confidence_in({"samples": samples}) == pytest.approx(0.7)
    assert confidence_in({"samples": []}) is None
