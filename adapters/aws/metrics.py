"""What CloudWatch counts of each evaluation, as lines of its embedded metric format; names no person.

The format: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
A line that a task of ECS writes to its log becomes metrics there; nothing is asked over the network.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from bharatchef.ports import Clock
from bharatchef.results import EvaluationResult

NAMESPACE = "BharatChef"
UNITS = {
    "ProcessingTimeSeconds": "Seconds",
    "EvaluationCostInr": "None",
    "Errors": "Count",
    "Evaluations": "Count",
    "ModelConfidence": "Percent",
    "StageSeconds": "Seconds",
}
"""Every metric and its unit; CloudWatch has no rupees."""


class Lines(Protocol):
    """Where lines go: a task's standard output."""

    def write(self, text: str, /) -> object: ...

    def flush(self) -> object: ...


class EmfMetrics:
    """Writes metrics with the dimension Environment, and those of a stage with Stage as well.

    Args:
        environment: the installation's name.
        lines: where to; standard output where it is left out.
    """

    def __init__(self, environment: str, clock: Clock, lines: Lines | None = None) -> None:
        self._environment = environment
        self._clock = clock
        self._lines = lines

    def completed(self, result: EvaluationResult) -> None:
        """Count a complete evaluation: its time, cost, mean confidence, and the time of each stage."""
        evaluation = result.evaluation
        values: dict[str, float] = {"Evaluations": 1, "Errors": 0}
        if evaluation.completed_at is not None:
            values["ProcessingTimeSeconds"] = (
                evaluation.completed_at - evaluation.created_at
            ).total_seconds()
        values["EvaluationCostInr"] = result.cost.total_inr
        # What a person marked is no model's confidence.
        if result.provenance.models and (actions := result.action_sequence.actions):
            values["ModelConfidence"] = 100.0 * sum(a.confidence for a in actions) / len(actions)
        self._write(values, {}, {"evaluationId": evaluation.evaluation_id, "dishId": evaluation.dish_id})
        for stage in result.stages:
            if stage.outcome not in ("skipped", "cached"):
                said = {"evaluationId": evaluation.evaluation_id, "outcome": stage.outcome}
                self._write({"StageSeconds": stage.wall_s}, {"Stage": stage.stage}, said)

    def failed(self, evaluation_id: str) -> None:
        """Count a failed evaluation."""
        self._write({"Evaluations": 1, "Errors": 1}, {}, {"evaluationId": evaluation_id})

    def _write(
        self, values: Mapping[str, float], dimensions: Mapping[str, str], properties: Mapping[str, str]
    ) -> None:
        named = {"Environment": self._environment, **dimensions}
        document: dict[str, Any] = {
            "_aws": {
                "Timestamp": int(self._clock.now().timestamp() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        "Dimensions": [list(named)],
                        "Metrics": [{"Name": name, "Unit": UNITS[name]} for name in values],
                    }
                ],
            },
            **named,
            **properties,
            **values,
        }
        lines = self._lines or sys.stdout
        # One write a line: the lines of threads must not mix.
        lines.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")
        lines.flush()
