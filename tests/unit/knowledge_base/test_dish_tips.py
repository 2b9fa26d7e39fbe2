"""Tips are searched in a dish's own words: exact, in a fixed order, with safety quoted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bharatchef.errors import KnowledgeError
from bharatchef.ports import TipStore
from knowledge_base.library import DishLibrary
from knowledge_base.tips import DishTips

LIBRARY = DishLibrary()
TIPS: TipStore = DishTips(LIBRARY)
ALL = {
    dish.dish_id: {
        *(f"{dish.dish_id}:{s.step_id}:{t.point_id}" for s in dish.expected_steps for t in s.technique),
        *(f"{dish.dish_id}:safety:{rule.safety_id}" for rule in dish.safety),
    }
    for dish in LIBRARY.list_dishes()
}


@pytest.mark.parametrize(
    ("query", "dish", "first"),
    [
        ("simmer the tea until dark", "masala-chai", "masala-chai:simmer-tea:dark-before-milk"),
        ("rolling boil of water", "masala-chai", "masala-chai:boil-water:rolling-boil"),
        ("eggs runny liquid", "egg-bhurji", "egg-bhurji:safety:eggs-firm"),
        ("washing raw chicken", "chicken-curry", "chicken-curry:safety:no-washing-chicken"),
        ("golden dal burnt", "tomato-chutney", "tomato-chutney:fry-dal-chilli:golden-dal"),
    ],
)
def test_the_tip_that_is_meant_comes_first(query: str, dish: str, first: str) -> None:
    assert TIPS.search(query, dish, 3)[0].tip_id == first


def test_safety_is_quoted_word_for_word_with_its_source() -> None:
    rule = LIBRARY.get("chicken-curry").safety[0]
    tip = next(t for t in TIPS.search("chicken temperature thermometer", "chicken-curry", 9) if t.safety)
    assert tip.text == rule.rule
    assert rule.source_url in tip.source


def test_names_in_other_languages_find_the_step_they_belong_to() -> None:
    assert (
        TIPS.search("अदरक", "masala-chai", 1)[0].tip_id == "masala-chai:crush-ginger-spices:coarse-not-paste"
    )
    assert TIPS.search("தேயிலை", "masala-chai", 1)
    assert (
        TIPS.search("adrak", "masala-chai", 1)[0].tip_id == "masala-chai:crush-ginger-spices:coarse-not-paste"
    )


def test_a_query_with_no_word_in_common_finds_nothing() -> None:
    assert TIPS.search("bicycle", "masala-chai", 5) == []
    assert TIPS.search("", "masala-chai", 5) == []
    assert TIPS.search("the of and", "masala-chai", 5) == []
    assert TIPS.search("tea", "masala-chai", 0) == []


def test_an_unknown_dish_is_named() -> None:
    with pytest.raises(KnowledgeError, match="There is no dish"):
        TIPS.search("tea", "masala-chia", 1)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.sampled_from(sorted(ALL)), st.integers(0, 8))
def test_any_query_gives_known_tips_once_and_the_same_twice(query: str, dish: str, limit: int) -> None:
    found = TIPS.search(query, dish, limit)
    ids = [tip.tip_id for tip in found]
    assert len(ids) <= limit
    assert len(ids) == len(set(ids))
    assert set(ids) <= ALL[dish]
    assert DishTips(LIBRARY).search(query, dish, limit) == found


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(ALL)), st.sampled_from(["boil milk", "fry onion oil", "rice salt water"]))
def test_a_smaller_limit_gives_the_head_of_the_same_list(dish: str, query: str) -> None:
    whole = TIPS.search(query, dish, 50)
    assert TIPS.search(query, dish, 2) == whole[:2]
