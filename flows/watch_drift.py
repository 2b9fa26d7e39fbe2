"""The flow ``watch_drift``: each day, whether what the champion sees is still what it was measured on.

A confidence below 60 percent, or another mix of classes, is told, and calls for a retraining.
"""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.retraining.drift import Drift
from bharatchef.settings import load_settings
from flows.retrain_models import RetrainRequest, retrain_models
from tasks.retraining_drift import drift_now
from tasks.runtime import allow_stages, ports_here


class DriftRequest(BaseModel):
    """Which package is looked at, and what follows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str = Field(default="slowfast", description="The model package whose answers are looked at")
    retrain: bool = Field(default=True, description="Begin a retraining where drift calls for one")


@flow(name="watch-drift", persist_result=False, validate_parameters=True)
def watch_drift(request: DriftRequest | None = None) -> Drift | None:
    """Measure drift over the policy's days, keep it under ``drift/``, and retrain where it calls for that.

    Raises:
        StoreError: results could not be read.
    """
    asked = request or DriftRequest()
    allow_stages()
    found = drift_now(ports_here(), load_settings(), asked.package)
    log = get_run_logger()
    if found is None:
        log.info("The champion was never measured on a frozen test: there is nothing to compare with.")
        return None
    for alert in found.alerts:
        log.error("%s", alert)
    create_markdown_artifact(_words(found), key="drift", description=f"{found.package}, {found.day}")
    if found.retrain and asked.retrain:
        retrain_models(RetrainRequest(package=asked.package))
    return found


def _words(found: Drift) -> str:
    confidence = "not known" if found.confidence is None else f"{found.confidence:.1%}"
    apart = "not known" if found.class_distance is None else f"{found.class_distance:.2f}"
    return "\n".join(
        [
            *(f"- **{alert}**" for alert in found.alerts),
            f"- {found.evaluations} evaluations; mean confidence {confidence}"
            f" (on the test {found.reference_confidence:.1%})",
            f"- distance of the mix of classes: {apart}",
            *([f"- {found.note}"] if found.note else []),
        ]
    )
