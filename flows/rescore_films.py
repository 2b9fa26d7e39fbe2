"""The flow ``rescore_films``: earlier films are answered anew by the champion, in bulk, and scored again.

The originals are kept; each of the two names the other, and together they are one attempt.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bharatchef.errors import BharatChefError
from bharatchef.observed import Chunk, ModelIdentity
from bharatchef.perception.analysers import pieces_of
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Record
from flows.evaluate_video import EvaluationRequest, evaluate_video
from flows.stages import StageLog, prepared_films
from tasks.rescoring import (
    answer_in_bulk,
    answering_champion,
    chosen_films,
    link_to_rescored,
    request_of,
)
from tasks.retraining import champion_of
from tasks.reviewing import result_of
from tasks.runtime import Stopped, allow_stages, ports_here


class RescoreRequest(BaseModel):
    """Which films the champion of a package answers anew."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    package: str = Field(default="slowfast", description="The model package whose champion answers")
    since: AwareDatetime | None = Field(default=None, description="Films first evaluated from then on")
    until: AwareDatetime | None = Field(default=None, description="Films first evaluated before that")
    user_id: str = Field(default="", description="Only films of this person")
    dish_id: str = Field(default="", description="Only films of this dish")


class RescoreSummary(Record):
    """What came of it: ``rescored`` and ``failed`` are the ids of the originals."""

    package: str
    champion_version: int
    answered_in_bulk: int
    rescored: tuple[str, ...]
    failed: tuple[str, ...]


@flow(
    name="rescore-films",
    persist_result=False,
    validate_parameters=True,
    task_runner=ThreadPoolTaskRunner(max_workers=2),
)
def rescore_films(request: RescoreRequest | None = None) -> RescoreSummary:
    """Let the champion answer earlier films anew and score them again; the same again does what is left.

    Raises:
        ConfigurationError: the champion is not what answers.
        InputError: a challenger is on trial.
        EndpointError: the bulk could not be asked.
    """
    asked = request or RescoreRequest()
    allow_stages()
    ports, settings = ports_here(), load_settings()
    champion = champion_of(ports, settings, asked.package)
    model = answering_champion(ports, champion)
    chosen = chosen_films(ports, model, asked.since, asked.until, asked.user_id, asked.dish_id)
    pieces, failed = _pieces(ports, model, chosen)
    answered = answer_in_bulk(ports, settings, champion, model, pieces) if pieces else 0
    rows: list[dict[str, object]] = []
    for original in chosen:
        if original.evaluation_id in failed:
            continue
        try:
            rows.append(_rescored(ports, original, model))
        except Stopped:
            raise
        except BharatChefError as error:
            failed[original.evaluation_id] = str(error)
    log = get_run_logger()
    for evaluation_id, why in failed.items():
        log.warning("%s could not be scored again: %s", evaluation_id, why)
    log.info("%d films scored again, %d could not be; %d answers in bulk", len(rows), len(failed), answered)
    create_table_artifact(rows, key="rescored", description=f"{asked.package}, version {champion.version}")
    return RescoreSummary(
        package=asked.package,
        champion_version=champion.version,
        answered_in_bulk=answered,
        rescored=tuple(str(row["evaluation"]) for row in rows),
        failed=tuple(failed),
    )


def _pieces(
    ports: Ports, model: ModelIdentity, chosen: Sequence[Evaluation]
) -> tuple[list[Chunk], dict[str, str]]:
    """The pieces of all films that the model looks at, and why there are none of some."""
    pieces: list[Chunk] = []
    failed: dict[str, str] = {}
    for original in chosen:
        assert original.trainee_video_s3_key is not None
        try:
            (prepared,) = prepared_films(ports, [(original.trainee_video_s3_key, None)], StageLog())
        except Stopped:
            raise
        except BharatChefError as error:
            failed[original.evaluation_id] = str(error)
            continue
        if prepared.media.sha256 not in result_of(ports, original).provenance.media_sha256.values():
            failed[original.evaluation_id] = "Another film lies under its key since; it was never evaluated."
            continue
        pieces += [piece for piece in pieces_of(model.analyser, prepared) if isinstance(piece, Chunk)]
    return pieces, failed


def _rescored(ports: Ports, original: Evaluation, model: ModelIdentity) -> dict[str, object]:
    evaluation_id = evaluate_video(EvaluationRequest.model_validate(request_of(original)))
    found = ports.evaluations.get(evaluation_id)
    assert found is not None
    link_to_rescored(ports, original, found, model)
    return {
        "evaluation": original.evaluation_id,
        "again": evaluation_id,
        "before": original.overall_score,
        "now": found.overall_score,
    }
