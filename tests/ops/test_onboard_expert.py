"""An expert's film from the command to judging, on a real Prefect server with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from flow.flow_inputs import write_counting_package, write_segments
from ops.expert_inputs import write_counting_plate, write_expert_film
from running import ROOT, own_environment

from bharatchef.records import Dish
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import DeviationKind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DISH = "tea"
STEPS = ("boil-water", "add-leaves", "add-milk", "pour-out")
DISH_FILE = (
    'dish: tea\nname: Tea\nversion: "1"\ncreated: 2026-11-22\ntotal_time: 1 min\nsource: A test.\nsteps:\n'
    "  - {id: boil-water, action: boil, text: boil the water, time: 2-30 s, any_time: true}\n"
    "  - {id: add-leaves, action: add, text: add the leaves to the water, time: 2-30 s, any_time: true}\n"
    "  - {id: add-milk, action: pour, text: pour the milk, time: 2-30 s, any_time: true}\n"
    "  - {id: pour-out, action: pour, text: pour the tea into a cup, time: 2-30 s, any_time: true}\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a dish of four steps in any order."""
    folder = tmp_path / "bharatchef"
    (folder / "dishes").mkdir(parents=True)
    (folder / "dishes" / "tea.yaml").write_text(DISH_FILE)
    return folder


def marks(path: Path, order: tuple[str, ...] = STEPS) -> Path:
    rows = [{"stepId": s, "startTime": 1.0 + 5 * n, "endTime": 5.0 + 5 * n} for n, s in enumerate(order)]
    return write_segments(path, DISH, rows)


def counted(calls: Path) -> Counter[str]:
    """How often each analyser answered."""
    lines = calls.read_text().splitlines() if calls.exists() else []
    said = [json.loads(line) for line in lines]
    return Counter(line[0] for line in said if line[1] == "answered")


def onboarded(bharatchef, film: Path, *more: str | Path) -> dict[str, object]:
    done = bharatchef("dishes", "onboard", film, "--dish", DISH, "--json", *more, timeout_s=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def experts(bharatchef) -> dict[str, object]:
    done = bharatchef("dishes", "experts", DISH, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def judged(bharatchef, segments: Path) -> EvaluationResult:
    done = bharatchef("evaluate", "--dish", DISH, "--segments", segments, "--json", timeout_s=300)
    assert done.returncode == 0, done.stderr
    return EvaluationResult.model_validate_json(done.stdout)


def test_a_film_is_a_proposal_until_a_person_confirms_it_and_no_model_is_asked_twice(
    bharatchef, home, tmp_path
):
    calls = tmp_path / "calls"
    write_counting_package(home / "models", "heat", calls)
    write_counting_package(home / "models", "objects", calls)
    write_counting_plate(home / "models", calls)
    film = write_expert_film(tmp_path / "asha.mp4", 1)
    said = marks(tmp_path / "said.json")

    expert = onboarded(bharatchef, film, "--segments", said)
    assert [action["step_id" if "step_id" in action else "stepId"] for action in expert["actions"]] == [
        *STEPS
    ]
    assert {step["stepId"] for step in expert["heatProfile"]} == {*STEPS}
    assert expert["gateVersion"] == "1"
    asked = counted(calls)
    assert asked["heat"] == asked["objects"] == 1
    assert asked["plate"] >= 2
    (seen,) = (home / "objects" / "experts" / DISH).glob("expert-*/seen.json")
    look = json.loads(seen.read_text())["plateLook"]
    assert (look["kind"], look["embeddedBy"], len(look["vector"])) == ("look", "mean-colour", 3)
    assert sum(value**2 for value in look["vector"]) == pytest.approx(1, abs=1e-4)
    assert (home / "objects" / "experts" / DISH / "proposal.json").exists()

    again = onboarded(bharatchef, film, "--segments", said)
    assert again == expert
    other_words = marks(tmp_path / "other.json", (*STEPS[:2], STEPS[3], STEPS[2]))
    changed = onboarded(bharatchef, film, "--segments", other_words)
    assert changed["performanceId"] == expert["performanceId"]
    assert changed["actions"] != expert["actions"]
    assert onboarded(bharatchef, film, "--segments", said)["actions"] == expert["actions"]
    assert counted(calls) == asked

    attempt = marks(tmp_path / "attempt.json")
    before = judged(bharatchef, attempt)
    assert before.dish.expert_performances == ()
    assert before.dish.version == "1"

    words = ("dishes", "confirm", DISH, "--expert", str(expert["performanceId"]), "--by", "ravi@example.org")
    done = bharatchef(*words)
    assert done.returncode == 0, done.stderr
    after = judged(bharatchef, attempt)
    assert [p.performance_id for p in after.dish.expert_performances] == [expert["performanceId"]]
    assert after.evaluation.evaluation_id != before.evaluation.evaluation_id
    assert after.provenance.dish_version.startswith("1+confirmed.")
    assert after.provenance.dish_sha256 == after.dish.sha256 != before.dish.sha256
    listed = experts(bharatchef)
    (one,) = listed["experts"]
    assert one["state"] == "confirmed"
    assert one["word"]["by"].startswith("p-")
    assert "ravi" not in "".join(p.read_text() for p in (home / "objects" / "experts").rglob("*.json"))
    shown = bharatchef("dishes", "experts", DISH)
    assert f"confirmed by {one['word']['by']}" in shown.stdout

    # What a person confirmed is what was seen then: other words on the same film judge nobody.
    onboarded(bharatchef, film, "--segments", other_words)
    assert experts(bharatchef)["experts"][0]["state"] == "changed since it was confirmed"
    assert judged(bharatchef, attempt).evaluation.evaluation_id == before.evaluation.evaluation_id


@pytest.mark.usefixtures("home")
def test_an_order_that_three_experts_show_is_asked_for_once_it_is_confirmed(bharatchef, tmp_path):
    for number in range(3):
        # The milk comes at another place each time; the leaves always follow the water.
        order = [step for step in STEPS if step != "add-milk"]
        order.insert(number, "add-milk")
        film = write_expert_film(tmp_path / f"{number}.mp4", number + 10)
        onboarded(bharatchef, film, "--segments", marks(tmp_path / f"{number}.json", tuple(order)))
    proposal = experts(bharatchef)["proposal"]
    offered = {(o["edge"]["afterStepId"], o["edge"]["stepId"]): o for o in proposal["edges"]}
    assert offered, proposal
    pair = next(iter(offered))
    assert offered[pair]["edge"]["seen"] == offered[pair]["edge"]["performances"] == 3
    assert offered[pair]["state"] == "proposed"
    assert all("add-milk" not in p or offered[p]["edge"]["seen"] == 3 for p in offered)

    wrong = marks(tmp_path / "wrong.json", (pair[1], pair[0], *(s for s in STEPS if s not in pair)))
    kinds = {d.kind for d in judged(bharatchef, wrong).judgement.deviations}
    assert DeviationKind.OUT_OF_ORDER not in kinds

    edge = ":".join(pair)
    refused = bharatchef("dishes", "confirm", DISH, "--edge", "pour-out:boil-water", "--by", "ravi")
    assert refused.returncode == 4
    assert "No expert proposes" in refused.stderr
    confirm = ("dishes", "confirm", DISH, "--by", "ravi")
    done = bharatchef(*confirm, "--edge", edge, "--because", "Leaves burn in a dry pot", "--json")
    assert done.returncode == 0, done.stderr
    result = judged(bharatchef, wrong)
    broken = [d for d in result.judgement.deviations if d.kind is DeviationKind.OUT_OF_ORDER]
    assert broken
    assert all({d.step_id, d.related_step_id} == set(pair) for d in broken)
    assert result.dish.sha256 == json.loads(done.stdout)["dishSha256"]
    asked = Dish.model_validate(result.dish.model_dump()).step(pair[1]).must_come_after
    assert [e.reason for e in asked] == ["Leaves burn in a dry pot"]

    assert bharatchef(*confirm, "--reject", edge).returncode == 0
    assert experts(bharatchef)["dishVersion"] == "1"
    states = {(o["edge"]["afterStepId"], o["edge"]["stepId"]): o["state"]
              for o in experts(bharatchef)["proposal"]["edges"]}  # fmt: skip
    assert states[pair] == "rejected"


def test_a_film_that_is_too_poor_to_be_an_example_is_refused_and_leaves_no_expert(bharatchef, home, tmp_path):
    calls = tmp_path / "calls"
    write_counting_package(home / "models", "heat", calls)
    film = write_expert_film(tmp_path / "small.mp4", 2, seconds=12, fps=8, size=(228, 170))
    done = bharatchef("dishes", "onboard", film, "--dish", DISH, timeout_s=300)
    assert done.returncode == 4, done.stdout
    for said in ("too short (12 s of 20)", "too small (170 px of 256)", "too jerky (8.0", "Film in 720p"):
        assert said in " ".join(done.stderr.split())
    assert not calls.exists()
    assert experts(bharatchef)["experts"] == []


def test_killed_in_mid_flow_it_goes_on_where_it_was(bharatchef, home, prefect_api, tmp_path):
    calls = tmp_path / "calls"
    write_counting_package(home / "models", "heat", calls, sleep_s=1.5)
    film = write_expert_film(tmp_path / "long.mp4", 3, seconds=150)
    command = [
        sys.executable, "-m", "app", "dishes", "onboard", str(film), "--dish", DISH,
        "--segments", str(marks(tmp_path / "said.json")),
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        env=own_environment(tmp_path, PREFECT_API_URL=prefect_api),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 240
        while counted(calls)["heat"] < 1:
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < until
            time.sleep(0.1)
        time.sleep(0.5)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    before = [json.loads(line) for line in calls.read_text().splitlines()]
    expert = onboarded(bharatchef, film, "--segments", tmp_path / "said.json")
    assert len(expert["actions"]) == 4
    after = [json.loads(line) for line in calls.read_text().splitlines()][len(before) :]
    done_before = {line[2] for line in before if line[1] == "answered"}
    assert done_before
    assert not done_before & {line[2] for line in after}, "what was answered was asked again"
    assert len({line[2] for line in before + after if line[1] == "answered"}) == 3
