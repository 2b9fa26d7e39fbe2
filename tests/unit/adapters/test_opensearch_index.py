"""What OpenSearch is told: mappings and queries of its published shape, and filters."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.opensearch_indices import Index, new_index
from servers.opensearch_knn import small_opensearch
from servers.opensearch_queries import hits, matched
from tip_samples import NAMES, tip

from adapters.aws.opensearch_calls import Calls, Cluster, Refusal
from adapters.aws.opensearch_index import (
    bulk_bodies,
    filed_words,
    filters,
    index_body,
    keyword_search,
    vector_search,
)
from adapters.aws.opensearch_tips import OpenSearchTipIndex
from bharatchef.errors import ConfigurationError, KnowledgeError
from knowledge_base.indexing import FIELD_WEIGHTS
from knowledge_base.retrieval import EVERYWHERE, Where, scope

DISHES = ("chai", "curry", "poha")
STEPS = ("boil", "fry")
PLACES = [f"{dish}:{step}" for dish in DISHES for step in STEPS]
tips = st.builds(
    lambda dishes, steps, points, severity: tip(
        "a-tip", dishes=dishes, steps=steps, points=[f"{place}:point" for place in points], severity=severity
    ),
    st.lists(st.sampled_from(DISHES), unique=True, max_size=2),
    st.lists(st.sampled_from(PLACES), unique=True, max_size=2),
    st.lists(st.sampled_from(PLACES), unique=True, max_size=2),
    st.sampled_from(["low", "medium", "high"]),
)
wheres = st.builds(
    lambda dish, step, severity: Where(dish, step if dish else None, severity),
    st.none() | st.sampled_from((*DISHES, "a-dish-of-mine")),
    st.none() | st.sampled_from((*STEPS, "serve")),
    st.none() | st.sampled_from(["low", "medium", "high"]),
)


@given(st.lists(tips, max_size=4), wheres)
def test_filters_admit_exactly_what_where_admits(held: list[Any], where: Where) -> None:
    index = new_index("tips", index_body({}, None), serverless=False)
    for number, one in enumerate(held):
        places = scope(one)
        index.write(
            str(number),
            {
                "severity": one.severity,
                "held_dishes": sorted(places.dishes),
                "held_steps": sorted(places.steps),
                "held_step_dishes": sorted(places.step_dishes),
            },
        )
    index.refresh()
    found = matched(index, {"bool": {"filter": [{"match_all": {}}, *filters(where)]}})
    assert set(found) == {str(number) for number, one in enumerate(held) if where.admits(one)}


@given(st.lists(st.text(max_size=60), max_size=30), st.integers(1, 7), st.integers(100, 400), st.booleans())
def test_bulk_bodies_hold_each_document_once_and_keep_to_their_size(
    texts: list[str], most_documents: int, most_bytes: int, with_ids: bool
) -> None:
    documents = [{"tip_id": str(number), "text": text} for number, text in enumerate(texts)]
    parts = list(bulk_bodies("an-index", documents, with_ids, most_documents, most_bytes))
    assert [one for part, _ in parts for one in part] == documents
    for part, body in parts:
        lines = body.split("\n")
        assert lines.pop() == ""
        assert [json.loads(line) for line in lines[1::2]] == part
        assert [json.loads(line)["index"].get("_id") for line in lines[::2]] == [
            one["tip_id"] if with_ids else None for one in part
        ]
        assert len(part) <= most_documents
        assert len(part) == 1 or len(body.encode()) <= most_bytes


@given(st.text(max_size=300))
def test_any_words_become_a_query_that_is_taken_or_none(query: str) -> None:
    body = keyword_search(query, EVERYWHERE, 5)
    index = new_index("tips", index_body({}, None), serverless=False)
    assert body is None or hits(index, json.loads(json.dumps(body))) == ([], 0)


def test_a_long_question_keeps_below_the_limit_of_clauses() -> None:
    body = keyword_search(" ".join(f"word{number}" for number in range(5_000)), EVERYWHERE, 5)
    assert body is not None
    clauses = len(body["query"]["bool"]["must"][0]["match"]["words"]["query"].split())
    assert 500 < clauses <= 1024


def test_each_term_stands_as_often_as_its_field_weighs() -> None:
    fields = {name: f"{name}-a {name}-b" for name in FIELD_WEIGHTS}
    words = Counter(filed_words(fields).split())
    for name, weight in FIELD_WEIGHTS.items():
        mark = "~" if name == "sounds" else ""
        assert words[f"{mark}{name}-a"] == words[f"{mark}{name}-b"] == max(1, round(2 * weight))
    assert filed_words({}) == ""


@pytest.mark.parametrize(
    ("engine", "space_type", "service", "error", "told"),
    [
        ("nmslib", None, "es", ConfigurationError, "OpenSearch 3 refuses nmslib"),
        ("annoy", None, "es", ConfigurationError, "lucene or faiss"),
        ("lucene", None, "aoss", ConfigurationError, "faiss alone"),
        ("lucene", "l2", "es", ConfigurationError, "cosinesimil or innerproduct"),
    ],
)
def test_engines_and_spaces_that_will_not_do_are_refused_before_they_are_sent(
    engine: str, space_type: str | None, service: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        index_body({}, 3, service, engine, space_type)


def test_a_vector_without_numbers_is_refused() -> None:
    with pytest.raises(KnowledgeError, match="1 to 16000"):
        index_body({}, 0)


@pytest.mark.parametrize("engine", ["lucene", "faiss"])
@pytest.mark.parametrize("space_type", ["cosinesimil", "innerproduct"])
def test_the_cosine_comes_back_out_of_each_spaces_score(engine: str, space_type: str) -> None:
    with small_opensearch() as small:
        index = OpenSearchTipIndex(
            Calls(Cluster(small.url, "none")), "tips", NAMES, engine=engine, space_type=space_type
        )
        index.put(
            [tip("east"), tip("north"), tip("west")], [[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]], "compass", 2
        )
        found = dict(index.nearest([4.0, 3.0]))
    assert found == pytest.approx({"east": 0.8, "north": 0.6, "west": -0.8}, abs=1e-5)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with small_opensearch() as small:
        body = index_body({}, 3, engine="lucene")
        Calls(Cluster(small.url, "none")).send("PUT", "/tips-1", body)
        yield small.url


class TestSmallServer:
    """The server of these tests refuses what OpenSearch would, in its words."""

    @pytest.mark.parametrize(
        ("change", "kind"),
        [
            (lambda knn: knn.pop("k"), "illegal_argument_exception"),
            (lambda knn: knn.update(k=0), "illegal_argument_exception"),
            (lambda knn: knn.update(k=10_001), "illegal_argument_exception"),
            (lambda knn: knn.update(min_score=0.5), "illegal_argument_exception"),
            (lambda knn: knn.update(vector=[]), "illegal_argument_exception"),
            (lambda knn: knn.update(vector=["1", 0, 0]), "illegal_argument_exception"),
            (lambda knn: knn.update(vector=[1, 0]), "search_phase_execution_exception"),
            (lambda knn: knn.update(vector=[0, 0, 0]), "search_phase_execution_exception"),
            (lambda knn: knn.update(num_candidates=5), "x_content_parse_exception"),
            (lambda knn: knn.update(filter={"unheard_of": {}}), "parsing_exception"),
            (lambda knn: knn.update(filter={"term": {}}), "parsing_exception"),
        ],
    )
    def test_it_refuses_a_query_that_is_not_of_the_published_shape(
        self, url: str, change: Any, kind: str
    ) -> None:
        body = vector_search([1, 0, 0], Where("chai"), 3)
        assert Calls(Cluster(url, "none")).send("POST", "/tips-1/_search", body)["hits"]["hits"] == []
        change(body["query"]["knn"]["vector"])
        status, answer = _posted(f"{url}/tips-1/_search", body)
        assert status == answer["status"] == 400
        assert answer["error"]["type"] == kind
        assert answer["error"]["root_cause"][0]["reason"]

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda field: field["method"].update(engine="nmslib"), "nmslib engine is deprecated"),
            (lambda field: field["method"].update(engine="hnswlib"), "Invalid engine"),
            (lambda field: field["method"].update(space_type="cosine"), "does not support space type"),
            (lambda field: field["method"].update(name="ivf"), "Invalid method name"),
            (lambda field: field["method"]["parameters"].update(ef=3), "Invalid parameter"),
            (lambda field: field.update(dims=3), "unknown parameter"),
            (lambda field: field.update(dimension=0), "Dimension value"),
            (lambda field: field.update(type="dense_vector"), "No handler for type"),
        ],
    )
    def test_it_refuses_a_mapping_that_is_not_of_the_published_shape(
        self, url: str, change: Any, told: str
    ) -> None:
        body = index_body({}, 3, engine="lucene")
        change(body["mappings"]["properties"]["vector"])
        with pytest.raises(Refusal, match=told) as raised:
            Calls(Cluster(url, "none")).send("PUT", "/tips-2", body)
        assert (raised.value.status, raised.value.kind) == (400, "mapper_parsing_exception")

    def test_it_hides_what_was_not_refreshed_and_refuses_what_does_not_fit(self, url: str) -> None:
        calls = Calls(Cluster(url, "none"))
        lines = [
            {"index": {"_index": "tips-1", "_id": "a"}},
            {"tip_id": "a", "vector": [1, 0, 0]},
            {"index": {"_index": "tips-1", "_id": "b"}},
            {"tip_id": "b", "vector": [1, 0]},
            {"index": {"_index": "tips-1", "_id": "c"}},
            {"tip_id": "c", "unheard_of": 1},
        ]
        answer = calls.send("POST", "/_bulk", "".join(json.dumps(line) + "\n" for line in lines))
        assert [one["index"]["status"] for one in answer["items"]] == [201, 400, 400]
        assert calls.send("GET", "/tips-1/_count")["count"] == 0
        calls.send("POST", "/tips-1/_refresh")
        assert calls.send("GET", "/tips-1/_count")["count"] == 1


def _posted(url: str, body: Any) -> tuple[int, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_small_server_scores_words_as_bm25_is_written() -> None:
    """Robertson and Zaragoza 2009 by hand: two documents, one holding the word once among two."""
    index = Index("a", {"properties": {"t": {"type": "text"}}}, {})
    index.write("1", {"t": "burnt onion"})
    index.write("2", {"t": "raw rice and more"})
    index.refresh()
    score = matched(index, {"multi_match": {"query": "onion", "fields": ["t^2"]}})["1"]
    assert score == pytest.approx(2 * 0.6931472 * 1 / (1 + 1.2 * (0.25 + 0.75 * 2 / 3)))
