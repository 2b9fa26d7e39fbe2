"""Measures the package on drawn films of styles never trained on, through the files that are served.

python -m model_packages.slowfast.evaluate [--package FOLDER] [--films 12]
python -m model_packages.slowfast.evaluate [--package FOLDER] --labelled FOLDER

With ``--labelled``, people's own films in the form that train.py takes: what the seconds were called.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .drawing import LABELS, SIZE, Part, drawn_film, parts
from .inference import Model, model_fn, said_of
from .labelled import film_of, labelled_films
from .learning import Film, seconds_truth
from .measuring import figures_of
from .pictures import FPS, Small, shrunk, small_size


def figures_on(model: Model, part: Part, seconds: float = 64.0) -> dict[str, Any]:
    """Figures of the served model on a part's films, drawn anew."""
    if model.labels != LABELS:
        raise ValueError("expected a package with the labels of drawn films, got another")
    chances, truths, names = [], [], []
    for number in range(part.films):
        group = part.groups[number % len(part.groups)]
        drawn = drawn_film(
            part.first_seed + number, group, varied=False, dish=number % 3 == 2, seconds=seconds
        )
        times, truth = seconds_truth(Film(drawn.i420, drawn.labels), len(LABELS))
        said = said_of(Small(shrunk(drawn.i420, _size(model)), len(drawn.i420) / FPS), model)
        at = np.abs(said.times_s[None] - times[:, None]).argmin(1)
        chances.append(said.probabilities[at])
        truths.append(truth)
        names += [f"{group}, {drawn.camera}"] * len(truth)
    return figures_of(np.concatenate(chances), np.concatenate(truths), LABELS, names)


def counts_on(model: Model, folder: Path) -> list[dict[str, Any]]:
    """For each labelled film under ``folder``: seconds by truth and by what was said, and the confidence.

    Seconds whose action is none of the model's are left out, films without any other too.
    """
    told = []
    for labelled in labelled_films(folder):
        film = film_of(labelled, model.labels, _size(model))
        times, truth = seconds_truth(film, len(model.labels))
        said = said_of(Small(film.i420, len(film.i420) / FPS), model)
        chances = said.probabilities[np.abs(said.times_s[None] - times[:, None]).argmin(1)]
        known = truth >= 0
        if not known.any():
            continue
        counts: dict[str, dict[str, int]] = {}
        for true, top in zip(truth[known], chances[known].argmax(1), strict=True):
            row = counts.setdefault(model.labels[true], {})
            row[model.labels[top]] = row.get(model.labels[top], 0) + 1
        confidence = round(float(chances[known].max(1).mean()), 4)
        told.append(
            {"film": labelled.film.stem, "group": labelled.person, "counts": counts, "confidence": confidence}
        )
    return told


def _size(model: Model) -> tuple[int, int]:
    """(width, height) of the pictures that the model answers from."""
    return small_size(*SIZE, model.short_px)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m model_packages.slowfast.evaluate")
    parser.add_argument("--package", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--films", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--labelled", type=Path, help="people's own films with their labels")
    given = parser.parse_args(arguments)
    if given.labelled:
        print(json.dumps({"films": counts_on(model_fn(str(given.package)), given.labelled)}))
        return 0
    test = {part.name: part for part in parts(1, given.films, given.seed)}["test"]
    print(json.dumps(figures_on(model_fn(str(given.package)), test), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
