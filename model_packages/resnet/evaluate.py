"""Prints the package's figures on freshly drawn stills of kitchens that were never trained on, as JSON.

python -m model_packages.resnet.evaluate [--seed 5000] [--each 1] [--package FOLDER] [--work FOLDER]
python -m model_packages.resnet.evaluate [--package FOLDER] --labelled FOLDER

With ``--labelled``, people's own stills in the form that train.py takes: what they were said to show.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

from .inference import model_fn
from .measures import figures_of
from .own import counts_on
from .train import rows_of

_HERE = Path(__file__).resolve().parent


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=5000, help="draws the plates; 1000 are those of the card")
    parser.add_argument("--each", type=int, default=1, help="films a dish and a style group")
    parser.add_argument("--package", type=Path, default=_HERE, help="the package's folder")
    parser.add_argument("--work", type=Path, default=Path(".train/resnet/evaluate"))
    parser.add_argument("--labelled", type=Path, help="people's own stills with their labels")
    given = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    if given.labelled is not None:
        print(json.dumps({"films": counts_on(given.package, given.labelled)}))
        return 0
    model = model_fn(str(given.package))
    digest = json.loads((given.package / "model.json").read_text("utf-8"))["weights_sha256"]
    rows = rows_of("test", given.each, given.seed, model.backbone, given.work / digest[:12], lambda _: None)
    print(json.dumps({"backbone": model.name, "seed": given.seed, **figures_of(model.heads, rows)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
