"""The trainee's film beside an expert's: which moment is which, and who took longer; it judges nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bharatchef.judgement.thresholds import WarpingThresholds
from bharatchef.judgement.warping import TimeMap, step_features, tempo, time_map
from bharatchef.observed import Performance
from bharatchef.records import Dish, ExpertPerformance
from bharatchef.vocabulary import Record, Slug, Span


class ExpertMatch(Record):
    """The time map from an expert's performance (first) to the trainee's (second), for side-by-side playback.

    ``tempo`` holds, for each step that both did, how many times as long the trainee took by the map;
    it is empty where the map is meaningless.
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
    expert_s = max(action.end_s for action in expert.actions)
    found = time_map(
        step_features(expert.actions, steps, expert_s),
        step_features(performance.segments, steps, performance.duration_s),
        thresholds,
    )
    done = {segment.step_id for segment in performance.segments}
    spans = {
        action.step_id: Span(start_s=action.start_s, end_s=action.end_s)
        for action in reversed(expert.actions)
        if action.step_id is not None and action.step_id in done
    }
    return ExpertMatch(
        performance_id=expert.performance_id,
        video_s3_key=expert.video_s3_key,
        experts=max(1, len(dish.expert_performances)),
        time_map=found,
        tempo={} if found.meaningless else {k: round(v, 3) for k, v in tempo(found, spans).items()},
    )
