"""Fusing two rankings, and where a tip holds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tip_samples import BOIL, CLEAN, MILK, ONIONS, tip

from knowledge_base.retrieval import MEANING_WEIGHT, Found, Where, fused, meaning_weight, scope

rankings = st.lists(st.sampled_from([f"tip-{n}" for n in range(12)]), unique=True)


def test_the_figures_of_a_small_case():
    assert fused(["a", "b"], ["b", "c"], k=60, vector_weight=1) == [
        Found("b", 1 / 62 + 1 / 61, 2, 1),
        Found("a", 1 / 61, 1, None),
        Found("c", 1 / 62, None, 2),
    ]
    assert fused(["a", "b"], ["b", "c"], k=0, vector_weight=0.25) == [
        Found("a", 1.0, 1, None),
        Found("b", 0.5 + 0.25, 2, 1),
        Found("c", 0.125, None, 2),
    ]
    assert fused([], []) == []
    assert [one.tip_id for one in fused(["a"], ["z"])] == ["a", "z"]
    assert fused(["a", "b", "a"], []) == fused(["a", "b"], [])
    with pytest.raises(ValueError, match="0 or more"):
        fused(["a"], ["b"], k=-1)
    with pytest.raises(ValueError, match="0 or more"):
        fused(["a"], ["b"], vector_weight=-1)


def test_who_asks_about_a_dish_finds_what_names_it_before_what_holds_for_all():
    assert [one.tip_id for one in fused(["a", "b"], [], naming={"b"})] == ["b", "a"]
    assert fused(["a", "b"], ["b"], naming={"c"}) == fused(["a", "b"], ["b"])
    far = [f"tip-{n}" for n in range(30)]
    assert fused(far, [], naming={"tip-29"})[0].tip_id == "tip-0"


@given(rankings, rankings)
def test_every_tip_of_either_ranking_is_found_once_with_its_own_ranks(keyword, vector):
    found = {one.tip_id: one for one in fused(keyword, vector)}
    assert set(found) == {*keyword, *vector}
    assert len(fused(keyword, vector)) == len(found)
    for tip_id, one in found.items():
        assert one.keyword_rank == (keyword.index(tip_id) + 1 if tip_id in keyword else None)
        assert one.vector_rank == (vector.index(tip_id) + 1 if tip_id in vector else None)


@given(rankings, rankings)
def test_scores_fall_and_who_leads_in_both_rankings_leads(keyword, vector):
    order = fused(keyword, vector)
    assert all(one.score >= two.score for one, two in pairwise(order))
    for one in order:
        for two in order:
            ranks = (one.keyword_rank, one.vector_rank), (two.keyword_rank, two.vector_rank)
            if None not in ranks[0] + ranks[1] and all(a < b for a, b in zip(*ranks, strict=True)):
                assert order.index(one) < order.index(two)


@given(rankings, rankings)
def test_of_two_rankings_that_count_alike_it_does_not_matter_which_is_which(keyword, vector):
    scores = {one.tip_id: one.score for one in fused(keyword, vector, vector_weight=1)}
    assert {one.tip_id: one.score for one in fused(vector, keyword, vector_weight=1)} == pytest.approx(scores)


@given(rankings)
def test_one_ranking_alone_keeps_its_order(ranking):
    assert [one.tip_id for one in fused(ranking, [])] == ranking
    assert [one.tip_id for one in fused([], ranking)] == ranking
    assert [one.tip_id for one in fused(ranking, ranking)] == ranking


def test_where_a_tip_holds():
    assert scope(CLEAN).dishes == frozenset()
    assert scope(BOIL).steps == {"chai:boil"}
    assert scope(BOIL).dishes == {"chai"}
    both = tip("both", dishes=["curry"], points=["chai:boil:rolling"])
    assert Where("curry", "anything").admits(both)
    assert Where("chai", "boil").admits(both)
    assert not Where("chai", "strain").admits(both)
    assert Where("chai", "strain").admits(MILK)
    assert not Where("poha").admits(ONIONS)
    assert Where(severity="high").admits(ONIONS)
    assert not Where(severity="low").admits(ONIONS)


def test_a_step_is_named_with_its_dish():
    with pytest.raises(ValueError, match="the dish of step 'boil'"):
        Where(step_id="boil")


@pytest.mark.parametrize(("question", "more"), [("why is it burnt", True), ("kyon jal gaya", False)])
def test_meaning_counts_more_where_the_embedding_knows_the_language(question, more):
    assert (meaning_weight(question) > MEANING_WEIGHT) == more
