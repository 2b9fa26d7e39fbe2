"""The heat that was seen and the heat that the steps want, on the film's clock; it judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bharatchef.observed import HeatMark, HeatSample, HeatTrace, Unavailable
from bharatchef.records import ActionSegment, ExpectedStep
from bharatchef.report.axis import Axis, film_axis
from bharatchef.report.words import clock_span, percent
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel

_LEVELS = (HeatLevel.OFF, HeatLevel.LOW, HeatLevel.MEDIUM, HeatLevel.HIGH)
_POINTS = 600
_GAP_S = 10.0


@dataclass(frozen=True)
class HeatBar:
    """A stretch at one level; ``notch`` is 0 (off) to 3 (high) and its height in the drawing."""

    x: str
    width: str
    notch: int
    level: str
    label: str
    title: str


@dataclass(frozen=True)
class HeatRow:
    """A step's heat as text: wanted, seen, and whether that was held against the cook."""

    step: str
    when: str
    wanted: str
    seen: str
    verdict: str
    kind: str


@dataclass(frozen=True)
class HeatView:
    """What is known of the heat; ``line`` and ``area`` are SVG paths in a box of 1000 x 100."""

    axis: Axis
    source: str
    line: str
    area: str
    marks: tuple[HeatBar, ...]
    wanted: tuple[tuple[HeatBar, ...], ...]
    rows: tuple[HeatRow, ...]
    description: str


def heat_view(result: EvaluationResult) -> HeatView | None:
    """The heat of one evaluation; ``None`` where neither a model nor a person said anything of it."""
    axis = film_axis(result)
    trace = result.heat if isinstance(result.heat, HeatTrace) and result.heat.samples else None
    marks = () if isinstance(result.performance.heat, Unavailable) else result.performance.heat
    if trace is None and not marks:
        return None
    done = _steps_with_heat(result)
    line, area = _paths(axis, trace.samples) if trace else ("", "")
    rows = tuple(_row(result, number, step, segment, trace, marks) for number, step, segment in done)
    return HeatView(
        axis=axis,
        source=_source(result, trace),
        line=line,
        area=area,
        marks=tuple(
            _heat_bar(axis, m.start_s, m.end_s, m.level, m.level.value.capitalize(), "Heat as marked")
            for m in marks
        ),
        wanted=_lanes(axis, done),
        rows=rows,
        description=_description(rows),
    )


def _source(result: EvaluationResult, trace: HeatTrace | None) -> str:
    if trace is not None and trace.model is not None:
        return f"Read from the flame by {trace.model.name} {trace.model.version}."
    if result.performance.source.kind == "drawn_truth":
        return "Given by the script that the film was drawn from."
    return "Marked by a person."


def _steps_with_heat(result: EvaluationResult) -> list[tuple[str, ExpectedStep, ActionSegment]]:
    done = []
    segments = result.performance.segments
    for number, step in enumerate(result.dish.expected_steps, start=1):
        if step.heat is None:
            continue
        for step_id, index in result.judgement.matches:
            if step_id == step.step_id and index < len(segments):
                done.append((str(number), step, segments[index]))
    return sorted(done, key=lambda item: item[2].start_s)


def _heat_bar(axis: Axis, start_s: float, end_s: float, level: HeatLevel, label: str, what: str) -> HeatBar:
    share = axis.share(end_s) - axis.share(start_s)
    return HeatBar(
        x=axis.x(start_s),
        width=axis.width(start_s, end_s),
        notch=_LEVELS.index(level),
        level=level.value,
        label=label if share >= 0.02 + 0.025 * len(label) else label[:1] if share >= 0.045 else "",
        title=f"{what}: {level.value}, {clock_span(start_s, end_s)}",
    )


def _lanes(
    axis: Axis, done: Sequence[tuple[str, ExpectedStep, ActionSegment]]
) -> tuple[tuple[HeatBar, ...], ...]:
    """The steps' wanted heat in as few lanes as keep steps that overlap apart."""
    lanes: list[list[HeatBar]] = []
    ends: list[float] = []
    for number, step, segment in done:
        if step.heat is None:
            continue
        word = step.heat.value.capitalize()
        bar = _heat_bar(axis, segment.start_s, segment.end_s, step.heat, word, f"Step {number} wants")
        free = next((i for i, end in enumerate(ends) if end <= segment.start_s), None)
        if free is None:
            lanes.append([bar])
            ends.append(segment.end_s)
        else:
            lanes[free].append(bar)
            ends[free] = segment.end_s
    return tuple(tuple(lane) for lane in lanes)


def _paths(axis: Axis, samples: Sequence[HeatSample]) -> tuple[str, str]:
    """The trace as a line and as the area under it, broken where the flame was hidden or not looked at."""
    pieces: list[list[tuple[float, float]]] = [[]]
    last = None
    for sample in _thinned(samples):
        if sample.flame == "hidden" or (last is not None and sample.time_s - last > _gap(samples)):
            pieces.append([])
        if sample.flame != "hidden":
            pieces[-1].append((1000 * axis.share(sample.time_s), 100 - 100 * sample.level))
        last = sample.time_s
    drawn = [piece for piece in pieces if piece]
    lines, areas = [], []
    for piece in drawn:
        if len(piece) == 1:
            piece = [piece[0], (piece[0][0] + 1, piece[0][1])]
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in piece)
        lines.append(f"M{path}")
        areas.append(f"M{piece[0][0]:.1f} 100 L{path} L{piece[-1][0]:.1f} 100 Z")
    return " ".join(lines), " ".join(areas)


def _gap(samples: Sequence[HeatSample]) -> float:
    """How far apart two samples may lie and still be joined: three usual intervals, 10 s at least."""
    if len(samples) < 2:
        return _GAP_S
    usual = (samples[-1].time_s - samples[0].time_s) / (len(samples) - 1)
    every = -(-len(samples) // _POINTS)
    return max(_GAP_S, 3 * usual * every)


def _thinned(samples: Sequence[HeatSample]) -> list[HeatSample]:
    """At most 600 samples: of each run, the one farthest from the run's first, so that peaks stay."""
    every = -(-len(samples) // _POINTS)
    runs = [samples[start : start + every] for start in range(0, len(samples), max(1, every))]
    return [max(run, key=lambda s: abs(s.level - run[0].level)) for run in runs]


def _row(
    result: EvaluationResult,
    number: str,
    step: ExpectedStep,
    segment: ActionSegment,
    trace: HeatTrace | None,
    marks: Sequence[HeatMark],
) -> HeatRow:
    wrong = any(
        d.kind == DeviationKind.WRONG_HEAT and d.step_id == step.step_id for d in result.judgement.deviations
    )
    judged = not result.judgement.assessable.get(Category.HEAT, "not judged")
    return HeatRow(
        step=f"{number}. {step.description.rstrip('.')}",
        when=clock_span(segment.start_s, segment.end_s),
        wanted=step.heat.value if step.heat else "",
        seen=_seen_words(segment, trace, marks),
        verdict="Wrong heat" if wrong else "As asked" if judged else "Not judged",
        kind="wrong_heat" if wrong else "done" if judged else "unjudged",
    )


def _seen_words(segment: ActionSegment, trace: HeatTrace | None, marks: Sequence[HeatMark]) -> str:
    held: dict[HeatLevel, float] = {}
    for mark in marks:
        overlap = min(mark.end_s, segment.end_s) - max(mark.start_s, segment.start_s)
        if overlap > 0:
            held[mark.level] = held.get(mark.level, 0.0) + overlap
    if held:
        if len(held) == 1:
            return next(iter(held)).value
        total = sum(held.values())
        by_time = sorted(held.items(), key=lambda item: -item[1])
        return ", ".join(f"{level.value} {percent(time / total)}" for level, time in by_time)
    levels = [
        s.level
        for s in (trace.samples if trace else ())
        if segment.start_s <= s.time_s <= segment.end_s and s.flame != "hidden"
    ]
    return f"{percent(sum(levels) / len(levels))} of full on average" if levels else "not seen"


def _description(rows: Sequence[HeatRow]) -> str:
    if not rows:
        return "No step that was seen asks for a heat."
    return " ".join(f"{row.step}, {row.when}: wanted {row.wanted}, seen {row.seen}." for row in rows)
