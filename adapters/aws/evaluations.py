"""Users, evaluations and what hangs on them, written to five DynamoDB tables; knows not how they are made."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.aws.clients import error_code, telling_aws
from adapters.aws.items import DIGEST, SPILLED, Item, fitted, item_of, plain, wire
from adapters.aws.metrics import EmfMetrics
from adapters.aws.stored_evaluations import OPEN, OWED, WORK, StoredEvaluations
from adapters.completing import check_same_evaluation, check_same_work, check_whole, digest_of
from adapters.moments import moment
from bharatchef.errors import LeaseLost, StoreError
from bharatchef.ports import Claim, Clock, ObjectStore
from bharatchef.records import Evaluation, Feedback, User
from bharatchef.results import EvaluationResult
from bharatchef.settings import Settings
from bharatchef.vocabulary import Status

_ROUNDS = 20


class DynamoEvaluations(StoredEvaluations):
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
        super().__init__(settings, clock, objects)
        self._metrics = metrics

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
            item = fitted(record, item_of(record, key, **{DIGEST: digest_of(record)}), key, self._objects)
            beside.append({"Put": {"TableName": self._tables[table], "Item": item}})
        self._end(evaluation, owner, beside)
        if self._metrics is not None:
            self._metrics.completed(result)

    def fail(self, evaluation_id: str, owner: str, reason: str) -> None:
        failed = {"status": Status.FAILED, "failure_reason": reason, "completed_at": self._clock.now()}
        self._end(self._held(evaluation_id, owner).model_copy(update=failed), owner, [])
        if self._metrics is not None:
            self._metrics.failed(evaluation_id)

    def replace_feedback(self, old: Feedback, new: Feedback) -> bool:
        check_same_evaluation(old, new)
        evaluation_id = new.evaluation_id
        key = ("evaluationId",)
        item = fitted(new, item_of(new, key, **{DIGEST: digest_of(new)}), key, self._objects)
        with telling_aws(f"replace the feedback of evaluation {evaluation_id}"):
            evaluation = self._item(evaluation_id)
            was = self._got("Feedback", {"evaluationId": evaluation_id})
            if evaluation is None or was is None:
                return False
            complete = {
                "ConditionExpression": "#status = :completed",
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": wire({":completed": Status.COMPLETED.value}),
            }
            unchanged = {
                "ConditionExpression": f"{DIGEST} = :old",
                "ExpressionAttributeValues": wire({":old": digest_of(old)}),
            }
            table = self._tables["Evaluations"]
            replaced = self._conditional(
                self._client.transact_write_items,
                TransactItems=[
                    {"ConditionCheck": {"TableName": table, "Key": _key(evaluation), **complete}},
                    {"Put": {"TableName": self._tables["Feedback"], "Item": item, **unchanged}},
                ],
            )
        if not replaced:
            return self.feedback(evaluation_id) == new
        spilled = plain(was).get(SPILLED)
        if spilled is not None and spilled != plain(item).get(SPILLED):
            self._objects.delete(spilled)
        return True

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
                    TableName=self._tables["Evaluations"], Key=_marker_key(evaluation_id, OWED)
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
            keys = [_key(item), _marker_key(evaluation_id, OPEN), _marker_key(evaluation_id, OWED)]
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

    def delete_user(self, user_id: str) -> bool:
        with telling_aws("delete a user"):
            gone = self._client.delete_item(
                TableName=self._tables["Users"], Key=wire({"userId": user_id}), ReturnValues="ALL_OLD"
            )
        return bool(gone.get("Attributes"))

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
                "userId": WORK,
                "ownedBy": evaluation_id,
                "ownersUserId": started.user_id,
            }
            marker = {
                "evaluationId": evaluation_id,
                "userId": OPEN,
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
                    {"Delete": {"TableName": table, "Key": _marker_key(evaluation_id, OWED)}},
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
            "userId": OWED,
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
                    {"Delete": {"TableName": table, "Key": _marker_key(evaluation_id, OPEN)}},
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
