"""The key serves the account's administration and the services that need it, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pytest
from rendering import ACCOUNT, REGION, Statement, listed
from sources import terraform_files

OTHER = "999988887777"


@dataclass(frozen=True)
class Need:
    """A service that uses the key on its own account: for what resource, with which calls, by what source.

    ``context`` is what AWS sends along, ``foreign`` the same of somebody else's account or resource.
    """

    service: str
    because_of: str
    actions: tuple[str, ...]
    source: str
    context: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)


def _account(account: str) -> dict[str, str]:
    return {"aws:SourceAccount": account}


def _trail(account: str) -> dict[str, str]:
    return {"aws:SourceArn": f"arn:aws:cloudtrail:{REGION}:{account}:trail/bharatchef-staging"}


def _logs(account: str) -> dict[str, str]:
    return {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{account}:log-group:any"}


def _distribution(account: str) -> dict[str, str]:
    return {"aws:SourceArn": f"arn:aws:cloudfront::{account}:distribution/E1"}


# Read on 2026-11-23.
NEEDS = (
    Need(
        f"logs.{REGION}.amazonaws.com",
        "aws_cloudwatch_log_group",
        ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"),
        "Amazon CloudWatch Logs User Guide, Encrypt log data in CloudWatch Logs using AWS KMS",
        _logs(ACCOUNT),
        _logs(OTHER),
    ),
    Need(
        "cloudwatch.amazonaws.com",
        "aws_cloudwatch_metric_alarm",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        "Amazon SNS Developer Guide, Key management: event sources from AWS services and encrypted topics",
        _account(ACCOUNT),
        _account(OTHER),
    ),
    Need(
        # No condition: the SNS guide says that source conditions are not supported of EventBridge.
        "events.amazonaws.com",
        "aws_cloudwatch_event_target",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        "Amazon EventBridge User Guide, Event bus targets: a queue that is encrypted by AWS KMS",
    ),
    Need(
        "budgets.amazonaws.com",
        "aws_budgets_budget",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        "AWS Cost Management User Guide, Creating an Amazon SNS topic for budget notifications",
        _account(ACCOUNT),
        _account(OTHER),
    ),
    Need(
        "costalerts.amazonaws.com",
        "aws_ce_anomaly_subscription",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        "AWS Cost Management User Guide, Creating an Amazon SNS topic for anomaly notifications",
        _account(ACCOUNT),
        _account(OTHER),
    ),
    Need(
        "cloudtrail.amazonaws.com",
        "aws_cloudtrail",
        ("kms:GenerateDataKey", "kms:DescribeKey"),
        "AWS CloudTrail User Guide, Configure AWS KMS key policies for CloudTrail",
        _trail(ACCOUNT),
        _trail(OTHER),
    ),
    Need(
        # Films are read through it alone; the guide's Encrypt and GenerateDataKey* are for uploads.
        "cloudfront.amazonaws.com",
        "aws_cloudfront_distribution",
        ("kms:Decrypt",),
        "Amazon CloudFront Developer Guide, Restricting access to an Amazon S3 origin: SSE-KMS",
        _distribution(ACCOUNT),
        _distribution(OTHER),
    ),
)
NEVER = ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:CreateGrant", "kms:DisableKey")
# S3, SQS, SNS, DynamoDB, RDS, Secrets Manager, ECR, SageMaker and OpenSearch ask in the name of the role that
# uses them (or makes them), which has its grant from the account.
IN_ANOTHERS_NAME = (
    *("s3", "sqs", "sns", "dynamodb", "rds", "secretsmanager", "ecr", "sagemaker", "es", "lambda"),
    *("ecs-tasks", "codebuild", "codepipeline", "replication.dynamodb", "delivery.logs"),
)


def _holds(condition: dict[str, dict[str, Any]], context: dict[str, str]) -> bool:
    return all(
        name in context
        and any(
            context[name] == value if test == "StringEquals" else fnmatchcase(context[name], value)
            for value in listed(values)
        )
        for test, wanted in condition.items()
        for name, values in wanted.items()
    )


def _allows(
    statements: list[Statement], kind: str, principal: str, action: str, context: dict[str, str]
) -> bool:
    for statement in statements:
        assert statement["Effect"] == "Allow", "a Deny would have to be weighed here"
        assert set(statement.get("Condition", {})) <= {"StringEquals", "ArnLike"}
    return any(
        principal in listed(statement["Principal"].get(kind, []))
        and any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and _holds(statement.get("Condition", {}), context)
        for statement in statements
    )


@pytest.fixture(scope="module")
def statements(rendered: dict[str, list[Statement]]) -> list[Statement]:
    return rendered["key"]


def test_the_account_administers_its_key_and_no_other_does(statements: list[Statement]) -> None:
    for action in ("kms:Decrypt", *NEVER):
        assert _allows(statements, "AWS", f"arn:aws:iam::{ACCOUNT}:root", action, {})
        assert not _allows(statements, "AWS", f"arn:aws:iam::{OTHER}:root", action, {})
    named = {name for one in statements for name in listed(one["Principal"].get("AWS", []))}
    assert named == {f"arn:aws:iam::{ACCOUNT}:root"}


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.service)
def test_a_service_may_what_its_guide_asks_for_and_for_this_account_alone(
    statements: list[Statement], need: Need
) -> None:
    for action in need.actions:
        assert _allows(statements, "Service", need.service, action, need.context), f"{action}: {need.source}"
        if need.foreign:
            assert not _allows(statements, "Service", need.service, action, need.foreign)
            assert not _allows(statements, "Service", need.service, action, {})
    for action in NEVER:
        assert not _allows(statements, "Service", need.service, action, need.context)


def test_no_service_may_use_the_key_that_does_not_need_it(statements: list[Statement]) -> None:
    named = {name for one in statements for name in listed(one["Principal"].get("Service", []))}
    assert named == {need.service for need in NEEDS}
    everything = {name: value for need in NEEDS for name, value in need.context.items()}
    for service in IN_ANOTHERS_NAME:
        assert not _allows(
            statements, "Service", f"{service}.amazonaws.com", "kms:Decrypt", everything | _account(ACCOUNT)
        )


def test_each_service_is_there_for_something_that_the_stack_makes() -> None:
    made = "\n".join(path.read_text(encoding="utf-8") for path in terraform_files())
    for need in NEEDS:
        assert f'resource "{need.because_of}"' in made, f"{need.service} has nothing to use the key for"
