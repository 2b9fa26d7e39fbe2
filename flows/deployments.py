"""Reads prefect.yaml strictly: Prefect itself ignores keys that it does not know, misspelt ones too."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow
from pydantic import BaseModel, ConfigDict, ValidationError

from bharatchef.errors import ConfigurationError

PREFECT_FILE = Path(__file__).resolve().parents[1] / "prefect.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkPool(_Strict):
    """Where a deployment's runs go."""

    name: str
    work_queue_name: str = "default"
    job_variables: dict[str, Any] = {}


class Schedule(_Strict):
    """When a deployment runs by itself."""

    cron: str
    timezone: str
    active: bool = True


class ConcurrencyLimit(_Strict):
    """How many runs at once, and what becomes of one too many."""

    limit: int
    collision_strategy: str = "ENQUEUE"


class Deployment(_Strict):
    """One way in, as Prefect's UI shows it. ``entrypoint`` is ``flows/module.py:function``."""

    name: str
    entrypoint: str
    description: str
    tags: list[str] = []
    version: str | None = None
    parameters: dict[str, Any] = {}
    schedules: list[Schedule] = []
    concurrency_limit: ConcurrencyLimit | int | None = None
    enforce_parameter_schema: bool = True
    work_pool: WorkPool | None = None

    @property
    def is_local(self) -> bool:
        """Whether ``bharatchef up`` serves it on this machine."""
        return self.name.endswith("-local")

    def flow(self) -> Flow[..., Any]:
        """The flow that it runs."""
        file, _, function = self.entrypoint.partition(":")
        module = import_module(file.removesuffix(".py").replace("/", "."))
        return getattr(module, function)


class PrefectFile(_Strict):
    """The whole of prefect.yaml."""

    name: str
    prefect_version: str
    pull: list[dict[str, Any]] | None = None
    deployments: list[Deployment]

    @property
    def local(self) -> list[Deployment]:
        """The deployments of a laptop."""
        return [deployment for deployment in self.deployments if deployment.is_local]


def read_prefect_file(path: Path = PREFECT_FILE) -> PrefectFile:
    """prefect.yaml, checked.

    Raises:
        ConfigurationError: it cannot be read or says something that is not known; names the place.
    """
    try:
        raw = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigurationError(
            f"Expected the deployments in {path}: {error.strerror}.",
            "Run this from a checkout of the project.",
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}.") from error
    try:
        return PrefectFile.model_validate({key.replace("-", "_"): value for key, value in raw.items()})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{path}: {place}: {first['msg']}, got {first['input']!r}.") from error
