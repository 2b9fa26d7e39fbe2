"""Makes the work pools that prefect.yaml names, where they are not there: ``python -m flows.work_pools``.

With ``BHARATCHEF_ECS_RUNS`` the pool of ECS is told where its runs stand: the JSON of Terraform's output
``run_job_variables``. A pool that is there is brought up to date then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from bharatchef.errors import ConfigurationError

RUNS_VARIABLE = "BHARATCHEF_ECS_RUNS"

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


def ecs_template(runs: Mapping[str, Any]) -> dict[str, Any]:
    """The template of the pool of ECS with all that every run has: roles, network, settings, secrets, log.

    prefect-aws registers a definition for each deployment out of this template; what the template leaves
    out, a run has not.

    Args:
        runs: Terraform's output ``run_job_variables``.

    Raises:
        ConfigurationError: it names a variable that prefect-aws does not know.
    """
    template = job_template("ecs")
    known = template["variables"]["properties"]
    given = {name: value for name, value in runs.items() if name != "task_definition"}
    if unknown := sorted(set(given) - set(known)):
        raise ConfigurationError(
            f"{RUNS_VARIABLE} names what prefect-aws does not know: {', '.join(unknown)}.",
            "Give it the output run_job_variables of the same version of infra/terraform.",
        )
    for name, value in given.items():
        known[name]["default"] = value
    more = dict(runs.get("task_definition", {}))
    definition = template["job_configuration"]["task_definition"]
    definition["containerDefinitions"][0] |= more.pop("container", {})
    definition |= {
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "taskRoleArn": "{{ task_role_arn }}",
        **more,
    }
    return template


def runs_given() -> dict[str, Any] | None:
    """What ``BHARATCHEF_ECS_RUNS`` says; ``None`` where it says nothing.

    Raises:
        ConfigurationError: it is no JSON object.
    """
    text = os.environ.get(RUNS_VARIABLE, "")
    if not text:
        return None
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise ConfigurationError(
            f"Expected a JSON object in {RUNS_VARIABLE}.", "terraform output -json run_job_variables"
        )
    return said


def make_work_pools(kinds: dict[str, str], runs: Mapping[str, Any] | None = None) -> list[str]:
    """Make those pools on the server of ``PREFECT_API_URL`` that are not there; their names.

    Args:
        runs: what the pool of ECS is told of its runs, also where it is there already.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectAlreadyExists

    made = []
    with get_client(sync_client=True) as client:
        for name, kind in kinds.items():
            told = runs is not None and kind == "ecs"
            template = ecs_template(runs or {}) if told else job_template(kind)
            pool = WorkPoolCreate(
                name=name, type=kind, base_job_template=template, concurrency_limit=LIMITS.get(name)
            )
            try:
                client.create_work_pool(pool)
            except ObjectAlreadyExists:
                if told:
                    client.update_work_pool(name, WorkPoolUpdate(base_job_template=template))
                continue
            made.append(name)
    return made


def main() -> None:
    """Make them and name them."""
    made = make_work_pools(KINDS, runs_given())
    print(f"made: {', '.join(made)}" if made else "all were there")


if __name__ == "__main__":
    main()
