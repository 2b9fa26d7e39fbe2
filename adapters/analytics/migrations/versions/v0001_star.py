"""The star, the loader's own notes, and the benchmarks that were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "benchmark_group",
        sa.Column("dish_id", sa.String(length=64), nullable=False),
        sa.Column("rubric_version", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dish_id", "rubric_version", "month", name=op.f("pk_benchmark_group")),
    )
    op.create_table(
        "benchmark_mistake",
        sa.Column("dish_id", sa.String(length=64), nullable=False),
        sa.Column("rubric_version", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("step_id", sa.String(length=64), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "dish_id", "rubric_version", "month", "kind", "step_id", name=op.f("pk_benchmark_mistake")
        ),
    )
    op.create_table(
        "benchmark_spread",
        sa.Column("dish_id", sa.String(length=64), nullable=False),
        sa.Column("rubric_version", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("people_at_least", sa.Integer(), nullable=False),
        sa.Column("lower", sa.Double(), nullable=False),
        sa.Column("median", sa.Double(), nullable=False),
        sa.Column("upper", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "dish_id", "rubric_version", "month", "measure", name=op.f("pk_benchmark_spread")
        ),
    )
    op.create_table(
        "dim_date",
        sa.Column("date_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("date_key", name=op.f("pk_dim_date")),
    )
    op.create_index(op.f("ix_dim_date_month"), "dim_date", ["month"], unique=False)
    op.create_table(
        "dim_dish",
        sa.Column("dish_key", sa.String(length=96), nullable=False),
        sa.Column("dish_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("dish_key", name=op.f("pk_dim_dish")),
    )
    op.create_index(op.f("ix_dim_dish_dish_id"), "dim_dish", ["dish_id"], unique=False)
    op.create_table(
        "dim_model",
        sa.Column("model_key", sa.String(length=256), nullable=False),
        sa.Column("analyser", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("weights_sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("model_key", name=op.f("pk_dim_model")),
    )
    op.create_table(
        "dim_person",
        sa.Column("person_key", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_dim_person")),
    )
    op.create_table(
        "erased_person",
        sa.Column("person_key", sa.String(length=32), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_erased_person")),
    )
    op.create_table(
        "source_version",
        sa.Column("evaluation_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("evaluation_id", name=op.f("pk_source_version")),
    )
    op.create_table(
        "source_watermark",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("watermark", sa.String(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_watermark")),
    )
    op.create_table(
        "fact_evaluation",
        sa.Column("evaluation_id", sa.String(length=128), nullable=False),
        sa.Column("person_key", sa.String(length=32), nullable=False),
        sa.Column("dish_key", sa.String(length=96), nullable=False),
        sa.Column("date_key", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("skill_level", sa.String(length=16), nullable=True),
        sa.Column("coverage", sa.Double(), nullable=True),
        sa.Column("rubric_version", sa.String(length=64), nullable=False),
        sa.Column("sequence_accuracy", sa.Double(), nullable=True),
        sa.Column("wall_s", sa.Double(), nullable=True),
        sa.Column("film_s", sa.Double(), nullable=True),
        sa.Column("cost_inr", sa.Double(), nullable=True),
        sa.CheckConstraint("status IN ('COMPLETED', 'FAILED')", name=op.f("ck_fact_evaluation_ended")),
        sa.CheckConstraint("overall_score BETWEEN 0 AND 100", name=op.f("ck_fact_evaluation_points")),
        sa.ForeignKeyConstraint(
            ["date_key"], ["dim_date.date_key"], name=op.f("fk_fact_evaluation_date_key")
        ),
        sa.ForeignKeyConstraint(
            ["dish_key"], ["dim_dish.dish_key"], name=op.f("fk_fact_evaluation_dish_key")
        ),
        sa.ForeignKeyConstraint(
            ["person_key"], ["dim_person.person_key"], name=op.f("fk_fact_evaluation_person_key")
        ),
        sa.PrimaryKeyConstraint("evaluation_id", name=op.f("pk_fact_evaluation")),
    )
    op.create_index(op.f("ix_fact_evaluation_date_key"), "fact_evaluation", ["date_key"], unique=False)
    op.create_index(op.f("ix_fact_evaluation_dish_key"), "fact_evaluation", ["dish_key"], unique=False)
    op.create_index(op.f("ix_fact_evaluation_person_key"), "fact_evaluation", ["person_key"], unique=False)
    op.create_table(
        "fact_category_score",
        sa.Column("evaluation_id", sa.String(length=128), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name=op.f("ck_fact_category_score_points")),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["fact_evaluation.evaluation_id"],
            name=op.f("fk_fact_category_score_evaluation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "category", name=op.f("pk_fact_category_score")),
    )
    op.create_table(
        "fact_deviation",
        sa.Column("evaluation_id", sa.String(length=128), nullable=False),
        sa.Column("deviation_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("step_id", sa.String(length=64), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.Column("coached", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["fact_evaluation.evaluation_id"],
            name=op.f("fk_fact_deviation_evaluation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "deviation_id", name=op.f("pk_fact_deviation")),
    )
    op.create_index(op.f("ix_fact_deviation_kind"), "fact_deviation", ["kind"], unique=False)
    op.create_table(
        "fact_model_use",
        sa.Column("evaluation_id", sa.String(length=128), nullable=False),
        sa.Column("model_key", sa.String(length=256), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.Column("mean_confidence", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["fact_evaluation.evaluation_id"],
            name=op.f("fk_fact_model_use_evaluation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["model_key"], ["dim_model.model_key"], name=op.f("fk_fact_model_use_model_key")
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "model_key", name=op.f("pk_fact_model_use")),
    )
    op.create_index("ix_fact_model_use_model_key", "fact_model_use", ["model_key"], unique=False)
    op.create_table(
        "fact_stage_cost",
        sa.Column("evaluation_id", sa.String(length=128), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("price_id", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Double(), nullable=False),
        sa.Column("inr", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["fact_evaluation.evaluation_id"],
            name=op.f("fk_fact_stage_cost_evaluation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "evaluation_id", "stage", "price_id", "unit", name=op.f("pk_fact_stage_cost")
        ),
    )
