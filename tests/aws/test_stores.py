"""What S3 and DynamoDB do beyond the contract: parts, encryption, names, races, large items, lost answers."""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from contract_sides import HeldClock, Side
from pydantic import SecretStr
from samples import MOMENT, sample_evaluation, sample_result
from servers.microburst import Microburst, microburst
from servers.on_aws import Stack, client, stack

from adapters import build_ports
from adapters.aws.clients import aws_client
from adapters.aws.evaluations import DynamoEvaluations
from adapters.aws.items import SPILLED
from adapters.aws.objects import S3Objects
from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.records import ActionSegment, User
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Status


@pytest.fixture(scope="module")
def proxy(emulator_url: str) -> Iterator[Microburst]:
    with microburst(emulator_url) as made:
        yield made


@pytest.fixture
def behind(proxy: Microburst, installed: Stack) -> Stack:
    """The installation through the proxy, which passes everything on until it is told not to."""
    proxy.clear()
    settings = installed.settings.model_copy(update={"aws_url": proxy.url})
    return Stack(proxy.url, settings, installed.told_queue)


def evaluations(at: Stack) -> DynamoEvaluations:
    return DynamoEvaluations(at.settings, HeldClock(), S3Objects(at.settings))


# --- settings ---


@pytest.mark.parametrize(
    "name",
    [
        "trainee_bucket",
        "expert_bucket",
        "results_bucket",
        "complete_topic",
        "failed_topic",
        "pseudonym_key",
        "receipt_key",
    ],
)
def test_a_missing_setting_is_named_at_the_start(installed: Stack, name: str) -> None:
    nothing = "" if isinstance(getattr(installed.settings, name), str) else SecretStr("")
    settings = installed.settings.model_copy(update={name: nothing})
    with pytest.raises(ConfigurationError, match=f"BHARATCHEF_{name.upper()}"):
        build_ports(settings)


@pytest.mark.parametrize(
    ("name", "value", "named"),
    [
        ("trainee_bucket", "no-such-bucket", "BHARATCHEF_TRAINEE_BUCKET"),
        ("results_bucket", "no-such-bucket", "BHARATCHEF_RESULTS_BUCKET"),
        ("table_prefix", "no-such-", "BHARATCHEF_TABLE_PREFIX"),
        ("complete_topic", "arn:aws:sns:ap-south-1:123456789012:none", "BHARATCHEF_COMPLETE_TOPIC"),
    ],
)
def test_a_setting_that_names_nothing_is_named_at_the_start(
    installed: Stack, name: str, value: str, named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        build_ports(installed.settings.model_copy(update={name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("ports", "azure"), ("complete_topic", "evaluation-complete"), ("trainee_bucket", "A")],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"BHARATCHEF_{name.upper()}"):
        load_settings(**{name: value})


def test_aws_is_chosen_by_the_environment_alone(installed: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in installed.environment().items():
        monkeypatch.setenv(name, value)
    ports = build_ports(load_settings())
    assert isinstance(ports.objects, S3Objects)
    assert isinstance(ports.evaluations, DynamoEvaluations)


# --- transport ---


def test_a_server_that_speaks_tls_1_1_alone_is_not_spoken_to(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    said: queue.Queue[str] = queue.Queue()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):  # the listening socket is closed at the end
                while True:
                    connection, _address = listening.accept()
                    try:
                        context.wrap_socket(connection, server_side=True).close()
                        said.put("it was spoken to")
                    except OSError as error:
                        said.put(str(error))

        threading.Thread(target=serve, daemon=True).start()
        port = listening.getsockname()[1]
        asked = aws_client("sqs", load_settings(aws_url=f"https://localhost:{port}"), attempts=1)
        pool = asked._endpoint.http_session._manager.connection_pool_kw["ssl_context"]
        assert pool.minimum_version == ssl.TLSVersion.TLSv1_2
        # Also where this machine's OpenSSL would allow the old one, and whoever answers is trusted.
        pool.set_ciphers("ALL:@SECLEVEL=0")
        pool.load_verify_locations(certificate)
        with pytest.raises(Exception, match=r"(?i)ssl|protocol|version"):
            asked.list_queues()
        assert said.get(timeout=30) != "it was spoken to"


def test_an_address_in_the_clear_off_this_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        aws_client("s3", load_settings(aws_url="http://s3.example.org"))


# --- objects ---


def test_each_key_is_in_its_bucket_encrypted_and_typed(installed: Stack) -> None:
    objects = S3Objects(installed.settings)
    s3 = client("s3", installed.url)
    for key, bucket in (
        ("trainee/asha/chai/1/front.mp4", installed.settings.trainee_bucket),
        ("films/abc.mp4", installed.settings.trainee_bucket),
        ("expert/chai/1.mp4", installed.settings.expert_bucket),
        ("results/ev-1/result.json", installed.settings.results_bucket),
        ("media/abc/1.mp4", installed.settings.results_bucket),
    ):
        objects.put_bytes(key, b"x", "video/mp4")
        head = s3.head_object(Bucket=bucket, Key=key)
        assert (head["ServerSideEncryption"], head["ContentType"]) == ("AES256", "video/mp4")
    assert len(list(objects.list_keys(""))) == 5


def test_with_a_key_of_kms_objects_are_encrypted_by_it(installed: Stack) -> None:
    key = client("kms", installed.url).create_key()["KeyMetadata"]["Arn"]
    objects = S3Objects(installed.settings.model_copy(update={"kms_key": key}))
    objects.put_bytes("results/a", b"x", "text/plain")
    head = client("s3", installed.url).head_object(Bucket=installed.settings.results_bucket, Key="results/a")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_large_file_goes_in_parts_and_comes_back_whole(installed: Stack, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(range(256)) * 4 * 1024 * 12)
    objects = S3Objects(installed.settings, part_bytes=5 << 20)
    objects.put_file("films/long.mp4", film, "video/mp4")
    head = client("s3", installed.url).head_object(
        Bucket=installed.settings.trainee_bucket, Key="films/long.mp4"
    )
    assert head["ETag"].strip('"').endswith("-3"), "an ETag of parts ends in their number"
    assert head["ServerSideEncryption"] == "AES256"
    with objects.as_file("films/long.mp4") as path:
        assert path.read_bytes() == film.read_bytes()
        assert path.suffix == ".mp4"
    assert not path.exists()


def test_a_failed_upload_leaves_no_object_and_no_parts(
    behind: Stack, proxy: Microburst, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film" * (3 << 20))
    objects = S3Objects(behind.settings, part_bytes=5 << 20)
    proxy.fail(service="s3", operation="PutObject", error={"code": "AccessDenied", "status": 403})
    with pytest.raises(StoreError, match=r"films/one\.mp4"):
        objects.put_file("films/one.mp4", film, "video/mp4")
    proxy.clear()
    assert not objects.exists("films/one.mp4")
    s3 = client("s3", behind.url)
    assert not s3.list_multipart_uploads(Bucket=behind.settings.trainee_bucket).get("Uploads")


def test_strange_keys_in_a_bucket_are_passed_over(installed: Stack) -> None:
    s3 = client("s3", installed.url)
    for key in ("trainee//x", "elsewhere/y", "trainee/.hidden"):
        s3.put_object(Bucket=installed.settings.trainee_bucket, Key=key, Body=b"")
    assert list(S3Objects(installed.settings).list_keys("")) == []


@pytest.mark.parametrize(
    "fault",
    [
        {"error": {"code": "SlowDown", "status": 503}},
        {"error": {"code": "InternalError", "status": 500}},
        {"reset": True},
        {"response": {"truncate_frac": 0.5}},
        {"response": {"abort_frac": 0.3}},
    ],
    ids=["slow down", "internal error", "reset", "truncated", "aborted"],
)
def test_reading_and_writing_get_over_a_failure(
    behind: Stack, proxy: Microburst, fault: dict[str, object]
) -> None:
    objects = S3Objects(behind.settings)
    data = b"0123456789" * 10_000
    objects.put_bytes("results/a", data, "text/plain")
    proxy.fail(service="s3", operation="GetObject", times=1, **fault)
    assert objects.get_bytes("results/a") == data
    assert len(proxy.fired()) == 1
    if "response" not in fault:
        proxy.fail(service="s3", operation="PutObject", times=1, **fault)
        objects.put_bytes("results/b", data, "text/plain")
        assert objects.get_bytes("results/b") == data


def test_a_failure_that_stays_is_told_with_its_code(behind: Stack, proxy: Microburst) -> None:
    objects = S3Objects(behind.settings)
    proxy.fail(service="s3", error={"code": "AccessDenied", "status": 403})
    with pytest.raises(StoreError, match="AccessDenied"):
        objects.get_bytes("results/a")
    with pytest.raises(StoreError):
        objects.exists("results/a")


# --- records ---


def test_items_bear_the_designs_names(installed: Stack) -> None:
    store = evaluations(installed)
    store.put_user(User(user_id="asha", name="Asha", email="asha@example.org", created_at=MOMENT))
    begun = store.claim(sample_evaluation(), "one", 60).evaluation
    store.complete(sample_result(begun), "one")
    db, prefix = client("dynamodb", installed.url), installed.settings.table_prefix

    def item(table: str, **key: str) -> dict[str, object]:
        wanted = {name: {"S": value} for name, value in key.items()}
        return db.get_item(TableName=prefix + table, Key=wanted)["Item"]

    assert {"userId", "email", "name", "createdAt", "skillLevel"} <= set(item("Users", userId="asha"))
    assert {
        *("evaluationId", "userId", "dishId", "traineeVideoS3Key", "sideVideoS3Key", "overallScore"),
        *("categoryScores", "skillLevel", "status", "createdAt", "completedAt"),
    } <= set(item("Evaluations", evaluationId="ev-1", userId="asha"))
    assert {
        *("dishId", "name", "expectedDuration", "ingredients", "expectedSteps"),
        *("expertVideoS3Key", "expertActionSequence", "createdAt"),
    } <= set(item("Dishes", dishId="egg-bhurji"))
    sequence = item("ActionSequences", evaluationId="ev-1")
    assert {"evaluationId", "actions", "stepDeviations", "sequenceAccuracy"} <= set(sequence)
    assert {"actionType", "startTime", "endTime", "confidence"} <= set(sequence["actions"]["L"][0]["M"])
    feedback = item("Feedback", evaluationId="ev-1")
    assert {"evaluationId", "mistakes", "encouragement", "nextSteps"} <= set(feedback)
    assert {"description", "impact", "correction", "priority"} <= set(feedback["mistakes"]["L"][0]["M"])


def test_of_many_who_claim_at_once_one_has_it(installed: Stack) -> None:
    gate = threading.Barrier(8)

    def one(number: int) -> str:
        store = evaluations(installed)
        gate.wait(60)
        claim = store.claim(sample_evaluation(f"ev-{number}", work="the same"), f"worker {number}", 60)
        return claim.outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(one, range(8)))
    assert outcomes == ["claimed"] + ["held"] * 7
    assert len(evaluations(installed).find("")) == 1


def test_of_many_who_take_a_dead_lease_over_one_has_it(installed: Stack) -> None:
    evaluations(installed).claim(sample_evaluation(), "the dead", 60)
    gate = threading.Barrier(6)

    def one(number: int) -> str:
        clock = HeldClock()
        clock.advance(61)
        store = DynamoEvaluations(installed.settings, clock, S3Objects(installed.settings))
        gate.wait(60)
        return store.claim(sample_evaluation(f"ev-{number}"), f"worker {number}", 60).outcome

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(one, range(6)))
    assert outcomes == ["claimed"] + ["held"] * 5


def test_what_is_too_large_for_an_item_lies_in_the_object_store(side: Side, installed: Stack) -> None:
    store = side.ports.evaluations
    begun = store.claim(sample_evaluation(), "one", 60).evaluation
    result = sample_result(begun)
    segments = tuple(
        ActionSegment(action_type=f"action {n % 40} " + "चाय" * 20, start_s=n, end_s=n + 0.123456789)
        for n in range(3000)
    )
    sequence = result.action_sequence.model_copy(update={"actions": segments})
    store.complete(result.model_copy(update={"action_sequence": sequence}), "one")
    assert side.reopen().evaluations.action_sequence("ev-1") == sequence
    item = client("dynamodb", installed.url).get_item(
        TableName=installed.settings.table_prefix + "ActionSequences", Key={"evaluationId": {"S": "ev-1"}}
    )["Item"]
    assert "actions" not in item
    key = item[SPILLED]["S"]
    assert side.ports.objects.exists(key)
    side.ports.objects.put_bytes(key, b"{}", "application/json")
    with pytest.raises(StoreError, match="not what was stored"):
        store.action_sequence("ev-1")
    store.delete("ev-1")
    assert not side.ports.objects.exists(key), "what hangs on it goes with it"


def test_an_end_whose_answer_was_lost_is_stored_once_and_told_as_stored(
    behind: Stack, proxy: Microburst
) -> None:
    store = evaluations(behind)
    begun = store.claim(sample_evaluation(), "one", 60).evaluation
    proxy.fail(service="dynamodb", operation="TransactWriteItems", times=1, response={"abort_frac": 0.1})
    store.complete(sample_result(begun), "one")
    assert proxy.fired()
    assert evaluations(behind).get("ev-1").status == Status.COMPLETED
    assert [e.evaluation_id for e in store.unannounced()] == ["ev-1"]


def test_a_claim_whose_answer_was_lost_is_the_claimers(behind: Stack, proxy: Microburst) -> None:
    store = evaluations(behind)
    proxy.fail(service="dynamodb", operation="TransactWriteItems", times=1, response={"abort_frac": 0.1})
    claim = store.claim(sample_evaluation(), "one", 60)
    assert proxy.fired()
    assert (claim.outcome, claim.resumed, claim.evaluation.evaluation_id) == ("claimed", False, "ev-1")


def test_throttled_writes_are_tried_again(behind: Stack, proxy: Microburst) -> None:
    store = evaluations(behind)
    proxy.fail(service="dynamodb", times=3, error={"code": "ThrottlingException", "status": 400})
    assert store.claim(sample_evaluation(), "one", 60).outcome == "claimed"
    assert len(proxy.fired()) == 3


def test_no_secret_and_no_name_is_logged_or_told(
    behind: Stack, proxy: Microburst, caplog: pytest.LogCaptureFixture
) -> None:
    store = evaluations(behind)
    with caplog.at_level(logging.INFO):
        store.put_user(User(user_id="asha", name="Asha Rao", email="asha@example.org", created_at=MOMENT))
        proxy.fail(service="dynamodb", error={"code": "ValidationException", "message": "Asha Rao"})
        with pytest.raises(StoreError) as caught:
            store.put_user(User(user_id="asha", name="Asha Rao", email="asha@example.org", created_at=MOMENT))
    said = caplog.text + str(caught.value)
    for secret in ("Asha Rao", "asha@example.org", "emulator-secret"):
        assert secret not in said


def test_two_installations_share_nothing(installed: Stack, emulator_url: str, tmp_path: Path) -> None:
    other = stack(emulator_url, home=tmp_path / "other")
    evaluations(installed).claim(sample_evaluation(), "one", 60)
    assert not evaluations(other).find("")
