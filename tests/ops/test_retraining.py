"""Retraining whole: real training on drawn films, a crash, a roll-out, a poisoned corrector, drift.

The champion never saw a film from across the counter; corrections of such films teach a challenger.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hosting import hosted
from model_folders import answering, film, package
from running import ROOT, own_environment
from samples import sample_result

from adapters import build_ports
from adapters.local.hosted import HostedModels
from adapters.local.models import LocalModels, local_models
from adapters.local.traffic import SplitModels, challengers_folder, share_of
from adapters.object_registry import ObjectRegistry
from benchmarks.retraining.films import corrected, drawn
from bharatchef.errors import EndpointError
from bharatchef.observed import ActionProbabilities, Analyser, ModelIdentity
from bharatchef.retraining.parting import Parting
from bharatchef.retraining.records import parting_key
from bharatchef.settings import Settings, load_settings
from tasks.retraining import begin_rollout, champion_of, records, registered
from tasks.retraining_labels import policy_of
from tasks.retraining_rollout import read_rollout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

POLICY = ROOT / "benchmarks" / "retraining" / "policy.yaml"
PATIENCE_S = 600.0
RETRAIN = """
from flows.retrain_models import retrain_models
print(retrain_models().to_json())
"""
ROLL_OUT = """
from flows.roll_out_model import roll_out_model
print(roll_out_model().to_json())
"""
DRIFT = """
from flows.watch_drift import watch_drift
print(watch_drift().to_json())
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "bharatchef", retraining_policy=POLICY)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """What a test started, each the leader of its own group; none outlives the test."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def start(
    flow: str, settings: Settings, prefect_api: str, started: list[subprocess.Popen[str]]
) -> subprocess.Popen[str]:
    environment = own_environment(
        settings.home.parent,
        PREFECT_API_URL=prefect_api,
        BHARATCHEF_RETRAINING_POLICY=str(POLICY),
        BHARATCHEF_BUILT_IN_MODELS="true",
        OMP_NUM_THREADS="1",
    )
    process = subprocess.Popen(
        [sys.executable, "-c", flow],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    started.append(process)
    return process


def summary(process: subprocess.Popen[str]) -> dict:
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors[-3000:]
    return json.loads(out.splitlines()[-1])


def test_a_killed_retraining_goes_on_wins_is_rolled_out_and_a_poisoned_one_is_refused(
    settings, prefect_api, started
):
    ports = build_ports(settings)
    films = [drawn(seed, across=False) for seed in range(100, 106)]
    films += [drawn(seed, across=True) for seed in range(200, 214)]
    corrected(ports.objects, films, ports.clock.now() - timedelta(minutes=5))

    # Killed with its trainer, half-way through the films.
    first = start(RETRAIN, settings, prefect_api, started)
    looked = settings.home / "retraining" / "slowfast"
    until = time.monotonic() + PATIENCE_S
    while len(list(looked.glob("*/work/*.npz"))) < 3:
        assert first.poll() is None, first.communicate()[1][-3000:]
        assert time.monotonic() < until
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    (dead,) = records(ports.objects, "slowfast")
    assert (dead.stage, dead.decision) == ("gathered", None)

    won = summary(start(RETRAIN, settings, prefect_api, started))
    (record,) = records(ports.objects, "slowfast")
    assert (won["outcome"], won["runId"]) == ("promoted", dead.run_id), won["reasons"]
    log = ports.objects.get_bytes(f"retraining/slowfast/{dead.run_id}/train.log").decode()
    assert "goes on from film" in log
    assert record.difference is not None
    assert record.difference.low > 0.02
    assert record.champion is not None
    assert record.challenger is not None
    assert record.champion.seconds == record.challenger.seconds
    card = ports.objects.get_bytes(f"retraining/slowfast/{dead.run_id}/MODEL_CARD.md").decode()
    assert "## Beside the champion" in card
    assert "whisk" in card
    # No film of a person stays behind in the folder of the training.
    assert not any(looked.iterdir())

    # While it is on trial nothing else is trained; each step needs its calls.
    assert summary(start(RETRAIN, settings, prefect_api, started))["outcome"] == "not_trained"
    assert share_of(settings, "actions") == 10
    waiting = summary(start(ROLL_OUT, settings, prefect_api, started))
    assert (waiting["percent"], waiting["status"]) == (10, "running")
    on_trial = LocalModels((challengers_folder(settings),))
    models = SplitModels(settings, local_models(settings), on_trial, draw=lambda: 0.0)
    said = models.identify(Analyser.ACTIONS)
    assert isinstance(said, ModelIdentity)
    assert said.weights_sha256 == record.challenger_sha256
    for percent, status in ((50, "running"), (100, "running"), (100, "complete")):
        for _ in range(5):
            models.invoke(Analyser.ACTIONS, film(40, 80, size=(256, 144)), "video/mp4")
        told = summary(start(ROLL_OUT, settings, prefect_api, started))
        assert (told["percent"], told["status"]) == (percent, status), told["why"]
    crown = champion_of.fn(ports, settings, "slowfast")
    assert (crown.version, crown.weights_sha256) == (2, record.challenger_sha256)
    answers = local_models(settings).identify(Analyser.ACTIONS)
    assert isinstance(answers, ModelIdentity)
    assert answers.weights_sha256 == crown.weights_sha256

    # Nothing new was corrected since: it says how many labels are missing.
    short = summary(start(RETRAIN, settings, prefect_api, started))
    assert (short["outcome"], short["missingLabels"]) == ("not_trained", 40)

    # A corrector whose words are random: people who are on the training side, so that the test stays honest.
    parting = Parting.model_validate_json(ports.objects.get_bytes(parting_key("slowfast")))
    cooks = [f for f in films if parting.parts[f"person:{f.name}"] == "training"]
    poison = [drawn(seed, across=True) for seed in range(300, 312)]
    corrected(ports.objects, poison, ports.clock.now(), shuffled=True, cooks=[f.name for f in cooks])
    refused = summary(start(RETRAIN, settings, prefect_api, started))
    assert refused["outcome"] == "refused", refused
    worse = records(ports.objects, "slowfast")[-1]
    assert worse.difference is not None
    assert worse.difference.gain < 0
    assert worse.champion_sha256 == crown.weights_sha256
    assert champion_of.fn(ports, settings, "slowfast").version == 2
    assert [v.status for v in ObjectRegistry(ports.objects).versions("slowfast")] == [
        "approved",
        "approved",
        "rejected",
    ]
    assert share_of(settings, "actions") == 0


@pytest.mark.parametrize("broken", [True, False])
def test_traffic_between_two_real_hosts(tmp_path, settings, prefect_api, started, broken):
    ports, body = build_ports(settings), film(40, 200)
    code = {"code": answering('raise RuntimeError("broken")')} if broken else {}
    old = package(tmp_path, "old")
    new = package(tmp_path, "new", version="2.0", **code)
    (new / "extra.json").write_text("{}")
    champion = champion_of.fn(ports, settings, "slowfast")
    challenger = registered(ports, settings, "slowfast", new, "for a test")
    with hosted(old) as one, hosted(new) as other:
        begin_rollout(ports, settings, policy_of(settings), champion, challenger)
        nobody = LocalModels(())
        drawing = iter([0.99, *[0.0] * 4])
        models = SplitModels(
            settings,
            HostedModels({"actions": one.url}, nobody),
            HostedModels({"actions": other.url}, nobody),
            draw=lambda: next(drawing),
        )
        for _ in range(4):
            models.identify(Analyser.ACTIONS)
            for _ in range(2):
                try:
                    models.invoke(Analyser.ACTIONS, body, "video/mp4")
                except EndpointError:
                    assert broken
        told = summary(start(ROLL_OUT, settings, prefect_api, started))
    rollout = read_rollout(ports, "slowfast")
    assert rollout is not None
    health = rollout.steps[-1].challenger
    assert health is not None
    assert health.calls == 6
    if broken:
        assert (told["status"], told["percent"], health.errors) == ("rolled_back", 0, 6)
        assert "6 of 6 calls" in told["why"]
        assert share_of(settings, "actions") == 0
        assert ObjectRegistry(ports.objects).versions("slowfast")[-1].status == "rejected"
        assert champion_of.fn(ports, settings, "slowfast").version == champion.version
    else:
        assert (told["status"], told["percent"], health.errors) == ("running", 50, 0)
        assert share_of(settings, "actions") == 50


def test_drift_is_told_and_calls_for_a_retraining(settings, prefect_api, started):
    from bharatchef.retraining.figures import FilmCounts, Measured, figures_of

    ports = build_ports(settings)
    champion = champion_of.fn(ports, settings, "slowfast")
    seen = FilmCounts(
        film="f", group="g", counts={"chop": {"chop": 60}, "stir": {"stir": 40}}, confidence=0.9
    )
    figures = figures_of(Measured(weights_sha256=champion.weights_sha256, films=(seen,)))
    ObjectRegistry(ports.objects).change(champion.model_copy(update={"figures": figures}))
    identity = local_models(settings).identify(Analyser.ACTIONS)
    assert isinstance(identity, ModelIdentity)
    unsure = ActionProbabilities(
        model=identity, labels=("chop", "knead"), times_s=(0.5, 1.5), probabilities=((0.45, 0.55), (0.5, 0.5))
    )
    for number in range(3):
        result = sample_result().model_copy(update={"action_probabilities": unsure})
        ports.objects.put_bytes(
            f"results/e{number}/result.json", result.to_json().encode(), "application/json"
        )
    told = summary(start(DRIFT, settings, prefect_api, started))
    assert (told["evaluations"], told["retrain"]) == (3, True)
    assert told["confidence"] == pytest.approx(0.525)
    assert "below 60%" in told["alerts"][0]
    assert "Jensen-Shannon" in told["alerts"][1]
    (key,) = ports.objects.list_keys("drift/slowfast/")
    assert json.loads(ports.objects.get_bytes(key)) == told
    (called,) = records(ports.objects, "slowfast")
    assert called.decision is not None
    assert called.decision.missing_labels == 40
