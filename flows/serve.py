"""Serves the local deployments of prefect.yaml in this process: ``python -m flows.serve``."""

from __future__ import annotations

from prefect import serve

from flows.deployments import Deployment, read_prefect_file


def served(deployment: Deployment):
    """A deployment of prefect.yaml as Prefect's runner takes it."""
    limit = deployment.concurrency_limit
    return deployment.flow().to_deployment(
        name=deployment.name,
        description=deployment.description,
        tags=deployment.tags,
        parameters=deployment.parameters,
        concurrency_limit=limit if limit is None or isinstance(limit, int) else limit.limit,
        enforce_parameter_schema=deployment.enforce_parameter_schema,
    )


def main() -> None:
    """Serve until stopped."""
    serve(*(served(deployment) for deployment in read_prefect_file().local))


if __name__ == "__main__":
    main()
