"""What every index of tips must do; a side inherits ``TipIndexContract`` and gives the fixture ``index``.

The fixture is an empty index whose names are ``tip_samples.NAMES``; ``reopened`` opens the same content anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tip_samples import BOIL, CLEAN, DIMENSION, MILK, MODEL, ONIONS, POHA, TIPS, VECTORS, tip

from bharatchef.errors import BharatChefError
from knowledge_base.indexing import passage, passage_sha256
from knowledge_base.retrieval import EVERYWHERE, Where


class AxisEmbedding:
    """Knows five words, one an axis; a text's vector says which of them it holds."""

    name, dimension = MODEL, DIMENSION
    words = ("onion", "tea", "milk", "hands", "flakes")

    def embed_query(self, text: str) -> list[float]:
        return [0.01 + (word in text.lower()) for word in self.words]

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


class TipIndexContract:
    """Held to by every store."""

    @pytest.fixture
    def filled(self, index: Any) -> Any:
        index.put(TIPS, VECTORS, MODEL, DIMENSION)
        return index

    def test_a_tip_comes_back_as_it_was_put(self, filled: Any) -> None:
        assert [filled.tip(one.tip_id) for one in TIPS] == list(TIPS)
        with pytest.raises(KeyError):
            filled.tip("no-such-tip")

    @pytest.mark.parametrize(
        ("query", "first"),
        [
            ("the onions were black at the edges", ONIONS),
            ("onion blackening", ONIONS),
            ("saute", ONIONS),
            ("soap", CLEAN),
            ("प्याज जल गया", ONIONS),
            ("जला हुआ प्याज़", ONIONS),
            ("दूध गिर गया", MILK),
            ("வெங்காயத்தை கருக்கிவிட்டேன்", ONIONS),
            ("டீ வெளிறிய நிறம்", BOIL),
            ("pyaz jal gya", ONIONS),
            ("piyaaj", None),
            ("chaai feekee", BOIL),
        ],
    )
    def test_words_find_a_tip_in_each_script(self, filled: Any, query: str, first: Any) -> None:
        found = filled.keyword_ids(query, EVERYWHERE, 5)
        assert (found[0] if found else None) == (first.tip_id if first else None)

    @pytest.mark.parametrize(
        "query",
        ["", "   ", "the and of", "zeppelin", "!?*", '"', "NEAR(", "mistake:onion -", "a\0b", "{onion}*"],
    )
    def test_words_that_say_nothing_find_nothing_and_break_nothing(self, filled: Any, query: str) -> None:
        found = filled.keyword_ids(query, EVERYWHERE, 5)
        assert found == ([ONIONS.tip_id] if "onion" in query else [])

    def test_no_more_is_found_than_was_asked_for(self, filled: Any) -> None:
        query = "the pan of milk, the onions, the tea and the flakes of rice"
        every = filled.keyword_ids(query, EVERYWHERE, 5)
        assert len(every) >= 3
        assert filled.keyword_ids(query, EVERYWHERE, 2) == every[:2]
        assert filled.keyword_ids(query, EVERYWHERE, 0) == []
        assert filled.vector_ids([1, 1, 1, 1, 1], EVERYWHERE, 2).__len__() == 2
        assert filled.vector_ids([1, 1, 1, 1, 1], EVERYWHERE, 0) == []

    @pytest.mark.parametrize(
        ("where", "admitted"),
        [
            (EVERYWHERE, TIPS),
            (Where("chai"), (BOIL, MILK, CLEAN)),
            (Where("chai", "boil"), (BOIL, MILK, CLEAN)),
            (Where("chai", "strain"), (MILK, CLEAN)),
            (Where("curry"), (ONIONS, CLEAN)),
            (Where("curry", "fry-onions", "high"), (ONIONS, CLEAN)),
            (Where("curry", "wash"), (CLEAN,)),
            (Where(severity="low"), (MILK,)),
            (Where("poha", severity="low"), ()),
            (Where("a-dish-of-mine"), (CLEAN,)),
        ],
    )
    def test_filters_hold_for_both_rankings(self, filled: Any, where: Where, admitted: Any) -> None:
        query = "onions tea leaves milk raw chicken flattened rice"
        expected = {one.tip_id for one in admitted}
        assert {one.tip_id for one in TIPS if where.admits(one)} == expected
        assert set(filled.keyword_ids(query, where, 9)) == expected
        assert set(filled.vector_ids([1, 1, 1, 1, 1], where, 9)) == expected

    def test_what_is_nearest_comes_first_however_long_the_vector(self, filled: Any) -> None:
        near = [0.1, 0.9, 0.5, 0.2, 0.0]
        expected = [BOIL.tip_id, MILK.tip_id, CLEAN.tip_id, ONIONS.tip_id, POHA.tip_id]
        assert filled.vector_ids(near, EVERYWHERE, 5) == expected
        assert filled.vector_ids([40 * value for value in near], EVERYWHERE, 5) == expected

    def test_a_vector_of_another_length_is_refused_in_words(self, filled: Any) -> None:
        with pytest.raises(BharatChefError, match=r"5 .*3") as raised:
            filled.vector_ids([1, 0, 0], EVERYWHERE, 3)
        assert "build" in raised.value.remedy.lower()

    def test_without_vectors_words_are_enough(self, index: Any) -> None:
        index.put(TIPS, None, None, None)
        assert index.keyword_ids("onions", EVERYWHERE, 3)[0] == ONIONS.tip_id
        with pytest.raises(BharatChefError, match="no vectors"):
            index.vector_ids([1, 0, 0, 0, 0], EVERYWHERE, 3)

    def test_vectors_that_do_not_fit_are_refused_and_what_was_stays(self, filled: Any) -> None:
        for wrong in (VECTORS[:4], VECTORS[:, :4], np.zeros_like(VECTORS), VECTORS * np.nan):
            with pytest.raises(BharatChefError):
                filled.put(TIPS, wrong, MODEL, DIMENSION)
        with pytest.raises(BharatChefError):
            filled.put(TIPS, VECTORS, None, DIMENSION)
        assert filled.keyword_ids("soap", EVERYWHERE, 1) == [CLEAN.tip_id]
        assert filled.vector_ids(VECTORS[0], EVERYWHERE, 1) == [ONIONS.tip_id]

    def test_what_is_put_takes_the_place_of_all_that_was(self, filled: Any) -> None:
        filled.put(
            [tip("salty-dal", mistake="The dal holds far too much salt.")], VECTORS[:1], MODEL, DIMENSION
        )
        assert filled.keyword_ids("salt", EVERYWHERE, 3) == ["salty-dal"]
        assert filled.keyword_ids("onions", EVERYWHERE, 3) == []
        assert filled.vector_ids([1, 1, 1, 1, 1], EVERYWHERE, 9) == ["salty-dal"]
        with pytest.raises(KeyError):
            filled.tip(ONIONS.tip_id)

    def test_a_reader_that_was_open_sees_the_new_content(self, filled: Any, reopened: Any) -> None:
        assert reopened.keyword_ids("soap", EVERYWHERE, 3) == [CLEAN.tip_id]
        filled.put([ONIONS], VECTORS[:1], MODEL, DIMENSION)
        assert reopened.keyword_ids("soap", EVERYWHERE, 3) == []
        assert reopened.vector_ids(VECTORS[0], EVERYWHERE, 3) == [ONIONS.tip_id]

    def test_vectors_are_kept_by_passage_and_model(self, filled: Any) -> None:
        kept = filled.kept_vectors(MODEL)
        for one, vector in zip(TIPS, VECTORS, strict=True):
            np.testing.assert_allclose(kept[passage_sha256(passage(one))], vector, atol=1e-6)
        assert len(kept) == len(TIPS)
        assert filled.kept_vectors("another model") == {}

    def test_both_rankings_are_fused_with_their_ranks(self, filled: Any) -> None:
        found = {one.tip_id: one for one in filled.ranked("onions and tea", EVERYWHERE, 5)}
        assert found[ONIONS.tip_id].keyword_rank is not None
        assert found[ONIONS.tip_id].vector_rank in (1, 2)
        assert found[POHA.tip_id].keyword_rank is None
        assert found[POHA.tip_id].vector_rank is not None
        order = filled.ranked("onions and tea", EVERYWHERE, 5)
        assert {order[0].tip_id, order[1].tip_id} == {ONIONS.tip_id, BOIL.tip_id}
        assert filled.ranked("onions and tea", EVERYWHERE, 1) == order[:1]

    def test_who_asks_about_a_dish_finds_what_names_it_before_what_holds_for_all(self, filled: Any) -> None:
        same = "The flame is left burning under the empty pan."
        pair = [tip("a-general", mistake=same), tip("b-of-the-dish", mistake=same, dishes=["chai"])]
        filled.put(pair, [VECTORS[0], VECTORS[0]], MODEL, DIMENSION)

        def found(where: Where) -> list[str]:
            return [one.tip_id for one in filled.ranked("flame under the empty pan", where, 2)]

        assert found(Where("chai")) == ["b-of-the-dish", "a-general"]
        assert found(EVERYWHERE) == ["a-general", "b-of-the-dish"]
        assert found(Where("poha")) == ["a-general"]

    def test_questions_together_find_what_each_finds_alone(self, filled: Any) -> None:
        asked = ["onions and tea", "", "milk", "onions and tea"]
        alone = [filled.ranked(query, EVERYWHERE, 5) for query in asked]
        assert filled.ranked_each(asked, EVERYWHERE, 5) == alone
        assert any(one.vector_rank for one in alone[2])
        assert alone[1] == []
        assert filled.ranked_each([], EVERYWHERE, 5) == []

    def test_another_embedding_than_the_indexs_is_refused_in_words(self, index: Any) -> None:
        index.put(TIPS, VECTORS, "another model", DIMENSION)
        with pytest.raises(
            BharatChefError, match=r"another model[\s\S]*five axes|five axes[\s\S]*another model"
        ):
            index.ranked("onions", EVERYWHERE, 3)
