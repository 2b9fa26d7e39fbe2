"""Work that is put off, on the queues that ``bharatchef intake`` serves; knows not what is done about it."""

from __future__ import annotations

import json
from functools import cached_property

from adapters.aws.queues import SqsQueue, sqs_client
from bharatchef.settings import Settings


class SqsLater:
    """The port of work put off on SQS. A queue's address is looked up when it is first needed.

    Args:
        settings: names the queues.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def reword(self, evaluation_id: str, attempt: int, delay_s: int) -> None:
        self._queue(self._settings.ai_coaching_queue).send(
            _rewording(evaluation_id, attempt), delay_s=delay_s
        )

    def leave_unworded(self, evaluation_id: str, attempt: int, reason: str) -> None:
        said = {"reason": reason, "queue": "ai-coaching-queue"}
        self._queue(self._settings.dlq_queue).send(_rewording(evaluation_id, attempt), said)

    def analyse_again(self, evaluation_id: str, model_version: str) -> None:
        body = json.dumps({"evaluationId": evaluation_id, "modelVersion": model_version})
        self._queue(self._settings.cv_analysis_queue).send(body)

    @cached_property
    def _client(self) -> object:
        return sqs_client(self._settings)

    def _queue(self, name: str) -> SqsQueue:
        return SqsQueue(self._client, name, self._settings.queue_visibility_s)


def _rewording(evaluation_id: str, attempt: int) -> str:
    return json.dumps({"evaluationId": evaluation_id, "rewording": attempt})
