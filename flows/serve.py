"""Serves the local deployments of prefect.yaml in this process: ``python -m flows.serve``."""

from __future__ import annotations

from typing import Any

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.schedules import Cron

from bharatchef import __version__
from flows.deployments import PACKAGE_VERSION, ConcurrencyLimit, Deployment, read_prefect_file


def served(deployment: Deployment) -> Any:
    """A deployment of prefect.yaml as Prefect's runner takes it."""
    limit = deployment.concurrency_limit
    if isinstance(limit, ConcurrencyLimit):
        limit = ConcurrencyLimitConfig(**limit.model_dump())
    return deployment.flow().to_deployment(
        name=deployment.name,
        description=deployment.description,
        tags=deployment.tags,
        parameters=deployment.parameters,
        version=__version__ if deployment.version == PACKAGE_VERSION else deployment.version,
        schedules=[
            Cron(
                schedule.cron,
                timezone=schedule.timezone,
                active=schedule.active,
                parameters=schedule.parameters,
                slug=schedule.slug,
            )
            for schedule in deployment.schedules
        ],
        concurrency_limit=limit,
        enforce_parameter_schema=deployment.enforce_parameter_schema,
    )


def main() -> None:
    """Serve until stopped."""
    serve(*(served(deployment) for deployment in read_prefect_file().local))


if __name__ == "__main__":
    main()
