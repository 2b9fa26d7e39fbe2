"""Draws films, trains the flame package on them, and writes weights, manifest, metrics, model card.

    python -m model_packages.flame.train [--seed 1000] [--chunks 30] [--out FOLDER] [--workers 2]

Whole style groups are kept out: one for calibration, two for the test. While the method was being found
the test groups were looked at twice, so the test figure is not fully blind.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# One thread a process: the processes share the cores already.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np

from model_packages.training.kitchens import CALIBRATION_GROUPS, TEST_GROUPS, TRAINED_ON, TRAINING_GROUPS

from .answering import Model
from .drawing import chunk_seeds, drawn_chunk
from .features import chunk_rows
from .learning import Chunk, Rows, fitted_heads, fitted_pixels, fitted_sureness, pixel_rows, straightened
from .metrics import fire_figures, heat_figures
from .network import Network
from .pixels import shots_of
from .register import FOUND, SET_ASIDE

VERSION = "1.0.0"
BAR = 0.95
_HERE = Path(__file__).resolve().parent
_SECONDS = {"training": 16.0, "calibration": 30.0, "test": 60.0}
_FIRST_SEED = {"training": 0, "calibration": 500_000, "test": 700_000}

Job = tuple[int, str, float, bool]


def jobs_of(part: str, groups: Sequence[str], each: int, seed: int) -> list[Job]:
    """What is drawn for a part: (seed, group, seconds, varied)."""
    first = seed + _FIRST_SEED[part]
    return [(s, g, _SECONDS[part], part != "test") for s, g in chunk_seeds(tuple(groups), each, first)]


def drawn(job: Job) -> Chunk:
    """A chunk and its truth."""
    cv2.setNumThreads(1)
    return drawn_chunk(job[0], job[1], seconds=job[2], varied=job[3])


def rows_of(work: tuple[Chunk, Network]) -> Rows:
    """A chunk's features and its truth."""
    cv2.setNumThreads(1)
    (body, truth), net = work
    return chunk_rows(shots_of(body), net)[0], truth


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """Processes that begin anew: one forked while a library holds a lock of its threads waits for ever."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


def heat_rows(model: Model, part: str, each: int, seed: int, workers: int) -> list[Rows]:
    """Features and truth of freshly drawn chunks of the calibration or the test groups."""
    groups = CALIBRATION_GROUPS if part == "calibration" else TEST_GROUPS
    with worker_pool(workers) as pool:
        chunks = pool.map(drawn, jobs_of(part, groups, each, seed))
        return list(pool.map(rows_of, ((chunk, model.pixel) for chunk in chunks)))


def weights_bytes(model: Model) -> bytes:
    """The weights file; equal models give equal bytes."""
    arrays: dict[str, Any] = {
        "level_curve": model.level_curve,
        "sure": model.sure,
        **model.pixel.arrays("pixel"),
    }
    for kind, nets in (("state", model.state), ("level", model.level)):
        for number, net in enumerate(nets):
            arrays.update(net.arrays(f"{kind}{number}"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in sorted(arrays.items()):
            stored = io.BytesIO()
            np.save(stored, array, allow_pickle=False)
            # numpy would write the time of day into the file.
            archive.writestr(
                zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), stored.getvalue(), zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


def trained(
    seed: int, chunks: int, workers: int, rounds: tuple[int, int], say: Callable[[str], None]
) -> tuple[Model, dict[str, Any]]:
    """The model and what is to be told of its training."""
    kept = TRAINING_GROUPS
    calibration_each = max(2, chunks // 3)
    jobs = jobs_of("training", kept, chunks, seed)
    jobs += jobs_of("calibration", CALIBRATION_GROUPS, calibration_each, seed)
    with worker_pool(workers) as pool:
        films: list[Chunk] = list(pool.map(drawn, jobs, chunksize=2))
        say(f"drawn: {len(films)} chunks, {sum(len(t.states) for _, t in films)} pictures")
        training = chunks * len(kept)
        found = list(pool.map(pixel_rows, films[:training], chunksize=2))
        pixel = fitted_pixels(
            np.concatenate([f for f, _ in found]), np.concatenate([c for _, c in found]), seed, rounds[0]
        )
        say(f"pixel network fitted to {sum(len(c) for _, c in found)} pixels")
        rows: list[Rows] = list(pool.map(rows_of, ((film, pixel) for film in films), chunksize=2))
    say("features seen")
    state, level = fitted_heads(rows[:training], seed, 3, rounds[1])
    plain = np.array([[0.0, 1.2], [0.0, 1.2]], np.float32)
    model = Model(pixel, state, level, plain, np.array([1, 0, 0], np.float32))
    model = Model(pixel, state, level, straightened(model, rows[training:]), model.sure)
    model = Model(pixel, state, level, model.level_curve, fitted_sureness(model, rows[training:]))
    told = {
        "trainingGroups": list(kept),
        "trainingChunks": training,
        "trainingPictures": sum(len(t.states) for _, t in rows[:training]),
        "calibration": heat_figures(model, rows[training:]),
    }
    return model, told


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1000, help="draws the films and starts the networks")
    parser.add_argument("--chunks", type=int, default=30, help="training chunks of 16 s a style group")
    parser.add_argument("--test-chunks", type=int, default=8, help="test chunks of up to 60 s a style group")
    parser.add_argument(
        "--rounds", type=int, nargs=2, default=(14, 60), help="epochs of the pixel network, of the heads"
    )
    parser.add_argument("--out", type=Path, default=_HERE, help="where the package's files are written")
    parser.add_argument("--fire", type=Path, help="folder of the film of real fire, to be measured too")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    given = parser.parse_args(arguments)
    began = time.perf_counter()

    def say(words: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {words}", file=sys.stderr, flush=True)

    model, told = trained(given.seed, given.chunks, given.workers, tuple(given.rounds), say)
    say("fitted; drawing the test")
    figures = heat_figures(model, heat_rows(model, "test", given.test_chunks, given.seed, given.workers))
    took_s = time.perf_counter() - began
    fire = {} if given.fire is None else {"fire": fire_figures(model, given.fire)}
    body = weights_bytes(model)
    told = {
        "seed": given.seed,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m model_packages.flame.train --seed {given.seed} --chunks {given.chunks}",
        "wallSeconds": round(took_s, 1),
        "weightsSha256": hashlib.sha256(body).hexdigest(),
        "testGroups": list(TEST_GROUPS),
        "test": figures,
        **told,
        **fire,
    }
    write_package(given.out, body, told)
    print(
        json.dumps({"heatAccuracy": figures["heatAccuracy"], "seconds": figures["seconds"], "took": took_s})
    )
    return 0


def write_package(folder: Path, weights: bytes, told: dict[str, Any]) -> None:
    """Weights, manifest, metrics and model card, the manifest last: it vouches for the others.

    The program finds packages by their ``model.json``. Where the bar is missed the manifest gets another
    name, so that nobody is judged by this model who did not choose it (``register`` copies it).
    """
    from .card import model_card

    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "analyser": "heat",
        "name": "flame",
        "version": VERSION,
        "inference": "inference.py",
        "weights": "weights.npz",
        "weights_sha256": told["weightsSha256"],
        "trained_on": TRAINED_ON,
        "engine": "numpy, float32, CPU",
    }
    reached = (told["test"]["heatAccuracy"] or 0.0) >= BAR
    manifest_name, other = (FOUND, SET_ASIDE) if reached else (SET_ASIDE, FOUND)
    (folder / other).unlink(missing_ok=True)
    texts = {
        "metrics.json": json.dumps(told, indent=1) + "\n",
        "MODEL_CARD.md": model_card(told),
        manifest_name: json.dumps(manifest, indent=1) + "\n",
    }
    _replace(folder / "weights.npz", weights)
    for name, text in texts.items():
        _replace(folder / name, text.encode())


def _replace(path: Path, body: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(body)
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
