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
import numpy.typing as npt
from scipy.optimize import minimize

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
LEAST_FINDINGS, LEAST_POOLED, A_POINT = 5, 10, 25
# What is held of a model's findings before they are looked at: that what is stated is so, give or take
# (variances of the logistic curve's height and slope).
_HEIGHT, _SLOPE = 5.0, 0.5
_STATED = (0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)
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
        if len(mine) < LEAST_POOLED:
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


def logistic_curves(findings: Sequence[Finding]) -> dict[str, list[list[float]]]:
    """The same for few findings, unsure and sure: logistic curves (Platt 1999) near what was stated."""
    kinds = sorted({kind for kind, *_ in findings})
    rows = {kind: np.array([(s, r) for k, s, r in findings if k == kind], float) for kind in kinds}
    return {kind: _logistic(mine) for kind, mine in rows.items() if len(mine) >= LEAST_FINDINGS}


def _logistic(mine: npt.NDArray[np.float64]) -> list[list[float]]:
    """Points of the likeliest rising logistic curve through (stated, came true)."""
    odds, true = _log_odds(mine[:, 0]), mine[:, 1]

    def unlikely(curve: npt.NDArray[np.float64]) -> float:
        raw = curve[0] + curve[1] * odds
        before = curve[0] ** 2 / (2 * _HEIGHT) + (curve[1] - 1) ** 2 / (2 * _SLOPE)
        return float((np.logaddexp(0, raw) - true * raw).sum() + before)

    height, slope = minimize(unlikely, (0.0, 1.0), bounds=((None, None), (0.0, None))).x
    told = 1 / (1 + np.exp(-(height + slope * _log_odds(np.array(_STATED)))))
    return [[stated, round(float(share), 3)] for stated, share in zip(_STATED, told, strict=True)]


def _log_odds(stated: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Nothing is taken for certain: a fiftieth from the ends."""
    kept = np.clip(stated, 0.02, 0.98)
    return np.log(kept / (1 - kept))


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
    fitted = (
        ("drawn_truth", known, curves),
        ("action_model", recorded, curves),
        ("counted_model", seen, logistic_curves),
    )
    for source, findings, curves_of in fitted:
        print(f"  {source}:  # {len(findings)} findings")
        for kind, points in curves_of(findings).items():
            print(f"    {kind}: {json.dumps(points)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
