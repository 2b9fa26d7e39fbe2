"""Whether what a model sees now is still what it was measured on: its confidence, and its mix of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from pydantic import AwareDatetime

from bharatchef.retraining.policy import DriftPolicy
from bharatchef.vocabulary import Confidence, Record, Sha256


class Seen(Record):
    """What a model said of one film: seconds by class, and its mean confidence."""

    evaluation_id: str
    confidence: Confidence
    seconds: dict[str, float]


class Drift(Record):
    """What was found over some days; ``None`` where there were too few films to say it."""

    package: str
    day: date
    measured_at: AwareDatetime
    weights_sha256: Sha256
    evaluations: int
    confidence: Confidence | None
    reference_confidence: Confidence
    class_distance: float | None
    mix: dict[str, float]
    reference_mix: dict[str, float]
    alerts: tuple[str, ...]
    retrain: bool
    note: str = ""


def distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The Jensen-Shannon distance of two mixes, base 2: 0 the same, 1 nothing in common (Lin 1991).

    Raises:
        ValueError: one of them is empty.
    """
    names = sorted({*one, *other})
    p, q = (np.array([mix.get(name, 0.0) for name in names], np.float64) for mix in (one, other))
    if p.sum() <= 0 or q.sum() <= 0:
        raise ValueError("expected two mixes of classes with something in each, got an empty one")
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    divergence = sum(
        float((part * np.log2(np.where(part > 0, part, 1) / np.where(middle > 0, middle, 1))).sum()) / 2
        for part in (p, q)
    )
    return float(np.sqrt(max(0.0, min(1.0, divergence))))


def mix_of(seen: Sequence[Seen]) -> dict[str, float]:
    """The share of all seconds that was called each class."""
    total: dict[str, float] = {}
    for film in seen:
        for name, seconds in film.seconds.items():
            total[name] = total.get(name, 0.0) + seconds
    whole = sum(total.values())
    return {name: round(seconds / whole, 4) for name, seconds in sorted(total.items())} if whole else {}


def drift_of(
    policy: DriftPolicy,
    package: str,
    seen: Sequence[Seen],
    *,
    weights_sha256: str,
    reference_confidence: float,
    reference_mix: Mapping[str, float],
    now: AwareDatetime,
) -> Drift:
    """What the champion said of recent films beside what it said of the frozen test.

    Each film counts alike for the confidence: a long one says no more of the kitchens that films come from.
    """
    known = len(seen) >= policy.least_evaluations
    mix = mix_of(seen)
    confidence = round(float(np.mean([film.confidence for film in seen])), 4) if known else None
    apart = round(distance(mix, reference_mix), 4) if known and mix and reference_mix else None
    alerts = []
    if confidence is not None and confidence < policy.least_confidence:
        alerts.append(
            f"The mean confidence is {confidence:.1%}, below {policy.least_confidence:.0%}"
            f" (on the test: {reference_confidence:.1%})."
        )
    if apart is not None and apart > policy.largest_class_distance:
        alerts.append(
            f"What is seen is {apart:.2f} away from what the model was measured on (Jensen-Shannon); at most"
            f" {policy.largest_class_distance:.2f} is taken for the same."
        )
    missing = policy.least_evaluations - len(seen)
    return Drift(
        package=package,
        day=now.date(),
        measured_at=now,
        weights_sha256=weights_sha256,
        evaluations=len(seen),
        confidence=confidence,
        reference_confidence=reference_confidence,
        class_distance=apart,
        mix=mix,
        reference_mix=dict(reference_mix),
        alerts=tuple(alerts),
        retrain=bool(alerts),
        note="" if known else f"{missing} more evaluations are needed before anything can be said.",
    )
