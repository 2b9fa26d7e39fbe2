"""What the reports ask of the star; reads only, and of other people only what was told of whole groups."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Select, case, func, select

from adapters.analytics import schema
from adapters.analytics.attempts import counting
from adapters.analytics.store import telling
from bharatchef.analytics.reports import (
    Attempt,
    Benchmark,
    BenchmarkMistake,
    ModelQuality,
    StageCost,
)
from bharatchef.vocabulary import DeviationKind


def attempts_of(engine: Engine, person: str, dish_id: str | None) -> list[Attempt]:
    """A person's completed attempts, oldest first; their own figures, no other's."""
    fact, dish, score = schema.fact_evaluation, schema.dim_dish, schema.fact_category_score
    attempt = counting()
    query = (
        select(fact, dish.c.dish_id, dish.c.name, attempt.c.created_at.label("first_at"))
        .join(attempt, attempt.c.evaluation_id == fact.c.evaluation_id)
        .join(dish, fact.c.dish_key == dish.c.dish_key)
        .where(fact.c.person_key == person)
        .order_by(attempt.c.created_at, fact.c.evaluation_id)
    )
    if dish_id is not None:
        query = query.where(dish.c.dish_id == dish_id)
    with telling("read progress"), engine.connect() as connection:
        rows = connection.execute(query).all()
        categories: dict[str, dict[str, float | None]] = {row.evaluation_id: {} for row in rows}
        by_category = (
            select(score)
            .join(fact, fact.c.evaluation_id == score.c.evaluation_id)
            .where(fact.c.person_key == person)
        )
        for row in connection.execute(by_category):
            if row.evaluation_id in categories:
                categories[row.evaluation_id][row.category] = row.score
    return [
        Attempt.model_validate(
            {
                "evaluation_id": row.evaluation_id,
                "dish_id": row.dish_id,
                "dish_name": row.name,
                "created_at": row.first_at,
                "rubric_version": row.rubric_version,
                "overall": row.overall_score,
                "level": row.skill_level,
                "coverage": row.coverage,
                "categories": categories[row.evaluation_id],
            }
        )
        for row in rows
    ]


def benchmarks_of(engine: Engine, dish_id: str) -> list[Benchmark]:
    """What was told of the groups of a dish, oldest month first; suppressed ones with nothing in them."""
    group, found, mistake = schema.benchmark_group, schema.benchmark_spread, schema.benchmark_mistake
    with telling("read benchmarks"), engine.connect() as connection:
        groups = connection.execute(
            select(group).where(group.c.dish_id == dish_id).order_by(group.c.month, group.c.rubric_version)
        ).all()
        spreads = connection.execute(select(found).where(found.c.dish_id == dish_id)).mappings().all()
        mistakes = connection.execute(
            select(mistake)
            .where(mistake.c.dish_id == dish_id)
            .order_by(mistake.c.share.desc(), mistake.c.kind, mistake.c.step_id)
        ).all()
    return [
        Benchmark.model_validate(
            {
                "dish_id": dish_id,
                "rubric_version": one.rubric_version,
                "month": one.month,
                "spreads": {
                    row["measure"]: {
                        name: row[name] for name in ("people_at_least", "lower", "median", "upper")
                    }
                    for row in spreads
                    if (row["rubric_version"], row["month"]) == (one.rubric_version, one.month)
                },
                "mistakes": [
                    BenchmarkMistake(kind=DeviationKind(row.kind), step_id=row.step_id, share=row.share)
                    for row in mistakes
                    if (row.rubric_version, row.month) == (one.rubric_version, one.month)
                ],
            }
        )
        for one in groups
    ]


def stage_costs(engine: Engine, months: int) -> list[StageCost]:
    """Rupees before tax by month and stage over the last ``months`` months that have any evaluation."""
    fact, cost, day = schema.fact_evaluation, schema.fact_stage_cost, schema.dim_date
    with telling("read costs"), engine.connect() as connection:
        latest = connection.scalars(
            select(day.c.month).distinct().order_by(day.c.month.desc()).limit(months)
        ).all()
        evaluations = {
            row.month: row.evaluations
            for row in connection.execute(
                select(day.c.month, func.count().label("evaluations"))
                .select_from(fact.join(day, fact.c.date_key == day.c.date_key))
                .where(day.c.month.in_(latest))
                .group_by(day.c.month)
            )
        }
        query = (
            select(
                day.c.month,
                cost.c.stage,
                func.sum(cost.c.inr).label("inr"),
                func.sum(case((cost.c.inr.is_(None), 1), else_=0)).label("unpriced"),
            )
            .join(fact, fact.c.evaluation_id == cost.c.evaluation_id)
            .join(day, fact.c.date_key == day.c.date_key)
            .where(day.c.month.in_(latest))
            .group_by(day.c.month, cost.c.stage)
            .order_by(day.c.month, cost.c.stage)
        )
        return [
            StageCost(
                month=row.month,
                stage=row.stage,
                evaluations=evaluations[row.month],
                inr=row.inr or 0.0,
                unpriced=row.unpriced,
            )
            for row in connection.execute(query)
        ]


def model_qualities(engine: Engine) -> list[ModelQuality]:
    """How each version of each model did, by analyser, name and version."""
    model, use, fact = schema.dim_model, schema.fact_model_use, schema.fact_evaluation
    with telling("read the models' figures"), engine.connect() as connection:
        return [
            ModelQuality.model_validate(dict(row))
            for row in connection.execute(_qualities(model, use, fact)).mappings()
        ]


def _qualities(model: Any, use: Any, fact: Any) -> Select[Any]:
    deviation = schema.fact_deviation
    by_evaluation = (
        select(
            deviation.c.evaluation_id,
            func.count().label("deviations"),
            func.sum(case((deviation.c.kind == DeviationKind.NOT_SEEN.value, 1), else_=0)).label("not_seen"),
        )
        .group_by(deviation.c.evaluation_id)
        .subquery()
    )
    return (
        select(
            model.c.analyser,
            model.c.name,
            model.c.version,
            model.c.weights_sha256,
            func.count().label("evaluations"),
            func.sum(use.c.answers).label("answers"),
            func.avg(use.c.mean_confidence).label("mean_confidence"),
            func.avg(fact.c.coverage).label("mean_coverage"),
            func.coalesce(func.sum(by_evaluation.c.deviations), 0).label("deviations"),
            func.coalesce(func.sum(by_evaluation.c.not_seen), 0).label("not_seen"),
            func.min(fact.c.created_at).label("first_used"),
            func.max(fact.c.created_at).label("last_used"),
        )
        .join(use, use.c.model_key == model.c.model_key)
        .join(fact, fact.c.evaluation_id == use.c.evaluation_id)
        .outerjoin(by_evaluation, by_evaluation.c.evaluation_id == use.c.evaluation_id)
        .group_by(model.c.model_key, model.c.analyser, model.c.name, model.c.version, model.c.weights_sha256)
        .order_by(model.c.analyser, model.c.name, model.c.version)
    )
