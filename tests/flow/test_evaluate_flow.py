"""The flow evaluate_video as a real Prefect run, driven by the command in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from flow_inputs import correct_segments, write_counting_package, write_film, write_segments
from running import ROOT, own_environment

from bharatchef.results import EvaluationResult

DISH = "masala-chai"


def result_of(process: subprocess.CompletedProcess[str]) -> EvaluationResult:
    assert process.returncode == 0, process.stderr
    return EvaluationResult.model_validate_json(process.stdout)


def api(url: str, path: str, body: dict[str, object]) -> list[dict[str, object]]:
    request = urllib.request.Request(
        f"{url}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_segments_alone_become_a_published_evaluation(bharatchef, prefect_api, tmp_path):
    segments = write_segments(tmp_path / "marks.json", DISH, correct_segments(DISH))
    done = bharatchef("evaluate", "--dish", DISH, "--segments", segments, "--json", "--out", tmp_path / "out")
    result = result_of(done)
    assert result.film is None
    assert result.scorecard.category("step_sequence").score == 100
    assert result.scorecard.category("plating").score is None
    assert result.feedback.mistakes == ()
    assert EvaluationResult.model_validate_json((tmp_path / "out" / "result.json").read_text()) == result
    assert "<html" in (tmp_path / "out" / "report.html").read_text()

    runs = api(prefect_api, "flow_runs/filter", {"sort": "START_TIME_DESC", "limit": 1})
    assert runs[0]["state_type"] == "COMPLETED"
    artifacts = api(
        prefect_api, "artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [runs[0]["id"]]}}}
    )
    assert {artifact["type"] for artifact in artifacts} == {"markdown", "table", "progress"}
    card = next(artifact for artifact in artifacts if artifact["type"] == "markdown")
    assert "step sequence" in str(card["data"]).lower()

    again = bharatchef("evaluate", "--dish", DISH, "--segments", segments, "--json")
    assert result_of(again).evaluation.evaluation_id == result.evaluation.evaluation_id
    forced = bharatchef("evaluate", "--dish", DISH, "--segments", segments, "--json", "--force")
    assert result_of(forced).evaluation.evaluation_id != result.evaluation.evaluation_id
    assert result_of(forced).scorecard == result.scorecard


def test_a_film_without_models_ends_partial_and_says_so(bharatchef, tmp_path):
    film = write_film(tmp_path / "film.mp4", 40)
    result = result_of(bharatchef("evaluate", film, "--dish", DISH, "--json"))
    assert result.film is not None
    assert result.film.duration_s == pytest.approx(40, abs=0.3)
    assert result.scorecard.overall is None
    assert result.scorecard.level is None
    assert all(entry.score is None and entry.reason for entry in result.scorecard.categories)
    assert result.provenance.media_sha256 == {"front": result.film.sha256}
    told = bharatchef("show", result.evaluation.evaluation_id)
    assert "partial result" in told.stdout


def test_models_in_the_home_are_asked_and_named(bharatchef, tmp_path):
    calls = tmp_path / "calls"
    write_counting_package(tmp_path / "bharatchef" / "models", "objects", calls)
    write_counting_package(tmp_path / "bharatchef" / "models", "heat", calls)
    film = write_film(tmp_path / "film.mp4", 70)
    result = result_of(bharatchef("evaluate", film, "--dish", DISH, "--json"))
    assert result.detections.kind == "objects"
    assert result.detections.times_s[-1] > 60
    assert {model.name for model in result.provenance.models} == {"counting-objects", "counting-heat"}
    assert result.action_probabilities.kind == "unavailable"
    asked = [json.loads(line) for line in calls.read_text().splitlines()]
    assert len([call for call in asked if call[1] == "answered"]) == 4


def test_a_failing_analyser_makes_the_result_partial_not_wrong(bharatchef, tmp_path):
    package = write_counting_package(tmp_path / "bharatchef" / "models", "heat", tmp_path / "calls")
    inference = package / "inference.py"
    inference.write_text(
        inference.read_text().replace("times, lights = [], []", "raise ValueError('no flame here')")
    )
    film = write_film(tmp_path / "film.mp4", 30)
    segments = write_segments(
        tmp_path / "marks.json", DISH, [{"stepId": "pour-water", "startTime": 1, "endTime": 6}]
    )
    result = result_of(bharatchef("evaluate", film, "--dish", DISH, "--segments", segments, "--json"))
    assert result.heat.kind == "unavailable"
    assert "counting-heat" in result.heat.reason
    assert result.scorecard.category("heat").score is None


@pytest.mark.slow
def test_a_killed_flow_asks_again_only_for_what_was_in_flight(bharatchef, prefect_api, tmp_path):
    calls = tmp_path / "calls"
    models = tmp_path / "bharatchef" / "models"
    for analyser in ("actions", "objects"):
        write_counting_package(models, analyser, calls, sleep_s=0.5)
    film = write_film(tmp_path / "film.mp4", 330, fps=2, size=(160, 120))
    command = [sys.executable, "-m", "app", "evaluate", str(film), "--dish", DISH, "--json"]
    environment = own_environment(tmp_path, PREFECT_API_URL=prefect_api, BHARATCHEF_LEASE_S="3")
    first = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and _count(calls, "answered") < 5:
            time.sleep(0.02)
        assert first.poll() is None, "the flow was to be killed before its end"
    finally:
        first.kill()
        first.wait()
    asked, answered = _count(calls, "asked"), _count(calls, "answered")
    assert 5 <= answered < 12

    resumed = bharatchef("evaluate", film, "--dish", DISH, "--json", BHARATCHEF_LEASE_S="3")
    result = result_of(resumed)
    assert "the same work" not in resumed.stderr
    assert result.action_probabilities.times_s[-1] > 320
    stages = {stage.stage: stage.outcome for stage in result.stages}
    assert stages["inspect"] == stages["prepare"] == "cached"
    in_flight = 2 + (asked - answered)
    assert _count(calls, "answered") <= 12 + in_flight, "pieces that were answered are not asked for again"
    assert _count(calls, "asked") - asked <= 12 - answered + in_flight


def _count(calls: Path, word: str) -> int:
    if not calls.exists():
        return 0
    lines = calls.read_text().splitlines()
    return sum(1 for line in lines if json.loads(line)[1] == word)


def test_ctrl_c_leaves_a_failed_record_with_a_reason(bharatchef, prefect_api, tmp_path):
    calls = tmp_path / "calls"
    write_counting_package(tmp_path / "bharatchef" / "models", "actions", calls, sleep_s=1.0)
    film = write_film(tmp_path / "film.mp4", 200, fps=2, size=(160, 120))
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "evaluate", str(film), "--dish", DISH],
        env=own_environment(tmp_path, PREFECT_API_URL=prefect_api),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and _count(calls, "asked") < 1:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    history = json.loads(bharatchef("history", "me", "--json").stdout)
    assert [evaluation["status"] for evaluation in history["evaluations"]] == ["FAILED"]
    assert "stopped before it was finished" in history["evaluations"][0]["failureReason"]
    result = result_of(bharatchef("evaluate", film, "--dish", DISH, "--json"))
    assert result.evaluation.status == "COMPLETED"


def test_a_dark_film_is_refused_with_advice_before_any_model_is_asked(bharatchef, tmp_path):
    calls = tmp_path / "calls"
    write_counting_package(tmp_path / "bharatchef" / "models", "actions", calls)
    film = tmp_path / "dark.mp4"
    import av
    import numpy as np

    with av.open(str(film), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(100):
            frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), 3, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    refused = bharatchef("evaluate", film, "--dish", DISH)
    assert refused.returncode == 4, refused.stderr
    assert "dark" in refused.stderr
    assert not calls.exists()
    history = json.loads(bharatchef("history", "me", "--json").stdout)
    assert history["evaluations"][0]["status"] == "FAILED"
    assert "dark" in history["evaluations"][0]["failureReason"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["evaluate"], 4, "got neither"),
        (["evaluate", "--segments", "{tmp}/none.csv", "--dish", DISH], 4, "none.csv"),
        (["evaluate", "{tmp}/none.mp4", "--dish", DISH], 4, "none.mp4"),
        (["evaluate", "{tmp}/none.mp4", "--dish", "masala-chi"], 4, "masala-chai"),
        (["evaluate", "{tmp}/none.mp4"], 4, "--dish"),
        (["show", "nothing"], 9, "nothing"),
        (["history", "nobody"], 9, "nobody"),
        (["delete", "nothing", "--yes"], 9, "nothing"),
        (["restore", "{tmp}/none.tar.gz"], 5, "none.tar.gz"),
        (["dishes", "show", "nothing"], 4, "nothing"),
        (["dishes", "import", "captaincook4d", "{tmp}/none.json"], 4, "none.json"),
        (["dishes", "import", "cookbook", "{tmp}/none.json"], 4, "cookbook"),
        (["dishes", "check", "{tmp}/none.yaml"], 4, "none.yaml"),
    ],
)
def test_errors_are_words_and_exit_statuses(bharatchef, tmp_path, words, status, said):
    done = bharatchef(*[word.format(tmp=tmp_path) for word in words])
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    home = tmp_path / "bharatchef"
    left = [path for path in home.rglob("*") if path.is_file()] if home.exists() else []
    assert [path for path in left if "objects" in path.parts] == []


def test_a_setting_that_does_not_fit_is_named(bharatchef):
    done = bharatchef("doctor", BHARATCHEF_LEASE_S="soon")
    assert done.returncode == 3
    assert "BHARATCHEF_LEASE_S" in done.stderr
