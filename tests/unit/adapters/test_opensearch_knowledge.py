"""The coach's tips on OpenSearch as the settings name them: built, searched, and done without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.opensearch_knn import Fault, Small, small_opensearch
from servers.osmem import osmem

from adapters.knowledge import open_knowledge
from bharatchef.errors import KnowledgeError
from bharatchef.settings import Settings, load_settings
from knowledge_base.advice import read_advice

QUESTION = "the tea leaves boiled far too long and the chai is bitter"


def settings_for(url: str, home: Path) -> Settings:
    return load_settings(opensearch_url=url, opensearch_service="none", embedding="none", home=home)


@pytest.fixture
def small() -> Iterator[Small]:
    with small_opensearch() as small:
        yield small


def test_tips_are_built_once_and_found(small: Small, tmp_path: Path) -> None:
    settings = settings_for(small.url, tmp_path)
    built = open_knowledge(settings).build()
    assert built is not None
    assert built.tips > 100
    assert open_knowledge(settings).build() is None
    knowledge = open_knowledge(settings)
    found = knowledge.search(QUESTION, "masala-chai", 3)
    assert [one for one in found if "masala-chai" in one.dishes or one.steps]
    assert not knowledge.lacking


def test_osmem_finds_them_too(tmp_path: Path) -> None:
    with osmem() as url:
        knowledge = open_knowledge(settings_for(url, tmp_path))
        knowledge.build()
        assert knowledge.search(QUESTION, "masala-chai", 3)
        assert not knowledge.lacking


def test_without_opensearch_the_dishs_own_points_are_searched_and_it_is_said(
    small: Small, tmp_path: Path
) -> None:
    knowledge = open_knowledge(settings_for(small.url, tmp_path))
    knowledge.build()
    small.faults.append(Fault("/", times=99, status=403))
    found = knowledge.search(QUESTION, "masala-chai", 3)
    assert found
    assert all(one.tip_id.startswith("masala-chai:") for one in found)
    assert "refused who asks (403)" in knowledge.lacking


def test_tips_of_another_version_of_the_program_are_not_told(small: Small, tmp_path: Path) -> None:
    knowledge = open_knowledge(settings_for(small.url, tmp_path))
    knowledge.build()
    (holder,) = small.aliases["bharatchef-tips"]
    small.indices[holder].mappings["_meta"]["facts"]["tips"] = "of last year"
    assert all(one.tip_id.startswith("masala-chai:") for one in knowledge.search(QUESTION, "masala-chai", 3))
    assert "built from other tips" in knowledge.lacking
    knowledge.build(anew=True)
    knowledge.search(QUESTION, "masala-chai", 3)
    assert not knowledge.lacking


def test_an_operator_goes_back_to_the_index_before(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge = open_knowledge(settings_for(small.url, tmp_path))
    knowledge.build()
    (first,) = small.aliases["bharatchef-tips"]
    book = read_advice()
    fewer = book.model_copy(update={"tips": book.tips[1:]})
    monkeypatch.setattr("adapters.knowledge.read_advice", lambda: fewer)
    knowledge.build(anew=True)
    (second,) = small.aliases["bharatchef-tips"]
    assert second != first
    assert knowledge.roll_back() == first
    assert set(small.aliases["bharatchef-tips"]) == {first}


def test_there_is_no_way_back_from_the_first_index(small: Small, tmp_path: Path) -> None:
    knowledge = open_knowledge(settings_for(small.url, tmp_path))
    knowledge.build()
    with pytest.raises(KnowledgeError, match="earlier index"):
        knowledge.roll_back()


def test_the_index_of_a_laptop_follows_the_program(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="follows the tips"):
        open_knowledge(load_settings(home=tmp_path, embedding="none")).roll_back()
