"""The graded queries: enough of them, of existing tips, and none that gives its tip away."""

from collections import Counter

import pytest

from benchmarks.retrieval.gold import LANGUAGES, as_the_coach_takes, asked, giveaways, read_gold
from knowledge_base.advice import read_advice
from knowledge_base.library import DishLibrary


def test_there_are_enough_queries_in_every_language_and_half():
    gold = read_gold()
    assert len(gold) >= 120
    assert len({query.id for query in gold}) == len(gold)
    counted = Counter((query.language, query.part) for query in gold if not query.later)
    for language in LANGUAGES:
        assert counted[language, "dev"] == counted[language, "test"] >= 15
    later = Counter(query.part for query in gold if query.later)
    assert later["dev"] >= 60
    assert later["unseen"] >= 40
    assert later["test"] == 0


def test_every_query_names_tips_that_there_are_and_that_can_be_found():
    dishes, tips = DishLibrary(), {tip.tip_id: tip for tip in read_advice().tips}
    from knowledge_base.retrieval import Where

    for query in read_gold():
        assert set(query.relevant) <= set(tips), query.id
        assert max(query.relevant.values()) == 3, query.id
        best = [tip for tip, grade in query.relevant.items() if grade == 3]
        assert any(Where(query.dish).admits(tips[tip]) for tip in best), query.id
        assert asked(query, dishes)


def test_no_query_holds_an_alias_of_a_tip_that_it_should_find():
    assert list(giveaways(read_gold(), read_advice())) == []


def test_the_coach_takes_tips_that_fit_first_and_loses_none():
    dishes, book = DishLibrary(), read_advice()
    query = next(q for q in read_gold() if q.id == "d19")
    ids = ["rice-packed-on-the-plate", "soaked-before-rinsing", "soaking-skipped-or-cut-short"]
    taken = as_the_coach_takes(query, ids, book.tip, dishes)
    assert taken[0] == "soaking-skipped-or-cut-short"
    assert sorted(taken) == sorted(ids)


@pytest.mark.parametrize("row", [{"text": "why", "deviation": "missing"}, {"dish": "poha"}])
def test_a_query_is_either_words_or_a_deviation(row):
    from benchmarks.retrieval.gold import Query

    with pytest.raises(ValueError, match="text or a deviation"):
        Query.model_validate({"id": "e99", "language": "en", "relevant": {"x-y": 3}, **row})
