"""Earlier films are answered anew by a newer model, on a real Prefect server; the originals are kept."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from flow.flow_inputs import correct_segments, write_counting_package, write_film, write_segments
from running import ROOT, own_environment

from adapters import build_ports
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.results import EvaluationResult
from bharatchef.review.trail import entries
from bharatchef.settings import load_settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

DISH = "masala-chai"


def newer(folder: Path) -> Path:
    """The package of a folder as its next version, which sees everything half as bright."""
    weights = json.dumps({"scale": 0.5, "for": "actions"}).encode()
    (folder / "weights.json").write_bytes(weights)
    manifest = json.loads((folder / "model.json").read_text())
    manifest |= {"version": "2.0.0", "weights_sha256": hashlib.sha256(weights).hexdigest()}
    (folder / "model.json").write_text(json.dumps(manifest))
    return folder


def asked(calls: Path) -> list[int]:
    """What was answered since the last look: how many bytes each piece has."""
    rows = [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []
    calls.unlink(missing_ok=True)
    # A package that is added is tried on a tiny film.
    return [row[2] for row in rows if row[1] == "answered" and row[2] > 100_000]


def stored(ports: Ports, evaluation: Evaluation) -> EvaluationResult:
    assert evaluation.result_s3_key is not None
    return EvaluationResult.model_validate_json(ports.objects.get_bytes(evaluation.result_s3_key))


def told(home: Path) -> list[str]:
    """The evaluations that somebody was told of."""
    rows = [json.loads(line) for line in (home / "notifications.jsonl").read_text().splitlines()]
    return sorted(row["evaluationId"] for row in rows if row["topic"] == "evaluation-complete")


def test_films_are_scored_again_by_the_new_champion_also_after_a_kill(bharatchef, prefect_api, tmp_path):
    calls = tmp_path / "calls"
    home = tmp_path / "bharatchef"
    package = write_counting_package(home / "models", "actions", calls)
    films = [write_film(tmp_path / f"film-{n}.mp4", 92 + 2 * n) for n in range(2)]
    marks = write_segments(tmp_path / "marks.json", DISH, correct_segments(DISH))
    for words in (films[:1], films[1:], [films[0], "--segments", marks, "--user", "by-marks"]):
        done = bharatchef("evaluate", *words, "--dish", DISH, "--json")
        assert done.returncode == 0, done.stderr
    assert len(asked(calls)) == 3, "two chunks a film, of which both begin with the same"
    ports = build_ports(load_settings(home=home, built_in_models=False))
    before = {one.evaluation_id: one for one in ports.evaluations.find("")}
    kept = {key: stored(ports, one) for key, one in before.items()}
    announced = told(home)
    assert announced == sorted(before)

    refused = bharatchef("models", "rescore", "slowfast", "--json")
    assert refused.returncode == 0, refused.stderr
    assert json.loads(refused.stdout)["rescored"] == [], "the champion has answered for all of them"

    folder = newer(Path(package))
    moved = tmp_path / "newer"
    folder.rename(moved)
    crowned = bharatchef("models", "champion", "slowfast", "--folder", moved, "--why", "It is newer.")
    assert crowned.returncode == 0, crowned.stderr

    # Killed between the two evaluations of the run.
    words = [sys.executable, "-m", "app", "models", "rescore", "slowfast", "--json"]
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env=own_environment(tmp_path, PREFECT_API_URL=prefect_api),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 300
    while len(list(ports.evaluations.find(""))) == len(before):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    in_bulk = asked(calls)
    assert len(in_bulk) == 3, "all pieces are answered before anything is scored"

    nobody = bharatchef("models", "rescore", "slowfast", "--since", "2099-01-01", "--json")
    assert json.loads(nobody.stdout)["rescored"] == []
    done = bharatchef("models", "rescore", "slowfast", "--json", timeout_s=300)
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    assert summary["failed"] == []
    assert asked(calls) == [], "no answer is asked for again"

    after = {one.evaluation_id: one for one in ports.evaluations.find("")}
    assert {key: stored(ports, after[key]).judgement for key in before} == {
        key: result.judgement for key, result in kept.items()
    }
    again = [one for one in after.values() if one.rescore_of]
    assert len(again) == 2
    for one in again:
        assert one.rescore_of is not None
        original = before[one.rescore_of]
        assert original.segments_s3_key is None, "what a person marked stays"
        result = stored(ports, one)
        assert [model.version for model in result.provenance.models] == ["2.0.0"]
        assert result.action_probabilities.probabilities != (
            kept[one.rescore_of].action_probabilities.probabilities
        )
        said = entries(ports.objects, original.evaluation_id)
        assert [(e.linked_evaluation_id, e.by) for e in said if e.kind == "rescored"] == [
            (one.evaluation_id, "policy")
        ]
        page = ports.objects.get_bytes(f"results/{original.evaluation_id}/report.html").decode()
        assert one.evaluation_id in page
    assert told(home) == announced, "nobody is told of films of long ago"
