"""Copies the package into a models folder, where the program finds it: ``register MODELS_FOLDER``.

    python -m model_packages.flame.register ~/.local/share/bharatchef/models

A package that is not useful is not found where it lies; whoever registers it chooses it, and sees what it
reached.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

_HERE = Path(__file__).resolve().parent
FOUND, SET_ASIDE, WEIGHTS = "model.json", "model.below-bar.json", "weights.ovz"
_MODULES = ("__init__", "answering", "burning", "inference", "looking", "pixels")
CODE = (*(f"{name}.py" for name in _MODULES), "requirements.txt")
_NEEDED = (*CODE, "MODEL_CARD.md", WEIGHTS)


def registered(models: Path, source: Path = _HERE) -> Path:
    """The folder ``models/flame`` with all that answering needs, the manifest written last.

    Raises:
        FileExistsError: there is a ``flame`` already.
        FileNotFoundError: the package was never trained.
    """
    target = models / "flame"
    if target.exists():
        raise FileExistsError(f"expected no {target}, but it is there; take it away first")
    manifest = next((source / name for name in (FOUND, SET_ASIDE) if (source / name).is_file()), None)
    if manifest is None:
        raise FileNotFoundError(f"expected {FOUND} or {SET_ASIDE} in {source}; train the package first")
    target.mkdir(parents=True)
    for name in _NEEDED:
        shutil.copyfile(source / name, target / name)
    shutil.copyfile(manifest, target / FOUND)
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1:
        print("usage: python -m model_packages.flame.register MODELS_FOLDER", file=sys.stderr)
        return 2
    try:
        target = registered(Path(given[0]).expanduser())
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    told = json.loads((_HERE / "metrics.json").read_text("utf-8"))
    share = told["test"]["heatAccuracy"]
    print(f"{target}: trained on drawn films, right in {share:.1%} of drawn seconds of unseen styles")
    return 0


if __name__ == "__main__":
    sys.exit(main())
