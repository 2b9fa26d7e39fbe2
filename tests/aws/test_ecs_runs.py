"""A run on ECS as far as an emulator goes: what prefect-aws's worker registers and starts, with which roles.

ministack knows ECS's control plane and starts no container without an engine: that the image comes up is not
shown here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from running import ROOT, own_environment
from servers.ministack import CREDENTIALS
from servers.on_aws import client

from bharatchef.errors import ConfigurationError
from flows.work_pools import RUNS_VARIABLE, ecs_template, runs_given

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
OUTPUT = ROOT / "infra" / "terraform" / "modules" / "orchestration" / "outputs.tf"
CLUSTER = "bharatchef-ecs-runs"
ROLES = "arn:aws:iam::123456789012:role"
SECRET = "arn:aws:secretsmanager:ap-south-1:123456789012:secret:bharatchef/staging/pseudonym-key-1"
IMAGE = "123456789012.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-worker-staging:0.1.0"


def runs(network: dict[str, Any]) -> dict[str, Any]:
    """Terraform's output ``run_job_variables`` of a small environment."""
    return {
        "cluster": CLUSTER,
        "execution_role_arn": f"{ROLES}/bharatchef-task-execution-staging",
        "task_role_arn": f"{ROLES}/bharatchef-evaluation-staging",
        "capacity_provider_strategy": [
            {"capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 3},
            {"capacityProvider": "FARGATE", "base": 0, "weight": 1},
        ],
        "env": {
            "BHARATCHEF_PORTS": "aws",
            "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK": "s3-bucket/bharatchef-results",
        },
        "task_definition": {
            "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
            "volumes": [{"name": "tmp"}],
            "container": {
                "secrets": [{"name": "BHARATCHEF_PSEUDONYM_KEY", "valueFrom": SECRET}],
                "mountPoints": [{"sourceVolume": "tmp", "containerPath": "/tmp", "readOnly": False}],
                "readonlyRootFilesystem": True,
                "linuxParameters": {"initProcessEnabled": True},
                "stopTimeout": 30,
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/runs"}},
            },
        },
        **network,
    }


def test_the_templates_words_are_those_of_terraforms_output() -> None:
    text = OUTPUT.read_text(encoding="utf-8")
    text = text[text.index('output "run_job_variables"') :]
    named = set(re.findall(r"^    (\w+) +=", text, re.MULTILINE))
    assert named == set(runs({"vpc_id": "", "network_configuration": {}}))
    inside = re.search(r"contains\(\[(.*?)\], name\)", text)
    assert inside is not None
    assert set(json.loads(f"[{inside[1]}]")) == set(runs({})["task_definition"]["container"])


def test_what_prefect_aws_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="capacityProviderStrategy"):
        ecs_template({"capacityProviderStrategy": []})
    monkeypatch.setenv(RUNS_VARIABLE, "[]")
    with pytest.raises(ConfigurationError, match="JSON object"):
        runs_given()


def test_a_run_is_a_task_with_its_roles_network_settings_and_secrets(
    emulator_url: str, prefect_api: str, tmp_path: Path
) -> None:
    url = emulator_url
    ec2, ecs = client("ec2", url), client("ecs", url)
    vpc = ec2.create_vpc(CidrBlock="10.41.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.41.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="tasks", Description="runs", VpcId=vpc)["GroupId"]
    ecs.create_cluster(clusterName=CLUSTER)
    network = {"subnets": [subnet], "securityGroups": [group], "assignPublicIp": "DISABLED"}
    given = runs({"vpc_id": vpc, "network_configuration": network})
    environment = own_environment(
        tmp_path,
        **CREDENTIALS,
        AWS_ENDPOINT_URL=url,
        PREFECT_API_URL=prefect_api,
        PREFECT_HOME=str(tmp_path / "prefect"),
        DO_NOT_TRACK="1",
        BHARATCHEF_ECS_CLUSTER=CLUSTER,
        BHARATCHEF_WORKER_IMAGE=IMAGE,
        **{RUNS_VARIABLE: json.dumps(given)},
    )

    def said(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    said("flows.work_pools")
    said("flows.work_pools")
    said("flows.deploy", "--no-prompt", "deploy", "--name", "evaluate-video")
    request = json.dumps({"dish_id": "masala-chai", "film_key": "trainee/a/masala-chai/1/front.mp4"})
    said("prefect", "deployment", "run", "evaluate-video/evaluate-video", "--param", f"request={request}")
    started: list[str] = []
    until = time.monotonic() + 240
    while not started and time.monotonic() < until:
        said("prefect", "worker", "start", "--pool", "bharatchef-ecs", "--run-once")
        started = ecs.list_tasks(cluster=CLUSTER)["taskArns"]
    (task,) = ecs.describe_tasks(cluster=CLUSTER, tasks=started)["tasks"]
    definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
    assert definition["family"].startswith("prefect_bharatchef-ecs"), "what the worker's role may start"
    assert definition["executionRoleArn"] == given["execution_role_arn"]
    assert definition["networkMode"] == "awsvpc"
    assert definition["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    (container,) = definition["containerDefinitions"]
    assert container["image"] == IMAGE
    for name, value in given["task_definition"]["container"].items():
        assert container[name] == value, name
    overrides = task["overrides"]
    assert overrides["taskRoleArn"] == given["task_role_arn"]
    (asked,) = overrides["containerOverrides"]
    variables = {entry["name"]: entry["value"] for entry in asked["environment"]}
    assert variables["PREFECT_DEFAULT_RESULT_STORAGE_BLOCK"] == "s3-bucket/bharatchef-results"
    assert variables["BHARATCHEF_FARGATE_VCPU"] == "2", "the deployment's own are added to the pool's"
    assert "BHARATCHEF_PSEUDONYM_KEY" not in variables
