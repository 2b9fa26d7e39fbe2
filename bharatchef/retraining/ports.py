"""What retraining needs of the world: who trains, who keeps versions, who splits the traffic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bharatchef.retraining.records import ModelVersion
from bharatchef.retraining.rolling import Health, Variant


@dataclass(frozen=True)
class TrainingJob:
    """One training: what it learns from, what it starts from, and the folder that is its own.

    ``labelled`` and ``start`` are folders on this machine; ``recipe`` are more words of ``train.py``.
    """

    package: str
    run_id: str
    folder: Path
    labelled: Path
    start: Path | None
    recipe: tuple[str, ...]
    tries: int


@dataclass(frozen=True)
class Trained:
    """What came of a training: the package's folder, how often it was started, seconds, and where."""

    folder: Path
    tries: int
    seconds: float
    where: str


class Trainer(Protocol):
    """Trains a package; the same job asked for again goes on, or gives what it gave."""

    def train(self, job: TrainingJob) -> Trained:
        """Train.

        Raises:
            EndpointError: it failed; ``retryable`` where the same job may go on.
        """
        ...


class Registry(Protocol):
    """The versions of each package's model, numbered from 1; a version's number is never given again."""

    def versions(self, package: str) -> Sequence[ModelVersion]:
        """All versions, oldest first."""
        ...

    def register(self, version: ModelVersion) -> ModelVersion:
        """Add a version under the next number, which it is returned with."""
        ...

    def change(self, version: ModelVersion) -> None:
        """Put ``version`` in the place of the one of its number; a new champion takes the old one's place."""
        ...


class Traffic(Protocol):
    """How the evaluations are shared between champion and challenger, and how both do."""

    def deploy(self, champion: ModelVersion, challenger: ModelVersion) -> None:
        """Make the challenger able to answer beside the champion; it is given nothing yet."""
        ...

    def settle(self, champion: ModelVersion) -> None:
        """Have ``champion`` answer all from now on, and end what was there beside it."""
        ...

    def split(self, analyser: str, percent: int) -> None:
        """Give the challenger ``percent`` of the evaluations."""
        ...

    def health(self, analyser: str, variant: Variant, since: datetime) -> Health:
        """What was counted of a variant since then."""
        ...


class BulkModel(Protocol):
    """Asks one version of a model about many pieces of film; nobody waits for any one of them."""

    def answers(self, version: ModelVersion, pieces: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        """What the model answers, by piece; a piece that it fails at is left out.

        Args:
            pieces: the key of each piece in the object store, an MP4 file, by the sha256 of its bytes.

        Raises:
            EndpointError: none could be asked; ``retryable`` where the same call goes on.
        """
        ...
