"""What a model said of one film, as drift counts it: how sure it was, and how much of each class."""

from __future__ import annotations

from collections import Counter

import numpy as np

from bharatchef.observed import (
    ActionProbabilities,
    Analyser,
    Detections,
    HeatTrace,
    PlatedDish,
    Unavailable,
)
from bharatchef.perception.heat import heat_marks
from bharatchef.results import EvaluationResult
from bharatchef.retraining.drift import Seen

HIDDEN = "hidden"
Said = ActionProbabilities | Detections | HeatTrace | PlatedDish


def said_in(result: EvaluationResult, analyser: Analyser) -> Said | None:
    """What the analyser's model said of the film; ``None`` where none looked."""
    said = {
        Analyser.ACTIONS: result.action_probabilities,
        Analyser.OBJECTS: result.detections,
        Analyser.HEAT: result.heat,
        Analyser.PLATE: result.plate,
    }[analyser]
    return None if said is None or isinstance(said, Unavailable) else said


def seen_in(evaluation_id: str, said: Said) -> Seen | None:
    """How sure a model was of a film, on average, and its mix of classes; ``None``: it looked at nothing.

    Actions and heat count in seconds, things in boxes. A detector that looked and found nothing was sure of
    nothing. Of plates the mix says which dishes people cook, not how the model does: it is left out.
    """
    if isinstance(said, ActionProbabilities):
        found = _actions(said)
    elif isinstance(said, Detections):
        found = _things(said)
    elif isinstance(said, HeatTrace):
        found = _heat(said)
    else:
        found = (said.confidence, {})
    if found is None:
        return None
    confidence, mix = found
    return Seen(evaluation_id=evaluation_id, confidence=min(1.0, confidence), seconds=mix)


def _actions(said: ActionProbabilities) -> tuple[float, dict[str, float]] | None:
    if not said.times_s:
        return None
    rows = np.array(said.probabilities)
    tops, counts = np.unique(rows.argmax(1), return_counts=True)
    mix = {said.labels[top]: float(count) for top, count in zip(tops, counts, strict=True)}
    return float(rows.max(1).mean()), mix


def _things(said: Detections) -> tuple[float, dict[str, float]] | None:
    if not said.times_s:
        return None
    sure = [item.confidence for item in said.items]
    mix = Counter(item.label for item in said.items)
    return float(np.mean(sure)) if sure else 0.0, {label: float(count) for label, count in mix.items()}


def _heat(said: HeatTrace) -> tuple[float, dict[str, float]] | None:
    if not said.samples:
        return None
    times = [sample.time_s for sample in said.samples]
    period_s = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    mix: dict[str, float] = {}
    if hidden := sum(sample.flame == HIDDEN for sample in said.samples):
        mix[HIDDEN] = hidden * period_s
    marks = heat_marks(said)
    for mark in () if isinstance(marks, Unavailable) else marks:
        mix[mark.level.value] = mix.get(mark.level.value, 0.0) + mark.end_s - mark.start_s
    return float(np.mean([sample.confidence for sample in said.samples])), mix
