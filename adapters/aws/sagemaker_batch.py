"""SageMaker's batch transform: one version of a model asked about many objects of S3, with no endpoint.

Its container is the host behind endpoints too. Knows nothing of what answers mean.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from adapters.aws.clients import aws_client, error_code, telling_aws
from bharatchef.errors import EndpointError, StoreError
from bharatchef.ports import ObjectStore
from bharatchef.retraining.records import ModelVersion
from bharatchef.settings import Settings

IN, OUT = "batch/in", "batch/out"
"""Where a job's bodies and answers lie in the bucket of results; the batch role may use these alone."""
_FIRST_LOOK_S, _LONGEST_LOOK_S = 2.0, 60.0
_MOST_JOBS = 3
_PAYLOADS_MB = 100
_CALL_S = 600
_ENDED = ("Completed", "Failed", "Stopped")
_SUFFIX = ".mp4"
_VIDEO = "video/mp4"


class SageMakerBatch:
    """Batch transform jobs of one account.

    **The same pieces have one job**: its name is made of model and pieces, and it is looked for before one is
    made, so that a run that was killed waits for the job that goes on instead of paying for a second. A run
    that is cancelled, or whose time is up, stops its job.

    What is asked about is copied under a prefix of the job's own, each piece under its sha256: it names each
    answer beyond doubt, and the job's role need read nothing else. Copies and answers are erased at the end.

    Args:
        objects: the bucket of results; the pieces may lie in any.
        sleep: how a wait is waited; it may end it by raising.
    """

    def __init__(
        self, settings: Settings, objects: ObjectStore, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._settings = settings
        self._objects = objects
        self._sleep = sleep
        self._client: Any = aws_client("sagemaker", settings)

    def answers(self, version: ModelVersion, pieces: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        if not pieces:
            return
        for number in range(1, _MOST_JOBS + 1):
            name = self._job_name(version, pieces, number)
            is_new = self._status(name)[0] is None
            if is_new:
                self._start(name, version, pieces)
            status, why = self._end_of(name)
            found = dict(self._answered(name, pieces))
            # A job that failed at one body has answered others; what an earlier run has taken is not there.
            if found:
                yield from found.items()
                self._clear(name)
                return
            self._clear(name)
            if is_new:
                break
        raise EndpointError(
            f"Batch transform of {version.package} gave no answer: it ended as {status}"
            f"{f' ({why})' if why else ''}.",
            "Its log in CloudWatch (/aws/sagemaker/TransformJobs) says more.",
        )

    def _start(self, name: str, version: ModelVersion, pieces: Mapping[str, str]) -> None:
        for sha256, key in pieces.items():
            self._objects.put_bytes(f"{IN}/{name}/{sha256}{_SUFFIX}", self._objects.get_bytes(key), _VIDEO)
        bucket = self._settings.results_bucket
        payload_mb = -(-self._settings.sagemaker_max_body_bytes // (1 << 20))
        encrypted = {"KmsKeyId": self._settings.kms_key} if self._settings.kms_key else {}
        with telling_aws(f"answer films anew with {version.package}"):
            self._client.create_transform_job(
                TransformJobName=name,
                ModelName=self._model(version),
                MaxConcurrentTransforms=min(self._settings.sagemaker_parallel, _PAYLOADS_MB // payload_mb),
                MaxPayloadInMB=payload_mb,
                ModelClientConfig={"InvocationsTimeoutInSeconds": _CALL_S, "InvocationsMaxRetries": 1},
                BatchStrategy="SingleRecord",
                TransformInput={
                    "DataSource": {
                        "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{IN}/{name}/"}
                    },
                    "ContentType": _VIDEO,
                    "SplitType": "None",
                    "CompressionType": "None",
                },
                TransformOutput={
                    "S3OutputPath": f"s3://{bucket}/{OUT}/{name}/",
                    "Accept": "application/json",
                    "AssembleWith": "None",
                    **encrypted,
                },
                TransformResources={"InstanceType": self._settings.batch_instance, "InstanceCount": 1},
            )

    def _end_of(self, name: str) -> tuple[str, str]:
        """How a job ended, once it has; one that is left before its end is stopped."""
        until = time.monotonic() + self._settings.batch_deadline_s
        pause_s = _FIRST_LOOK_S
        try:
            while True:
                status, why = self._status(name)
                if status in _ENDED:
                    return status, why
                left_s = until - time.monotonic()
                if left_s <= 0:
                    raise EndpointError(
                        f"A batch transform job was not done in {self._settings.batch_deadline_s:g} s; it was"
                        " stopped.",
                        "Choose a shorter span of films, or set BHARATCHEF_BATCH_DEADLINE_S.",
                        retryable=True,
                    )
                self._sleep(min(pause_s, left_s))
                pause_s = min(2 * pause_s, _LONGEST_LOOK_S)
        except BaseException:
            # Also a cancelled run: nobody waits for the answers, and every minute costs.
            self._stop(name)
            with suppress(StoreError):
                self._clear(name)
            raise

    def _status(self, name: str) -> tuple[str | None, str]:
        """The state of a job and what it says of a failure; ``None`` where there is no such job."""
        from botocore.exceptions import ClientError

        with telling_aws("look at a batch transform job"):
            try:
                told = self._client.describe_transform_job(TransformJobName=name)
            except ClientError as error:
                if error_code(error) in ("ValidationException", "ResourceNotFound"):
                    return None, ""
                raise
        return str(told["TransformJobStatus"]), str(told.get("FailureReason", ""))

    def _stop(self, name: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.stop_transform_job(TransformJobName=name)
        except (BotoCoreError, ClientError):
            return  # it has ended meanwhile, or AWS is out of reach: a job ends with its bodies

    def _answered(self, name: str, pieces: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        # By their names alone: where below the output path an answer lies, AWS's guides say in two ways.
        for key in list(self._objects.list_keys(f"{OUT}/{name}/")):
            sha256 = PurePosixPath(key).name.removesuffix(f"{_SUFFIX}.out")
            if sha256 in pieces:
                yield sha256, self._objects.get_bytes(key)

    def _clear(self, name: str) -> None:
        # With their earlier versions: they are pieces of people's films.
        for prefix in (IN, OUT):
            self._objects.erase(f"{prefix}/{name}/")

    def _model(self, version: ModelVersion) -> str:
        """The name of the model for batches, which is made where it is not there."""
        from botocore.exceptions import ClientError

        name = f"bharatchef-{self._settings.environment}-{version.package}-{version.version}-batch"
        try:
            self._client.create_model(
                ModelName=name,
                PrimaryContainer={
                    "Image": self._settings.hosting_image,
                    "ModelDataUrl": f"s3://{self._settings.results_bucket}/{version.archive_key}",
                },
                ExecutionRoleArn=self._settings.batch_role,
                EnableNetworkIsolation=True,
            )
        except ClientError as error:
            if error_code(error) != "ValidationException" or "already exist" not in str(error).lower():
                raise
        return name

    def _job_name(self, version: ModelVersion, pieces: Mapping[str, str], number: int) -> str:
        said = [self._settings.environment, version.weights_sha256, *sorted(pieces)]
        digest = hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]
        return f"bharatchef-{version.package}-{version.version}-{digest}-{number}"
