"""The table's stream as a source of changes, on an emulator.

ministack has DynamoDB Streams with iterators and images, with one shard a stream that is never split or
closed. What needs more is shown on a watermark that names a shard which is gone, and on the order of shards
alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from analytics_samples import KEY, NOW, keep, load, result_of, sqlite_store, tables
from aws_side import aws
from servers.on_aws import client

from adapters.analytics.opening import open_source
from adapters.analytics.queries import attempts_of
from adapters.analytics.store import AnalyticsStore
from adapters.aws.changes import DynamoChanges, _parents_first
from bharatchef.errors import InputError, StoreError
from bharatchef.pseudonyms import pseudonym


@pytest.fixture
def streaming(installed):
    """An installation whose table of evaluations has a stream, as Terraform's has."""
    client("dynamodb", installed.url).update_table(
        TableName=f"{installed.settings.table_prefix}Evaluations",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return installed


@pytest.fixture
def star(tmp_path) -> Iterator[AnalyticsStore]:
    store = sqlite_store(tmp_path / "star.sqlite3")
    yield store
    store.engine.dispose()


def _source(installed, side, **more: Any) -> DynamoChanges:
    return DynamoChanges(
        installed.settings, side.ports.objects, side.clock, idle_pages=2, pause_s=0.0, **more
    )


def _ids(star: AnalyticsStore) -> list[str]:
    return [str(row[0]) for row in tables(star.engine)["fact_evaluation"]]


def test_what_changes_comes_by_the_stream_and_what_was_before_by_a_scan(installed, star):
    side = aws(installed)
    keep(side.ports, result_of(1, "asha"))
    # What was kept before there was a stream is in the table alone.
    client("dynamodb", installed.url).update_table(
        TableName=f"{installed.settings.table_prefix}Evaluations",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    source = _source(installed, side)
    first = load(star, side.ports, source)
    assert first.afresh
    assert _ids(star) == ["ev-1"]
    keep(side.ports, result_of(2, "ravi", overall=64.0))
    second = load(star, side.ports, source)
    assert not second.afresh
    assert _ids(star) == ["ev-1", "ev-2"]
    (attempt,) = attempts_of(star.engine, pseudonym("ravi", KEY), None)
    assert attempt.overall == 64.0
    assert load(star, side.ports, source).changes == 0


def test_the_same_from_any_watermark_and_in_small_pages(streaming, star, tmp_path):
    side = aws(streaming)
    for number in range(7):
        keep(side.ports, result_of(number, f"person-{number % 3}"))
    side.ports.evaluations.delete("ev-3")
    source = _source(streaming, side)
    load(star, side.ports, source)
    whole = tables(star.engine, without=("source_watermark", "source_version"))
    assert len(whole["fact_evaluation"]) == 6
    small = _source(streaming, side, page=2)
    marks = [batch.watermark for batch in small.batches(None)]
    assert len(marks) > 8
    for number, mark in enumerate(marks[:: len(marks) // 3]):
        star.rewind(source.name, mark)
        load(star, side.ports, small)
        assert tables(star.engine, without=("source_watermark", "source_version")) == whole, number
    other = sqlite_store(tmp_path / "other.sqlite3")
    load(other, side.ports, small)
    assert tables(other.engine, without=("source_watermark", "source_version")) == whole
    other.engine.dispose()


def test_a_scan_that_was_broken_off_goes_on(streaming, star):
    side = aws(streaming)
    for number in range(5):
        keep(side.ports, result_of(number))
    source = _source(streaming, side, page=2)

    class BreaksOff:
        name = source.name

        def batches(self, after):
            for number, batch in enumerate(source.batches(after)):
                if number == 3:
                    raise StoreError("the way to AWS broke off")
                yield batch

    with pytest.raises(StoreError, match="broke off"):
        load(star, side.ports, BreaksOff())
    assert json.loads(star.watermark(source.name) or "")["scanning"]
    keep(side.ports, result_of(9))
    again = load(star, side.ports, source)
    assert not again.afresh
    assert len(_ids(star)) == 6


def test_a_deletion_comes_by_the_stream(streaming, star):
    side = aws(streaming)
    keep(side.ports, result_of(1, "asha"))
    keep(side.ports, result_of(2, "ravi"))
    source = _source(streaming, side)
    load(star, side.ports, source)
    side.ports.evaluations.delete("ev-1")
    load(star, side.ports, source)
    assert _ids(star) == ["ev-2"]
    assert pseudonym("asha", KEY) not in str(tables(star.engine))


def test_a_watermark_older_than_the_stream_begins_afresh(streaming, star):
    side = aws(streaming)
    keep(side.ports, result_of(1))
    source = _source(streaming, side)
    load(star, side.ports, source)
    side.clock.advance(timedelta(hours=19).total_seconds())
    assert not load(star, side.ports, source).afresh
    side.clock.advance(timedelta(hours=21).total_seconds())
    assert load(star, side.ports, source).afresh
    assert _ids(star) == ["ev-1"]


def test_a_shard_that_is_gone_before_it_was_read_begins_afresh(streaming, star):
    side = aws(streaming)
    keep(side.ports, result_of(1))
    source = _source(streaming, side)
    load(star, side.ports, source)
    mark = json.loads(star.watermark(source.name) or "")
    (last,) = mark["shards"].values()
    star.rewind(source.name, json.dumps({**mark, "shards": {"shardId-of-before": last}}))
    assert load(star, side.ports, source).afresh
    closed = {**mark, "shards": {**mark["shards"], "shardId-of-before": "closed"}}
    star.rewind(source.name, json.dumps(closed))
    assert not load(star, side.ports, source).afresh


def test_a_table_without_a_stream_says_what_to_do(installed, star):
    side = aws(installed)
    with pytest.raises(StoreError, match=r"Expected a stream of the table .*Evaluations; it has none"):
        load(star, side.ports, _source(installed, side))


def test_a_watermark_of_something_else_is_refused(streaming):
    with pytest.raises(InputError, match="a watermark that a load from DynamoDB has kept"):
        next(_source(streaming, aws(streaming)).batches("12:0f"))


def test_the_settings_choose_the_stream(streaming):
    side = aws(streaming)
    source = open_source(streaming.settings, side.ports.objects, side.clock)
    assert source.name == "dynamodb"


def test_parents_are_read_before_their_children():
    shards = [
        {"ShardId": "d", "ParentShardId": "b"},
        {"ShardId": "b", "ParentShardId": "a"},
        {"ShardId": "c", "ParentShardId": "gone"},
        {"ShardId": "a"},
    ]
    assert [shard["ShardId"] for shard in _parents_first(shards)] == ["a", "b", "d", "c"]


def test_an_erased_person_does_not_come_back_by_the_stream(streaming, star):
    side = aws(streaming)
    keep(side.ports, result_of(1, "asha"))
    source = _source(streaming, side)
    load(star, side.ports, source)
    star.erase(pseudonym("asha", KEY), NOW)
    star.rewind(source.name, None)
    load(star, side.ports, source)
    assert _ids(star) == []
