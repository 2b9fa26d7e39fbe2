"""Asynchronous endpoints: bodies and answers go through an emulator's S3 to the project's own host."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hosting import OBEDIENT, hosted
from model_folders import package
from servers.on_aws import Stack, client
from servers.sagemaker_runtime import Runtime, sagemaker_runtime

from adapters.aws.sagemaker import SageMakerModels
from adapters.local.models import LocalModels
from bharatchef.errors import ConfigurationError, EndpointError
from bharatchef.observed import Analyser, ModelIdentity

ACTIONS = Analyser.ACTIONS
JSON = "application/json"


@pytest.fixture(scope="module")
def runtime(emulator_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    folder = package(tmp_path_factory.mktemp("host"), "champion", OBEDIENT, content_types=[JSON])
    with (
        hosted(folder, "--queue", "8") as host,
        sagemaker_runtime({"actions": {"only": host.url}}, emulator_url) as made,
    ):
        yield made


def models(installed: Stack, runtime: Runtime, **settings: object) -> SageMakerModels:
    given = {
        "sagemaker_mode": "async",
        "sagemaker_url": runtime.url,
        "sagemaker_endpoints": {"actions": "actions"},
        "evaluation_deadline_s": 120,
        **settings,
    }
    return SageMakerModels(installed.settings.model_copy(update=given), LocalModels(()))


def left(installed: Stack) -> list[str]:
    """The keys of all that lies in the bucket of results."""
    found = client("s3", installed.url).list_objects_v2(Bucket=installed.settings.results_bucket)
    return [entry["Key"] for entry in found.get("Contents", ())]


def body(**asked: object) -> bytes:
    return json.dumps(asked).encode()


def test_a_call_is_answered_through_s3_and_leaves_nothing_there(installed: Stack, runtime: Runtime) -> None:
    port = models(installed, runtime)
    found = port.identify(ACTIONS)
    assert isinstance(found, ModelIdentity)
    assert found.engine.endswith(" on SageMaker actions")
    runtime.async_s = 1.0
    try:
        began = time.monotonic()
        answer = port.invoke(ACTIONS, body(value=7), JSON)
        assert answer["value"] == 7
        assert "answeredByWeightsSha256" not in answer, "it is for the port alone"
        assert time.monotonic() - began >= 1.0
    finally:
        runtime.async_s = 0.0
    assert left(installed) == []


def test_an_answer_of_other_weights_than_were_named_is_refused(
    installed: Stack, runtime: Runtime, tmp_path: Path
) -> None:
    port = models(installed, runtime)
    assert isinstance(port.identify(ACTIONS), ModelIdentity)
    others = json.dumps({"threshold": 99}).encode()
    sha256 = hashlib.sha256(others).hexdigest()
    changed = package(tmp_path, "changed", OBEDIENT, content_types=[JSON], weights_sha256=sha256)
    (changed / "weights.json").write_bytes(others)
    with hosted(changed) as host:
        before = dict(runtime.endpoints["actions"])
        runtime.endpoints["actions"]["only"] = host.url
        try:
            with pytest.raises(EndpointError, match="other weights than it had named"):
                port.invoke(ACTIONS, body(value=7), JSON)
        finally:
            runtime.endpoints["actions"].update(before)
    assert left(installed) == []


def test_what_the_model_fails_at_is_an_error_at_once(installed: Stack, runtime: Runtime) -> None:
    port = models(installed, runtime)
    port.identify(ACTIONS)
    with pytest.raises(EndpointError, match="failed at an asynchronous call") as caught:
        port.invoke(ACTIONS, b"no json at all", JSON)
    assert not caught.value.retryable
    assert left(installed) == []


def test_an_answer_is_waited_for_within_the_deadline_alone(installed: Stack, runtime: Runtime) -> None:
    port = models(installed, runtime, evaluation_deadline_s=2)
    runtime.async_s = 5.0
    try:
        began = time.monotonic()
        with pytest.raises(EndpointError, match="the first instance takes minutes"):
            port.invoke(ACTIONS, body(value=7), JSON)
        assert time.monotonic() - began < 5.0
    finally:
        runtime.async_s = 0.0


def test_an_endpoint_that_is_not_there_is_named(installed: Stack, runtime: Runtime) -> None:
    port = models(installed, runtime, sagemaker_endpoints={"actions": "nowhere"})
    with pytest.raises(EndpointError, match="nowhere"):
        port.invoke(ACTIONS, body(value=7), JSON)
    assert left(installed) == []


def test_a_bucket_that_is_not_there_is_said(installed: Stack, runtime: Runtime) -> None:
    gone = replace(installed, settings=installed.settings.model_copy(update={"results_bucket": "no-bucket"}))
    with pytest.raises(EndpointError, match="could not go through S3"):
        models(gone, runtime).invoke(ACTIONS, body(value=7), JSON)


def test_a_variant_or_no_bucket_is_refused_at_the_start(installed: Stack, runtime: Runtime) -> None:
    with pytest.raises(ConfigurationError, match="no variant by name"):
        models(installed, runtime, sagemaker_endpoints={"actions": "actions/only"})
    with pytest.raises(ConfigurationError, match="BHARATCHEF_RESULTS_BUCKET"):
        models(installed, runtime, results_bucket="")
