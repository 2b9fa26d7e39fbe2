"""The flow ``notify``: a person is told of an evaluation again, or of all that nobody was told of yet.

Evaluations announce their own end; this is for a message that was lost on its way to a person, and for what
a worker that died still owed. What it sends again bears an event of its own: nobody drops it as known.
"""

from __future__ import annotations

from typing import Literal

from prefect import flow, get_run_logger
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.errors import InputError, StoreError
from bharatchef.vocabulary import Record
from tasks.noticing import kind_of, tell_of_end
from tasks.publishing import announce_pending
from tasks.runtime import allow_stages, ports_here


class NotifyRequest(BaseModel):
    """Whom to tell what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    evaluation_id: str | None = Field(
        default=None, description="Which evaluation is told of; without it all that nobody was told of"
    )
    message: Literal["whatever-is-due", "evaluation-complete", "processing-failed"] = Field(
        default="whatever-is-due", description="Which message it is to be; refused where another one is due"
    )
    again: bool = Field(default=False, description="Send it also where it was sent before")


class NotifySummary(Record):
    """How many messages went out, and how many could not; those stay owed."""

    told: int
    owed: int


@flow(name="notify", persist_result=False, validate_parameters=True)
def notify(request: NotifyRequest | None = None) -> NotifySummary:
    """Tell of one evaluation, or of all that are owed.

    Raises:
        InputError: there is no such evaluation, it has not ended, or another message is due.
        StoreError: the one message that was asked for could not be sent; it stays owed.
    """
    asked = request or NotifyRequest()
    allow_stages()
    ports = ports_here()
    if asked.evaluation_id is None:
        if asked.again or asked.message != "whatever-is-due":
            raise InputError(
                "Expected an evaluation_id with `again` or a message: not all are told everything again.",
                "Give evaluation_id, or nothing at all.",
            )
        told = len(announce_pending(ports))
        return NotifySummary(told=told, owed=len(ports.evaluations.unannounced()))
    evaluation = ports.evaluations.get(asked.evaluation_id)
    if evaluation is None:
        raise InputError(
            f"Expected the id of an evaluation, got {asked.evaluation_id[:100]!r}.",
            "`bharatchef history` lists them.",
        )
    due = kind_of(evaluation)
    if asked.message not in ("whatever-is-due", due):
        raise InputError(
            f"Evaluation {evaluation.evaluation_id} is {evaluation.status}: {due} is due,"
            f" not {asked.message}.",
            "Leave the message out.",
        )
    owed = {one.evaluation_id for one in ports.evaluations.unannounced()}
    if evaluation.evaluation_id not in owed and not asked.again:
        get_run_logger().info("Evaluation %s was announced before: nothing is sent", evaluation.evaluation_id)
        return NotifySummary(told=0, owed=len(owed))
    again = "" if evaluation.evaluation_id in owed else f"{ports.clock.now():%Y%m%dT%H%M%S}"
    if not tell_of_end(ports, evaluation, again):
        raise StoreError(
            f"Nobody could be told of evaluation {evaluation.evaluation_id}; the log says why.",
            "Once that is mended, run this flow again.",
        )
    return NotifySummary(told=1, owed=len(owed - {evaluation.evaluation_id}))
