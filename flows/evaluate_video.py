"""The flow ``evaluate_video``: from a film (or segments) to a published, coached evaluation.

One stage after another, the analysers side by side; every future is resolved. What a stage does is the
task's business, what it finds is the domain's: this file knows only their order.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Annotated, Literal

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.consent import check_may_evaluate
from bharatchef.errors import BharatChefError, InputError, LeaseLost, WorkInProgress, was_interrupted
from bharatchef.ports import Claim, Ports
from bharatchef.pseudonyms import pseudonym, pseudonym_key
from bharatchef.records import Evaluation
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Slug, Status, UserId
from flows.stages import StageLog, Work, evaluate_claimed
from tasks.claim import claim_work, lease_held, new_owner
from tasks.planning import plan_work
from tasks.publishing import record_failure
from tasks.runtime import Stopped, allow_stages, ports_here, report_progress, stop_all_stages


class EvaluationRequest(BaseModel):
    """What to evaluate. Keys name objects in the object store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dish_id: Slug = Field(description="Which dish it is")
    user_id: UserId = Field(default="me", description="Whose attempt it is")
    film_key: str | None = Field(default=None, description="The film, from the front")
    film_name: str | None = Field(default=None, description="What the film was called")
    film_version: str | None = Field(
        default=None, description="Which film it is where its key does not tell: the object's version or etag"
    )
    side_key: str | None = Field(default=None, description="A second film, from the side")
    side_version: str | None = Field(
        default=None, description="Which side film it is where its key does not tell"
    )
    side_name: str | None = Field(default=None, description="What the side film was called")
    segments_key: str | None = Field(default=None, description="What was done, marked by a person")
    segments_name: str | None = Field(default=None, description="What the segments file was called")
    segments_fps: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Frame rate of segments that are counted in frames"
    )
    language: Literal["en", "hi", "ta", "hi-latn"] | None = Field(
        default=None, description="Language of the feedback; without it the person's own, else the default"
    )
    rescore_of: str | None = Field(
        default=None, description="Which evaluation of the same attempt this one scores again"
    )
    force: bool = Field(default=False, description="Evaluate anew, even if it was done before")


def run_name() -> str:
    """What a run is called: the dish, and the person by pseudonym, for names of runs come into every log."""
    request = flow_run.parameters["request"]
    asked = request if isinstance(request, EvaluationRequest) else EvaluationRequest.model_validate(request)
    return f"{asked.dish_id} of {pseudonym(asked.user_id, pseudonym_key(load_settings()))}"


@flow(
    name="evaluate-video",
    flow_run_name=run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=4),
    persist_result=False,
    validate_parameters=True,
)
def evaluate_video(request: EvaluationRequest) -> str:
    """Evaluate one film of a dish, once, and publish the result.

    Returns:
        The evaluation's id: of the one made now, or of the same work done before.

    Raises:
        BharatChefError: it could not be evaluated; the record says FAILED with the same words.
        WorkInProgress: somebody alive is at the same work.
    """
    if request.film_key is None and request.segments_key is None:
        raise InputError("Expected a film or segments, got neither.", "Give at least one of the two.")
    allow_stages()
    settings = load_settings()
    ports = ports_here()
    log = StageLog()
    check_may_evaluate(ports.objects, settings, request.user_id)
    owner = new_owner()
    plan = plan_work(ports, settings, **request.model_dump(exclude={"film_name", "side_name"}))
    begun = plan.evaluation
    try:
        with log.stage("claim"):
            claim = claim_when_free(plan.evaluation, owner, settings.lease_s)
        begun = claim.evaluation
        evaluation_id = begun.evaluation_id
        if claim.outcome == "done":
            get_run_logger().info("The same work was done before, as evaluation %s", evaluation_id)
            return evaluation_id
        work = Work(
            plan,
            claim.evaluation,
            owner,
            request.film_name,
            request.side_name,
            (request.film_version, request.side_version),
        )
        with lease_held(ports.evaluations, evaluation_id, owner, settings.lease_s) as check_lease:
            evaluate_claimed(ports, settings, work, log, check_lease)
    except LeaseLost:
        raise
    except BaseException as error:
        stop_all_stages()
        # Also for Ctrl-C, a cancelled run and SIGTERM: the record must not say PROCESSING for ever.
        give_up(ports, plan.evaluation, owner, reason_of(error), settings.lease_s)
        if ports.traces is not None:
            ports.traces.evaluation(begun, log.times, error)
        raise
    if ports.traces is not None:
        ports.traces.evaluation(begun, log.times)
    return evaluation_id


def give_up(ports: Ports, planned: Evaluation, owner: str, reason: str, lease_s: float) -> None:
    """Record FAILED for what this worker holds of a piece of work, if anything.

    Looked up, because Ctrl-C may come between the claim and the moment that its answer is known: by its own
    id, and among the person's others for work that was taken over under an earlier one.
    """
    store = ports.evaluations
    begun = store.get(planned.evaluation_id)
    earlier = store.history(planned.user_id, planned.dish_id)
    found = {e.evaluation_id: e for e in (*earlier, *([begun] if begun else []))}
    for evaluation in found.values():
        if evaluation.work_key == planned.work_key and evaluation.status is Status.PROCESSING:
            with suppress(LeaseLost):
                record_failure(ports, evaluation.evaluation_id, owner, reason, lease_s)


def claim_when_free(evaluation: Evaluation, owner: str, lease_s: float) -> Claim:
    """The claim of a piece of work; where a worker holds it, wait until its lease ends or it is done.

    Raises:
        WorkInProgress: the holder renewed its lease meanwhile: it is alive.
    """
    claim = claim_work(evaluation, owner, lease_s)
    first_until = claim.until
    while claim.outcome == "held" and claim.until is not None and first_until is not None:
        if claim.until > first_until:
            raise WorkInProgress(
                "The same film is being evaluated right now by another program.",
                "Wait for it; `bharatchef history` shows when it is done.",
            )
        left_s = (claim.until - ports_here().clock.now()).total_seconds()
        report_progress("waiting for a claim to end", max(0.0, lease_s - left_s), lease_s)
        time.sleep(min(1.0, max(0.05, left_s)))
        claim = claim_work(evaluation, owner, lease_s)
    return claim


def reason_of(error: BaseException) -> str:
    """Why an evaluation failed, in words for the person whose film it is."""
    if isinstance(error, Stopped) or was_interrupted(error) or type(error).__name__ == "TerminationSignal":
        return "It was stopped before it was finished. Evaluate it again: it goes on where it stopped."
    if isinstance(error, BharatChefError):
        return str(error)
    return (
        f"Something went wrong that nobody foresaw ({type(error).__name__}). Evaluate it again; if it fails"
        " again, tell whoever runs this system."
    )
