"""A roll-out as a pure rule: how large the challenger's share is next, or why it goes back to nothing.

It knows what was counted of both models since the present step began, and neither hosts nor endpoints.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from bharatchef.retraining.policy import RolloutPolicy
from bharatchef.vocabulary import Confidence, Record, Sha256

Variant = Literal["champion", "challenger"]


class Health(Record):
    """What was counted of one variant: calls, those that failed, and the mean confidence of the answers."""

    calls: Annotated[int, Field(ge=0)] = 0
    errors: Annotated[int, Field(ge=0)] = 0
    confidence: Confidence | None = None

    @property
    def error_rate(self) -> float:
        return self.errors / self.calls if self.calls else 0.0


class Step(Record):
    """A share of the evaluations that the challenger was given, from when on, and why."""

    percent: Annotated[int, Field(ge=0, le=100)]
    at: AwareDatetime
    why: str
    champion: Health | None = None
    challenger: Health | None = None


class Rollout(Record):
    """One roll-out, whole: the versions, and each change of the share in order."""

    package: str
    analyser: str
    champion_version: int
    challenger_version: int
    challenger_sha256: Sha256
    status: Literal["running", "complete", "rolled_back"]
    steps: tuple[Step, ...] = Field(min_length=1)

    @property
    def percent(self) -> int:
        return self.steps[-1].percent

    @property
    def since(self) -> datetime:
        """When the present share began."""
        return self.steps[-1].at


def begun(
    policy: RolloutPolicy,
    package: str,
    analyser: str,
    versions: tuple[int, int],
    challenger_sha256: str,
    now: datetime,
) -> Rollout:
    """A roll-out at its first step; ``versions`` are the champion's and the challenger's."""
    first = policy.steps[0]
    return Rollout(
        package=package,
        analyser=analyser,
        champion_version=versions[0],
        challenger_version=versions[1],
        challenger_sha256=challenger_sha256,
        status="running",
        steps=(Step(percent=first.percent, at=now, why="It was approved."),),
    )


def moved(
    policy: RolloutPolicy, rollout: Rollout, champion: Health, challenger: Health, now: datetime
) -> tuple[Rollout, str]:
    """The roll-out as it goes on, and in words what was found; the same roll-out where it has to wait.

    Going back needs fewer calls than going on: a model that fails must not wait for its fiftieth film.
    """
    if rollout.status != "running":
        return rollout, f"It is {rollout.status.replace('_', ' ')}."
    against = _against(policy, champion, challenger)
    if against:
        return _with(rollout, "rolled_back", 0, against, champion, challenger, now), against
    place = next(k for k, step in enumerate(policy.steps) if step.percent >= rollout.percent)
    missing = policy.least_calls - challenger.calls
    if missing > 0:
        return rollout, f"It waits: {missing} more answers of the challenger are needed to judge it."
    until = rollout.since + timedelta(hours=policy.steps[place].hours)
    if now < until:
        return rollout, f"It waits until {until:%Y-%m-%d %H:%M} UTC: the share lasts that long at least."
    seen = f"{challenger.calls} answers, {challenger.error_rate:.1%} errors"
    if place + 1 == len(policy.steps):
        why = f"All steps are done ({seen})."
        return _with(rollout, "complete", 100, why, champion, challenger, now), why
    why = f"The step before went well ({seen})."
    return _with(rollout, "running", policy.steps[place + 1].percent, why, champion, challenger, now), why


def ended(rollout: Rollout, why: str, now: datetime) -> Rollout:
    """The roll-out taken back by a person."""
    step = Step(percent=0, at=now, why=why)
    return rollout.model_copy(update={"status": "rolled_back", "steps": (*rollout.steps, step)})


def _against(policy: RolloutPolicy, champion: Health, challenger: Health) -> str:
    """Why the challenger goes back; empty where nothing speaks against it."""
    bounds = policy.roll_back
    if challenger.calls < bounds.least_calls:
        return ""
    if challenger.error_rate > bounds.error_rate:
        return (
            f"{challenger.errors} of {challenger.calls} calls of the challenger failed; at most"
            f" {bounds.error_rate:.0%} may."
        )
    if champion.confidence is None or challenger.confidence is None:
        return ""
    fall = champion.confidence - challenger.confidence
    if fall > bounds.confidence_fall:
        return (
            f"The challenger's mean confidence is {challenger.confidence:.0%}, the champion's"
            f" {champion.confidence:.0%}; at most {bounds.confidence_fall:.0%} less is allowed."
        )
    return ""


def _with(
    rollout: Rollout,
    status: Literal["running", "complete", "rolled_back"],
    percent: int,
    why: str,
    champion: Health,
    challenger: Health,
    now: datetime,
) -> Rollout:
    step = Step(percent=percent, at=now, why=why, champion=champion, challenger=challenger)
    return rollout.model_copy(update={"status": status, "steps": (*rollout.steps, step)})
