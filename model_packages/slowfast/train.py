"""Draws films (or reads people's own), trains the slowfast package on them, and writes it.

    python -m model_packages.slowfast.train [--films 180] [--steps 9000] [--work FOLDER] [--out FOLDER]
    python -m model_packages.slowfast.train --labelled FOLDER [--start PACKAGE]

With ``--start`` only the last layer of a package that is there learns (``adapting.py``): for a few films.
What is drawn and how far training is lie in the work folder: the same command goes on where it was stopped.
Whole style groups, or whole people and kitchens, are kept out for calibration and test.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from model_packages.engine import compiled_model, engine_words, pack_ir
from model_packages.members import with_members
from model_packages.training.files import put_whole
from model_packages.training.kitchens import TRAINED_ON

from .adapting import Start, fitted_head, looked_through
from .card import model_card
from .chain import Chain, counted
from .convert import LEAST_AGREEMENT, compared, graph_of, quantised
from .drawing import LABELS, SIZE, draw_shared, films_of, parts
from .labelled import film_of, labelled_films, split
from .learning import Film, Recipe, accuracy_on, learned, new_learner, resumed, seconds_truth
from .measuring import figures_of, fitted, probabilities
from .network import Shape, SlowFast
from .package import FIGURES, FOUND, SET_ASIDE, settings, write_package
from .pictures import Pictures, clip_frames, looks_at, rgb_of

BAR, USEFUL = 0.90, 0.70
OWN_FILMS, HELD_OUT = "people's own films", "films of people or kitchens that were kept out"
# What is answered with, (height, width): as large as the last training clips, see ``Recipe``.
SERVED = (112, 192)
# How often each second is looked at, see ``pictures.looks_at``.
LOOKS = 2
_HERE = Path(__file__).resolve().parent
SLIM = Shape(
    classes=len(LABELS), width=32, thin=4, frames=8, depths=(1, 2, 2, 1), stem_times=(1, 1), fusion_kernel=5,
    window=None, dropout=0.3,
)  # fmt: skip


@dataclass(frozen=True)
class Sets:
    """Films to learn from, to calibrate on and to be measured on, and what they are in words."""

    training: Callable[[], Sequence[Film]]
    calibration: Sequence[Film]
    test: Sequence[Film]
    trained_on: str
    groups: tuple[str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, convert, measure and write the package."""
    given = _parsed(arguments)
    given.work.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    torch.set_num_threads(given.threads)
    if given.start:
        return _adapt(given)
    sets = _own_sets(given.labelled) if given.labelled else _drawn_sets(given)
    recipe = Recipe(
        steps=given.steps, batch=given.batch, rate=given.rate, minutes=given.minutes, seed=given.seed,
        small=given.small, size=given.size,
    )  # fmt: skip
    learner = new_learner(SLIM, recipe)
    device = torch.device("cuda" if torch.cuda.is_available() and given.gpus else "cpu")
    learner.net.to(device)
    learner.averaged.to(device)
    checkpoint = given.work / "checkpoint.pt"
    if checkpoint.exists():
        learner = resumed(learner, checkpoint)
        print(f"goes on from step {learner.step}", file=sys.stderr)
    learned(
        learner,
        sets.training,
        recipe,
        checkpoint=checkpoint,
        look=lambda net, size: accuracy_on(net, sets.calibration[:8], size),
        say=lambda words: print(words, file=sys.stderr, flush=True),
    )
    net = learner.averaged.cpu().eval()
    films = sets.training()
    told: dict[str, Any] = {
        "seed": given.seed,
        "date": datetime.now(UTC).date().isoformat(),
        "command": "python -m model_packages.slowfast.train " + " ".join(given.words),
        "trainedOn": sets.trained_on,
        "trainingGroups": sets.groups[0],
        "testGroups": sets.groups[1],
        "trainingFilms": len(films),
        "trainingPictures": int(sum(len(f.labels) for f in films)),
        "trainingSeconds": round(learner.spent_s, 1),
        "steps": learner.step,
        "parameters": int(sum(p.numel() for p in net.parameters())),
        "frames": SLIM.frames,
        "looks": LOOKS,
        "labels": list(LABELS),
        "learningCurve": learner.curve,
    }
    written = finish(net, sets, given.out, told, clips=given.clips)
    print(json.dumps({k: written["test"][k] for k in ("accuracy", "balancedAccuracy", "calibrationError")}))
    return 0


def finish(net: SlowFast, sets: Sets, out: Path, told: dict[str, Any], *, clips: int = 160) -> dict[str, Any]:
    """Convert, calibrate, measure and write a trained network; the figures are of what is served."""
    graph = graph_of(net)
    seen = sample_clips(sets.calibration, clips, net.shape.frames)
    whole = quantised(graph, seen)
    int8 = compared(whole, net, seen)
    plain = int8 if int8.agreement >= LEAST_AGREEMENT else compared(graph, net, seen)
    served = whole if int8.agreement >= LEAST_AGREEMENT else graph
    tuned, tested = (_scored(served, net.shape, films) for films in (sets.calibration, sets.test))
    lasting = counted((seconds_truth(f, net.shape.classes)[1] for f in sets.training()), net.shape.classes)
    temperature, chain = fitted(lasting, tuned.scores, tuned.truth, tuned.film)
    told = {
        **told,
        "temperature": round(temperature, 4),
        "engine": engine_words(served),
        "int8": int8.as_json(),
        "served": plain.as_json(),
        "chain": {k: v for k, v in chain.as_json().items() if k != "shares"},
        "calibration": _figures(tuned, temperature, chain),
        "test": _figures(tested, temperature, chain),
        "testOfEachSecondAlone": _figures(tested, temperature, None)["accuracy"],
        "testWithAClipEvery2Seconds": _figures(tested, temperature, chain, every_s=2)["accuracy"],
    }
    _write(out, served, told, LABELS, net.shape.frames, temperature, chain, LOOKS)
    return told


def _adapt(given: argparse.Namespace) -> int:
    """Teach the last layer of the package in ``--start`` from labelled films, and write the package."""
    if given.labelled is None:
        raise ValueError("expected --labelled beside --start: drawn films are learned from whole")
    start = Start(given.start)
    before = json.loads((given.start / FIGURES).read_text("utf-8"))
    found = next(given.start / name for name in (FOUND, SET_ASIDE) if (given.start / name).exists())
    manifest = found.read_text("utf-8")
    began = time.monotonic()
    seen = {
        name: looked_through(start, films, given.work, SERVED, SIZE)
        for name, films in split(labelled_films(given.labelled)).items()
    }
    classes = len(start.labels)
    weights, bias = fitted_head(seen["training"])
    scored = {
        name: Scored(
            np.concatenate([f.scores + f.features @ weights.T + bias for f in films]).astype(np.float64),
            np.concatenate([f.truth for f in films]),
            np.concatenate([np.full(len(f.truth), number) for number, f in enumerate(films)]),
            [", ".join(f.film.about[:2]) for f in films for _ in f.truth],
        )
        for name, films in seen.items()
    }
    lasting = counted((f.truth for f in seen["training"]), classes)
    tuned = scored["calibration"]
    temperature, chain = fitted(lasting, tuned.scores, tuned.truth, tuned.film)
    # Who is asked for corrections gives few: the head that is served learns from all of them, and the figures
    # are of the one that learned from three fifths. Retraining measures what is served on films of its own.
    served = start.with_head(*fitted_head([film for films in seen.values() for film in films]))
    figures = partial(_figures, scored["test"], temperature, labels=start.labels)
    told = {
        **{name: before[name] for name in ("int8", "served", "parameters", "frames")},
        "seed": given.seed,
        "date": datetime.now(UTC).date().isoformat(),
        "command": "python -m model_packages.slowfast.train " + " ".join(given.words),
        "startedFrom": start.sha256,
        "looks": start.looks,
        "trainedOn": f"{json.loads(manifest)['trained_on']}; its last layer on {OWN_FILMS}",
        "trainingGroups": f"{OWN_FILMS}: the last layer alone, from weights {start.sha256[:12]}; measured"
        " without the films of calibration and test, served with them",
        "testGroups": HELD_OUT,
        "trainingFilms": len(seen["training"]),
        "trainingPictures": int(sum(len(f.film.labels) for f in seen["training"])),
        "trainingSeconds": round(time.monotonic() - began, 1),
        "steps": 1,
        "labels": list(start.labels),
        "learningCurve": [],
        "temperature": round(temperature, 4),
        "engine": engine_words(served),
        "chain": {k: v for k, v in chain.as_json().items() if k != "shares"},
        "calibration": _figures(tuned, temperature, chain, labels=start.labels),
        "test": figures(chain),
    }
    if start.context is None:
        told["testOfEachSecondAlone"] = figures(None)["accuracy"]
        told["testWithAClipEvery2Seconds"] = figures(chain, every_s=2)["accuracy"]
    else:
        told["context"] = before["context"]
    _write(
        given.out, served, told, start.labels, start.frames, temperature, chain, start.looks, start.members
    )
    print(json.dumps({k: told["test"][k] for k in ("accuracy", "balancedAccuracy", "calibrationError")}))
    return 0


def _write(
    out: Path, served: Any, told: dict[str, Any], labels: tuple[str, ...], frames: int, temperature: float,
    chain: Chain, looks: int, members: Mapping[str, bytes] | None = None,
) -> None:  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        weights = pack_ir(served, Path(folder) / "weights.ovz")
        put_whole(weights, with_members(weights.read_bytes(), (), members or {}))
        write_package(
            out,
            weights,
            settings(labels, frames, short_px=min(SERVED), temperature=temperature, chain=chain, looks=looks),
            model_card(told, bar=BAR, useful=USEFUL),
            engine=told["engine"],
            trained_on=told["trainedOn"],
            figures=told,
            useful=told["test"]["accuracy"] >= USEFUL,
        )


@dataclass(frozen=True)
class Scored:
    """Scores (seconds, labels), truth, number and name of the film of each second."""

    scores: Any
    truth: Any
    film: Any
    names: list[str]


def _scored(graph: Any, shape: Shape, films: Iterable[Film]) -> Scored:
    served = compiled_model(graph)
    scores, truths, numbers, names = [], [], [], []
    for number, film in enumerate(films):
        times, truth = seconds_truth(film, shape.classes)
        rgb = _sized(rgb_of(film.i420))
        scores.append(
            looks_at(
                rgb.__getitem__, lambda clips: served(clips)[0], times, len(rgb), shape.frames, LOOKS
            ).mean(1)
        )
        truths.append(truth)
        numbers += [number] * len(truth)
        names += [", ".join(film.about[:2])] * len(truth)
    return Scored(np.concatenate(scores).astype(np.float64), np.concatenate(truths), np.array(numbers), names)


def _figures(
    seen: Scored, temperature: float, chain: Chain | None, every_s: int = 1, labels: Sequence[str] = LABELS
) -> dict[str, Any]:
    chances = probabilities(seen.scores, seen.film, temperature, chain, every_s)
    return figures_of(chances, seen.truth, labels, seen.names)


def _sized(rgb: Pictures) -> Pictures:
    return np.stack([cv2.resize(picture, SERVED[::-1], interpolation=cv2.INTER_AREA) for picture in rgb])


def sample_clips(films: Sequence[Film], count: int, frames: int) -> list[Pictures]:
    """Clips from all over the films, as they are answered: (frames, height, width, 3)."""
    each = max(1, -(-count // len(films)))
    clips: list[Pictures] = []
    for film in films:
        times = np.linspace(0.5, max(0.5, len(film.labels) / 7.5 - 0.5), each)
        for at in clip_frames(times, len(film.i420), frames):
            clips.append(_sized(rgb_of(film.i420[at])))
    return clips[:count]


def _drawn_sets(given: argparse.Namespace) -> Sets:
    drawn = {part.name: part for part in parts(given.films, given.held_out, given.seed)}
    for part in drawn.values():
        draw_shared(given.work, part, given.workers, given.seconds)
    kept: dict[Path, Film] = {}

    def films(name: str) -> list[Film]:
        return [kept.get(p) or kept.setdefault(p, read_film(p)) for p in films_of(given.work, drawn[name])]

    words = (", ".join(drawn["training"].groups), "drawn films of " + ", ".join(drawn["test"].groups))
    return Sets(lambda: films("training"), films("calibration"), films("test"), TRAINED_ON, words)


def read_film(path: Path) -> Film:
    """A drawn film as ``draw_part`` keeps it; its pictures stay on the disk until they are looked at."""
    with np.load(path, allow_pickle=False) as stored:
        return Film(mapped(path, "i420"), stored["labels"], tuple(str(v) for v in stored["about"]))


def mapped(path: Path, name: str) -> npt.NDArray[Any]:
    """An array of a file that ``numpy.savez`` wrote, mapped: two thousand films do not fit into memory."""
    with zipfile.ZipFile(path) as stored, path.open("rb") as file:
        # The file's own header (PKWARE's APPNOTE, 4.3.7), then NumPy's; the array follows as it is.
        file.seek(stored.getinfo(f"{name}.npy").header_offset + 26)
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
        np.lib.format.read_magic(file)
        shape, _, kind = np.lib.format.read_array_header_1_0(file)
        return np.memmap(path, kind, "r", file.tell(), shape)


def _own_sets(folder: Path) -> Sets:
    found = {
        name: [film_of(film, LABELS, SIZE) for film in films]
        for name, films in split(labelled_films(folder)).items()
    }
    words = (OWN_FILMS, HELD_OUT)
    return Sets(lambda: found["training"], found["calibration"], found["test"], OWN_FILMS, words)


def _pair(text: str) -> tuple[int, int]:
    height, width = (int(part) for part in text.split("x"))
    return height, width


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    words = sys.argv[1:] if arguments is None else list(arguments)
    cores = int(os.environ.get("SM_NUM_CPUS", "") or os.cpu_count() or 1)
    channel, start = (os.environ.get(f"SM_CHANNEL_{name}", "") for name in ("TRAINING", "START"))
    parser = argparse.ArgumentParser(
        prog="python -m model_packages.slowfast.train", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--seed", type=int, default=1000, help="draws the kitchens and starts the network")
    parser.add_argument("--films", type=int, default=180, help="drawn films of a minute to learn from")
    parser.add_argument("--held-out", type=int, default=12, help="drawn films of calibration, and of test")
    parser.add_argument("--seconds", type=float, default=64.0, help="longest drawn film")
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--minutes", type=float, help="end training earlier, the rate of learning follows")
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--small", type=_pair, default=(64, 112), help="clips of the first two thirds, HxW")
    parser.add_argument("--size", type=_pair, default=(112, 192), help="clips of the last third, HxW")
    parser.add_argument("--clips", type=int, default=160, help="clips that INT8 is fitted and compared on")
    parser.add_argument("--labelled", type=Path, default=Path(channel) if channel else None)
    parser.add_argument(
        "--start", type=Path, default=Path(start) if start else None, help="package whose last layer learns"
    )
    parser.add_argument("--work", type=Path, default=Path(".train/slowfast"))
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("SM_MODEL_DIR", "") or _HERE))
    parser.add_argument("--workers", type=int, default=min(2, cores), help="processes that draw")
    parser.add_argument("--threads", type=int, default=min(2, cores), help="threads that train")
    parser.add_argument("--gpus", type=int, default=int(os.environ.get("SM_NUM_GPUS", "") or 1))
    given = parser.parse_args(words)
    given.words = without_paths(words)
    return given


def without_paths(words: Sequence[str]) -> list[str]:
    """A command's words without where files lie: that says nothing of a model, and is nobody's business."""
    return [w for k, w in enumerate(words) if not {w, words[k - 1] if k else ""} & _PATHS]


_PATHS = {"--work", "--out", "--labelled", "--start"}


if __name__ == "__main__":
    sys.exit(main())
