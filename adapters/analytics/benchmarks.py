"""Tells each closed group of people once, by the rules of ``anonymity``; knows nothing of loading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select

from adapters.analytics import schema
from adapters.analytics.attempts import counting
from adapters.analytics.engine import writing
from adapters.analytics.store import AnalyticsStore, telling
from bharatchef.analytics.anonymity import closed_months, coarse_share, spread

OVERALL = "overall"
Group = tuple[str, str, str]
"""Dish, rubric version, month."""

_LOCK = 0x4243424D


def tell_closed_groups(store: AnalyticsStore, now: datetime) -> int:
    """Write down the benchmarks of groups whose month has closed and that were not told yet.

    A group of too few people is written down as told with nothing to tell, so that it stays suppressed when
    somebody comes late.

    Returns:
        How many groups were told or suppressed.
    """
    with telling("tell benchmarks"), writing(store.engine, _LOCK) as connection:
        open_groups = _groups(connection, now)
        for group, attempts in sorted(open_groups.items()):
            _tell(connection, group, attempts, now)
    return len(open_groups)


def _groups(connection: Connection, now: datetime) -> dict[Group, list[tuple[str, str]]]:
    """Each group that is to be told: the last attempt of each person as (person, evaluation id)."""
    fact, dish, day = schema.fact_evaluation, schema.dim_dish, schema.dim_date
    attempt, told = counting(), schema.benchmark_group
    months = closed_months(list(connection.scalars(select(day.c.month).distinct())), now)
    rows = connection.execute(
        select(dish.c.dish_id, fact.c.rubric_version, day.c.month, fact.c.person_key, fact.c.evaluation_id)
        .join(attempt, attempt.c.evaluation_id == fact.c.evaluation_id)
        .join(dish, fact.c.dish_key == dish.c.dish_key)
        .join(day, attempt.c.date_key == day.c.date_key)
        .outerjoin(
            told,
            and_(
                told.c.dish_id == dish.c.dish_id,
                told.c.rubric_version == fact.c.rubric_version,
                told.c.month == day.c.month,
            ),
        )
        .where(day.c.month.in_(months), told.c.dish_id.is_(None))
        .order_by(attempt.c.created_at, fact.c.evaluation_id)
    )
    last: dict[Group, dict[str, str]] = defaultdict(dict)
    for dish_id, rubric, month, person, evaluation_id in rows:
        last[dish_id, rubric, month][person] = evaluation_id
    return {group: sorted(people.items()) for group, people in last.items()}


def _tell(connection: Connection, group: Group, attempts: list[tuple[str, str]], now: datetime) -> None:
    key = dict(zip(("dish_id", "rubric_version", "month"), group, strict=True))
    connection.execute(schema.benchmark_group.insert(), [{**key, "told_at": now}])
    of_person = {evaluation_id: person for person, evaluation_id in attempts}
    spreads = []
    for measure, scores in _scores(connection, of_person).items():
        found = spread(scores)
        if found is not None:
            spreads.append({**key, "measure": measure, **found.model_dump()})
    if not spreads:
        return
    connection.execute(schema.benchmark_spread.insert(), spreads)
    shares = []
    for (kind, step_id), people in _mistakes(connection, of_person).items():
        share = coarse_share(len(people), len(attempts))
        if share is not None:
            shares.append({**key, "kind": kind, "step_id": step_id, "share": share})
    if shares:
        connection.execute(schema.benchmark_mistake.insert(), shares)


def _scores(connection: Connection, of_person: dict[str, str]) -> dict[str, dict[str, float]]:
    fact, category = schema.fact_evaluation, schema.fact_category_score
    overall = select(fact.c.evaluation_id, fact.c.overall_score).where(fact.c.overall_score.is_not(None))
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for evaluation_id, score in _only(connection, overall, fact, of_person):
        scores[OVERALL][of_person[evaluation_id]] = score
    by_category = select(category.c.evaluation_id, category.c.category, category.c.score).where(
        category.c.score.is_not(None)
    )
    for evaluation_id, name, score in _only(connection, by_category, category, of_person):
        scores[name][of_person[evaluation_id]] = score
    return scores


def _mistakes(connection: Connection, of_person: dict[str, str]) -> dict[tuple[str, str], set[str]]:
    found = schema.fact_deviation
    coached = select(found.c.evaluation_id, found.c.kind, found.c.step_id).where(found.c.coached)
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    for evaluation_id, kind, step_id in _only(connection, coached, found, of_person):
        people[kind, step_id].add(of_person[evaluation_id])
    return people


def _only(connection: Connection, query: Any, table: Any, of_person: dict[str, str]) -> Iterable[Any]:
    ids = sorted(of_person)
    for first in range(0, len(ids), 500):
        yield from connection.execute(query.where(table.c.evaluation_id.in_(ids[first : first + 500])))
