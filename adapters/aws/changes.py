"""The history of evaluations in DynamoDB as a source of changes; knows nothing of who reads it.

It is the table's stream, read shard by shard, parents before their children. A stream keeps 24 hours: where
there is no watermark, or one that is too old, the table is scanned, and then the whole stream is read.

**Why that loses nothing**: all records of one item lie in one line of shards in their order, so the last
one that is read of it is its newest state. A scan that begins while the stream still holds a moment before
it misses nothing either: what changes during the scan comes after it in the stream. Older records that are
read again after the scan put an older state back only until their later ones come, in the same reading.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import sleep
from typing import Any

from adapters.aws.clients import aws_client, telling_aws
from adapters.aws.items import Item, read
from bharatchef.analytics.changes import Batch, Change, version_of
from bharatchef.errors import InputError, StoreError
from bharatchef.ports import Clock, ObjectStore
from bharatchef.records import Evaluation
from bharatchef.settings import Settings

_TABLE = "Evaluations"
_TOO_OLD = timedelta(hours=20)
"""Records are kept for 24 hours; the rest is room for a run that takes long."""
_PAGE = 200
_CLOSED = "closed"
_PAUSE_S = 0.2  # a shard answers five calls a second


@dataclass(frozen=True)
class _Position:
    """How far was read: by shard the last sequence number, ``closed``, or nothing yet; and within a scan."""

    at: datetime
    shards: Mapping[str, str] = field(default_factory=dict)
    scan_from: Item | None = None
    scanning: bool = False

    def text(self) -> str:
        """As a watermark."""
        return json.dumps(
            {
                "at": self.at.isoformat(),
                "shards": dict(self.shards),
                "scanFrom": self.scan_from,
                "scanning": self.scanning,
            },
            sort_keys=True,
        )


class DynamoChanges:
    """Reads the stream of the table of evaluations.

    Args:
        objects: where records lie that are larger than an item may be.
        clock: what the age of a watermark is measured by.
        page: items a batch of a scan, records a batch of a shard.
        idle_pages: empty answers of an open shard after which it is taken to be read; DynamoDB gives some in
            between, too.
        pause_s: time between them, seconds.
    """

    name = "dynamodb"

    def __init__(
        self,
        settings: Settings,
        objects: ObjectStore,
        clock: Clock,
        page: int = _PAGE,
        idle_pages: int = 5,
        pause_s: float = _PAUSE_S,
    ) -> None:
        self._dynamodb: Any = aws_client("dynamodb", settings, read_s=20.0)
        self._streams: Any = aws_client(
            "dynamodbstreams", settings, url=settings.dynamodb_streams_url, read_s=20.0
        )
        self._table = settings.table_prefix + _TABLE
        self._objects = objects
        self._clock = clock
        self._page = page
        self._idle_pages = idle_pages
        self._pause_s = pause_s

    def batches(self, after: str | None) -> Iterator[Batch]:
        arn = self._stream()
        position = _parsed(after)
        if position is None or self._is_lost(arn, position):
            position = _Position(self._clock.now(), scanning=True)
            yield Batch((), position.text(), afresh=True)
        if position.scanning:
            for batch, found in self._scanned(position):
                position = found
                yield batch
        for batch, found in self._streamed(arn, position):
            position = found
            yield batch

    # --- the table ---

    def _scanned(self, position: _Position) -> Iterator[tuple[Batch, _Position]]:
        while True:
            begin = {"ExclusiveStartKey": position.scan_from} if position.scan_from else {}
            with telling_aws(f"scan {self._table}"):
                page = self._dynamodb.scan(
                    TableName=self._table, Limit=self._page, ConsistentRead=True, **begin
                )
            # Whatever the stream tells of the same evaluation is newer, or comes before something newer.
            changes = [self._change(item, version_of(0)) for item in page["Items"] if _is_evaluation(item)]
            last = page.get("LastEvaluatedKey")
            position = _Position(position.at, scan_from=last, scanning=last is not None)
            yield Batch(tuple(changes), position.text()), position
            if last is None:
                return

    # --- its stream ---

    def _stream(self) -> str:
        with telling_aws(f"find the stream of {self._table}"):
            described = self._dynamodb.describe_table(TableName=self._table)["Table"]
        arn: str | None = described.get("LatestStreamArn")
        if arn is None or not described.get("StreamSpecification", {}).get("StreamEnabled"):
            raise StoreError(
                f"Expected a stream of the table {self._table}; it has none.",
                "Switch it on with new images: Terraform's module data does.",
            )
        return arn

    def _is_lost(self, arn: str, position: _Position) -> bool:
        """Whether the stream no longer holds what comes after a position."""
        if self._clock.now() - position.at > _TOO_OLD:
            return True
        present = {shard["ShardId"] for shard in self._shards(arn)}
        # Another stream, or a shard that is gone before it was read to its end.
        return any(last != _CLOSED and shard_id not in present for shard_id, last in position.shards.items())

    def _shards(self, arn: str) -> list[dict[str, Any]]:
        """All shards, parents before their children."""
        shards: list[dict[str, Any]] = []
        begin: dict[str, str] = {}
        while True:
            with telling_aws(f"describe the stream of {self._table}"):
                page = self._streams.describe_stream(StreamArn=arn, **begin)["StreamDescription"]
            shards += page["Shards"]
            if "LastEvaluatedShardId" not in page:
                break
            begin = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}
        return _parents_first(shards)

    def _streamed(self, arn: str, position: _Position) -> Iterator[tuple[Batch, _Position]]:
        begun = self._clock.now()
        listed = self._shards(arn)
        present = {shard["ShardId"] for shard in listed}
        # What is closed and no longer listed will not come again.
        done = {i: last for i, last in position.shards.items() if i in present}
        for shard in listed:
            shard_id = shard["ShardId"]
            if done.get(shard_id) == _CLOSED:
                continue
            for changes, last in self._records(arn, shard_id, done.get(shard_id, "")):
                done[shard_id] = last
                # What is not read yet may be as old as the position: it grows younger only at the end.
                found = _Position(position.at, dict(done))
                yield Batch(tuple(changes), found.text()), found
        found = _Position(begun, done)
        yield Batch((), found.text()), found

    def _records(self, arn: str, shard_id: str, last: str) -> Iterator[tuple[list[Change], str]]:
        """Changes of a shard after a sequence number, each with where it has come to."""
        where = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
            if last
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        with telling_aws(f"read the stream of {self._table}"):
            iterator = self._streams.get_shard_iterator(StreamArn=arn, ShardId=shard_id, **where).get(
                "ShardIterator"
            )
        empty = 0
        while iterator is not None and empty < self._idle_pages:
            with telling_aws(f"read the stream of {self._table}"):
                page = self._streams.get_records(ShardIterator=iterator, Limit=self._page)
            iterator = page.get("NextShardIterator")
            if page["Records"]:
                empty = 0
                last = page["Records"][-1]["dynamodb"]["SequenceNumber"]
                changes = [
                    self._recorded(record["dynamodb"])
                    for record in page["Records"]
                    if _is_evaluation(record["dynamodb"]["Keys"])
                ]
                yield changes, last if iterator is not None else _CLOSED
            elif iterator is not None:
                empty += 1
                sleep(self._pause_s)
        if iterator is None:
            yield [], _CLOSED

    def _recorded(self, record: Mapping[str, Any]) -> Change:
        version = version_of(int(record["SequenceNumber"]))
        image = record.get("NewImage")
        if image is None:
            return Change(record["Keys"]["evaluationId"]["S"], version, None)
        return self._change(image, version)

    def _change(self, item: Item, version: str) -> Change:
        evaluation_id = item["evaluationId"]["S"]
        return Change(evaluation_id, version, read(Evaluation, item, evaluation_id, self._objects))


def _is_evaluation(item: Mapping[str, Any]) -> bool:
    # Beside evaluations lie pieces of work and markers: their sort keys begin so (evaluations.py).
    return not item["userId"]["S"].startswith("~")


def _parents_first(shards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_id = {shard["ShardId"]: shard for shard in shards}
    ordered: dict[str, dict[str, Any]] = {}

    for shard in shards:
        line = [shard]
        while (parent := by_id.get(line[-1].get("ParentShardId", ""))) is not None:
            line.append(parent)
        for one in reversed(line):
            ordered.setdefault(one["ShardId"], one)
    return list(ordered.values())


def _parsed(watermark: str | None) -> _Position | None:
    if watermark is None:
        return None
    try:
        found = json.loads(watermark)
        return _Position(
            datetime.fromisoformat(found["at"]), found["shards"], found["scanFrom"], found["scanning"]
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "Expected a watermark that a load from DynamoDB has kept; this is none.",
            "Load afresh: `bharatchef report refresh --afresh`.",
        ) from error
