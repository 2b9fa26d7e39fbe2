"""SageMaker's models port against the project's own host behind the real client, failures included."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hosting import OBEDIENT, hosted
from model_folders import package
from servers.microburst import Microburst, microburst
from servers.sagemaker_runtime import Runtime, sagemaker_runtime

from adapters.aws import sagemaker
from adapters.aws.sagemaker import SageMakerModels
from adapters.local.models import LocalModels
from bharatchef.errors import ConfigurationError, EndpointError
from bharatchef.observed import Analyser, ModelIdentity, Unavailable
from bharatchef.settings import load_settings
from model_packages.serving import requests

ACTIONS = Analyser.ACTIONS
JSON = "application/json"
TAKES = {"content_types": [JSON]}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """Two variants of one endpoint, each a real host in a process of its own, with weights of its own."""
    root = tmp_path_factory.mktemp("hosts")
    folders = []
    for name in ("champion", "challenger"):
        folder = package(root, name, OBEDIENT, **TAKES)
        if name == "challenger":
            _other_weights(folder)
        folders.append(folder)
    with (
        hosted(folders[0], "--queue", "8") as champion,
        hosted(folders[1]) as challenger,
        sagemaker_runtime({"actions": {"champion": champion.url, "challenger": challenger.url}}) as made,
    ):
        yield made


def _other_weights(folder: Path) -> None:
    data = b'{"threshold": 7}'
    (folder / "weights.json").write_bytes(data)
    manifest = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(
        json.dumps({**manifest, "weights_sha256": hashlib.sha256(data).hexdigest()})
    )


@pytest.fixture(scope="module")
def proxy(runtime: Runtime) -> Iterator[Microburst]:
    with microburst(runtime.url) as made:
        yield made


@pytest.fixture(autouse=True)
def _nothing_fails(proxy: Microburst, runtime: Runtime) -> None:
    proxy.clear()
    runtime.calls.clear()
    runtime.most_at_once.clear()


def models(url: str, **settings: object) -> tuple[SageMakerModels, list[float]]:
    """The port, and the bounds of the pauses that it drew; it does not wait for them."""
    bounds: list[float] = []

    def drawn(_: float, bound: float) -> float:
        bounds.append(bound)
        return 0.01

    given = {"sagemaker_endpoints": {"actions": "actions"}, **settings}
    return SageMakerModels(load_settings(sagemaker_url=url, **given), LocalModels(()), jitter=drawn), bounds


def body(**asked: object) -> bytes:
    return json.dumps(asked).encode()


def test_a_model_names_itself_with_its_endpoint_and_variant(runtime: Runtime) -> None:
    port, _ = models(runtime.url)
    found = port.identify(ACTIONS)
    assert isinstance(found, ModelIdentity)
    assert found.name == "champion"
    assert found.engine.endswith(" on SageMaker actions/champion")
    assert port.invoke(ACTIONS, body(value=3), JSON)["value"] == 3


def test_every_call_of_an_evaluation_goes_to_the_variant_that_named_itself(runtime: Runtime) -> None:
    port, _ = models(runtime.url, sagemaker_endpoints={"actions": "actions/challenger"})
    found = port.identify(ACTIONS)
    assert isinstance(found, ModelIdentity)
    assert found.name == "challenger"
    for value in range(3):
        port.invoke(ACTIONS, body(value=value), JSON)
    assert {variant for _, variant, _ in runtime.calls} == {"challenger"}


def test_an_answer_of_other_weights_is_refused(runtime: Runtime) -> None:
    port, _ = models(runtime.url)
    port.identify(ACTIONS)
    variants = runtime.endpoints["actions"]
    before = dict(variants)
    variants["champion"] = variants["challenger"]
    try:
        with pytest.raises(EndpointError, match="other weights") as caught:
            port.invoke(ACTIONS, body(value=1), JSON)
    finally:
        variants.update(before)
    assert not caught.value.retryable


def test_an_analyser_without_an_endpoint_is_answered_for_by_the_others(runtime: Runtime) -> None:
    port, _ = models(runtime.url)
    assert isinstance(port.identify(Analyser.PLATE), Unavailable)
    with pytest.raises(EndpointError):
        port.invoke(Analyser.PLATE, b"{}", JSON)
    assert not runtime.calls


def test_an_endpoint_of_another_analyser_or_none_is_said_so(runtime: Runtime) -> None:
    port, _ = models(runtime.url, sagemaker_endpoints={"plate": "actions", "heat": "nowhere"})
    plate, heat = port.identify(Analyser.PLATE), port.identify(Analyser.HEAT)
    assert isinstance(plate, Unavailable)
    assert "has a model for actions" in plate.reason
    assert isinstance(heat, Unavailable)
    assert "nowhere" in heat.reason


def test_a_body_over_the_limit_is_not_sent(runtime: Runtime) -> None:
    port, _ = models(runtime.url)
    with pytest.raises(EndpointError, match="6291457 bytes") as caught:
        port.invoke(ACTIONS, b"x" * (6 * 1024 * 1024 + 1), JSON)
    assert not caught.value.retryable
    assert not runtime.calls


def test_a_model_that_refuses_is_asked_once(runtime: Runtime) -> None:
    port, bounds = models(runtime.url)
    with pytest.raises(EndpointError, match="refused with 415") as caught:
        port.invoke(ACTIONS, b"x", "image/jpeg")
    assert not caught.value.retryable
    assert len(runtime.calls) == 1
    assert not bounds


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ModelNotReadyException", 429),
        ("InternalFailure", 500),
        ("ServiceUnavailable", 503),
    ],
)
def test_what_passes_is_tried_again_with_a_bound_that_doubles(
    runtime: Runtime, proxy: Microburst, code: str, status: int
) -> None:
    port, bounds = models(proxy.url)
    proxy.fail(service="sagemaker", times=3, error={"code": code, "status": status})
    assert port.invoke(ACTIONS, body(value=1), JSON)["value"] == 1
    assert bounds == [0.5, 1.0, 2.0]
    # botocore sends nothing again by itself: three failures and the answer.
    assert len(proxy.fired()) == 3
    assert len(runtime.calls) == 1


def test_a_refusal_of_sagemaker_is_not_tried_again(proxy: Microburst) -> None:
    port, bounds = models(proxy.url)
    proxy.fail(service="sagemaker", error={"code": "AccessDeniedException", "status": 403})
    with pytest.raises(EndpointError, match="AccessDeniedException") as caught:
        port.invoke(ACTIONS, body(value=1), JSON)
    assert not caught.value.retryable
    assert not bounds
    assert len(proxy.fired()) == 1


@pytest.mark.parametrize(
    "fault",
    [{"reset": True}, {"response": {"truncate_frac": 0.5}}, {"response": {"abort_frac": 0.3}}],
    ids=["reset", "truncated", "aborted"],
)
def test_a_broken_connection_is_told_to_who_asked(proxy: Microburst, fault: dict[str, object]) -> None:
    port, bounds = models(proxy.url)
    proxy.fail(service="sagemaker", times=1, **fault)
    with pytest.raises(EndpointError) as caught:
        port.invoke(ACTIONS, body(value=1), JSON)
    assert caught.value.retryable or "no JSON" in caught.value.message
    assert not bounds
    assert port.invoke(ACTIONS, body(value=2), JSON)["value"] == 2


def test_all_tries_end_within_the_evaluations_deadline(proxy: Microburst) -> None:
    began = time.monotonic()
    port, bounds = models(proxy.url, evaluation_deadline_s=1.5)
    assert isinstance(port.identify(ACTIONS), ModelIdentity)
    proxy.fail(service="sagemaker", error={"code": "ThrottlingException", "status": 400})
    port._jitter = lambda _, bound: bound
    with pytest.raises(EndpointError, match=r"within the 1\.5 s that one evaluation has") as caught:
        port.invoke(ACTIONS, body(value=1), JSON)
    assert "ThrottlingException" in caught.value.message
    assert not caught.value.retryable, "the tries of who asks would multiply these"
    assert time.monotonic() - began < 6
    with pytest.raises(EndpointError):
        port.invoke(ACTIONS, body(value=2), JSON)
    # The next evaluation has its own time.
    proxy.clear()
    assert isinstance(port.identify(ACTIONS), ModelIdentity)
    assert port.invoke(ACTIONS, body(value=3), JSON)["value"] == 3
    assert not bounds


def test_no_more_calls_at_once_than_the_endpoint_is_to_have(runtime: Runtime) -> None:
    port, _ = models(runtime.url, sagemaker_parallel=2)
    gate = threading.Barrier(6)

    def one(number: int) -> object:
        gate.wait(20)
        return port.invoke(ACTIONS, body(value=number, sleep_s=0.05), JSON)["value"]

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(6))) == list(range(6))
    assert runtime.most_at_once["actions"] == 2


@pytest.mark.parametrize(
    "name", ["SAGEMAKER_ASK", "SAGEMAKER_WEIGHTS", "SAGEMAKER_ASK_WITHIN", "WEIGHTS_WITHIN"]
)
def test_both_ends_speak_of_the_same(name: str) -> None:
    assert getattr(sagemaker, name) == getattr(requests, name)


def test_an_address_in_the_clear_must_be_of_this_machine() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        models("http://sagemaker.example.org")
