"""The flow reword_coaching on a real Prefect server: Bedrock is down, then the same feedback is worded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flow.flow_inputs import write_segments
from running import ROOT, own_environment
from servers.bedrock import Refuses, Words, bedrock

from bharatchef.results import EvaluationResult
from knowledge_base.library import DishLibrary

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DISH = "masala-chai"
INDIA = "in.anthropic.claude-haiku-4-5-20251001-v1:0"
RUN = """
import sys
from flows.reword_coaching import RewordRequest, reword_coaching
print("outcome:", reword_coaching(RewordRequest(evaluation_id=sys.argv[1])))
"""


def test_feedback_is_worded_once_the_model_answers_again(prefect_api: str, tmp_path: Path) -> None:
    steps = DishLibrary().get(DISH).expected_steps
    # Every second step, the last one first, each far too short.
    rows = [
        {"stepId": step.step_id, "startTime": 3.0 * n, "endTime": 3.0 * n + 2.5}
        for n, step in enumerate([steps[-1], *steps[:-1:2]])
    ]
    marks = write_segments(tmp_path / "marks.json", DISH, rows)
    with bedrock() as server:
        environment = own_environment(
            tmp_path,
            PREFECT_API_URL=prefect_api,
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_EC2_METADATA_DISABLED="true",
            BHARATCHEF_CHAT_MODEL="haiku-4.5-india",
            BHARATCHEF_CHAT_DEADLINE_S="200",
            BHARATCHEF_BEDROCK_URL=server.url,
            BHARATCHEF_EMBEDDING="none",
        )

        def said(*words: str) -> str:
            done = subprocess.run(
                [sys.executable, *words],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=280,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        server.always = {INDIA: Refuses()}
        evaluated = said("-m", "app", "evaluate", "--dish", DISH, "--segments", str(marks), "--json")
        before = EvaluationResult.model_validate_json(evaluated)
        evaluation_id = before.evaluation.evaluation_id
        assert before.feedback.wording.outcome == "fallback"
        assert "outcome: left to a person" in said("-c", RUN, evaluation_id)

        server.always = {INDIA: Words()}
        assert "outcome: worded" in said("-c", RUN, evaluation_id)
        calls = len(server.calls)
        assert "outcome: nothing to do" in said("-c", RUN, evaluation_id)
        assert len(server.calls) == calls
        shown = said("-m", "app", "show", evaluation_id, "--json")
    after = EvaluationResult.model_validate(json.loads(shown))
    assert after.feedback.worded_by == INDIA
    assert after.evaluation == before.evaluation
    ids = [mistake.deviation_id for mistake in before.feedback.mistakes]
    assert [mistake.deviation_id for mistake in after.feedback.mistakes] == ids
