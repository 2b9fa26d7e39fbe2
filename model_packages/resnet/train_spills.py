"""Draws clean and badly plated finishes, trains the network that marks spills, and prints its figures.

    python -m model_packages.resnet.train_spills [--films 360] [--steps 940] [--test] [--work FOLDER]

Nothing of a package is written: the network is kept in the work folder, as is what was drawn for it. The
threshold is chosen on the calibration kitchens; ``--test`` measures it once on the kitchens kept for that.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model_packages.training.files import put_whole

from .drawing import PlatePicture, drawn_plates
from .measures import auc
from .spills import Pair, Spills, learned_spills, pairs_of, spilled
from .train import Say, jobs_of

_MOST_BLAMED = 0.02
_EACH = 40


def drawn_films(part: str, films: int, seed: int, work: Path) -> list[list[PlatePicture]]:
    """Stills of so many films of a part, kitchens and dishes mixed; those drawn before come from ``work``."""
    jobs = list(jobs_of(part, _EACH, seed))
    random.Random(seed).shuffle(jobs)
    work.mkdir(parents=True, exist_ok=True)
    return [_drawn(part, job, work) for job in jobs[:films]]


def _drawn(part: str, job: dict[str, Any], work: Path) -> list[PlatePicture]:
    path = work / f"{part}-{job['seed']}.npz"
    if not path.exists():
        stills = drawn_plates(job)
        body = io.BytesIO()
        np.savez(
            body,
            told=json.dumps([{**vars(s), "jpeg": None} for s in stills]),
            **{f"jpeg{n}": np.frombuffer(s.jpeg, np.uint8) for n, s in enumerate(stills)},
        )
        put_whole(path, body.getvalue())
    with np.load(path, allow_pickle=False) as kept:
        told = json.loads(str(kept["told"]))
        return [PlatePicture(**{**row, "jpeg": kept[f"jpeg{n}"].tobytes()}) for n, row in enumerate(told)]


def scores_of(network: Spills, pairs: Sequence[Pair]) -> np.ndarray[Any, Any]:
    """(pairs, 2) log odds of a spill in the clean and in the badly plated picture, no box being told."""
    return np.array([[spilled(network, picture) for picture in (p.clean, p.poor)] for p in pairs])


def figures_of(scores: np.ndarray[Any, Any], threshold: float) -> dict[str, Any]:
    """AUC of poor against clean, and the shares of each above ``threshold``."""
    return {
        "pairs": len(scores),
        "auc": auc(scores.T.ravel(), np.repeat([False, True], len(scores))),
        "poorFound": round(float((scores[:, 1] > threshold).mean()), 4),
        "cleanBlamed": round(float((scores[:, 0] > threshold).mean()), 4),
    }


def measured(work: Path, films: int, steps: int, seed: int, test: bool, say: Say) -> dict[str, Any]:
    """Draw, train and measure; the figures by part. A third as many films are drawn for each other part."""
    others = max(1, films // 3)
    pairs, before = pairs_of(drawn_films("training", films, seed, work))
    say(f"{len(pairs)} pairs drawn to train on")
    network = learned_spills(pairs, before, seed=seed, steps=steps, say=say)
    torch.save(network.state_dict(), work / "spills.pt")
    scores = scores_of(network, pairs_of(drawn_films("calibration", others, seed, work))[0])
    threshold = float(np.quantile(scores[:, 0], 1 - _MOST_BLAMED))
    told = {"trainingPairs": len(pairs), "steps": steps, "calibration": figures_of(scores, threshold)}
    if test:
        scores = scores_of(network, pairs_of(drawn_films("test", others, seed, work))[0])
        told["test"] = figures_of(scores, threshold)
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--films", type=int, default=360, help="films drawn to train on")
    parser.add_argument("--steps", type=int, default=940)
    parser.add_argument("--seed", type=int, default=41_000)
    parser.add_argument("--test", action="store_true", help="measure on the test kitchens too")
    parser.add_argument("--work", type=Path, default=Path(".train/resnet-plating"))
    given = parser.parse_args(arguments)
    began = time.perf_counter()

    def say(words: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {words}", file=sys.stderr, flush=True)

    told = measured(given.work, given.films, given.steps, given.seed, given.test, say)
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
