"""How Alembic runs a migration: on the connection, and within the transaction, of who asked for it."""

from __future__ import annotations

from alembic import context

from adapters.analytics.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
