"""Indices that take turns under an alias: readers see the old tips whole or the new ones whole."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from contract.tip_store_contract import AxisEmbedding
from servers.opensearch_knn import Asked, Fault, Small, small_opensearch
from tip_samples import DIMENSION, MODEL, NAMES, ONIONS, TIPS, VECTORS, tip

from adapters.aws.opensearch_builds import Builds
from adapters.aws.opensearch_calls import Calls, Cluster
from adapters.aws.opensearch_index import index_body
from adapters.aws.opensearch_store import OpenSearchTipStore
from adapters.aws.opensearch_tips import OpenSearchTipIndex, opensearch_index
from bharatchef.errors import ConfigurationError, EndpointError, KnowledgeError
from bharatchef.settings import load_settings
from knowledge_base.advice import Advice
from knowledge_base.retrieval import EVERYWHERE

ALIAS = "tips"


@pytest.fixture
def small() -> Iterator[Small]:
    with small_opensearch() as small:
        yield small


def index_on(small: Small, alias: str = ALIAS, **options: Any) -> OpenSearchTipIndex:
    service = "aoss" if small.serverless else "none"
    cluster = Cluster(small.url, service, timeout_s=5, attempts=3)
    calls = Calls(cluster, small.secret, pause=lambda _: None)
    builds = Builds(calls, alias, visible_s=2.0, pause=options.pop("pause", lambda _: None))
    return OpenSearchTipIndex(calls, alias, NAMES, AxisEmbedding(), builds=builds, **options)


def put(index: OpenSearchTipIndex, tips: Any = TIPS) -> None:
    index.put(tips, VECTORS[: len(tips)], MODEL, DIMENSION)


def on_path(small: Small, path: str, act: Callable[[], None], times: int = 1, skip: int = 0) -> None:
    """Do something just before the server answers a request whose path ends so."""
    left = [skip, times]

    def before(asked: Asked) -> None:
        if not asked.path.endswith(path):
            return
        if left[0] > 0:
            left[0] -= 1
        elif left[1] > 0:
            left[1] -= 1
            act()

    small.before = before


def test_the_index_says_what_it_holds_and_the_alias_is_on_it_alone(small: Small) -> None:
    index = index_on(small)
    index.put(TIPS, VECTORS, MODEL, DIMENSION, {"tips": "abc"})
    (holder,) = small.aliases[ALIAS]
    meta = small.indices[holder].mappings["_meta"]
    assert holder.startswith(f"{ALIAS}-{meta['sha256'][:12]}")
    assert (meta["model"], meta["dimension"], meta["count"], meta["state"]) == (MODEL, 5, 5, "served")
    assert index.stamp() == {"tips": "abc", "model_name": MODEL, "dimension": "5"}
    moves = [asked for asked in small.asked if asked.path == "/_aliases"]
    assert len(moves) == 1


def test_what_is_there_already_is_not_built_again(small: Small) -> None:
    index = index_on(small)
    put(index)
    before = dict(small.aliases)
    small.asked.clear()
    put(index)
    assert small.aliases == before
    assert not [asked for asked in small.asked if asked.path.endswith("_bulk") or asked.method == "PUT"]


def test_the_old_index_is_kept_for_a_way_back_and_older_ones_are_not(small: Small) -> None:
    index = index_on(small)
    for number in (5, 4, 3, 2):
        put(index, TIPS[:number])
    assert len(small.indices) == 2
    index.roll_back()
    assert (index.count(), len(small.indices)) == (3, 2)
    put(index, TIPS[:2])
    assert (index.count(), len(small.indices)) == (2, 2)
    put(index, TIPS[:1])
    assert sorted(len(one.seen) for one in small.indices.values()) == [1, 2]


def test_without_an_earlier_index_there_is_no_way_back(small: Small) -> None:
    index = index_on(small)
    put(index)
    with pytest.raises(KnowledgeError, match="there is none"):
        index.roll_back()


def test_another_alias_that_begins_alike_is_left_alone(small: Small) -> None:
    other = index_on(small, f"{ALIAS}-of-mine")
    put(other)
    for number in (4, 3, 2):
        put(index_on(small), TIPS[:number])
    assert other.count() == 5


def test_documents_that_were_throttled_are_sent_again_alone(small: Small) -> None:
    small.faults.append(Fault("_bulk/items", status=429, items=2))
    index = index_on(small)
    put(index)
    assert index.count() == 5
    bulks = [asked.raw.count(b"\n") // 2 for asked in small.asked if asked.path == "/_bulk"]
    assert bulks == [5, 2]


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        (Fault("_bulk/items", times=99, status=503, items=1), EndpointError, "too busy for 1 of 4"),
        (
            Fault("_bulk/items", times=99, status=400, items=1),
            KnowledgeError,
            "did not take tip burnt-onions",
        ),
        (Fault("/_bulk", times=99, status=503), EndpointError, "503"),
        (Fault("/_refresh", times=99, status=500), EndpointError, "500"),
        (Fault("/_bulk", times=99, cut=True), EndpointError, "broke its answer off"),
        (Fault("/_aliases", times=99, status=502), EndpointError, "502"),
    ],
)
def test_a_build_that_fails_leaves_the_old_tips(
    small: Small, fault: Fault, error: type[Exception], told: str
) -> None:
    index = index_on(small)
    put(index)
    held = small.aliases[ALIAS]
    small.faults.append(fault)
    with pytest.raises(error, match=told):
        put(index, TIPS[:4])
    small.faults.clear()
    assert small.aliases[ALIAS] == held
    assert index.keyword_ids("soap") == ["wash-hands"]
    put(index, TIPS[:3])
    assert index.count() == 3
    assert len(small.indices) == 2


def test_tips_that_got_lost_are_noticed(small: Small) -> None:
    def lose_one() -> None:
        newest = list(small.indices.values())[-1]
        newest.seen.popitem()

    on_path(small, "/_count", lose_one)
    with pytest.raises(KnowledgeError, match="Expected 5 tips in the new index, OpenSearch counts 4"):
        put(index_on(small))
    assert not small.indices


def test_an_index_that_was_removed_and_sprang_up_again_is_noticed(small: Small) -> None:
    def remove() -> None:
        small.indices.clear()

    many = [tip(f"tip-{number}") for number in range(250)]
    on_path(small, "/_bulk", remove)
    with pytest.raises(KnowledgeError, match="was removed while it was filled"):
        index_on(small).put(many, None, None, None)
    assert not small.aliases


@pytest.mark.parametrize(
    ("path", "method"), [("/_aliases", "POST"), ("/tips-", "PUT"), ("/_mapping", "PUT"), ("/_bulk", "POST")]
)
def test_an_answer_that_got_lost_does_no_harm(small: Small, path: str, method: str) -> None:
    index = index_on(small)
    put(index)
    lost = Fault(path, cut=True, method=method)
    small.faults.append(lost)
    put(index, TIPS[:4])
    assert lost.times == 0
    assert index.count() == 4
    assert all(len(holders) == 1 for holders in small.aliases.values())


def test_abandoned_indices_go_after_an_hour(small: Small) -> None:
    calls = Calls(Cluster(small.url, "none"))
    for name, hours in (("old", 2), ("young", 0)):
        meta = {
            "format": "bharatchef-tips",
            "alias": ALIAS,
            "state": "filling",
            "built_at": (datetime.now(UTC) - timedelta(hours=hours)).isoformat(),
        }
        calls.send("PUT", f"/{ALIAS}-{name}", index_body(meta, 3))
    put(index_on(small))
    assert f"{ALIAS}-old" not in small.indices
    assert f"{ALIAS}-young" in small.indices


def test_an_index_where_the_alias_belongs_is_told(small: Small) -> None:
    Calls(Cluster(small.url, "none")).send("PUT", f"/{ALIAS}", {})
    with pytest.raises(KnowledgeError, match="stands where the alias"):
        put(index_on(small))


@pytest.mark.parametrize("heeds_must_exist", [True, False])
def test_of_two_builds_at_once_one_wins(small: Small, heeds_must_exist: bool) -> None:
    small.heeds_must_exist = heeds_must_exist
    first, second = index_on(small), index_on(small)
    put(first)

    def overtake() -> None:
        small.before = None
        put(second, TIPS[:2])

    on_path(small, "/_aliases", overtake)
    if heeds_must_exist:
        with pytest.raises(EndpointError, match="at the same time") as raised:
            put(first, TIPS[:3])
        assert raised.value.retryable
    else:
        put(first, TIPS[:3])
    assert len(small.aliases[ALIAS]) == 1
    assert len(small.indices) <= 3
    assert first.count() == (2 if heeds_must_exist else 3)


def test_a_document_that_another_added_meanwhile_is_not_lost(small: Small) -> None:
    calls = Calls(Cluster(small.url, "none"))
    stores = [OpenSearchTipStore(calls, AxisEmbedding(), ALIAS) for _ in range(2)]  # type: ignore[arg-type]
    stores[0].add_texts(["onion"], ids=["a"])

    def overtake() -> None:
        small.before = None
        stores[1].add_texts(["tea"], ids=["b"])

    on_path(small, "/_search", overtake)
    with pytest.raises(EndpointError, match="at the same time"):
        stores[0].add_texts(["milk"], ids=["c"])
    stores[0].add_texts(["milk"], ids=["c"])
    assert [one.id for one in stores[0].get_by_ids(["a", "b", "c"])] == ["a", "b", "c"]
    assert stores[0].similarity_search("tea", k=1)[0].id == "b"


def test_readers_never_see_a_part(small: Small) -> None:
    writer, reader = index_on(small), index_on(small)
    halves = [TIPS[:3], TIPS[2:]]
    whole = [{one.tip_id for one in half} for half in halves]
    query = "onions tea leaves milk raw chicken flattened rice hands"
    put(writer, halves[0])
    seen: list[set[str]] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            seen.append(set(reader.keyword_ids(query, EVERYWHERE, 9)))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for number in range(100):
            half = halves[(number + 1) % 2]
            # What is told of the tips differs, so each time an index is filled anew.
            writer.put(half, VECTORS[: len(half)], MODEL, DIMENSION, {"number": str(number)})
            if number > 8 and len(seen) > 30:
                break
    finally:
        ended.set()
        thread.join()
    assert len(seen) > 30
    assert all(one in whole for one in seen)


def test_another_model_that_takes_the_place_is_noticed_by_who_has_it_open(small: Small) -> None:
    reader, writer = index_on(small, recheck_s=999.0), index_on(small)
    put(writer)
    assert reader.ranked("onions and tea")
    writer.put(TIPS, VECTORS[:, ::-1], "another model", DIMENSION)
    with pytest.raises(KnowledgeError, match="another model"):
        reader.ranked("onions and tea")


def test_vectors_of_another_length_that_take_the_place_are_noticed(small: Small) -> None:
    reader, writer = index_on(small, recheck_s=999.0), index_on(small)
    put(writer)
    assert reader.vector_ids([1, 0, 0, 0, 0])
    writer.put(TIPS, VECTORS[:, :3] + 0.1, "short model", 3)
    with pytest.raises(KnowledgeError, match=r"3 numbers \(short model\), the question's has 5"):
        reader.vector_ids([1, 0, 0, 0, 0])


@pytest.mark.parametrize("meta", [{}, {"state": "filling"}, {"state": "filled", "index_version": "0"}])
def test_an_index_that_is_not_ours_or_of_another_version_is_refused(
    small: Small, meta: dict[str, Any]
) -> None:
    index = index_on(small)
    put(index)
    (holder,) = small.aliases[ALIAS]
    small.indices[holder].mappings["_meta"] = meta
    with pytest.raises(KnowledgeError, match="whole index of tips"):
        index.keyword_ids("onions")
    assert index.stamp() == {}
    put(index)
    assert index.keyword_ids("onions")


def test_an_index_of_other_tips_than_expected_is_not_searched(small: Small) -> None:
    writer, reader = index_on(small), index_on(small, expected={"content": "abc"})
    assert reader.keyword_ids("onions") == []
    writer.put(TIPS, VECTORS, MODEL, DIMENSION, {"content": "old"})
    for ask in (lambda: reader.keyword_ids("onions"), lambda: reader.ranked("onions")):
        with pytest.raises(KnowledgeError, match="content old, expected abc"):
            ask()
    assert reader.stamp()["content"] == "old"
    writer.put(TIPS, VECTORS, MODEL, DIMENSION, {"content": "abc"})
    assert reader.ranked("onions")[0].tip_id == ONIONS.tip_id


def test_tips_that_were_found_are_fetched_in_one_request(small: Small) -> None:
    index = index_on(small)
    put(index)
    index.ranked("onions and tea")
    small.asked.clear()
    found = index.ranked("onions and tea")
    assert [index.tip(one.tip_id).tip_id for one in found] == [one.tip_id for one in found]
    assert [asked.path for asked in small.asked] == [f"/{ALIAS}/_search"] * 3
    with pytest.raises(KeyError):
        index.tip("no-such-tip")


def test_who_does_not_answer_is_not_asked_again_for_a_while(small: Small) -> None:
    index = index_on(small)
    put(index)
    small.asked.clear()
    small.faults.append(Fault("/_search", times=99, status=503))
    for _ in range(5):
        with pytest.raises(EndpointError, match="503"):
            index.keyword_ids("onions")
    assert len(small.asked) == 3
    small.faults.clear()
    put(index, TIPS[:3])
    assert index.keyword_ids("onions")[0] == ONIONS.tip_id


def test_a_search_of_a_part_is_no_answer(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_on(small)
    put(index)
    found = Small._found

    def failing(self: Small, name: str, what: str, body: Any) -> dict[str, Any]:
        return {**found(self, name, what, body), "_shards": {"total": 2, "failed": 1}}

    monkeypatch.setattr(Small, "_found", failing)
    with pytest.raises(EndpointError, match="only some of the tips"):
        index.keyword_ids("onions")


class TestServerless:
    """A vector search collection: no ids, no refresh, nothing visible at once, faiss alone."""

    @pytest.fixture
    def collection(self) -> Iterator[Small]:
        from botocore.credentials import Credentials

        secret = Credentials("AKIDEXAMPLE", "a secret")
        with small_opensearch(serverless=True, secret=secret, visible_after_s=0.1) as small:
            yield small

    def test_it_is_filled_seen_searched_and_replaced(self, collection: Small) -> None:
        pauses: list[float] = []

        def pause(pause_s: float) -> None:
            pauses.append(pause_s)
            threading.Event().wait(0.03)

        index = index_on(collection, pause=pause)
        put(index)
        assert pauses
        assert index.keyword_ids("soap") == ["wash-hands"]
        assert index.vector_ids(VECTORS[0], EVERYWHERE, 1) == [ONIONS.tip_id]
        assert index.tip(ONIONS.tip_id) == ONIONS
        assert len(index.kept_vectors(MODEL)) == 5
        put(index, TIPS[:2])
        assert index.count() == 2
        index.roll_back()
        assert index.count() == 5

    def test_documents_are_never_written_twice(self, collection: Small) -> None:
        collection.faults.append(Fault("/_bulk", cut=True))
        with pytest.raises(EndpointError):
            put(index_on(collection))
        assert not collection.indices
        assert len([asked for asked in collection.asked if asked.path == "/_bulk"]) == 1

    def test_lucene_is_refused_before_anything_is_made(self, collection: Small) -> None:
        with pytest.raises(ConfigurationError, match="faiss alone"):
            put(index_on(collection, engine="lucene"))
        assert not collection.indices


def test_the_settings_name_the_index(small: Small) -> None:
    settings = load_settings(
        opensearch_url=small.url,
        opensearch_service="none",
        opensearch_index="of-mine",
        opensearch_engine="lucene",
    )
    index = opensearch_index(settings, NAMES, AxisEmbedding())
    put(index)
    (holder,) = small.aliases["of-mine"]
    assert small.indices[holder].properties["vector"]["method"]["engine"] == "lucene"
    index.close()
    with pytest.raises(ConfigurationError, match="none is set"):
        opensearch_index(load_settings())
    with pytest.raises(ConfigurationError, match="OPENSEARCH_ENGINE"):
        load_settings(opensearch_engine="nmslib")


def test_only_changed_tips_need_new_vectors(small: Small) -> None:
    index = index_on(small)
    put(index)
    changed: Advice = TIPS[1].model_copy(update={"correction": "Wait until the whole surface rolls."})
    kept = index.kept_vectors(MODEL)
    from knowledge_base.indexing import passage, passage_sha256

    new = [one for one in (TIPS[0], changed, TIPS[2]) if passage_sha256(passage(one)) not in kept]
    assert new == [changed]
