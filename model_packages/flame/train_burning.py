"""Draws what is over a burner with and without smoke, trains the network that marks it, and packs it in.

    python -m model_packages.flame.train_burning [--kitchens 800] [--steps 3000] [--out PACKAGE]

What was drawn, and the network as soon as it is trained, lie in the work folder: interrupted, the same
command goes on. The curve is fitted on the calibration kitchens; the kitchens kept for testing are measured
once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model_packages.engine import pack_ir
from model_packages.members import with_members
from model_packages.training.calibration import calibration_error
from model_packages.training.kitchens import CALIBRATION_GROUPS, TEST_GROUPS, TRAINING_GROUPS
from model_packages.training.marking import Pair, graph_of, kept_or_learned, learned_marks

from .burning import MEMBERS, PART_PX, Burning, Curve, as_members
from .drawing_smoke import KEPT_PX, SEEN_FROM, kept_smoke, smoke_in
from .register import FOUND, SET_ASIDE, WEIGHTS

_HERE = Path(__file__).resolve().parent
_GROUPS = {"training": TRAINING_GROUPS, "calibration": CALIBRATION_GROUPS, "test": TEST_GROUPS}
_FIRST_SEED = {"training": 0, "calibration": 300_000, "test": 600_000}
# Of looks at nothing that burns, at most this share may be called burning, before neighbours are asked.
_MOST_ALARMED = 0.005
# Smoke is thin: less than this of 255 is what encoding does.
_LEAST_CHANGE = 24
_EDGE = (KEPT_PX - PART_PX) // 2
Say = Callable[[str], None]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Scores of a part's looks (N,) without and with smoke, and how much of it there is (N,), 0 to 1."""

    clean: Floats
    smoked: Floats
    strength: Floats


def drawn(part: str, kitchens: int, seed: int, work: Path) -> list[str]:
    """The files of so many kitchens of a part; those drawn before are taken from ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    groups, first = _GROUPS[part], seed + _FIRST_SEED[part]
    jobs = [
        (first + n, groups[n % len(groups)], part == "training", str(work / f"{part}-{first + n}.npz"))
        for n in range(kitchens)
    ]
    return [kept_smoke(job) for job in jobs]


def pairs_of(paths: Sequence[str]) -> list[Pair]:
    """A pair a look, where something burns."""
    middle = (0.3, 0.2, 0.7, 0.8)
    pairs = []
    for path in paths:
        found = smoke_in(path)
        pairs += [
            Pair(found.clean[k], found.smoked[k], middle)
            for k in range(len(found.truth))
            if found.truth[k].max() >= SEEN_FROM / 2
        ]
    return pairs


def scored(burning: Burning, paths: Sequence[str]) -> Scored:
    """What the network says of the middle of each look."""
    inside = slice(_EDGE, _EDGE + PART_PX)
    rows: list[tuple[Floats, Floats, Floats]] = []
    for path in paths:
        found = smoke_in(path)
        if len(found.truth):
            sides = (burning.scores(list(p[:, inside, inside])) for p in (found.clean, found.smoked))
            rows.append((*sides, found.truth.max(1)))
    return Scored(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def curve_of(scores: Scored) -> Curve:
    """The logistic curve through looks that burn and looks that do not, moved so that few of these alarm."""
    from sklearn.linear_model import LogisticRegression

    seen = scores.smoked[scores.strength >= SEEN_FROM]
    truth = np.repeat([False, True], [len(scores.clean), len(seen)])
    fit = LogisticRegression(C=1.0, class_weight="balanced").fit(
        np.concatenate([scores.clean, seen])[:, None], truth
    )
    slope, offset = float(fit.coef_[0, 0]), float(fit.intercept_[0])
    bar = float(np.quantile(scores.clean, 1 - _MOST_ALARMED))
    return Curve(slope, min(offset, -slope * bar))


def figures_of(curve: Curve, scores: Scored) -> dict[str, Any]:
    """How well looks are told apart, one by one, and how often a risk of .5 is said of either kind."""
    seen = scores.strength >= SEEN_FROM
    clean, burning = curve.risks(scores.clean), curve.risks(scores.smoked[seen])
    above = (burning[:, None] > clean[None]).mean() + (burning[:, None] == clean[None]).mean() / 2
    told = np.concatenate([clean, burning])
    truth = [False] * len(clean) + [True] * len(burning)
    return {
        "looks": len(clean),
        "burning": len(burning),
        "auc": round(float(above), 4),
        "found": round(float((burning >= 0.5).mean()), 4),
        "alarmed": round(float((clean >= 0.5).mean()), 4),
        "calibrationError": round(calibration_error(told.tolist(), truth), 4),
    }


def measured(
    package: Path, out: Path, work: Path, *, kitchens: int, others: int, steps: int, seed: int, say: Say
) -> dict[str, Any]:
    """Draw, train, and write the package of ``package`` with the network that comes of it to ``out``.

    Args:
        kitchens: drawn to train on; ``others`` for each of the other two parts.

    Returns:
        The figures, as they stand in the package's metrics under ``burning``.
    """
    began = time.perf_counter()
    paths = drawn("training", kitchens, seed, work)
    say(f"{len(paths)} kitchens drawn to train on")

    def learn() -> Any:
        pairs = pairs_of(paths)
        say(f"{len(pairs)} pairs")
        return learned_marks(
            pairs, [], seed=seed, steps=steps, least_change=_LEAST_CHANGE, name="burning", say=say
        )

    network = kept_or_learned(work / f"burning-{kitchens}-{steps}-{seed}.pt", learn)
    ir = pack_ir(graph_of(network, (-1, PART_PX, PART_PX, 3)), work / "burning.ovz").read_bytes()
    burning = Burning(ir, Curve(1.0, 0.0))
    calibration = scored(burning, drawn("calibration", others, seed, work))
    curve = curve_of(calibration)
    asked = f"--kitchens {kitchens} --steps {steps} --seed {seed}"
    told = {
        "command": f"python -m model_packages.flame.train_burning {asked}",
        "date": datetime.now(UTC).date().isoformat(),
        "trainingKitchens": kitchens,
        "parameters": sum(p.numel() for p in network.parameters()),
        "calibration": figures_of(curve, calibration),
        "test": figures_of(curve, scored(burning, drawn("test", others, seed, work))),
        "wallSeconds": round(time.perf_counter() - began, 1),
    }
    write_into(package, out, as_members(ir, curve), told)
    return told


def write_into(package: Path, out: Path, members: dict[str, bytes], burning: dict[str, Any]) -> None:
    """The package of ``package`` with another network for smoke and its figures, written to ``out``."""
    from .train import write_package

    manifest = next(package / name for name in (FOUND, SET_ASIDE) if (package / name).exists())
    body = with_members((package / WEIGHTS).read_bytes(), MEMBERS, members)
    told = json.loads((package / "metrics.json").read_text("utf-8"))
    told |= {"weightsSha256": hashlib.sha256(body).hexdigest(), "burning": burning}
    write_package(out, body, told, trained_on=json.loads(manifest.read_text("utf-8"))["trained_on"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kitchens", type=int, default=800, help="drawn to train on")
    parser.add_argument("--others", type=int, default=100, help="to calibrate on, and as many to test on")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=51_000)
    parser.add_argument("--package", type=Path, default=_HERE, help="the package that gets the network")
    parser.add_argument("--out", type=Path, default=_HERE)
    parser.add_argument("--work", type=Path, default=Path(".train/flame-burning"))
    given = parser.parse_args(arguments)
    began = time.perf_counter()

    def say(words: str) -> None:
        print(f"{time.perf_counter() - began:6.0f} s  {words}", file=sys.stderr, flush=True)

    told = measured(
        given.package,
        given.out,
        given.work,
        kitchens=given.kitchens,
        others=given.others,
        steps=given.steps,
        seed=given.seed,
        say=say,
    )
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
