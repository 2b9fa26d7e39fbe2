"""Wording feedback later: what is put off when no model could word it, and what is done when its time comes.

Plain functions over the ports; knows nothing of Prefect. **What is put off is said before the evaluation is
complete**, so that a crash in between loses no wording; said twice it is done once. Words are replaced in the
record first, under a condition, then in the published objects: interrupted there, the next call ends it.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import Literal

from bharatchef.coaching.later import is_last_in_a_row, wait_s, waits_for_a_model
from bharatchef.coaching.wording import ChatUsage
from bharatchef.cost import Ledger, cost_note, load_prices
from bharatchef.errors import BharatChefError
from bharatchef.ports import Ports
from bharatchef.records import Evaluation, Feedback
from bharatchef.report import render_html, stills_to_show
from bharatchef.results import CostReport, EvaluationResult
from bharatchef.review.standing import standing
from bharatchef.review.trail import entries
from bharatchef.settings import Settings
from bharatchef.vocabulary import Status
from tasks.coach_performance import words_on
from tasks.publishing import result_key

_log = logging.getLogger(__name__)
_DOCUMENTS = {"report.html": "text/html; charset=utf-8", "result.json": "application/json"}


@dataclass(frozen=True)
class Rewording:
    """What became of a wish to word feedback once more, and why."""

    outcome: Literal["worded", "put off", "left to a person", "nothing to do"]
    why: str


def put_off_wording(ports: Ports, feedback: Feedback) -> str:
    """Put the wording off where it waits for a model and work can be put off.

    Returns:
        What was done, for the operator; empty where nothing was to be.
    """
    if ports.later is None or not waits_for_a_model(feedback.wording):
        return ""
    try:
        ports.later.reword(feedback.evaluation_id, 1, wait_s(1))
    except BharatChefError as error:
        # The rules' words are whole in themselves: no evaluation fails for this.
        _log.warning("The wording of %s could not be put off: %s", feedback.evaluation_id, error)
        return "it could not be put off: run reword-coaching by hand"
    return "it is put off, and worded once a model answers"


def reword(ports: Ports, settings: Settings, evaluation_id: str, attempt: int) -> Rewording:
    """Word the feedback of a complete evaluation by a model, where the rules' words stand for want of one.

    Mistakes, their order and their moments stay. The result and report before are kept under ``earlier/``.
    Nobody is told a second time.

    Args:
        attempt: the so-manieth, from 1.

    Raises:
        StoreError: something could not be read or kept; repeated, it goes on where it stopped.
        EndpointError: it could not be put off again; repeat it.
    """
    evaluation = ports.evaluations.get(evaluation_id)
    if evaluation is None:
        return Rewording("nothing to do", "the evaluation is gone")
    if evaluation.status is Status.FAILED:
        return Rewording("nothing to do", "the evaluation has failed")
    feedback = ports.evaluations.feedback(evaluation_id)
    if feedback is None or evaluation.result_s3_key is None:
        return again_later(ports, evaluation_id, attempt, "the evaluation is not complete yet")
    result = EvaluationResult.model_validate_json(ports.objects.get_bytes(evaluation.result_s3_key))
    if not waits_for_a_model(feedback.wording):
        _publish_words(ports, settings, result, feedback, ())
        return Rewording("nothing to do", f"it is worded by {feedback.worded_by}")
    stills = result.stills
    given = (evaluation, result.dish, result.performance, result.judgement, result.scorecard, stills)
    said = words_on(ports, settings, *given, said=feedback)
    if waits_for_a_model(said.feedback.wording):
        return again_later(ports, evaluation_id, attempt, said.feedback.wording.reason)
    if not ports.evaluations.replace_feedback(feedback, said.feedback):
        return Rewording("nothing to do", "another worker was faster, or the evaluation was deleted")
    _publish_words(ports, settings, result, said.feedback, said.usage)
    return Rewording("worded", f"by {said.feedback.worded_by}")


def again_later(ports: Ports, evaluation_id: str, attempt: int, why: str) -> Rewording:
    """Put the wish off to its next attempt; after the last one in a row, or without a queue, a person looks.

    Raises:
        EndpointError: it could not be put off.
    """
    if ports.later is None:
        return Rewording("left to a person", f"{why}; run it again once a model answers")
    if is_last_in_a_row(attempt):
        ports.later.leave_unworded(evaluation_id, attempt + 1, f"Not worded in {attempt} attempts: {why}")
        return Rewording("left to a person", why)
    ports.later.reword(evaluation_id, attempt + 1, wait_s(attempt + 1))
    return Rewording("put off", why)


def _publish_words(
    ports: Ports,
    settings: Settings,
    result: EvaluationResult,
    feedback: Feedback,
    usage: tuple[ChatUsage, ...],
) -> None:
    """Bring the published result and report to say what the record says; the ones before are kept."""
    if result.feedback == feedback:
        return
    evaluation = result.evaluation
    reworded = result.model_copy(
        update={
            "feedback": feedback,
            "cost": _with_usage(result.cost, usage, settings),
            "provenance": result.provenance.model_copy(
                update={"prompt_version": feedback.prompt_version, "prompt_sha256": feedback.prompt_sha256}
            ),
            "published_at": ports.clock.now(),
        }
    )
    pictures = {still.key: ports.objects.get_bytes(still.key) for still in stills_to_show(reworded)}
    now = standing(entries(ports.objects, evaluation.evaluation_id))
    texts = {"report.html": render_html(reworded, pictures, now), "result.json": reworded.to_json()}
    before = {name: ports.objects.get_bytes(_key(evaluation, name)) for name in _DOCUMENTS}
    # By what it holds: written again after a crash, it is the same object.
    folder = f"earlier/{hashlib.sha256(before['result.json']).hexdigest()[:16]}"
    for name, content_type in _DOCUMENTS.items():
        ports.objects.put_bytes(_key(evaluation, f"{folder}/{name}"), before[name], content_type)
    # The result last: it says whether the report is new too.
    for name, content_type in _DOCUMENTS.items():
        ports.objects.put_bytes(_key(evaluation, name), texts[name].encode(), content_type)
    if ports.evaluations.get(evaluation.evaluation_id) is None:
        # Deleted while it was being worded: nothing of it may stay behind.
        for key in list(ports.objects.list_keys(result_key(evaluation.evaluation_id))):
            ports.objects.delete(key)


def _key(evaluation: Evaluation, name: str) -> str:
    return result_key(evaluation.evaluation_id, name)


def _with_usage(cost: CostReport, usage: tuple[ChatUsage, ...], settings: Settings) -> CostReport:
    """What the evaluation cost with what its wording used; earlier entries keep the prices of their time."""
    if not usage:
        return cost
    ledger = Ledger(load_prices())
    for used in usage:
        ledger.add("reword", used.facts.input_price_id, used.input_tokens, "input-token")
        ledger.add("reword", used.facts.output_price_id, used.output_tokens, "output-token")
    more = ledger.report(note=cost_note(settings.ports, chat=True))
    return more.model_copy(
        update={"entries": (*cost.entries, *more.entries), "total_inr": cost.total_inr + more.total_inr}
    )
