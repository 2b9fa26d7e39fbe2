"""Which figures of a group of people may be shown, so that none of them is found in it; knows no database.

Four rules, each of which closes a way to subtract one group from another:

1. **k**: a group of fewer than ``K`` people is suppressed, and so is each measure that fewer than ``K`` of
   them have. A share is told only where at least ``K`` people are in it and at least ``K`` are not.
2. **Disjoint groups**: a group is one dish, one rubric version, one month. There are no totals over groups
   and no free filters, so no group that is told contains another.
3. **Told once**: a group is told after its month has closed, once, and never again: who comes late, is
   corrected or erased afterwards changes nothing that could be compared with before.
4. **Coarse**: quartiles in whole points, no mean and no extremes (which are one person's); people are counted
   in fives, downwards.

Samarati and Sweeney (1998) name k-anonymity. It does not hide what all people of a group have in common,
nor a person from the other nine together; docs/analytics.md says so to who reads the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import quantiles

from bharatchef.analytics.facts import month_of
from bharatchef.vocabulary import Confidence, Points, Record

K = 10
"""Least people that a figure is told of."""

GRACE = timedelta(days=3)
"""How long after its end a month waits for what is still on its way."""

_COUNTED_IN = 5
_SHARES_IN = 10


class Spread(Record):
    """How a score is spread over the people of a group: quartiles in whole points."""

    people_at_least: int
    lower: Points
    median: Points
    upper: Points


def spread(scores: Mapping[str, float]) -> Spread | None:
    """The spread of one score a person, 0 to 100; ``None`` where fewer than ``K`` people have one.

    Args:
        scores: each person's score by their pseudonym.
    """
    if len(scores) < K:
        return None
    lower, median, upper = (float(round(value)) for value in quantiles(scores.values(), method="inclusive"))
    return Spread(people_at_least=_in_fives(len(scores)), lower=lower, median=median, upper=upper)


def coarse_share(with_it: int, people: int) -> Confidence | None:
    """The share of people in tenths; ``None`` where either side is fewer than ``K`` people.

    Raises:
        ValueError: more people with it than there are.
    """
    if not 0 <= with_it <= people:
        raise ValueError(f"expected 0 to {people} people, got {with_it}")
    if with_it < K or people - with_it < K:
        return None
    return round(with_it / people * _SHARES_IN) / _SHARES_IN


def closed_months(months: Sequence[str], now: datetime) -> list[str]:
    """Those months (``2026-11``) that ended at least ``GRACE`` ago, in India's time."""
    first_open = month_of(now.astimezone(UTC) - GRACE)
    return sorted({month for month in months if month < first_open})


def _in_fives(people: int) -> int:
    return people // _COUNTED_IN * _COUNTED_IN
