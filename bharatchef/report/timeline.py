"""What was done against what the dish asks for, one row a step, on the film's clock; it judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bharatchef.records import ActionSegment, Deviation, DurationRange, ExpectedStep
from bharatchef.report.axis import Axis, film_axis
from bharatchef.report.differences import Difference, asked_words, difference
from bharatchef.report.words import (
    KIND_WORDS,
    NOT_DONE,
    clock_span,
    counted,
    duration,
    listed,
)
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import DeviationKind

_OTHER_ROWS = 6
_LATE = 0.93
_LATE_FOR_WORDS = 0.85
_EARLY_FOR_WORDS = 0.15
_NEAR = 0.06
_SIGN_PX = 20


@dataclass(frozen=True)
class Mark:
    """A way in which a step differs, as a word; ``kind`` names its shape and its colour."""

    kind: str
    word: str


@dataclass(frozen=True)
class Range:
    """The time asked for, from where a bar starts; not ``whole`` where it goes on past the film's end."""

    x: str
    low: str
    high: str
    whole: bool


@dataclass(frozen=True)
class Bar:
    """One thing done.

    ``tail`` is the part beyond the time asked for, ``short`` what is lacking of it; a ``late`` bar has
    no room for signs to its right.
    """

    x: str
    width: str
    kind: str
    glyphs: tuple[str, ...]
    title: str
    late: bool
    asked: Range | None = None
    tail: tuple[str, str] | None = None
    short: tuple[str, str] | None = None


@dataclass(frozen=True)
class Ghost:
    """Where another step was done that this one came too early or too late for."""

    x: str
    width: str
    label: str
    title: str
    late: bool
    offset: int


@dataclass(frozen=True)
class Row:
    """A step of the dish, or (``number`` empty) something done that is none of its steps."""

    number: str
    name: str
    asked: str
    done: str
    state: str
    state_word: str
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...]
    ghosts: tuple[Ghost, ...]
    gap: tuple[str, str] | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Timeline:
    """All rows, and the stretches of the film in which no step could have been seen."""

    axis: Axis
    steps: tuple[Row, ...]
    others: tuple[Row, ...]
    unseen: tuple[tuple[str, str], ...]
    signs: tuple[Mark, ...]
    ranges: bool
    ghosts: bool
    loose: tuple[Difference, ...]


def timeline(result: EvaluationResult) -> Timeline:
    """The timeline of one evaluation, the dish's steps first in the dish's own order."""
    axis = film_axis(result)
    step_of = _step_of_segment(result)
    of_step: dict[str, list[Deviation]] = defaultdict(list)
    loose: list[Deviation] = []
    of_segment: dict[int, list[Deviation]] = defaultdict(list)
    step_ids = {step.step_id for step in result.dish.expected_steps}
    for deviation in result.judgement.deviations:
        owners = {step_of[index] for index in deviation.segments if index in step_of}
        if deviation.step_id in step_ids:
            of_step[deviation.step_id].append(deviation)
        elif len(owners) == 1:
            of_step[owners.pop()].append(deviation)
        elif deviation.segments:
            for index in deviation.segments:
                of_segment[index].append(deviation)
        else:
            loose.append(deviation)
    numbers = {step.step_id: str(n) for n, step in enumerate(result.dish.expected_steps, start=1)}
    steps = tuple(
        _step_row(result, axis, step, numbers, step_of, of_step[step.step_id])
        for step in result.dish.expected_steps
    )
    others = _other_rows(result, axis, step_of, of_segment)
    rows = steps + others
    return Timeline(
        axis=axis,
        steps=steps,
        others=others,
        signs=_signs(rows),
        ranges=any(bar.asked for row in rows for bar in row.bars),
        ghosts=any(row.ghosts for row in rows),
        unseen=_unseen(result, axis),
        loose=tuple(difference(result, d) for d in loose),
    )


def _signs(rows: Sequence[Row]) -> tuple[Mark, ...]:
    """The signs that the rows use, for the legend."""
    used = {Mark(row.state, row.state_word) for row in rows} | {m for row in rows for m in row.marks}
    order = ["done", *(kind.value for kind in DeviationKind)]
    ranked = sorted(used, key=lambda m: order.index(m.kind) if m.kind in order else len(order))
    return tuple(
        Mark(m.kind, "Not seen: may have been done") if m.kind == DeviationKind.NOT_SEEN else m
        for m in ranked
    )


def _step_of_segment(result: EvaluationResult) -> dict[int, str]:
    """The dish's step that each segment belongs to; segments that belong to none are left out."""
    step_ids = {step.step_id for step in result.dish.expected_steps}
    segments = result.performance.segments
    owners = {i: s.step_id for i, s in enumerate(segments) if s.step_id is not None and s.step_id in step_ids}
    owners.update({i: s for s, i in result.judgement.matches if s in step_ids and i < len(segments)})
    return owners


def _step_row(
    result: EvaluationResult,
    axis: Axis,
    step: ExpectedStep,
    numbers: dict[str, str],
    step_of: dict[int, str],
    deviations: Sequence[Deviation],
) -> Row:
    own = [i for i, owner in step_of.items() if owner == step.step_id]
    own.sort(key=lambda i: result.performance.segments[i].start_s)
    matched = {i for step_id, i in result.judgement.matches if step_id == step.step_id}
    bars = tuple(
        _bar(
            axis,
            result.performance.segments[i],
            _of_segment(i, deviations, only=len(own) == 1),
            step.duration if i in matched else None,
        )
        for i in own
    )
    kinds = list(dict.fromkeys(d.kind for d in deviations))
    state, word = _state(result, bool(own), kinds, step.optional)
    gap = next((d.span for d in deviations if d.kind in NOT_DONE and d.span is not None), None)
    return Row(
        number=numbers[step.step_id],
        name=step.description.rstrip("."),
        asked=asked_words(step, numbers),
        done=_done_words([result.performance.segments[i] for i in own]),
        state=state,
        state_word=word,
        marks=tuple(Mark(kind.value, KIND_WORDS[kind]) for kind in kinds),
        bars=bars,
        ghosts=_ghosts(result, axis, numbers, deviations),
        gap=(axis.x(gap.start_s), axis.width(gap.start_s, gap.end_s)) if gap else None,
        differences=tuple(difference(result, d) for d in deviations),
    )


def _state(
    result: EvaluationResult, done: bool, kinds: Sequence[DeviationKind], optional: bool
) -> tuple[str, str]:
    if kinds:
        return kinds[0].value, KIND_WORDS[kinds[0]]
    if done:
        return "done", "Done"
    if result.performance.segments_unavailable is not None or not result.performance.segments:
        return "unjudged", "Not judged"
    return ("optional", "Optional, not done") if optional else ("unjudged", "Not judged")


def _of_segment(index: int, deviations: Sequence[Deviation], only: bool) -> list[Deviation]:
    """The deviations that mark one bar; those that name no segment mark a step's only bar."""
    return [
        d for d in deviations if d.kind not in NOT_DONE and (index in d.segments or (only and not d.segments))
    ]


def _bar(
    axis: Axis, segment: ActionSegment, deviations: Sequence[Deviation], asked: DurationRange | None
) -> Bar:
    kinds = [d.kind for d in deviations]
    end = segment.end_s
    tail = short = None
    if asked and DeviationKind.TOO_LONG in kinds:
        limit = min(segment.start_s + asked.max_s, end)
        tail = (axis.x(limit), axis.width(limit, end))
    if asked and DeviationKind.TOO_SHORT in kinds:
        short = (axis.x(end), axis.width(end, segment.start_s + asked.min_s))
    words = listed([KIND_WORDS[kind].lower() for kind in kinds])
    title = f"{clock_span(segment.start_s, end)}, {duration(segment.length_s)}"
    return Bar(
        x=axis.x(segment.start_s),
        width=axis.width(segment.start_s, end),
        kind=kinds[0].value if kinds else "done",
        glyphs=tuple(kind.value for kind in kinds),
        title=f"{title}: {words}" if words else title,
        late=axis.share(segment.start_s) > _LATE,
        asked=_range(axis, segment.start_s, asked) if asked else None,
        tail=tail,
        short=short,
    )


def _ghosts(
    result: EvaluationResult, axis: Axis, numbers: dict[str, str], deviations: Sequence[Deviation]
) -> tuple[Ghost, ...]:
    sign = next((axis.share(d.span.start_s) for d in deviations if d.span is not None), -1.0)
    related = {d.related_step_id for d in deviations if d.kind == DeviationKind.OUT_OF_ORDER}
    ghosts = []
    for step_id, index in result.judgement.matches:
        if step_id in related and step_id in numbers and index < len(result.performance.segments):
            segment = result.performance.segments[index]
            start = axis.share(segment.start_s)
            ghosts.append(
                Ghost(
                    x=axis.x(segment.start_s),
                    width=axis.width(segment.start_s, segment.end_s),
                    label=f"step {numbers[step_id]}",
                    title=f"Step {numbers[step_id]} was done {clock_span(segment.start_s, segment.end_s)}",
                    late=start > _LATE_FOR_WORDS or _EARLY_FOR_WORDS < start < sign < start + 2 * _NEAR,
                    offset=_SIGN_PX if 0 <= start - sign < _NEAR else 0,
                )
            )
    return tuple(ghosts)


def _range(axis: Axis, start_s: float, asked: DurationRange) -> Range:
    low, high = start_s + asked.min_s, start_s + asked.max_s
    return Range(
        x=axis.x(start_s),
        low=axis.x(low),
        high=axis.x(high),
        whole=high <= axis.total_s,
    )


def _done_words(segments: Sequence[ActionSegment]) -> str:
    if not segments:
        return ""
    if len(segments) > 3:
        total = sum(s.length_s for s in segments)
        span = clock_span(segments[0].start_s, max(s.end_s for s in segments))
        return f"{counted(len(segments), 'time', 'times')} within {span}, {duration(total)} in all"
    return "; ".join(f"{clock_span(s.start_s, s.end_s)} ({duration(s.length_s)})" for s in segments)


def _other_rows(
    result: EvaluationResult,
    axis: Axis,
    step_of: dict[int, str],
    of_segment: dict[int, list[Deviation]],
) -> tuple[Row, ...]:
    """What was done and is no step of the dish: a row an action, the rarest actions in one row together."""
    by_action: dict[str, list[int]] = defaultdict(list)
    for index, segment in enumerate(result.performance.segments):
        if index not in step_of:
            by_action[segment.action_type].append(index)
    ranked = sorted(by_action.items(), key=lambda item: (-len(item[1]), item[1][0]))
    groups = ranked[:_OTHER_ROWS]
    rest = sorted(index for _, indices in ranked[_OTHER_ROWS:] for index in indices)
    if rest:
        groups.append((f"{counted(len(ranked) - _OTHER_ROWS, 'other action', 'other actions')}", rest))
    return tuple(_other_row(result, axis, name, indices, of_segment) for name, indices in groups)


def _other_row(
    result: EvaluationResult,
    axis: Axis,
    name: str,
    indices: Sequence[int],
    of_segment: dict[int, list[Deviation]],
) -> Row:
    deviations = list({d.deviation_id: d for i in indices for d in of_segment[i]}.values())
    kinds = list(dict.fromkeys(d.kind for d in deviations))
    bars = tuple(_bar(axis, result.performance.segments[i], of_segment[i], None) for i in indices)
    return Row(
        number="",
        name=name[:1].upper() + name[1:].replace("-", " ").replace("_", " "),
        asked="",
        done=_done_words([result.performance.segments[i] for i in indices]),
        state=kinds[0].value if kinds else "other",
        state_word=KIND_WORDS[kinds[0]] if kinds else "Not a step of the dish",
        marks=tuple(Mark(kind.value, KIND_WORDS[kind]) for kind in kinds),
        bars=tuple(
            bar if of_segment[i] else replace(bar, kind="other") for bar, i in zip(bars, indices, strict=True)
        ),
        ghosts=(),
        gap=None,
        differences=tuple(difference(result, d) for d in deviations),
    )


def _unseen(result: EvaluationResult, axis: Axis) -> tuple[tuple[str, str], ...]:
    """The stretches outside what was observed, as (x, width); tenths of a second are no stretch."""
    at = 0.0
    gaps = []
    for span in sorted(result.performance.observed, key=lambda s: s.start_s):
        if span.start_s - at >= 0.5:
            gaps.append((axis.x(at), axis.width(at, span.start_s)))
        at = max(at, span.end_s)
    if axis.total_s - at >= 0.5:
        gaps.append((axis.x(at), axis.width(at, axis.total_s)))
    return tuple(gaps)
