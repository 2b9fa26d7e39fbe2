"""Which evaluations are of one attempt: what was loaded is read again, for it does not say so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the attempt's key, and let the next load begin from nothing; benchmarks that were told stay."""
    for table in ("fact_evaluation", "dim_person", "dim_dish", "dim_date", "dim_model"):
        op.execute(sa.text(f"DELETE FROM {table}"))
    op.execute(sa.text("DELETE FROM source_version"))
    op.execute(sa.text("DELETE FROM source_watermark"))
    with op.batch_alter_table("fact_evaluation") as table:
        table.add_column(sa.Column("attempt_key", sa.String(length=128), nullable=False))
        table.create_index(op.f("ix_fact_evaluation_attempt_key"), ["attempt_key"])
