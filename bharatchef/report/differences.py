"""What a dish asks of a step, and how what was done differs from it, in words; it judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bharatchef.records import Deviation, ExpectedStep
from bharatchef.report.words import KIND_WORDS, duration_range, listed, percent
from bharatchef.results import EvaluationResult


@dataclass(frozen=True)
class Difference:
    """One deviation as a row of text."""

    kind: str
    word: str
    text: str
    sure: str


def difference(result: EvaluationResult, deviation: Deviation) -> Difference:
    """A deviation in words: what was seen, what was asked, who asks it, and what it follows from."""
    word = KIND_WORDS[deviation.kind]
    asked = f"Asked: {deviation.expected} ({deviation.expected_source})."
    seen = deviation.seen[:1].upper() + deviation.seen[1:]
    told = f"{seen.rstrip('.')}. {asked}" if seen.lower() != word.lower() else asked
    return Difference(
        kind=deviation.kind.value,
        word=word,
        text=told + _cause(result, deviation),
        sure=percent(deviation.confidence),
    )


def _cause(result: EvaluationResult, deviation: Deviation) -> str:
    """The step whose own difference this one follows from, in words; empty where it stands alone."""
    causes = {d.deviation_id: d.step_id for d in result.judgement.deviations}
    cause = causes.get(deviation.cause_id or "")
    for number, step in enumerate(result.dish.expected_steps, start=1):
        if step.step_id == cause:
            return f" It follows from step {number}."
    return ""


def asked_words(step: ExpectedStep, numbers: dict[str, str]) -> str:
    """What the dish asks of a step: time, heat, count and what must come before."""
    parts = []
    if step.duration:
        parts.append(duration_range(step.duration))
    if step.heat:
        parts.append(f"{step.heat.value} heat" if step.heat.value != "off" else "heat off")
    if step.required_count > 1:
        parts.append(f"{step.required_count} times")
    before = sorted((numbers[e.step_id] for e in step.must_come_after if e.step_id in numbers), key=int)
    if before:
        parts.append(f"after {'step' if len(before) == 1 else 'steps'} {listed(before)}")
    if step.optional:
        parts.append("optional")
    return ", ".join(parts)
