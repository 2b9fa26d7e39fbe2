"""Runs TorchServe for one packed model package: starts it, asks it until it really answers, stops all of it.

It listens for predictions on this machine alone. The management interface is a socket file in a folder that
only this user may enter, and models cannot be added or taken away; the metrics interface is off. TorchServe
0.12 cannot switch its two gRPC interfaces off: they get loopback ports of their own and refuse the same
changes. It knows nothing of what answers mean.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_packages.serving.package import JSON, Manifest, PackageError, read_package
from model_packages.serving.requests import ASK_HEADER, ASK_MODEL
from model_packages.serving.threads import THREAD_VARIABLES, usable_cores
from model_packages.serving.torchserve_handler import PACKAGE, REASON_VARIABLE

_LOOPBACK = "127.0.0.1"
_NAME = "model"
_POLL_S = 0.1
# A free port is found and given back before TorchServe takes it; another program may take it in between.
_ATTEMPTS = 3
_TAKEN = "another program listens on its port."
# TorchServe would write each request and each measurement to files without end.
_LOG = """<Configuration><Appenders>
<Console name="all" target="SYSTEM_ERR"><PatternLayout pattern="%d %p %c - %m%n"/></Console>
<RollingFile name="worker" fileName="{0}/worker.log" filePattern="{0}/worker.%i.log">
<PatternLayout pattern="%m%n"/><SizeBasedTriggeringPolicy size="10MB"/><DefaultRolloverStrategy max="1"/>
</RollingFile></Appenders><Loggers>
<Logger name="ACCESS_LOG" level="off"/><Logger name="TS_METRICS" level="off"/>
<Logger name="MODEL_METRICS" level="off"/>
<Logger name="MODEL_LOG" level="info" additivity="false"><AppenderRef ref="worker"/></Logger>
<Root level="warn"><AppenderRef ref="all"/></Root>
</Loggers></Configuration>
"""


@dataclass(frozen=True)
class Limits:
    """What one TorchServe takes on.

    ``workers``: processes that each hold the package. ``threads``: of the numeric libraries in each.
    ``max_body_bytes``: of one request. ``deadline_s``: of one answer; after it TorchServe starts the worker
    anew. ``queue``: requests that may wait; one more gets 503. ``start_s``: until the first answer.
    ``stop_s``: from the signal that asks to stop to the one that cannot be refused.
    """

    workers: int = 2
    threads: int = max(1, usable_cores() // 2)
    max_body_bytes: int = 6 * 1024 * 1024
    deadline_s: int = 60
    queue: int = 16
    start_s: float = 120.0
    stop_s: float = 15.0


@dataclass(frozen=True)
class TorchServe:
    """A TorchServe that has answered: its address, package, process group, folder, and seconds to start."""

    url: str
    manifest: Manifest
    group: int
    folder: Path
    start_s: float
    _process: subprocess.Popen[bytes]

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None


def missing() -> str:
    """What TorchServe needs and is not here; empty where all is."""
    lacking = [
        words
        for words, there in (
            ("Java 11 or later", _java() is not None),
            ("the package torchserve", importlib.util.find_spec("ts") is not None),
            ("Linux or macOS", hasattr(socket, "AF_UNIX") and hasattr(os, "killpg")),
        )
        if not there
    ]
    return " and ".join(lacking)


@contextlib.contextmanager
def torchserve(
    mar: Path, port: int = 0, limits: Limits | None = None, stopping: Callable[[], bool] = lambda: False
) -> Iterator[TorchServe]:
    """TorchServe for ``mar`` while the context lasts; all its workers are loaded, and one has answered.

    Where the package names a warm-up body, that is what it was asked; else which model it has.

    Args:
        mar: an archive that ``mar.mar`` wrote.
        port: for predictions, on this machine; 0 takes a free one.
        limits: what it takes on.
        stopping: asked while it starts; true ends the attempt.

    Raises:
        PackageError: the package cannot be used, TorchServe is not here, or it does not start.
    """
    limits = limits or Limits()
    lacking = missing()
    if lacking:
        raise PackageError(
            f"TorchServe needs {lacking}.", "Install a Java (default-jre-headless), and make setup-train."
        )
    # Short: the name of a socket file in it may have some 100 characters.
    with tempfile.TemporaryDirectory(prefix="bcts-") as name:
        folder = Path(name)
        with tempfile.TemporaryDirectory(dir=folder) as checked:
            manifest, sample = _unpacked(mar, Path(checked))
        store = folder / "store"
        store.mkdir()
        shutil.copyfile(mar, store / f"{_NAME}.mar")
        for attempt in range(_ATTEMPTS):
            process, url = _started(folder, port, limits)
            try:
                began = time.perf_counter()
                said = _answering(process, folder, url, sample, limits, stopping)
                if said == _TAKEN and port == 0 and attempt + 1 < _ATTEMPTS:
                    continue
                if said:
                    raise PackageError(
                        f"TorchServe did not start for {manifest.name}: {said}",
                        "See that nothing else listens on its port, and that memory is left.",
                    )
                yield TorchServe(url, manifest, process.pid, folder, time.perf_counter() - began, process)
                return
            finally:
                _stop(process, limits.stop_s)


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home, "bin")) if home else None)


def _unpacked(mar: Path, into: Path) -> tuple[Manifest, tuple[bytes, str] | None]:
    """The manifest of the package inside an archive, checked, and its warm-up body."""
    try:
        with zipfile.ZipFile(mar) as archive:
            archive.extractall(into)
    except (OSError, zipfile.BadZipFile) as error:
        raise PackageError(
            f"Expected an archive for TorchServe, got '{mar.name}': {error}.",
            "Make one: python -m model_packages.serving mar PACKAGE_DIR OUT.mar",
        ) from error
    package = read_package(into / PACKAGE)
    if package.manifest is None or package.problem:
        raise PackageError(package.problem, package.remedy)
    sample = package.manifest.warm_up
    body = ((into / PACKAGE / sample.body).read_bytes(), sample.content_type) if sample else None
    return package.manifest, body


def _started(folder: Path, port: int, limits: Limits) -> tuple[subprocess.Popen[bytes], str]:
    ports = [port, 0, 0]
    with contextlib.ExitStack() as held:
        for number, wanted in enumerate(ports):
            if wanted == 0:
                listening = held.enter_context(socket.create_server((_LOOPBACK, 0)))
                ports[number] = listening.getsockname()[1]
    url = f"http://{_LOOPBACK}:{ports[0]}"
    lines = {
        "inference_address": url,
        "management_address": f"unix:{folder / 'management'}",
        "metrics_address": f"unix:{folder / 'metrics'}",
        "grpc_inference_address": _LOOPBACK,
        "grpc_inference_port": ports[1],
        "grpc_management_address": _LOOPBACK,
        "grpc_management_port": ports[2],
        "enable_model_api": "false",
        # The program sends no token; what a token would guard besides predictions is closed above.
        "disable_token_authorization": "true",
        "allowed_urls": "file:///nowhere",
        "use_env_allowed_urls": "false",
        "enable_envvars_config": "false",
        "enable_metrics_api": "false",
        "disable_system_metrics": "true",
        "install_py_dep_per_model": "false",
        # Else bodies of JSON come as objects, and the package gets other bytes than were sent.
        "decode_input_request": "false",
        "model_store": folder / "store",
        "load_models": f"{_NAME}={_NAME}.mar",
        "default_workers_per_model": limits.workers,
        "default_response_timeout": limits.deadline_s,
        "default_startup_timeout": int(limits.start_s),
        "job_queue_size": limits.queue,
        "max_request_size": limits.max_body_bytes,
        "max_response_size": 64 * 1024 * 1024,
        "number_of_netty_threads": 2,
        "netty_client_threads": limits.workers,
    }
    config = folder / "config.properties"
    config.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    logging = folder / "log4j2.xml"
    logging.write_text(_LOG.format(folder), encoding="utf-8")
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    spec = importlib.util.find_spec("ts")
    (ts,) = spec.submodule_search_locations if spec and spec.submodule_search_locations else ("",)
    # As torchserve's own launcher does, without its process id file in the common temporary folder.
    command = [_java() or "java", "-Xmx512m", "-XX:+UseSerialGC", f"-Djava.io.tmpdir={scratch}"]
    command += [f"-Dlog4j.configurationFile=file://{logging}"]
    command += [f"-Dmodel_server_home={Path(ts).parent}", "-cp", f"{ts}/frontend/*"]
    command += ["org.pytorch.serve.ModelServer", "--python", sys.executable]
    command += ["-f", str(config), "-s", str(folder / "store"), "-ncs"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TS_")}
    environment |= dict.fromkeys(THREAD_VARIABLES, str(limits.threads))
    environment |= {
        "TMPDIR": str(scratch),
        "LOG_LOCATION": str(folder / "logs"),
        "METRICS_LOCATION": str(folder / "logs"),
        REASON_VARIABLE: str(folder / "reason.json"),
    }
    with (folder / "output.log").open("wb") as output:
        # A session of its own: a signal for its group reaches Java and all workers, and nobody else.
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    return process, url


def _answering(
    process: subprocess.Popen[bytes],
    folder: Path,
    url: str,
    sample: tuple[bytes, str] | None,
    limits: Limits,
    stopping: Callable[[], bool],
) -> str:
    """Wait for all workers, then for an answer; empty, or why there is none."""
    end = time.monotonic() + limits.start_s
    reason = folder / "reason.json"
    for ready in (lambda: _workers_ready(folder, limits.workers), lambda: _asked(url, sample)):
        while not _true(ready):
            if reason.exists():
                time.sleep(_POLL_S)
                words = json.loads(reason.read_text(encoding="utf-8"))
                raise PackageError(words["message"], words["remedy"])
            tail = (folder / "output.log").read_text(errors="replace")
            if process.poll() is not None:
                if "Failed to bind to address" in tail:
                    return _TAKEN
                return f"it ended with {process.returncode}: {tail.strip()[-300:]}"
            if stopping():
                return "it was asked to stop."
            if time.monotonic() > end:
                return f"no answer within {limits.start_s:g} s."
            time.sleep(_POLL_S)
    return ""


def _true(holds: Callable[[], bool]) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError, LookupError):
        return holds()
    return False


class _SocketFile(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def managed(folder: Path, method: str, path: str) -> tuple[int, Any]:
    """Ask the management interface of the TorchServe in ``folder``: the status, and the JSON that it gave."""
    with contextlib.closing(_SocketFile(folder / "management")) as connection:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def _workers_ready(folder: Path, workers: int) -> bool:
    status, said = managed(folder, "GET", f"/models/{_NAME}")
    return status == 200 and [w["status"] for w in said[0]["workers"]] == ["READY"] * workers


def _asked(url: str, sample: tuple[bytes, str] | None) -> bool:
    body, content_type = sample or (b"{}", JSON)
    headers = {"Content-Type": content_type, **({} if sample else {ASK_HEADER: ASK_MODEL})}
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", "/invocations", body, headers)
        response = connection.getresponse()
        return response.status == 200 and isinstance(json.loads(response.read()), dict)


def _stop(process: subprocess.Popen[bytes], stop_s: float) -> None:
    """End the whole process group; returns when none of it is left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        end = time.monotonic() + stop_s
        while time.monotonic() < end:
            process.poll()
            if not group_members(process.pid):
                return
            time.sleep(_POLL_S / 2)


def group_members(group: int) -> Sequence[int]:
    """The processes of a group that still run; its number alone where the system does not list them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(int(stat.parent.name))
    if not Path("/proc/self/stat").exists():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, 0)
            found.append(group)
    return found
