"""The flow ``sweep_evaluations``: records and runs are brought to agree, so that nothing stays half-done.

A worker that is killed runs no hook: its run says RUNNING and its record PROCESSING for ever. What is stuck
is started again once, as the same run under the same evaluation; after that, or after its deadline, it is
FAILED with its reason. Interrupted anywhere, the next sweep goes on.
"""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.settings import load_settings
from bharatchef.vocabulary import Record
from tasks.runtime import allow_stages, ports_here
from tasks.sweeping import reconcile


class SweepRequest(BaseModel):
    """How far back to look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    look_back_hours: float = Field(
        default=48.0, gt=0, le=24 * 14, description="How old a run may be to be looked at, hours"
    )


class SweepSummary(Record):
    """What a sweep did, counted."""

    looked_at: int
    started_again: int
    failed: int
    cancelled: int
    put_back: int
    announced: int


@flow(name="sweep-evaluations", persist_result=False, validate_parameters=True)
def sweep_evaluations(request: SweepRequest | None = None) -> SweepSummary:
    """Start again, once, what dead workers left; make the rest FAILED; tell of what nobody was told of.

    Wordings whose worker died twice go back to their queue.

    Raises:
        StoreError: records could not be read or written; the next sweep does what is left.
    """
    asked = request or SweepRequest()
    allow_stages()
    looked_at, steps, announced = reconcile(ports_here(), load_settings(), asked.look_back_hours)
    for step in steps:
        get_run_logger().warning("%s: %s (%s)", step.what, step.of, step.why)
    if steps:
        create_table_artifact(
            [{"what": step.what, "of": step.of, "why": step.why} for step in steps],
            key="swept",
            description="What was found lying, and what became of it",
        )
    kinds = [step.what for step in steps]
    return SweepSummary(
        looked_at=looked_at,
        started_again=kinds.count("started again"),
        failed=kinds.count("failed"),
        cancelled=kinds.count("cancelled"),
        put_back=kinds.count("put off") + kinds.count("left to a person"),
        announced=announced,
    )
