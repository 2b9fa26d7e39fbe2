"""What several expert performances propose for a dish's order, and what they do not."""

from __future__ import annotations

import pytest
from judging_dishes import dish, performance, segments, step

from bharatchef.errors import KnowledgeError
from bharatchef.judgement import judge, load_learning_weights, load_thresholds, suggest_order, with_order
from bharatchef.judgement.learning import FEATURES, parse_learning_weights
from bharatchef.records import ExpertPerformance

SALAD = dish(
    step("chop-onion", action="chop", description="Chop the onion"),
    step("chop-tomato", action="chop", description="Chop the tomato"),
    step("add-onion", action="add", description="Add the chopped onion to the bowl"),
    step("add-tomato", action="add", description="Add the chopped tomato to the bowl"),
    step("mix", action="mix", description="Mix everything in the bowl"),
    step("serve", action="serve", description="Serve the bowl"),
)
WAYS = (
    "chop-onion chop-tomato add-onion add-tomato mix serve",
    "chop-tomato chop-onion add-tomato add-onion mix serve",
    "chop-onion add-onion chop-tomato add-tomato mix serve",
    "chop-tomato add-tomato chop-onion add-onion mix serve",
    "chop-onion chop-tomato add-tomato add-onion mix serve",
)


def shown(*ways):
    return tuple(
        ExpertPerformance(
            performance_id=f"expert-{n}",
            actions=segments([(name, 20.0 * i, 20.0 * i + 15) for i, name in enumerate(way.split())]),
        )
        for n, way in enumerate(ways)
    )


def links(edges):
    return {(e.after_step_id, e.step_id) for e in edges}


def test_need_is_told_from_habit():
    suggestion = suggest_order(SALAD.expected_steps, shown(*WAYS))
    found = links(suggestion.edges)
    assert {("chop-onion", "add-onion"), ("chop-tomato", "add-tomato"), ("mix", "serve")} <= found
    assert ("add-onion", "add-tomato") not in found
    assert ("add-tomato", "mix") in found
    assert all(e.seen == e.performances == 5 for e in suggestion.edges)
    assert suggestion.required_counts == {s.step_id: 1 for s in SALAD.expected_steps}
    assert suggestion.optional == ()


def test_none_of_the_proposals_follows_from_the_others():
    found = links(suggest_order(SALAD.expected_steps, shown(*WAYS)).edges)
    assert ("chop-onion", "serve") not in found
    assert ("chop-onion", "mix") not in found


def test_one_performance_proposes_nothing():
    suggestion = suggest_order(SALAD.expected_steps, shown(WAYS[0]))
    assert (suggestion.edges, suggestion.binding) == ((), ())
    assert "one performance" in suggestion.note


def test_two_performances_bind_nothing():
    suggestion = suggest_order(SALAD.expected_steps, shown(*WAYS[:2]))
    assert suggestion.binding == ()
    assert not any(edge.binding for edge in suggestion.edges)
    assert "too few" in suggestion.note


def test_no_performance_at_all_is_no_error():
    suggestion = suggest_order(SALAD.expected_steps, ())
    assert (suggestion.edges, suggestion.required_counts, suggestion.durations) == ((), {}, {})


def test_a_dish_with_the_learnt_order_judges_by_it():
    learnt = with_order(SALAD, suggest_order(SALAD.expected_steps, shown(*WAYS)))
    right = [(s, 20.0 * i, 20.0 * i + 15) for i, s in enumerate(WAYS[1].split())]
    assert judge(learnt, performance(right), load_thresholds()).deviations == ()
    wrong = [(s, 20.0 * i, 20.0 * i + 15) for i, s in enumerate(reversed(WAYS[1].split()))]
    told = judge(learnt, performance(wrong), load_thresholds()).deviations
    assert any("seen in 5 of 5 expert performances" in d.expected_source for d in told)


def test_a_step_that_an_expert_left_out_is_optional_and_a_repeated_one_is_counted():
    ways = ("chop-onion add-onion mix serve mix", "chop-onion chop-tomato add-onion mix serve mix") * 2
    suggestion = suggest_order(SALAD.expected_steps, shown(*ways))
    assert "chop-tomato" in suggestion.optional
    assert suggestion.required_counts["mix"] == 2


def test_the_durations_are_those_that_were_seen():
    suggestion = suggest_order(SALAD.expected_steps, shown(*WAYS))
    assert suggestion.durations["mix"].model_dump() == {"min_s": 15.0, "max_s": 15.0, "seen": 5}


def test_weights_come_with_their_version_and_hash():
    weights = load_learning_weights()
    suggestion = suggest_order(SALAD.expected_steps, shown(*WAYS))
    assert (suggestion.weights_version, suggestion.weights_sha256) == (weights.version, weights.sha256)
    assert set(weights.weights) == set(FEATURES)
    with pytest.raises(KnowledgeError, match=r"mine\.yaml"):
        parse_learning_weights(b"version: '1'", "mine.yaml")
