"""Versions of models in SageMaker's Model Registry, beside the project's own; pending until approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.aws.clients import aws_client, error_code, telling_aws
from bharatchef.retraining.ports import Registry
from bharatchef.retraining.records import ModelVersion
from bharatchef.settings import Settings

_STATES = {"pending": "PendingManualApproval", "approved": "Approved", "rejected": "Rejected"}
_SHA = "weights-sha256"


class SageMakerRegistry:
    """A model package group for each package, ``bharatchef-ENVIRONMENT-PACKAGE``.

    What the project knows of versions is ``registry``; each change is made in SageMaker's first, so that
    a version that is approved here was so there.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings = settings
        self._registry = registry
        self._client: Any = aws_client("sagemaker", settings)

    def versions(self, package: str) -> Sequence[ModelVersion]:
        return self._registry.versions(package)

    def register(self, version: ModelVersion) -> ModelVersion:
        with telling_aws("register a model with SageMaker"):
            self._group(version.package)
            if self._arn(version) is None:
                self._client.create_model_package(
                    ModelPackageGroupName=self._name(version.package),
                    ModelPackageDescription=f"Run {version.run_id}."
                    if version.run_id
                    else version.why[:1000],
                    ModelApprovalStatus=_STATES[version.status],
                    InferenceSpecification={
                        "Containers": [
                            {
                                "Image": self._settings.hosting_image,
                                "ModelDataUrl": f"s3://{self._settings.results_bucket}/{version.archive_key}",
                            }
                        ],
                        "SupportedContentTypes": ["video/mp4"],
                        "SupportedResponseMIMETypes": ["application/json"],
                    },
                    CustomerMetadataProperties={_SHA: version.weights_sha256},
                )
        return self._registry.register(version)

    def change(self, version: ModelVersion) -> None:
        with telling_aws("change a model in SageMaker's registry"):
            arn = self._arn(version)
            if arn is not None:
                self._client.update_model_package(
                    ModelPackageArn=arn,
                    ModelApprovalStatus=_STATES[version.status],
                    ApprovalDescription=version.why[:1024] or "Changed.",
                )
        self._registry.change(version)

    def _group(self, package: str) -> None:
        try:
            self._client.describe_model_package_group(ModelPackageGroupName=self._name(package))
        except self._client.exceptions.ClientError as error:
            if error_code(error) not in ("ValidationException", "ResourceNotFound"):
                raise
            self._client.create_model_package_group(
                ModelPackageGroupName=self._name(package),
                ModelPackageGroupDescription=f"What was trained for {package} on corrected labels.",
            )

    def _arn(self, version: ModelVersion) -> str | None:
        """The package whose archive is this version's."""
        pages = self._client.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self._name(version.package)
        )
        for page in pages:
            for listed in page["ModelPackageSummaryList"]:
                told = self._client.describe_model_package(ModelPackageName=listed["ModelPackageArn"])
                containers = told["InferenceSpecification"]["Containers"]
                if containers[0]["ModelDataUrl"].endswith(f"/{version.archive_key}"):
                    return str(listed["ModelPackageArn"])
        return None

    def _name(self, package: str) -> str:
        return f"bharatchef-{self._settings.environment}-{package}"
