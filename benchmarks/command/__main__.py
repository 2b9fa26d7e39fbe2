"""Prints, in one run: the start of the command against a bare Python, and the demo's evaluation.

    python -m benchmarks.command [--film DEMO_FOLDER]

The demo film is drawn first where it is not there; drawing it does not count.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

NAME = "masala-chai-demo"


def seconds(command: list[str], environment: dict[str, str] | None = None) -> tuple[float, float]:
    """Wall and processor seconds of a command and all that it started."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--film", type=Path, default=Path("demo"), help="where the drawn film is, or goes")
    folder = parser.parse_args().film
    python = sys.executable

    pairs = [
        (seconds([python, "-c", "pass"])[0], seconds([python, "-m", "app", "--help"])[0]) for _ in range(9)
    ]
    bare = statistics.median(pair[0] for pair in pairs)
    helped = statistics.median(pair[1] for pair in pairs)
    print(f"bharatchef --help: {helped:.3f} s, a bare Python {bare:.3f} s;", end=" ")
    print(f"bound 6 x bare + 0.3 s = {6 * bare + 0.3:.3f} s, used {helped / (6 * bare + 0.3):.0%} of it")

    if not (folder / f"{NAME}.mp4").exists():
        drawn, _ = seconds([python, "-m", "kitchen_sim", "demo", str(folder)])
        print(f"drawing the demo film: {drawn:.1f} s")
    with tempfile.TemporaryDirectory() as home:
        words = ["evaluate", str(folder / f"{NAME}.mp4"), "--dish", "masala-chai", "--json", "--force"]
        words += ["--segments", str(folder / f"{NAME}.segments.json")]
        for turn in ("first run, Prefect's database is made", "second run"):
            wall, cpu = seconds([python, "-m", "app", *words], {"BHARATCHEF_HOME": home})
            print(f"evaluating the demo film ({turn}): {wall:.1f} s, {cpu:.1f} processor-seconds; bound 60 s")
        beside = Path(home) / "beside"
        with_expert(beside)
        seconds([python, "-m", "app", *words], {"BHARATCHEF_HOME": str(beside)})
        with_s, with_cpu = seconds([python, "-m", "app", *words], {"BHARATCHEF_HOME": str(beside)})
        without_s, without_cpu = seconds([python, "-m", "app", *words], {"BHARATCHEF_HOME": home})
        print(
            f"the same beside an expert's film, with time warping: {with_s:.1f} s against {without_s:.1f} s",
            end=" ",
        )
        print(
            f"without ({with_s / without_s:.2f}), processor-seconds {with_cpu:.1f} against {without_cpu:.1f}"
        )


def with_expert(home: Path) -> None:
    """Give the home's masala chai an expert: the drawn film's own correct script."""
    root = Path(__file__).resolve().parents[2]
    script = yaml.safe_load((root / "kitchen_sim/scripts/masala-chai-correct.yaml").read_text())
    rows = "".join(
        f"      - {{step: {step['step_id']}, start: {step['start_s']}, end: {step['end_s']}}}\n"
        for step in script["steps"]
    )
    dish = (root / "knowledge_base/dishes/masala-chai.yaml").read_text()
    (home / "dishes").mkdir(parents=True)
    (home / "dishes" / "masala-chai.yaml").write_text(
        f"{dish.rstrip()}\n\nexpert_performances:\n  - id: drawn-expert\n    actions:\n{rows}"
    )


if __name__ == "__main__":
    main()
