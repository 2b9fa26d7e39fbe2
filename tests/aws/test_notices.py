"""What SNS is given: each form to whom it is for, a person by pseudonym alone, hostile words inert."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr
from samples import MOMENT, sample_result
from servers.on_aws import Stack, client

from adapters.aws.notifier import SnsNotifier, message_forms
from adapters.notifying import evaluation_event
from bharatchef.notices import ConfirmedUpload, complete_notice, failed_notice, upload_notice
from bharatchef.pseudonyms import pseudonym
from bharatchef.records import FollowUp
from bharatchef.vocabulary import DeviationKind, Language, Status

KEY = "k" * 40
HOSTILE = '<img src=x onerror="alert(1)">'


class Held:
    def now(self):
        return MOMENT


@pytest.fixture
def keyed(installed: Stack) -> Stack:
    """An installation with a key for pseudonyms."""
    return replace(
        installed, settings=installed.settings.model_copy(update={"pseudonym_key": SecretStr(KEY)})
    )


def envelopes(installed: Stack) -> list[dict[str, Any]]:
    """What SNS put on the queue that listens, as it put it there."""
    sqs = client("sqs", installed.url)
    found = []
    while messages := sqs.receive_message(
        QueueUrl=installed.told_queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
    ).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=installed.told_queue, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_programs_get_the_event_and_its_forms_with_the_person_by_pseudonym(keyed: Stack) -> None:
    evaluation = sample_result().evaluation.model_copy(update={"user_id": "asha@example.org"})
    told = FollowUp(
        description=HOSTILE, kind=DeviationKind.MISSING, step_id=None, verdict="fixed", evidence="seen"
    )
    feedback = sample_result().feedback.model_copy(update={"follow_ups": (told,)})
    notice = complete_notice(evaluation, feedback, "Egg bhurji")
    notifier = SnsNotifier(keyed.settings, Held())
    notifier.evaluation_complete(evaluation, notice)
    (envelope,) = envelopes(keyed)
    attributes = {name: said["Value"] for name, said in envelope["MessageAttributes"].items()}
    assert attributes == {
        "topic": "evaluation-complete",
        "language": "en",
        "person": pseudonym("asha@example.org", KEY.encode()),
    }
    assert envelope["Subject"] == notice.subject
    event = json.loads(envelope["Message"])
    assert event["eventId"] == f"{evaluation.evaluation_id}:evaluation-complete"
    assert event["lastMistakes"] == {"fixed": 1, "repeated": 0, "notSeen": 0}
    assert event["push"] == {"title": notice.push_title, "body": notice.push_body}
    assert "<img" not in event["html"]
    assert "&lt;img" in event["html"]
    assert "asha" not in json.dumps(envelope)


def test_an_upload_and_a_failure_are_told_apart_by_their_attribute(keyed: Stack) -> None:
    notifier = SnsNotifier(keyed.settings, Held())
    film = ConfirmedUpload(upload_id="attempt-1", dish_id="poha", user_id="asha")
    notifier.upload_confirmed(film, upload_notice("पोहा", Language.HINDI))
    failed = sample_result().evaluation.model_copy(
        update={"status": Status.FAILED, "failure_reason": "asha_kitchen.mp4 is too dark.", "user_id": "asha"}
    )
    notifier.processing_failed(failed, failed_notice(failed, "Poha"))
    found = envelopes(keyed)
    by_topic = {e["MessageAttributes"]["topic"]["Value"]: e for e in found}
    assert set(by_topic) == {"upload-confirmed", "processing-failed"}
    uploaded = by_topic["upload-confirmed"]
    assert uploaded["TopicArn"] == keyed.settings.complete_topic
    assert uploaded["Subject"] == "BharatChef: upload-confirmed"
    assert json.loads(uploaded["Message"])["subject"] == "आपकी पोहा की फ़िल्म पहुँच गई"
    assert by_topic["processing-failed"]["TopicArn"] == keyed.settings.failed_topic
    assert "too dark" in json.loads(by_topic["processing-failed"]["Message"])["message"]
    assert "asha" not in json.dumps(found)


def test_mails_and_phones_get_forms_of_their_own() -> None:
    evaluation = sample_result().evaluation
    notice = complete_notice(evaluation, sample_result().feedback, "Poha")
    event = evaluation_event("evaluation-complete", evaluation, notice, MOMENT)
    forms = message_forms(event, notice)
    told = json.loads(forms["Message"])
    assert forms["MessageStructure"] == "json"
    assert json.loads(told["default"]) == event
    assert told["email"] == notice.text
    assert told["sms"] == notice.push_body
    apple, google = json.loads(told["APNS"]), json.loads(told["GCM"])
    assert apple["aps"]["alert"] == {"title": notice.push_title, "body": notice.push_body}
    assert google["fcmV1Message"]["message"]["notification"] == apple["aps"]["alert"]
    assert message_forms(event, None) == {"Message": json.dumps(event, ensure_ascii=False)}
