"""The flow notify on a real Prefect server: what is owed, once more on purpose, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flow.flow_inputs import correct_segments, write_segments
from ops.expert_inputs import write_expert_film
from running import ROOT, own_environment

from bharatchef.results import EvaluationResult

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DISH = "masala-chai"
RUN = """
import json, sys
from bharatchef.errors import BharatChefError
from flows.notify import NotifyRequest, notify
for request in json.loads(sys.argv[1]):
    try:
        said = json.loads(notify(NotifyRequest.model_validate(request)).to_json())
    except BharatChefError as error:
        said = str(error)
    print("said:", json.dumps(said))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "bharatchef"


@pytest.fixture
def notified(prefect_api: str, tmp_path: Path):
    """Runs the flow once a request, in a process of its own; each run's summary, or why it failed."""

    def run(*requests: dict[str, object]) -> list[dict[str, int] | str]:
        done = subprocess.run(
            [sys.executable, "-c", RUN, json.dumps(requests)],
            env=own_environment(tmp_path, PREFECT_API_URL=prefect_api),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = [line for line in done.stdout.splitlines() if line.startswith("said: ")]
        return [json.loads(line.removeprefix("said: ")) for line in lines]

    return run


def events(home: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (home / "notifications.jsonl").read_text().splitlines()]


def test_what_is_told_of_attempts_and_what_the_flow_tells_again(bharatchef, home, tmp_path, notified):
    rows = correct_segments(DISH)
    left_out = rows[len(rows) // 2]
    bad = write_segments(tmp_path / "bad.json", DISH, [row for row in rows if row is not left_out])
    good = write_segments(tmp_path / "good.json", DISH, rows)
    film, next_film = (
        write_expert_film(tmp_path / f"asha {n}.mp4", n, seconds=95, fps=6, size=(228, 170)) for n in (5, 7)
    )

    def evaluated(*words: str | Path) -> EvaluationResult:
        done = bharatchef("evaluate", *words, "--dish", DISH, "--user", "asha", "--json", timeout_s=300)
        assert done.returncode == 0, done.stderr
        return EvaluationResult.model_validate_json(done.stdout)

    first = evaluated(film, "--segments", bad)
    uploaded, complete = events(home)
    assert (uploaded["topic"], uploaded["subject"]) == (
        "upload-confirmed",
        "Your film of Masala chai has arrived",
    )
    assert complete["evaluationId"] == first.evaluation.evaluation_id
    assert first.feedback.mistakes[0].description in complete["message"]
    assert "Did you fix it?" not in complete["message"]

    assert evaluated(film, "--segments", bad) == first
    assert len(events(home)) == 2, "the same film is confirmed once, the same work told of once"

    second = evaluated(next_film, "--segments", good)
    *_, complete = events(home)
    verdicts = [follow_up.verdict for follow_up in second.feedback.follow_ups]
    assert verdicts
    assert complete["message"].startswith("Did you fix it?")
    assert complete["lastMistakes"]["fixed"] == verdicts.count("fixed") >= 1
    assert len(complete["push"]["body"]) <= 180
    assert "asha" not in json.dumps(events(home))

    told = len(events(home))
    evaluation_id = second.evaluation.evaluation_id
    nothing = {"told": 0, "owed": 0}
    unknown, due, again_to_all, *summaries = notified(
        {"evaluation_id": "no-such"},
        {"evaluation_id": evaluation_id, "message": "processing-failed"},
        {"again": True},
        {"evaluation_id": evaluation_id},
        {},
        {"evaluation_id": evaluation_id, "again": True},
    )
    assert "Expected the id of an evaluation" in unknown
    assert "evaluation-complete is due" in due
    assert "evaluation_id" in again_to_all
    assert summaries == [nothing, nothing, {"told": 1, "owed": 0}]
    assert len(events(home)) == told + 1
    again = events(home)[-1]
    assert again["message"] == complete["message"]
    assert again["eventId"] != complete["eventId"]
    assert again["eventId"].startswith(complete["eventId"])


def test_what_could_not_be_told_is_owed_and_told_by_the_flow(bharatchef, home, tmp_path, notified):
    film = write_expert_film(tmp_path / "asha.mp4", 6, seconds=2)
    blocked = home / "notifications.jsonl"
    blocked.mkdir(parents=True)
    done = bharatchef("evaluate", film, "--dish", DISH, "--user", "asha", timeout_s=300)
    assert done.returncode == 4, done.stdout
    assert notified({}) == [{"told": 0, "owed": 1}]
    blocked.rmdir()
    assert notified({}, {}) == [{"told": 1, "owed": 0}, {"told": 0, "owed": 0}]
    (event,) = events(home)
    assert event["topic"] == "processing-failed"
    assert "too short" in event["message"]
    assert "Film the whole cooking" in event["message"]
    assert "asha" not in json.dumps(event)
