"""The heat on a task of Label Studio's timeline, and as a person marked it there; opens no file.

A second track of regions beside the steps', on the same series: each says how the flame under the pan was, in
seconds. Where no region lies nothing is said, so that a person need not mark what does not matter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from pydantic import ValidationError

from bharatchef.errors import InputError
from bharatchef.observed import HeatMark, HeatTrace, Unavailable
from bharatchef.perception.label_studio import HEAT_TRACK
from bharatchef.results import EvaluationResult
from bharatchef.review.labels import HIDDEN, HeatSpan
from bharatchef.vocabulary import HeatLevel

Colour = Literal["blue", "yellow"]
COLOURS: tuple[Colour, ...] = ("blue", "yellow")
_LIT = (HeatLevel.LOW, HeatLevel.MEDIUM, HeatLevel.HIGH)
WORDS: tuple[str, ...] = (
    HeatLevel.OFF.value,
    *(level.value for level in _LIT),
    *(f"{level.value} {colour}" for level in _LIT for colour in COLOURS),
    HIDDEN,
)
"""What a stretch can be called: a level, the flame's colour beside it where that was seen, or hidden."""
_TYPE = "timeserieslabels"
_MOST_SPANS = 5_000
_BEYOND_END_S = 1.0
_OVERLAP_S = 0.001


def heat_spans(result: EvaluationResult) -> tuple[HeatSpan, ...]:
    """The heat as the evaluation saw it; empty where nothing saw it.

    A stretch has the colour that most of its moments had, where a model looked at the flame.
    """
    marks = result.performance.heat
    if isinstance(marks, Unavailable):
        return ()
    trace = result.heat if isinstance(result.heat, HeatTrace) else None
    ends = ((mark, min(mark.end_s, result.performance.duration_s)) for mark in marks)
    return tuple(
        HeatSpan(start_s=mark.start_s, end_s=end_s, level=mark.level, flame=_colour(mark, trace))
        for mark, end_s in ends
        if end_s > mark.start_s
    )


def _colour(mark: HeatMark, trace: HeatTrace | None) -> Colour | None:
    if trace is None or mark.level is HeatLevel.OFF:
        return None
    seen = [s.flame for s in trace.samples if mark.start_s <= s.time_s < mark.end_s]
    blue, yellow = seen.count("blue"), seen.count("yellow")
    if not blue and not yellow:
        return None
    return "yellow" if yellow > blue else "blue"


def heat_regions(spans: Sequence[HeatSpan]) -> list[dict[str, Any]]:
    """Spans as regions of the timeline."""
    return [
        {
            "id": f"heat-{number}",
            "from_name": HEAT_TRACK,
            "to_name": "moments",
            "type": _TYPE,
            "value": {
                "start": round(span.start_s, 3),
                "end": round(span.end_s, 3),
                "instant": False,
                _TYPE: [word_of(span)],
            },
        }
        for number, span in enumerate(spans)
    ]


def word_of(span: HeatSpan) -> str:
    """How a stretch is called on the timeline, one of ``WORDS``."""
    return f"{span.level} {span.flame}" if span.flame else str(span.level)


def heat_labels() -> list[str]:
    """The lines of the labelling interface that give the track its words."""
    return [
        f'  <TimeSeriesLabels name="{HEAT_TRACK}" toName="moments">',
        *(f'    <Label value="{word}"/>' for word in WORDS),
        "  </TimeSeriesLabels>",
    ]


def heat_of(
    annotations: Sequence[Mapping[str, Any]], duration_s: float, file_name: str
) -> tuple[HeatSpan, ...]:
    """The heat that accepted annotations mark, in order of time; empty where they mark none.

    Args:
        annotations: as an export has them, each with its ``result``.
        duration_s: how long the film is, seconds.

    Raises:
        InputError: a region has no such word, ends before it starts or after the film, or two overlap.
    """
    spans: list[HeatSpan] = []
    for annotation in annotations:
        for number, region in enumerate(annotation.get("result") or [], 1):
            if is_heat(region):
                spans.append(_span(region.get("value"), duration_s, f"{file_name}, region {number}"))
    if len(spans) > _MOST_SPANS:
        raise InputError(f"{file_name} marks more than {_MOST_SPANS:,} heats.", "Export one film's task.")
    spans.sort(key=lambda span: (span.start_s, span.end_s))
    for first, second in pairwise(spans):
        if second.start_s < first.end_s - _OVERLAP_S:
            raise InputError(
                f"{file_name}: '{word_of(first)}' ({first.start_s:g} to {first.end_s:g} s) and"
                f" '{word_of(second)}' ({second.start_s:g} to {second.end_s:g} s) overlap on the heat track.",
                "A flame has one level at a time: let one region end where the next begins.",
            )
    return tuple(spans)


def is_heat(region: Any) -> bool:
    """Whether a region lies on the heat track."""
    return isinstance(region, dict) and region.get("from_name") == HEAT_TRACK and region.get("type") == _TYPE


def heat_marks_of(spans: Sequence[HeatSpan]) -> tuple[HeatMark, ...]:
    """Spans as they are judged; where the flame was hidden, nothing is said."""
    return tuple(
        HeatMark(start_s=span.start_s, end_s=span.end_s, level=HeatLevel(span.level))
        for span in spans
        if span.level != HIDDEN
    )


def _span(value: Any, duration_s: float, where: str) -> HeatSpan:
    words = value.get(_TYPE) if isinstance(value, dict) else None
    if not isinstance(words, list) or len(words) != 1 or words[0] not in WORDS:
        raise InputError(
            f"{where}: expected one word for the heat ({', '.join(WORDS)}), got"
            f" {json.dumps(words, default=str)[:60]}.",
            "Give it one label of the heat track; nothing was changed.",
        )
    level, _, colour = words[0].partition(" ")
    try:
        start_s, end_s = (float(value[key]) for key in ("start", "end"))
        if not (math.isfinite(start_s) and math.isfinite(end_s)):
            raise ValueError("it is at no time")
        if end_s > duration_s + _BEYOND_END_S:
            raise InputError(
                f"{where}: '{words[0]}' ends at {end_s:.1f} s; the film is {duration_s:.1f} s long.",
                "Correct its times in Label Studio; nothing was changed.",
            )
        return HeatSpan.model_validate(
            {
                "start_s": start_s,
                "end_s": min(end_s, duration_s),
                "level": level,
                "flame": colour or None,
            }
        )
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise InputError(
            f"{where}: expected a heat that starts before it ends, in seconds, got"
            f" {json.dumps({k: value.get(k) for k in ('start', 'end')}, default=str)[:80]}.",
            "Draw the region again in Label Studio; nothing was changed.",
        ) from error
