"""From film to deviations on drawn films of kitchens never trained on: what was planted, and what was found.

    python -m benchmarks.models.whole_way [--films 120] [--mistakes 5] [--work FOLDER] [--from-truth]

Half of the films are correct, half show planted mistakes. Each is drawn, prepared, looked at by the installed
packages, recognised and judged by the program's own functions. A reported deviation is right where its
kind and step are those of a planted mistake; what follows from another deviation and what was not seen are
not reported to a cook and do not count. ``--from-truth`` judges the known steps instead: what judging alone
can reach. Films and findings are kept in the work folder, so that an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from adapters.local.models import LocalModels, built_in_folders
from adapters.local.objects import FolderObjects
from benchmarks.models.planted import Film, films
from bharatchef.errors import EndpointError
from bharatchef.judgement import judge, load_thresholds
from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe
from bharatchef.observed import Analyser, Performance, Unavailable
from bharatchef.perception.analysers import answer_of, pieces_of, seen_by
from bharatchef.perception.performance import performance_from
from bharatchef.perception.segments_file import read_segments
from bharatchef.vocabulary import DeviationKind
from kitchen_sim.film import draw_film, truth_path
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script
from kitchen_sim.truth import DEVIATIONS, segments_of
from knowledge_base.library import DishLibrary
from model_packages.training.calibration import calibration_error
from model_packages.training.kitchens import TEST_GROUPS

BARS = {"precision": 0.90, "recall": 0.80, "correctFlagged": 0.10, "ece": 0.10}


def _drawn(job: tuple[Script, Path]) -> Path:
    script, path = job
    if not (path.exists() and truth_path(path).exists()):
        draw_film(script, path)
    return path


def performance_of(film: Film, path: Path, models: LocalModels, work: Path) -> tuple[Performance, list[str]]:
    """What the installed packages saw of a film, and which analysers gave nothing."""
    store = FolderObjects(work / "objects")
    media = probe(path)
    prepared = prepare(path, media, store, prefix=f"media/{media.sha256}/")
    seen: dict[Analyser, Any] = {}
    for analyser in Analyser:
        model = models.identify(analyser)
        if isinstance(model, Unavailable):
            seen[analyser] = model
            continue
        pieces = pieces_of(analyser, prepared)
        answers: list[Any] = []
        for piece in pieces:
            try:
                answers.append(answer_of(analyser, piece, store.get_bytes(piece.key), models))
            except EndpointError as error:
                answers.append(error)
        seen[analyser] = seen_by(model, pieces, answers, film.dish)
    for key in store.list_keys(f"media/{media.sha256}/"):
        store.delete(key)
    performance = performance_from(
        film.dish,
        film=prepared.media,
        actions=seen[Analyser.ACTIONS],
        detections=seen[Analyser.OBJECTS],
        heat=seen[Analyser.HEAT],
        plate=seen[Analyser.PLATE],
    )
    lost = [f"{a.value}: {found.reason}" for a, found in seen.items() if isinstance(found, Unavailable)]
    return performance, lost


def found_in(film: Film, path: Path, models: LocalModels | None, work: Path) -> dict[str, Any]:
    """What was planted in a film and what was reported; from the drawn truth where ``models`` is ``None``."""
    lost: list[str] = []
    began, cpu = time.perf_counter(), time.process_time()
    if models is None:
        known = json.dumps(segments_of(Scene(film.script))).encode()
        given = read_segments(known, "truth.json", film.dish)
        performance = performance_from(film.dish, given=given)
    else:
        performance, lost = performance_of(film, path, models, work)
    judgement = judge(film.dish, performance, load_thresholds())
    return {
        "film": film.name,
        "seconds": performance.duration_s,
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "planted": [
            {"kind": m.kind, "deviation": DEVIATIONS[m.kind], "steps": [m.step_id, m.related_step_id]}
            for m in film.script.mistakes
        ],
        "reported": [
            {"kind": d.kind, "step": d.step_id, "related": d.related_step_id, "confidence": d.confidence}
            for d in judgement.deviations
            if d.cause_id is None and d.kind is not DeviationKind.NOT_SEEN
        ],
        "truth": [[s.step_id, s.start_s, s.end_s] for s in film.script.steps],
        "seen": [[s.step_id, s.start_s, s.end_s, s.confidence] for s in performance.segments],
        "unavailable": lost,
    }


def matches(reported: dict[str, Any], planted: dict[str, Any]) -> bool:
    """Whether a reported deviation is the planted mistake: its kind, at its step."""
    if reported["kind"] != planted["deviation"]:
        return False
    if planted["deviation"] == "poor_plating":
        return True
    steps = {name for name in planted["steps"] if name}
    return bool(steps & {reported["step"], reported["related"]})


def f1_at(rows: Sequence[dict[str, Any]], overlap: float = 0.5) -> float:
    """Segmental F1 of the steps at an intersection over union of ``overlap`` (Lea et al., CVPR 2017)."""
    hits = wrong = missed = 0
    for row in rows:
        left = list(row["truth"])
        for step, start, end, _ in row["seen"]:
            best = max(
                (t for t in left if t[0] == step), key=lambda t: _iou(start, end, t[1], t[2]), default=None
            )
            if best is not None and _iou(start, end, best[1], best[2]) >= overlap:
                hits += 1
                left.remove(best)
            else:
                wrong += 1
        missed += len(left)
    return 2 * hits / max(1, 2 * hits + wrong + missed)


def _iou(a: float, b: float, c: float, d: float) -> float:
    inside = max(0.0, min(b, d) - max(a, c))
    return inside / max(1e-9, max(b, d) - min(a, c))


def figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Precision, recall, correct films flagged, calibration, F1@50; and recall by the kind of mistake."""
    confidence: list[float] = []
    right: list[bool] = []
    found = total = 0
    kinds: dict[str, list[int]] = {}
    for row in rows:
        for told in row["reported"]:
            confidence.append(told["confidence"])
            right.append(any(matches(told, mistake) for mistake in row["planted"]))
        for mistake in row["planted"]:
            hit = any(matches(told, mistake) for told in row["reported"])
            found, total = found + hit, total + 1
            one = kinds.setdefault(mistake["kind"], [0, 0])
            one[0], one[1] = one[0] + hit, one[1] + 1
    correct = [row for row in rows if not row["planted"]]
    flagged = sum(bool(row["reported"]) for row in correct)
    return {
        "films": len(rows),
        "filmMinutes": round(sum(row["seconds"] for row in rows) / 60, 1),
        "planted": total,
        "reported": len(right),
        "precision": round(sum(right) / len(right), 3) if right else None,
        "recall": round(found / total, 3) if total else None,
        "correctFilms": len(correct),
        "correctFlagged": round(flagged / len(correct), 3) if correct else None,
        "ece": round(calibration_error(confidence, right), 3) if confidence else None,
        "segmentalF1at50": round(f1_at(rows), 3),
        "recallByKind": {kind: f"{a} of {b}" for kind, (a, b) in sorted(kinds.items())},
        "cpuSecondsAFilmMinute": round(sum(r["cpu"] for r in rows) / sum(r["seconds"] for r in rows) * 60, 1),
        "unavailable": sorted({reason for row in rows for reason in row["unavailable"]}),
        "bars": BARS,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--films", type=int, default=120)
    parser.add_argument("--mistakes", type=int, default=5, help="in each faulty film")
    parser.add_argument("--seed", type=int, default=9000)
    parser.add_argument("--work", type=Path, default=Path(".train") / "whole-way")
    parser.add_argument("--models", type=Path, action="append", help="a folder of packages that goes first")
    parser.add_argument("--from-truth", action="store_true", help="judge the known steps, look at no film")
    parser.add_argument("--groups", nargs="+", default=list(TEST_GROUPS), help="style groups to draw")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args(arguments)
    asked = list(
        films(list(DishLibrary().list_dishes()), tuple(given.groups), given.films, given.mistakes, given.seed)
    )
    jobs = [(film.script, given.work / f"{film.script.sha256()[:16]}.mp4") for film in asked]
    given.work.mkdir(parents=True, exist_ok=True)
    models = None if given.from_truth else LocalModels((*(given.models or ()), *built_in_folders()))
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        # What judging alone reaches needs no picture.
        paths = (path for _, path in jobs) if models is None else pool.map(_drawn, jobs)
        for film, path in zip(asked, paths, strict=True):
            rows.append(found_in(film, path, models, given.work))
            print(
                f"{film.name}: {len(rows[-1]['reported'])} reported, {len(rows[-1]['planted'])} planted",
                file=sys.stderr,
            )
    told = figures(rows)
    (given.work / "rows.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(json.dumps(told, indent=1))
    reached = all(
        told[name] is not None
        and (told[name] >= bar if name in ("precision", "recall") else told[name] <= bar)
        for name, bar in BARS.items()
    )
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
