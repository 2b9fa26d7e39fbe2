"""The trainee beside the expert, step by step, from the time map of the two films; it judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bharatchef.judgement.expert import TYPICAL
from bharatchef.report.words import clock
from bharatchef.results import EvaluationResult

_ALIKE = 0.15


@dataclass(frozen=True)
class BesideRow:
    """One step on both clocks, and the tempo in words."""

    step: str
    expert: str
    trainee: str
    tempo: str


@dataclass(frozen=True)
class Beside:
    """Why nothing can be compared (empty where something can), who the expert is, and the rows."""

    reason: str
    expert: str
    rows: tuple[BesideRow, ...]


def beside_expert(result: EvaluationResult) -> Beside | None:
    """What the report shows of the match; ``None`` where there is no film or no expert to set beside it."""
    match = result.expert_match
    if match is None:
        return None
    who = f"{match.performance_id}, one of {match.experts} experts of this dish"
    if match.experts == 1:
        who = match.performance_id
    elif match.performance_id == TYPICAL:
        who = f"what is typical of {match.experts} experts of this dish"
    rows = []
    for step in result.dish.expected_steps:
        factor = match.tempo.get(step.step_id)
        shown = next((s for s in result.performance.segments if s.step_id == step.step_id), None)
        if factor is None or shown is None:
            continue
        expert_s = next(
            (e for e, t in match.time_map.pairs if t >= shown.start_s), match.time_map.pairs[-1][0]
        )
        rows.append(BesideRow(step.description, clock(expert_s), clock(shown.start_s), _tempo(factor)))
    return Beside(match.time_map.meaningless, who, tuple(rows))


def _tempo(factor: float) -> str:
    if abs(factor - 1) < _ALIKE:
        return "about as long"
    if factor > 1:
        return f"{factor:.1f} times as long"
    return f"{factor:.0%} of the time"
