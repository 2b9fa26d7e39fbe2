"""Evaluations of many people for the tests of the analytics, and all that a star holds as one value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from samples import sample_evaluation, sample_result, sha
from sqlalchemy import Engine, select

from adapters.analytics import schema
from adapters.analytics.engine import migrate, open_engine
from adapters.analytics.loader import Loader
from adapters.analytics.store import AnalyticsStore
from bharatchef.analytics.changes import Change, version_of
from bharatchef.analytics.facts import facts_of
from bharatchef.observed import Analyser, ModelIdentity
from bharatchef.ports import Ports
from bharatchef.pseudonyms import pseudonym
from bharatchef.records import Evaluation
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Category, Status

KEY = b"a key for the tests of the analytics"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


def result_of(
    number: int,
    user_id: str = "asha",
    *,
    at: datetime = OCTOBER,
    overall: float | None = 70.0,
    rubric: str = "1",
    model_version: str = "1.0.0",
    with_mistake: bool = True,
    film: str | None = "",
    rescore_of: str | None = None,
) -> EvaluationResult:
    """A COMPLETED result of its own work and film; ``overall`` is every category's score as well."""
    evaluation = sample_evaluation(f"ev-{number}", user_id, work=f"work {number}")
    model = ModelIdentity(
        analyser=Analyser.OBJECTS,
        name="yolov8",
        version=model_version,
        weights_sha256=sha(model_version),
        engine="openvino",
        trained_on="drawn films",
    )
    scores = {c: overall for c in Category if c is not Category.PLATING}
    completed = evaluation.model_copy(
        update={
            "status": Status.COMPLETED,
            "trainee_video_s3_key": f"films/{number}.mp4" if film == "" else film,
            "rescore_of": rescore_of,
            "created_at": at,
            "completed_at": at + timedelta(seconds=40 + number),
            "overall_score": overall,
            "category_scores": {**scores, Category.PLATING: None},
            "coverage": 0.65,
            "rubric_version": rubric,
            "result_s3_key": f"results/ev-{number}/result.json",
        }
    )
    sample = sample_result(evaluation)
    feedback = sample.feedback if with_mistake else sample.feedback.model_copy(update={"mistakes": ()})
    return sample.model_copy(
        update={
            "evaluation": completed,
            "feedback": feedback,
            "provenance": sample.provenance.model_copy(update={"models": (model,)}),
        }
    )


def keep(ports: Ports, result: EvaluationResult) -> Evaluation:
    """Store a result as a flow does that has ended."""
    evaluation = result.evaluation
    begun = evaluation.model_copy(update={"status": Status.PROCESSING, "completed_at": None})
    ports.evaluations.claim(begun, "one", 60)
    assert evaluation.result_s3_key is not None
    ports.objects.put_bytes(evaluation.result_s3_key, result.to_json().encode(), "application/json")
    ports.evaluations.complete(result, "one")
    return evaluation


@dataclass(frozen=True)
class Recorded:
    """A change with the result that was published of it, so that no store of objects is needed."""

    change: Change
    result: EvaluationResult | None

    def prepared(self) -> tuple[Change, Any]:
        evaluation = self.change.evaluation
        if evaluation is None:
            return self.change, None
        return self.change, facts_of(evaluation, self.result, lambda name: pseudonym(name, KEY))


def recorded(number: int, version: int, result: EvaluationResult | None) -> Recorded:
    """A change to evaluation ``number``; without a result it is gone."""
    return Recorded(
        Change(f"ev-{number}", version_of(version), None if result is None else result.evaluation), result
    )


def sqlite_store(file: Path) -> AnalyticsStore:
    """An empty star in a file."""
    return store_at(f"sqlite:///{file}")


def store_at(url: str) -> AnalyticsStore:
    """The star in the database at ``url``, at this release's version."""
    from sqlalchemy.engine import make_url

    engine = open_engine(make_url(url))
    migrate(engine)
    return AnalyticsStore(engine)


def emptied(store: AnalyticsStore) -> AnalyticsStore:
    """The same with nothing in it."""
    with store.engine.begin() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(table.delete())
    return store


def load(store: AnalyticsStore, ports: Ports, source: Any) -> Any:
    """Load all that a source has."""
    return Loader(store, ports.objects, KEY, lambda: NOW).load(source)


def tables(
    engine: Engine, without: Iterable[str] = ("source_watermark",)
) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, sorted; the watermark's moment is another for each load."""
    with engine.connect() as connection:
        return {
            table.name: sorted(tuple(row) for row in connection.execute(select(table)))
            for table in schema.metadata.sorted_tables
            if table.name not in set(without)
        }
