"""The tables of the star and the loader's own notes, for SQLAlchemy; a change is a new migration."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """A moment in UTC with its zone, also in SQLite, which keeps no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _of_evaluation() -> Column[str]:
    return Column(
        "evaluation_id",
        String(128),
        ForeignKey("fact_evaluation.evaluation_id", ondelete="CASCADE"),
        primary_key=True,
    )


dim_person = Table("dim_person", metadata, Column("person_key", String(32), primary_key=True))

dim_dish = Table(
    "dim_dish",
    metadata,
    Column("dish_key", String(96), primary_key=True),
    Column("dish_id", String(64), nullable=False, index=True),
    Column("version", String(64), nullable=False),
    Column("name", String(256), nullable=False),
)

dim_date = Table(
    "dim_date",
    metadata,
    Column("date_key", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("month", String(7), nullable=False, index=True),
    Column("weekday", Integer, nullable=False),
)

dim_model = Table(
    "dim_model",
    metadata,
    Column("model_key", String(256), primary_key=True),
    Column("analyser", String(16), nullable=False),
    Column("name", String(128), nullable=False),
    Column("version", String(64), nullable=False),
    Column("weights_sha256", String(64), nullable=False),
)

fact_evaluation = Table(
    "fact_evaluation",
    metadata,
    Column("evaluation_id", String(128), primary_key=True),
    Column("attempt_key", String(128), nullable=False, index=True),
    Column("person_key", ForeignKey("dim_person.person_key"), nullable=False, index=True),
    Column("dish_key", ForeignKey("dim_dish.dish_key"), nullable=False, index=True),
    Column("date_key", ForeignKey("dim_date.date_key"), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("overall_score", Double),
    Column("skill_level", String(16)),
    Column("coverage", Double),
    Column("rubric_version", String(64), nullable=False),
    Column("sequence_accuracy", Double),
    Column("wall_s", Double),
    Column("film_s", Double),
    Column("cost_inr", Double),
    CheckConstraint("status IN ('COMPLETED', 'FAILED')", name="ended"),
    CheckConstraint("overall_score BETWEEN 0 AND 100", name="points"),
)

fact_category_score = Table(
    "fact_category_score",
    metadata,
    _of_evaluation(),
    Column("category", String(32), primary_key=True),
    Column("score", Double),
    CheckConstraint("score BETWEEN 0 AND 100", name="points"),
)

fact_deviation = Table(
    "fact_deviation",
    metadata,
    _of_evaluation(),
    Column("deviation_id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False, index=True),
    Column("category", String(32), nullable=False),
    Column("step_id", String(64), nullable=False),
    Column("confidence", Double, nullable=False),
    Column("follows", Boolean, nullable=False),
    Column("coached", Boolean, nullable=False),
)

fact_stage_cost = Table(
    "fact_stage_cost",
    metadata,
    _of_evaluation(),
    Column("stage", String(64), primary_key=True),
    Column("price_id", String(64), primary_key=True),
    Column("unit", String(64), primary_key=True),
    Column("quantity", Double, nullable=False),
    Column("inr", Double),
)

fact_model_use = Table(
    "fact_model_use",
    metadata,
    _of_evaluation(),
    Column("model_key", ForeignKey("dim_model.model_key"), primary_key=True),
    Column("answers", BigInteger, nullable=False),
    Column("mean_confidence", Double),
)
Index("ix_fact_model_use_model_key", fact_model_use.c.model_key)

source_watermark = Table(
    "source_watermark",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("watermark", String, nullable=False),
    Column("loaded_at", Moment, nullable=False),
)

source_version = Table(
    "source_version",
    metadata,
    Column("evaluation_id", String(128), primary_key=True),
    Column("version", String(40), nullable=False),
)

erased_person = Table(
    "erased_person",
    metadata,
    Column("person_key", String(32), primary_key=True),
    Column("erased_at", Moment, nullable=False),
)

benchmark_group = Table(
    "benchmark_group",
    metadata,
    Column("dish_id", String(64), primary_key=True),
    Column("rubric_version", String(64), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("told_at", Moment, nullable=False),
)


def _of_group() -> list[Column[Any]]:
    return [
        Column("dish_id", String(64), primary_key=True),
        Column("rubric_version", String(64), primary_key=True),
        Column("month", String(7), primary_key=True),
    ]


benchmark_spread = Table(
    "benchmark_spread",
    metadata,
    *_of_group(),
    Column("measure", String(32), primary_key=True),
    Column("people_at_least", Integer, nullable=False),
    Column("lower", Double, nullable=False),
    Column("median", Double, nullable=False),
    Column("upper", Double, nullable=False),
)

benchmark_mistake = Table(
    "benchmark_mistake",
    metadata,
    *_of_group(),
    Column("kind", String(32), primary_key=True),
    Column("step_id", String(64), primary_key=True),
    Column("share", Double, nullable=False),
)

DIMENSIONS = (dim_person, dim_dish, dim_date, dim_model)
CHILDREN = (fact_category_score, fact_deviation, fact_stage_cost, fact_model_use)
STAR = (*DIMENSIONS, fact_evaluation, *CHILDREN)
