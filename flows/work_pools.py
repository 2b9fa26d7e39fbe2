"""Makes the work pools that prefect.yaml names, where they are not there: ``python -m flows.work_pools``."""

from __future__ import annotations

from typing import Any

from bharatchef.errors import ConfigurationError

KINDS = {"bharatchef-process": "process", "bharatchef-ecs": "ecs"}
"""The pools by name: runs as processes beside their worker, and as ECS tasks."""
LIMITS = {"bharatchef-process": 4, "bharatchef-ecs": 20}
"""How many runs at once; `prefect work-pool set-concurrency-limit` changes it where it is made."""


def job_template(kind: str) -> dict[str, Any]:
    """What a pool of this kind lets a deployment say about its jobs.

    Raises:
        ConfigurationError: what knows that kind is not installed.
    """
    if kind == "process":
        from prefect.workers.process import ProcessWorker

        return ProcessWorker.get_default_base_job_template()
    try:
        from prefect_aws.workers.ecs_worker import ECSWorker
    except ImportError as error:
        raise ConfigurationError(
            "Expected prefect-aws, which knows ECS, but it is not installed.",
            "Install the extra: pip install 'bharatchef[aws]'.",
        ) from error
    return ECSWorker.get_default_base_job_template()


def make_work_pools(kinds: dict[str, str]) -> list[str]:
    """Make those pools on the server of ``PREFECT_API_URL`` that are not there; their names."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists

    made = []
    with get_client(sync_client=True) as client:
        for name, kind in kinds.items():
            pool = WorkPoolCreate(
                name=name, type=kind, base_job_template=job_template(kind), concurrency_limit=LIMITS.get(name)
            )
            try:
                client.create_work_pool(pool)
            except ObjectAlreadyExists:
                continue
            made.append(name)
    return made


def main() -> None:
    """Make them and name them."""
    made = make_work_pools(KINDS)
    print(f"made: {', '.join(made)}" if made else "all were there")


if __name__ == "__main__":
    main()
