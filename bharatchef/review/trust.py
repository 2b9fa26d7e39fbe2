"""How far the evaluations can be trusted: upheld appeals by kind of deviation, and what audits changed.

Knows nothing of where trails are kept.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Annotated

from pydantic import Field

from bharatchef.review.standing import standing
from bharatchef.review.trail import TrailEntry
from bharatchef.vocabulary import Confidence, DeviationKind, Record

Count = Annotated[int, Field(ge=0)]


class Share(Record):
    """``count`` of ``of``, with the interval in which the true share lies; ``None`` where ``of`` is 0."""

    count: Count
    of: Count
    share: Confidence | None
    interval: tuple[Confidence, Confidence] | None


class KindTrust(Record):
    """One kind of deviation: told, appealed against, open, and how many decided appeals were upheld.

    ``upheld`` is of the appeals that were decided; ``upheld_of_told`` of all that were told.
    """

    kind: DeviationKind
    told: Count
    appealed: Count
    open: Count
    upheld: Share
    upheld_of_told: Share


class AuditTrust(Record):
    """The randomly drawn share: how many were looked at, and how often a person left things as they were.

    ``segments_kept`` is of those whose segments a person went through, ``levels_kept`` of those whose level
    a person signed or that were scored again.
    """

    drawn: Count
    looked_at: Count
    segments_kept: Share
    levels_kept: Share


class TrustReport(Record):
    """All that is published of appeals and audits; names nobody."""

    policy_version: str
    interval: Confidence
    kinds: tuple[KindTrust, ...]
    audit: AuditTrust


def wilson(count: int, of: int, level: float) -> Share:
    """A share with its Wilson score interval (Wilson 1927, JASA 22:209), without continuity correction.

    Args:
        count: 0 to ``of``.
        of: how many there were; with none the share is ``None``.
        level: how often the interval holds the true share, 0.5 to 1.
    """
    if not 0 <= count <= of:
        raise ValueError(f"expected a count of 0 to {of}, got {count}")
    if of == 0:
        return Share(count=0, of=0, share=None, interval=None)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    lower = 0.0 if count == 0 else max(0.0, middle - half)
    upper = 1.0 if count == of else min(1.0, middle + half)
    return Share(count=count, of=of, share=share, interval=(lower, upper))


def trust_report(
    trails: Mapping[str, Sequence[TrailEntry]],
    told: Iterable[DeviationKind],
    policy_version: str,
    level: float,
) -> TrustReport:
    """What appeals and audits say.

    Args:
        trails: all that was said of each evaluation, by its id, oldest first.
        told: the kind of every mistake that any trainee was told, one entry each.
        policy_version: of the policy that draws.
        level: of the intervals, 0.5 to 1.
    """
    of_told = Counter(told)
    states: dict[DeviationKind, Counter[str]] = {}
    for said in trails.values():
        for appeal in standing(said).appeals:
            if appeal.deviation_kind is not None:
                states.setdefault(appeal.deviation_kind, Counter())[appeal.state] += 1
    kinds = []
    for kind in DeviationKind:
        state = states.get(kind, Counter())
        # Of an evaluation that was deleted its trail stays, and the mistake that it told of is gone.
        known = max(of_told[kind], state.total())
        if known:
            decided = state["upheld"] + state["dismissed"]
            kinds.append(
                KindTrust(
                    kind=kind,
                    told=known,
                    appealed=state.total(),
                    open=state["under_appeal"],
                    upheld=wilson(state["upheld"], decided, level),
                    upheld_of_told=wilson(state["upheld"], known, level),
                )
            )
    return TrustReport(
        policy_version=policy_version,
        interval=level,
        kinds=tuple(kinds),
        audit=_audit(trails.values(), level),
    )


def _audit(trails: Iterable[Sequence[TrailEntry]], level: float) -> AuditTrust:
    drawn = looked_at = 0
    segments: list[bool] = []
    levels: list[bool] = []
    for said in trails:
        if not any(entry.kind == "drawn" for entry in said):
            continue
        drawn += 1
        changed = [
            e.segments_changed for e in said if e.kind == "corrected" and e.segments_changed is not None
        ]
        settled = [e for e in said if e.kind in ("signed", "rescored")]
        looked_at += bool(changed or settled)
        if changed:
            segments.append(not changed[-1])
        if settled:
            levels.append(settled[-1].level is settled[-1].original_level)
    return AuditTrust(
        drawn=drawn,
        looked_at=looked_at,
        segments_kept=wilson(sum(segments), len(segments), level),
        levels_kept=wilson(sum(levels), len(levels), level),
    )
