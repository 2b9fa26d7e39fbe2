"""Measures every question of the CaptainCook4D benchmark and writes RESULTS.md beside this file.

    python -m benchmarks.captaincook4d.results FOLDER

takes the folder that holds ``evaluate.py`` and the recipes of ``dev``; about two minutes on one core.
"""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.captaincook4d import make_judge
from benchmarks.captaincook4d.edges import edge_scores
from benchmarks.captaincook4d.speed import judging_ms
from bharatchef.judgement import load_learning_weights, load_thresholds

HERE = Path(__file__).resolve().parent
ROUNDS = 1000
CONDITIONS: Mapping[str, Mapping[str, Any]] = {
    "clean": {},
    "experts": {"experts_only": True},
    "mixed 5 %": {"noise": "mixed", "rate": 0.05, "seeds": 3},
    "mixed 10 %": {"noise": "mixed", "rate": 0.1, "seeds": 3},
    "jitter 5 s": {"noise": "jitter", "rate": 5.0, "seeds": 3},
}
Figure = Callable[[Mapping[str, Any]], float]
ROWS: Sequence[tuple[str, str, Figure, str, float, bool]] = (
    # question, condition, figure, simple baseline, reach, higher is better
    ("order F1, graph given", "clean", lambda s: s["order"]["f1"], "90", 93, True),
    ("correct performances flagged, graph given", "clean", lambda s: s["correct_performances_flagged"],
     "7.3", 3.7, False),
    ("recording accuracy, graph given", "clean", lambda s: s["recording_accuracy"], "88", 89, True),
    ("recording AUC, graph given", "clean", lambda s: s["recording_auc"], "90", 91.5, True),
    ("order F1, experts only", "experts", lambda s: s["order"]["f1"], "68", 80, True),
    ("correct performances flagged, experts only", "experts", lambda s: s["correct_performances_flagged"],
     "40", 20, False),
    ("missing F1, clean", "clean", lambda s: s["missing"]["f1"], "99.6", 99, True),
    ("order F1, mixed noise 5 %", "mixed 5 %", lambda s: s["order"]["f1"], "72 (86 with a sketch)", 89, True),
    ("missing F1, mixed noise 5 %", "mixed 5 %", lambda s: s["missing"]["f1"], "73 (80)", 83, True),
    ("recording AUC, mixed noise 5 %", "mixed 5 %", lambda s: s["recording_auc"], "79 (89)", 91, True),
    ("order F1, mixed noise 10 %", "mixed 10 %", lambda s: s["order"]["f1"], "62 (80)", 84, True),
    ("missing F1, mixed noise 10 %", "mixed 10 %", lambda s: s["missing"]["f1"], "60 (68)", 72, True),
    ("recording AUC, mixed noise 10 %", "mixed 10 %", lambda s: s["recording_auc"], "76 (86)", 88, True),
    ("order F1, jitter 5 s", "jitter 5 s", lambda s: s["order"]["f1"], "90", 92, True),
    ("correct performances flagged, jitter 5 s", "jitter 5 s", lambda s: s["correct_performances_flagged"],
     "7.3", 5, False),
    ("timing AUC", "clean", lambda s: s["timing_auc"], "70", 78, True),
)  # fmt: skip


def main(folder: str) -> None:
    """Measure and write."""
    evaluate = _evaluate(Path(folder) / "evaluate.py")
    data = Path(folder) / "dev"
    began = time.monotonic()
    tallies = {
        name: list(evaluate.tally(data, make_judge, **options).values())
        for name, options in CONDITIONS.items()
    }
    lines = []
    for question, condition, figure, baseline, reach, higher in ROWS:
        found = 100 * figure(evaluate.summary(tallies[condition]))
        low, high = _interval(tallies[condition], lambda chosen, f=figure: 100 * f(evaluate.summary(chosen)))
        lines.append(_line(question, baseline, reach, higher, found, (low, high)))
    lines.append(_edge_line(data))
    clean = evaluate.summary(tallies["clean"])
    error = 100 * clean["step_error_auc"]
    low, high = _interval(tallies["clean"], lambda chosen: 100 * evaluate.summary(chosen)["step_error_auc"])
    lines.append(
        "| step error AUC within faulty performances | - | no bar "
        f"| {error:.1f} | {low:.1f} to {high:.1f} | |"
    )
    text = (HERE / "RESULTS.template.md").read_text()
    speed = judging_ms(data)
    measuring = [sys.executable, "-m", "benchmarks.captaincook4d.warping"]
    warping = subprocess.run(measuring, capture_output=True, text=True, check=True).stdout.strip()
    values = {
        "table": "\n".join(lines),
        "thresholds": load_thresholds().version,
        "thresholds_sha256": load_thresholds().sha256[:12],
        "weights": load_learning_weights().version,
        "weights_sha256": load_learning_weights().sha256[:12],
        "speed": speed,
        "warping": warping,
        "rounds": ROUNDS,
    }
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", str(value))
    (HERE / "RESULTS.md").write_text(text)
    print("\n".join(lines))
    print(speed, warping, sep="\n")
    print(f"{time.monotonic() - began:.0f} s")


def _line(
    question: str, baseline: str, reach: float, higher: bool, found: float, interval: tuple[float, float]
) -> str:
    # The bar is compared with the figure as it is printed.
    shown = round(found, 1)
    reached = shown >= reach if higher else shown <= reach
    bar = f"{'>=' if higher else '<='} {reach:g}"
    low, high = interval
    verdict = "yes" if reached else "no"
    return f"| {question} | {baseline} | {bar} | {found:.1f} | {low:.1f} to {high:.1f} | {verdict} |"


def _edge_line(data: Path) -> str:
    scores = list(edge_scores(data).values())

    def f1(chosen: Sequence[tuple[float, float]]) -> float:
        precision = sum(p for p, _ in chosen) / len(chosen)
        recall = sum(r for _, r in chosen) / len(chosen)
        return 100 * 2 * precision * recall / (precision + recall)

    return _line("order edges learnt from experts, F1", "82", 86, True, f1(scores), _interval(scores, f1))


def _interval(pool: Sequence[Any], figure: Callable[[Sequence[Any]], float]) -> tuple[float, float]:
    """The 95 % bootstrap interval over recipes of a figure."""
    rng = random.Random(0)
    seen = sorted(figure(rng.choices(pool, k=len(pool))) for _ in range(ROUNDS))
    return seen[int(0.025 * (ROUNDS - 1))], seen[int(0.975 * (ROUNDS - 1))]


def _evaluate(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("captaincook4d_evaluate", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"expected the benchmark's evaluate.py at {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(sys.argv[1])
