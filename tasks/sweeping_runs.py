"""Prefect's runs, as a sweep looks at them and moves them; knows nothing of what a run is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

STARTED_AGAIN = "sweep: its worker died; started again"
_PAGE = 200


@dataclass(frozen=True)
class Step:
    """Something that a sweep did: ``of`` is an evaluation's or a run's id."""

    what: Literal["started again", "failed", "cancelled", "closed", "put off", "left to a person"]
    of: str
    why: str


def open_runs(client: Any, flow: str, since: datetime) -> Iterator[Any]:
    """Runs of a flow that are neither done nor given up, and those that crashed; oldest first."""
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilter,
        FlowRunFilterExpectedStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    looked_for = [
        StateType.SCHEDULED,
        StateType.PENDING,
        StateType.RUNNING,
        StateType.CANCELLING,
        StateType.CRASHED,
    ]
    # Read whole first: what the sweep does changes which runs are on which page.
    runs: list[Any] = []
    while True:
        page = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[flow])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=looked_for)),
                expected_start_time=FlowRunFilterExpectedStartTime(after_=since),
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=_PAGE,
            offset=len(runs),
        )
        runs += page
        if len(page) < _PAGE:
            break
    seen = set()
    for run in runs:
        if run.id not in seen:
            seen.add(run.id)
            yield run


def was_started_again(client: Any, run: Any) -> bool:
    """Whether a sweep has started this run again before: its own history says so."""
    states = client.read_flow_run_states(run.id)
    return any((state.message or "").startswith(STARTED_AGAIN) for state in states)


def start_again(client: Any, run: Any) -> None:
    """Let a worker take the run up once more, as the same run."""
    put_in_state(client, run, "AwaitingRetry", STARTED_AGAIN)


def put_in_state(client: Any, run: Any, name: str, message: str) -> None:
    """Move a run whose worker is gone, or ask one that lives to end (``Cancelling``)."""
    from prefect import states

    made = getattr(states, name)(message=message)
    # The rules are for workers that live: this run has none, and nobody else will move it.
    client.set_flow_run_state(run.id, made, force=name != "Cancelling")
