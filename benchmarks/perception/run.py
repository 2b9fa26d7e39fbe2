"""How well steps are read out of fallible models: drawn detector outputs with known truth, many at a time.

    .venv/bin/python benchmarks/perception/run.py [--films 100]

Prints F1@50, the share of found steps that are true, and the calibration error, for three qualities of the
action model, with and without an object model, and against the likeliest action of each second alone. The
outputs are drawn numbers (tests/simulated.py), not films: what this says of real kitchens is unknown.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from simulated import Simulated, f1_at_50, hits_at_50, simulate, simulated_dish

from bharatchef.perception.steps import recognise_steps
from bharatchef.records import ActionSegment, Dish
from model_packages.training.calibration import calibration_error

# Seeds of these films; the numbers in recognition.yaml were chosen on seeds below 1,000.
FIRST_SEED = 10_000


def second_by_second(film: Simulated, dish: Dish) -> tuple[ActionSegment, ...]:
    """The likeliest action of each second, as the first of the dish's steps that does it."""
    first: dict[str, str] = {}
    for step in dish.expected_steps:
        first.setdefault(step.action, step.step_id)
    names = [film.actions.labels[int(np.argmax(row))] for row in film.actions.probabilities]
    found, at = [], 0
    for name, group in itertools.groupby(names):
        length = len(list(group))
        if name in first:
            found.append(ActionSegment(action_type=name, start_s=at, end_s=at + length, step_id=first[name]))
        at += length
    return tuple(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=100)
    films = parser.parse_args().films
    dish = simulated_dish()
    print(
        "seconds right | objects | F1@50 | second by second | found that are true | calibration | ms a film"
    )
    for margin, objects in itertools.product((1.5, 2.2, 3.2), (True, False)):
        pairs, plain, sure, right, accuracy, spent = [], [], [], [], [], 0.0
        for seed in range(FIRST_SEED, FIRST_SEED + films):
            film = simulate(dish, seed, margin)
            began = time.perf_counter()
            found = recognise_steps(film.actions, film.detections if objects else None, dish).segments
            spent += time.perf_counter() - began
            steps = tuple(s for s in found if s.step_id)
            pairs.append((found, film.truth))
            plain.append((second_by_second(film, dish), film.truth))
            sure += [s.confidence for s in steps]
            right += hits_at_50(steps, film.truth)
            accuracy.append(film.frame_accuracy)
        print(
            f"{np.mean(accuracy):13.2f} | {'yes' if objects else 'no':>7} | {f1_at_50(pairs):5.2f} |"
            f" {f1_at_50(plain):16.2f} | {np.mean(right):19.2f} | {calibration_error(sure, right):11.2f} |"
            f" {1000 * spent / films:9.0f}"
        )


if __name__ == "__main__":
    main()
