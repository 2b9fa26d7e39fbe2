"""Prints how well the flame is seen: on drawn films of styles kept out of training, or on real fire.

python -m model_packages.flame.evaluate [--chunks 8] [--seed 1000]
python -m model_packages.flame.evaluate --fire FOLDER      furg_house6.mp4 and .xml lie there
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from .answering import model_from
from .metrics import fire_figures, heat_figures
from .train import heat_rows

_WEIGHTS = Path(__file__).resolve().parent / "weights.npz"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weights", type=Path, default=_WEIGHTS)
    parser.add_argument("--fire", type=Path, help="folder of the film of real fire and its boxes")
    parser.add_argument("--chunks", type=int, default=8, help="chunks of up to 60 s a style group")
    parser.add_argument(
        "--seed", type=int, default=1000, help="the training's seed draws the training's test films"
    )
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    given = parser.parse_args(arguments)
    model = model_from(given.weights)
    if given.fire is not None:
        missing = [n for n in ("furg_house6.mp4", "furg_house6.xml") if not (given.fire / n).is_file()]
        if missing:
            parser.error(f"expected {' and '.join(missing)} in {given.fire}")
        figures = fire_figures(model, given.fire)
    else:
        figures = heat_figures(model, heat_rows(model, "test", given.chunks, given.seed, given.workers))
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
