"""From an upload to the start of its flow: ``python -m benchmarks.trigger [--uploads 100] [--workers 3]``.

All parts are real processes on this machine: an emulator of S3, EventBridge, SQS and DynamoDB, a Prefect
server on PostgreSQL, intake and a worker. Says how long each upload waited for its flow to start, and whether
every one became exactly one evaluation.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """0 where every upload became exactly one completed evaluation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trigger", description=__doc__)
    parser.add_argument("--uploads", type=int, default=100, help="films put there at once (%(default)s)")
    parser.add_argument("--workers", type=int, default=3, help="flows at once (%(default)s)")
    parser.add_argument("--kill", action="store_true", help="kill -9 intake, server and worker meanwhile")
    parser.add_argument("--within-s", type=float, default=3600, help="when to give up (%(default)s)")
    given = parser.parse_args()
    # The servers that stand for AWS are the tests' own.
    sys.path.insert(0, str(ROOT / "tests"))
    from flow.flow_inputs import write_film
    from servers.ministack import CREDENTIALS, ministack
    from servers.trigger import trigger

    os.environ.update(CREDENTIALS)
    with tempfile.TemporaryDirectory(prefix="trigger-") as name, ministack() as url:
        folder = Path(name)
        film = write_film(folder / "film.mp4", 3, fps=4, size=(160, 120))
        with trigger(url, folder, given.workers) as whole:
            began = time.monotonic()
            users = [f"user-{number:03d}" for number in range(given.uploads)]
            for number, user in enumerate(users):
                whole.upload(f"trainee/{user}/masala-chai/first/front.mp4", film, parts=number % 2 == 0)
            print(f"{given.uploads} uploads in {time.monotonic() - began:.1f} s", flush=True)
            if given.kill:
                for program in (whole.intake, whole.server, whole.worker):
                    time.sleep(5)
                    program.kill()
                    program.start()
            counted: Counter[tuple[str, ...]] = Counter()
            while time.monotonic() - began < given.within_s:
                time.sleep(10)
                whole.sweep()
                counted = Counter(tuple(map(str, whole.statuses(user))) for user in users)
                if counted[("COMPLETED",)] == given.uploads:
                    break
            took_s = time.monotonic() - began
            waits = whole.latencies_s()
            queued = whole.queued_s()
            print(f"exactly one completed evaluation: {counted[('COMPLETED',)]} of {given.uploads}")
            print(f"all of them after {took_s:.0f} s with {given.workers} flows at once")
            for what, found in (("its run", queued), ("its flow's start", waits)):
                if found:
                    print(
                        f"from an upload to {what}: first {found[0]:.1f} s,"
                        f" median {statistics.median(found):.1f} s, last {found[-1]:.1f} s"
                    )
            return 0 if counted[("COMPLETED",)] == given.uploads else 1


if __name__ == "__main__":
    sys.exit(main())
