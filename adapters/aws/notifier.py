"""Tells on SNS topics that a film arrived or an evaluation ended; names no person, knows no listener.

Each message bears the attributes ``topic``, ``language`` and, where the installation has a key for
pseudonyms, ``person``: a person's own subscription filters by their pseudonym, so that nobody is told of
another's film.
"""

from __future__ import annotations

import json
from typing import Any

from adapters.aws.clients import aws_client, telling_aws
from adapters.notifying import Event, evaluation_event, upload_event
from bharatchef.notices import ConfirmedUpload, Notice
from bharatchef.ports import Clock
from bharatchef.pseudonyms import pseudonym
from bharatchef.records import Evaluation
from bharatchef.settings import Settings


class SnsNotifier:
    """The notifier port on two topics. An event is told at least once, under the same ``eventId``.

    Confirmed uploads are told on the topic of complete evaluations, with the attribute ``topic`` to tell
    them apart. Programs get the whole event as JSON, mail subscriptions the plain text, phones the push.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._client: Any = aws_client("sns", settings, read_s=10.0)
        self._topics = {
            "upload-confirmed": settings.complete_topic,
            "evaluation-complete": settings.complete_topic,
            "processing-failed": settings.failed_topic,
        }
        self._key = settings.pseudonym_key.get_secret_value().encode()
        self._clock = clock

    def upload_confirmed(self, upload: ConfirmedUpload, notice: Notice | None = None) -> None:
        self._publish(upload_event(upload, notice, self._clock.now()), upload.user_id, notice)

    def evaluation_complete(self, evaluation: Evaluation, notice: Notice | None = None) -> None:
        event = evaluation_event("evaluation-complete", evaluation, notice, self._clock.now())
        self._publish(event, evaluation.user_id, notice)

    def processing_failed(self, evaluation: Evaluation, notice: Notice | None = None) -> None:
        event = evaluation_event("processing-failed", evaluation, notice, self._clock.now())
        self._publish(event, evaluation.user_id, notice)

    def check(self) -> None:
        """Return where both topics are there.

        Raises:
            StoreError: one is not; names it and its setting.
        """
        for name, setting in (
            ("evaluation-complete", "BHARATCHEF_COMPLETE_TOPIC"),
            ("processing-failed", "BHARATCHEF_FAILED_TOPIC"),
        ):
            with telling_aws(f"find the topic {self._topics[name]!r} of {setting}"):
                self._client.get_topic_attributes(TopicArn=self._topics[name])

    def _publish(self, event: Event, user_id: str, notice: Notice | None) -> None:
        attributes = {"topic": event["topic"]}
        if notice is not None:
            attributes["language"] = str(notice.language)
        if self._key:
            attributes["person"] = pseudonym(user_id, self._key)
        with telling_aws(f"tell the event {event['eventId']}"):
            self._client.publish(
                TopicArn=self._topics[event["topic"]],
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
                **message_forms(event, notice),
            )


def message_forms(event: Event, notice: Notice | None) -> dict[str, Any]:
    """The event as programs get it, and where there are words the forms of mails and phones beside it."""
    whole = json.dumps(event, ensure_ascii=False)
    if notice is None:
        return {"Message": whole}
    shown = {"title": notice.push_title, "body": notice.push_body}
    told = {"eventId": event["eventId"]}
    message = {
        "default": whole,
        "email": notice.text,
        "sms": notice.push_body,
        "APNS": json.dumps({"aps": {"alert": shown}, **told}, ensure_ascii=False),
        "GCM": json.dumps(
            {"fcmV1Message": {"message": {"notification": shown, "data": told}}}, ensure_ascii=False
        ),
    }
    # A subject with letters beyond ASCII is refused in some regions: the mail then bears the event's name.
    subject = notice.subject if notice.subject.isascii() else f"BharatChef: {event['topic']}"
    return {
        "Subject": subject,
        "Message": json.dumps(message, ensure_ascii=False),
        "MessageStructure": "json",
    }
