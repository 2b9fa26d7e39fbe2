"""The sweep on a real Prefect server: what died is started again once, then FAILED with its reason."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from samples import sample_evaluation, sample_result
from servers.on_aws import client as aws_client
from servers.prefect import lasting_prefect

from adapters import build_ports
from adapters.aws.later import SqsLater
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.settings import Settings, load_settings
from bharatchef.vocabulary import Status
from tasks.claim import new_owner
from tasks.publishing import publish
from tasks.sweeping import DIED_TWICE, LEFT, TOO_LATE, reconcile
from tasks.sweeping_runs import Step

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
DISH = "egg-bhurji"


@dataclass
class Swept:
    """A home of its own, and one deployment on the tests' server."""

    settings: Settings
    ports: Ports
    client: Any
    deployment_id: Any
    user: str

    def run(self, *states: Any) -> Any:
        """A run of this user's film that went through ``states``; its id."""
        made = self.client.create_flow_run_from_deployment(
            self.deployment_id,
            parameters={"request": {"dish_id": DISH, "user_id": self.user, "film_key": "films/film.mp4"}},
        )
        for state in states:
            self.client.set_flow_run_state(made.id, state, force=True)
        return made.id

    def record(self, lease_s: float, name: str = "one") -> Evaluation:
        """A PROCESSING record of that film, held for so long."""
        started = sample_evaluation(f"{self.user}-{name}", self.user, work=f"{self.user}-{name}").model_copy(
            update={"created_at": self.ports.clock.now()}
        )
        return self.ports.evaluations.claim(started, new_owner(), lease_s).evaluation

    def sweep(self, **settings: float) -> list[Step]:
        return reconcile(self.ports, self.settings.model_copy(update=settings), 1.0)[1]

    def state(self, run_id: Any) -> str:
        return str(self.client.read_flow_run(run_id).state.name)

    def reason(self, evaluation: Evaluation) -> tuple[Status, str]:
        found = self.ports.evaluations.get(evaluation.evaluation_id)
        assert found is not None
        return found.status, found.failure_reason


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[Any]:
    with lasting_prefect(tmp_path_factory.mktemp("prefect")) as (api_url, _environment):
        from prefect.client.orchestration import get_client
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with temporary_settings({PREFECT_API_URL: api_url}), get_client(sync_client=True) as asked:
            yield asked


@pytest.fixture
def swept(client, tmp_path: Path, request) -> Iterator[Swept]:
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.states import Cancelled

    from flows.evaluate_video import evaluate_video

    settings = load_settings(
        home=tmp_path / "home", built_in_models=False, start_deadline_s=0.2, chat_deadline_s=0.1
    )
    deployment_id = evaluate_video.to_deployment(name="swept").apply()
    user = f"u{abs(hash(request.node.name)) % 10**9}"
    yield Swept(settings, build_ports(settings), client, deployment_id, user)
    # What this test left is nothing for the next one to sweep.
    for run in client.read_flow_runs(limit=200, sort=FlowRunSort.EXPECTED_START_TIME_ASC):
        if run.state_type.value not in ("COMPLETED", "CANCELLED", "FAILED"):
            client.set_flow_run_state(run.id, Cancelled(), force=True)


def test_a_dead_worker_s_run_is_started_again_once_and_then_it_failed(swept):
    from prefect.states import Pending, Running

    run = swept.run(Pending(), Running())
    record = swept.record(0.05)
    time.sleep(0.1)
    assert [step.what for step in swept.sweep()] == ["started again"]
    assert swept.state(run) == "AwaitingRetry"
    assert swept.reason(record)[0] is Status.PROCESSING
    assert swept.sweep() == [], "it waits for a worker now"

    swept.client.set_flow_run_state(run, Running(), force=True)
    assert [(step.what, step.why) for step in swept.sweep()] == [("failed", DIED_TWICE)]
    assert swept.reason(record) == (Status.FAILED, DIED_TWICE)
    assert swept.state(run) == "Crashed"
    assert swept.sweep() == []
    assert len(swept.ports.evaluations.history(swept.user)) == 1


@pytest.mark.parametrize("kind", ["Pending", "Running", "Crashed"])
def test_what_died_before_its_claim_is_not_lost(swept, kind):
    from prefect import states

    run = swept.run(getattr(states, kind)())
    time.sleep(0.3)
    assert [step.what for step in swept.sweep()] == ["started again"]
    swept.client.set_flow_run_state(run, getattr(states, kind)(), force=True)
    time.sleep(0.3)
    assert [step.what for step in swept.sweep()] == ["failed"]
    (record,) = swept.ports.evaluations.history(swept.user)
    assert (record.status, record.failure_reason) == (Status.FAILED, DIED_TWICE)
    assert swept.sweep() == []


def test_what_is_alive_is_left_alone_until_it_is_too_late(swept):
    from prefect.states import Pending, Running

    run = swept.run(Pending(), Running())
    record = swept.record(30.0)
    time.sleep(0.3)
    assert swept.sweep() == []
    assert [step.what for step in swept.sweep(finish_deadline_s=0.1)] == ["cancelled"]
    assert swept.state(run) == "Cancelling"
    assert swept.reason(record)[0] is Status.PROCESSING, "its worker says what became of it"


def test_beyond_its_deadline_nothing_is_started_again(swept):
    from prefect.states import Pending, Running

    run = swept.run(Pending(), Running())
    record = swept.record(0.05)
    time.sleep(0.2)
    assert [step.why for step in swept.sweep(finish_deadline_s=0.1)] == [TOO_LATE]
    assert swept.reason(record) == (Status.FAILED, TOO_LATE)
    assert swept.state(run) == "Crashed"


def test_a_record_that_no_run_will_take_up_failed(swept):
    from prefect.states import Failed

    swept.run(Failed())
    record = swept.record(0.05)
    time.sleep(0.1)
    assert [(step.what, step.why) for step in swept.sweep()] == [("failed", LEFT)]
    assert swept.reason(record) == (Status.FAILED, LEFT)


def test_a_run_whose_evaluation_is_complete_is_closed(swept):
    from prefect.states import Pending, Running

    run = swept.run(Pending(), Running())
    started = sample_evaluation(f"{swept.user}-one", swept.user, work=swept.user).model_copy(
        update={"created_at": swept.ports.clock.now()}
    )
    claimed = swept.ports.evaluations.claim(started, "one", 60).evaluation
    publish(swept.ports, sample_result(claimed).model_copy(update={"stills": ()}), "<html></html>", "one")
    time.sleep(0.3)
    assert [step.what for step in swept.sweep()] == ["closed"]
    assert swept.state(run) == "Completed"


@dataclass
class Wording:
    """Runs that word feedback, of a deployment of their own on the tests' server."""

    client: Any
    deployment_id: Any

    def run(self, evaluation_id: str, attempt: int, *states: Any) -> Any:
        request = {"evaluation_id": evaluation_id, "attempt": attempt}
        made = self.client.create_flow_run_from_deployment(
            self.deployment_id, parameters={"request": request}
        )
        for state in states:
            self.client.set_flow_run_state(made.id, state, force=True)
        return made.id

    def state(self, run_id: Any) -> tuple[str, str]:
        state = self.client.read_flow_run(run_id).state
        return str(state.name), str(state.message or "")


@pytest.fixture
def wording(client) -> Wording:
    from flows.reword_coaching import reword_coaching

    return Wording(client, reword_coaching.to_deployment(name="swept").apply())


@pytest.mark.parametrize("kind", ["Pending", "Running", "Crashed"])
def test_a_wording_that_died_is_started_again_once_and_then_left_to_a_person(swept, wording, kind):
    from prefect import states

    run = wording.run("ev-1", 1, getattr(states, kind)())
    time.sleep(0.3)
    assert [(step.what, step.of) for step in swept.sweep()] == [("started again", str(run))]
    assert wording.state(run)[0] == "AwaitingRetry"
    assert swept.sweep() == [], "it waits for a worker now"

    wording.client.set_flow_run_state(run, getattr(states, kind)(), force=True)
    time.sleep(0.3)
    (step,) = swept.sweep()
    assert (step.what, step.of) == ("left to a person", "ev-1")
    assert "the rules' words stand" in step.why
    name, message = wording.state(run)
    assert (name, step.why in message) == ("Crashed", True)
    assert swept.sweep() == [], "said once"


def test_a_wording_that_is_alive_is_left_alone(swept, wording):
    from prefect.states import Running

    run = wording.run("ev-1", 1, Running())
    assert swept.sweep(start_deadline_s=60.0) == []
    assert wording.state(run)[0] == "Running"


def test_a_wording_that_died_twice_goes_back_to_its_queue_as_the_next_attempt(swept, wording, installed):
    from prefect.states import Crashed

    queue = f"ai-coaching-{swept.user}"
    sqs = aws_client("sqs", installed.url)
    address = sqs.create_queue(QueueName=queue)["QueueUrl"]
    swept.ports = replace(
        swept.ports, later=SqsLater(installed.settings.model_copy(update={"ai_coaching_queue": address}))
    )
    run = wording.run("ev-1", 3, Crashed())
    assert [step.what for step in swept.sweep()] == ["started again"]
    wording.client.set_flow_run_state(run, Crashed(), force=True)
    assert [(step.what, step.of) for step in swept.sweep()] == [("put off", "ev-1")]
    assert swept.sweep() == []
    sent = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert sent["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def test_the_flow_does_it_tells_what_it_did_and_announces_what_nobody_was_told_of(swept, monkeypatch):
    from flows.sweep_evaluations import sweep_evaluations

    record = swept.record(0.05)
    time.sleep(0.1)
    ended = sample_evaluation("ev-2", "asha", work="other")
    swept.ports.evaluations.claim(ended, "two", 60)
    swept.ports.evaluations.fail("ev-2", "two", "It was too dark.")
    monkeypatch.setenv("BHARATCHEF_HOME", str(swept.settings.home))
    monkeypatch.setenv("BHARATCHEF_BUILT_IN_MODELS", "false")
    summary = sweep_evaluations()
    assert (summary.failed, summary.announced) == (1, 1)
    assert swept.reason(record) == (Status.FAILED, LEFT)
    assert swept.ports.evaluations.unannounced() == []
    artifacts = swept.client._client.post("/artifacts/filter", json={}).json()
    assert record.evaluation_id in str([a["data"] for a in artifacts if a["key"] == "swept"])
