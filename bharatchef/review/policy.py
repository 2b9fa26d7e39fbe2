"""What a person has to look at: the numbers of a versioned YAML file, and who is drawn for audit by them."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bharatchef.errors import ConfigurationError
from bharatchef.vocabulary import Confidence, Level, Sha256


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LowConfidence(_Rule):
    """At or below these a person looks."""

    mistake: Confidence
    coverage: Confidence
    segments: Confidence


class Audit(_Rule):
    """Which share of all evaluations is drawn, and the seed of the draw."""

    share: Confidence
    seed: Annotated[str, Field(min_length=1)]


class ReviewPolicy(_Rule):
    """All numbers of a policy; ``sha256`` is that of the file."""

    version: str
    sha256: Sha256
    look_back_days: Annotated[int, Field(ge=1)]
    low_confidence: LowConfidence
    audit: Audit
    level_from: Level
    interval: Annotated[float, Field(gt=0.5, lt=1)]

    def draws(self, evaluation_id: str) -> bool:
        """Whether an evaluation belongs to the audited share; the same for as long as seed and share are.

        A larger share only adds to a smaller one.
        """
        digest = hashlib.sha256(f"{self.audit.seed}\0{evaluation_id}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.audit.share * 2**64

    def asks_for_signature(self, level: Level | None) -> bool:
        """Whether a level is one that a person signs off before it stands."""
        order = list(Level)
        return level is not None and order.index(level) >= order.index(self.level_from)


def load_review_policy(path: Path | None = None) -> ReviewPolicy:
    """The policy of a file; without one that which comes with the program.

    Raises:
        ConfigurationError: there is no such file, or it is no such policy; names the place.
    """
    try:
        found = path.read_bytes() if path else (resources.files(__package__) / "policy.yaml").read_bytes()
        raw = yaml.safe_load(found)
        return ReviewPolicy.model_validate({**raw, "sha256": hashlib.sha256(found).hexdigest()})
    except OSError as error:
        raise ConfigurationError(
            f"Expected a policy of reviews in {path}: {error.strerror}.", "Name a file that is there."
        ) from error
    except (yaml.YAMLError, TypeError) as error:
        raise ConfigurationError(f"{path} is no YAML of names and numbers: {error}.", "Mend it.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"{path}: {place}: {first['msg']}.", "bharatchef/review/policy.yaml shows how one is written."
        ) from error
