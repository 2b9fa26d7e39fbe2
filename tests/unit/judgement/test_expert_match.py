"""Whom the trainee stands beside: the expert with a film, else what is typical of several."""

from __future__ import annotations

import pytest
from judging_dishes import TEA_DONE, performance, segments, tea

from bharatchef.judgement import load_thresholds
from bharatchef.judgement.expert import TYPICAL, match_expert
from bharatchef.records import ExpertPerformance

LIMITS = load_thresholds().warping
TEMPI = (0.9, 1.0, 1.1, 1.2)


def done_at(tempo):
    return [(step, begin * tempo, end * tempo) for step, begin, end in TEA_DONE]


def dish_of(experts, film=None):
    shown = tuple(
        ExpertPerformance(
            performance_id=f"expert-{n}",
            actions=tuple(segments(done_at(tempo))),
            video_s3_key=film if n == 1 else None,
        )
        for n, tempo in enumerate(experts)
    )
    return tea().model_copy(update={"expert_performances": shown})


def test_several_experts_without_a_film_are_stood_for_by_their_barycentre():
    match = match_expert(dish_of(TEMPI), performance(done_at(2.1)), LIMITS)
    assert match.performance_id == TYPICAL
    assert match.experts == 4
    assert match.time_map.meaningless == ""
    long_steps = [step for step, begin, end in TEA_DONE if end - begin > 8]
    assert set(long_steps) <= set(match.tempo)
    for step in long_steps:
        assert match.tempo[step] == pytest.approx(2.0, rel=0.3)


def test_an_expert_with_a_film_is_shown_and_two_are_not_averaged():
    filmed = match_expert(dish_of(TEMPI, film="films/one.mp4"), performance(TEA_DONE), LIMITS)
    assert (filmed.performance_id, filmed.video_s3_key) == ("expert-1", "films/one.mp4")
    two = match_expert(dish_of(TEMPI[:2]), performance(TEA_DONE), LIMITS)
    assert two.performance_id == "expert-0"


def test_a_step_that_no_expert_showed_has_no_tempo():
    without = [row for row in done_at(1.0) if row[0] != TEA_DONE[2][0]]
    experts = tuple(
        ExpertPerformance(performance_id=f"e{n}", actions=tuple(segments(without))) for n in range(3)
    )
    dish = tea().model_copy(update={"expert_performances": experts})
    match = match_expert(dish, performance(TEA_DONE), LIMITS)
    assert match.performance_id == TYPICAL
    assert TEA_DONE[2][0] not in match.tempo
