"""The flow ``collect_reviews``: draws the audit's share, and shows what waits for a person.

Drawing is by a hash, so a run that was killed or repeated draws the same; nobody is drawn twice.
"""

from __future__ import annotations

from collections import Counter

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, ConfigDict, Field

from bharatchef.pseudonyms import pseudonym_key
from bharatchef.review.policy import load_review_policy
from bharatchef.review.waiting import Waiting
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Record
from tasks.reviewing import Reviewer, draw_audits, waiting_list
from tasks.runtime import allow_stages, ports_here


class CollectRequest(BaseModel):
    """What to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    draw: bool = Field(default=True, description="Draw the audit's share; without it only list what waits")


class CollectSummary(Record):
    """How many were drawn, and what waits, by reason."""

    drawn: int
    appeals: int
    levels: int
    low_confidence: int
    audits: int
    policy_version: str


@flow(name="collect-reviews", persist_result=False, validate_parameters=True)
def collect_reviews(request: CollectRequest | None = None) -> CollectSummary:
    """Draw what is audited of all that was evaluated since, and list what needs a person.

    Raises:
        StoreError: records or the trail could not be read or written; the next run does what is left.
    """
    asked = request or CollectRequest()
    allow_stages()
    policy = load_review_policy()
    reviewer = Reviewer(ports_here(), pseudonym_key(load_settings()), policy)
    drawn = draw_audits(reviewer) if asked.draw else []
    waiting = waiting_list(reviewer)
    get_run_logger().info("%d drawn for audit, %d wait for a person", len(drawn), len(waiting))
    create_table_artifact(
        [_row(one) for one in waiting],
        key="reviews",
        description=f"What waits for a person by policy {policy.version}; `bharatchef review` tells it whole",
    )
    count = Counter(one.reason for one in waiting)
    return CollectSummary(
        drawn=len(drawn),
        appeals=count["appeal"],
        levels=count["level"],
        low_confidence=count["low_confidence"],
        audits=count["audit"],
        policy_version=policy.version,
    )


def _row(one: Waiting) -> dict[str, str]:
    # What a cook wrote stays out: whoever can see Prefect need not be who may read it.
    why = f"a person says that {one.deviation_id} is no mistake" if one.reason == "appeal" else one.why
    return {
        "evaluation": one.evaluation_id,
        "reason": one.reason.replace("_", " "),
        "why": why,
        "of": one.person,
        "since": f"{one.created_at:%Y-%m-%d}",
    }
