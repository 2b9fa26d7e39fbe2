"""SageMaker's control plane on an emulator: endpoints with two variants and packages, as Terraform has them.

moto keeps what it is told and checks its form; it runs no model. What answers is tested in test_sagemaker.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from servers.moto import moto
from servers.on_aws import client

from bharatchef.settings import load_settings

IMAGE = "123456789012.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-model-host:1"
ROLE = "arn:aws:iam::123456789012:role/model-host"
WEIGHTS = {"champion": 0.9, "challenger": 0.1}


@pytest.fixture(scope="module")
def sagemaker() -> Iterator[Any]:
    with moto() as url:
        yield client("sagemaker", url)


@pytest.fixture(scope="module")
def endpoint(sagemaker: Any) -> str:
    for variant in WEIGHTS:
        sagemaker.create_model(
            ModelName=f"actions-{variant}",
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": f"s3://models/{variant}/model.tar.gz"},
            ExecutionRoleArn=ROLE,
        )
    sagemaker.create_endpoint_config(
        EndpointConfigName="actions",
        ProductionVariants=[
            {
                "VariantName": variant,
                "ModelName": f"actions-{variant}",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.g4dn.xlarge",
                "InitialVariantWeight": weight,
            }
            for variant, weight in WEIGHTS.items()
        ],
    )
    sagemaker.create_endpoint(EndpointName="actions", EndpointConfigName="actions")
    return "actions"


def test_the_setting_names_an_endpoint_and_a_variant_that_there_is(sagemaker: Any, endpoint: str) -> None:
    described = sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["EndpointStatus"] == "InService"
    for variant in described["ProductionVariants"]:
        named = load_settings(sagemaker_endpoints={"actions": f"{endpoint}/{variant['VariantName']}"})
        assert named.sagemaker_endpoints["actions"].split("/") == [endpoint, variant["VariantName"]]


def test_traffic_moves_from_one_variant_to_the_other(sagemaker: Any, endpoint: str) -> None:
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[
            {"VariantName": "champion", "DesiredWeight": 0.0},
            {"VariantName": "challenger", "DesiredWeight": 1.0},
        ],
    )
    found = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    assert {v["VariantName"]: v["DesiredWeight"] for v in found} == {"champion": 0.0, "challenger": 1.0}


def test_a_package_is_approved_before_it_is_served(sagemaker: Any) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="bharatchef-actions")
    arn = sagemaker.create_model_package(
        ModelPackageGroupName="bharatchef-actions",
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://models/challenger/model.tar.gz"}],
            "SupportedContentTypes": ["video/mp4"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    approved = sagemaker.list_model_packages(
        ModelPackageGroupName="bharatchef-actions", ModelApprovalStatus="Approved"
    )["ModelPackageSummaryList"]
    assert [package["ModelPackageArn"] for package in approved] == [arn]
