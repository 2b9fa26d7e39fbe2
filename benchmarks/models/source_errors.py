"""Counts how the installed action model errs, on drawn films of the calibration kitchens; prints it as YAML.

    python -m benchmarks.models.source_errors [--films 84] [--seed 20000] [--models FOLDER]

What it prints goes into ``bharatchef/perception/data/source_errors.yaml``, under the sha256 of the weights
that were counted. A step of the truth is taken for the action of the segment that covers most of it, and
overlooked where none covers enough. The odds of nothing being done are those of a few with which the steps'
actions have the best F1@50; the errors are counted with them, and what a pause between two
steps of one action looks like. With all this, what glimpses of an action tell of a step that nothing did is
fitted: whether it was left out, or done and overlooked.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml
from scipy.optimize import minimize

from adapters.local.models import built_in_folders
from benchmarks.models.looking import drawn, looked_at, models_in
from benchmarks.models.planted import Film, films
from benchmarks.models.whole_way import f1_at
from bharatchef.judgement import absent_steps, load_thresholds
from bharatchef.observed import ActionProbabilities, Analyser, Detections, SourceErrors, Unavailable
from bharatchef.perception.evidence import action_columns, action_evidence
from bharatchef.perception.parameters import labels, parameters
from bharatchef.perception.performance import performance_from
from bharatchef.perception.steps import recognise_steps
from bharatchef.records import ActionSegment
from bharatchef.vocabulary import DeviationKind
from kitchen_sim.script import Script
from kitchen_sim.truth import DEVIATIONS
from knowledge_base.library import DishLibrary
from model_packages.training.kitchens import CALIBRATION_GROUPS

# A segment speaks for a step of which it covers this share; a step below this length is counted as short.
LEAST_COVERED, SHORT_S = 0.3, 2.2
# A segment marks the beginning and end of a step that it shares this much of, of all that either covers.
LEAST_MET = 0.5
# Tried, the plainest first: a second in which nothing is done may be overstated, for short steps drown in it.
ODDS = (1.0, 0.7, 0.5, 0.35)
# Steps that were right besides those counted, for each action: what was seen once need not be usual.
_BESIDES = 5

# Between two steps hands are looked at from so long before the first ends to so long after the next begins.
_BESIDE_S = 0.7
# So many steps that nothing did have to be seen before anything is said of glimpses.
LEAST_ABSENCES = 20

# (odds by rates in nats, log10 of the best glimpse, whether it was left out)
Absence = tuple[float, float, bool]
# (action, what it was taken for, length in seconds)
Taken = tuple[str, str | None, float]


def taken_in(script: Script, segments: Sequence[ActionSegment]) -> Iterable[Taken]:
    """What each step of a drawn film was taken for."""
    for step in script.steps:
        length_s = step.end_s - step.start_s
        covers = [(_common(s, step.start_s, step.end_s), s.action_type) for s in segments]
        most, seen = max(covers, default=(0.0, None))
        yield step.action, seen if most >= LEAST_COVERED * length_s else None, length_s


def _common(segment: ActionSegment, start_s: float, end_s: float) -> float:
    return max(0.0, min(segment.end_s, end_s) - max(segment.start_s, start_s))


def beside(script: Script, segments: Sequence[ActionSegment]) -> Iterable[float]:
    """How far each beginning and end is from the truth, seconds, where a step of that action is half met."""
    left = list(script.steps)
    for segment in segments:
        same = [(_overlap(segment, s.start_s, s.end_s), s) for s in left if s.action == segment.action_type]
        most, step = max(same, key=lambda found: found[0], default=(0.0, None))
        if step is not None and most >= LEAST_MET:
            left.remove(step)
            yield from (abs(segment.start_s - step.start_s), abs(segment.end_s - step.end_s))


def _overlap(segment: ActionSegment, start_s: float, end_s: float) -> float:
    return _common(segment, start_s, end_s) / max(
        1e-9, max(segment.end_s, end_s) - min(segment.start_s, start_s)
    )


def counted(taken: Sequence[Taken], off_s: Sequence[float], odds: float) -> dict[str, object]:
    """The rates, as ``SourceErrors`` reads them; ``off_s`` is how far marks are from the truth."""
    long = [(action, seen) for action, seen, length_s in taken if length_s >= SHORT_S]
    short = [seen for _, seen, length_s in taken if length_s < SHORT_S]
    times = Counter(action for action, _ in long)
    wrong = Counter((action, seen) for action, seen in long if action != seen)
    return {
        "taken": [
            {"action": action, "seen": seen, "rate": round(count / (times[action] + _BESIDES), 3)}
            for (action, seen), count in sorted(
                wrong.items(), key=lambda item: (item[0][0], item[0][1] or "")
            )
        ],
        "background_odds": odds,
        "short_s": SHORT_S,
        "short_overlooked": round(short.count(None) / (len(short) + _BESIDES), 3),
        "boundary_s": round(float(np.quantile(off_s, 0.95)), 2),
    }


def absences(film: Film, seen: Mapping[Analyser, Any], errors: SourceErrors) -> Iterable[Absence]:
    """Of each step that nothing did: odds by rates, its best glimpse, and whether it was left out."""
    performance = performance_from(
        film.dish,
        actions=seen[Analyser.ACTIONS],
        detections=seen[Analyser.OBJECTS],
        counted=lambda _: errors,
    )
    planted = {m.step_id for m in film.script.mistakes if DEVIATIONS[m.kind] == DeviationKind.MISSING}
    for step_id, (odds, glimpse) in absent_steps(film.dish, performance, load_thresholds()).items():
        yield odds, glimpse, step_id in planted


def fitted_left_out(found: Sequence[Absence]) -> dict[str, float] | None:
    """Height and slope of the likeliest logistic curve, held a little towards 0; of too few nothing."""
    if len(found) < LEAST_ABSENCES:
        return None
    odds, glimpse, true = (np.array(column, float) for column in zip(*found, strict=True))

    def unlikely(curve: npt.NDArray[np.float64]) -> float:
        raw = odds + curve[0] + curve[1] * glimpse
        return float((np.logaddexp(0, raw) - true * raw).sum() + 0.02 * (curve**2).sum())

    height, slope = minimize(unlikely, (0.0, 0.0), bounds=((None, None), (None, 0.0))).x
    return {"height": round(float(height), 2), "slope": round(float(slope), 2)}


def rests(film: Film, actions: ActionProbabilities, odds: float) -> Iterable[tuple[float, bool]]:
    """How much like a pause the stillest moment looks (nats): between two steps of one action, and in one."""
    columns = action_columns(film.dish, actions.labels, labels())
    evidence = action_evidence(actions, columns, parameters().steps)
    times = np.asarray(actions.times_s)
    place = {step.action: k for k, step in enumerate(columns.steps)}
    steps = [s for s in sorted(film.script.steps, key=lambda s: s.start_s) if s.action in place]
    spans = [
        (a.action, a.end_s - _BESIDE_S, b.start_s + _BESIDE_S, True)
        for a, b in pairwise(steps)
        if a.action == b.action
    ]
    edge_s = parameters().steps.least_part_s
    spans += [(s.action, s.start_s + edge_s, s.end_s - edge_s, False) for s in steps]
    for action, start_s, end_s, between in spans:
        inside = (times >= start_s) & (times <= end_s)
        if inside.any():
            quiet = evidence[inside, -1] + np.log(odds) - evidence[inside, place[action]]
            yield float(quiet.max()), between


def fitted_pause(found: Sequence[tuple[float, bool]]) -> dict[str, float] | None:
    """Where a pause is as likely as none, and the slope, both kinds weighing alike; of too few nothing."""
    quiet, between = (np.array(column, float) for column in zip(*found, strict=True))
    if min(between.sum(), (1 - between).sum()) < LEAST_ABSENCES:
        return None
    weight = np.where(between > 0, 0.5 / between.mean(), 0.5 / (1 - between).mean())

    def unlikely(line: npt.NDArray[np.float64]) -> float:
        raw = line[1] * (quiet - line[0])
        return float((weight * (np.logaddexp(0, raw) - between * raw)).sum())

    at, slope = minimize(unlikely, (-2.0, 1.0), bounds=((None, None), (0.0, None))).x
    return {"at": round(float(at), 2), "slope": round(float(slope), 2)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--films", type=int, default=84)
    parser.add_argument("--seed", type=int, default=20000)
    parser.add_argument("--work", type=Path, default=Path(".train") / "whole-way")
    parser.add_argument("--models", type=Path, action="append", help="a folder of packages that goes first")
    given = parser.parse_args(arguments)
    models = models_in((*(given.models or ()), *built_in_folders()))
    model = models.identify(Analyser.ACTIONS)
    if isinstance(model, Unavailable):
        print(f"no action model is installed: {model.reason}", file=sys.stderr)
        return 2
    given.work.mkdir(parents=True, exist_ok=True)
    dishes = list(DishLibrary().list_dishes())
    looks = [
        (film, looked_at(drawn(film.script, given.work), film.dish, models).seen)
        for film in films(dishes, CALIBRATION_GROUPS, given.films, 5, given.seed)
    ]
    best, told = -1.0, dict[str, object]()
    for odds in ODDS:
        pause = fitted_pause([row for film, seen in looks for row in rests(film, _actions(seen), odds)])
        plain = {"taken": (), "background_odds": odds, "short_s": SHORT_S, "short_overlooked": 0.0}
        errors = SourceErrors.model_validate(plain | {"pause": pause})
        rows, taken, off_s = [], list[Taken](), list[float]()
        for film, seen in looks:
            objects = seen[Analyser.OBJECTS]
            assert isinstance(objects, Detections | Unavailable)
            segments = recognise_steps(_actions(seen), objects, film.dish, errors).segments
            rows.append(_as_actions(film.script, segments))
            taken += taken_in(film.script, segments)
            off_s += beside(film.script, segments)
        print(f"odds {odds}: F1@50 of actions {f1_at(rows):.3f}", file=sys.stderr)
        if f1_at(rows) > best:
            best, told = f1_at(rows), counted(taken, off_s, odds) | {"pause": pause}
    errors = SourceErrors.model_validate(told)
    left_out = fitted_left_out([row for film, seen in looks for row in absences(film, seen, errors)])
    print(yaml.safe_dump({model.weights_sha256: told | {"left_out": left_out}}, sort_keys=False), end="")
    return 0


def _actions(seen: Mapping[Analyser, Any]) -> ActionProbabilities:
    found = seen[Analyser.ACTIONS]
    assert isinstance(found, ActionProbabilities)
    return found


def _as_actions(script: Script, segments: Sequence[ActionSegment]) -> dict[str, list[list[object]]]:
    """Truth and segments as ``f1_at`` reads them, each step by its action."""
    return {
        "truth": [[s.action, s.start_s, s.end_s] for s in script.steps],
        "seen": [[s.action_type, s.start_s, s.end_s, s.confidence] for s in segments],
    }


if __name__ == "__main__":
    sys.exit(main())
