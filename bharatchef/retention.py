"""How long what is kept is kept: the rules of a versioned YAML file, and what they say of one thing's age.

Knows nothing of where anything is kept. docs/retention.md says the same to people.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bharatchef.errors import ConfigurationError

Days = Annotated[int, Field(ge=1, le=36_500)]


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FilmRule(_Rule):
    """What becomes of a trainee's film, by days since its upload."""

    days: Days
    then: Literal["archive", "delete"]
    archive_days: Days

    @model_validator(mode="after")
    def _in_order(self) -> FilmRule:
        if self.archive_days <= self.days:
            raise ValueError(f"expected archive_days above days ({self.days}), got {self.archive_days}")
        return self


class AgeRule(_Rule):
    """Deleted after so many days."""

    days: Days


class UnusedRule(_Rule):
    """Deleted so many days after its making, where nothing names it any more."""

    days_unused: Days


class Backup(_Rule):
    """A copy that a deletion does not reach; ``days``: how long it lasts, ``None`` where a person ends it."""

    what: str
    days: Days | None
    note: str


class Policy(_Rule):
    """All rules; ``sha256`` is that of the file."""

    version: str
    sha256: str
    trainee_films: FilmRule
    media: AgeRule
    task_results: AgeRule
    results: AgeRule
    segments: AgeRule
    notices: AgeRule
    expert_films: UnusedRule
    receipts: AgeRule
    backups: dict[Literal["local", "aws"], tuple[Backup, ...]]

    def film_is_due(self, uploaded: datetime, now: datetime) -> Literal["keep", "archive", "delete"]:
        """What is due for a trainee's film of that upload, wherever it lies now."""
        rule = self.trainee_films
        if is_older(uploaded, rule.archive_days, now):
            return "delete"
        return rule.then if is_older(uploaded, rule.days, now) else "keep"


def is_older(made: datetime, days: int, now: datetime) -> bool:
    """Whether something has its days behind it."""
    return now - made >= timedelta(days=days)


def load_policy(path: Path | None = None) -> Policy:
    """The rules of a file; without one those that come with the program.

    Raises:
        ConfigurationError: there is no such file, or it is no such rules; names the place.
    """
    try:
        data = path.read_bytes() if path else (resources.files("bharatchef") / "retention.yaml").read_bytes()
        raw = yaml.safe_load(data)
        if not isinstance(raw, dict):
            raise ConfigurationError(f"Expected rules by name in {path}, got {raw!r:.60}.")
        return Policy.model_validate({**raw, "sha256": hashlib.sha256(data).hexdigest()})
    except OSError as error:
        raise ConfigurationError(
            f"Expected the rules of retention in {path}: {error.strerror}.",
            "Correct BHARATCHEF_RETENTION, or unset it for the program's own.",
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}.", "Mend it there.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"{path}: {place}: {first['msg']}.", "bharatchef/retention.yaml shows how rules are written."
        ) from error
