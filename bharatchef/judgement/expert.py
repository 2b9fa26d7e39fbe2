"""The trainee's film beside an expert's: which moment is which, and who took longer; it judges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from bharatchef.judgement.thresholds import WarpingThresholds
from bharatchef.judgement.warping import TimeMap, step_features, tempo, time_map, typical_film
from bharatchef.observed import Performance
from bharatchef.records import Dish, ExpertPerformance
from bharatchef.vocabulary import Record, Slug, Span

if TYPE_CHECKING:
    from bharatchef.judgement.warping import Features

# With fewer there is nothing typical; the mean of two is neither.
_LEAST_FOR_TYPICAL = 3
TYPICAL = "typical-of-experts"
# A step is under way in the typical film where it is at least this share of its own strongest second.
_UNDER_WAY, _SHOWN_AT_ALL = 0.5, 0.3


class ExpertMatch(Record):
    """The time map from an expert's performance (first) to the trainee's (second), for side-by-side playback.

    ``tempo`` holds, for each step that both did, how many times as long the trainee took by the map;
    it is empty where the map is meaningless. Where there are three experts or more and no film of any of them
    to be shown, the first is their barycentre, and ``performance_id`` is "typical-of-experts".
    """

    performance_id: Slug
    video_s3_key: str | None = Field(alias="videoS3Key")
    experts: Annotated[int, Field(ge=1)]
    time_map: TimeMap
    tempo: dict[Slug, float]


def expert_of(dish: Dish) -> ExpertPerformance | None:
    """The performance to stand beside: one with a film where there is one; ``None`` without any."""
    known = list(dish.expert_performances)
    if not known and dish.expert_action_sequence:
        known = [
            ExpertPerformance(
                performance_id="expert",
                actions=dish.expert_action_sequence,
                video_s3_key=dish.expert_video_s3_key,
            )
        ]
    return next((expert for expert in known if expert.video_s3_key), known[0] if known else None)


def match_expert(dish: Dish, performance: Performance, thresholds: WarpingThresholds) -> ExpertMatch | None:
    """The match of a performance with the dish's expert; ``None`` where there is nothing to match.

    The first call of a process imports and compiles tslearn, 5 to 10 s.
    """
    expert = expert_of(dish)
    if expert is None or not expert.actions or not performance.segments:
        return None
    steps = [step.step_id for step in dish.expected_steps]
    done = {segment.step_id for segment in performance.segments}
    known = [one for one in dish.expert_performances if one.actions]
    if len(known) >= _LEAST_FOR_TYPICAL and expert.video_s3_key is None:
        first = typical_film([step_features(one.actions, steps, _length_s(one)) for one in known])
        name, shown = TYPICAL, _spans_in(first, steps)
    else:
        first = step_features(expert.actions, steps, _length_s(expert))
        name = expert.performance_id
        shown = {
            action.step_id: Span(start_s=action.start_s, end_s=action.end_s)
            for action in reversed(expert.actions)
            if action.step_id is not None
        }
    found = time_map(first, step_features(performance.segments, steps, performance.duration_s), thresholds)
    spans = {step_id: span for step_id, span in shown.items() if step_id in done}
    return ExpertMatch(
        performance_id=name,
        video_s3_key=expert.video_s3_key,
        experts=max(1, len(dish.expert_performances)),
        time_map=found,
        tempo={} if found.meaningless else {k: round(v, 3) for k, v in tempo(found, spans).items()},
    )


def _length_s(expert: ExpertPerformance) -> float:
    return max(action.end_s for action in expert.actions)


def _spans_in(features: Features, step_ids: list[str]) -> dict[str, Span]:
    """Where each step is under way in a film given by its features; steps that hardly show are left out."""
    import numpy as np

    spans: dict[str, Span] = {}
    for column, step_id in enumerate(step_ids):
        strength = np.hypot(features[:, 2 * column], features[:, 2 * column + 1])
        best = int(strength.argmax())
        if strength[best] < _SHOWN_AT_ALL:
            continue
        first = past = best
        while first > 0 and strength[first - 1] >= _UNDER_WAY * strength[best]:
            first -= 1
        while past + 1 < len(strength) and strength[past + 1] >= _UNDER_WAY * strength[best]:
            past += 1
        spans[step_id] = Span(start_s=float(first), end_s=float(past + 1))
    return spans
