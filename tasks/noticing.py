"""Tells people of their films in their own words and language; knows nothing of Prefect, nor of who listens.

An announcement is made at least once. What is noted when it was made is what it is known by not to make it
again: of an ended evaluation its record, of an upload a small object that names nobody.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable

from bharatchef.coaching.languages import Speaker
from bharatchef.errors import BharatChefError, InputError
from bharatchef.notices import (
    ConfirmedUpload,
    Kind,
    Notice,
    complete_notice,
    failed_notice,
    upload_notice,
)
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.vocabulary import Language, Status

_log = logging.getLogger(__name__)


def told_upload_key(upload_id: str) -> str:
    """Where it is noted that an upload was confirmed."""
    return f"notices/uploads/{hashlib.sha256(upload_id.encode()).hexdigest()}.json"


def confirm_upload(ports: Ports, upload: ConfirmedUpload, language: Language) -> bool:
    """Tell a person that their film has arrived, unless that was told before; whether it was told now.

    A crash between telling and noting it tells it twice, never not at all.

    Raises:
        BharatChefError: it could not be told, or whether it was could not be looked up; ask again.
    """
    key = told_upload_key(upload.upload_id)
    if ports.objects.exists(key):
        return False
    notice = _in_words(lambda: upload_notice(_dish_name(ports, upload.dish_id, language), language))
    ports.notifier.upload_confirmed(upload, notice)
    noted = {"at": ports.clock.now().isoformat()}
    ports.objects.put_bytes(key, json.dumps(noted).encode(), "application/json")
    return True


def tell_of_end(ports: Ports, evaluation: Evaluation, again: str = "") -> bool:
    """Tell a person that their evaluation is complete or failed, and note it; whether it was told.

    Where an evaluation of the same attempt with its side film has taken its place, that one is told of alone.
    An earlier film that a newer model has scored again is nobody's news; its report says so.

    Args:
        again: where it is sent once more on purpose: what makes this time's event another one.
    """
    kind = kind_of(evaluation)
    if not again and (_is_model_rescore(evaluation) or _is_superseded(ports, evaluation)):
        ports.evaluations.announced(evaluation.evaluation_id)
        return True
    notice = notice_of(ports, evaluation)
    if notice is not None and again:
        notice = notice.model_copy(update={"again": again})
    try:
        if kind == "evaluation-complete":
            ports.notifier.evaluation_complete(evaluation, notice)
        else:
            ports.notifier.processing_failed(evaluation, notice)
        ports.evaluations.announced(evaluation.evaluation_id)
    except BharatChefError as error:
        _log.warning(
            "Evaluation %s has ended but could not be announced: %s", evaluation.evaluation_id, error
        )
        return False
    return True


def _is_model_rescore(evaluation: Evaluation) -> bool:
    """Whether it scores a film again with nothing said by a person: a correction comes with its segments."""
    return evaluation.rescore_of is not None and evaluation.segments_s3_key is None


def _is_superseded(ports: Ports, evaluation: Evaluation) -> bool:
    """Whether a later evaluation is of the same front film and its side film, which this one lacked."""
    film = evaluation.trainee_video_s3_key
    if film is None or evaluation.side_video_s3_key is not None:
        return False
    return any(
        later.trainee_video_s3_key == film
        and later.side_video_s3_key is not None
        and later.status is not Status.FAILED
        for later in ports.evaluations.history(evaluation.user_id, evaluation.dish_id, evaluation.created_at)
    )


def kind_of(evaluation: Evaluation) -> Kind:
    """Which message an evaluation that ended asks for.

    Raises:
        InputError: it has not ended.
    """
    if evaluation.status is Status.PROCESSING:
        raise InputError(
            f"Evaluation {evaluation.evaluation_id} is still PROCESSING: there is nothing to tell yet.",
            "Wait for its end; the sweep ends what nobody works on.",
        )
    return "evaluation-complete" if evaluation.status is Status.COMPLETED else "processing-failed"


def notice_of(ports: Ports, evaluation: Evaluation) -> Notice | None:
    """The words for the end of an evaluation; ``None`` where they cannot be made: the bare event is told."""

    def worded() -> Notice:
        dish = _dish_name(ports, evaluation.dish_id, evaluation.language)
        if kind_of(evaluation) == "processing-failed":
            return failed_notice(evaluation, dish)
        return complete_notice(evaluation, ports.evaluations.feedback(evaluation.evaluation_id), dish)

    return _in_words(worded)


def _in_words(make: Callable[[], Notice]) -> Notice | None:
    try:
        return make()
    except BharatChefError as error:
        _log.warning("An announcement is made without words: %s", type(error).__name__)
        return None


def _dish_name(ports: Ports, dish_id: str, language: Language) -> str:
    try:
        return Speaker(ports.dishes.get(dish_id), language).dish_name()
    except InputError:
        # The dish may be gone since; the film was of it all the same.
        return dish_id.replace("-", " ")
