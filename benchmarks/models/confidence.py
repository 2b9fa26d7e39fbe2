"""Fits how often findings come true to how sure they look, and prints it as ``thresholds.yaml`` has it.

    python -m benchmarks.models.confidence [--recordings FOLDER] [--models FOLDER] [--films 36] [--known 120]

Findings from known steps are held against drawn films of the calibration kitchens, judged from their truth;
those of an action model whose errors were counted against such films looked at by the installed packages;
those of any other against the recordings of CaptainCook4D that are there to develop with, as they are and
with 5 and 10 % of their steps changed. The curves in the file are left aside: what is fitted is what each
part of judging states itself.
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapters.local.models import built_in_folders
from benchmarks.captaincook4d import dish_of, performance_of
from benchmarks.models.planted import films
from benchmarks.models.whole_way import Job, matches, row_of
from bharatchef.judgement import judge, load_thresholds
from bharatchef.judgement.thresholds import Thresholds
from bharatchef.vocabulary import DeviationKind
from knowledge_base.library import DishLibrary
from model_packages.training.kitchens import CALIBRATION_GROUPS

# (kind, stated, whether it came true)
Finding = tuple[str, float, bool]
LEAST_FINDINGS, A_POINT = 10, 25
_WRONG = {
    DeviationKind.OUT_OF_ORDER: "order_error_idx",
    DeviationKind.TOO_LONG: "timing_error_idx",
    DeviationKind.TOO_SHORT: "timing_error_idx",
}


def on_drawn(count: int, seed: int, work: Path, models: tuple[Path, ...] | None) -> Iterator[Finding]:
    """What is stated of drawn films of the calibration kitchens."""
    raw = without_curves()
    dishes = list(DishLibrary().list_dishes())
    for film in films(dishes, CALIBRATION_GROUPS, count, 5, seed):
        row = row_of(Job(film, work, models), raw, told_from=0.0)
        for told in row["reported"]:
            yield str(told["kind"]), told["confidence"], any(matches(told, m) for m in row["planted"])


def on_recordings(folder: Path, rate: float) -> Iterator[Finding]:
    """What is stated of real recordings, a share ``rate`` of their steps dropped, added or misnamed."""
    spec = importlib.util.spec_from_file_location("captaincook4d_evaluate", folder / "evaluate.py")
    assert spec is not None
    assert spec.loader is not None
    evaluate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluate)
    raw = without_curves()
    for path in sorted((folder / "dev").glob("*.json")):
        recipe = json.loads(path.read_text("utf-8"))
        about = {key: recipe[key] for key in ("name", "optional_steps")}
        about |= {key: {int(k): v for k, v in recipe[key].items()} for key in ("steps", "required_count")}
        experts = [r for r in recipe["recordings"] if r["role"] == "expert"]
        rng = random.Random(f"0-{recipe['slug']}-mixed-{rate}")
        for recording in recipe["recordings"]:
            others = [evaluate.plain(e["steps"]) for e in experts if e["id"] != recording["id"]]
            plain = evaluate.plain(recording["steps"])
            segments, origin = evaluate.with_noise(plain, list(about["steps"]), "mixed", rate, rng)
            found = judge(dish_of(about, others, recipe["task_graph"]), performance_of(segments), raw)
            yield from _held_against(recording["gt"], origin, found.deviations)


def _held_against(truth: dict[str, Any], origin: Sequence[int | None], deviations: Any) -> Iterator[Finding]:
    left_out = collections.Counter(truth["missing"])
    for d in deviations:
        if d.cause_id is not None:
            continue
        if d.kind is DeviationKind.MISSING:
            yield str(d.kind), d.confidence, left_out[int(d.step_id.removeprefix("step-"))] > 0
        elif d.kind in _WRONG:
            yield str(d.kind), d.confidence, any(origin[i] in truth[_WRONG[d.kind]] for i in d.segments)


def without_curves() -> Thresholds:
    """The program's thresholds, confidence left as each part of judging states it."""
    return load_thresholds().model_copy(update={"confidence": {}})


def curves(findings: Sequence[Finding]) -> dict[str, list[list[float]]]:
    """A rising curve for each kind of which there are findings enough.

    Pooled neighbours (Ayer et al. 1955) over groups of equally many, each with one more that came true and
    one that did not, so that nothing is ever said to be certain.
    """
    found = {}
    for kind in sorted({kind for kind, *_ in findings}):
        mine = np.array(sorted((stated, right) for k, stated, right in findings if k == kind), float)
        if len(mine) < LEAST_FINDINGS:
            continue
        pools = [
            [float(part[:, 0].sum()), float(part[:, 1].sum()), float(len(part))]
            for part in np.array_split(mine, max(1, round(len(mine) / A_POINT)))
        ]
        at = 0
        while at + 1 < len(pools):
            if _share(pools[at]) > _share(pools[at + 1]) or _mean(pools[at + 1]) - _mean(pools[at]) < 0.005:
                pools[at] = [a + b for a, b in zip(pools[at], pools.pop(at + 1), strict=True)]
                at = max(0, at - 1)
            else:
                at += 1
        points = [[0.0, 0.0], *([round(_mean(p), 3), round(_share(p), 3)] for p in pools)]
        points = [p for p in points if p[0] < 0.999] + [[1.0, max(p[1] for p in points)]]
        found[kind] = points
    return found


def _mean(pool: Sequence[float]) -> float:
    return pool[0] / pool[2]


def _share(pool: Sequence[float]) -> float:
    return (pool[1] + 1) / (pool[2] + 2)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--recordings", type=Path, help="the folder of CaptainCook4D that holds evaluate.py")
    parser.add_argument("--models", type=Path, action="append", help="a folder of packages that goes first")
    parser.add_argument("--films", type=int, default=36, help="drawn films that are looked at")
    parser.add_argument("--known", type=int, default=120, help="drawn films of which the truth is judged")
    parser.add_argument("--seed", type=int, default=20000)
    parser.add_argument("--work", type=Path, default=Path(".train") / "whole-way")
    given = parser.parse_args(arguments)
    given.work.mkdir(parents=True, exist_ok=True)
    folders = (*(given.models or ()), *built_in_folders())
    known = list(on_drawn(given.known, given.seed + 10_000, given.work, None))
    seen = list(on_drawn(given.films, given.seed, given.work, folders)) if given.films else []
    recorded = list[Finding]()
    if given.recordings is not None:
        recorded = [f for rate in (0.0, 0.05, 0.1) for f in on_recordings(given.recordings, rate)]
    for source, findings in (("drawn_truth", known), ("action_model", recorded), ("counted_model", seen)):
        print(f"  {source}:  # {len(findings)} findings")
        for kind, points in curves(findings).items():
            print(f"    {kind}: {json.dumps(points)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
