"""A real run of the flow with a chat model: its words, what they cost, and what it was never told."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from flow_inputs import write_film, write_segments
from servers.bedrock import Refuses, Words, bedrock

from bharatchef.coaching.prompt import load_prompt
from bharatchef.results import EvaluationResult
from knowledge_base.library import DishLibrary

DISH = "masala-chai"
INDIA = "in.anthropic.claude-haiku-4-5-20251001-v1:0"


def poor_segments() -> list[dict[str, object]]:
    """Every second step of the dish, the last one first, each far too short."""
    steps = DishLibrary().get(DISH).expected_steps
    order = [steps[-1], *steps[:-1:2]]
    return [
        {"stepId": step.step_id, "startTime": 3.0 * n, "endTime": 3.0 * n + 2.5}
        for n, step in enumerate(order)
    ]


def settings(url: str, **more: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "BHARATCHEF_CHAT_MODEL": "haiku-4.5-india",
        "BHARATCHEF_CHAT_DEADLINE_S": "200",
        "BHARATCHEF_BEDROCK_URL": url,
        "BHARATCHEF_EMBEDDING": "none",
        **more,
    }


def result_of(process) -> EvaluationResult:
    assert process.returncode == 0, process.stderr
    return EvaluationResult.model_validate_json(process.stdout)


def louder(wording: dict) -> dict:
    for mistake in wording["mistakes"]:
        mistake["what"] = "Look: " + mistake["what"]
    return wording


def test_a_models_words_are_published_with_what_they_cost(bharatchef, tmp_path):
    rows = poor_segments()
    film = write_film(tmp_path / "asha-at-home.mp4", 3.0 * len(rows) + 3, size=(960, 540))
    marks = write_segments(tmp_path / "marks-of-asha.json", DISH, rows)
    asked = (
        "evaluate",
        film,
        "--dish",
        DISH,
        "--segments",
        marks,
        "--user",
        "asha.rao@example.org",
        "--json",
    )
    with bedrock() as server:
        server.next = [Words(louder)]
        given = settings(server.url, BHARATCHEF_CHAT_STILLS="true")
        result = result_of(bharatchef(*asked, timeout_s=280, **given))
        (call,) = server.calls
        again = result_of(bharatchef(*asked, timeout_s=280, **given))
        assert again.evaluation.evaluation_id == result.evaluation.evaluation_id
        assert len(server.calls) == 1
    feedback = result.feedback
    assert feedback.worded_by == call.model_id == INDIA
    assert all(mistake.description.startswith("Look: ") for mistake in feedback.mistakes)
    assert feedback.wording.outcome == "model"
    assert (result.provenance.prompt_version, result.provenance.prompt_sha256) == (
        load_prompt().version,
        load_prompt().sha256,
    )

    assert 1 <= len(call.images) == feedback.wording.stills <= 4
    for image in call.images:
        height, width = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR).shape[:2]
        assert height <= 360
        assert width <= 640

    spent = {entry.price_id: entry for entry in result.cost.entries if entry.price_id.startswith("bedrock")}
    assert {price_id: entry.quantity for price_id, entry in spent.items()} == {
        "bedrock_haiku_4_5_india_input": call.usage["inputTokens"],
        "bedrock_haiku_4_5_india_output": call.usage["outputTokens"],
    }
    assert {entry.stage for entry in spent.values()} == {"coach"}
    assert result.cost.total_inr == pytest.approx(
        (call.usage["inputTokens"] * 1.1e-6 + call.usage["outputTokens"] * 5.5e-6) * 95.96
    )
    assert "GST" in result.cost.note

    sent = f"{call.system} {call.user} {call.body['toolConfig']} {call.headers}".lower()
    for secret in ("asha", "rao", "example.org", result.evaluation.evaluation_id, "marks-of"):
        assert secret not in sent


def test_a_model_that_does_not_answer_costs_no_feedback(bharatchef, tmp_path):
    marks = write_segments(tmp_path / "marks.json", DISH, poor_segments())
    with bedrock() as server:
        server.always = {INDIA: Refuses()}
        asked = ("evaluate", "--dish", DISH, "--segments", marks, "--json")
        result = result_of(bharatchef(*asked, timeout_s=280, **settings(server.url)))
        assert server.models == [INDIA, INDIA]
    assert result.feedback.mistakes
    assert result.feedback.worded_by == "rules"
    assert result.feedback.wording.outcome == "fallback"
    (coach,) = [stage for stage in result.stages if stage.stage == "coach"]
    assert "ThrottlingException" in coach.reason
    assert result.cost.total_inr == 0


def test_a_model_that_leaves_india_ends_the_command_before_it_begins(bharatchef, tmp_path):
    marks = write_segments(tmp_path / "marks.json", DISH, poor_segments())
    with bedrock() as server:
        given = settings(server.url, BHARATCHEF_CHAT_MODEL="haiku-5.5-global")
        done = bharatchef("evaluate", "--dish", DISH, "--segments", marks, timeout_s=280, **given)
        assert server.calls == []
    assert done.returncode == 3
    assert "leaves India" in done.stderr
    assert "Traceback" not in done.stderr
