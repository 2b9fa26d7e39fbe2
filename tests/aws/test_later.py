"""Work put off on the queues of an emulator: what is sent is what intake reads, and starts one run."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from samples import sample_evaluation, sample_result
from servers.on_aws import Stack, client

from adapters.aws.later import SqsLater
from adapters.aws.queues import Received, SqsQueue, sqs_client
from adapters.aws.uploads import Uploads
from app.intake_deciding import Nothing, Start, World, decide
from app.intake_messages import Reanalysis, Rewording, queue_of, read_message
from bharatchef.coaching.later import wait_s
from bharatchef.ports import Ports
from bharatchef.records import WordingNote
from bharatchef.settings import Settings
from flows.reword_coaching import RewordRequest
from tasks.rewording import put_off_wording

FLOW = "reword-coaching/reword-coaching"


@pytest.fixture(params=["", ".fifo"], ids=["standard", "fifo"])
def queues(installed: Stack, request: pytest.FixtureRequest) -> Settings:
    """The installation's settings with queues of its own, in order or in none."""
    name, ending = uuid.uuid4().hex[:10], request.param
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if ending else {}
    names = {}
    for setting in ("ai_coaching_queue", "cv_analysis_queue", "dlq_queue"):
        names[setting] = f"{setting.replace('_', '-')}-{name}{ending}"
        client("sqs", installed.url).create_queue(QueueName=names[setting], Attributes=attributes)
    return installed.settings.model_copy(update=names)


def received(settings: Settings, queue: str) -> list[Received]:
    found = []
    opened = SqsQueue(sqs_client(settings), queue, 30)
    while (message := opened.receive(1)) is not None:
        found.append(message)
        opened.delete(message)
    return found


def test_what_is_put_off_comes_back_as_the_same_wish(queues: Settings) -> None:
    later = SqsLater(queues)
    later.reword("ev-1", 2, 0)
    later.analyse_again("ev-1", "slowfast-2")
    later.analyse_again("ev-2", "slowfast-2")
    later.leave_unworded("ev-1", 13, "Bedrock is down")
    (wish,) = received(queues, queues.ai_coaching_queue)
    assert read_message(wish.body) == Rewording("ev-1", 2)
    again = [read_message(message.body) for message in received(queues, queues.cv_analysis_queue)]
    assert sorted(again, key=str) == [Reanalysis("ev-1", "slowfast-2"), Reanalysis("ev-2", "slowfast-2")]
    assert {queue_of(message) for message in again} == {"cv-analysis-queue"}
    (left,) = received(queues, queues.dlq_queue)
    assert read_message(left.body) == Rewording("ev-1", 13)
    assert left.attributes == {"reason": "Bedrock is down", "queue": "ai-coaching-queue"}


@pytest.mark.parametrize("queues", [""], indirect=True)
def test_a_wording_that_waits_for_bedrock_goes_to_the_queue_and_starts_its_flow_once(
    queues: Settings, ports: Ports
) -> None:
    evaluation = ports.evaluations.claim(sample_evaluation(), "one", 60).evaluation
    result = sample_result(evaluation)
    note = WordingNote(outcome="fallback", failures={"retryable": 2})
    waiting = result.feedback.model_copy(update={"wording": note})
    ports = replace(ports, later=SqsLater(queues))
    assert put_off_wording(ports, waiting)
    sqs = client("sqs", queues.aws_url or "")
    address = sqs.get_queue_url(QueueName=queues.ai_coaching_queue)["QueueUrl"]
    counts = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert counts["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"
    assert wait_s(1) == 60

    world = World(queues, Uploads(queues), ports.dishes, ports.evaluations, frozenset([FLOW]))
    wish = Rewording("ev-1", 1)
    began = decide(wish, world)
    assert isinstance(began, Start), "it may come before the evaluation is complete"
    assert began.deployment == FLOW
    assert RewordRequest(**began.parameters["request"]) == RewordRequest(evaluation_id="ev-1", attempt=1)
    assert decide(Rewording("ev-1", 2), world) != began
    ports.evaluations.complete(result, "one")
    assert decide(wish, world) == began
    ports.evaluations.delete("ev-1")
    assert isinstance(decide(wish, world), Nothing)


def test_an_address_is_as_good_as_a_name(installed: Stack, tmp_path: Path) -> None:
    name = f"by-address-{tmp_path.name[:20]}-{uuid.uuid4().hex[:6]}"
    address = client("sqs", installed.url).create_queue(QueueName=name)["QueueUrl"]
    settings = installed.settings.model_copy(update={"ai_coaching_queue": address})
    SqsLater(settings).reword("ev-1", 1, 0)
    assert len(received(settings, address)) == 1
