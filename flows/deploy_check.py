"""Checks prefect.yaml against flows and work pools, without a server: ``python -m flows.deploy_check``."""

from __future__ import annotations

import json
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from bharatchef.errors import BharatChefError
from flows.deployments import (
    PACKAGE_VERSION,
    PREFECT_FILE,
    Deployment,
    PrefectFile,
    Schedule,
    read_prefect_file,
)
from flows.serve import served
from flows.work_pools import KINDS, job_template

_FILLED_IN = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_ENVIRONMENT = re.compile(r"\$BHARATCHEF_[A-Z_]+")


def faults(file: PrefectFile) -> list[str]:
    """What Prefect would take without a word, or refuse only once runs begin; empty where all is sound."""
    found = [f"prefect_version: {why}" for why in _version_faults(file.prefect_version)]
    for place, steps in (("build", file.build), ("pull", file.pull)):
        found += [f"{place}: {why}" for why in _step_faults(steps)]
    used = {d.work_pool.name for d in file.deployments if d.work_pool}
    for name, pool in file.definitions.work_pools.items():
        if pool.name not in used:
            found.append(f"definitions.work_pools.{name}: no deployment uses {pool.name}")
    for deployment in file.deployments:
        found += [f"{deployment.name}: {why}" for why in _deployment_faults(deployment)]
    return found


def graph(file: PrefectFile) -> dict[str, Any]:
    """The whole of the deployments as one value: where each runs, when, how many, with which parameters."""
    return {
        deployment.name: {
            **deployment.model_dump(mode="json", exclude={"name", "work_pool"}),
            "flow": deployment.flow().name,
            "work_pool": deployment.work_pool and deployment.work_pool.model_dump(mode="json"),
            "kind": deployment.work_pool and KINDS.get(deployment.work_pool.name),
            "parameter_schema": served(deployment)._parameter_openapi_schema.model_dump(mode="json"),
        }
        for deployment in file.deployments
    }


def _deployment_faults(deployment: Deployment) -> list[str]:
    found = []
    pool = deployment.work_pool
    if pool is None:
        found.append("expected a work_pool; `prefect deploy` asks for one")
    elif pool.name not in KINDS:
        found.append(f"the work pool {pool.name!r} is none of {', '.join(KINDS)}")
    else:
        if deployment.is_local != (KINDS[pool.name] == "process"):
            found.append(f"its name and its work pool {pool.name} say different things of where it runs")
        known = job_template(KINDS[pool.name])["variables"]["properties"]
        found += [
            f"job variable {name!r} is not known to a pool of the kind {KINDS[pool.name]}"
            for name in sorted(set(pool.job_variables) - set(known))
        ]
        if not deployment.is_local and not deployment.pull:
            found.append("expected pull: without it this machine's own folder is looked for in the container")
    found += _step_faults(deployment.pull)
    found += [why for schedule in deployment.schedules for why in _cron_faults(schedule)]
    found += _template_faults(deployment.model_dump(exclude={"description"}))
    if deployment.version != PACKAGE_VERSION:
        found.append(f"expected the version {PACKAGE_VERSION!r}, got {deployment.version!r}")
    if not deployment.description.strip():
        found.append("expected a description")
    try:
        flow = deployment.flow()
        for given in (deployment.parameters, *(schedule.parameters for schedule in deployment.schedules)):
            if given:
                flow.validate_parameters(given)
    except BharatChefError as error:
        found.append(str(error))
    except Exception as error:
        found.append(f"its parameters do not fit the flow: {error}")
    return found


def _version_faults(said: str) -> list[str]:
    import prefect

    return [] if said == prefect.__version__ else [f"expected {prefect.__version__}, got {said}"]


def _cron_faults(schedule: Schedule) -> list[str]:
    from prefect.client.schemas.schedules import CronSchedule

    try:
        CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
    except ValueError:
        return [f"expected a cron line of five fields, got {schedule.cron!r}"]
    return []


def _step_faults(steps: list[dict[str, Any]] | None) -> list[str]:
    found = []
    for step in steps or []:
        for name in step:
            module, _, function = name.rpartition(".")
            try:
                if not callable(getattr(import_module(module), function)):
                    found.append(f"the step {name} cannot be called")
            except (ImportError, AttributeError, ValueError):
                found.append(f"there is no step {name}")
    return found


def _template_faults(value: object) -> list[str]:
    """Placeholders that nothing fills in: Prefect would leave them empty."""
    if isinstance(value, dict):
        return [why for part in value.values() for why in _template_faults(part)]
    if isinstance(value, list | tuple):
        return [why for part in value for why in _template_faults(part)]
    if not isinstance(value, str):
        return []
    return [
        f"nothing fills in {{{{ {name} }}}}"
        for name in _FILLED_IN.findall(value)
        if name != "package.version" and not _ENVIRONMENT.fullmatch(name)
    ]


def main(words: list[str]) -> int:
    """Print what is wrong, or what there is; 0 where all is sound. ``--graph`` prints the whole as JSON."""
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    try:
        file = read_prefect_file(Path(words[-1]) if words and words[-1] != "--graph" else PREFECT_FILE)
    except BharatChefError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if words[:1] == ["--graph"]:
        print(json.dumps(graph(file), indent=1, sort_keys=True))
        return 0
    wrong = faults(file)
    for line in wrong:
        print(line, file=sys.stderr)
    if not wrong:
        print(f"{len(file.deployments)} deployments are sound: {', '.join(d.name for d in file.deployments)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
