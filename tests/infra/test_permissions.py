"""Each call that the program makes of AWS is allowed by its role as Terraform renders it, and no more is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from rendering import (
    BUCKETS,
    HERE,
    KEY,
    LENT,
    MODEL,
    QUEUES,
    SECRET,
    TABLES,
    TOPICS,
    Statement,
    listed,
)
from running import ROOT

ROOMS = ("adapters/aws", "app", "tasks", "flows")
SERVICES = (
    *("s3", "dynamodb", "dynamodbstreams", "sqs", "sns", "sagemaker-runtime", "rekognition"),
    *("secretsmanager", "cloudwatch", "sagemaker", "xray"),
)
RESOURCES = {
    "tables": TABLES,
    "index": [f"{TABLES[2]}/index/userId-timestamp-index"],
    "stream": [f"{TABLES[2]}/stream/2026-11-22T00:00:00.000"],
    **{name: [arn] for name, arn in BUCKETS.items()},
    **{f"{name} objects": [f"{arn}/any/key.mp4"] for name, arn in BUCKETS.items()},
    "notes of uploads": [f"{BUCKETS['results']}/notices/uploads/any.json"],
    "documents of experts": [f"{BUCKETS['results']}/experts/poha/confirmed/any.json"],
    "topics": list(TOPICS.values()),
    "queues": list(QUEUES.values()),
    "later queues": [arn for name, arn in QUEUES.items() if name != "video-processing-queue"],
    "endpoints": [f"arn:aws:sagemaker:{HERE}:endpoint/bharatchef-actions-staging"],
    "endpoint configs": [f"arn:aws:sagemaker:{HERE}:endpoint-config/bharatchef-actions-staging-1-2"],
    "models": [f"arn:aws:sagemaker:{HERE}:model/bharatchef-staging-slowfast-2"],
    "model packages": [f"arn:aws:sagemaker:{HERE}:model-package/bharatchef-staging-slowfast/2"],
    "model package groups": [f"arn:aws:sagemaker:{HERE}:model-package-group/bharatchef-staging-slowfast"],
    "training jobs": [f"arn:aws:sagemaker:{HERE}:training-job/bharatchef-slowfast-20261123t000000-abc-1"],
    "transform jobs": [f"arn:aws:sagemaker:{HERE}:transform-job/bharatchef-slowfast-2-0123456789abcdef-1"],
    "lent roles": list(LENT.values()),
    "key": [KEY],
    "bedrock": [MODEL],
    "secrets": [SECRET],
    "any": ["*"],
}
ROLES = ("evaluation", "intake", "retraining")
# A retraining's runs are runs like others besides.
ALSO = {"retraining": "evaluation"}


@cache
def table() -> dict[str, dict[str, Any]]:
    text = Path(__file__).with_name("calls.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def _methods() -> dict[str, str]:
    """The service of each method of boto3 that this program could call."""
    session = pytest.importorskip("botocore.session").Session()
    from botocore import xform_name

    found = {"upload_file": "s3"}
    for service in SERVICES:
        for operation in session.get_service_model(service).operation_names:
            found.setdefault(xform_name(operation), service)
    # Prefect's client has a method of that name; SageMaker's artifacts are not used.
    del found["delete_artifact"]
    return found


def calls_made() -> Iterator[tuple[str, str]]:
    """Each call of a client, as ``service.method``, and where it stands."""
    methods = _methods()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                if isinstance(node, ast.Attribute) and _is_client(node.value) and node.attr in methods:
                    yield f"{methods[node.attr]}.{node.attr}", where
                elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                    named = node.args[0].value
                    if called in ("get_paginator", "_ask", "_call", "_asked") and named in methods:
                        yield f"{methods[named]}.{named}", where


def _is_client(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name.endswith(("client", "streams"))


def _allows(statements: list[Statement], action: str, resource: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, pattern) for pattern in listed(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        for statement in statements
    )


@pytest.fixture(scope="session")
def policies(rendered: dict[str, list[Statement]]) -> dict[str, list[Statement]]:
    return {role: rendered[role] for role in ROLES}


def test_every_call_of_the_program_is_in_the_table() -> None:
    made = dict(calls_made())
    assert "dynamodb.transact_write_items" in made, "the search finds what is known to be there"
    assert "sqs.receive_message" in made
    named = {entry.split(" ")[0] for entry in table()}
    unknown = {call: where for call, where in made.items() if call not in named}
    assert unknown == {}, "say in calls.yaml what IAM is asked for"
    gone = {call for call in named if call not in made and not call.startswith("library.")}
    assert gone == set(), "nobody makes these calls any more"


@pytest.mark.parametrize("call", sorted(table()))
def test_a_call_is_allowed(call: str, policies: dict[str, list[Statement]]) -> None:
    entry = table()[call]
    for role in entry["roles"]:
        for action, kinds in entry["actions"].items():
            for resource in (arn for kind in kinds for arn in RESOURCES[kind]):
                assert _allows(policies[role], action, resource), f"{role} may not {action} on {resource}"


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_allowed_that_no_call_needs(role: str, policies: dict[str, list[Statement]]) -> None:
    of = {role, ALSO.get(role)}
    needed = {action for entry in table().values() if of & set(entry["roles"]) for action in entry["actions"]}
    granted = {action for statement in policies[role] for action in listed(statement["Action"])}
    assert granted - needed == set()
    assert not [action for action in granted if re.search(r"[*?]", action)]


def test_runs_that_train_or_roll_out_have_their_role_and_no_others_do() -> None:
    pytest.importorskip("prefect")
    from flows.deployments import read_prefect_file

    role = "{{ $BHARATCHEF_RETRAINING_ROLE }}"
    given, needed = set(), set()
    for deployment in read_prefect_file().deployments:
        if deployment.is_local or deployment.work_pool is None:
            continue
        if deployment.work_pool.job_variables.get("task_role_arn") == role:
            given.add(deployment.name)
        text = (ROOT / deployment.entrypoint.partition(":")[0]).read_text(encoding="utf-8")
        if re.search(r"^from (tasks\.re(training|scoring)|flows\.retrain_models)", text, re.MULTILINE):
            needed.add(deployment.name)
    assert given == needed >= {"retrain-models", "roll-out-model", "watch-drift"}
