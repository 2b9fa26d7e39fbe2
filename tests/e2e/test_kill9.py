"""Kills real workers with SIGKILL at random instants and checks the whole state after each kill.

The instants: calls of C functions within ``publish`` chosen at random (so that every line of it is a
candidate, the moment between the transaction and the announcement among them), random delays within the
measured time of a life (which also end in the middle of a system call), and the first moments of a home.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from forking import ForkServer
from kill9_worker import is_sealed

from adapters import build_ports
from adapters.local.evaluations import SqliteEvaluations
from bharatchef.ports import Ports
from bharatchef.results import EvaluationResult
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Status
from tasks.publishing import announce_pending, result_key, sweep_orphans

LEASE_S = 0.3
BATCH = 8  # works in one home, killed one after another and then taken over together
KILLED = -signal.SIGKILL


@pytest.fixture(scope="module")
def processes() -> Iterator[ForkServer]:
    with ForkServer("kill9_worker", "adapters.local.building") as server:
        yield server


def seeded(capsys: pytest.CaptureFixture[str]) -> random.Random:
    seed = int(os.environ.get("BHARATCHEF_KILL_SEED") or time.time_ns() % 1_000_000_007)
    with capsys.disabled():
        print(f"\nkill -9 test: BHARATCHEF_KILL_SEED={seed} repeats the choice of instants")
    return random.Random(seed)


def told(home: Path) -> Counter[str]:
    """How often each evaluation's completion was told; a line that cannot be read fails the test."""
    path = home / "notifications.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    events = [json.loads(line) for line in lines]
    assert all(event["topic"] == "evaluation-complete" for event in events)
    return Counter(event["evaluationId"] for event in events)


def check_state(home: Path) -> Ports:
    """Every promise that must hold whenever a worker was killed."""
    settings = load_settings(home=home)
    ports = build_ports(settings)
    store = SqliteEvaluations(settings.database, ports.clock)
    assert store.check() == []

    keys = list(ports.objects.list_keys(""))
    contents = {key: ports.objects.get_bytes(key) for key in keys}
    for key, data in contents.items():
        if key.endswith(".json"):
            EvaluationResult.model_validate_json(data)
        else:
            assert is_sealed(data), f"{key} is half-written"

    evaluations = {evaluation.evaluation_id: evaluation for evaluation in store.find("")}
    for key in keys:
        if key.startswith("results/"):
            assert key.split("/")[1] in evaluations, f"{key} belongs to no evaluation"
    for evaluation_id, evaluation in evaluations.items():
        sequence, feedback = store.action_sequence(evaluation_id), store.feedback(evaluation_id)
        if evaluation.status == Status.PROCESSING:
            assert (sequence, feedback) == (None, None)
            continue
        assert evaluation.status == Status.COMPLETED
        assert evaluation.result_s3_key == result_key(evaluation_id, "result.json")
        result = EvaluationResult.model_validate_json(contents[evaluation.result_s3_key])
        assert (result.evaluation, result.action_sequence, result.feedback) == (
            evaluation,
            sequence,
            feedback,
        )
        assert contents[result_key(evaluation_id, "report.html")].endswith(b"</html>")
        assert result.stills
        assert all(still.key.startswith(result_key(evaluation_id)) for still in result.stills)
        assert all(still.key in contents for still in result.stills)

    completed = {e.evaluation_id for e in evaluations.values() if e.status == Status.COMPLETED}
    owed = {e.evaluation_id for e in store.unannounced()}
    assert set(told(home)) <= completed, "told before it was complete"
    assert completed - set(told(home)) <= owed, "an announcement is lost"
    return ports


def recover(processes: ForkServer, home: Path, works: list[str]) -> int:
    """Have live workers finish all that killed ones left; how much of it was taken over."""
    ports = build_ports(load_settings(home=home))
    begun = [e for e in ports.evaluations.find("") if e.status == Status.PROCESSING]
    time.sleep(LEASE_S)
    assert {e.evaluation_id for e in ports.evaluations.expired()} == {e.evaluation_id for e in begun}
    for work in works:
        assert (
            processes.call("kill9_worker:work_once", home=str(home), work=work, owner="rescue", lease_s=10)
            == 0
        )
    announce_pending(ports)
    ports = check_state(home)
    for evaluation in begun:
        finished = ports.evaluations.get(evaluation.evaluation_id)
        assert finished is not None
        assert finished.status == Status.COMPLETED
    assert not ports.evaluations.unannounced()
    return len(begun)


def test_no_instant_of_death_loses_or_halves_anything(
    processes: ForkServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choose = seeded(capsys)
    count = tmp_path / "count"
    first = {"owner": "first", "lease_s": LEASE_S}
    processes.call(
        "kill9_worker:work_once", **first, home=str(tmp_path / "a"), work="w", count_into=str(count)
    )
    calls, calls_when_complete = json.loads(count.read_text())
    began = time.monotonic()
    processes.call("kill9_worker:work_once", **first, home=str(tmp_path / "a"), work="w2")
    life_s = time.monotonic() - began

    instants = [{"call": n} for n in choose.sample(range(1, calls_when_complete), 40)]
    instants += [{"call": n} for n in choose.sample(range(calls_when_complete, calls), 8)]
    instants += [{"publish_delay_s": choose.uniform(0.0001, 0.4 * life_s)} for _ in range(8)]
    instants += [{"delay_s": choose.uniform(0.0001, 0.8 * life_s)} for _ in range(8)]
    choose.shuffle(instants)

    killed: Counter[str] = Counter()
    resumed = completed_before_death = told_twice = 0
    for begin in range(0, len(instants), BATCH):
        home = tmp_path / f"home{begin}"
        batch = {f"w{begin + n}": instant for n, instant in enumerate(instants[begin : begin + BATCH])}
        for work, instant in batch.items():
            status = processes.call("kill9_worker:work_once", **first, home=str(home), work=work, **instant)
            assert status in (0, KILLED)
            killed.update(list(instant) if status == KILLED else [])
            mine = check_state(home).evaluations.find(f"ev-{work}-first")
            completed_before_death += status == KILLED and bool(mine) and mine[0].status == Status.COMPLETED
        resumed += recover(processes, home, list(batch))
        everything = build_ports(load_settings(home=home)).evaluations.find("")
        assert len(everything) == len(batch)
        assert {e.status for e in everything} == {Status.COMPLETED}
        times = told(home)
        assert set(times) == {e.evaluation_id for e in everything}
        told_twice += times.total() - len(times)
    in_publish = killed["call"] + killed["publish_delay_s"]
    with capsys.disabled():
        print(
            f"killed {killed.total()} workers, {in_publish} of them while publishing: {resumed} evaluations "
            f"taken over, {completed_before_death} were complete, {told_twice} told twice"
        )
    assert killed.total() >= 50
    assert in_publish >= killed.total() / 3
    assert resumed > 0
    assert completed_before_death > 0


def test_a_home_survives_death_in_its_first_moments(
    processes: ForkServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choose = seeded(capsys)
    killed = 0
    for number in range(12):
        home = tmp_path / f"home{number}"
        start = {"home": str(home), "work": "w", "owner": "first", "lease_s": LEASE_S}
        killed += (
            processes.call("kill9_worker:work_once", **start, call_anywhere=choose.randint(1, 900)) == KILLED
        )
        check_state(home)
        recover(processes, home, ["w"])
        assert sum(told(home).values()) >= 1
    assert killed >= 10


def test_a_killed_deletion_is_finished_by_the_next(
    processes: ForkServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choose = seeded(capsys)
    home = tmp_path / "home"
    count = tmp_path / "count"
    left_orphans = 0
    instants = [0]
    for number in range(11):
        work = {"home": str(home), "work": f"w{number}", "owner": "first", "lease_s": 10}
        assert processes.call("kill9_worker:work_once", **work) == 0
        doomed = f"ev-w{number}-first"
        at = {"call": instants[number]} if number else {"count_into": str(count)}
        processes.call("kill9_worker:remove", home=str(home), evaluation_id=doomed, **at)
        if number == 0:
            calls, calls_when_gone = json.loads(count.read_text())
            instants += choose.sample(range(1, calls_when_gone), 5)
            # What was published goes first, and soon.
            soon = calls_when_gone + (calls - calls_when_gone) // 4
            instants += choose.sample(range(calls_when_gone, soon), 5)
        ports = build_ports(load_settings(home=home))
        evaluation = ports.evaluations.get(doomed)
        if evaluation is None:
            left_orphans += sweep_orphans(ports) > 0
        else:
            assert EvaluationResult.model_validate_json(
                ports.objects.get_bytes(evaluation.result_s3_key or "")
            )
            assert processes.call("kill9_worker:remove", home=str(home), evaluation_id=doomed) == 0
        assert not list(ports.objects.list_keys(result_key(doomed)))
        assert SqliteEvaluations(home / "bharatchef.sqlite3", ports.clock).check() == []
    assert left_orphans > 0
