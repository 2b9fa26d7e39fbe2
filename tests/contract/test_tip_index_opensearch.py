"""The index on OpenSearch: the contract and LangChain's standard tests, over HTTP.

Against the small server for the whole, osmem-server for all but kNN, and a real OpenSearch where
``OPENSEARCH_URL`` names one (plain, or with security off: ``DISABLE_SECURITY_PLUGIN=true``).
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests
from servers.opensearch_knn import Small, small_opensearch
from servers.osmem import osmem
from tip_samples import CLEAN, DIMENSION, MODEL, NAMES, ONIONS, TIPS, VECTORS
from tip_store_contract import AxisEmbedding, TipIndexContract

from adapters.aws.opensearch_builds import Builds
from adapters.aws.opensearch_calls import Calls, Cluster
from adapters.aws.opensearch_store import OpenSearchTipStore
from adapters.aws.opensearch_tips import OpenSearchTipIndex
from knowledge_base.retrieval import EVERYWHERE, Where


def opened(url: str, alias: str, **options: Any) -> OpenSearchTipIndex:
    return OpenSearchTipIndex(Calls(Cluster(url, "none")), alias, NAMES, AxisEmbedding(), **options)


def _of_collection(collection: Small, alias: str) -> OpenSearchTipIndex:
    calls = Calls(Cluster(collection.url, "aoss"), collection.secret)
    builds = Builds(calls, alias, visible_s=2.0, pause=lambda _: time.sleep(0.03))
    return OpenSearchTipIndex(calls, alias, NAMES, AxisEmbedding(), builds=builds)


def _without_traces(url: str, alias: str) -> None:
    calls = Calls(Cluster(url, "none"))
    for name in calls.send("GET", f"/{alias}-*/_mapping"):
        calls.send("DELETE", f"/{name}")
    calls.close()


@pytest.fixture(scope="session")
def small_url() -> Iterator[str]:
    with small_opensearch() as small:
        yield small.url


@pytest.fixture(scope="session")
def collection() -> Iterator[Small]:
    from botocore.credentials import Credentials

    secret = Credentials("AKIDEXAMPLE", "a secret")
    with small_opensearch(serverless=True, secret=secret, visible_after_s=0.02) as small:
        yield small


@pytest.fixture(scope="session")
def osmem_url() -> Iterator[str]:
    with osmem() as url:
        yield url


@pytest.fixture(scope="session")
def real_url() -> str:
    url = os.environ.get("OPENSEARCH_URL", "")
    if not url:
        pytest.skip("OPENSEARCH_URL names no OpenSearch")
    return url


@pytest.fixture
def alias() -> str:
    """A name of its own for each test, so that no index is found that another left."""
    return f"tips-test-{uuid.uuid4().hex[:12]}"


class TestSmallOpenSearch(TipIndexContract):
    @pytest.fixture(params=["faiss", "lucene"])
    def index(self, request: pytest.FixtureRequest, small_url: str, alias: str) -> Iterator[Any]:
        index = opened(small_url, alias, engine=request.param)
        yield index
        index.close()

    @pytest.fixture
    def reopened(self, small_url: str, alias: str) -> Iterator[Any]:
        index = opened(small_url, alias)
        yield index
        index.close()


class TestSmallCollection(TipIndexContract):
    """A serverless vector search collection: signed, without ids and refresh, nothing visible at once."""

    @pytest.fixture
    def index(self, collection: Small, alias: str) -> Iterator[Any]:
        index = _of_collection(collection, alias)
        yield index
        index.close()

    @pytest.fixture
    def reopened(self, collection: Small, alias: str) -> Iterator[Any]:
        index = _of_collection(collection, alias)
        yield index
        index.close()


class TestRealOpenSearch(TipIndexContract):
    @pytest.fixture
    def index(self, real_url: str, alias: str) -> Iterator[Any]:
        index = opened(real_url, alias, engine=os.environ.get("OPENSEARCH_ENGINE", "faiss"))
        yield index
        index.close()
        _without_traces(real_url, alias)

    @pytest.fixture
    def reopened(self, real_url: str, alias: str) -> Iterator[Any]:
        index = opened(real_url, alias)
        yield index
        index.close()


class TestWordsOnOsmem:
    """What the contract asks of words, filters and content, against a server that is not ours."""

    @pytest.fixture
    def index(self, osmem_url: str, alias: str) -> Iterator[OpenSearchTipIndex]:
        index = opened(osmem_url, alias)
        yield index
        index.close()
        _without_traces(osmem_url, alias)

    @pytest.fixture
    def reopened(self, osmem_url: str, alias: str) -> Iterator[OpenSearchTipIndex]:
        index = opened(osmem_url, alias)
        yield index
        index.close()

    @pytest.fixture
    def filled(self, index: OpenSearchTipIndex) -> OpenSearchTipIndex:
        index.put(TIPS, VECTORS, MODEL, DIMENSION)
        return index

    test_a_tip_comes_back_as_it_was_put = TipIndexContract.test_a_tip_comes_back_as_it_was_put
    test_words_find_a_tip_in_each_script = TipIndexContract.test_words_find_a_tip_in_each_script
    test_words_that_say_nothing_find_nothing_and_break_nothing = (
        TipIndexContract.test_words_that_say_nothing_find_nothing_and_break_nothing
    )
    test_vectors_are_kept_by_passage_and_model = TipIndexContract.test_vectors_are_kept_by_passage_and_model
    test_another_embedding_than_the_indexs_is_refused_in_words = (
        TipIndexContract.test_another_embedding_than_the_indexs_is_refused_in_words
    )
    test_without_vectors_words_are_enough = TipIndexContract.test_without_vectors_words_are_enough

    @pytest.mark.parametrize(
        "where",
        [
            EVERYWHERE,
            Where("chai"),
            Where("chai", "boil"),
            Where("chai", "strain"),
            Where("curry"),
            Where("curry", "fry-onions", "high"),
            Where("curry", "wash"),
            Where(severity="low"),
            Where("poha", severity="low"),
            Where("a-dish-of-mine"),
        ],
    )
    def test_filters_hold(self, filled: OpenSearchTipIndex, where: Where) -> None:
        found = filled.keyword_ids("onions tea leaves milk raw chicken flattened rice", where, 9)
        assert set(found) == {one.tip_id for one in TIPS if where.admits(one)}

    def test_the_alias_moves_and_the_old_index_can_come_back(
        self, filled: OpenSearchTipIndex, reopened: OpenSearchTipIndex
    ) -> None:
        assert reopened.keyword_ids("soap") == [CLEAN.tip_id]
        filled.put([ONIONS], None, None, None)
        assert (reopened.count(), reopened.keyword_ids("soap")) == (1, [])
        filled.roll_back()
        assert (reopened.count(), reopened.keyword_ids("soap")) == (len(TIPS), [CLEAN.tip_id])


class TestSmallVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, small_url: str, alias: str) -> Iterator[VectorStore]:  # type: ignore[override]
        store = OpenSearchTipStore(Calls(Cluster(small_url, "none")), self.get_embeddings(), alias)
        yield store
        store.close()


class TestRealVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, real_url: str, alias: str) -> Iterator[VectorStore]:  # type: ignore[override]
        store = OpenSearchTipStore(Calls(Cluster(real_url, "none")), self.get_embeddings(), alias)
        yield store
        store.close()
        _without_traces(real_url, alias)
