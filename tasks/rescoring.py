"""Earlier films under a newer model: which they are, its answers to them in bulk, and what links the results.

The films are evaluated by the flow that evaluates any film; it finds the answers that were asked for here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from adapters.retraining import bulk_of
from bharatchef.errors import ConfigurationError, EndpointError, InputError
from bharatchef.observed import Analyser, Chunk, ModelIdentity
from bharatchef.perception.answers import check_answer
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.retraining.records import ModelVersion
from bharatchef.retraining.rescoring import answer_key, newest_of_each_film
from bharatchef.settings import Settings
from bharatchef.vocabulary import Status
from tasks.retraining import running_rollout
from tasks.reviewing import link_rescored, result_of
from tasks.runtime import check_stop, report_progress

_LOOK_S = 1.0


def answering_champion(ports: Ports, champion: ModelVersion) -> ModelIdentity:
    """The champion as it answers now.

    Raises:
        InputError: it is on trial beside a challenger.
        ConfigurationError: another model answers, or none.
    """
    trial = running_rollout(ports.objects, champion.package)
    if trial is not None:
        raise InputError(
            f"Version {trial.challenger_version} of {champion.package} is being rolled out: which model would"
            " answer is open.",
            "Wait for its end, or end it: bharatchef models roll-back.",
        )
    found = ports.models.identify(Analyser(champion.analyser))
    if not isinstance(found, ModelIdentity):
        raise ConfigurationError(f"Expected the champion to answer. {found.reason}", found.remedy)
    if found.weights_sha256 != champion.weights_sha256:
        raise ConfigurationError(
            f"Expected version {champion.version} of {champion.package} ({champion.weights_sha256[:12]}) to"
            f" answer; {found.name} {found.version} ({found.weights_sha256[:12]}) does.",
            "`bharatchef models champion` names the versions; a host reads its package when it starts.",
        )
    return found


@task(name="choose films", cache_policy=NO_CACHE, persist_result=False)
def chosen_films(
    ports: Ports,
    model: ModelIdentity,
    since: datetime | None,
    until: datetime | None,
    user_id: str = "",
    dish_id: str = "",
) -> tuple[Evaluation, ...]:
    """The newest evaluation of each film that ``model`` has not answered for and that is still there."""
    found = ports.evaluations.history(user_id) if user_id else ports.evaluations.find("")
    asked = [one for one in found if not dish_id or one.dish_id == dish_id]
    chosen = []
    for one in newest_of_each_film(asked, since, until):
        check_stop()
        assert one.trainee_video_s3_key is not None
        if _answered_for(ports, one, model):
            _finish_link(ports, one, asked, model)
        elif ports.objects.exists(one.trainee_video_s3_key):
            chosen.append(one)
    return tuple(chosen)


@task(name="answer in bulk", cache_policy=NO_CACHE, persist_result=False)
def answer_in_bulk(
    ports: Ports,
    settings: Settings,
    champion: ModelVersion,
    model: ModelIdentity,
    pieces: Sequence[Chunk],
) -> int:
    """Ask the champion about all pieces that it has not answered yet, and keep each answer; how many it gave.

    Raises:
        EndpointError: none could be asked.
    """
    # Two films may begin with the same minute: it is asked about once, and kept with each.
    wanted: dict[str, list[Chunk]] = {}
    for piece in pieces:
        if not ports.objects.exists(answer_key(model, piece)):
            wanted.setdefault(piece.sha256, []).append(piece)
    bulk = bulk_of(settings, ports.objects, ports.models, _patiently)
    kept = 0
    for sha256, body in bulk.answers(champion, {sha: same[0].key for sha, same in wanted.items()}):
        try:
            check_answer(model.analyser, json.loads(body), wanted[sha256][0])
        except (ValueError, EndpointError):
            continue  # the evaluation asks again, and says what is wrong
        for piece in wanted[sha256]:
            ports.objects.put_bytes(answer_key(model, piece), body, "application/json")
        kept += 1
        report_progress("answering in bulk", kept, len(wanted))
    return kept


def request_of(evaluation: Evaluation) -> dict[str, Any]:
    """What the flow evaluate-video is asked for, to score an evaluation's film again."""
    front, side = evaluation.trainee_video_s3_key, evaluation.side_video_s3_key
    assert front is not None
    return {
        "dish_id": evaluation.dish_id,
        "user_id": evaluation.user_id,
        "film_key": front,
        "film_name": front.rsplit("/", 1)[-1],
        "side_key": side,
        "side_name": side.rsplit("/", 1)[-1] if side else None,
        "language": str(evaluation.language),
        "rescore_of": evaluation.rescore_of or evaluation.evaluation_id,
    }


def link_to_rescored(ports: Ports, original: Evaluation, rescored: Evaluation, model: ModelIdentity) -> None:
    """Say in both trails, and in both reports, that one is the other under this model."""
    link_rescored(ports, original, rescored, "policy", f"answered anew by {model.name} {model.version}")


def _answered_for(ports: Ports, evaluation: Evaluation, model: ModelIdentity) -> bool:
    models = result_of(ports, evaluation).provenance.models
    return any(model.weights_sha256 == one.weights_sha256 for one in models)


def _finish_link(
    ports: Ports, newest: Evaluation, evaluations: Iterable[Evaluation], model: ModelIdentity
) -> None:
    """Link what a run had scored again that was killed before it could say so."""
    if newest.rescore_of is None:
        return
    earlier = [
        one
        for one in evaluations
        if (one.user_id, one.dish_id, one.attempt) == (newest.user_id, newest.dish_id, newest.attempt)
        and one.status is Status.COMPLETED
        and one.created_at < newest.created_at
    ]
    if earlier:
        link_to_rescored(ports, max(earlier, key=lambda one: one.created_at), newest, model)


def _patiently(seconds: float) -> None:
    """Wait, and end at once where the process was asked to stop."""
    until = time.monotonic() + seconds
    while (left_s := until - time.monotonic()) > 0:
        check_stop()
        time.sleep(min(_LOOK_S, left_s))
    check_stop()
