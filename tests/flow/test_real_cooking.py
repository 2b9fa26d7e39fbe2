"""Real recordings with their labels, and a real film, all the way to score and report."""

from __future__ import annotations

import json
import re

import pytest

from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import DeviationKind
from knowledge_base.captaincook4d import dish_id_of, segments_from_captaincook4d, step_id

pytestmark = pytest.mark.shared


@pytest.fixture
def recipe(shared_dir, request):
    return (shared_dir / "benchmarks" / "captaincook4d" / "dev" / f"{request.param}.json").read_bytes()


def evaluated(bharatchef, tmp_path, data: bytes, recording_id: str) -> EvaluationResult:
    path = tmp_path / f"{recording_id}.json"
    path.write_text(json.dumps(segments_from_captaincook4d(data, recording_id)))
    dish = dish_id_of(json.loads(data)["name"])
    out = tmp_path / recording_id
    done = bharatchef("evaluate", "--dish", dish, "--segments", path, "--out", out, "--json", "--user", "u1")
    assert done.returncode == 0, done.stderr
    page = (out / "report.html").read_text()
    assert re.search(r"step sequence", page, re.IGNORECASE)
    return EvaluationResult.model_validate_json(done.stdout)


@pytest.mark.parametrize("recipe", ["cucumberraita", "scrambledeggs"], indirect=True)
def test_a_correct_and_a_faulty_performance_are_told_apart_by_their_labels(bharatchef, tmp_path, recipe):
    path = tmp_path / "recipe.json"
    path.write_bytes(recipe)
    assert bharatchef("dishes", "import", "captaincook4d", path).returncode == 0
    again = bharatchef("dishes", "import", "captaincook4d", path)
    assert again.returncode == 0, again.stderr
    recordings = json.loads(recipe)["recordings"]

    correct = next(r for r in recordings if r["role"] == "expert")
    result = evaluated(bharatchef, tmp_path, recipe, correct["id"])
    assert result.feedback.mistakes == ()
    assert result.scorecard.category("step_sequence").score == 100

    faulty = next(
        r for r in recordings if r["role"] == "trainee" and r["gt"]["missing"] and r["gt"]["order_error_idx"]
    )
    result = evaluated(bharatchef, tmp_path, recipe, faulty["id"])
    labels = faulty["gt"]
    found = result.judgement.deviations
    missing = {d.step_id for d in found if d.kind in (DeviationKind.MISSING, DeviationKind.NOT_SEEN)}
    assert missing == {step_id(number) for number in labels["missing"]}
    disordered = {d.step_id for d in found if d.kind is DeviationKind.OUT_OF_ORDER}
    labelled = {step_id(faulty["steps"][index]["step"]) for index in labels["order_error_idx"]}
    assert disordered & labelled, "none of the steps labelled out of order was found"
    assert result.scorecard.category("step_sequence").score < 100
    assert result.feedback.mistakes
    told = {m.deviation_id for m in result.feedback.mistakes}
    assert all(d.cause_id is None for d in found if d.deviation_id in told)


def test_a_real_film_ends_partial_and_honest(bharatchef, shared_dir, tmp_path):
    film = shared_dir / "media" / "video" / "intel_bottle-detection.mp4"
    if not film.exists():
        pytest.skip(f"the real film is not here: {film} does not exist")
    done = bharatchef("evaluate", film, "--dish", "masala-chai", "--json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    result = EvaluationResult.model_validate_json(done.stdout)
    assert result.film.file_name == film.name
    assert result.film.decode_errors == 0
    assert len(result.stills) >= 1
    assert result.scorecard.overall is None
    assert (
        "action" in result.action_probabilities.reason or "being done" in result.action_probabilities.reason
    )
    assert {
        stage.outcome for stage in result.stages if stage.stage in ("actions", "objects", "heat", "plate")
    } == {"unavailable"}
