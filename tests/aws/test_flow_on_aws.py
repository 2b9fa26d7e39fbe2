"""The whole flow over the AWS side: real Prefect, a real model host, and failures put in its way."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flow.flow_inputs import write_film
from hosting import hosted
from model_folders import BRIGHTNESS, package
from running import ROOT, own_environment
from servers.microburst import Microburst, microburst
from servers.moto import moto
from servers.on_aws import Stack, client, stack
from servers.sagemaker_runtime import Runtime, sagemaker_runtime
from servers.xray import traces_at

from adapters import build_ports
from bharatchef.ports import Ports
from bharatchef.records import Evaluation
from bharatchef.vocabulary import Status
from flows.aws_blocks import RESULTS_FOLDER, RESULTS_SLUG
from tasks.claim import fail_abandoned

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

SECRET = "value-that-nobody-may-see"
SECRET_NAME = "bharatchef/test/chat-key"
RUN = """
import json, os, sys
from flows.evaluate_video import EvaluationRequest, evaluate_video
print("evaluated", evaluate_video(EvaluationRequest(**json.loads(sys.argv[1]))))
"""
READ_SECRET = """
import hashlib
from prefect import flow
from prefect_aws import AwsSecret

@flow(persist_result=False)
def read():
    # A secret that was stored as text comes as text, whatever prefect-aws says of its type.
    secret = AwsSecret.load("chat-key").read_secret()
    print(hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest())

read()
"""


@dataclass
class Whole:
    """All that a worker meets: AWS and SageMaker, each behind a proxy that can be told to fail."""

    stack: Stack
    aws: Microburst
    sagemaker: Microburst
    xray: str
    runtime: Runtime
    ports: Ports
    home: Path
    prefect_api: str
    film: Path
    said: str = ""
    frames: int = 12

    def environment(self, **more: str) -> dict[str, str]:
        return own_environment(
            self.home,
            **{
                **self.stack.environment(),
                "PREFECT_API_URL": self.prefect_api,
                "PREFECT_HOME": str(self.home / "prefect"),
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "DO_NOT_TRACK": "1",
                "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
                "PREFECT_DEFAULT_RESULT_STORAGE_BLOCK": RESULTS_SLUG,
                "BHARATCHEF_HOME": str(self.home / "bharatchef"),
                "BHARATCHEF_AWS_URL": self.aws.url,
                "BHARATCHEF_SAGEMAKER_URL": self.sagemaker.url,
                "BHARATCHEF_SAGEMAKER_ENDPOINTS": json.dumps({"actions": "actions"}),
                "BHARATCHEF_LEASE_S": "6",
                "BHARATCHEF_XRAY_URL": self.xray,
                "BHARATCHEF_TRACE_PERCENT": "100",
                **more,
            },
        )

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        self.said += done.stdout + done.stderr
        return done

    def evaluate(self, user: str, **more: str) -> subprocess.CompletedProcess[str]:
        """One run of the flow in a process of its own, about a film that was uploaded."""
        key = f"trainee/{user}/masala-chai/1/front.mp4"
        self.ports.objects.put_file(key, self.film, "video/mp4")
        request = {"dish_id": "masala-chai", "user_id": user, "film_key": key}
        return self.run("-c", RUN, json.dumps(request), **more)

    def record(self, user: str) -> Evaluation:
        """The one evaluation of a user."""
        (found,) = self.ports.evaluations.history(user)
        return found

    def result(self, user: str) -> dict[str, object]:
        key = self.record(user).result_s3_key
        assert key is not None
        found: dict[str, object] = json.loads(self.ports.objects.get_bytes(key))
        return found


@pytest.fixture(scope="module")
def whole(emulator_url: str, prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    root = tmp_path_factory.mktemp("whole")
    folder = package(root, "brightness", BRIGHTNESS)
    film = write_film(root / "film.mp4", 3, fps=4, size=(160, 120))
    installed = stack(emulator_url, home=root / "home")
    client("secretsmanager", emulator_url).create_secret(Name=SECRET_NAME, SecretString=SECRET)
    with (
        hosted(folder) as host,
        sagemaker_runtime({"actions": {"champion": host.url}}) as runtime,
        microburst(emulator_url) as aws,
        microburst(runtime.url) as sagemaker,
        moto() as xray,
    ):
        made = Whole(
            installed,
            aws,
            sagemaker,
            xray,
            runtime,
            build_ports(installed.settings),
            root,
            prefect_api,
            film,
        )
        blocks = made.run(
            "-m",
            "flows.aws_blocks",
            BHARATCHEF_AWS_URL=emulator_url,
            BHARATCHEF_SECRETS=f"chat-key={SECRET_NAME}",
        )
        assert blocks.returncode == 0, blocks.stderr
        assert RESULTS_SLUG in blocks.stdout
        yield made


@pytest.fixture(autouse=True)
def _nothing_fails(whole: Whole) -> Iterator[None]:
    whole.runtime.calls.clear()
    yield
    whole.aws.clear()
    whole.sagemaker.clear()


def test_a_film_is_evaluated_and_all_of_it_lies_on_aws(whole: Whole) -> None:
    done = whole.evaluate("asha")
    assert done.returncode == 0, done.stdout + done.stderr
    record = whole.record("asha")
    assert record.status == Status.COMPLETED
    result = whole.result("asha")
    (model,) = result["provenance"]["models"]
    assert model["engine"] == "numpy on SageMaker actions/champion"
    keys = list(whole.ports.objects.list_keys(f"results/{record.evaluation_id}/"))
    assert {"report.html", "result.json"} <= {key.rsplit("/", 1)[1] for key in keys}
    assert [e["status"] for e in whole.stack.told()] == ["COMPLETED"]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"_aws"')]
    assert {"perceive", "judge", "score"} <= {line["Stage"] for line in lines if "Stage" in line}
    assert [line["Evaluations"] for line in lines if "Evaluations" in line] == [1]
    (trace,) = traces_at(whole.xray)
    assert trace["annotations"]["evaluation_id"] == record.evaluation_id
    assert {"claim", "inspect", "actions", "perceive", "publish"} <= {s["name"] for s in trace["subsegments"]}
    assert "asha" not in json.dumps(trace)


def test_results_of_tasks_lie_in_s3_and_models_are_not_asked_twice(whole: Whole) -> None:
    before = [key for key in whole.ports.objects.list_keys(RESULTS_FOLDER) if "answer-" in key]
    assert before, "the answers of the model are kept in the bucket that the block names"
    done = whole.evaluate("meera")
    assert done.returncode == 0, done.stderr
    # Another person's upload of the same film: only who the model is was asked, not what it sees.
    assert len(whole.runtime.calls) == 1
    assert whole.record("meera").status == Status.COMPLETED


def test_a_secret_is_read_by_its_block(whole: Whole) -> None:
    done = whole.run("-c", READ_SECRET)
    assert hashlib.sha256(SECRET.encode()).hexdigest() in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("name", "aws", "sagemaker"),
    [
        (
            "throttled",
            [
                {
                    "service": "dynamodb",
                    "sequence": {"fail": 1, "pass": 3},
                    "error": {"code": "ThrottlingException", "status": 400},
                },
                {
                    "service": "s3",
                    "sequence": {"fail": 1, "pass": 4},
                    "error": {"code": "SlowDown", "status": 503},
                },
            ],
            [
                {
                    "service": "sagemaker",
                    "times": 3,
                    "error": {"code": "ModelNotReadyException", "status": 429},
                }
            ],
        ),
        (
            "broken-off",
            [
                {"service": "s3", "sequence": {"fail": 1, "pass": 6}, "reset": True},
                {
                    "service": "s3",
                    "operation": "GetObject",
                    "sequence": {"fail": 1, "pass": 3},
                    "response": {"truncate_frac": 0.5},
                },
                {"service": "dynamodb", "sequence": {"fail": 1, "pass": 6}, "timeout_ms": 300},
            ],
            [
                {
                    "service": "sagemaker",
                    "headers": {"content-type": "video/mp4"},
                    "times": 2,
                    "reset": True,
                }
            ],
        ),
    ],
    ids=["throttled", "broken off"],
)
def test_what_passes_is_got_over(
    whole: Whole, name: str, aws: list[dict[str, object]], sagemaker: list[dict[str, object]]
) -> None:
    _new_film(whole, name)
    for rule in aws:
        whole.aws.fail(**rule)
    for rule in sagemaker:
        whole.sagemaker.fail(**rule)
    done = whole.evaluate(name)
    fired = whole.aws.fired(), whole.sagemaker.fired()
    whole.aws.clear()
    assert all(fired)
    assert done.returncode == 0, done.stdout + done.stderr
    assert whole.record(name).status == Status.COMPLETED
    assert whole.result(name)["provenance"]["models"], "the model was heard"


def test_a_model_that_stays_away_is_a_reason_and_no_hole(whole: Whole) -> None:
    _new_film(whole, "away")
    whole.sagemaker.fail(
        service="sagemaker",
        headers={"content-type": "video/mp4"},
        error={"code": "ThrottlingException", "status": 400},
    )
    began = time.monotonic()
    done = whole.evaluate("away", BHARATCHEF_EVALUATION_DEADLINE_S="12")
    assert time.monotonic() - began < 600
    record = whole.record("away")
    assert record.status == Status.COMPLETED, done.stdout + done.stderr
    stages = {stage["stage"]: stage for stage in whole.result("away")["stages"]}
    assert stages["actions"]["outcome"] == "unavailable"
    assert "ThrottlingException" in stages["actions"]["reason"]


def test_what_cannot_be_published_is_failed_and_says_why(whole: Whole) -> None:
    _new_film(whole, "forbidden")
    whole.aws.fail(
        service="s3",
        operation="PutObject",
        headers={"content-type": "text/html"},
        error={"code": "AccessDenied", "status": 403},
    )
    done = whole.evaluate("forbidden")
    assert done.returncode != 0
    record = whole.record("forbidden")
    assert record.status == Status.FAILED
    assert "AccessDenied" in record.failure_reason


def test_where_nothing_can_be_written_any_more_the_sweep_ends_it(whole: Whole) -> None:
    _new_film(whole, "unwritable")
    # The claim and its end are transactions: the first may pass, none after it.
    whole.aws.fail(
        service="dynamodb",
        operation="TransactWriteItems",
        body="length(TransactItems) != `4`",
        error={"code": "InternalServerError", "status": 500},
    )
    done = whole.evaluate("unwritable")
    assert done.returncode != 0
    assert whole.record("unwritable").status == Status.PROCESSING
    until = time.monotonic() + 60
    while not (ended := fail_abandoned(whole.ports)):
        assert time.monotonic() < until
        time.sleep(1)
    assert [e.user_id for e in ended] == ["unwritable"]
    assert whole.record("unwritable").status == Status.FAILED
    assert whole.record("unwritable").failure_reason


def test_no_record_is_left_in_processing_and_no_secret_was_said(whole: Whole) -> None:
    found = whole.ports.evaluations.find("")
    assert len(found) >= 2
    assert [e.evaluation_id for e in found if e.status == Status.PROCESSING] == []
    for secret in (SECRET, os.environ["AWS_SECRET_ACCESS_KEY"]):
        assert secret not in whole.said


def _new_film(whole: Whole, name: str) -> None:
    """A film of its own, so that nothing is known of it yet: longer by a frame than all before it."""
    whole.frames += 1
    whole.film = write_film(whole.home / f"{name}.mp4", whole.frames / 4, fps=4, size=(160, 120))
