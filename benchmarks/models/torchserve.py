"""Prints, in one run: the ASGI host beside TorchServe, with a model that takes no time.

    python -m benchmarks.models.torchserve [--film DEMO_FOLDER] [--calls 300] [--workers 1 2]

The same package, body, client and number of calls on both sides, one side after the other in turns of a
tenth, so that what else the machine does falls on both. TorchServe runs with as many workers as is said; the
ASGI host has always one.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from adapters.local.hosted import HostedModels
from adapters.local.models import LocalModels
from benchmarks.models.host import (
    NAME,
    constant_package,
    first_chunk,
    host_of,
    memory_mb,
    milliseconds,
    percentile,
    requests_a_second,
)
from model_packages.serving.mar import mar
from model_packages.serving.torchserve import Limits, group_members, missing, torchserve

_TURNS = 10


@dataclass
class Side:
    """One way to serve: its client, its processes, and what was measured."""

    name: str
    models: HostedModels
    processes: Sequence[int]
    start_s: float
    taken_ms: list[float] = field(default_factory=list)
    one: list[float] = field(default_factory=list)
    four: list[float] = field(default_factory=list)

    def row(self) -> tuple[float, ...]:
        """Start s, memory MB, p50 and p99 ms, calls a second with one client and with four."""
        memory = sum(memory_mb(process)[0] for process in self.processes)
        p50, p99 = statistics.median(self.taken_ms), percentile(self.taken_ms, 99)
        return (self.start_s, memory, p50, p99, statistics.median(self.one), statistics.median(self.four))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--film", type=Path, default=Path("demo"), help="where the drawn film is, or goes")
    parser.add_argument("--calls", type=int, default=300, help="calls a side")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="of TorchServe")
    given = parser.parse_args()
    if missing():
        print(f"TorchServe needs {missing()}", file=sys.stderr)
        return 3
    film = given.film / f"{NAME}.mp4"
    if not film.exists():
        subprocess.run([sys.executable, "-m", "kitchen_sim", "demo", str(given.film)], check=True)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = constant_package(Path(scratch, "models"))
        body = first_chunk(film, Path(scratch, "proxies"))
        mar(folder, Path(scratch, "constant.mar"))
        nobody = LocalModels(())
        host = stack.enter_context(host_of(folder))
        here = HostedModels({"actions": host.url}, nobody)
        sides = [Side("ASGI host", here, [host.process_id], host.start_s)]
        for workers in given.workers:
            limits = Limits(workers=workers, queue=64)
            serving = stack.enter_context(torchserve(Path(scratch, "constant.mar"), limits=limits))
            there = HostedModels({"actions": serving.url}, nobody)
            name = f"TorchServe, {workers} worker{'s' if workers > 1 else ''}"
            sides.append(Side(name, there, group_members(serving.group), serving.start_s))
        measure(sides, body, given.calls)
        report(sides, body, given.calls)
    return 0


def measure(sides: Sequence[Side], body: bytes, calls: int) -> None:
    """Ask all sides in turns; the first calls of each are not counted."""
    for side in sides:
        for _ in range(50):
            milliseconds(side.models, body)
    for _ in range(_TURNS):
        for side in sides:
            side.taken_ms += [milliseconds(side.models, body) for _ in range(calls // _TURNS)]
            side.one.append(requests_a_second(side.models, body, 1, calls // _TURNS))
            side.four.append(requests_a_second(side.models, body, 4, calls // _TURNS))
            time.sleep(0.05)


def report(sides: Sequence[Side], body: bytes, calls: int) -> None:
    """Print the table, and the last column: how often the ASGI host's figure goes into each."""
    print(f"body {len(body) / 1e6:.2f} MB, {calls} calls a side, a connection a call")
    print("| | start until ready | memory | p50 | p99 | 1 client | 4 clients |")
    print("|---|---|---|---|---|---|---|")
    rows = [side.row() for side in sides]
    for side, (start, memory, p50, p99, one, four) in zip(sides, rows, strict=True):
        print(f"| {side.name} | {start:.2f} s | {memory:.0f} MB | {p50:.2f} ms | {p99:.2f} ms |", end="")
        print(f" {one:.0f}/s | {four:.0f}/s |")
    for side, row in zip(sides[1:], rows[1:], strict=True):
        ratios = " | ".join(f"{there / here:.2f}" for here, there in zip(rows[0], row, strict=True))
        print(f"| {side.name} : ASGI host | {ratios} |")


if __name__ == "__main__":
    sys.exit(main())
