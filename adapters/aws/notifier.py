"""Tells on SNS topics that an evaluation ended; knows nothing of who listens, and names no person."""

from __future__ import annotations

import json
from typing import Any

from adapters.aws.clients import aws_client, telling_aws
from bharatchef.ports import Clock
from bharatchef.records import Evaluation
from bharatchef.settings import Settings


class SnsNotifier:
    """The notifier port on two topics. An event is told at least once, under the same ``eventId``."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._client: Any = aws_client("sns", settings, read_s=10.0)
        self._topics = {
            "evaluation-complete": settings.complete_topic,
            "processing-failed": settings.failed_topic,
        }
        self._clock = clock

    def evaluation_complete(self, evaluation: Evaluation) -> None:
        self._tell("evaluation-complete", evaluation)

    def processing_failed(self, evaluation: Evaluation) -> None:
        self._tell("processing-failed", evaluation)

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

    def _tell(self, topic: str, evaluation: Evaluation) -> None:
        self._publish(
            topic,
            {
                "eventId": f"{evaluation.evaluation_id}:{topic}",
                "topic": topic,
                "evaluationId": evaluation.evaluation_id,
                "dishId": evaluation.dish_id,
                "status": evaluation.status,
                "overallScore": evaluation.overall_score,
                "at": self._clock.now().isoformat(),
            },
        )

    def _publish(self, topic: str, event: dict[str, Any]) -> None:
        with telling_aws(f"tell {topic} of evaluation {event['evaluationId']}"):
            self._client.publish(
                TopicArn=self._topics[topic],
                Message=json.dumps(event, ensure_ascii=False),
                MessageAttributes={"topic": {"DataType": "String", "StringValue": topic}},
            )
