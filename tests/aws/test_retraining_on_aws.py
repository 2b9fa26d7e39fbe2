"""Retraining's AWS side on moto's control plane: training jobs, the Model Registry, an endpoint's variants.

moto trains nothing and answers nothing: training itself is tested by the real train.py in tests/ops.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from servers.moto import moto
from servers.on_aws import client

from adapters.aws.model_registry import SageMakerRegistry
from adapters.aws.traffic import SageMakerTraffic
from adapters.local.objects import FolderObjects
from adapters.object_registry import ObjectRegistry
from bharatchef.errors import ConfigurationError
from bharatchef.retraining.records import ModelVersion
from bharatchef.settings import Settings, load_settings

ROLE = "arn:aws:iam::123456789012:role/model-training"
HOSTING_ROLE = "arn:aws:iam::123456789012:role/model-host"
IMAGE = "123456789012.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-model-host:1"
BUCKET = "bharatchef-processed-results"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture
def settings(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(name, value)
    return load_settings(
        home=tmp_path,
        aws_url=address,
        hosting_image=IMAGE,
        training_image=IMAGE,
        training_role=ROLE,
        hosting_role=HOSTING_ROLE,
        results_bucket=BUCKET,
        sagemaker_endpoints={"actions": "watching"},
    )


def version(number: int, run_id: str = "") -> ModelVersion:
    return ModelVersion(
        package="slowfast",
        version=number,
        analyser="actions",
        status="pending",
        weights_sha256=f"{number}" * 64,
        archive_key=f"retraining/slowfast/{number}/model.tar.gz",
        run_id=run_id,
        registered_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


def test_a_challenger_is_pending_in_the_model_registry_until_it_is_approved_or_rejected(settings, tmp_path):
    sagemaker: Any = client("sagemaker", settings.aws_url)
    registry = SageMakerRegistry(settings, ObjectRegistry(FolderObjects(tmp_path / "objects")))
    group = "bharatchef-development-slowfast"

    def states() -> list[str]:
        listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
        return sorted(one["ModelApprovalStatus"] for one in listed)

    first = registry.register(version(1))
    # A retraining that died after it registered comes again: nothing is made twice.
    second = registry.register(version(2, "run"))
    assert registry.register(version(2, "run")) == second
    assert states() == ["PendingManualApproval"] * 2
    registry.change(first.model_copy(update={"status": "approved", "champion": True, "why": "It is better."}))
    registry.change(second.model_copy(update={"status": "rejected", "why": "It is not."}))
    assert states() == ["Approved", "Rejected"]
    assert [v.status for v in registry.versions("slowfast")] == ["approved", "rejected"]


def test_two_variants_share_an_endpoint_and_one_is_taken_back(settings):
    """moto knows no UpdateEndpoint: the endpoint is made here with the configuration that deploying makes."""
    sagemaker: Any = client("sagemaker", settings.aws_url)
    traffic = SageMakerTraffic(settings)

    def weights(endpoint: str) -> dict[str, float]:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
        return {one["VariantName"]: one["DesiredWeight"] for one in found}

    alone = traffic.configured("actions", {"champion": (version(1), 1.0)})
    sagemaker.create_endpoint(EndpointName="watching", EndpointConfigName=alone)
    # Before anything is deployed there is nobody to share with.
    traffic.split("actions", 10)
    assert weights("watching") == {"champion": 1.0}
    sagemaker.delete_endpoint(EndpointName="watching")
    both = {"champion": (version(1), 1.0), "challenger": (version(2), 0.0)}
    shared = traffic.configured("actions", both)
    # The same again, as after a crash in between.
    assert traffic.configured("actions", both) == shared != alone
    sagemaker.create_endpoint(EndpointName="watching", EndpointConfigName=shared)
    made = sagemaker.describe_model(ModelName="bharatchef-development-slowfast-2")
    assert made["ExecutionRoleArn"] == HOSTING_ROLE
    traffic.split("actions", 10)
    assert weights("watching") == pytest.approx({"champion": 0.9, "challenger": 0.1})
    traffic.split("actions", 0)
    assert weights("watching") == {"champion": 1.0, "challenger": 0.0}


def test_calls_and_errors_of_a_variant_are_read_from_cloudwatch(settings):
    cloudwatch: Any = client("cloudwatch", settings.aws_url)
    now = datetime.now(UTC) - timedelta(minutes=2)
    for variant, calls, errors in (("champion", 90.0, 1.0), ("challenger", 10.0, 4.0)):
        dimensions = [
            {"Name": "EndpointName", "Value": "watching"},
            {"Name": "VariantName", "Value": variant},
        ]
        cloudwatch.put_metric_data(
            Namespace="AWS/SageMaker",
            MetricData=[
                {"MetricName": name, "Dimensions": dimensions, "Timestamp": now, "Value": value}
                for name, value in (("Invocations", calls), ("Invocation5XXErrors", errors))
            ],
        )
    health = SageMakerTraffic(settings).health("actions", "challenger", now - timedelta(hours=1))
    assert (health.calls, health.errors, health.confidence) == (10, 4, None)


def test_an_endpoint_that_is_bound_to_one_variant_cannot_be_shared(settings):
    bound = settings.model_copy(update={"sagemaker_endpoints": {"actions": "watching/champion"}})
    with pytest.raises(ConfigurationError, match="no variant"):
        SageMakerTraffic(bound).split("actions", 10)


def test_a_training_job_runs_on_spot_machines_with_checkpoints_and_is_found_again(
    settings, tmp_path, monkeypatch
):
    # The SDK makes clients of its own, which only the environment leads to the emulator.
    monkeypatch.setenv("AWS_ENDPOINT_URL", settings.aws_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    pytest.importorskip("sagemaker.train", reason="the SageMaker SDK is not installed")
    from botocore.client import BaseClient

    from adapters.aws.training import SageMakerTrainer
    from bharatchef.retraining.ports import TrainingJob

    sagemaker: Any = client("sagemaker", settings.aws_url)
    client("s3", settings.aws_url).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"}
    )
    labelled, start = tmp_path / "labelled" / "g-1", tmp_path / "start"
    for folder in (labelled, start):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"one")
    asked = set()
    ask = BaseClient._make_api_call

    def noted(client: Any, operation: str, parameters: Any) -> Any:
        asked.add((client.meta.service_model.service_name, operation))
        return ask(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", noted)
    job = TrainingJob("slowfast", "20261123t000000-abc", tmp_path, labelled.parent, start, (), 1)
    trainer = SageMakerTrainer(settings, FolderObjects(tmp_path / "objects"))
    made = trainer._made(job)
    told = sagemaker.describe_training_job(TrainingJobName=made.training_job_name)
    assert told["EnableManagedSpotTraining"] is True
    assert told["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert {c["ChannelName"] for c in told["InputDataConfig"]} >= {"training", "start"}
    assert (
        told["StoppingCondition"]["MaxWaitTimeInSeconds"] > told["StoppingCondition"]["MaxRuntimeInSeconds"]
    )
    assert told["EnableNetworkIsolation"] is True, "a container that has people's films reaches nothing"
    sent = [channel["DataSource"]["S3DataSource"]["S3Uri"] for channel in told["InputDataConfig"]]
    kept = f"s3://{BUCKET}/retraining/slowfast/{job.run_id}"
    places = {place.removeprefix(kept).split("/")[1] for place in sent}
    assert places == {"labelled", "start", "code"}, "the role of training jobs reads these and no more"
    assert told["CheckpointConfig"]["S3Uri"] == f"{kept}/checkpoints"
    assert told["OutputDataConfig"]["S3OutputPath"] == f"{kept}/output"
    found = trainer._found(job)
    assert found is not None
    assert found.training_job_name == made.training_job_name
    assert {(service, name) for service, name in asked if service in ("sagemaker", "iam")} == {
        ("sagemaker", "CreateTrainingJob"),
        ("sagemaker", "DescribeTrainingJob"),
        ("sagemaker", "ListTrainingJobs"),
        # Refused on AWS, or out of reach, which the SDK takes for an answer.
        ("iam", "SimulatePrincipalPolicy"),
    }, "say in tests/infra/calls.yaml what the SDK asks for"
