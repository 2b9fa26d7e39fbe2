"""Draws finished plates, fits the heads over a backbone, and writes weights, manifest, metrics and model
card.

    python -m model_packages.resnet.train [--seed 1000] [--each 5] [--work FOLDER] [--out FOLDER]
    python -m model_packages.resnet.train --plates FOLDER       people's own pictures, FOLDER/DISH/*.jpg
    python -m model_packages.resnet.train --labelled FOLDER     people's stills, and what lies on the plates
                                    [--start PACKAGE]           (labelled.py); learned on from this package
    python -m model_packages.resnet.train --resnet50 FILE       another backbone, torchvision's weights

What was drawn and embedded is kept in the work folder; a run that was stopped goes on from there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from model_packages.engine import compiled, engine_words, pack_ir
from model_packages.members import members_in, with_members
from model_packages.training.files import put_whole
from model_packages.training.kitchens import (
    CALIBRATION_GROUPS,
    TEST_GROUPS,
    TRAINED_ON,
    TRAINING_GROUPS,
    dishes,
)

from .card import model_card, own_card
from .drawing import drawn_plates
from .fitting import Rows, fitted_heads
from .inference import WEIGHTS
from .labelled import SUFFIX
from .likeness import heads_from
from .looking import Backbone, fitted, picture_of
from .measures import figures_of
from .plating import MEMBERS

VERSION = "1.0.0"
BAR = 0.95
OWN_PLATES = "; its experts' plates are people's own too"
_HERE = Path(__file__).resolve().parent
_FIRST_SEED = {"training": 0, "calibration": 300_000, "test": 600_000}
_GROUPS = {"training": TRAINING_GROUPS, "calibration": CALIBRATION_GROUPS, "test": TEST_GROUPS}
Say = Callable[[str], None]


def jobs_of(part: str, each: int, seed: int) -> Iterator[dict[str, Any]]:
    """What is drawn for a part: ``each`` films a dish and a style group."""
    number = seed + _FIRST_SEED[part]
    for _ in range(each):
        for group in _GROUPS[part]:
            for dish in sorted(dishes()):
                yield {"seed": number, "group": group, "dish": dish, "varied": part == "training"}
                number += 1


def rows_of(part: str, each: int, seed: int, backbone: Backbone, work: Path, say: Say) -> Rows:
    """Features and truth of drawn stills, those of earlier runs taken from ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    found: list[dict[str, Any]] = []
    for number, job in enumerate(jobs_of(part, each, seed)):
        path = work / f"{part}-{job['seed']}-{job['group']}-{job['dish']}.npz"
        if not path.exists():
            stills = drawn_plates(job)
            partial = path.with_name(f".{os.getpid()}.{path.name}")
            np.savez(
                partial,
                features=np.stack([backbone(fitted(picture_of(s.jpeg)))[0] for s in stills]),
                served=np.array([s.served for s in stills]),
                poor=np.array([s.poor for s in stills]),
            )
            partial.replace(path)
        with np.load(path) as kept:
            found.append({**job, **{name: kept[name] for name in kept.files}})
        if number % 26 == 25:
            say(f"{part}: {number + 1} films")
    return Rows.joined(found)


def own_rows(folder: Path, backbone: Backbone) -> tuple[Rows, Rows]:
    """(training, calibration) of people's own plates: every fifth picture of a dish is kept for calibration.

    Raises:
        ValueError: the folder has not two dishes of at least five pictures each.
    """
    parts: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    counts: list[int] = []
    for sub in sorted(p for p in folder.iterdir() if p.is_dir()):
        pictures = sorted(p for p in sub.iterdir() if p.suffix.lower() in (".jpg", ".jpeg"))
        counts.append(len(pictures))
        for number, path in enumerate(pictures):
            features = backbone(fitted(picture_of(path.read_bytes())))[0]
            row = {"dish": sub.name, "group": folder.name, "seed": number, "features": features[None]}
            truth = {"served": np.array([True]), "poor": np.array([False])}
            parts[number % 5 == 4].append({**row, **truth})
    if len(counts) < 2 or min(counts) < 5:
        raise ValueError(
            f"expected at least two folders of five .jpg each, one a dish, in {folder.name}, got {counts}"
        )
    return Rows.joined(parts[0]), Rows.joined(parts[1])


def package_from_checkpoint(path: Path | str, out: Path, **options: Any) -> dict[str, Any]:
    """A package of ResNet-50 with the torchvision weights in ``path``, written to ``out``; its metrics.

    Raises:
        ValueError: the file holds no ResNet-50 of torchvision's names and shapes.
    """
    return trained(out, checkpoint=Path(path), **options)


def trained(
    out: Path,
    *,
    work: Path,
    seed: int = 1000,
    each: int = 5,
    checkpoint: Path | None = None,
    plates: Path | None = None,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Fit the heads, write the package to ``out``, and give its metrics."""
    from .backbone import lite0_graph, resnet50_graph

    began = time.perf_counter()
    cv2.setNumThreads(1)
    out.mkdir(parents=True, exist_ok=True)
    work.mkdir(parents=True, exist_ok=True)
    name = "efficientnet-lite0" if checkpoint is None else "resnet50"
    graph = lite0_graph() if checkpoint is None else resnet50_graph(checkpoint)
    packed = pack_ir(graph, work / f"{name}.ovz")
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    say(f"{name}: {packed.stat().st_size / 1e6:.1f} MB")
    compiled(packed)
    backbone = Backbone(packed)
    kept = work / digest[:12]
    own = None
    if plates is not None:
        own = own_rows(plates, backbone)
    training = rows_of("training", each, seed, backbone, kept, say)
    calibration = rows_of("calibration", 3, seed, backbone, kept, say)
    heads = fitted_heads(training, calibration, own)
    test = rows_of("test", 1, seed, backbone, kept, say)
    heads.save(packed)
    # What judges plating looks at the still itself, whatever the backbone: it goes along.
    members = members_in(_HERE / WEIGHTS, MEMBERS)
    body = with_members(packed.read_bytes(), MEMBERS, members)
    told = {
        "seed": seed,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m model_packages.resnet.train --seed {seed} --each {each}",
        "backbone": name,
        "engine": engine_words(packed),
        "wallSeconds": round(time.perf_counter() - began, 1),
        "weightsSha256": hashlib.sha256(body).hexdigest(),
        "weightsBytes": len(body),
        "trainingGroups": list(TRAINING_GROUPS),
        "trainingFilms": len(training.features) // 3,
        "testGroups": list(TEST_GROUPS),
        "calibration": figures_of(heads, calibration),
        "test": figures_of(heads, test),
        **({"plating": _plating_figures()} if members else {}),
        **({} if own is None else {"ownPlates": {"calibration": figures_of(heads, own[1])}}),
    }
    assert np.array_equal(heads_from(packed).experts, heads.experts)
    write_package(out, body, told, "drawn films" if own is None else "own plates and drawn films")
    return told


def _plating_figures() -> Any:
    return json.loads((_HERE / "metrics.json").read_text("utf-8"))["plating"]


def learned(folder: Path, start: Path, out: Path, work: Path, say: Say = lambda _: None) -> dict[str, Any]:
    """Teach the heads of the package in ``start`` what people said of their plates; write it to ``out``.

    Raises:
        ValueError: see ``own.learned_on``.
    """
    from .own import learned_on

    cv2.setNumThreads(1)
    manifest = json.loads((start / "model.json").read_text("utf-8"))
    found = learned_on(folder, start, work, say)
    work.mkdir(parents=True, exist_ok=True)
    packed = found.heads.saved_in_place(start / manifest["weights"], work / "learned.ovz")
    # People's plates are not judged by what was learned from drawn ones.
    body = with_members(packed.read_bytes(), MEMBERS, {})
    told = {
        **found.told,
        "startedFrom": manifest["weights_sha256"],
        "backbone": manifest["name"].removeprefix("plate-"),
        "engine": manifest["engine"].split("; backbone")[0],
        "command": "python -m model_packages.resnet.train --labelled FOLDER --start PACKAGE",
        "weightsSha256": hashlib.sha256(body).hexdigest(),
        "weightsBytes": len(body),
        "trainedOn": manifest["trained_on"].removesuffix(OWN_PLATES) + OWN_PLATES,
    }
    out.mkdir(parents=True, exist_ok=True)
    write_files(out, body, told, own_card(told), told["trainedOn"])
    return told


def write_package(out: Path, weights: bytes, told: dict[str, Any], data: str) -> None:
    """Weights, metrics, card, and last the manifest: it vouches for the others."""

    backbone = "EfficientNet-Lite0" if told["backbone"] == "efficientnet-lite0" else "ResNet-50"
    what = "ImageNet pictures" if told["backbone"] == "efficientnet-lite0" else "what its weights file was"
    own = "" if data == "drawn films" else ", and an own collection of plates"
    write_files(out, weights, told, model_card(told), f"{TRAINED_ON}{own}; its backbone {backbone} on {what}")


def write_files(out: Path, weights: bytes, told: dict[str, Any], card: str, trained_on: str) -> None:
    """All files of a package, the manifest last."""
    manifest = {
        "analyser": "plate",
        "name": f"plate-{told['backbone']}",
        "version": VERSION,
        "inference": "inference.py",
        "weights": WEIGHTS,
        "weights_sha256": told["weightsSha256"],
        "trained_on": trained_on,
        "engine": f"{told['engine']}; backbone {told['backbone']}",
        "content_types": ["image/jpeg", "video/mp4"],
    }
    texts = {
        "metrics.json": json.dumps(told, indent=1) + "\n",
        "MODEL_CARD.md": card,
        "model.json": json.dumps(manifest, indent=1) + "\n",
    }
    put_whole(out / WEIGHTS, weights)
    for name, text in texts.items():
        put_whole(out / name, text.encode())
    if out.resolve() != _HERE:
        for path in _HERE.iterdir():
            if path.suffix == ".py" or path.name == "requirements.txt":
                put_whole(out / path.name, path.read_bytes())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1000, help="draws the plates and starts the fits")
    parser.add_argument("--each", type=int, default=5, help="training films a dish and a style group")
    parser.add_argument("--resnet50", type=Path, help="a torchvision ResNet-50 weights file as backbone")
    channel = os.environ.get("SM_CHANNEL_TRAINING")
    sent = Path(channel) if channel else None
    said = sent is not None and any(sent.rglob(f"*{SUFFIX}"))
    parser.add_argument("--plates", type=Path, default=None if said else sent, help="DISH/*.jpg")
    parser.add_argument("--labelled", type=Path, default=sent if said else None, help="stills with labels")
    parser.add_argument("--start", type=Path, default=Path(os.environ.get("SM_CHANNEL_START", _HERE)))
    parser.add_argument("--threads", type=int, help="threads that look at the stills")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("SM_MODEL_DIR", _HERE)))
    parser.add_argument(
        "--work", type=Path, default=Path(".train/resnet"), help="what was drawn is kept here"
    )
    given = parser.parse_args(arguments)
    began = time.perf_counter()

    def say(words: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {words}", file=sys.stderr, flush=True)

    if given.threads is not None:
        os.environ["BHARATCHEF_THREADS"] = str(given.threads)
    if given.labelled is not None:
        try:
            told = learned(given.labelled, given.start, given.out, given.work, say)
        except (ValueError, OSError) as error:
            print(f"training stopped: {error}", file=sys.stderr)
            return 2
        print(json.dumps({"test": told["test"], "weightsBytes": told["weightsBytes"]}))
        return 0
    told = trained(
        given.out,
        work=given.work,
        seed=given.seed,
        each=given.each,
        checkpoint=given.resnet50,
        plates=given.plates,
        say=say,
    )
    print(json.dumps({"test": told["test"], "weightsBytes": told["weightsBytes"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
