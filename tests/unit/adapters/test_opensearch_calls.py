"""Requests to OpenSearch over real HTTP: signatures, certificates, time limits, retries, what is not told."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import ROOT, own_environment
from servers.opensearch_knn import Fault, Small, small_opensearch

from adapters.aws.opensearch_calls import RETRIED_STATUS, Calls, Cluster, Refusal, Service
from bharatchef.errors import ConfigurationError, EndpointError

SECRET = "wJalrXUtnFEMI-a-secret"
TOKEN = "FwoGZXIvYXdzE-a-session-token"


def credentials(secret: str = SECRET) -> object:
    from botocore.credentials import Credentials

    return Credentials("AKIDEXAMPLE", secret, TOKEN)


def calls_to(small: Small, **limits: float) -> Calls:
    return Calls(Cluster(small.url, "none", **limits))  # type: ignore[arg-type]


def test_throttled_once_is_fine_the_second_time() -> None:
    with small_opensearch() as small:
        small.faults.append(Fault("/", status=429))
        assert calls_to(small).send("GET", "/")["version"]["number"]
        assert len(small.asked) == 2


@pytest.mark.parametrize("status", sorted(RETRIED_STATUS))
def test_an_error_for_ever_ends_after_a_few_tries(status: int) -> None:
    pauses: list[float] = []
    with small_opensearch() as small:
        small.faults.append(Fault("/", times=99, status=status, words="the queue is full"))
        calls = Calls(Cluster(small.url, "none", attempts=4), pause=pauses.append)
        with pytest.raises(Refusal, match=f"{status}: the queue is full") as raised:
            calls.send("GET", "/")
        assert raised.value.retryable
        assert raised.value.status == status
        assert len(small.asked) == 4
    assert len(pauses) == 3
    assert all(0 <= one <= 2 for one in pauses)


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_what_will_not_change_is_not_tried_again(status: int) -> None:
    with small_opensearch() as small:
        small.faults.append(Fault("/", times=99, status=status))
        with pytest.raises(Refusal) as raised:
            calls_to(small).send("GET", "/")
        assert not raised.value.retryable
        assert len(small.asked) == 1


def test_a_slow_answer_ends_at_the_deadline() -> None:
    with small_opensearch() as small:
        small.faults.append(Fault("/", times=99, wait_s=3))
        began = time.monotonic()
        with pytest.raises(EndpointError, match=r"did not answer within 0\.[123]") as raised:
            calls_to(small, timeout_s=0.3, deadline_s=0.8).send("GET", "/")
        assert raised.value.retryable
        assert time.monotonic() - began < 2.5


@pytest.mark.parametrize("fault", [Fault("/", cut=True), Fault("/", page=True)])
def test_an_answer_that_is_cut_or_no_json_is_asked_for_again(fault: Fault) -> None:
    with small_opensearch() as small:
        small.faults.append(fault)
        assert calls_to(small).send("GET", "/")["version"]["number"]
        fault.times = 99
        with pytest.raises(EndpointError) as raised:
            calls_to(small, attempts=2).send("GET", "/")
        assert raised.value.remedy


def test_what_may_have_been_carried_out_is_not_repeated_where_that_would_do_harm() -> None:
    with small_opensearch() as small:
        small.faults.append(Fault("/", cut=True, times=99))
        with pytest.raises(EndpointError):
            calls_to(small).send("GET", "/", repeatable=False)
        assert len(small.asked) == 1
        small.faults[:] = [Fault("/", status=429)]
        assert calls_to(small).send("GET", "/", repeatable=False)


def test_nobody_there_is_said() -> None:
    with small_opensearch() as small:
        url = small.url
    with pytest.raises(EndpointError, match="cannot be reached") as raised:
        Calls(Cluster(url, "none", attempts=2)).send("GET", "/")
    assert raised.value.retryable


@pytest.mark.parametrize(("service", "serverless"), [("es", False), ("aoss", True)])
def test_requests_bear_a_signature_that_holds(service: Service, serverless: bool) -> None:
    with small_opensearch(serverless=serverless, secret=credentials()) as small:
        calls = Calls(Cluster(small.url, service), credentials())
        calls.send("PUT", "/a-1", {"mappings": {"properties": {"name": {"type": "keyword"}}}})
        calls.send("POST", "/_bulk", '{"index":{"_index":"a-1"}}\n{"name":"जला प्याज"}\n')
        assert "a-1" in calls.send("GET", "/a-*/_mapping")
        headers = small.asked[-1].headers
        assert headers["x-amz-security-token"] == TOKEN
        assert f"/ap-south-1/{service}/aws4_request" in headers["authorization"]


def test_a_refused_signature_is_told_without_what_was_signed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with small_opensearch(secret=credentials("another secret")) as small:
        calls = Calls(Cluster(small.url, "es"), credentials())
        with pytest.raises(Refusal, match=r"refused who asks \(403\)") as raised:
            calls.send("POST", "/_search", {"query": {"match_all": {}}})
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + caplog.text
    assert "policy" in raised.value.remedy
    for secret in (TOKEN, SECRET, "AKIDEXAMPLE", "Signature="):
        assert secret not in told


def test_without_credentials_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConfigurationError, match="AWS credentials"):
        Calls(Cluster("https://example.invalid")).send("GET", "/")


def test_a_certificate_is_checked(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    command = ["openssl", *words.split(), "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    with small_opensearch(certificate, key) as small:
        with pytest.raises(EndpointError, match="certificate") as raised:
            Calls(Cluster(small.url, "none")).send("GET", "/")
        assert not raised.value.retryable
        assert not small.asked
        trusting = Calls(Cluster(small.url, "none", ca_file=str(certificate)))
        assert trusting.send("GET", "/")["version"]


@pytest.mark.parametrize(
    ("url", "service", "told"),
    [
        ("https://admin:hunter2@search.example", "none", "password"),
        ("http://search.example", "es", "unencrypted"),
        ("http://search.example", "aoss", "unencrypted"),
        ("search.example", "es", "expected https"),
        ("https://search.example/?x=1", "es", "expected https"),
    ],
)
def test_addresses_that_would_do_harm_are_refused(url: str, service: Service, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as raised:
        Cluster(url, service)
    assert "hunter2" not in str(raised.value)


def test_a_refusal_survives_the_way_between_processes() -> None:
    import pickle

    refusal = Refusal("Words.", "Remedy.", True, 429, "kind")
    again = pickle.loads(pickle.dumps(refusal))
    assert (again.message, again.remedy, again.retryable, again.status, again.kind) == (
        "Words.",
        "Remedy.",
        True,
        429,
        "kind",
    )


def test_nothing_is_loaded_or_opened_before_the_first_request(tmp_path: Path) -> None:
    code = (
        "import sys, adapters.aws.opensearch_tips as tips, adapters.aws.opensearch_calls as calls;"
        "tips.OpenSearchTipIndex(calls.Calls(calls.Cluster('https://search.invalid')));"
        "loaded = {'opensearchpy', 'boto3', 'botocore', 'langchain_core', 'numpy'} & set(sys.modules);"
        "assert not loaded, loaded"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=own_environment(tmp_path), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@given(st.integers(1, 9), st.floats(0.01, 30))
def test_no_try_begins_after_the_deadline(attempts: int, deadline_s: float) -> None:
    pauses: list[float] = []
    cluster = Cluster("http://127.0.0.1:1", "none", timeout_s=0.2, attempts=attempts)
    calls = Calls(cluster, pause=pauses.append)
    with pytest.raises(EndpointError):
        calls.send("GET", "/", deadline_s=deadline_s)
    assert len(pauses) < attempts
    assert all(one < deadline_s for one in pauses)
