"""A/B on a SageMaker endpoint: champion and challenger are its variants, their weights the shares.

How often both were called and failed is read from CloudWatch, where SageMaker counts it by variant. It counts
no confidence: that stands in the results.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from adapters.aws.clients import aws_client, error_code, telling_aws
from bharatchef.errors import ConfigurationError
from bharatchef.retraining.records import ModelVersion
from bharatchef.retraining.rolling import Health, Variant
from bharatchef.settings import Settings

_PERIOD_S = 300


class SageMakerTraffic:
    """The endpoints that ``settings.sagemaker_endpoints`` names, without a variant in their names."""

    def __init__(self, settings: Settings) -> None:
        if not settings.hosting_role:
            raise ConfigurationError(
                "Models on trial on SageMaker need BHARATCHEF_HOSTING_ROLE as well.",
                "Set it, or unset BHARATCHEF_HOSTING_IMAGE to split the traffic on this machine.",
            )
        self._settings = settings
        self._client: Any = aws_client("sagemaker", settings)
        self._metrics_client: Any = aws_client("cloudwatch", settings)

    def deploy(self, champion: ModelVersion, challenger: ModelVersion) -> None:
        self._configure(challenger.analyser, {"champion": (champion, 1.0), "challenger": (challenger, 0.0)})

    def settle(self, champion: ModelVersion) -> None:
        self._configure(champion.analyser, {"champion": (champion, 1.0)})

    def split(self, analyser: str, percent: int) -> None:
        shares = {"champion": 1 - percent / 100, "challenger": percent / 100}
        with telling_aws("share an endpoint's calls"):
            there = self._client.describe_endpoint(EndpointName=self._endpoint(analyser))
            variants = {variant["VariantName"] for variant in there["ProductionVariants"]}
            if variants != set(shares):
                # One variant alone: it answers all, whatever its weight.
                return
            self._client.update_endpoint_weights_and_capacities(
                EndpointName=self._endpoint(analyser),
                DesiredWeightsAndCapacities=[
                    {"VariantName": name, "DesiredWeight": share} for name, share in shares.items()
                ],
            )

    def health(self, analyser: str, variant: Variant, since: datetime) -> Health:
        endpoint = self._endpoint(analyser)
        of_variant = {"EndpointName": endpoint, "VariantName": variant}
        with telling_aws("read an endpoint's metrics"):
            calls = self._sum("AWS/SageMaker", "Invocations", of_variant, since)
            errors = sum(
                self._sum("AWS/SageMaker", name, of_variant, since)
                for name in ("Invocation5XXErrors", "InvocationModelErrors")
            )
        return Health(calls=int(calls), errors=min(int(calls), int(errors)))

    def _configure(self, analyser: str, variants: dict[str, tuple[ModelVersion, float]]) -> None:
        endpoint = self._endpoint(analyser)
        name = self.configured(analyser, variants)
        with telling_aws("put models on an endpoint"):
            self._client.update_endpoint(EndpointName=endpoint, EndpointConfigName=name)
            self._client.get_waiter("endpoint_in_service").wait(EndpointName=endpoint)

    def configured(self, analyser: str, variants: dict[str, tuple[ModelVersion, float]]) -> str:
        """The name of a configuration with these variants and weights; it and its models are made."""
        endpoint = self._endpoint(analyser)
        name = f"{endpoint}-" + "-".join(str(version.version) for version, _ in variants.values())
        with telling_aws("put models on an endpoint"):
            for version, _ in variants.values():
                self._model(version)
            self._made(
                lambda: self._client.create_endpoint_config(
                    EndpointConfigName=name,
                    ProductionVariants=[
                        {
                            "VariantName": variant,
                            "ModelName": self._model_name(version),
                            "InitialInstanceCount": 1,
                            "InstanceType": self._settings.hosting_instance,
                            "InitialVariantWeight": weight,
                        }
                        for variant, (version, weight) in variants.items()
                    ],
                )
            )
        return name

    def _model(self, version: ModelVersion) -> None:
        self._made(
            lambda: self._client.create_model(
                ModelName=self._model_name(version),
                PrimaryContainer={
                    "Image": self._settings.hosting_image,
                    "ModelDataUrl": f"s3://{self._settings.results_bucket}/{version.archive_key}",
                },
                ExecutionRoleArn=self._settings.hosting_role,
                # As Terraform's models are: SageMaker fetches the archive, the container reaches nothing.
                EnableNetworkIsolation=True,
            )
        )

    def _made(self, make: Any) -> None:
        """Make something that may be there from a call that died."""
        try:
            make()
        except self._client.exceptions.ClientError as error:
            said = str(error).lower()
            if error_code(error) != "ValidationException" or "already exist" not in said:
                raise

    def _model_name(self, version: ModelVersion) -> str:
        return f"bharatchef-{self._settings.environment}-{version.package}-{version.version}"

    def _endpoint(self, analyser: str) -> str:
        found = {str(name): where for name, where in self._settings.sagemaker_endpoints.items()}.get(analyser)
        if found is None or "/" in found:
            raise ConfigurationError(
                f"Expected BHARATCHEF_SAGEMAKER_ENDPOINTS to name an endpoint for {analyser} and no variant,"
                f" got {found or 'none'}.",
                "A variant in the name would hold all calls to it.",
            )
        return found

    def _sum(self, space: str, name: str, of: dict[str, str], since: datetime) -> float:
        told = self._metrics_client.get_metric_statistics(
            Namespace=space,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in of.items()],
            StartTime=since,
            EndTime=datetime.now(UTC),
            Period=_PERIOD_S,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in told["Datapoints"]))
