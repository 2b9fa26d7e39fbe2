"""What must hold of a result before any store takes it; knows no store."""

from __future__ import annotations

import hashlib

from bharatchef.errors import StoreError
from bharatchef.records import Evaluation, Feedback
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Record, Status


def check_whole(result: EvaluationResult) -> None:
    """Return where all parts of a result are of one finished evaluation.

    Raises:
        StoreError: it is not COMPLETED, or a part belongs to another evaluation or dish.
    """
    evaluation = result.evaluation
    if evaluation.status != Status.COMPLETED:
        raise StoreError(f"Expected a COMPLETED evaluation to complete, got {evaluation.status}.")
    for part in (result.action_sequence, result.feedback):
        if part.evaluation_id != evaluation.evaluation_id:
            raise StoreError(
                f"Expected all parts of the result to belong to {evaluation.evaluation_id}; "
                f"its {type(part).__name__} belongs to {part.evaluation_id}."
            )
    if result.dish.dish_id != evaluation.dish_id:
        raise StoreError(
            f"Expected the result to be of dish {evaluation.dish_id}, got {result.dish.dish_id}."
        )


def check_same_work(claimed: Evaluation, finished: Evaluation) -> None:
    """Return where a finished evaluation is the one that was claimed.

    Raises:
        StoreError: its person, dish, work or beginning is another.
    """
    for name in ("user_id", "dish_id", "work_key", "created_at"):
        if getattr(claimed, name) != getattr(finished, name):
            raise StoreError(
                f"Expected the result of {finished.evaluation_id} to keep the {name} it was "
                f"claimed with, {getattr(claimed, name)!r}; got {getattr(finished, name)!r}."
            )


def check_same_evaluation(old: Feedback, new: Feedback) -> None:
    """Return where new feedback is of the evaluation that the old one is of.

    Raises:
        StoreError: it is of another one.
    """
    if old.evaluation_id != new.evaluation_id:
        raise StoreError(
            f"Expected feedback of {old.evaluation_id} in the place of its own, got {new.evaluation_id}'s."
        )


def digest_of(record: Record) -> str:
    """The sha256 of a record as it is stored: the same of the same record, however it was read."""
    return hashlib.sha256(record.to_json().encode()).hexdigest()
