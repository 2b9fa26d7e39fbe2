"""How well and how fast the flame is seen: the package's own figures, and milliseconds a picture.

    python -m benchmarks.models.flame [--chunks 8]

Drawn films of style groups kept out of training; the marks in the cook's words are the program's own.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from bharatchef.observed import Analyser, HeatSample, HeatTrace, ModelIdentity, Unavailable
from bharatchef.perception.heat import heat_marks
from model_packages.flame import inference
from model_packages.flame.answering import WORDS
from model_packages.flame.drawing import FilmTruth
from model_packages.flame.metrics import heat_figures
from model_packages.flame.train import TEST_GROUPS, drawn, heat_rows, jobs_of

_FOLDER = Path(inference.__file__).resolve().parent


def marks_right(answer: str, truth: FilmTruth) -> tuple[int, int, int]:
    """(seconds with the right heat mark, seconds with any mark, seconds with a flame in view or off)."""
    samples = tuple(
        HeatSample(time_s=s["time"], flame=s["flame"], level=s["level"], confidence=s["confidence"])
        for s in json.loads(answer)["samples"]
    )
    nobody = ModelIdentity(
        analyser=Analyser.HEAT,
        name="flame",
        version="benchmark",
        weights_sha256="0" * 64,
        engine="numpy",
        trained_on="drawn films",
    )
    marks = heat_marks(HeatTrace(model=nobody, samples=samples))
    spans = () if isinstance(marks, Unavailable) else marks
    right = said = asked = 0
    for k in range(0, len(truth.states), 2):
        if truth.states[k] == "hidden":
            continue
        asked += 1
        here = next((m.level.value for m in spans if m.start_s <= k / 2 < m.end_s), None)
        said += here is not None
        level = truth.levels[k]
        word = "off" if truth.states[k] == "off" else WORDS[1 + (level > 0.45) + (level > 0.8)]
        right += here == word
    return right, said, asked


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chunks", type=int, default=8, help="chunks of up to 60 s a style group")
    parser.add_argument("--seed", type=int, default=1000)
    given = parser.parse_args()
    model = inference.model_fn(str(_FOLDER))
    figures = heat_figures(model, heat_rows(model, "test", given.chunks, given.seed, 2))
    print(json.dumps(figures, indent=1))
    totals = [0, 0, 0]
    pictures, spent_s, cpu_s = 0, 0.0, 0.0
    for job in jobs_of("test", TEST_GROUPS, max(1, given.chunks // 2), given.seed):
        body, truth = drawn(job)
        wall, cpu = time.perf_counter(), time.process_time()
        answer = inference.output_fn(
            inference.predict_fn(inference.input_fn(body, "video/mp4"), model), "application/json"
        )
        spent_s, cpu_s = spent_s + time.perf_counter() - wall, cpu_s + time.process_time() - cpu
        pictures += len(truth.states)
        for k, count in enumerate(marks_right(answer, truth)):
            totals[k] += count
    print(f"marks as the program makes them: {totals[0]} of {totals[2]} seconds right, {totals[1]} answered")
    print(
        f"decoding and seeing: {spent_s / pictures * 1000:.1f} ms a picture"
        f" ({cpu_s / pictures * 1000:.1f} ms of processor), one thread a chunk"
    )


if __name__ == "__main__":
    main()
