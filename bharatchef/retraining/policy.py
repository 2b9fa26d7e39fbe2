"""The rules of retraining, roll-out and drift, read from a versioned YAML file; knows no model."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bharatchef.errors import ConfigurationError

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
CountedIn = Literal["seconds", "boxes", "plates"]


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Interval(_Rules):
    """The bootstrap interval: its level, how often is drawn, and the seed that it is drawn with."""

    level: Annotated[float, Field(gt=0.5, lt=1)]
    resamples: Annotated[int, Field(ge=200, le=100_000)]
    seed: int


class PackagePolicy(_Rules):
    """When a package is trained anew and when what came of it is promoted; shares and figures 0 to 1.

    ``counted_in`` is what its figures count: seconds of film that are called something, boxes, or
    stills of plates.
    """

    counted_in: CountedIn = "seconds"
    least_new_labels: Count
    least_test_groups: Count
    least_training_groups: Annotated[int, Field(ge=3)]
    test_share: Annotated[float, Field(gt=0, lt=1)]
    margin: Share
    least_accuracy: Share
    largest_fall_of_a_class: Share
    class_seconds: Count
    tries: Annotated[int, Field(ge=1, le=10)]
    start_from_champion: bool = True
    recipe: tuple[str, ...] = ()


class RolloutStep(_Rules):
    """A share of all evaluations, percent, and how long it lasts at least."""

    percent: Annotated[int, Field(ge=1, le=100)]
    hours: Annotated[float, Field(ge=0)]


class RollBack(_Rules):
    """What ends a roll-out, once the challenger was called so often."""

    least_calls: Count
    error_rate: Share
    confidence_fall: Share


class RolloutPolicy(_Rules):
    """The steps of a roll-out, the last of them 100 percent."""

    steps: Annotated[tuple[RolloutStep, ...], Field(min_length=1)]
    least_calls: Count
    roll_back: RollBack

    @model_validator(mode="after")
    def _rises(self) -> RolloutPolicy:
        percents = [step.percent for step in self.steps]
        if percents != sorted(set(percents)) or percents[-1] != 100:
            raise ValueError(f"expected steps that rise to 100 percent, got {percents}")
        return self


class DriftPolicy(_Rules):
    """From when on what is seen now is called drifted from what the champion was measured on."""

    look_back_days: Annotated[float, Field(gt=0)]
    least_evaluations: Count
    least_confidence: Share
    largest_class_distance: Share


class Policy(_Rules):
    """All rules of one version; ``sha256`` is of the file they were read from."""

    version: str
    interval: Interval
    packages: dict[str, PackagePolicy]
    rollout: RolloutPolicy
    drift: DriftPolicy
    sha256: str = ""

    def of(self, package: str) -> PackagePolicy:
        """The rules of one package.

        Raises:
            ConfigurationError: it has none.
        """
        if package not in self.packages:
            raise ConfigurationError(
                f"Expected a package that can be trained on corrections"
                f" ({', '.join(sorted(self.packages))}), got '{package}'.",
                "The policy's file names those for which corrected labels are kept.",
            )
        return self.packages[package]


def read_policy(path: Path | None = None) -> Policy:
    """The policy of the program, or that in ``path``.

    Raises:
        ConfigurationError: the file is not there or does not fit; the message says where.
    """
    where = path or "bharatchef/retraining/policy.yaml"
    try:
        body = (
            path.read_bytes()
            if path
            else resources.files("bharatchef.retraining").joinpath("policy.yaml").read_bytes()
        )
        read = Policy.model_validate(yaml.safe_load(body))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"Could not read the policy of retraining in {where}: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"The policy of retraining in {where} does not fit: {place}: {first['msg']}.",
            "Compare it with the program's own, bharatchef/retraining/policy.yaml.",
        ) from error
    return read.model_copy(update={"sha256": hashlib.sha256(body).hexdigest()})
