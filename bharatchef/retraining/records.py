"""What is kept of retraining: the versions of each package's model, and each retraining whole."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from bharatchef.retraining.deciding import Data, Decision
from bharatchef.retraining.figures import Difference, Figures
from bharatchef.retraining.policy import CountedIn
from bharatchef.vocabulary import Record, Sha256

FOLDER = "retraining"


class ModelVersion(Record):
    """One version in the registry. Exactly one of a package is its champion.

    ``labels_until`` is when the newest label was corrected that it could learn from; ``figures`` are those of
    the frozen test at its measuring, and what drift is told by. ``archive_key`` is where its package lies.
    """

    package: str
    version: int
    analyser: str
    status: Literal["pending", "approved", "rejected"]
    champion: bool = False
    weights_sha256: Sha256
    archive_key: str
    run_id: str = ""
    labels_until: AwareDatetime | None = None
    figures: Figures | None = None
    registered_at: AwareDatetime
    why: str = ""


class RetrainingRecord(Record):
    """One retraining whole, from what it learned from to what was decided, and why."""

    run_id: str
    package: str
    stage: Literal["gathered", "trained", "measured", "decided", "abandoned"]
    began_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    counted_in: CountedIn = "seconds"
    code_version: str
    policy_version: str
    policy_sha256: Sha256
    data: Data
    champion_version: int | None = None
    champion_sha256: Sha256 | None = None
    challenger_version: int | None = None
    challenger_sha256: Sha256 | None = None
    champion: Figures | None = None
    challenger: Figures | None = None
    difference: Difference | None = None
    decision: Decision | None = None
    training_seconds: float | None = None
    training_tries: int | None = None
    trained_where: str = ""
    note: str = ""


def record_key(package: str, run_id: str) -> str:
    return f"{FOLDER}/{package}/{run_id}/record.json"


def registry_key(package: str) -> str:
    return f"{FOLDER}/{package}/registry.json"


def parting_key(package: str) -> str:
    return f"{FOLDER}/{package}/parting.json"


def rollout_key(package: str) -> str:
    return f"{FOLDER}/{package}/rollout.json"
