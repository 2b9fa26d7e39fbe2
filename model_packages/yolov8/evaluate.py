"""The object package's figures on drawn films of kitchens that it was not trained on.

python -m model_packages.yolov8.evaluate [--work FOLDER] [--films N] [--package FOLDER]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .evaluation import drawn_films
from .inference import model_fn
from .train import BAR, measured

_HERE = Path(__file__).resolve().parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures as JSON; 0 where mAP50 reaches the bar, 1 where it does not."""
    parser = argparse.ArgumentParser(prog="python -m model_packages.yolov8.evaluate")
    parser.add_argument("--work", type=Path, default=Path(".train/yolov8"), help="where drawn films are kept")
    parser.add_argument("--films", type=int, help="no more films than this")
    parser.add_argument("--package", type=Path, default=_HERE, help="folder with the weights")
    given = parser.parse_args(arguments)
    began = time.perf_counter()
    detector = model_fn(str(given.package))
    told = measured(detector, drawn_films("test", given.work / "films", given.films))
    print(json.dumps({**told, "seconds": round(time.perf_counter() - began, 1)}, indent=1))
    return 0 if (told["mAP50"] or 0.0) >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
