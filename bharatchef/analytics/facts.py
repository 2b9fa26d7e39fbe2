"""One evaluation as rows of the star: what is counted of it and no more; knows no table and no database.

Each row's key is made of what it says, never counted up: the same evaluation gives the same rows whenever,
and however often, it is read.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bharatchef.observed import ModelIdentity, Unavailable
from bharatchef.records import Evaluation
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Category, Status

INDIA = ZoneInfo("Asia/Kolkata")
"""A day and a month are India's: the people who read the figures live there."""

Row = dict[str, Any]
_SHA_DIGITS = 12


@dataclass(frozen=True)
class Facts:
    """The rows of one evaluation by table; ``rows["fact_evaluation"]`` holds exactly one."""

    evaluation_id: str
    person: str
    created_at: datetime
    rows: dict[str, tuple[Row, ...]]


def facts_of(
    evaluation: Evaluation, result: EvaluationResult | None, pseudonym: Callable[[str], str]
) -> Facts | None:
    """The rows of an evaluation that has ended; ``None`` while it has not.

    Args:
        evaluation: as it is stored.
        result: what was published of it; ``None`` where that is no longer there: scores then still count.
        pseudonym: gives what stands in the place of a name: of who cooked, and of a film's, which bears it.
    """
    if evaluation.status is Status.PROCESSING:
        return None
    person = pseudonym(evaluation.user_id)
    day = evaluation.created_at.astimezone(INDIA).date()
    dish = _dish(evaluation, result)
    models = () if result is None else result.provenance.models
    fact = {
        "evaluation_id": evaluation.evaluation_id,
        "attempt_key": pseudonym(f"{evaluation.user_id}/{evaluation.dish_id}/{evaluation.attempt}"),
        "person_key": person,
        "dish_key": dish["dish_key"],
        "date_key": _date_key(day),
        "status": evaluation.status.value,
        "created_at": evaluation.created_at,
        "overall_score": evaluation.overall_score,
        "skill_level": evaluation.skill_level.value if evaluation.skill_level else None,
        "coverage": evaluation.coverage,
        "rubric_version": evaluation.rubric_version,
        "sequence_accuracy": None if result is None else result.action_sequence.sequence_accuracy,
        "wall_s": _wall_s(evaluation.created_at, evaluation.completed_at),
        "film_s": None if result is None or result.film is None else result.film.duration_s,
        "cost_inr": None if result is None else result.cost.total_inr,
    }
    return Facts(
        evaluation.evaluation_id,
        person,
        evaluation.created_at,
        {
            "dim_person": ({"person_key": person},),
            "dim_dish": (dish,),
            "dim_date": (_date_row(day),),
            "dim_model": tuple(_model_row(model) for model in models),
            "fact_evaluation": (fact,),
            "fact_category_score": tuple(_category_rows(evaluation)),
            "fact_deviation": () if result is None else tuple(_deviation_rows(result)),
            "fact_stage_cost": () if result is None else tuple(_cost_rows(result)),
            "fact_model_use": () if result is None else tuple(_model_uses(result)),
        },
    )


def month_of(moment: datetime) -> str:
    """The month of a moment in India, as ``2026-11``."""
    return f"{moment.astimezone(INDIA):%Y-%m}"


def _dish(evaluation: Evaluation, result: EvaluationResult | None) -> Row:
    if result is None:
        return {
            "dish_key": f"{evaluation.dish_id}@",
            "dish_id": evaluation.dish_id,
            "version": "",
            "name": evaluation.dish_id,
        }
    dish = result.dish
    return {
        "dish_key": f"{dish.dish_id}@{dish.sha256[:_SHA_DIGITS]}",
        "dish_id": dish.dish_id,
        "version": dish.version,
        "name": dish.name,
    }


def _date_key(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _date_row(day: date) -> Row:
    return {
        "date_key": _date_key(day),
        "day": day,
        "month": f"{day:%Y-%m}",
        "weekday": day.isoweekday(),
    }


def _wall_s(begun: datetime, ended: datetime | None) -> float | None:
    return None if ended is None else max((ended - begun).total_seconds(), 0.0)


def _category_rows(evaluation: Evaluation) -> Iterable[Row]:
    for category in Category:
        if category in evaluation.category_scores:
            yield {
                "evaluation_id": evaluation.evaluation_id,
                "category": category.value,
                "score": evaluation.category_scores[category],
            }


def _deviation_rows(result: EvaluationResult) -> Iterable[Row]:
    mistakes = {mistake.deviation_id for mistake in result.feedback.mistakes}
    for deviation in result.judgement.deviations:
        yield {
            "evaluation_id": result.evaluation.evaluation_id,
            "deviation_id": deviation.deviation_id,
            "kind": deviation.kind.value,
            "category": deviation.category.value,
            "step_id": deviation.step_id or "",
            "confidence": deviation.confidence,
            "follows": deviation.cause_id is not None,
            "coached": deviation.deviation_id in mistakes,
        }


def _cost_rows(result: EvaluationResult) -> Iterable[Row]:
    used: dict[tuple[str, str, str], list[tuple[float, float | None]]] = defaultdict(list)
    for entry in result.cost.entries:
        used[entry.stage, entry.price_id, entry.unit].append((entry.quantity, entry.inr))
    for (stage, price_id, unit), entries in used.items():
        priced = [inr for _, inr in entries if inr is not None]
        yield {
            "evaluation_id": result.evaluation.evaluation_id,
            "stage": stage,
            "price_id": price_id,
            "unit": unit,
            "quantity": math.fsum(quantity for quantity, _ in entries),
            "inr": math.fsum(priced) if len(priced) == len(entries) else None,
        }


def _model_key(model: ModelIdentity) -> str:
    return f"{model.analyser}:{model.name}:{model.version}:{model.weights_sha256[:_SHA_DIGITS]}"


def _model_row(model: ModelIdentity) -> Row:
    return {
        "model_key": _model_key(model),
        "analyser": model.analyser.value,
        "name": model.name,
        "version": model.version,
        "weights_sha256": model.weights_sha256,
    }


def _model_uses(result: EvaluationResult) -> Iterable[Row]:
    confidences = _confidences(result)
    for model in result.provenance.models:
        found = confidences.get(model.analyser.value, [])
        yield {
            "evaluation_id": result.evaluation.evaluation_id,
            "model_key": _model_key(model),
            "answers": len(found),
            "mean_confidence": math.fsum(found) / len(found) if found else None,
        }


def _confidences(result: EvaluationResult) -> dict[str, list[float]]:
    """How sure each analyser was of each thing that it said."""
    found: dict[str, list[float]] = {}
    if not isinstance(result.action_probabilities, Unavailable):
        found["actions"] = [max(row) for row in result.action_probabilities.probabilities if row]
    if not isinstance(result.detections, Unavailable):
        found["objects"] = [item.confidence for item in result.detections.items]
    if not isinstance(result.heat, Unavailable):
        found["heat"] = [sample.confidence for sample in result.heat.samples]
    if not isinstance(result.plate, Unavailable):
        found["plate"] = [result.plate.confidence]
    return found
