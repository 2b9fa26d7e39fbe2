"""The flame package learns from marked heat by its real train.py, is measured beside the champion, decided.

The champion is the program's own package, whether it is in use or set aside. It starts a real Prefect flow.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from running import ROOT, own_environment

from adapters import build_ports
from adapters.local.models import local_models
from adapters.local.traffic import share_of
from adapters.object_registry import ObjectRegistry
from benchmarks.retraining.heat import corrected_heat, heated
from bharatchef.observed import Analyser
from bharatchef.settings import load_settings
from tasks.retraining import records

pytest.importorskip("torch", reason="torch is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

POLICY = ROOT / "benchmarks" / "retraining" / "policy.yaml"
RETRAIN = """
from flows.retrain_models import RetrainRequest, retrain_models
print(retrain_models(RetrainRequest(package="flame")).to_json())
"""


def test_marked_heat_teaches_the_flame_package_and_what_comes_of_it_is_decided(tmp_path, prefect_api):
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

    found = local_models(settings).identify(Analyser.HEAT)
    count = corrected_heat(ports.objects, [heated(600)], ports.clock.now() - timedelta(minutes=5))
    short = retrained()
    assert short["outcome"] == "not_trained"
    assert short["missingLabels"] == max(0, 16 - count)
    assert any("to learn from are missing" in why for why in short["reasons"])

    films = [heated(seed) for seed in range(601, 608)]
    count += corrected_heat(ports.objects, films, ports.clock.now() - timedelta(minutes=4))
    told = retrained()
    record = records(ports.objects, "flame")[-1]
    assert told["outcome"] in ("refused", "promoted"), told
    assert (record.data.labels, record.data.training_films + record.data.test_films) == (count, 8)
    assert record.champion is not None
    assert record.challenger is not None
    assert record.difference is not None
    # Both were asked about the same seconds, and the program's own package reads most of them.
    assert record.champion.seconds == record.challenger.seconds > 20
    assert (
        set(record.champion.classes)
        == set(record.challenger.classes)
        <= {
            "off",
            "low",
            "medium",
            "high",
            "hidden",
        }
    )
    assert record.champion.accuracy > 0.4
    assert record.champion_sha256 != record.challenger_sha256
    # Whatever it came to follows from the figures, and a promotion begins with a tenth of the evaluations.
    better = record.difference.gain >= 0.02 and record.difference.low > 0
    assert better or told["outcome"] == "refused"
    assert share_of(settings, "heat") == (10 if told["outcome"] == "promoted" else 0)
    kept = list(ports.objects.list_keys(f"retraining/flame/{record.run_id}/"))
    assert {key.rsplit("/", 1)[-1] for key in kept} == {
        "record.json",
        "MODEL_CARD.md",
        "model.tar.gz",
        "train.log",
    }
    card = ports.objects.get_bytes(f"retraining/flame/{record.run_id}/MODEL_CARD.md").decode()
    assert "its last layer on people's own films" in card
    assert "## Beside the champion" in card
    approved = {"promoted": "approved", "refused": "rejected"}[told["outcome"]]
    assert [v.status for v in ObjectRegistry(ports.objects).versions("flame")] == ["approved", approved]
    assert not any((settings.home / "retraining" / "flame").iterdir()), "no film stays behind"
    # Who is judged by heat is not changed by learning: only a promotion does that, share by share.
    assert local_models(settings).identify(Analyser.HEAT) == found
