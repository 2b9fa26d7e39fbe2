"""Users, evaluations and what belongs to them, read from five DynamoDB tables; writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.aws.clients import aws_client, telling_aws
from adapters.aws.items import Item, read, wire
from adapters.moments import moment
from bharatchef.errors import LeaseLost, StoreError
from bharatchef.ports import Clock, ObjectStore
from bharatchef.records import ActionSequence, Dish, Evaluation, Feedback, User
from bharatchef.settings import Settings
from bharatchef.vocabulary import Status

INDEX = "userId-timestamp-index"
TABLES = ("Users", "Dishes", "Evaluations", "ActionSequences", "Feedback")
# Sort keys of what is in Evaluations besides evaluations. No user's id begins with '~', and all sort before
# it: a query for an evaluation leaves these out, and the index finds what is open or owed under them.
WORK, OPEN, OWED = "~work", "~open", "~unannounced"


class StoredEvaluations:
    """The reading half of the evaluation store port on DynamoDB; ``DynamoEvaluations`` says what lies where.

    Args:
        clock: what leases are measured by.
        objects: where a record lies that is larger than an item may be.
    """

    def __init__(self, settings: Settings, clock: Clock, objects: ObjectStore) -> None:
        self._client: Any = aws_client("dynamodb", settings, read_s=10.0)
        self._clock = clock
        self._objects = objects
        self._tables = {name: settings.table_prefix + name for name in TABLES}

    def get(self, evaluation_id: str) -> Evaluation | None:
        item = self._item(evaluation_id)
        return None if item is None else self._evaluation(item)

    def action_sequence(self, evaluation_id: str) -> ActionSequence | None:
        item = self._got("ActionSequences", {"evaluationId": evaluation_id})
        return None if item is None else read(ActionSequence, item, evaluation_id, self._objects)

    def feedback(self, evaluation_id: str) -> Feedback | None:
        item = self._got("Feedback", {"evaluationId": evaluation_id})
        return None if item is None else read(Feedback, item, evaluation_id, self._objects)

    def dish(self, dish_id: str) -> Dish | None:
        """The dish as it was when it was last judged."""
        item = self._got("Dishes", {"dishId": dish_id})
        return None if item is None else read(Dish, item, dish_id, self._objects)

    def history(
        self, user_id: str, dish_id: str | None = None, since: datetime | None = None
    ) -> Sequence[Evaluation]:
        found = [self._evaluation(item) for item in self._indexed(user_id, since)]
        return _in_time(e for e in found if dish_id is None or e.dish_id == dish_id)

    def find(self, prefix: str) -> Sequence[Evaluation]:
        # A whole reading of the table: for an operator's command, never within an evaluation of many.
        wanted = "begins_with(evaluationId, :prefix) AND " if prefix else ""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._tables["Evaluations"],
            ConsistentRead=True,
            FilterExpression=f"{wanted}userId < :markers",
            ExpressionAttributeValues=wire({":markers": "~", **({":prefix": prefix} if prefix else {})}),
        )
        with telling_aws("find evaluations"):
            return _in_time(self._evaluation(item) for page in pages for item in page["Items"])

    def expired(self) -> Sequence[Evaluation]:
        now = moment(self._clock.now())
        return _in_time(
            self._evaluation(item)
            for item in self._marked(OPEN)
            if item["status"]["S"] == Status.PROCESSING and item["leaseUntil"]["S"] <= now
        )

    def unannounced(self) -> Sequence[Evaluation]:
        return _in_time(
            self._evaluation(item)
            for item in self._marked(OWED)
            if item["status"]["S"] != Status.PROCESSING and "announcedAt" not in item
        )

    def user(self, user_id: str) -> User | None:
        item = self._got("Users", {"userId": user_id})
        return None if item is None else read(User, item, user_id, self._objects)

    def check(self) -> None:
        """Return where the five tables and the index are there.

        Raises:
            StoreError: one is not; names it and its setting.
        """
        for name, table in self._tables.items():
            with telling_aws(f"find the table {table!r} (BHARATCHEF_TABLE_PREFIX and {name})"):
                described = self._client.describe_table(TableName=table)["Table"]
            if name == "Evaluations" and INDEX not in (
                index["IndexName"] for index in described.get("GlobalSecondaryIndexes", ())
            ):
                raise StoreError(f"Expected the index {INDEX} on the table {table}; it has none.")

    def _held(self, evaluation_id: str, owner: str) -> Evaluation:
        return self._evaluation(self._held_item(evaluation_id, owner))

    def _held_item(self, evaluation_id: str, owner: str) -> Item:
        # A lease that ran out is still its owner's while nobody has taken the work over.
        item = self._item(evaluation_id)
        if item is None:
            raise LeaseLost(f"Evaluation {evaluation_id} was deleted while it was being worked on.")
        status = item["status"]["S"]
        if status != Status.PROCESSING:
            raise LeaseLost(
                f"Evaluation {evaluation_id} is {status} already; it is no longer being worked on."
            )
        if item["leaseOwner"]["S"] != owner:
            raise LeaseLost(
                f"Evaluation {evaluation_id} was taken over by another worker; {owner} no longer holds it."
            )
        return item

    def _evaluation(self, item: Item) -> Evaluation:
        return read(Evaluation, item, item["evaluationId"]["S"], self._objects)

    def _of_work(self, work_key: str) -> Item | None:
        """The evaluation that a piece of work is in the hands of."""
        with telling_aws("look a piece of work up"):
            work = self._work(work_key)
            if work is None:
                return None
            key = {"evaluationId": work["ownedBy"]["S"], "userId": work["ownersUserId"]["S"]}
            return self._got("Evaluations", key)

    def _work(self, work_key: str) -> Item | None:
        return self._got("Evaluations", {"evaluationId": f"work#{work_key}", "userId": WORK})

    def _got(self, table: str, key: Mapping[str, str]) -> Item | None:
        if not all(key.values()):
            return None  # an empty key attribute is an error to DynamoDB, and names nothing
        with telling_aws(f"read {table}"):
            found: Item | None = self._client.get_item(
                TableName=self._tables[table], Key=wire(key), ConsistentRead=True
            ).get("Item")
            return found

    def _item(self, evaluation_id: str) -> Item | None:
        """The evaluation's item; whose it is need not be known."""
        if not evaluation_id or evaluation_id.startswith("work#"):
            return None
        with telling_aws(f"read evaluation {evaluation_id}"):
            found: list[Item] = self._client.query(
                TableName=self._tables["Evaluations"],
                ConsistentRead=True,
                KeyConditionExpression="evaluationId = :id AND userId < :markers",
                ExpressionAttributeValues=wire({":id": evaluation_id, ":markers": "~"}),
            )["Items"]
        return found[0] if found else None

    def _indexed(self, user_id: str, since: datetime | None = None) -> Iterator[Item]:
        if not user_id:
            return
        pages = self._client.get_paginator("query").paginate(
            TableName=self._tables["Evaluations"],
            IndexName=INDEX,
            KeyConditionExpression="userId = :user AND createdAt >= :since",
            # Any moment sorts after the digit that every one begins with.
            ExpressionAttributeValues=wire({":user": user_id, ":since": moment(since) if since else "0"}),
        )
        with telling_aws("read the index of evaluations"):
            for page in pages:
                yield from page["Items"]

    def _marked(self, marker: str) -> Iterator[Item]:
        # The index lags behind the table; the evaluation itself is read as it is now.
        for found in self._indexed(marker):
            key = {"evaluationId": found["evaluationId"]["S"], "userId": found["ownersUserId"]["S"]}
            item = self._got("Evaluations", key)
            if item is not None:
                yield item


def _in_time(found: Iterable[Evaluation]) -> list[Evaluation]:
    return sorted(found, key=lambda e: (moment(e.created_at), e.evaluation_id))
