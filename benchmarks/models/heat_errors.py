"""Counts how the installed model of the flame errs, on drawn films of the calibration kitchens, as YAML.

    python -m benchmarks.models.heat_errors [--films 84] [--seed 20000] [--models FOLDER]

What it prints goes into ``bharatchef/perception/data/heat_errors.yaml``, under the sha256 of the weights that
were counted. Films are taken to be of three kinds, read too low, rightly or too high; which film is of which,
and what each kind takes for what, is found by expectation maximisation (Dawid and Skene 1979) from the true
heat of each step. How well heat is then judged, each film by counts that leave it and its neighbours out, is
told beside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from adapters.local.models import built_in_folders
from benchmarks.models.looking import drawn, looked_at, models_in, performance_seen
from benchmarks.models.planted import Film, films
from bharatchef.coaching.choosing import load_severity
from bharatchef.judgement import judge, load_thresholds
from bharatchef.judgement.settling import Held, readings
from bharatchef.judgement.thresholds import Thresholds
from bharatchef.observed import Analyser, FilmKind, HeatErrors, HeatTrace, Performance, Unavailable
from bharatchef.perception.heat import heat_read
from bharatchef.vocabulary import DeviationKind, HeatLevel
from kitchen_sim.truth import DEVIATIONS
from knowledge_base.library import DishLibrary
from model_packages.training.kitchens import CALIBRATION_GROUPS

# The first parts off from lit, the others a drawn low (0.3), medium (0.6) and high flame (1), and between.
HOW = HeatErrors(bounds=(0.08, 0.35, 0.5, 0.66, 0.82, 0.97), within=0.2, lead_s=1.0)
# Before anything is counted: each kind of film reads this many levels higher than is true, give or take so
# much, anything else at this rate; and that weighs as much as so many steps of each level.
_HIGHER, _OFF, _ELSE, _STEPS = (-0.8, 0.0, 0.8), 0.15, 0.02, 4.0
_DRAWN = (0.0, 0.3, 0.6, 1.0)
# In so many steps a vessel or a hand covers part of the flame, or another burner is looked at: then anything
# lower may be read, whatever the kind of film. A few hundred steps show too few of these to count them.
_COVERED = 0.03
_FILMS_A_KIND, _ROUNDS, _FOLDS = 2.0, 60, 7
TOLD_FROM = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95)

Floats = npt.NDArray[np.float64]
# Of each step that could be read: its true level and the reading.
Read = list[tuple[int, int]]


def read_in(film: Film, trace: HeatTrace) -> Read:
    """What was read of each step of a drawn film that asks for a heat, beside the truth."""
    steps = film.script.steps
    seen = heat_read(trace, [(s.start_s, s.end_s) for s in steps], HOW)
    held = [
        Held(film.dish.step(step.step_id).heat, step.start_s, step.end_s, one)
        for step, one in zip(steps, seen, strict=True)
    ]
    found = readings(held, HOW, load_thresholds().heat.steady_share)
    return [
        (list(HeatLevel).index(HeatLevel(step.heat)), reading)
        for step, reading in zip(steps, found, strict=True)
        if reading is not None and step.heat is not None
    ]


def counted(read: Sequence[Read]) -> HeatErrors:
    """How films are misread, from what was read of each."""
    rates = before = _before()
    shares = np.full(len(_HIGHER), 1 / len(_HIGHER))
    for _ in range(_ROUNDS):
        steps, kinds = before * _STEPS, np.full(len(_HIGHER), _FILMS_A_KIND)
        for one in read:
            if not one:
                continue
            odds = np.log(shares) + sum(np.log(rates[:, true, seen]) for true, seen in one)
            mine = np.exp(odds - odds.max())
            mine /= mine.sum()
            kinds += mine
            for true, seen in one:
                steps[:, true, seen] += mine
        rates, shares = steps / steps.sum(-1, keepdims=True), kinds / kinds.sum()
    rates = (1 - _COVERED) * rates + _COVERED * _lower(rates)
    return HOW.model_copy(
        update={
            "kinds": tuple(
                FilmKind(
                    share=round(float(share), 3),
                    read={
                        level: tuple(max(0.001, round(float(r), 3)) for r in row)
                        for level, row in zip(HeatLevel, rows, strict=True)
                    },
                )
                for share, rows in zip(shares, rates, strict=True)
            )
        }
    )


def _before() -> Floats:
    """What is said before films are counted, by kind, true level and reading; rows sum to 1."""
    ends = (*HOW.bounds, 1.0)
    middles = np.array([0.0, *((a + b) / 2 for a, b in pairwise(ends))])
    rates = np.empty((len(_HIGHER), len(_DRAWN), len(middles)))
    for kind, higher in enumerate(_HIGHER):
        for true in range(len(_DRAWN)):
            looks = np.interp(true + higher if true else 0.0, range(len(_DRAWN)), _DRAWN)
            rates[kind, true] = np.exp(-((middles - looks) ** 2) / (2 * _OFF**2)) + _ELSE
    shares: Floats = rates / rates.sum(-1, keepdims=True)
    return shares


def _lower(rates: Floats) -> Floats:
    """Each reading below a level's usual one alike, the lowest where none is below it; rows sum to 1."""
    usual = np.maximum(rates.argmax(-1)[..., None], 1)
    shares: Floats = (np.arange(rates.shape[-1]) < usual) / usual
    return shares


def judged_by_others(
    looks: Sequence[tuple[Film, HeatTrace, Performance]], thresholds: Thresholds
) -> list[dict[str, Any]]:
    """Wrong heats told of each film, and those planted, by counts of films that are not near it."""
    told: list[dict[str, Any]] = []
    for fold in range(_FOLDS):
        # Two that follow each other are of one dish and one camera.
        errors = counted(
            [read_in(film, trace) for k, (film, trace, _) in enumerate(looks) if k // 2 % _FOLDS != fold]
        )
        for k, (film, trace, performance) in enumerate(looks):
            if k // 2 % _FOLDS != fold:
                continue
            spans = [(s.start_s, s.end_s) for s in performance.segments]
            seen = performance.model_copy(
                update={"heat_errors": errors, "heat_read": tuple(heat_read(trace, spans, errors))}
            )
            judgement = judge(film.dish, seen, thresholds)
            planted = [m for m in film.script.mistakes if DEVIATIONS[m.kind] == DeviationKind.WRONG_HEAT]
            found = [d for d in judgement.deviations if d.kind is DeviationKind.WRONG_HEAT]
            told.append(
                {
                    "correct": not film.script.mistakes,
                    "planted": [m.step_id for m in planted],
                    "told": [(d.step_id, d.confidence) for d in found],
                    "unsettled": len(judgement.heat_unsettled),
                    "asking": sum(film.dish.step(s).heat is not None for s, _ in judgement.matches),
                }
            )
    return told


def figures(rows: Sequence[dict[str, Any]], least: float) -> str:
    """What of the wrong heats is right, found, and told of correct films; and how many steps are settled.

    Args:
        least: how sure a finding must be to be told.
    """
    told = [(step in row["planted"]) for row in rows for step, sure in row["told"] if sure >= least]
    planted = sum(len(row["planted"]) for row in rows)
    correct = [row for row in rows if row["correct"]]
    flagged = sum(any(sure >= least for _, sure in row["told"]) for row in correct)
    settled = 1 - sum(row["unsettled"] for row in rows) / max(1, sum(row["asking"] for row in rows))
    return (
        f"{sum(told)} of {len(told)} told are right, {sum(told)} of {planted} planted are told,"
        f" {flagged} of {len(correct)} correct films flagged, {settled:.0%} of steps settled"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--films", type=int, default=84)
    parser.add_argument("--seed", type=int, default=20000)
    parser.add_argument("--work", type=Path, default=Path(".train") / "whole-way")
    parser.add_argument("--models", type=Path, action="append", help="a folder of packages that goes first")
    given = parser.parse_args(arguments)
    models = models_in((*(given.models or ()), *built_in_folders()))
    model = models.identify(Analyser.HEAT)
    if isinstance(model, Unavailable):
        print(f"no model of the flame is installed: {model.reason}", file=sys.stderr)
        return 2
    given.work.mkdir(parents=True, exist_ok=True)
    looks = []
    for film in films(list(DishLibrary().list_dishes()), CALIBRATION_GROUPS, given.films, 5, given.seed):
        looked = looked_at(drawn(film.script, given.work), film.dish, models)
        trace = looked.seen[Analyser.HEAT]
        assert isinstance(trace, HeatTrace)
        looks.append((film, trace, performance_seen(film.dish, looked)[0]))
    thresholds = load_thresholds()
    for least in TOLD_FROM:
        heat = thresholds.heat.model_copy(update={"wrong_from": least})
        rows = judged_by_others(looks, thresholds.model_copy(update={"heat": heat}))
        print(f"told from {least}: {figures(rows, load_severity().tell_from)}", file=sys.stderr)
    errors = counted([read_in(film, trace) for film, trace, _ in looks])
    found = {model.weights_sha256: errors.model_dump(mode="json")}
    print(yaml.safe_dump(found, sort_keys=False, default_flow_style=None, width=110), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
