"""What intake asks of Prefect: is it well, is a deployment there, let a run be there once; knows no queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.intake_deciding import Start
from bharatchef.errors import ConfigurationError, EndpointError


class PrefectRuns:
    """Runs of deployments on the server that ``PREFECT_API_URL`` names.

    Prefect must not have been imported before its environment is set. One of these is one thread's.
    """

    def __init__(self, api_url: str) -> None:
        from prefect.client.orchestration import get_client

        self.api_url = api_url
        self._client: Any = get_client(sync_client=True)
        self._deployments: dict[str, UUID] = {}

    def deployment(self, name: str) -> UUID:
        """The id of ``FLOW/DEPLOYMENT``.

        Raises:
            ConfigurationError: there is none.
            EndpointError: Prefect does not answer.
        """
        from prefect.exceptions import ObjectNotFound

        if name not in self._deployments:
            with _told("look for a deployment"):
                try:
                    self._deployments[name] = self._client.read_deployment_by_name(name).id
                except ObjectNotFound as error:
                    raise ConfigurationError(
                        f"Expected a deployment {name} on {self.api_url}; there is none.",
                        "Deploy the flows (docs/deployments.md), or correct the setting that names it.",
                    ) from error
        return self._deployments[name]

    def ensure(self, start: Start) -> tuple[UUID, bool]:
        """Let the run be there: its id, and whether it was there before.

        Called again with the same idempotency key, it gives the same run. A run that this one makes
        needless is cancelled where it has not begun.

        Raises:
            ConfigurationError: there is no such deployment.
            EndpointError: Prefect does not answer; what was asked may or may not have been done.
        """
        from prefect.exceptions import ObjectNotFound
        from prefect.states import Scheduled
        from prefect.types._datetime import now

        began = now("UTC")
        deployment_id = self.deployment(start.deployment)
        with _told("create a run"):
            try:
                run = self._client.create_flow_run_from_deployment(
                    deployment_id,
                    parameters=start.parameters,
                    tags=list(start.tags),
                    idempotency_key=start.idempotency_key,
                    state=Scheduled(scheduled_time=began + timedelta(seconds=start.wait_s)),
                )
            except ObjectNotFound as error:
                # It was deployed anew under another id meanwhile: looked up again at the next try.
                self._deployments.pop(start.deployment, None)
                raise EndpointError(
                    f"The deployment {start.deployment} is gone.", "Deploy it again.", retryable=True
                ) from error
        if start.replaces is not None:
            with _told("cancel a run"):
                self._cancel_unbegun(start.replaces)
        # The server's clock may be a little behind or before this one's: only used for the log.
        return run.id, run.created is not None and (began - run.created).total_seconds() > 1

    def _cancel_unbegun(self, idempotency_key: str) -> None:
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterIdempotencyKey
        from prefect.client.schemas.objects import StateType
        from prefect.client.schemas.sorting import FlowRunSort
        from prefect.states import Cancelled

        wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=[idempotency_key]))
        # With FastAPI 0.150 and later the server refuses null for either, which the client sends unasked.
        asked = {"sort": FlowRunSort.EXPECTED_START_TIME_ASC, "limit": 10}
        for run in self._client.read_flow_runs(flow_run_filter=wanted, **asked):
            if run.state_type is StateType.SCHEDULED:
                self._client.set_flow_run_state(run.id, Cancelled(message="The side film has joined."))


class _told:
    """Turns what Prefect's client raises inside the block into an ``EndpointError``; ours pass."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from httpx import HTTPError
        from prefect.exceptions import PrefectException

        if isinstance(error, HTTPError | PrefectException | OSError):
            raise EndpointError(
                f"Prefect did not {self._doing} ({type(error).__name__}{_status_of(error)}).",
                "Is the server well? `prefect server` and its database have logs.",
                retryable=True,
            ) from error


def _status_of(error: BaseException) -> str:
    response = getattr(error, "response", None)
    return f" {response.status_code}" if response is not None else ""
