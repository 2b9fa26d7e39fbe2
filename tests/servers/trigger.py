"""All from an upload to a record, as real processes: emulator, Prefect on PostgreSQL, intake, a worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from running import ROOT, own_environment
from servers.emulators import free_port
from servers.on_aws import Stack, client, queues_and_rule, stack
from servers.postgres import postgres

from adapters import build_ports
from app.prefect_server import is_healthy, start_child, stop_process
from bharatchef.ports import Ports
from bharatchef.vocabulary import Status
from tasks.sweeping import reconcile
from tasks.sweeping_runs import Step

PATIENCE_S = 600.0
"""How long anything may take on a busy machine before the test gives up."""
DEPLOYMENT = "evaluate-video/evaluate-video-local"
VISIBLE_AGAIN_S = 6


@dataclass
class Program:
    """One program of ours that can be killed and started again, with one log over all its lives."""

    name: str
    words: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0

    def start(self) -> None:
        self.process = start_child(self.words, self.log, self.environment)

    def kill(self) -> None:
        """kill -9, the program and all that it started."""
        assert self.process is not None
        family = _family(self.process.pid)
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.end()
        return self.process.returncode

    def end(self) -> None:
        """Whatever state it is in, nothing of it stays."""
        if self.process is not None:
            family = _family(self.process.pid)
            stop_process(self.process, patience_s=5.0)
            for pid in family:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def _family(pid: int) -> list[int]:
    """A process and all that descends from it, as /proc says."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += parents.get(one, [])
    return found


@dataclass
class Trigger:
    """One whole installation, running."""

    stack: Stack
    queues: dict[str, str]
    api_url: str
    server: Program
    intake: Program
    worker: Program
    environment: dict[str, str]
    folder: Path
    uploaded: dict[str, float] = field(default_factory=dict)

    @property
    def ports(self) -> Ports:
        return build_ports(self.stack.settings)

    def upload(self, key: str, film: Path, parts: bool = False) -> None:
        """Put a film into the trainees' bucket, in one part or as a multipart upload."""
        s3, bucket = client("s3", self.stack.url), self.stack.settings.trainee_bucket
        if not parts:
            s3.put_object(Bucket=bucket, Key=key, Body=film.read_bytes())
        else:
            upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
            named = {"Bucket": bucket, "Key": key, "UploadId": upload}
            part = s3.upload_part(**named, PartNumber=1, Body=film.read_bytes())
            s3.complete_multipart_upload(
                **named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
            )
        self.uploaded[key] = time.time()

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Prefect's answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.api_url}/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def runs(self) -> list[dict[str, Any]]:
        """All runs of evaluate-video, oldest first."""
        asked = {"flows": {"name": {"any_": ["evaluate-video"]}}, "sort": "EXPECTED_START_TIME_ASC"}
        found: list[dict[str, Any]] = []
        while page := self.ask("flow_runs/filter", {**asked, "limit": 200, "offset": len(found)}):
            found += page
        return found

    def statuses(self, user_id: str) -> list[Status]:
        return [e.status for e in self.ports.evaluations.history(user_id)]

    def waiting(self, queue: str) -> int:
        """Messages that are there, hidden ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = client("sqs", self.stack.url).get_queue_attributes(
            QueueUrl=self.queues[queue], AttributeNames=names
        )["Attributes"]
        return sum(int(found[name]) for name in names)

    def send(self, queue: str, body: str) -> None:
        client("sqs", self.stack.url).send_message(QueueUrl=self.queues[queue], MessageBody=body)

    def event(self, key: str) -> str:
        """The event that an upload of what lies under ``key`` now makes."""
        bucket = self.stack.settings.trainee_bucket
        head = client("s3", self.stack.url).head_object(Bucket=bucket, Key=key)
        made = {"key": key, "size": head["ContentLength"], "etag": head["ETag"].strip('"')}
        if head.get("VersionId"):
            made["version-id"] = head["VersionId"]
        detail = {"bucket": {"name": bucket}, "object": made, "reason": "PutObject"}
        return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})

    def latencies_s(self) -> list[float]:
        """Seconds from each upload to the first start of its flow, shortest first."""
        return self._after_upload("start_time")

    def queued_s(self) -> list[float]:
        """Seconds from each upload to the creation of its run, shortest first."""
        return self._after_upload("created")

    def _after_upload(self, moment: str) -> list[float]:
        found = []
        for run in self.runs():
            key = run["parameters"]["request"]["film_key"]
            if key in self.uploaded and run[moment]:
                found.append(datetime.fromisoformat(run[moment]).timestamp() - self.uploaded[key])
        return sorted(found)

    def prefect(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command ``prefect`` against this server, as docs/deployments.md has it."""
        return self._run("flows.deploy", *words)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command ``bharatchef`` in this installation."""
        return self._run("app", *words)

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *words],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def sweep(self) -> list[Step]:
        """What one sweep does, in this process; the flow around it is tested on its own."""
        from prefect.settings import PREFECT_API_URL, temporary_settings

        chosen = self.stack.settings.model_copy(
            update={"start_deadline_s": float(self.environment.get("BHARATCHEF_START_DEADLINE_S", "900"))}
        )
        with temporary_settings({PREFECT_API_URL: self.api_url}):
            _looked_at, steps, _announced = reconcile(self.ports, chosen, 1.0)
        return steps

    def other_intake(self, **environment: str) -> Program:
        """Another intake of this installation, not started."""
        return replace(
            self.intake,
            environment={**self.environment, **environment},
            log=self.folder / f"intake-{len(list(self.folder.glob('intake*.log')))}.log",
            process=None,
        )


def wait_for(
    what: str, there: Callable[[], Any], patience_s: float = PATIENCE_S, pause_s: float = 0.5
) -> Any:
    """What ``there`` gives once it is true; a server that is being killed may fail to answer meanwhile."""
    until, last = time.monotonic() + patience_s, None
    while time.monotonic() < until:
        try:
            last = there()
            if last:
                return last
        except (OSError, httpx.HTTPError) as error:
            last = error
        time.sleep(pause_s)
    raise AssertionError(f"{what} did not come within {patience_s:.0f} s; last: {last!r}")


@contextmanager
def trigger(emulator_url: str, folder: Path, workers: int = 3, **settings: str) -> Iterator[Trigger]:
    """A whole installation: server, intake and worker started, evaluate-video deployed; all ended after."""
    with ExitStack() as running:
        database = running.enter_context(postgres())
        installed = stack(emulator_url, home=folder / "home")
        queues = queues_and_rule(installed)
        port = free_port()
        api_url = f"http://127.0.0.1:{port}/api"
        environment = own_environment(
            folder,
            **{
                **installed.environment(),
                "BHARATCHEF_EMBEDDING": "none",
                "BHARATCHEF_VIDEO_PROCESSING_QUEUE": queues["video-processing-queue"],
                "BHARATCHEF_CV_ANALYSIS_QUEUE": queues["cv-analysis-queue"],
                "BHARATCHEF_AI_COACHING_QUEUE": queues["ai-coaching-queue"],
                "BHARATCHEF_DLQ_QUEUE": queues["dlq-queue"],
                "BHARATCHEF_QUEUE_VISIBILITY_S": str(VISIBLE_AGAIN_S),
                "BHARATCHEF_EVALUATION_DEPLOYMENT": DEPLOYMENT,
                "BHARATCHEF_LEASE_S": "8",
                "BHARATCHEF_SIDE_FILM_WAIT_S": "0",
                "PREFECT_HOME": str(folder / "prefect"),
                "PREFECT_API_URL": api_url,
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "DO_NOT_TRACK": "1",
                "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
                "PREFECT_WORKER_QUERY_SECONDS": "2",
                "PREFECT_CLI_COLORS": "false",
                "OMP_NUM_THREADS": "1",
                **settings,
            },
        )
        for_server = {
            **{name: value for name, value in environment.items() if name != "PREFECT_API_URL"},
            "PREFECT_API_DATABASE_CONNECTION_URL": database,
            "PREFECT_SERVER_UI_API_URL": api_url,
            "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        }
        prefect = [sys.executable, "-m", "prefect"]
        server = Program(
            "server",
            [*prefect, "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            for_server,
            folder / "server.log",
        )
        pool = ["--pool", "bharatchef-process", "--type", "process", "--limit", str(workers)]
        worker = Program("worker", [*prefect, "worker", "start", *pool], environment, folder / "worker.log")
        intake = Program(
            "intake", [sys.executable, "-m", "app", "intake"], environment, folder / "intake.log"
        )
        whole = Trigger(installed, queues, api_url, server, intake, worker, environment, folder)
        try:
            for program in (server, worker, intake):
                running.callback(program.end)
            server.start()
            wait_for("the Prefect server", lambda: is_healthy(api_url))
            made = subprocess.run(
                [sys.executable, "-m", "flows.work_pools"],
                env=environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
            assert made.returncode == 0, made.stderr
            limit = ("--concurrency-limit", str(workers + 1))
            deployed = whole.prefect("--no-prompt", "deploy", "--name", DEPLOYMENT.split("/")[1], *limit)
            assert deployed.returncode == 0, deployed.stdout + deployed.stderr
            worker.start()
            intake.start()
            yield whole
        except BaseException:
            for log in sorted(folder.glob("*.log")):
                print(
                    f"--- the end of {log.name} ---",
                    *log.read_text(errors="replace").splitlines()[-40:],
                    sep="\n",
                )
            raise


class Holding:
    """A way to the emulator that passes everything on, but holds for ever what contains ``words``."""

    def __init__(self, target_url: str, words: bytes) -> None:
        self._target = int(target_url.rsplit(":", 1)[1])
        self._words = words
        self.held = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                threading.Thread(target=self._pass_on, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._pass_on, args=(far, near, False), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, watched: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if watched and self._words in data:
                    self.held.set()
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listener.close()
        for one in self._open:
            one.close()
