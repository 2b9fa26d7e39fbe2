"""Prints how well the flame is seen: on drawn films of styles kept out of training, or on real fire.

python -m model_packages.flame.evaluate [--films 8] [--seed 1000]
python -m model_packages.flame.evaluate --fire FOLDER      furg_house6.mp4 and .xml lie there
python -m model_packages.flame.evaluate --smoke 60       pairs of drawn films, one of which burns
python -m model_packages.flame.evaluate [--package FOLDER] --labelled FOLDER

With ``--labelled``, people's own films in the form that train.py takes: what the seconds were called.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model_packages.training.kitchens import TEST_GROUPS

from .answering import Model, model_from, samples_of
from .drawing_smoke import SEEN_FROM, smoke_films
from .films import draw_film, film_jobs, films_at
from .metrics import fire_figures, heat_figures
from .own import counts_on
from .pixels import shots_of
from .register import WEIGHTS

# Cooking that no training and no measuring of single looks drew.
_SMOKE_SEED = 900_000
_WEIGHTS = Path(__file__).resolve().parent / WEIGHTS


def smoke_figures(model: Model, pairs: int, seed: int) -> dict[str, Any]:
    """In how many of so many pairs of films something is suspected to burn, with and without smoke.

    As the program says it: where the risk is .5 at any moment. Cooking that burns less than .3 of what is
    drawn at most is left out.
    """
    found: list[list[bool]] = []
    for number in range(pairs):
        group = TEST_GROUPS[number % len(TEST_GROUPS)]
        calm, hot, most = smoke_films(_SMOKE_SEED + seed + number, group)
        if most >= SEEN_FROM:
            samples = (samples_of(model, shots_of(body)) for body in (calm, hot))
            found.append([any((s.burning_risk or 0.0) >= 0.5 for s in one) for one in samples])
    return {
        "pairs": len(found),
        "burningSuspected": sum(hot for _, hot in found),
        "calmSuspected": sum(calm for calm, _ in found),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, default=_WEIGHTS)
    parser.add_argument("--fire", type=Path, help="folder of the film of real fire and its boxes")
    parser.add_argument("--films", type=int, default=8, help="chunks of up to 60 s a style group")
    parser.add_argument(
        "--seed", type=int, default=1000, help="the training's seed draws the training's test films"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="longest chunk")
    parser.add_argument("--package", type=Path, help="the package whose weights answer")
    parser.add_argument("--labelled", type=Path, help="people's own films with their labels")
    parser.add_argument("--smoke", type=int, help="pairs of half a minute in which to look for smoke")
    given = parser.parse_args(arguments)
    weights: Path = given.package / WEIGHTS if given.package else given.weights
    if given.labelled is not None:
        print(json.dumps({"films": counts_on(model_from(weights), given.labelled)}))
        return 0
    if given.smoke is not None:
        print(json.dumps(smoke_figures(model_from(weights), given.smoke, given.seed)))
        return 0
    if given.fire is not None:
        missing = [n for n in ("furg_house6.mp4", "furg_house6.xml") if not (given.fire / n).is_file()]
        if missing:
            parser.error(f"expected {' and '.join(missing)} in {given.fire}")
        figures = fire_figures(given.fire)
    else:
        model = model_from(weights)
        with tempfile.TemporaryDirectory() as folder:
            jobs = film_jobs("test", TEST_GROUPS, given.films, given.seed, Path(folder), given.seconds)
            paths = [draw_film(job) for job in jobs]
            figures = heat_figures(model.numbers, films_at(paths, model))
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
