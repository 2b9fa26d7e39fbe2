"""This machine's side of retraining: the registry, shares between two models, and one trainer at a time."""

from __future__ import annotations

import fcntl
import json
import os
import random
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from model_folders import answering, film, package

from adapters import build_ports
from adapters.local.models import LocalModels, local_models
from adapters.local.objects import FolderObjects
from adapters.local.traffic import LocalTraffic, SplitModels, share_of, with_challengers
from adapters.local.training import LocalTrainer
from adapters.object_registry import ObjectRegistry
from bharatchef.errors import EndpointError, InputError
from bharatchef.observed import Analyser, ModelIdentity
from bharatchef.retraining.ports import TrainingJob
from bharatchef.retraining.records import ModelVersion
from bharatchef.settings import load_settings
from tasks.retraining import begin_rollout, champion_of, registered, retrained
from tasks.retraining_labels import policy_of
from tasks.retraining_rollout import crowned, taken_back

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def version(run_id: str, **more: object) -> ModelVersion:
    known = {
        "package": "slowfast",
        "version": 1,
        "analyser": "actions",
        "status": "pending",
        "weights_sha256": "a" * 64,
        "archive_key": "k",
        "run_id": run_id,
        "registered_at": NOW,
    }
    return ModelVersion.model_validate(known | more)


def test_there_is_one_champion_and_a_run_registers_once(tmp_path):
    registry = ObjectRegistry(FolderObjects(tmp_path))
    one, two = registry.register(version("a")), registry.register(version("b"))
    assert (one.version, two.version, registry.register(version("b"))) == (1, 2, two)
    for best in (one, two):
        registry.change(best.model_copy(update={"champion": True}))
        champions = [v.version for v in registry.versions("slowfast") if v.champion]
        assert champions == [best.version]


@pytest.fixture
def split(tmp_path):
    """Two models, one of them broken, and a share of 10 percent for it."""
    settings = load_settings(home=tmp_path / "home", built_in_models=False)
    package(tmp_path / "champions", "old")
    package(tmp_path / "challengers", "new", code=answering('raise RuntimeError("broken")'))
    traffic = LocalTraffic(settings, FolderObjects(tmp_path / "objects"))
    traffic.split("actions", 10)
    sides = LocalModels((tmp_path / "champions",)), LocalModels((tmp_path / "challengers",))
    return settings, traffic, SplitModels(settings, *sides, draw=random.Random(5).random)


def test_about_a_tenth_is_given_to_the_challenger_and_each_evaluation_to_one_model(split):
    _settings, traffic, models = split
    body, failed = film(40, 200), 0
    for _ in range(200):
        name = models.identify(Analyser.ACTIONS)
        assert isinstance(name, ModelIdentity)
        for _ in range(2):
            try:
                models.invoke(Analyser.ACTIONS, body, "video/mp4")
                assert name.name == "old"
            except EndpointError:
                assert name.name == "new"
                failed += 1
    health = traffic.health("actions", "challenger", NOW - timedelta(days=900))
    assert (health.calls, health.errors) == (failed, failed)
    assert 20 <= failed <= 60
    champion = traffic.health("actions", "champion", NOW - timedelta(days=900))
    assert (champion.calls, champion.errors) == (400 - failed, 0)
    assert champion.confidence == pytest.approx(0.95)
    assert traffic.health("actions", "champion", datetime.now(UTC) + timedelta(hours=1)).calls == 0


def test_a_challenger_that_cannot_be_asked_who_it_is_costs_nobody_a_film(tmp_path, split):
    settings, traffic, _ = split
    nobody = LocalModels((tmp_path / "none",))
    models = SplitModels(settings, LocalModels((tmp_path / "champions",)), nobody, draw=lambda: 0.0)
    assert isinstance(models.identify(Analyser.ACTIONS), ModelIdentity)
    assert models.invoke(Analyser.ACTIONS, film(40), "video/mp4")["labels"]
    assert traffic.health("actions", "challenger", NOW - timedelta(days=900)).errors == 1


def test_a_line_that_a_crash_cut_off_is_passed_over(split):
    settings, traffic, models = split
    models.invoke(Analyser.ACTIONS, film(40), "video/mp4")
    calls = settings.home / "traffic" / "actions" / "calls.jsonl"
    calls.write_text(calls.read_text() + '{"at": "2026-')
    assert traffic.health("actions", "champion", NOW - timedelta(days=900)).calls == 1
    (settings.home / "traffic" / "actions" / "share.json").write_text("{")
    assert share_of(settings, "actions") == 0


def test_without_a_roll_out_models_are_not_wrapped(tmp_path):
    settings = load_settings(home=tmp_path)
    nobody = LocalModels(())
    assert with_challengers(settings, nobody) is nobody
    (tmp_path / "traffic").mkdir()
    assert isinstance(with_challengers(settings, nobody), SplitModels)


def test_nothing_is_trained_beside_a_roll_out_and_a_person_can_end_it(tmp_path):
    settings = load_settings(home=tmp_path)
    ports = build_ports(settings)
    champion = champion_of.fn(ports, settings, "slowfast")
    trial = registered(ports, settings, "slowfast", package(tmp_path, "new"), "It is better.")
    begin_rollout(ports, settings, policy_of(settings), champion, trial)
    with pytest.raises(InputError, match="Version 2 of slowfast is being rolled out"):
        retrained(ports, settings, "slowfast")
    with pytest.raises(InputError, match="is being rolled out"):
        crowned(ports, settings, "slowfast", 1, "no")
    taken_back(ports, settings, "slowfast", "Cooks complain.")
    assert share_of(settings, "actions") == 0
    versions = ObjectRegistry(ports.objects).versions("slowfast")
    assert [(v.status, v.champion) for v in versions] == [("approved", True), ("rejected", False)]
    assert versions[1].why == "Cooks complain."
    with pytest.raises(InputError, match="found none"):
        taken_back(ports, settings, "slowfast", "again")
    crowned(ports, settings, "slowfast", 2, "They were wrong.")
    assert champion_of.fn(ports, settings, "slowfast").version == 2
    answers = local_models(settings).identify(Analyser.ACTIONS)
    assert isinstance(answers, ModelIdentity)
    assert answers.weights_sha256 == trial.weights_sha256


def job(folder) -> TrainingJob:
    return TrainingJob("slowfast", "run", folder, folder / "none", None, (), 2)


def test_a_trainer_waits_for_one_that_outlived_its_flow_and_takes_what_it_made(tmp_path):
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)

    def finish() -> None:
        time.sleep(1.0)
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "model.json").write_text(json.dumps({}))
        os.close(lock)

    other = threading.Thread(target=finish)
    other.start()
    trained = LocalTrainer().train(job(tmp_path))
    other.join()
    assert (trained.tries, trained.folder) == (0, tmp_path / "out")
    assert trained.seconds >= 1


def test_a_trainer_that_does_not_end_is_not_waited_for_for_ever(tmp_path):
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EndpointError, match="still goes on"):
            LocalTrainer(longest_s=0.1).train(job(tmp_path))
    finally:
        os.close(lock)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_a_failed_training_said_is_told_and_it_is_not_tried_again(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(EndpointError, match="expected films with"):
        LocalTrainer().train(job(tmp_path))
    assert (tmp_path / "train.log").read_text().count("Traceback") == 1
