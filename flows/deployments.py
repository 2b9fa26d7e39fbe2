"""Reads prefect.yaml strictly: Prefect itself ignores keys that it does not know, misspelt ones too."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bharatchef import __version__
from bharatchef.errors import ConfigurationError

if TYPE_CHECKING:
    from prefect import Flow

PREFECT_FILE = Path(__file__).resolve().parents[1] / "prefect.yaml"


PACKAGE_VERSION = "{{ package.version }}"
"""How prefect.yaml says the version of the package; ``package_version`` is the step that fills it in."""


def package_version() -> dict[str, str]:
    """The package's version, as a build step of prefect.yaml."""
    return {"version": __version__}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WorkPool(_Strict):
    """Where a deployment's runs go."""

    name: str
    work_queue_name: str = "default"
    job_variables: dict[str, Any] = {}


class Schedule(_Strict):
    """When a deployment runs by itself, and with which parameters in the place of its own.

    ``slug`` tells schedules of one deployment apart; Prefect asks for it where there are parameters.
    """

    cron: str
    timezone: str
    active: bool = True
    parameters: dict[str, Any] = {}
    slug: str | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.timezone not in available_timezones():
            raise ValueError(f"expected a time zone like Asia/Kolkata, got {self.timezone!r}")
        if self.parameters and not self.slug:
            raise ValueError("expected a slug beside parameters, got none")
        return self


class ConcurrencyLimit(_Strict):
    """How many runs at once, and what becomes of one too many."""

    limit: Annotated[int, Field(ge=1)]
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = "ENQUEUE"


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
    pull: list[dict[str, Any]] | None = None

    @property
    def is_local(self) -> bool:
        """Whether ``bharatchef up`` serves it on this machine."""
        return self.name.endswith("-local")

    def flow(self) -> Flow[..., Any]:
        """The flow that it runs.

        Raises:
            ConfigurationError: there is none at its entrypoint.
        """
        file, _, function = self.entrypoint.partition(":")
        try:
            module = import_module(file.removesuffix(".py").replace("/", "."))
            return getattr(module, function)
        except (ModuleNotFoundError, AttributeError, ValueError) as error:
            raise ConfigurationError(
                f"The deployment {self.name} names no flow: {self.entrypoint} ({error}).",
                "Expected flows/module.py:function in prefect.yaml.",
            ) from error


class Definitions(_Strict):
    """Pieces that deployments of the file refer to; Prefect reads none of it."""

    work_pools: dict[str, WorkPool] = {}
    pull_steps: list[dict[str, Any]] = []


class PrefectFile(_Strict):
    """The whole of prefect.yaml."""

    name: str
    prefect_version: str
    build: list[dict[str, Any]] | None = None
    pull: list[dict[str, Any]] | None = None
    definitions: Definitions = Definitions()
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
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"Expected the deployments in {path}: {error.strerror}.",
            "Run this from a checkout of the project.",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML: {error}.", "Mend it there.") from error
    if not isinstance(raw, dict):
        raise ConfigurationError(
            f"Expected name, prefect-version and deployments in {path}; got {raw!r:.80}."
        )
    try:
        found = PrefectFile.model_validate({str(key).replace("-", "_"): value for key, value in raw.items()})
    except ValidationError as error:
        # A misspelt key is missing under its right name too: the misspelling is what to tell.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        place = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise ConfigurationError(
                f"{path}: {place} is not known there.",
                "Is it misspelt? flows/deployments.py lists the keys; Prefect itself would ignore it.",
            ) from error
        raise ConfigurationError(
            f"{path}: {place}: {first['msg']}, got {first['input']!r:.80}.", "Mend it there."
        ) from error
    names = [deployment.name for deployment in found.deployments]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(
            f"{path}: two deployments are called {twice[0]}.", "Prefect would keep the last: rename one."
        )
    return found
