"""Prints, in one run: what a model host costs over the call in process, with a model that takes no time.

    python -m benchmarks.models.host [--film DEMO_FOLDER] [--calls 300]

The body is the first 60 s chunk of the demo film's action proxy (the film is drawn first where it is not
there), and the same chunk filled up to the 4 MB that a chunk may have. Calls in process and through the
host take turns, so that what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from adapters.local.hosted import HostedModels
from adapters.local.models import LocalModels
from adapters.local.objects import FolderObjects
from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe
from bharatchef.observed import Analyser
from bharatchef.ports import Models

BAR_MS = 15.0
MAX_CHUNK_BYTES = 4_000_000
NAME = "masala-chai-demo"
TIMES = [second + 0.5 for second in range(60)]
ANSWER = {
    "format": "bharatchef-actions",
    "version": 1,
    "labels": [f"action-{n}" for n in range(24)],
    "times": TIMES,
    "probabilities": [[1.0] + [0.0] * 23 for _ in TIMES],
}
CODE = """
from pathlib import Path

def model_fn(model_dir):
    return Path(model_dir, "answer.json").read_bytes()

def input_fn(body, content_type):
    return body

def predict_fn(data, model):
    return model

def output_fn(prediction, accept):
    return prediction
"""


def constant_package(root: Path) -> Path:
    """A package that answers as an action model of 24 labels does about a minute, and takes no time to."""
    folder = root / "constant"
    folder.mkdir(parents=True)
    weights = json.dumps(ANSWER).encode()
    (folder / "answer.json").write_bytes(weights)
    (folder / "inference.py").write_text(CODE)
    manifest = {
        "analyser": "actions",
        "name": "constant",
        "version": "1",
        "weights": "answer.json",
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "trained_on": "nothing: the answer is constant",
        "engine": "none",
    }
    (folder / "model.json").write_text(json.dumps(manifest))
    return folder


def first_chunk(film: Path, scratch: Path) -> bytes:
    """The first chunk of a film's action proxy."""
    store = FolderObjects(scratch)
    prepared = prepare(film, probe(film), store)
    return store.get_bytes(prepared.action_chunks[0].key)


@dataclass(frozen=True)
class Running:
    """A host that runs: where, and how long it took to be ready, seconds."""

    process_id: int
    url: str
    start_s: float


@contextlib.contextmanager
def host_of(folder: Path) -> Iterator[Running]:
    """A host for the package in ``folder``, until the context ends."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "model_packages.serving", str(folder), "--port", "0", "--queue", "64"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = "http" + process.stdout.readline().strip().rpartition("http")[2]
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("the host did not become ready")
        yield Running(process.pid, url, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def milliseconds(models: Models, body: bytes) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    models.invoke(Analyser.ACTIONS, body, "video/mp4")
    return 1000 * (time.perf_counter() - began)


def kept_open_ms(url: str, body: bytes, calls: int) -> list[float]:
    """The same calls on one connection that stays open, answers not decoded."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    taken = []
    with contextlib.closing(connection):
        for _ in range(calls):
            began = time.perf_counter()
            connection.request("POST", "/invocations", body, {"Content-Type": "video/mp4"})
            connection.getresponse().read()
            taken.append(1000 * (time.perf_counter() - began))
    return taken


def requests_a_second(models: Models, body: bytes, clients: int, calls: int) -> float:
    """Calls answered a second with so many clients asking at the same time."""

    def ask() -> None:
        for _ in range(calls // clients):
            models.invoke(Analyser.ACTIONS, body, "video/mp4")

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls // clients * clients / (time.perf_counter() - began)


def memory_mb(process_id: int) -> tuple[float, float]:
    """Resident memory of a process now, and at its highest, MB (Linux)."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines if line.startswith(("VmRSS", "VmHWM")))
    return int(found["VmRSS"].split()[0]) / 1000, int(found["VmHWM"].split()[0]) / 1000


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--film", type=Path, default=Path("demo"), help="where the drawn film is, or goes")
    parser.add_argument("--calls", type=int, default=300, help="calls a side and body")
    given = parser.parse_args()
    film = given.film / f"{NAME}.mp4"
    if not film.exists():
        subprocess.run([sys.executable, "-m", "kitchen_sim", "demo", str(given.film)], check=True)
    over: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = constant_package(Path(scratch, "models"))
        chunk = first_chunk(film, Path(scratch, "proxies"))
        here = LocalModels((folder.parent,))
        with host_of(folder) as host:
            there = HostedModels({"actions": host.url}, here)
            print(f"start of the host until it is ready: {host.start_s:.2f} s")
            for name, body in (
                ("60 s chunk", chunk),
                ("the same at 4 MB", chunk.ljust(MAX_CHUNK_BYTES, b"\0")),
            ):
                turns = [
                    (milliseconds(here, body), milliseconds(there, body)) for _ in range(given.calls + 20)
                ]
                inside, over_http = ([turn[side] for turn in turns[20:]] for side in (0, 1))
                over.append(statistics.median(over_http) - statistics.median(inside))
                alone = requests_a_second(there, body, 1, given.calls)
                many = requests_a_second(there, body, 4, given.calls)
                kept = kept_open_ms(host.url, body, given.calls)
                print(f"{name} ({len(body) / 1e6:.2f} MB), {given.calls} calls a side:")
                for side, values in (("in process", inside), ("host", over_http), ("host, kept open", kept)):
                    print(f"  {side}: p50 {statistics.median(values):.2f} ms,", end=" ")
                    print(f"p99 {percentile(values, 99):.2f} ms")
                print(f"  over the call in process: p50 {over[-1]:.2f} ms; bar {BAR_MS:g} ms,", end=" ")
                print(f"used {over[-1] / BAR_MS:.0%} of it")
                print(f"  throughput: 1 client {alone:.0f}, 4 clients {many:.0f} requests a second")
            now, highest = memory_mb(host.process_id)
            print(f"memory of the host: {now:.0f} MB, at most {highest:.0f} MB")
    # The bar is for a real chunk; the filled one shows how the cost grows.
    return int(over[0] >= BAR_MS)


if __name__ == "__main__":
    sys.exit(main())
