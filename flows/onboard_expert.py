"""The flow ``onboard_expert``: an expert's film becomes a proposal for its dish; a person decides on it.

A film goes the way that a trainee's goes, through the same analysers, behind a stricter gate. Nothing here
judges anybody: that begins when a person confirms (``bharatchef dishes confirm``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.experts.gate import check_expert_film, expert_gate
from bharatchef.experts.profile import chunks_of_plate, plate_look
from bharatchef.experts.records import ExpertSeen, PlateLook
from bharatchef.observed import Analyser, ModelIdentity, Prepared, Unavailable
from bharatchef.perception.analysers import Seen
from bharatchef.perception.examples import SeenByExample, filmed_experts
from bharatchef.ports import Ports
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Slug
from flows.by_example import steps_by_example
from flows.stages import StageLog, look_over_film, perceive, prepared_films
from tasks.inspect_film import inspect_film
from tasks.onboarding import (
    ExpertWork,
    asked_so_far,
    can_be_asked_now,
    check_answered,
    expert_work,
    keep_expert,
    models_to_ask,
    propose,
)
from tasks.perceive import answers_of, ask_model
from tasks.recognise import recognise
from tasks.runtime import allow_stages, ports_here, stop_all_stages


class ExpertRequest(BaseModel):
    """Which film of which dish. Keys name objects in the object store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dish_id: Slug = Field(description="Which dish it is")
    film_key: str = Field(description="The film, from the front")
    film_version: str | None = Field(
        default=None, description="Which film it is where its key does not tell: the object's version or etag"
    )
    segments_key: str | None = Field(default=None, description="What was done, marked by a person")
    segments_name: str | None = Field(default=None, description="What the segments file was called")
    segments_fps: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Frame rate of segments that are counted in frames"
    )
    again: bool = Field(
        default=False,
        description="Recognise the steps anew, because the dish changed; no model is asked twice",
    )


@flow(
    name="onboard-expert",
    task_runner=ThreadPoolTaskRunner(max_workers=4),
    persist_result=False,
    validate_parameters=True,
)
def onboard_expert(request: ExpertRequest) -> str:
    """Take in one film of a dish by somebody who can cook it, once.

    Returns:
        The performance's id, after the film's content: the same for the same film.

    Raises:
        BharatChefError: the film cannot be an example, or is of no dish; the message says what to do.
    """
    allow_stages()
    settings = load_settings()
    ports = ports_here()
    try:
        # Which film it is has to be known before it is known whether there is anything to do.
        media = inspect_film.submit(request.film_key, request.film_version).result()
        work = expert_work(
            ports,
            request.dish_id,
            media,
            request.film_key,
            request.segments_key,
            request.segments_name,
            request.segments_fps,
        )
        models = models_to_ask(ports, work.seen)
        if work.is_done and not request.again and not can_be_asked_now(models):
            get_run_logger().info("This film was taken in before, as %s", work.performance_id)
        else:
            _take_in(ports, request, work, models)
        proposal = propose(ports, settings, request.dish_id)
    except BaseException:
        stop_all_stages()
        raise
    create_table_artifact(
        [
            {
                "first": offer.edge.after_step_id,
                "then": offer.edge.step_id,
                "seen": f"{offer.edge.seen} of {offer.edge.performances}",
                "sure": round(offer.edge.probability, 2),
                "state": offer.state,
            }
            for offer in proposal.edges
        ]
        or [{"first": "", "then": "", "seen": proposal.suggestion.note, "sure": 0.0, "state": ""}],
        key="expert-proposal",
        description=f"What {len(proposal.experts)} experts of {request.dish_id} propose",
    )
    return work.performance_id


def _take_in(
    ports: Ports,
    request: ExpertRequest,
    work: ExpertWork,
    models: Mapping[Analyser, ModelIdentity | Unavailable],
) -> None:
    log = StageLog()
    (prepared,) = prepared_films(ports, [(request.film_key, request.film_version)], log)
    gate = expert_gate()
    check_expert_film(prepared.media, prepared.quality, gate)
    look_over_film(ports, prepared, log)
    with log.stage("perceive"):
        answered = perceive(prepared, models, work.dish, log)
    found: dict[Analyser, Seen] = {
        analyser: answered[analyser] if work.seen is None or analyser in answered else work.seen.of(analyser)
        for analyser in Analyser
    }
    check_answered(models, answered)
    plate_model = ports.models.identify(Analyser.PLATE)
    seen = ExpertSeen.model_validate(
        {
            "media_sha256": prepared.media.sha256,
            "asked": asked_so_far(work.seen, models),
            **{analyser.value: found[analyser] for analyser in Analyser},
            "plate_look": _plate_look(work, plate_model, prepared, found[Analyser.PLATE]),
        }
    )
    example = _by_example(ports, work, plate_model, prepared, found)
    with log.stage("recognise"):
        performance = recognise(work.dish, work.given, prepared.media, found, example)
    with log.stage("publish"):
        keep_expert(ports, work, request.film_key, prepared, performance, seen, gate)


def _plate_look(
    work: ExpertWork, model: ModelIdentity | Unavailable, prepared: Prepared, plate: object
) -> PlateLook | Unavailable:
    if work.seen is not None and isinstance(work.seen.plate_look, PlateLook):
        return work.seen.plate_look
    if isinstance(model, Unavailable):
        return model
    chunks = chunks_of_plate(prepared.action_chunks, plate)
    return plate_look(model, plate, chunks, answers_of(model, [ask_model.submit(model, c) for c in chunks]))


def _by_example(
    ports: Ports,
    work: ExpertWork,
    model: ModelIdentity | Unavailable,
    prepared: Prepared,
    found: Mapping[Analyser, Seen],
) -> SeenByExample | Unavailable | None:
    """The steps by likeness to the dish's other experts, where no person and no action model says them."""
    if work.given is not None or not isinstance(found[Analyser.ACTIONS], Unavailable):
        return None
    others = [e for e in filmed_experts(work.dish) if e.performance_id != work.performance_id]
    return steps_by_example(ports, model, others, work.dish, prepared)
