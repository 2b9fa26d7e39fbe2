"""Which pictures of the film a report shows; it loads none of them."""

from __future__ import annotations

from collections.abc import Sequence

from bharatchef.observed import PlatedDish, Still
from bharatchef.records import Mistake
from bharatchef.report.words import NOT_DONE
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Span

_INTO_THE_MOMENT_S = 3.0
_FARTHEST_S = 10.0


def mistake_span(result: EvaluationResult, mistake: Mistake) -> Span | None:
    """The stretch of film a mistake points to: its own, or that of its deviation."""
    if mistake.span is not None:
        return mistake.span
    for deviation in result.judgement.deviations:
        if deviation.deviation_id == mistake.deviation_id:
            return deviation.span
    return None


def mistake_still(result: EvaluationResult, mistake: Mistake) -> Still | None:
    """The still nearest to a mistake's moment; ``None`` where none lies within 10 s of its span.

    What was left out shows in no picture. The moment is a little after the span's start, at most
    3 s in: by then the hands are at it.
    """
    span = mistake_span(result, mistake)
    left_out = any(
        d.deviation_id == mistake.deviation_id and d.kind in NOT_DONE for d in result.judgement.deviations
    )
    if span is None or left_out:
        return None
    near = [
        still
        for still in result.stills
        if span.start_s - _FARTHEST_S <= still.time_s <= span.end_s + _FARTHEST_S
    ]
    return _nearest(near, span.start_s + min(span.length_s / 2, _INTO_THE_MOMENT_S))


def plate_still(result: EvaluationResult) -> Still | None:
    """The still of the final plate: where the plate was judged, or the film's last picture."""
    if not result.stills:
        return None
    seen = result.plate if isinstance(result.plate, PlatedDish) else result.performance.plate
    if isinstance(seen, PlatedDish) and seen.time_s is not None:
        return _nearest(result.stills, seen.time_s)
    return max(result.stills, key=lambda still: still.time_s)


def stills_to_show(result: EvaluationResult) -> list[Still]:
    """The stills a report shows, each once: one a mistake, first mistake first, then the final plate."""
    wanted = [mistake_still(result, mistake) for mistake in result.feedback.mistakes]
    wanted.append(plate_still(result))
    return list({still.key: still for still in wanted if still is not None}.values())


def _nearest(stills: Sequence[Still], moment_s: float) -> Still | None:
    return min(stills, key=lambda still: (abs(still.time_s - moment_s), still.time_s), default=None)
