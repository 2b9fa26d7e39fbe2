"""What Terraform makes on AWS, made on an emulator: buckets, tables, topics and a queue that hears both."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from servers.ministack import CREDENTIALS, REGION

from bharatchef.settings import Settings, load_settings

KEYS = {
    "Users": ("userId",),
    "Dishes": ("dishId",),
    "Evaluations": ("evaluationId", "userId"),
    "ActionSequences": ("evaluationId",),
    "Feedback": ("evaluationId",),
}
INDEX = "userId-timestamp-index"
QUEUES = ("video-processing-queue", "cv-analysis-queue", "ai-coaching-queue")
KEYS_OF_PEOPLE = {"pseudonym_key": "p" * 32, "receipt_key": "r" * 32}


@lru_cache(maxsize=64)
def client(service: str, url: str) -> Any:
    """A plain client of an emulator, for what a test makes and looks at itself."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 3}, read_timeout=30),
    )


@dataclass(frozen=True)
class Stack:
    """One installation on an emulator, apart from any other one there."""

    url: str
    settings: Settings
    told_queue: str

    def environment(self) -> dict[str, str]:
        """What a process needs to find it: the settings that are named, and credentials."""
        named = {
            name: getattr(self.settings, name)
            for name in (
                "ports",
                "home",
                "built_in_models",
                "aws_url",
                "environment",
                "trainee_bucket",
                "expert_bucket",
                "results_bucket",
                "table_prefix",
                "complete_topic",
                "failed_topic",
                "trace_percent",
            )
        }
        given = {**named, **KEYS_OF_PEOPLE}
        return {**CREDENTIALS, **{f"BHARATCHEF_{name.upper()}": str(value) for name, value in given.items()}}

    def told(self) -> list[dict[str, Any]]:
        """What the topics were told since the last time this was asked."""
        sqs = client("sqs", self.url)
        events = []
        while found := sqs.receive_message(
            QueueUrl=self.told_queue, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages"):
            for message in found:
                body = json.loads(message["Body"])
                events.append(json.loads(body["Message"]) if "Message" in body else body)
                sqs.delete_message(QueueUrl=self.told_queue, ReceiptHandle=message["ReceiptHandle"])
        return events


def stack(url: str, **overrides: Any) -> Stack:
    """A fresh installation on the emulator at ``url``; ``overrides`` are settings."""
    name = uuid.uuid4().hex[:12]
    s3, dynamodb, sns, sqs = (client(service, url) for service in ("s3", "dynamodb", "sns", "sqs"))
    buckets = {kind: f"bharatchef-{kind}-{name}" for kind in ("trainee", "expert", "results")}
    for bucket in buckets.values():
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for table, key in KEYS.items():
        index = table == "Evaluations"
        attributes = [*key, "createdAt"] if index else [*key]
        dynamodb.create_table(
            TableName=f"{name}-{table}",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": a, "AttributeType": "S"} for a in attributes],
            KeySchema=_keys(*key),
            **(
                {
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": INDEX,
                            "KeySchema": _keys("userId", "createdAt"),
                            "Projection": {"ProjectionType": "ALL"},
                        }
                    ]
                }
                if index
                else {}
            ),
        )
    queue = sqs.create_queue(QueueName=f"told-{name}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topics = []
    for topic in ("evaluation-complete", "processing-failed"):
        topics.append(sns.create_topic(Name=f"{topic}-{name}")["TopicArn"])
        sns.subscribe(TopicArn=topics[-1], Protocol="sqs", Endpoint=arn)
    given: dict[str, Any] = {
        "ports": "aws",
        "built_in_models": False,
        "aws_url": url,
        "environment": "test",
        **KEYS_OF_PEOPLE,
        **{f"{kind}_bucket": bucket for kind, bucket in buckets.items()},
        "table_prefix": f"{name}-",
        "complete_topic": topics[0],
        "failed_topic": topics[1],
        # The emulator has no X-Ray, and lets who asks for it wait.
        "trace_percent": 0.0,
        **overrides,
    }
    return Stack(url, load_settings(**given), queue)


def queues_and_rule(installed: Stack) -> dict[str, str]:
    """What Terraform's module queues makes, on the emulator: queues with their dead letters, and the rule."""
    sqs, s3, events = (client(name, installed.url) for name in ("sqs", "s3", "events"))
    mark = installed.settings.trainee_bucket.rsplit("-", 1)[-1]
    urls: dict[str, str] = {}
    arns: dict[str, str] = {}
    for name in ("dlq-queue", *QUEUES):
        redrive = {"deadLetterTargetArn": arns.get("dlq-queue"), "maxReceiveCount": 10}
        attributes = {} if name == "dlq-queue" else {"RedrivePolicy": json.dumps(redrive)}
        urls[name] = sqs.create_queue(QueueName=f"{name}-{mark}", Attributes=attributes)["QueueUrl"]
        arns[name] = sqs.get_queue_attributes(QueueUrl=urls[name], AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
    buckets = [installed.settings.trainee_bucket, installed.settings.expert_bucket]
    for bucket in buckets:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": buckets}},
    }
    events.put_rule(Name=f"uploads-{mark}", EventPattern=json.dumps(pattern))
    events.put_targets(
        Rule=f"uploads-{mark}",
        Targets=[
            {
                "Id": "queue",
                "Arn": arns["video-processing-queue"],
                "InputTransformer": {
                    "InputPathsMap": {
                        "id": "$.id",
                        "source": "$.source",
                        "kind": "$.detail-type",
                        "time": "$.time",
                        "bucket": "$.detail.bucket",
                        "object": "$.detail.object",
                        "reason": "$.detail.reason",
                    },
                    "InputTemplate": '{"id": <id>, "source": <source>, "detail-type": <kind>, "time": <time>,'
                    ' "detail": {"bucket": <bucket>, "object": <object>, "reason": <reason>}}',
                },
            }
        ],
    )
    return urls


def _keys(*names: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
    ]
