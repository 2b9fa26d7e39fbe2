"""The flow ``roll_out_model``: each hour a challenger is given more of the evaluations, or sent back.

10 percent, 50, 100, as the policy says; on errors or a fall of confidence back to the champion at once.
"""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.settings import load_settings
from bharatchef.vocabulary import Record
from tasks.retraining_rollout import move_on
from tasks.runtime import allow_stages, ports_here


class RolloutRequest(BaseModel):
    """Which package's roll-out goes on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str = Field(default="slowfast", description="The model package whose challenger is rolled out")


class RolloutSummary(Record):
    """Where a roll-out stands, and why."""

    package: str
    status: str
    percent: int
    why: str


@flow(name="roll-out-model", persist_result=False, validate_parameters=True)
def roll_out_model(request: RolloutRequest | None = None) -> RolloutSummary:
    """Look at what champion and challenger did since the last step, and move the share or take it back.

    Raises:
        StoreError: the roll-out could not be read or kept; the share stays as it is.
    """
    asked = request or RolloutRequest()
    allow_stages()
    rollout, why = move_on(ports_here(), load_settings(), asked.package)
    summary = RolloutSummary(
        package=asked.package,
        status=rollout.status if rollout else "none",
        percent=rollout.percent if rollout else 0,
        why=why,
    )
    if rollout is not None:
        log = get_run_logger()
        (log.error if rollout.status == "rolled_back" else log.info)("%s: %s", rollout.status, why)
        create_table_artifact(
            [{"percent": step.percent, "at": step.at.isoformat(), "why": step.why} for step in rollout.steps],
            key="roll-out",
            description=f"{asked.package}, version {rollout.challenger_version}: {rollout.status}",
        )
    return summary
