"""The resnet package learns what people said of plates by its real train.py, is measured, and promoted.

The champion is the package that comes with the program. It starts a real Prefect flow.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from running import ROOT, own_environment

from adapters import build_ports
from adapters.local.traffic import share_of
from adapters.object_registry import ObjectRegistry
from benchmarks.retraining.plates import corrected_plates, plated
from bharatchef.settings import load_settings
from tasks.retraining import records

pytest.importorskip("sklearn", reason="training needs scikit-learn")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DISHES = ("aloo-paratha", "chicken-curry", "dal-tadka", "kheer")
EARLIER = timedelta(minutes=5)
POLICY = ROOT / "benchmarks" / "retraining" / "policy.yaml"
RETRAIN = """
from flows.retrain_models import RetrainRequest, retrain_models
print(retrain_models(RetrainRequest(package="resnet")).to_json())
"""


def test_what_people_said_of_plates_teaches_the_resnet_package_and_it_is_decided(tmp_path, prefect_api):
    settings = load_settings(home=tmp_path / "bharatchef", retraining_policy=POLICY)
    ports = build_ports(settings)
    environment = own_environment(
        tmp_path,
        PREFECT_API_URL=prefect_api,
        BHARATCHEF_RETRAINING_POLICY=str(POLICY),
        BHARATCHEF_BUILT_IN_MODELS="true",
        OMP_NUM_THREADS="1",
    )

    def retrained() -> dict:
        done = subprocess.run(
            [sys.executable, "-c", RETRAIN],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    count = corrected_plates(ports.objects, [plated(700, DISHES, cold=True)], ports.clock.now() - EARLIER)
    short = retrained()
    assert short["outcome"] == "not_trained"
    assert short["missingLabels"] == 24 - count
    assert any("to learn from are missing" in why for why in short["reasons"])

    # A light in which no kitchen was drawn: the program's own package takes dishes for each other there.
    films = [plated(seed, DISHES, cold=True) for seed in range(701, 721)]
    count += corrected_plates(ports.objects, films, ports.clock.now() - timedelta(minutes=4))
    told = retrained()
    record = records(ports.objects, "resnet")[-1]
    assert told["outcome"] == "promoted", told
    assert record.counted_in == "plates"
    assert (record.data.labels, record.data.training_films + record.data.test_films) == (count, 21)
    assert record.champion is not None
    assert record.challenger is not None
    assert record.difference is not None
    assert record.champion.seconds == record.challenger.seconds >= 24
    assert set(record.challenger.classes) == {*DISHES, "no-plate"}
    assert record.difference.gain >= 0.02
    assert record.difference.low > 0
    assert record.champion_sha256 != record.challenger_sha256
    assert share_of(settings, "plate") == 10, "a promotion begins with a tenth of the evaluations"
    kept = list(ports.objects.list_keys(f"retraining/resnet/{record.run_id}/"))
    assert {key.rsplit("/", 1)[-1] for key in kept} == {
        "record.json",
        "MODEL_CARD.md",
        "model.tar.gz",
        "train.log",
    }
    card = ports.objects.get_bytes(f"retraining/resnet/{record.run_id}/MODEL_CARD.md").decode()
    assert "people's finished plates" in card
    assert "## Beside the champion" in card
    assert [v.status for v in ObjectRegistry(ports.objects).versions("resnet")] == ["approved", "approved"]
    assert not any((settings.home / "retraining" / "resnet").iterdir()), "no picture stays behind"
