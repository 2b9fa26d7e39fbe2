"""Draws clean and badly plated finishes, trains the network that marks spills, and packs it into the package.

    python -m model_packages.resnet.train_spills [--films 1800] [--steps 4000] [--out PACKAGE] [--work FOLDER]

What was drawn, and the network as soon as it is trained, lie in the work folder: interrupted, the same
command goes on. The curve and the two bars are chosen on the calibration kitchens; the kitchens kept for
testing are measured once.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from model_packages.engine import pack_ir
from model_packages.members import with_members
from model_packages.training.files import put_whole
from model_packages.training.marking import Pair, Picture, graph_of, kept_or_learned, learned_marks

from .card import model_card
from .drawing import PlatePicture, drawn_plates
from .looking import picture_of
from .measures import auc
from .plating import MEMBERS, SIDE_PX, Curve, Spills, as_members
from .train import Say, jobs_of, write_files

_HERE = Path(__file__).resolve().parent
# Of the clean plates of the calibration kitchens this share may be called badly plated, and of the badly
# plated ones this share well plated; and less sure than this nothing is called at all.
_MOST_BLAMED, _MOST_LET_PASS, _LEAST_SURE = 0.01, 0.03, 0.7
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


def pairs_of(films: Sequence[Sequence[PlatePicture]]) -> tuple[list[Pair], list[Picture]]:
    """The pairs of drawn films, and their pictures of before anything is served."""
    pairs, before = [], []
    for stills in films:
        clean = next((s for s in stills if s.served and not s.poor), None)
        poor = next((s for s in stills if s.served and s.poor), None)
        before += [picture_of(s.jpeg) for s in stills if not s.served and not s.poor]
        if clean is not None and poor is not None and clean.box is not None:
            pairs.append(Pair(picture_of(clean.jpeg), picture_of(poor.jpeg), clean.box))
    return pairs, before


def scores_of(spills: Spills, pairs: Sequence[Pair]) -> np.ndarray[Any, Any]:
    """(pairs, 2) scores of the clean and of the badly plated picture, as the package gives them."""
    return np.array([[spills.score(picture) for picture in (p.clean, p.marked)] for p in pairs])


def curve_of(scores: np.ndarray[Any, Any]) -> Curve:
    """The curve and the two bars that fit scores (pairs, 2)."""
    from sklearn.linear_model import LogisticRegression

    truth = np.repeat([False, True], len(scores))
    fit = LogisticRegression(C=1.0).fit(scores.T.reshape(-1, 1), truth)
    curve = Curve(float(fit.coef_[0, 0]), float(fit.intercept_[0]), 1.0, 0.0)
    sure = sureness_of(curve, scores)
    poor_from = max(_LEAST_SURE, float(np.quantile(sure[:, 0], 1 - _MOST_BLAMED)))
    clean_to = min(1 - _LEAST_SURE, float(np.quantile(sure[:, 1], _MOST_LET_PASS)))
    return Curve(curve.slope, curve.offset, round(poor_from, 4), round(clean_to, 4))


def sureness_of(curve: Curve, scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How likely bad plating is, for each score."""
    return np.vectorize(curve.sureness, otypes=[float])(scores)


def figures_of(curve: Curve, scores: np.ndarray[Any, Any]) -> dict[str, Any]:
    """AUC of poor against clean, and what share of each is called badly plated and well plated."""
    sure = sureness_of(curve, scores)
    poor, clean = sure >= curve.poor_from, sure <= curve.clean_to
    return {
        "pairs": len(scores),
        "auc": auc(scores.T.ravel(), np.repeat([False, True], len(scores))),
        "poorFound": round(float(poor[:, 1].mean()), 4),
        "cleanBlamed": round(float(poor[:, 0].mean()), 4),
        "poorLetPass": round(float(clean[:, 1].mean()), 4),
        "cleanPassed": round(float(clean[:, 0].mean()), 4),
    }


def measured(
    package: Path, out: Path, work: Path, *, films: int, others: int, steps: int, seed: int, say: Say
) -> dict[str, Any]:
    """Draw, train, and write the package of ``package`` with the network that comes of it to ``out``.

    Args:
        films: drawn to train on; ``others`` for each of the other two parts.

    Returns:
        The figures, as they stand in the package's metrics under ``plating``.
    """
    began = time.perf_counter()
    training = drawn_films("training", films, seed, work)
    pairs, before = pairs_of(training)
    say(f"{len(pairs)} pairs drawn to train on")
    kept = work / f"spills-{films}-{steps}-{seed}.pt"
    network = kept_or_learned(
        kept, lambda: learned_marks(pairs, before, seed=seed, steps=steps, name="spills", say=say)
    )
    ir = pack_ir(graph_of(network, (1, SIDE_PX, SIDE_PX, 3)), work / "spills.ovz").read_bytes()
    spills = Spills(ir, Curve(1.0, 0.0, 1.0, 0.0))
    scores = scores_of(spills, pairs_of(drawn_films("calibration", others, seed, work))[0])
    curve = curve_of(scores)
    asked = f"--films {films} --steps {steps} --seed {seed}"
    told = {
        "command": f"python -m model_packages.resnet.train_spills {asked}",
        "date": datetime.now(UTC).date().isoformat(),
        "trainingPairs": len(pairs),
        "parameters": sum(p.numel() for p in network.parameters()),
        "calibration": figures_of(curve, scores),
        "test": figures_of(curve, scores_of(spills, pairs_of(drawn_films("test", others, seed, work))[0])),
        "wallSeconds": round(time.perf_counter() - began, 1),
    }
    write_into(package, out, as_members(ir, curve), told)
    return told


def write_into(package: Path, out: Path, members: dict[str, bytes], plating: dict[str, Any]) -> None:
    """The package of ``package`` with another network for plating and its figures, written to ``out``."""
    manifest = json.loads((package / "model.json").read_text("utf-8"))
    told = json.loads((package / "metrics.json").read_text("utf-8"))
    body = with_members((package / manifest["weights"]).read_bytes(), MEMBERS, members)
    told |= {
        "weightsSha256": hashlib.sha256(body).hexdigest(),
        "weightsBytes": len(body),
        "plating": plating,
    }
    out.mkdir(parents=True, exist_ok=True)
    write_files(out, body, told, model_card(told), manifest["trained_on"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--films", type=int, default=1800, help="films drawn to train on")
    parser.add_argument("--others", type=int, default=240, help="to calibrate on, and as many to test on")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=41_000)
    parser.add_argument("--package", type=Path, default=_HERE, help="the package that gets the network")
    parser.add_argument("--out", type=Path, default=_HERE)
    parser.add_argument("--work", type=Path, default=Path(".train/resnet-plating"))
    given = parser.parse_args(arguments)
    began = time.perf_counter()

    def say(words: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {words}", file=sys.stderr, flush=True)

    told = measured(
        given.package,
        given.out,
        given.work,
        films=given.films,
        others=given.others,
        steps=given.steps,
        seed=given.seed,
        say=say,
    )
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
