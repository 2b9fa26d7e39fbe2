"""What needs a person, and why; knows nothing of where evaluations and trails are kept."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

from pydantic import AwareDatetime

from bharatchef.records import ActionSequence, Evaluation, Feedback
from bharatchef.review.policy import ReviewPolicy
from bharatchef.review.standing import standing
from bharatchef.review.trail import TrailEntry
from bharatchef.vocabulary import Record, Slug, Status


class Waiting(Record):
    """One thing that a person has to look at; ``person`` is the trainee's pseudonym."""

    evaluation_id: str
    dish_id: Slug
    person: str
    created_at: AwareDatetime
    reason: Literal["appeal", "level", "low_confidence", "audit"]
    why: str
    deviation_id: Slug | None = None


def waiting_reasons(
    evaluation: Evaluation,
    sequence: ActionSequence | None,
    feedback: Feedback | None,
    said: Sequence[TrailEntry],
    policy: ReviewPolicy,
    person: str,
) -> tuple[Waiting, ...]:
    """What of an evaluation waits for a person, most pressing first; empty where nothing does.

    An appeal waits until it is decided, a level until it is signed, all else until somebody corrected or
    signed it. What was scored again waits no more under its old id, and what a person's correction gave is
    not asked about for its confidence, nor drawn.
    """
    if evaluation.status is not Status.COMPLETED:
        return ()
    now = standing(said)
    found: list[tuple[str, str, str | None]] = [
        ("appeal", appeal.why, appeal.deviation_id)
        for appeal in now.appeals
        if appeal.state == "under_appeal"
    ]
    looked_at = now.signed is not None or now.corrected
    if policy.asks_for_signature(evaluation.skill_level) and now.signed is None and not now.rescored_as:
        found.append(
            ("level", f"level {evaluation.skill_level}: {policy.level_from} and above are signed", None)
        )
    if not looked_at and now.rescore_of is None:
        doubts = _doubts(evaluation, sequence, feedback, policy)
        if doubts:
            found.append(("low_confidence", "; ".join(doubts), None))
        if now.drawn_for_audit:
            found.append(("audit", f"drawn for audit, one of {policy.audit.share:.0%}", None))
    return tuple(
        Waiting.model_validate(
            {
                "evaluation_id": evaluation.evaluation_id,
                "dish_id": evaluation.dish_id,
                "person": person,
                "created_at": evaluation.created_at,
                "reason": reason,
                "why": why,
                "deviation_id": deviation_id,
            }
        )
        for reason, why, deviation_id in found
    )


def _doubts(
    evaluation: Evaluation, sequence: ActionSequence | None, feedback: Feedback | None, policy: ReviewPolicy
) -> list[str]:
    bounds = policy.low_confidence
    doubts = []
    if evaluation.coverage is not None and evaluation.coverage <= bounds.coverage:
        doubts.append(f"{evaluation.coverage:.0%} of what counts was assessed")
    if sequence is not None:
        if sequence.actions:
            middle = median(action.confidence for action in sequence.actions)
            if middle <= bounds.segments:
                doubts.append(f"half of the steps were recognised with {middle:.0%} or less")
        told = {mistake.deviation_id for mistake in feedback.mistakes} if feedback else set()
        unsure = [
            d for d in sequence.step_deviations if d.deviation_id in told and d.confidence <= bounds.mistake
        ]
        doubts += [f"told of {d.deviation_id} at {d.confidence:.0%}" for d in unsure]
    return doubts
