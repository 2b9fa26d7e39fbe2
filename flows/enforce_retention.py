"""The flow ``enforce_retention``: archives and deletes what is kept long enough, by the versioned rules.

Interrupted anywhere, the next run goes on; what it tells holds keys without anybody's name.
"""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, ConfigDict, Field

from adapters.keys import shown
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Record
from tasks.retaining import Retained, enforce, planned
from tasks.runtime import allow_stages, ports_here


class RetentionRequest(BaseModel):
    """Whether to do it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dry_run: bool = Field(default=False, description="Only say what is due, and change nothing")


class RetentionSummary(Record):
    """What was done, counted."""

    archived: int
    deleted: int
    done_by_an_interrupted_run: int
    findings: tuple[str, ...]


@flow(name="enforce-retention", persist_result=False, validate_parameters=True)
def enforce_retention(request: RetentionRequest | None = None) -> RetentionSummary:
    """Do what the rules of retention say is due, and show what was done.

    Raises:
        StoreError: something could not be moved or deleted; the next run does what is left.
    """
    asked = request or RetentionRequest()
    allow_stages()
    settings, ports = load_settings(), ports_here()
    done = planned(ports, settings) if asked.dry_run else enforce(ports, settings)
    for finding in done.findings:
        get_run_logger().warning("%s", finding)
    if done.due or done.done_before or done.findings:
        create_table_artifact(
            _rows(done, asked.dry_run), key="retained", description=f"By the rules of {done.policy_version}"
        )
    actions = [entry.action for entry in done.due]
    return RetentionSummary(
        archived=0 if asked.dry_run else actions.count("archive"),
        deleted=0 if asked.dry_run else actions.count("delete"),
        done_by_an_interrupted_run=len(done.done_before),
        findings=done.findings,
    )


def _rows(done: Retained, dry_run: bool) -> list[dict[str, str]]:
    when = "due" if dry_run else "done"
    told = [(when, entry) for entry in done.due]
    told += [("done by an interrupted run", entry) for entry in done.done_before]
    rows = [
        {"what": entry.kind, "action": entry.action, "of": shown(entry.key), "when": word}
        for word, entry in told
    ]
    return rows + [
        {"what": finding, "action": "look at this", "of": "", "when": ""} for finding in done.findings
    ]
