"""Users, evaluations and what belongs to them in five DynamoDB tables; knows nothing of how they are made."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.aws.clients import aws_client, error_code, telling_aws
from adapters.aws.items import SPILLED, Item, fitted, item_of, plain, read, wire
from adapters.aws.metrics import EmfMetrics
from adapters.completing import check_same_work, check_whole
from adapters.local.evaluations import moment
from bharatchef.errors import LeaseLost, StoreError
from bharatchef.ports import Claim, Clock, ObjectStore
from bharatchef.records import ActionSequence, Dish, Evaluation, Feedback, User
from bharatchef.results import EvaluationResult
from bharatchef.settings import Settings
from bharatchef.vocabulary import Status

INDEX = "userId-timestamp-index"
TABLES = ("Users", "Dishes", "Evaluations", "ActionSequences", "Feedback")
_ROUNDS = 20
# Sort keys of what is in Evaluations besides evaluations. No user's id begins with '~', and all sort before
# it: a query for an evaluation leaves these out, and the index finds what is open or owed under them.
_WORK, _OPEN, _OWED = "~work", "~open", "~unannounced"


class DynamoEvaluations:
    """The evaluation store port on DynamoDB.

    **Every write that must not happen twice is one conditional write or one transaction**: what was read
    before it is named in its condition, and a claim that loses the race reads again. An evaluation's item
    bears the lease (``leaseOwner``, ``leaseUntil``). Beside it in the same table lie an item a piece of work
    (``work#`` and its key) that says which evaluation is the work's, so that the same work has one; and a
    marker while the evaluation is open or nobody was told of its end, so that the index finds those few
    without reading the table.

    Args:
        clock: what leases are measured by; the workers' clocks must agree within a fraction of a lease.
        objects: where a record goes that is larger than an item may be.
        metrics: what counts each evaluation that ended, once its end is stored.
    """

    def __init__(
        self, settings: Settings, clock: Clock, objects: ObjectStore, metrics: EmfMetrics | None = None
    ) -> None:
        self._client: Any = aws_client("dynamodb", settings, read_s=10.0)
        self._clock = clock
        self._objects = objects
        self._metrics = metrics
        self._tables = {name: settings.table_prefix + name for name in TABLES}

    def claim(self, evaluation: Evaluation, owner: str, lease_s: float) -> Claim:
        for _ in range(_ROUNDS):
            now = self._clock.now()
            until = now + timedelta(seconds=lease_s)
            item = self._of_work(evaluation.work_key)
            if item is None or item["status"]["S"] == Status.FAILED:
                started = evaluation.model_copy(update={"status": Status.PROCESSING})
                if self._begin(started, item, owner, until):
                    return Claim("claimed", started, until=until)
                continue
            values = plain(item)
            stored = self._evaluation(item)
            if stored.status == Status.COMPLETED:
                return Claim("done", stored)
            holder, held_until = values["leaseOwner"], values["leaseUntil"]
            if holder != owner and held_until > moment(now):
                return Claim("held", stored, until=datetime.fromisoformat(held_until))
            if self._take(stored, holder, held_until, owner, until):
                return Claim("claimed", stored, resumed=holder != owner, until=until)
        raise StoreError(
            f"Could not claim evaluation {evaluation.evaluation_id}: others kept claiming the same work.",
            "Repeat it in a while.",
        )

    def renew(self, evaluation_id: str, owner: str, lease_s: float) -> None:
        until = moment(self._clock.now() + timedelta(seconds=lease_s))
        with telling_aws(f"renew the lease on {evaluation_id}"):
            item = self._held_item(evaluation_id, owner)
            renewed = self._conditional(
                self._client.update_item,
                TableName=self._tables["Evaluations"],
                Key=_key(item),
                UpdateExpression="SET leaseUntil = :until",
                **_while_held(owner, until=until),
            )
        if not renewed:
            self._held_item(evaluation_id, owner)
            raise LeaseLost(f"Evaluation {evaluation_id} changed hands while its lease was renewed.")

    def complete(self, result: EvaluationResult, owner: str) -> None:
        evaluation = result.evaluation
        evaluation_id = evaluation.evaluation_id
        check_whole(result)
        check_same_work(self._held(evaluation_id, owner), evaluation)
        records = (
            ("ActionSequences", result.action_sequence, ("evaluationId",)),
            ("Feedback", result.feedback, ("evaluationId",)),
            ("Dishes", result.dish, ("dishId",)),
        )
        beside = []
        for table, record, key in records:
            item = fitted(record, item_of(record, key), key, self._objects)
            beside.append({"Put": {"TableName": self._tables[table], "Item": item}})
        self._end(evaluation, owner, beside)
        if self._metrics is not None:
            self._metrics.completed(result)

    def fail(self, evaluation_id: str, owner: str, reason: str) -> None:
        failed = {"status": Status.FAILED, "failure_reason": reason, "completed_at": self._clock.now()}
        self._end(self._held(evaluation_id, owner).model_copy(update=failed), owner, [])
        if self._metrics is not None:
            self._metrics.failed(evaluation_id)

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
            for item in self._marked(_OPEN)
            if item["status"]["S"] == Status.PROCESSING and item["leaseUntil"]["S"] <= now
        )

    def unannounced(self) -> Sequence[Evaluation]:
        return _in_time(
            self._evaluation(item)
            for item in self._marked(_OWED)
            if item["status"]["S"] != Status.PROCESSING and "announcedAt" not in item
        )

    def announced(self, evaluation_id: str) -> None:
        with telling_aws(f"note that evaluation {evaluation_id} was announced"):
            item = self._item(evaluation_id)
            if item is None:
                return
            if self._conditional(
                self._client.update_item,
                TableName=self._tables["Evaluations"],
                Key=_key(item),
                UpdateExpression="SET announcedAt = :now",
                ConditionExpression="attribute_exists(evaluationId) AND #status <> :processing",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=wire(
                    {":now": moment(self._clock.now()), ":processing": Status.PROCESSING.value}
                ),
            ):
                self._client.delete_item(
                    TableName=self._tables["Evaluations"], Key=_marker_key(evaluation_id, _OWED)
                )

    def delete(self, evaluation_id: str) -> bool:
        with telling_aws(f"delete evaluation {evaluation_id}"):
            item = self._item(evaluation_id)
            if item is None:
                return False
            spilled = [
                plain(found)[SPILLED]
                for table in ("ActionSequences", "Feedback")
                if (found := self._got(table, {"evaluationId": evaluation_id})) and SPILLED in found
            ]
            table = self._tables["Evaluations"]
            own = {"Key": wire({"evaluationId": evaluation_id})}
            keys = [_key(item), _marker_key(evaluation_id, _OPEN), _marker_key(evaluation_id, _OWED)]
            writes: list[dict[str, Any]] = [{"Delete": {"TableName": table, "Key": key}} for key in keys]
            writes += [
                {"Delete": {"TableName": self._tables[name], **own}}
                for name in ("ActionSequences", "Feedback")
            ]
            work = self._work(item["workKey"]["S"])
            # A FAILED evaluation's work may have gone over to a later one, whose it stays.
            if work is not None and work["ownedBy"]["S"] == evaluation_id:
                writes.append(
                    {
                        "Delete": {
                            "TableName": table,
                            "Key": _key(work),
                            "ConditionExpression": "ownedBy = :id",
                            "ExpressionAttributeValues": wire({":id": evaluation_id}),
                        }
                    }
                )
            if not self._conditional(self._client.transact_write_items, TransactItems=writes):
                raise StoreError(
                    f"Evaluation {evaluation_id} changed while it was being deleted.", "Repeat it."
                )
        for key in spilled:
            self._objects.delete(key)
        return True

    def put_user(self, user: User) -> None:
        with telling_aws("store a user"):
            self._client.put_item(TableName=self._tables["Users"], Item=item_of(user, ("userId",)))

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

    # --- writing ---

    def _begin(self, started: Evaluation, failed: Item | None, owner: str, until: datetime) -> bool:
        """Store new work as begun; false where another worker was faster or the id is taken meanwhile."""
        table = self._tables["Evaluations"]
        evaluation_id = started.evaluation_id
        with telling_aws(f"claim evaluation {evaluation_id}"):
            present = self._item(evaluation_id)
            if present is not None and not _is_failed_attempt(present, started):
                if present["workKey"]["S"] == started.work_key:
                    return False  # begun by another worker since the work was looked up
                raise StoreError(
                    f"Expected a new evaluation id for new work; {evaluation_id!r} names other work.",
                    "Give the evaluation an id of its own.",
                )
            lease = {"leaseOwner": owner, "leaseUntil": moment(until)}
            evaluation = item_of(started, ("evaluationId", "userId"), **lease)
            work = {
                "evaluationId": f"work#{started.work_key}",
                "userId": _WORK,
                "ownedBy": evaluation_id,
                "ownersUserId": started.user_id,
            }
            marker = {
                "evaluationId": evaluation_id,
                "userId": _OPEN,
                "createdAt": moment(started.created_at),
                "ownersUserId": started.user_id,
            }
            if failed is None:
                unclaimed = {"ConditionExpression": "attribute_not_exists(evaluationId)"}
            else:
                unclaimed = {
                    "ConditionExpression": "ownedBy = :failed",
                    "ExpressionAttributeValues": {":failed": failed["evaluationId"]},
                }
            new = {
                "ConditionExpression": "attribute_not_exists(evaluationId)"
                " OR (#status = :failed AND workKey = :work)",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": wire(
                    {":failed": Status.FAILED.value, ":work": started.work_key}
                ),
            }
            return self._conditional(
                self._client.transact_write_items,
                TransactItems=[
                    {"Put": {"TableName": table, "Item": wire(work), **unclaimed}},
                    {"Put": {"TableName": table, "Item": evaluation, **new}},
                    {"Put": {"TableName": table, "Item": wire(marker)}},
                    {"Delete": {"TableName": table, "Key": _marker_key(evaluation_id, _OWED)}},
                ],
            )

    def _take(self, stored: Evaluation, holder: str, held_until: str, owner: str, until: datetime) -> bool:
        """Take the lease over as it was read; false where it moved meanwhile."""
        with telling_aws(f"take over evaluation {stored.evaluation_id}"):
            return self._conditional(
                self._client.update_item,
                TableName=self._tables["Evaluations"],
                Key=wire({"evaluationId": stored.evaluation_id, "userId": stored.user_id}),
                UpdateExpression="SET leaseOwner = :new, leaseUntil = :until",
                ConditionExpression="#status = :processing AND leaseOwner = :holder AND leaseUntil = :held",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=wire(
                    {
                        ":new": owner,
                        ":until": moment(until),
                        ":processing": Status.PROCESSING.value,
                        ":holder": holder,
                        ":held": held_until,
                    }
                ),
            )

    def _end(self, evaluation: Evaluation, owner: str, beside: Sequence[Mapping[str, Any]]) -> None:
        """Store the ended evaluation and what belongs to it in one transaction, where ``owner`` holds it."""
        table = self._tables["Evaluations"]
        evaluation_id = evaluation.evaluation_id
        # The call's own mark: botocore may send a transaction again whose answer was lost, and a second
        # sending that finds its own end must not be taken for another worker's.
        mark = uuid.uuid4().hex
        key = ("evaluationId", "userId")
        item = fitted(evaluation, item_of(evaluation, key, endedBy=mark), key, self._objects)
        owed = {
            "evaluationId": evaluation_id,
            "userId": _OWED,
            "createdAt": moment(evaluation.created_at),
            "ownersUserId": evaluation.user_id,
        }
        with telling_aws(f"store the end of evaluation {evaluation_id}"):
            ended = self._conditional(
                self._client.transact_write_items,
                ClientRequestToken=mark,
                TransactItems=[
                    {"Put": {"TableName": table, "Item": item, **_while_held(owner)}},
                    {"Put": {"TableName": table, "Item": wire(owed)}},
                    {"Delete": {"TableName": table, "Key": _marker_key(evaluation_id, _OPEN)}},
                    *beside,
                ],
            )
        if ended:
            return
        present = self._item(evaluation_id)
        if present is None or present.get("endedBy", {}).get("S") != mark:
            self._held_item(evaluation_id, owner)
            raise LeaseLost(f"Evaluation {evaluation_id} changed hands while its end was stored.")

    def _conditional(self, call: Any, **arguments: Any) -> bool:
        """Whether a conditional write was made; false where its condition did not hold."""
        from botocore.exceptions import ClientError

        try:
            call(**arguments)
        except ClientError as error:
            # The last comes where a transaction is sent again whose answer was lost: what there is, is read.
            if error_code(error) in (
                "ConditionalCheckFailedException",
                "IdempotentParameterMismatchException",
            ):
                return False
            if error_code(error) == "TransactionCanceledException":
                codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
                # Another transaction at the same items: what it left is read before the next try.
                if codes & {"ConditionalCheckFailed", "TransactionConflict"}:
                    return False
            raise
        return True

    # --- reading ---

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
        return self._got("Evaluations", {"evaluationId": f"work#{work_key}", "userId": _WORK})

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


def _key(item: Item) -> Item:
    return {name: item[name] for name in ("evaluationId", "userId")}


def _marker_key(evaluation_id: str, marker: str) -> Item:
    return wire({"evaluationId": evaluation_id, "userId": marker})


def _while_held(owner: str, **values: str) -> dict[str, Any]:
    """A condition: it is PROCESSING, and the lease is ``owner``'s."""
    return {
        "ConditionExpression": "#status = :processing AND leaseOwner = :owner",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": wire(
            {
                ":processing": Status.PROCESSING.value,
                ":owner": owner,
                **{f":{name}": value for name, value in values.items()},
            }
        ),
    }


def _is_failed_attempt(present: Item, started: Evaluation) -> bool:
    """Whether an id that is made from the work is the failed attempt's at the same work."""
    return bool(
        present["status"]["S"] == Status.FAILED
        and present["workKey"]["S"] == started.work_key
        and present["userId"]["S"] == started.user_id
    )


def _in_time(found: Any) -> list[Evaluation]:
    return sorted(found, key=lambda e: (moment(e.created_at), e.evaluation_id))
