"""Retrains once on drawn films and prints the record of the whole run.

    python -m benchmarks.retraining [--home FOLDER] [--write docs/retraining-record.md]

The champion is the package that comes with the program; the corrections are of films that it never saw the
like of. Without ``--home`` all is done in a folder that is removed afterwards.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from adapters import build_ports
from bharatchef.retraining.card import comparison
from bharatchef.settings import load_settings
from tasks.retraining import retrained

from .films import corrected, drawn

POLICY = Path(__file__).with_name("policy.yaml")
USUAL, ACROSS = range(100, 106), range(200, 218)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, help="where records and models are kept")
    parser.add_argument("--write", type=Path, help="also write the record as a page")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="bharatchef-") as scratch:
        settings = load_settings(home=given.home or Path(scratch), retraining_policy=POLICY)
        ports = build_ports(settings)
        films = [drawn(seed, across=False) for seed in USUAL] + [drawn(seed, across=True) for seed in ACROSS]
        corrected(ports.objects, films, ports.clock.now())
        record = retrained(ports, settings, "slowfast")
    page = (
        f"# A retraining, whole\n\n{len(USUAL)} drawn films as the champion knows them, {len(ACROSS)} with"
        " the phone across the counter. Made by `python -m benchmarks.retraining --write"
        " docs/retraining-record.md`.\n\n"
        f"{comparison(record)}\n<details><summary>record.json</summary>\n\n```json\n{record.to_json(indent=1)}\n"
        "```\n</details>\n"
    )
    print(page)
    if given.write:
        given.write.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
