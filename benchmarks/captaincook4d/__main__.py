"""``python -m benchmarks.captaincook4d``: all of ``results.py`` on the recordings beside the checkout."""

import sys
from pathlib import Path

from benchmarks.captaincook4d.results import main

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "benchmarks" / "captaincook4d"

if not FOLDER.is_dir():
    sys.exit(
        "The recordings are not beside the checkout; give their folder to benchmarks.captaincook4d.results."
    )
main(str(FOLDER))
