"""The flow ``refresh_analytics``: what changed since the last run comes into the star that the reports read.

A run that is killed has loaded whole batches; the next one goes on after the last. Groups of people whose
month has closed are told once, and only where they are enough.
"""

from __future__ import annotations

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.vocabulary import Record
from tasks.analytics import refresh
from tasks.runtime import allow_stages


class RefreshRequest(BaseModel):
    """Where to begin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    afresh: bool = Field(
        default=False, description="Forget what was loaded and read everything that is kept again"
    )


class RefreshSummary(Record):
    """What a refresh did, counted.

    ``changes`` were read, ``newer`` of them were newer than what was loaded; ``without_result`` evaluations
    had no readable result any more, so that their scores alone count; ``groups`` were told or suppressed.
    """

    batches: int
    changes: int
    newer: int
    without_result: int
    afresh: bool
    groups: int


@task(name="load changes", cache_policy=NO_CACHE, persist_result=False, retries=2, retry_delay_seconds=5)
def load_changes(afresh: bool) -> RefreshSummary:
    """Load what changed; a second try goes on where the first one broke off."""
    loaded, groups = refresh(afresh)
    return RefreshSummary(
        batches=loaded.batches,
        changes=loaded.changes,
        newer=loaded.newer,
        without_result=loaded.without_result,
        afresh=loaded.afresh,
        groups=groups,
    )


@flow(name="refresh-analytics", persist_result=False, validate_parameters=True)
def refresh_analytics(request: RefreshRequest | None = None) -> RefreshSummary:
    """Bring the analytics up to date.

    Raises:
        StoreError: the records or the analytics' database could not be used; what was loaded holds.
        ConfigurationError: the database's address, its driver or the key of pseudonyms is missing.
    """
    asked = request or RefreshRequest()
    allow_stages()
    summary = load_changes(asked.afresh)
    if summary.without_result:
        get_run_logger().warning(
            "%d evaluations have no readable result: their scores alone count", summary.without_result
        )
    if summary.newer or summary.groups:
        create_table_artifact(
            [summary.model_dump()], key="analytics", description="What was read and loaded, counted"
        )
    return summary
