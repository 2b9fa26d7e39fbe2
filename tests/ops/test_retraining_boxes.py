"""A detector is trained on corrected boxes by its real train.py, measured beside the champion, and refused.

A handful of steps from nothing: the way is shown, and that the gate holds. It starts a real Prefect flow.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from running import ROOT, own_environment

from adapters import build_ports
from adapters.object_registry import ObjectRegistry
from benchmarks.retraining.boxes import boxed, corrected_boxes
from bharatchef.settings import load_settings
from tasks.retraining import records

for needed in ("torch", "nncf"):
    pytest.importorskip(needed, reason=f"{needed} is not installed")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

POLICY = ROOT / "benchmarks" / "retraining" / "policy.yaml"
RETRAIN = """
from flows.retrain_models import RetrainRequest, retrain_models
print(retrain_models(RetrainRequest(package="yolov8")).to_json())
"""


def test_corrected_boxes_teach_a_detector_and_a_worse_one_is_refused(tmp_path, prefect_api):
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

    count = corrected_boxes(ports.objects, [boxed(40)], ports.clock.now() - timedelta(minutes=5))
    short = retrained()
    assert short["outcome"] == "not_trained"
    assert short["missingLabels"] == max(0, 40 - count)
    assert any("to learn from are missing" in why for why in short["reasons"])

    count += corrected_boxes(
        ports.objects, [boxed(seed) for seed in range(41, 48)], ports.clock.now() - timedelta(minutes=4)
    )
    told = retrained()
    record = records(ports.objects, "yolov8")[-1]
    assert (told["outcome"], record.counted_in) == ("refused", "boxes"), told
    assert (record.data.labels, record.data.training_films + record.data.test_films) == (count, 8)
    assert record.champion is not None
    assert record.challenger is not None
    assert record.difference is not None
    # The package that comes with the program, asked about the same stills, finds most of what is there.
    assert record.champion.mean_f1 > 0.5
    assert record.difference.high < 0
    assert set(record.champion.classes) == set(record.challenger.classes)
    kept = list(ports.objects.list_keys(f"retraining/yolov8/{record.run_id}/"))
    assert {key.rsplit("/", 1)[-1] for key in kept} == {
        "record.json",
        "MODEL_CARD.md",
        "model.tar.gz",
        "train.log",
        "classes.txt",
        "checkpoint.pt",
    }
    card = ports.objects.get_bytes(f"retraining/yolov8/{record.run_id}/MODEL_CARD.md").decode()
    assert "boxes right" in card
    assert [v.status for v in ObjectRegistry(ports.objects).versions("yolov8")] == ["approved", "rejected"]
    assert not any((settings.home / "retraining" / "yolov8").iterdir()), "no picture stays behind"
