"""Draws kitchens, trains the flame package on them, and writes weights, manifest, metrics, model card.

    python -m model_packages.flame.train [--seed 1000] [--files 64] [--work FOLDER] [--out FOLDER]
    python -m model_packages.flame.train --labelled FOLDER [--start PACKAGE]

What was drawn and a checkpoint after each epoch lie in the work folder; the same command goes on from there.
Whole style groups are kept out: one for calibration, two for the test, which is looked at once, at the end.
With ``--labelled`` (or ``SM_CHANNEL_TRAINING``) the last layer of the package in ``--start`` (or
``SM_CHANNEL_START``; left out, of the one that lies here) learns from people's own films: ``labelled.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# One thread a process: the processes share the cores already.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import torch

from model_packages.engine import compiled_model, engine_words, pack_ir
from model_packages.members import members_in, with_members
from model_packages.training.files import put_whole
from model_packages.training.kitchens import CALIBRATION_GROUPS, TEST_GROUPS, TRAINED_ON, TRAINING_GROUPS

from .answering import Model, Numbers, packed
from .burning import MEMBERS
from .card import model_card
from .films import draw_film, film_jobs, films_at
from .fitting import fitted_numbers
from .learning import trained
from .metrics import fire_figures, heat_figures
from .networks import graph_of
from .own import learned_on, own_card
from .register import CODE, FOUND, SET_ASIDE, WEIGHTS
from .samples import PICTURES_A_FILE, draw_file, jobs_of, samples_in

VERSION = "3.0.0"
BAR = 0.95
# A package that is less often right than this, in the kitchens of test or calibration, is not found by
# the program unless somebody registers it. It is no bar for accusing a cook: what a package says of heat is
# read by the errors that were counted of its very weights, and where none were it accuses nobody.
USEFUL = 0.70
_HERE = Path(__file__).resolve().parent
_PLAIN = Numbers(0.9, 1.0, 0.5, (1.0, 0.0))


def is_useful(told: dict[str, Any]) -> bool:
    """Whether figures as ``metrics.json`` holds them are good enough to be used without being chosen."""
    return min(told[part]["heatAccuracy"] or 0.0 for part in ("test", "calibration")) >= USEFUL


def drawn(draw: Callable[[Any], str], jobs: Sequence[Any], workers: int) -> Iterator[str]:
    """The paths of what ``draw`` draws for each job, in processes that begin anew.

    One forked while a library holds a lock of its threads would wait for ever.
    """
    if workers == 1 or len(jobs) == 1:
        yield from map(draw, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(draw, jobs)


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parsed(arguments)
    began = time.perf_counter()

    def say(words: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {words}", file=sys.stderr, flush=True)

    work: Path = given.work
    work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(given.threads)
    if given.labelled is not None:
        return _adapt(given, say)
    paths = list(drawn(draw_file, jobs_of(work, TRAINING_GROUPS, given.files, given.seed), given.workers))
    say(f"drawn: {len(paths) * PICTURES_A_FILE} pictures")
    graphs = {
        name: graph_of(
            trained(name, partial(samples_in, paths, name), work, epochs=epochs, seed=given.seed, say=say)
        )
        for name, epochs in zip(("where", "what"), given.epochs, strict=True)
    }
    bodies = {name: _packed_graph(graph, work) for name, graph in graphs.items()}
    model = Model(compiled_model(graphs["where"]), compiled_model(graphs["what"]), _PLAIN)
    tuned_on = film_jobs("calibration", CALIBRATION_GROUPS, given.films, given.seed, work, given.seconds)
    calibration = list(films_at(list(drawn(draw_film, tuned_on, given.workers)), model))
    numbers = fitted_numbers(calibration)
    say(f"fitted: {numbers}")
    tested_on = film_jobs("test", TEST_GROUPS, given.test_films, given.seed, work, given.seconds)
    tested = list(films_at(list(drawn(draw_film, tested_on, given.workers)), model))
    figures = heat_figures(numbers, tested)
    # What sees smoke looks over the burner, whatever these two say of the flame: it goes along.
    smoke = members_in(_HERE / WEIGHTS, MEMBERS) if (_HERE / WEIGHTS).exists() else {}
    body = with_members(packed(bodies["where"], bodies["what"], numbers), MEMBERS, smoke)
    told = {
        "seed": given.seed,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m model_packages.flame.train --seed {given.seed} --files {given.files}"
        f" --epochs {given.epochs[0]} {given.epochs[1]}",
        "wallSeconds": round(time.perf_counter() - began, 1),
        "weightsSha256": hashlib.sha256(body).hexdigest(),
        "engine": engine_words(graphs["what"]),
        "trainingGroups": list(TRAINING_GROUPS),
        "trainingPictures": len(paths) * PICTURES_A_FILE,
        "calibrationGroups": list(CALIBRATION_GROUPS),
        "calibration": heat_figures(numbers, calibration),
        "testGroups": list(TEST_GROUPS),
        "test": figures,
        "learningCurve": {
            name: torch.load(work / f"{name}.pt", weights_only=True)["losses"] for name in graphs
        },
        **({"burning": _figures_here()["burning"]} if smoke else {}),
        **({} if given.fire is None else {"fire": fire_figures(given.fire)}),
    }
    write_package(given.out, body, told)
    print(json.dumps({k: figures[k] for k in ("heatAccuracy", "litOrOffAccuracy", "seconds")}))
    return 0


def _figures_here() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((_HERE / "metrics.json").read_text("utf-8"))
    return found


def _adapt(given: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Teach the last layer of the package in ``--start`` from labelled films; 2 where they do not do."""
    cv2.setNumThreads(1)
    try:
        learned = learned_on(given.labelled, given.start or _HERE, given.work, say)
    except (ValueError, OSError) as error:
        print(f"training stopped: {error}", file=sys.stderr)
        return 2
    body = packed(learned.where, _packed_graph(learned.what, given.work), learned.numbers)
    told = {
        **learned.told,
        "command": "python -m model_packages.flame.train --labelled FOLDER --start PACKAGE",
        "weightsSha256": hashlib.sha256(body).hexdigest(),
        "engine": engine_words(learned.what),
    }
    write_package(given.out, body, told, card=own_card(told, bar=BAR), trained_on=told["trainedOn"])
    print(json.dumps({k: told["test"][k] for k in ("heatAccuracy", "litOrOffAccuracy", "seconds")}))
    return 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cores = int(os.environ.get("SM_NUM_CPUS", "") or os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1000, help="draws the kitchens and starts the networks")
    parser.add_argument("--files", type=int, default=64, help="files of 100 training pictures each")
    parser.add_argument(
        "--epochs", type=int, nargs=2, default=(3, 8), help="of the first and of the second network"
    )
    parser.add_argument("--films", type=int, default=12, help="calibration chunks a style group")
    parser.add_argument("--test-films", type=int, default=8, help="test chunks a style group")
    parser.add_argument("--seconds", type=float, default=60.0, help="longest chunk of calibration and test")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(os.environ.get("SM_MODEL_DIR", "") or _HERE),
        help="where the package's files are written (SM_MODEL_DIR)",
    )
    parser.add_argument(
        "--work", type=Path, default=Path(".train/flame"), help="what is drawn, and checkpoints"
    )
    channel, start = (os.environ.get(f"SM_CHANNEL_{name}", "") for name in ("TRAINING", "START"))
    parser.add_argument("--labelled", type=Path, default=Path(channel) if channel else None)
    parser.add_argument(
        "--start", type=Path, default=Path(start) if start else None, help="package whose last layer learns"
    )
    parser.add_argument("--fire", type=Path, help="folder of the film of real fire, to be measured too")
    parser.add_argument("--workers", type=int, default=min(2, cores), help="processes that draw")
    parser.add_argument("--threads", type=int, default=min(2, cores), help="threads that train")
    return parser.parse_args(arguments)


def _packed_graph(graph: Any, work: Path) -> bytes:
    with tempfile.TemporaryDirectory(dir=work) as folder:
        return pack_ir(graph, Path(folder) / "network.ovz").read_bytes()


def write_package(
    folder: Path,
    weights: bytes,
    told: dict[str, Any],
    *,
    card: str | None = None,
    trained_on: str = TRAINED_ON,
) -> None:
    """Weights, manifest, metrics and model card, the manifest last: it vouches for the others.

    Elsewhere than here the code that answers is put beside them, so that the folder is a whole package. The
    program finds packages by their ``model.json``. A package that is not useful gets a manifest of
    another name, so that nobody is judged by it who did not choose it (``register`` copies it).
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {
        "analyser": "heat",
        "name": "flame",
        "version": VERSION,
        "inference": "inference.py",
        "weights": WEIGHTS,
        "weights_sha256": told["weightsSha256"],
        "trained_on": trained_on,
        "engine": told["engine"],
        "content_types": ["video/mp4"],
    }
    useful = is_useful(told)
    if folder.resolve() != _HERE:
        for name in CODE:
            shutil.copyfile(_HERE / name, folder / name)
    manifest_name, other = (FOUND, SET_ASIDE) if useful else (SET_ASIDE, FOUND)
    (folder / other).unlink(missing_ok=True)
    put_whole(folder / WEIGHTS, weights)
    put_whole(folder / "metrics.json", (json.dumps(told, indent=1) + "\n").encode())
    put_whole(folder / "MODEL_CARD.md", (card or model_card(told, bar=BAR, useful=useful)).encode())
    put_whole(folder / manifest_name, (json.dumps(manifest, indent=1) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
