"""The flow ``retrain_models``: corrections teach a challenger, and figures decide whether it is rolled out.

Nothing is promoted without enough new labels, a sure gain, and every class held.
"""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.retraining.card import comparison
from bharatchef.retraining.records import RetrainingRecord
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Record
from tasks.retraining import begun_or_resumed, champion_of, decide, measure, running_rollout, train
from tasks.retraining_labels import gather
from tasks.runtime import allow_stages, ports_here


class RetrainRequest(BaseModel):
    """Which package is trained anew."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str = Field(default="slowfast", description="The model package to train on corrected labels")


class RetrainSummary(Record):
    """What a retraining came to; the whole is under ``retraining/PACKAGE/RUN_ID/record.json``."""

    package: str
    run_id: str
    outcome: str
    reasons: tuple[str, ...]
    missing_labels: int
    champion_version: int | None
    challenger_version: int | None


@flow(name="retrain-models", persist_result=False, validate_parameters=True)
def retrain_models(request: RetrainRequest | None = None) -> RetrainSummary:
    """Train a challenger on corrected labels, measure it beside the champion, and promote or refuse it.

    Raises:
        ConfigurationError: the package cannot be trained on corrections, or none answers.
        EndpointError: training or measuring failed; the same flow goes on from what is done.
        StoreError: labels or films could not be read.
    """
    asked = request or RetrainRequest()
    allow_stages()
    ports, settings = ports_here(), load_settings()
    trial = running_rollout(ports.objects, asked.package)
    if trial is not None:
        why = f"Version {trial.challenger_version} is being rolled out; nothing is trained beside it."
        get_run_logger().warning("%s", why)
        return RetrainSummary(
            package=asked.package,
            run_id="",
            outcome="not_trained",
            reasons=(why,),
            missing_labels=0,
            champion_version=trial.champion_version,
            challenger_version=trial.challenger_version,
        )
    champion = champion_of(ports, settings, asked.package)
    gathered = gather(ports, settings, asked.package, champion)
    record = begun_or_resumed(ports, settings, asked.package, champion, gathered)
    if record.stage != "decided":
        record = train(ports, settings, record, champion, gathered)
        record = measure(ports, settings, record)
        record = decide(ports, settings, record, champion)
    create_markdown_artifact(
        comparison(record), key="retraining", description="Champion and challenger, and what was decided"
    )
    summary = summary_of(record)
    get_run_logger().info("%s: %s", summary.outcome, " ".join(summary.reasons))
    return summary


def summary_of(record: RetrainingRecord) -> RetrainSummary:
    """The few words of a record that a run answers with."""
    assert record.decision is not None
    return RetrainSummary(
        package=record.package,
        run_id=record.run_id,
        outcome=record.decision.outcome,
        reasons=record.decision.reasons,
        missing_labels=record.decision.missing_labels,
        champion_version=record.champion_version,
        challenger_version=record.challenger_version,
    )
