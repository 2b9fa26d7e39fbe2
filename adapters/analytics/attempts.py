"""Which evaluation counts of each attempt, the newest that is complete; knows not what is asked of it."""

from __future__ import annotations

from sqlalchemy import Subquery, func, select

from adapters.analytics import schema
from bharatchef.vocabulary import Status


def counting() -> Subquery:
    """One row an attempt: ``evaluation_id`` of its newest complete evaluation, whose figures count.

    What was scored again, by a person's correction or by a newer model, is no new attempt: ``created_at`` and
    ``date_key`` are those of its first evaluation that is still there.
    """
    fact = schema.fact_evaluation
    newest_first = (fact.c.created_at.desc(), fact.c.evaluation_id.desc())
    of_attempt = {"partition_by": fact.c.attempt_key}
    ranked = (
        select(
            fact.c.evaluation_id,
            func.min(fact.c.created_at).over(**of_attempt).label("created_at"),
            func.min(fact.c.date_key).over(**of_attempt).label("date_key"),
            func.row_number().over(order_by=newest_first, **of_attempt).label("place"),
        )
        .where(fact.c.status == Status.COMPLETED.value)
        .subquery()
    )
    return (
        select(ranked.c.evaluation_id, ranked.c.created_at, ranked.c.date_key)
        .where(ranked.c.place == 1)
        .subquery()
    )
