"""Retrains on drawn films and prints the records of whole runs.

    python -m benchmarks.retraining [--runs 1 2 3 4 5] [--home FOLDER] [--write docs/retraining-record.md]

The champion is the package that comes with the program; the corrections are of films that it never saw the
like of. Each run draws people and kitchens of its own: no film, and so no test, is shared by two runs.
Without ``--home`` all is done in a folder that is removed afterwards; with it the same command goes on.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adapters import build_ports
from bharatchef.retraining.card import comparison
from bharatchef.retraining.records import RetrainingRecord
from bharatchef.settings import load_settings
from tasks.retraining import records, retrained

from .films import corrected, drawn

POLICY = Path(__file__).with_name("policy.yaml")
USUAL, ACROSS = 6, 18
_RESAMPLES, _SEED = 10_000, 20261123


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[1], help="numbers of the runs, from 1")
    parser.add_argument("--home", type=Path, help="where records and models are kept, a folder a run")
    parser.add_argument("--write", type=Path, help="also write the record as a page")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="bharatchef-") as scratch:
        told = [run(number, (given.home or Path(scratch)) / f"run-{number}") for number in given.runs]
    page = page_of(given.runs, told)
    print(page)
    if given.write:
        given.write.write_text(page, "utf-8")


def run(number: int, home: Path) -> RetrainingRecord:
    """The record of one retraining on films that no other run draws, made or found in ``home``."""
    settings = load_settings(home=home, retraining_policy=POLICY)
    ports = build_ports(settings)
    if found := [record for record in records(ports.objects, "slowfast") if record.stage == "decided"]:
        return found[-1]
    first = 1000 * number
    films = [drawn(first + seed, across=False) for seed in range(USUAL)]
    films += [drawn(first + 100 + seed, across=True) for seed in range(ACROSS)]
    corrected(ports.objects, films, ports.clock.now())
    return retrained(ports, settings, "slowfast")


def page_of(numbers: Sequence[int], told: Sequence[RetrainingRecord]) -> str:
    """The page of some runs: what each decided, what they come to together, and the first one whole."""
    lines = [
        "# Retraining, whole",
        "",
        f"{USUAL} drawn films as the champion knows them and {ACROSS} with the phone across the counter,"
        f" other people and kitchens in each run. Made by `python -m benchmarks.retraining --runs"
        f" {' '.join(map(str, numbers))} --write docs/retraining-record.md`.",
        "",
        "| run | decided | mean F1, champion | challenger | gain (95 % interval) | seconds right |",
        "|---|---|---|---|---|---|",
    ]
    gains = []
    for number, record in zip(numbers, told, strict=True):
        before, after, apart, decision = (
            record.champion,
            record.challenger,
            record.difference,
            record.decision,
        )
        if before is None or after is None or apart is None or decision is None:
            raise SystemExit(f"Run {number} was not measured: {record.note or record.stage}.")
        gains.append(apart.gain)
        lines.append(
            f"| {number} | {decision.outcome} | {before.mean_f1:.3f} | {after.mean_f1:.3f} |"
            f" {apart.gain:+.3f} ({apart.low:+.3f} to {apart.high:+.3f}) |"
            f" {before.accuracy:.1%} -> {after.accuracy:.1%} of {after.seconds} |"
        )
    if len(gains) > 1:
        low, high = interval_of_mean(gains)
        promoted = sum(r.decision is not None and r.decision.outcome == "promoted" for r in told)
        lines += [
            "",
            f"Together: promoted in {promoted} of {len(told)}; the gain is {np.mean(gains):+.3f} on average"
            f" (95 % bootstrap interval over runs {low:+.3f} to {high:+.3f}, least {min(gains):+.3f}, most"
            f" {max(gains):+.3f}).",
        ]
    lines += [
        "",
        f"What follows is run {numbers[0]} whole.",
        "",
        comparison(told[0]),
        f"<details><summary>record.json</summary>\n\n```json\n{told[0].to_json(indent=1)}\n```\n</details>\n",
    ]
    return "\n".join(lines)


def interval_of_mean(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of a mean over independent runs."""
    given = np.asarray(values, dtype=np.float64)
    picked = np.random.default_rng(_SEED).integers(len(given), size=(_RESAMPLES, len(given)))
    low, high = np.quantile(given[picked].mean(1), (0.025, 0.975))
    return float(low), float(high)


if __name__ == "__main__":
    main()
