"""Every AWS service that the code or the stack calls from the private network has its endpoint."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from running import ROOT
from terraforming import TERRAFORM

ROOMS = ("adapters", "app", "flows", "tasks", "knowledge_base", "model_packages")
STACK = {
    "ecr": "a task that starts pulls its image",
    "logs": "the log driver of a task",
    "secretsmanager": "secrets of a task, and RDS's password",
    "ecs": "the Prefect worker starts tasks",
    "ec2": "the Prefect worker looks up the subnets of a run",
    "kms": "encrypted queues, topics and buckets",
    "sts": "roles of tasks",
    "cloudwatch": "metrics",
}
"""What is called by ECS and by libraries, where no line of this project makes a client."""
ELSEWHERE = {
    # Reached at an address in the network itself, not at one of the region.
    "opensearch",
    "es",
    "aoss",
}


def _endpoints() -> dict[str, dict[str, object]]:
    text = (TERRAFORM / "modules" / "network" / "endpoints.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def _clients(path: Path, services: set[str]) -> Iterator[tuple[str, str]]:
    """Where a call whose name speaks of a client or a resource is given the name of an AWS service."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if "client" not in name and "resource" not in name:
            continue
        given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "service_name")]
        for argument in given:
            if isinstance(argument, ast.Constant) and argument.value in services:
                yield argument.value, f"{path.relative_to(ROOT)}:{node.lineno}"


def _used() -> dict[str, str]:
    session = pytest.importorskip("botocore.session")
    services = set(session.Session().get_available_services())
    used = dict(STACK)
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            used |= dict(_clients(path, services))
    return used


def test_clients_are_found() -> None:
    """The search itself finds what is known to be there, so that an empty list is no comfort."""
    used = _used()
    assert used["s3"].startswith("adapters/aws/")
    assert used["bedrock-runtime"].startswith("adapters/aws/")


def test_every_service_used_has_an_endpoint() -> None:
    doors = {client for endpoint in _endpoints().values() for client in endpoint["clients"]}  # type: ignore[attr-defined]
    lacking = {name: where for name, where in _used().items() if name not in doors | ELSEWHERE}
    assert lacking == {}, "add an endpoint to endpoints.yaml, or it is reached over the internet"


def test_every_endpoint_is_of_use() -> None:
    """An interface endpoint is billed by the hour: one that nobody uses is taken away."""
    used = set(_used())
    idle = [
        name
        for name, endpoint in _endpoints().items()
        if not endpoint.get("optional") and endpoint["clients"] and not used & set(endpoint["clients"])  # type: ignore[call-overload]
    ]
    assert idle == []
