"""Traces of evaluations, sent to an emulator of X-Ray: as they were timed, and nobody named."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from samples import sample_evaluation
from servers.emulators import free_port
from servers.moto import moto
from servers.xray import traces_at

from adapters.aws.traces import XRayTraces
from bharatchef.errors import MediaError
from bharatchef.ports import StageTime
from bharatchef.settings import Settings, load_settings
from flows.stages import StageLog

BEGAN = datetime.now(UTC)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with moto() as url:
        yield url


def settings_at(url: str, **more: float) -> Settings:
    return load_settings(xray_url=url, environment="staging", **more)


def stage(name: str, from_s: float, to_s: float, outcome: str = "done") -> StageTime:
    return StageTime(name, BEGAN + timedelta(seconds=from_s), BEGAN + timedelta(seconds=to_s), outcome)  # type: ignore[arg-type]


def sent(address: str, evaluation_id: str) -> dict[str, object] | None:
    found = [one for one in traces_at(address) if one["annotations"]["evaluation_id"] == evaluation_id]
    assert len(found) <= 1
    return found[0] if found else None


def test_an_evaluation_is_a_segment_and_its_stages_are_parts_of_it(address: str) -> None:
    stages = [
        stage("claim", 0, 0.5),
        stage("actions", 1, 9),
        stage("plate", 1, 2, "unavailable"),
        stage("by example (front, side)", 9, 10.25, "cached"),
    ]
    XRayTraces(settings_at(address)).evaluation(sample_evaluation("ev-1", "asha@example.org"), stages)
    segment = sent(address, "ev-1")
    assert segment is not None
    assert segment["name"] == "bharatchef-evaluation-staging"
    assert segment["annotations"]["environment"] == "staging"
    assert segment["end_time"] - segment["start_time"] == pytest.approx(10.25)
    parts = {part["name"]: part for part in segment["subsegments"]}
    assert next(iter(parts)) == "claim"
    assert parts["actions"]["start_time"] == pytest.approx((BEGAN + timedelta(seconds=1)).timestamp())
    assert parts["actions"]["end_time"] - parts["actions"]["start_time"] == pytest.approx(8)
    assert parts["plate"]["fault"] is True
    assert parts["by example _front_ side_"]["annotations"] == {"outcome": "cached"}
    assert not {"fault", "error"} & set(segment)
    assert "asha" not in json.dumps(segment)


@pytest.mark.parametrize(
    ("error", "flag"), [(MediaError("Asha's film is dark."), "error"), (ValueError("asha"), "fault")]
)
def test_who_can_mend_a_failure_is_flagged_and_its_words_stay_here(
    address: str, error: Exception, flag: str
) -> None:
    name = f"ev-{flag}"
    stages = [stage("inspect", 0, 1), stage("prepare", 1, 2, "failed")]
    XRayTraces(settings_at(address)).evaluation(sample_evaluation(name), stages, error)
    segment = sent(address, name)
    assert segment is not None
    inspected, prepared = segment["subsegments"]
    assert segment[flag] is prepared[flag] is True
    assert flag not in inspected
    assert segment["annotations"]["error_type"] == type(error).__name__
    assert "asha" not in json.dumps(segment).lower()


def test_a_share_of_the_evaluations_is_traced_and_always_the_same(address: str) -> None:
    traces = XRayTraces(settings_at(address, trace_percent=30.0))
    for _ in range(2):
        for number in range(40):
            traces.evaluation(sample_evaluation(f"share-{number}"), [stage("claim", 0, 1)])
    kept = [
        one["annotations"]["evaluation_id"]
        for one in traces_at(address)
        if one["annotations"]["evaluation_id"].startswith("share-")
    ]
    assert len(kept) == 2 * len(set(kept)), "both runs of an evaluation, or none"
    assert 4 <= len(set(kept)) <= 22


def test_what_is_out_of_reach_is_said_once_and_hurts_nothing(caplog: pytest.LogCaptureFixture) -> None:
    traces = XRayTraces(settings_at(f"http://127.0.0.1:{free_port()}"))
    began = time.monotonic()
    with caplog.at_level(logging.INFO):
        for number in range(2):
            traces.evaluation(sample_evaluation(f"ev-{number}"), [stage("claim", 0, 1)])
    assert time.monotonic() - began < 60
    assert len([line for line in caplog.messages if "Traces are not sent" in line]) == 1


class _Refusing(BaseHTTPRequestHandler):
    answer = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.answer
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing: the test's output is not the place."""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (json.dumps({"UnprocessedTraceSegments": [{"ErrorCode": "ParseError"}]}).encode(), "ParseError"),
        (b"<html>this is no X-Ray", "Traces are not sent"),
    ],
    ids=["refused", "no X-Ray"],
)
def test_what_a_server_does_not_take_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, answer: bytes, said: str
) -> None:
    monkeypatch.setattr(_Refusing, "answer", answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        traces = XRayTraces(settings_at(f"http://127.0.0.1:{server.server_port}"))
        traces.evaluation(sample_evaluation(), [stage("claim", 0, 1)])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert said in caplog.text


def test_a_stage_that_ended_badly_is_timed_too() -> None:
    log = StageLog()

    def look_over() -> None:
        with log.stage("look over"):
            time.sleep(0.05)
            raise MediaError("It is dark.")

    with pytest.raises(MediaError):
        look_over()
    log.add("heat", 0.0, "skipped", "no film was given")
    (timed,) = log.times
    assert (timed.stage, timed.outcome) == ("look over", "failed")
    assert 0.05 <= (timed.ended - timed.began).total_seconds() < 30
