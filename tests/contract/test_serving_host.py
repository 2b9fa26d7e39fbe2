"""The host of model packages under load, misuse and death: real processes, asked over real sockets."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hosting import JSON, OBEDIENT, Hosting, alive, hosted, until
from model_folders import BRIGHTNESS, answering, film, package
from prometheus_client.parser import text_string_to_metric_families

from adapters.local.hosted import HostedModels
from adapters.local.models import LocalModels
from bharatchef.errors import ConfigurationError, EndpointError
from bharatchef.observed import Analyser, ModelIdentity, Unavailable

Pool = ThreadPoolExecutor
REQUESTS = "bharatchef_host_requests_total"
ERRORS = "bharatchef_host_errors_total"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return package(tmp_path, "obedient", OBEDIENT)


@pytest.fixture
def pool() -> Iterator[Pool]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


class Held:
    """A call that the model is in, until it is let go."""

    def __init__(self, host: Hosting, folder: Path, pool: Pool, value: Any = "held") -> None:
        began, self._gate = folder / "began", folder / "gate"
        body = {"began": str(began), "until": str(self._gate), "value": value}
        self.reply: Future[Any] = pool.submit(host.ask, body=body)
        until(began.exists, "the model is in the call")

    def let_go(self) -> None:
        self._gate.touch()


@contextlib.contextmanager
def held(host: Hosting, folder: Path, pool: Pool) -> Iterator[Held]:
    call = Held(host, folder, pool)
    try:
        yield call
    finally:
        call.let_go()


def client(url: str, analyser: str = "actions", timeout_s: float = 20) -> HostedModels:
    return HostedModels({analyser: url}, LocalModels(()), timeout_s)


def refused(url: str, body: Any = None) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        client(url).invoke(Analyser.ACTIONS, json.dumps(body or {}).encode(), JSON)
    return caught.value


def test_it_is_ready_only_when_the_model_is_loaded_and_warmed_up(tmp_path: Path) -> None:
    folder = package(
        tmp_path, "obedient", OBEDIENT, warm_up={"body": "sample.json", "content_type": "application/json"}
    )
    (folder / "sample.json").write_text('{"value": "sample"}')
    (folder / "hold").touch()
    with hosted(folder, wait=False) as host:
        until((folder / "loading").exists, "the model is loading")
        assert (host.ask("/ping").status, host.ask("/ping").kind) == (503, "loading")
        early = host.ask(body={"value": 1})
        assert (early.status, early.kind, early.headers["retry-after"]) == (503, "loading", "1")
        assert refused(host.url).retryable
        assert host.ask("/model").json["ready"] is False
        assert host.metric("bharatchef_host_ready") == 0
        assert not (folder / "calls").exists()
        (folder / "hold").unlink()
        until(lambda: host.ask("/ping").status == 200, "the model is ready")
        assert (folder / "calls").read_text() == "sample\n"
        assert host.ask("/model").json["ready"] is True
        assert host.metric("bharatchef_host_model_load_seconds") > 0


def test_a_full_queue_turns_away_while_the_host_stays_alive(folder: Path, pool: Pool) -> None:
    with hosted(folder, "--queue", "2") as host, held(host, folder, pool) as call:
        waiting = []
        for number in range(2):
            waiting.append(pool.submit(host.ask, body={"value": number}))
            now = number + 1
            until(lambda now=now: host.metric("bharatchef_host_queue_length") == now, "one more waits")
        assert host.metric("bharatchef_host_running") == 1
        began = time.monotonic()
        assert host.ask("/ping").status == 200
        assert time.monotonic() - began < 1, "the event loop answers during a long call"
        busy = host.ask(body={"value": "one too many"})
        assert (busy.status, busy.kind) == (429, "busy")
        assert int(busy.headers["retry-after"]) >= 1
        assert refused(host.url).retryable
        call.let_go()
        assert call.reply.result().json["value"] == "held"
        assert [reply.result().json["value"] for reply in waiting] == [0, 1]
        assert host.ask(body={"value": "again"}).status == 200
        assert host.metric(f'{ERRORS}{{kind="busy"}}') == 2
        assert (folder / "calls").read_text().split("\n")[:-1] == ["held", "0", "1", "again"]


def test_many_at_once_are_answered_one_after_the_other_by_one_thread(folder: Path, pool: Pool) -> None:
    with hosted(folder, "--queue", "15", "--threads", "3") as host:
        bodies = [{"value": n, "sleep_s": 0.01} for n in range(16)]
        replies = list(pool.map(lambda body: host.ask(body=body), bodies))
        assert [reply.json["value"] for reply in replies] == list(range(16))
        assert len({reply.json["thread"] for reply in replies}) == 1
        assert {reply.json["threads"] for reply in replies} == {"3"}


def test_a_call_past_its_deadline_is_told_so_and_those_who_waited_are_not_run(
    folder: Path, pool: Pool
) -> None:
    with hosted(folder, "--deadline-s", "0.5") as host, held(host, folder, pool) as call:
        behind = folder / "behind"
        waited = pool.submit(host.ask, body={"began": str(behind)})
        late = call.reply.result()
        assert (late.status, late.kind) == (504, "deadline")
        assert waited.result().kind == "deadline"
        assert refused(host.url).retryable
        until(lambda: host.ask("/ping").status == 503, "a call that does not come back is noticed")
        assert host.ask("/ping").kind == "hung"
        call.let_go()
        until(lambda: host.ask("/ping").status == 200, "the host is well again")
        assert host.ask(body={"value": 1}).status == 200
        assert not behind.exists(), "nobody waits for it any more"


def test_who_hangs_up_leaves_the_queue(folder: Path, pool: Pool) -> None:
    with hosted(folder) as host, held(host, folder, pool) as call:
        with pytest.raises(TimeoutError):
            host.ask(body={"began": str(folder / "behind")}, timeout_s=0.3)
        until(lambda: host.metric("bharatchef_host_queue_length") == 0, "it has left the queue")
        call.let_go()
        assert call.reply.result().status == 200
        assert host.ask(body={"value": 1}).status == 200
        assert host.metric(f'{ERRORS}{{kind="client_gone"}}') == 1
        assert not (folder / "behind").exists()


def test_bodies_up_to_the_limit_are_taken_and_no_larger_one(tmp_path: Path) -> None:
    folder = package(tmp_path, code=answering("return '{\"bytes\": %d}' % len(p)"))
    limit = 6 * 1024 * 1024
    with hosted(folder) as host:
        fits = host.ask(body=bytes(limit), content_type="video/mp4")
        assert fits.json == {"bytes": limit}
        over = host.ask(body=bytes(limit + 1), content_type="video/mp4")
        assert (over.status, over.kind) == (413, "too_large")
        pieces = iter([bytes(1_000_000)] * 9)
        unsaid = host.ask(body=pieces, content_type="video/mp4")
        assert (unsaid.status, unsaid.kind) == (413, "too_large")
        assert host.ask(body=iter([b"ab", b"c"]), content_type="video/mp4").json == {"bytes": 3}
        with pytest.raises(EndpointError, match="refused with 413") as caught:
            client(host.url).invoke(Analyser.ACTIONS, bytes(limit + 1), "video/mp4")
        assert not caught.value.retryable
    with hosted(folder, "--max-body-bytes", "10") as host:
        assert host.ask(body=b"0123456789", content_type="video/mp4").status == 200
        assert host.ask(body=b"0123456789a", content_type="video/mp4").kind == "too_large"


def test_what_is_no_request_for_the_package_is_refused_in_words(tmp_path: Path) -> None:
    folder = package(tmp_path, content_types=["video/mp4", "application/json"])
    with hosted(folder) as host:
        for content_type in ("image/jpeg", "text/plain", None):
            wrong = host.ask(body=b"x", content_type=content_type)
            assert (wrong.status, wrong.kind) == (415, "content_type")
            assert "video/mp4 or application/json" in wrong.json["error"]["message"]
        packed = host.ask(body=film(20), content_type="video/mp4", content_encoding="gzip")
        assert (packed.status, packed.kind) == (415, "content_type")
        assert host.ask(body=film(20), content_type="Video/MP4; codecs=avc1", accept="*/*").status == 200
        assert (
            host.ask(body=film(20), content_type="video/mp4", accept="text/html, application/*").status == 200
        )
        assert host.ask(body=film(20), content_type="video/mp4", accept="text/csv").status == 406
        assert host.ask(body=b"", content_type="video/mp4").kind == "broken_body"
        assert host.ask("/invocations").status == 405
        assert host.ask("/ping", body=b"x").headers["allow"] == "GET"
        assert host.ask("/metrics", method="POST").status == 405
        assert host.ask("/models").status == 404
        broken = host.ask(body=b"\x00secret bytes of a film", content_type="video/mp4")
        assert (broken.status, broken.kind) == (400, "broken_body")
        assert b"secret" not in broken.body
        assert host.ask(body=film(220), content_type="video/mp4").json["probabilities"][0][1] == 0.95


def test_a_body_that_never_ends_costs_its_sender_alone(folder: Path) -> None:
    with hosted(folder, "--deadline-s", "0.5") as host:
        where = urlsplit(host.url)
        lines = ("POST /invocations HTTP/1.1", "host: x", f"content-type: {JSON}", "content-length: 9")
        head = "".join(line + "\r\n" for line in (*lines, "")).encode()
        with socket.create_connection((where.hostname, where.port or 0), timeout=10) as slow:
            slow.sendall(head + b"{")
            assert host.ask(body={"value": 1}).status == 200
            assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")
        with socket.create_connection((where.hostname, where.port or 0), timeout=10) as torn:
            torn.sendall(head + b"{")
        until(lambda: host.metric(f'{ERRORS}{{kind="client_gone"}}') == 1, "the torn request is counted")
        assert host.ask(body={"value": 1}).status == 200


def test_a_package_that_fails_says_nothing_of_the_input_and_goes_on(folder: Path) -> None:
    with hosted(folder) as host:
        failed = host.ask(body={"raise": "KeyError", "value": "my kitchen"})
        assert (failed.status, failed.kind) == (500, "package")
        assert failed.json["error"]["message"] == "The model package obedient failed to answer: KeyError."
        left = host.ask(body={"exit": True})
        assert (left.status, left.kind) == (500, "package")
        assert "SystemExit" in left.json["error"]["message"]
        assert host.ask(body={"value": "NaN"}).status == 500
        meant = host.ask(body={"status_code": 422})
        assert (meant.status, meant.kind) == (422, "package")
        assert "words for the client" in meant.json["error"]["message"]
        later = host.ask(body={"status_code": 429})
        assert (later.status, later.kind, later.headers["retry-after"]) == (429, "package_unavailable", "1")
        assert host.ask(body={"status_code": 200}).status == 500
        assert host.ask(body=b"{broken").kind == "broken_body"
        assert host.ask(body={"value": 1}).json["value"] == 1
        logged = host.log.read_text()
        assert "inference.py" in logged, "the log says where it failed"
        assert host.metric(f'{ERRORS}{{kind="package"}}') == 5


def test_metrics_are_prometheus_text_that_counts_what_was_asked(tmp_path: Path) -> None:
    with hosted(package(tmp_path, 'quote"and\\slash', BRIGHTNESS)) as host:
        for _ in range(3):
            assert host.ask(body=film(220), content_type="video/mp4").status == 200
        assert host.ask(body=b"no film", content_type="video/mp4").status == 400
        reply = host.ask("/metrics")
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
        families = {f.name: f for f in text_string_to_metric_families(reply.body.decode())}
        statuses = {
            (s.labels["route"], s.labels["status"]): s.value
            for s in families["bharatchef_host_requests"].samples
        }
        assert statuses["/invocations", "200"] == 3
        assert statuses["/invocations", "400"] == 1
        samples = families["bharatchef_host_request_seconds"].samples
        assert {s.name.rpartition("_")[2]: s.value for s in samples}["count"] == 4
        buckets = [s.value for s in samples if s.name.endswith("_bucket")]
        assert buckets == sorted(buckets)
        assert buckets[-1] == 4
        named = families["bharatchef_host_model_info"].samples[0].labels
        assert named["name"] == 'quote"and\\slash'


def test_sigterm_lets_a_request_end_and_takes_no_new_one(folder: Path, pool: Pool) -> None:
    with hosted(folder) as host, held(host, folder, pool) as call:
        waiting = pool.submit(host.ask, body={"value": "waited"})
        until(lambda: host.metric("bharatchef_host_queue_length") == 1, "one request waits")
        host.process.send_signal(signal.SIGTERM)
        until(
            lambda: refused(host.url).message.endswith("(ConnectionRefusedError)."), "no connection is taken"
        )
        assert refused(host.url).retryable
        assert host.process.poll() is None
        call.let_go()
        assert call.reply.result().json["value"] == "held"
        assert waiting.result().json["value"] == "waited"
        assert host.ended() == 0


def test_sigterm_ends_the_process_though_the_model_does_not_come_back(folder: Path, pool: Pool) -> None:
    with hosted(folder, "--stop-s", "0.3") as host, held(host, folder, pool) as call:
        began = time.monotonic()
        host.process.send_signal(signal.SIGTERM)
        late = call.reply.result()
        assert (late.status, late.kind) == (503, "stopping")
        assert host.ended() == 0
        assert time.monotonic() - began < 5
        assert not alive(host.process.pid)


def test_sigterm_ends_a_host_that_is_still_loading(folder: Path) -> None:
    (folder / "hold").touch()
    with hosted(folder, wait=False) as host:
        until((folder / "loading").exists, "the model is loading")
        host.process.send_signal(signal.SIGTERM)
        assert host.ended() == 0


def test_a_killed_host_is_a_failure_that_may_pass(folder: Path, pool: Pool) -> None:
    with hosted(folder) as host:
        began = folder / "began"
        body = {"began": str(began), "until": str(folder / "never")}
        asked = pool.submit(refused, host.url, body)
        until(began.exists, "the model is in the call")
        os.kill(host.process.pid, signal.SIGKILL)
        assert asked.result().retryable
        host.process.wait(10)
        after = refused(host.url)
        assert after.retryable
        assert after.message == "The host for actions does not answer (ConnectionRefusedError)."
        assert isinstance(client(host.url).identify(Analyser.ACTIONS), Unavailable)


def test_a_client_that_waits_no_longer_may_ask_again(folder: Path, pool: Pool) -> None:
    with hosted(folder) as host, held(host, folder, pool):
        with pytest.raises(EndpointError) as caught:
            client(host.url, timeout_s=0.2).invoke(Analyser.ACTIONS, b"{}", JSON)
        assert caught.value.retryable


@pytest.mark.parametrize(
    ("code", "manifest", "words"),
    [
        (OBEDIENT, {"weights_sha256": "0" * 64}, "are not those it was measured with"),
        (OBEDIENT, {"analyser": "smell"}, "is damaged: analyser"),
        ("import no_such_library_at_all", {}, "ModuleNotFoundError: No module named"),
        (OBEDIENT, {"warm_up": {"body": "model.json", "content_type": "video/mp4"}}, ""),
        (
            answering("raise KeyError('cold')"),
            {"warm_up": {"body": "model.json", "content_type": "video/mp4"}},
            "KeyError: 'cold'",
        ),
        (OBEDIENT, {"warm_up": {"body": "../x", "content_type": "video/mp4"}}, "lies outside its folder"),
    ],
)
def test_a_package_that_cannot_answer_ends_its_host_with_the_reason(
    tmp_path: Path, code: str, manifest: dict[str, Any], words: str
) -> None:
    folder = package(tmp_path, code=code, **manifest)
    with hosted(folder, wait=False) as host:
        if not words:
            until(lambda: host.ask("/ping").status == 200, "a fitting sample is no failure")
            return
        assert host.ended() == 7
        said = host.log.read_text()
        assert said.startswith("error: ")
        assert words in said
        assert "Traceback" not in said


def test_a_taken_port_is_told(folder: Path) -> None:
    with hosted(folder) as host:
        port = str(urlsplit(host.url).port)
        with hosted(folder, words=(str(folder), "--port", port), wait=False) as second:
            assert second.ended() == 3
            assert f"cannot listen on 127.0.0.1:{port}" in second.log.read_text()


def test_answers_on_a_connection_that_is_kept_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    with hosted(package(tmp_path, code=answering("return '{}'"))) as host:
        where = urlsplit(host.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
        with contextlib.closing(connection):
            taken_s = []
            for _ in range(10):
                began = time.monotonic()
                connection.request("POST", "/invocations", bytes(1000), {"content-type": "video/mp4"})
                assert connection.getresponse().read() == b"{}"
                taken_s.append(time.monotonic() - began)
        # A delayed acknowledgement takes 40 ms, each time.
        assert min(taken_s[1:]) < 0.03


def test_sagemakers_way_to_start_a_container(folder: Path) -> None:
    names = {"SM_MODEL_DIR": str(folder), "SAGEMAKER_BIND_TO_PORT": "0"}
    with hosted(folder, words=("serve",), wait=False, **names) as host:
        assert urlsplit(host.url).hostname == "0.0.0.0"
        until(lambda: host.ask("/ping").status == 200, "the host is ready")
        assert host.ask(body={"value": "from SageMaker"}).json["value"] == "from SageMaker"


def test_a_host_that_came_back_with_other_weights_does_not_speak_under_the_old_name(tmp_path: Path) -> None:
    before = package(tmp_path, "before")
    after = package(tmp_path, "after", weights_sha256=hashlib.sha256(b'{"threshold": 10}').hexdigest())
    (after / "weights.json").write_text('{"threshold": 10}')
    with hosted(before) as host:
        port = str(urlsplit(host.url).port)
        models = client(host.url)
        named = models.identify(Analyser.ACTIONS)
        assert isinstance(named, ModelIdentity)
        assert named.name == "before"
        assert models.invoke(Analyser.ACTIONS, film(220), "video/mp4")["times"] == [0.5]
    with hosted(after, words=(str(after), "--port", port)):
        with pytest.raises(EndpointError, match="other weights than it had named") as caught:
            models.invoke(Analyser.ACTIONS, film(220), "video/mp4")
        assert not caught.value.retryable
        again = models.identify(Analyser.ACTIONS)
        assert isinstance(again, ModelIdentity)
        assert again.name == "after"
        assert models.invoke(Analyser.ACTIONS, film(220), "video/mp4")["times"] == [0.5]


def test_an_address_that_is_not_that_analysers_host_is_unavailable(folder: Path) -> None:
    with hosted(folder) as host:
        other = client(host.url, "heat").identify(Analyser.HEAT)
        assert isinstance(other, Unavailable)
        assert other.reason == "The host for heat has a model for actions."
        nowhere = client(host.url + "/nowhere").identify(Analyser.ACTIONS)
        assert isinstance(nowhere, Unavailable)
        assert "refused with 404" in nowhere.reason
    with pytest.raises(ConfigurationError, match="no address"):
        client("http://127.0.0.1:99999")


@pytest.mark.parametrize(
    ("said", "words", "retryable"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", "does not answer (IncompleteRead)", True),
        (b"rubbish\r\n\r\n", "does not answer (BadStatusLine)", True),
        (b"", "does not answer (RemoteDisconnected)", True),
        (b"HTTP/1.1 200 OK\r\n\r\n[1]", "gave no JSON object", False),
    ],
)
def test_what_answers_but_is_no_host_is_told_apart(said: bytes, words: str, retryable: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_once() -> None:
            connection, _ = listening.accept()
            with connection:
                came = b""
                while not came.endswith(b"{}"):
                    came += connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=answer_once)
        thread.start()
        error = refused(f"http://127.0.0.1:{listening.getsockname()[1]}")
        thread.join()
    assert words in error.message
    assert error.retryable is retryable
