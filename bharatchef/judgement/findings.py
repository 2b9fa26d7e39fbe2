"""What the parts of judging hand to each other: one finding each, numbered into deviations at the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bharatchef.records import Deviation, ExpectedStep
from bharatchef.vocabulary import Category, DeviationKind, Span

_LONGEST_WORDS = 60
_ORDER_OF_KINDS = {kind: place for place, kind in enumerate(DeviationKind)}


@dataclass(frozen=True)
class Finding:
    """A deviation before it has a name; ``cause`` is the finding that it follows from."""

    kind: DeviationKind
    category: Category
    expected: str
    expected_source: str
    seen: str
    confidence: float
    step_id: str | None = None
    related_step_id: str | None = None
    span: Span | None = None
    segments: tuple[int, ...] = ()
    cause: Finding | None = None
    safety_id: str | None = None
    subject: str = ""


def _place(finding: Finding) -> tuple[float, int, str, str, str, tuple[int, ...]]:
    return (
        finding.span.start_s if finding.span else float("inf"),
        _ORDER_OF_KINDS[finding.kind],
        finding.step_id or "",
        finding.related_step_id or "",
        finding.subject,
        finding.segments,
    )


def numbered(findings: Iterable[Finding]) -> tuple[Deviation, ...]:
    """The findings as deviations in the order of the film, those without a moment last."""
    ordered = sorted(findings, key=_place)
    names = {id(finding): f"d{n:03d}-{finding.kind}" for n, finding in enumerate(ordered, start=1)}
    return tuple(
        Deviation(
            deviation_id=names[id(finding)],
            kind=finding.kind,
            category=finding.category,
            step_id=finding.step_id,
            related_step_id=finding.related_step_id,
            span=finding.span,
            segments=finding.segments,
            expected=finding.expected,
            expected_source=finding.expected_source,
            seen=finding.seen,
            confidence=round(min(1.0, max(0.0, finding.confidence)), 4),
            cause_id=names[id(finding.cause)] if finding.cause else None,
            safety_id=finding.safety_id,
            subject=finding.subject,
        )
        for finding in ordered
    )


def words_for(step: ExpectedStep) -> str:
    """A step's description as it stands inside a sentence: “boil the water”; of a long one the beginning."""
    text = " ".join(step.description.split()).rstrip(".")
    if len(text) > _LONGEST_WORDS:
        text = _beginning(text)
    if len(text) > 1 and text[0].isupper() and text[1].islower():
        text = text[0].lower() + text[1:]
    return f"“{text}”"


def _beginning(text: str) -> str:
    head = text[:_LONGEST_WORDS]
    cut = max(head.rfind(mark) for mark in (", ", "; ", ". "))
    if cut >= _LONGEST_WORDS // 4:
        return head[:cut]
    return head.rpartition(" ")[0].rstrip(",;.") + " …"


def clock(seconds: float) -> str:
    """A moment of the film as minutes and seconds: 1:05."""
    whole = int(seconds + 0.5)
    return f"{whole // 60}:{whole % 60:02d}"


def length(seconds: float) -> str:
    """A duration in words: 45 s, 2 min, 2 min 30 s."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min" if not rest else f"{minutes} min {rest} s"
