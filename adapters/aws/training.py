"""Trains model packages on SageMaker: Spot machines with checkpoints, by the SageMaker SDK; decides nothing.

The container is the project's own, with PyTorch and ``model_packages``; it runs the same ``train.py``.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.aws.clients import check_address, telling_aws
from adapters.tar_files import extracted
from bharatchef.errors import ConfigurationError, EndpointError
from bharatchef.ports import ObjectStore
from bharatchef.retraining.ports import Trained, TrainingJob
from bharatchef.settings import Settings

_CHECKPOINTS = "/opt/ml/checkpoints"
_LONGEST_S, _LONGEST_WITH_WAITING_S = 6 * 3600, 12 * 3600
_LOOK_S = 30.0
_NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}
_ENDED = ("Completed", "Failed", "Stopped")


class SageMakerTrainer:
    """Training jobs of one account.

    **A run has one job**: its name begins with the run's id, and before one is made it is looked for, so that
    a flow that died while its job ran waits for that job instead of paying for a second.

    Args:
        objects: the results bucket; films, the start package and what was trained lie in it.
        sleep: how a wait is waited.
    """

    where = "SageMaker"

    def __init__(
        self, settings: Settings, objects: ObjectStore, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if not settings.training_role or not settings.results_bucket:
            raise ConfigurationError(
                "Training on SageMaker needs BHARATCHEF_TRAINING_ROLE and BHARATCHEF_RESULTS_BUCKET as well.",
                "Set them, or unset BHARATCHEF_TRAINING_IMAGE to train on this machine.",
            )
        if settings.aws_url:
            check_address(settings.aws_url)
        self._settings = settings
        self._objects = objects
        self._sleep = sleep

    def train(self, job: TrainingJob) -> Trained:
        """Train, or wait for the job that does, and fetch its package.

        Raises:
            EndpointError: the job failed or was stopped.
            ConfigurationError: the SDK is not installed.
            StoreError: AWS refused or was not reached.
        """
        began = time.monotonic()
        out = job.folder / "out"
        # Its clients read these when they are made, and take no region otherwise.
        os.environ.setdefault("AWS_DEFAULT_REGION", self._settings.aws_region)
        with telling_aws(f"train {job.package}"):
            running = self._found(job) or self._made(job)
            while running.training_job_status not in _ENDED:
                self._sleep(_LOOK_S)
                running.refresh()
        if running.training_job_status != "Completed":
            why = getattr(running, "failure_reason", None)
            raise EndpointError(
                f"The training job of {job.package} ended as {running.training_job_status}:"
                f" {why if isinstance(why, str) else 'it gave no reason.'}",
                "Its log in CloudWatch says more; the next retraining goes on from its checkpoint.",
                retryable=True,
            )
        self._fetched(running.model_artifacts.s3_model_artifacts, job, out)
        return Trained(out, 1, round(time.monotonic() - began, 1), self.where)

    def _found(self, job: TrainingJob) -> Any:
        """The newest job of this run that did not fail, or ``None``."""
        _, resources = _sdk()
        session = self._session()
        for known in resources.TrainingJob.get_all(
            name_contains=_job_name(job),
            sort_by="CreationTime",
            sort_order="Descending",
            session=session.boto_session,
            region=self._settings.aws_region,
        ):
            known.refresh()
            if known.training_job_status not in ("Failed", "Stopped"):
                return known
        return None

    def _made(self, job: TrainingJob) -> Any:
        train, _ = _sdk()
        from sagemaker.core.shapes import CheckpointConfig, OutputDataConfig, StoppingCondition
        from sagemaker.core.training.configs import Compute, InputData, Networking, SourceCode

        channels = [InputData(channel_name="training", data_source=self._sent(job, job.labelled, "labelled"))]
        if job.start is not None:
            channels.append(InputData(channel_name="start", data_source=self._sent(job, job.start, "start")))
        words = ["python", "-m", f"model_packages.{job.package}.train", "--work", _CHECKPOINTS, *job.recipe]
        trainer = train.ModelTrainer(
            sagemaker_session=self._session(),
            training_image=self._settings.training_image,
            role=self._settings.training_role,
            base_job_name=_job_name(job),
            input_s3_key_prefix=f"{_prefix(job)}/code",
            source_code=SourceCode(command=" ".join(words)),
            compute=Compute(
                instance_type=self._settings.training_instance,
                instance_count=1,
                enable_managed_spot_training=True,
            ),
            stopping_condition=StoppingCondition(
                max_runtime_in_seconds=_LONGEST_S, max_wait_time_in_seconds=_LONGEST_WITH_WAITING_S
            ),
            checkpoint_config=CheckpointConfig(s3_uri=self._uri(job, "checkpoints"), local_path=_CHECKPOINTS),
            output_data_config=OutputDataConfig(
                s3_output_path=self._uri(job, "output"), kms_key_id=self._settings.kms_key or None
            ),
            # SageMaker brings and fetches; what has people's films beside it reaches nothing itself.
            networking=Networking(enable_network_isolation=True),
            environment={"OMP_NUM_THREADS": "4"},
        )
        trainer.train(input_data_config=channels, wait=False, logs=False)
        return trainer._latest_training_job

    def _sent(self, job: TrainingJob, folder: Path, name: str) -> str:
        prefix = f"{_prefix(job)}/{name}"
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                key = f"{prefix}/{path.relative_to(folder).as_posix()}"
                self._objects.put_file(key, path, "application/octet-stream")
        return f"s3://{self._settings.results_bucket}/{prefix}/"

    def _fetched(self, uri: str, job: TrainingJob, out: Path) -> None:
        key = uri.removeprefix(f"s3://{self._settings.results_bucket}/")
        part = out.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        with self._objects.as_file(key) as path:
            extracted(path, part)
        shutil.rmtree(out, ignore_errors=True)
        part.rename(out)
        # People's films lie under their own keys, with their own end; the copies go with the training.
        for name in ("labelled", "start", "code"):
            self._objects.erase(f"{_prefix(job)}/{name}/")

    def _uri(self, job: TrainingJob, name: str) -> str:
        return f"s3://{self._settings.results_bucket}/{_prefix(job)}/{name}"

    def _session(self) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.session import get_session
        from sagemaker.core.helper.session_helper import Session

        from adapters.aws.clients import aws_client

        # The SDK asks IAM whether it may use the role, and goes on where it may not ask or IAM is out of the
        # private network's reach: the first is left out, the second takes seconds instead of minutes.
        os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")
        underneath = get_session()
        underneath.set_default_client_config(
            Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 3, "mode": "standard"})
        )
        return Session(
            boto_session=boto3.Session(botocore_session=underneath, region_name=self._settings.aws_region),
            sagemaker_client=aws_client("sagemaker", self._settings),
            default_bucket=self._settings.results_bucket,
            sagemaker_config=_NO_TELEMETRY,
        )


def _sdk() -> tuple[Any, Any]:
    try:
        from sagemaker.core import resources
        from sagemaker.train import model_trainer
    except ImportError as error:
        raise ConfigurationError(
            f"Training on SageMaker needs its SDK, but {error.name} is not installed.",
            "pip install --no-deps --requirement scripts/sagemaker.txt, as the file says why.",
        ) from error
    return model_trainer, resources


def _prefix(job: TrainingJob) -> str:
    return f"retraining/{job.package}/{job.run_id}"


def _job_name(job: TrainingJob) -> str:
    return f"bharatchef-{job.package}-{job.run_id}"
