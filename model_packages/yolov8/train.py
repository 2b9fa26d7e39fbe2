"""Draws kitchens, trains the object package on them (or on labelled pictures), writes the whole package.

    python -m model_packages.yolov8.train [--work FOLDER] [--out FOLDER] [--pictures 4129] [--steps 1950 150]
    python -m model_packages.yolov8.train --pictures-of FOLDER     on people's own pictures, see ``own.py``

Goes on where it was stopped: drawn pictures and a checkpoint are kept in the work folder. Whole style
groups are
held out: one on which the choices are made, two for the test. Under SageMaker ``SM_MODEL_DIR``,
``SM_CHANNEL_TRAINING`` (a folder of labelled pictures) and ``SM_NUM_CPUS`` take the place of ``--out``,
``--pictures-of`` and ``--threads``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# One thread a library: numpy's and OpenCV's own threads only stand in the way of the training's.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

from model_packages.engine import engine_words, pack_ir, read_ir
from model_packages.training.files import put_whole
from model_packages.training.kitchens import CALIBRATION_GROUPS, TEST_GROUPS, TRAINED_ON, TRAINING_GROUPS

from .dataset import Entry, entries_of
from .decoding import letterboxed
from .detector import Detector, Spec, spec_in
from .drawing import write_training_set
from .evaluation import counts_of, drawn_films, figures, fitted_line, labelled_pictures, precisions, shown
from .exporting import drawn_spec, package_model, quantised
from .inference import WEIGHTS
from .labels import kitchen_classes
from .learning import Plan, Stage, trained
from .metrics import mean_average_precision
from .own import OwnPictures, own_pictures

VERSION = "1.0.0"
BAR = 0.85
# Chosen before any figure was known: a label found worse than this in the calibration kitchens is not
# reported.
LEAST_AP = 0.6
# INT8 is shipped where it costs less than this on the calibration kitchens.
MOST_LOST = 0.01
_HERE = Path(__file__).resolve().parent
_FIRST_SEED = 1000
_QUANTISING_PICTURES = 120

Say = Callable[[str], None]


def plan_of(steps: Sequence[int], batch: int, rate: float, seed: int, *, goes_on: bool = False) -> Plan:
    """First parts of pictures at full scale, then whole ones.

    A training that ``goes_on`` from another's weights finds boxes already: rare classes count from its start.
    """
    parts, whole = steps
    stages = (Stage(parts, (448, 256), (0.75, 1.25)), Stage(whole, (640, 384), (0.85, 1.15)))
    plan = Plan(stages, batch=batch, rate=rate, seed=seed)
    return replace(plan, balanced_from=0) if goes_on else plan


def drawn_entries(work: Path, pictures: int, seed: int, classes: int) -> list[Entry]:
    """Drawn pictures to train on, at least as many as asked for."""
    folder = work / "drawn"
    write_training_set(folder, TRAINING_GROUPS, pictures, _FIRST_SEED + seed)
    return entries_of(folder, classes)


def chosen(
    network: Any, labels: tuple[str, ...], calibration: Sequence[Any], quantise_on: Sequence[Any], say: Say
) -> tuple[Any, Spec, dict[str, Any]]:
    """The model to ship, what it means, and why, judged on ``calibration`` (pictures with truth) alone.

    A label is withheld where its average precision is below ``LEAST_AP`` or nothing of it was there; INT8 is
    taken where it costs less than ``MOST_LOST`` of mAP50.
    """
    plain = drawn_spec(labels)
    kept = package_model(network, plain)
    rows = shown(Detector(kept, plain), calibration)
    counts = counts_of(rows, labels)
    found = precisions(counts)
    withheld = tuple(name for name in labels if found.get(name, 0.0) < LEAST_AP)
    if len(withheld) == len(labels):
        withheld = ()
    told: dict[str, Any] = {"fp16": mean_average_precision(list(precisions(counts, withheld).values()))}
    say(f"calibration kitchens: FP16 {told['fp16']}, withheld {', '.join(withheld) or 'none'}")
    small = quantised(package_model(network, plain), quantise_on, plain) if quantise_on else None
    if small is not None:
        counts_small = counts_of(shown(Detector(small, plain), calibration), labels)
        told["int8"] = mean_average_precision(list(precisions(counts_small, withheld).values()))
        say(f"calibration kitchens: INT8 {told['int8']}")
        if (told["int8"] or 0.0) > (told["fp16"] or 0.0) - MOST_LOST:
            kept, counts = small, counts_small
    named = [c for name, c in counts.items() if name not in withheld]
    scores, right = (np.concatenate([getattr(c, part) for c in named]) for part in ("confidences", "right"))
    slope, offset = fitted_line(scores, right, plain.least)
    spec = replace(plain, withheld=withheld, slope=slope, offset=offset)
    return kept, spec, {"calibrationMap50": told, "slope": slope, "offset": offset}


def pictures_to_quantise_on(entries: Sequence[Entry], count: int) -> list[Any]:
    """Training pictures, RGB, fitted into one input size: the range of each layer is measured on them."""
    picked = entries[:: max(1, len(entries) // count)][:count]
    return [
        letterboxed(np.asarray(cv2.imread(str(e.picture))[..., ::-1], np.uint8), (640, 384))[0]
        for e in picked
    ]


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Train, choose, measure, write; 0, or 2 with one line that says what is wrong with what was given."""
    parser = argparse.ArgumentParser(prog="python -m model_packages.yolov8.train")
    parser.add_argument(
        "--work", type=Path, default=Path(".train/yolov8"), help="where drawn pictures are kept"
    )
    parser.add_argument("--out", type=Path, default=environment.get("SM_MODEL_DIR") or _HERE)
    parser.add_argument("--pictures-of", type=Path, default=environment.get("SM_CHANNEL_TRAINING"))
    parser.add_argument("--pictures", type=int, default=4129, help="how many are drawn")
    parser.add_argument("--steps", type=int, nargs=2, default=(1950, 150), help="on parts, on whole pictures")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=int(environment.get("SM_NUM_CPUS") or 1))
    parser.add_argument("--films", type=int, help="no more films than this in calibration and test each")
    parser.add_argument("--start", type=Path, help="checkpoint.pt of an earlier training to begin from")
    given = parser.parse_args(arguments)
    began = time.perf_counter()

    def say(words: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {words}", file=sys.stderr, flush=True)

    try:
        told = run(given, say)
    except (ValueError, OSError) as error:
        print(f"training stopped: {error}", file=sys.stderr)
        return 2
    print(json.dumps({"mAP50": told["test"]["mAP50"], "seconds": round(time.perf_counter() - began)}))
    return 0


def run(given: argparse.Namespace, say: Say) -> dict[str, Any]:
    """The whole of a training as ``main`` understood it; what ``metrics.json`` tells."""
    cv2.setNumThreads(1)
    own: OwnPictures | None = None
    if given.pictures_of is not None:
        own = own_pictures(Path(given.pictures_of), given.seed)
        labels, entries = own.labels, list(own.training)
        say(f"{len(entries)} pictures to train on; held out: {', '.join(own.held_out)}")
    else:
        labels = kitchen_classes().names
        entries = drawn_entries(given.work, given.pictures, given.seed, len(labels))
        say(f"{len(entries)} pictures drawn")
    plan = plan_of(given.steps, given.batch, given.rate, given.seed, goes_on=given.start is not None)
    checkpoint = given.work / "checkpoint.pt"
    start = None if given.start is None else start_weights(given.start, labels)
    network, curve, spent_s = trained(
        entries, len(labels), plan, checkpoint, start=start, say=say, threads=given.threads
    )
    if own is None:
        films = given.work / "films"
        calibration = list(drawn_films("calibration", films, given.films))
    else:
        calibration = list(labelled_pictures(own.calibration))
    model, spec, choice = chosen(
        network, labels, calibration, pictures_to_quantise_on(entries, _QUANTISING_PICTURES), say
    )
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    model.set_rt_info(spec.text(), ["bharatchef", "detector"])
    pack_ir(model, out / WEIGHTS)
    detector = Detector(read_ir(out / WEIGHTS), spec)
    test = (
        list(labelled_pictures(own.test)) if own else drawn_films("test", given.work / "films", given.films)
    )
    result = measured(detector, test)
    say(f"test: mAP50 {result['mAP50']}")
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": "python -m model_packages.yolov8.train"
        + (f" --pictures {given.pictures}" if own is None else " --pictures-of FOLDER")
        + f" --steps {given.steps[0]} {given.steps[1]} --batch {given.batch} --seed {given.seed}"
        + ("" if given.start is None else " --start CHECKPOINT"),
        "seed": given.seed,
        "trainedOn": TRAINED_ON if own is None else "pictures of its owner's kitchens",
        "pictures": len(entries),
        "trainingGroups": list(TRAINING_GROUPS) if own is None else None,
        "calibrationGroups": list(CALIBRATION_GROUPS) if own is None else None,
        "testGroups": list(TEST_GROUPS) if own is None else list(own.held_out),
        "trainingSeconds": round(spent_s),
        "learningCurve": curve,
        "bar": BAR,
        **choice,
        "test": result,
    }
    write_package(out, told)
    return told


def start_weights(checkpoint: Path, labels: tuple[str, ...]) -> dict[str, Any]:
    """The averaged weights of an earlier training, its last layer only where it has as many classes.

    Raises:
        ValueError: it is no checkpoint of this training.
    """
    import pickle

    import torch

    from .learning import network

    try:
        kept = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    except (OSError, KeyError, RuntimeError, pickle.UnpicklingError) as error:
        raise ValueError(
            f"expected a checkpoint of an earlier training, got {checkpoint.name}: {error}"
        ) from error
    fresh: dict[str, Any] = network(len(labels)).state_dict()
    return {k: kept[k] if k in kept and kept[k].shape == v.shape else v for k, v in fresh.items()}


def measured(detector: Detector, pictures: Any) -> dict[str, Any]:
    """The published figures of a detector on pictures with truth."""
    from .detector import calibrated

    spec = detector.spec
    counts = counts_of(shown(detector, pictures), spec.labels)
    least = float(calibrated(np.array([spec.least], np.float32), spec.slope, spec.offset)[0])
    return figures(counts, spec.withheld, least)


def write_package(folder: Path, told: dict[str, Any]) -> None:
    """Metrics, card and manifest for the weights that lie in ``folder``, the manifest last: it vouches for
    them."""
    from .card import model_card

    weights = folder / WEIGHTS
    model = read_ir(weights)
    told = {
        **told,
        "weightsSha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "engine": engine_words(model),
    }
    told["weightsBytes"] = weights.stat().st_size
    manifest = {
        "analyser": "objects",
        "name": "yolov8n",
        "version": VERSION,
        "inference": "inference.py",
        "weights": WEIGHTS,
        "weights_sha256": told["weightsSha256"],
        "trained_on": told["trainedOn"],
        "engine": told["engine"],
        "content_types": ["video/mp4", "image/jpeg"],
    }
    texts = {
        "metrics.json": json.dumps(told, indent=1) + "\n",
        "MODEL_CARD.md": model_card(told, spec_in(model)),
        "model.json": json.dumps(manifest, indent=1) + "\n",
    }
    for name, text in texts.items():
        put_whole(folder / name, text.encode())
    if folder.resolve() != _HERE:
        copy_code(folder)


def copy_code(folder: Path) -> None:
    """Put the code that answers beside weights that lie elsewhere, so that the folder is a whole package."""
    for name in ("inference.py", "answering.py", "decoding.py", "detector.py", "requirements.txt"):
        (folder / name).write_bytes((_HERE / name).read_bytes())


if __name__ == "__main__":
    sys.exit(main())
