"""Batch transform: films go through an emulator's S3 to the project's own host and back, and leave nothing.

moto's control plane holds the calls to AWS's own forms; the stand-in before the host does what a job does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hosting import hosted
from model_folders import film, package
from servers.moto import moto
from servers.on_aws import Stack, client
from servers.sagemaker_batch import Batches, sagemaker_batches

from adapters.aws.objects import S3Objects
from adapters.aws.sagemaker_batch import SageMakerBatch
from adapters.retraining import bulk_of
from bharatchef.errors import EndpointError
from bharatchef.retraining.records import ModelVersion

ROLE = "arn:aws:iam::123456789012:role/bharatchef-model-batch-development"
IMAGE = "123456789012.dkr.ecr.ap-south-1.amazonaws.com/bharatchef-model-host:1"
VERSION = ModelVersion(
    package="slowfast",
    version=3,
    analyser="actions",
    status="approved",
    weights_sha256="3" * 64,
    archive_key="retraining/slowfast/3/model.tar.gz",
    registered_at=datetime(2026, 11, 23, tzinfo=UTC),
)
BRIGHT, DARK, BROKEN = film(200, 200), film(20, 20), b"no film at all"


@pytest.fixture(scope="module")
def batches(emulator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batches]:
    with (
        hosted(package(tmp_path_factory.mktemp("host")), "--queue", "8") as host,
        sagemaker_batches(host.url, emulator_url) as made,
    ):
        yield made


def sha_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def bulk(
    installed: Stack, url: str, sleep: Callable[[float], None] = lambda _: None, **more: Any
) -> SageMakerBatch:
    given = {"aws_url": url, "hosting_image": IMAGE, "batch_role": ROLE, "batch_deadline_s": 60, **more}
    settings = installed.settings.model_copy(update=given)
    # S3 is the emulator's, SageMaker the stand-in's.
    made = bulk_of(settings, S3Objects(installed.settings), None, sleep)  # type: ignore[arg-type]
    assert isinstance(made, SageMakerBatch)
    return made


def stored(installed: Stack, *bodies: bytes) -> dict[str, str]:
    """The pieces under keys of the bucket of results, by their sha256."""
    objects = S3Objects(installed.settings)
    pieces = {sha_of(body): f"media/{sha_of(body)}/actions/0.mp4" for body in bodies}
    for body in bodies:
        objects.put_bytes(pieces[sha_of(body)], body, "video/mp4")
    return pieces


def left(installed: Stack) -> list[str]:
    """Every version and mark of a deletion that is left of batches."""
    found = client("s3", installed.url).list_object_versions(
        Bucket=installed.settings.results_bucket, Prefix="batch/"
    )
    return [entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in found.get(kind, ())]


def test_each_film_is_answered_by_the_host_and_nothing_is_left(installed: Stack, batches: Batches) -> None:
    pieces = stored(installed, BRIGHT, DARK)
    answers = {sha: json.loads(said) for sha, said in bulk(installed, batches.url).answers(VERSION, pieces)}
    assert answers[sha_of(BRIGHT)]["probabilities"][0][1] == pytest.approx(0.95)
    assert answers[sha_of(DARK)]["probabilities"][0][1] == pytest.approx(0.05)
    assert left(installed) == []
    (model,) = (m for m in batches.models.values() if m["ExecutionRoleArn"] == ROLE)
    assert model["EnableNetworkIsolation"] is True
    assert model["PrimaryContainer"]["ModelDataUrl"].endswith("/retraining/slowfast/3/model.tar.gz")


def test_what_a_job_fails_at_is_left_out_and_the_rest_is_taken(installed: Stack, batches: Batches) -> None:
    pieces = stored(installed, BRIGHT, BROKEN)
    assert [sha for sha, _ in bulk(installed, batches.url).answers(VERSION, pieces)] == [sha_of(BRIGHT)]
    with pytest.raises(EndpointError, match=r"ended as Failed.*Bad HTTP status"):
        list(bulk(installed, batches.url).answers(VERSION, stored(installed, BROKEN)))
    assert left(installed) == []


def test_a_killed_run_finds_its_job_again_and_pays_once(installed: Stack, batches: Batches) -> None:
    pieces = stored(installed, BRIGHT, film(90))
    before = set(batches.jobs)
    killed = bulk(installed, batches.url)
    # As kill -9 leaves it: the job was asked for, and nobody waits.
    killed._start(killed._job_name(VERSION, pieces, 1), VERSION, pieces)
    assert len(dict(bulk(installed, batches.url).answers(VERSION, pieces))) == 2
    assert len(set(batches.jobs) - before) == 1
    # Its answers were taken and are not there any more: asked again, it is another job.
    assert len(dict(bulk(installed, batches.url).answers(VERSION, pieces))) == 2
    assert len(set(batches.jobs) - before) == 2


@pytest.mark.parametrize("how", ["cancelled", "late"])
def test_a_job_that_nobody_waits_for_any_more_is_stopped(
    installed: Stack, batches: Batches, how: str
) -> None:
    pieces = stored(installed, film(60 if how == "late" else 70))
    before = set(batches.jobs)

    def cancelled(_: float) -> None:
        raise KeyboardInterrupt

    given: dict[str, Any] = {"sleep": cancelled} if how == "cancelled" else {"batch_deadline_s": 0.2}
    batches.go.clear()
    try:
        with pytest.raises(KeyboardInterrupt if how == "cancelled" else EndpointError):
            list(bulk(installed, batches.url, **given).answers(VERSION, pieces))
    finally:
        batches.go.set()
    (name,) = set(batches.jobs) - before
    assert batches.jobs[name]["TransformJobStatus"] == "Stopped"
    assert left(installed) == []
    # Stopped once, it is asked for again under another name.
    assert len(dict(bulk(installed, batches.url).answers(VERSION, pieces))) == 1


def test_the_calls_have_the_forms_that_aws_asks_for(installed: Stack) -> None:
    pieces = stored(installed, BRIGHT)
    with moto() as url:
        made = bulk(installed, url, kms_key="alias/bharatchef")
        # moto's jobs are complete at once and do nothing: no answer comes of them.
        with pytest.raises(EndpointError, match="ended as Completed"):
            list(made.answers(VERSION, pieces))
        name = made._job_name(VERSION, pieces, 1)
        told = client("sagemaker", url).describe_transform_job(TransformJobName=name)
        assert told["TransformInput"]["ContentType"] == "video/mp4"
        assert told["TransformOutput"]["KmsKeyId"] == "alias/bharatchef"
        assert told["TransformOutput"]["S3OutputPath"].endswith(f"/batch/out/{name}/")
        assert told["ModelName"] == "bharatchef-test-slowfast-3-batch"
        # A model that is there already is no error.
        assert made._model(VERSION) == told["ModelName"]
