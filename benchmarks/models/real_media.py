"""What the packages that come with the program say of real pictures and films; nothing of them is kept.

    python -m benchmarks.models.real_media [--media FOLDER] [--models FOLDER]

Every JPEG and PNG picture and every MP4 film under the folder is looked at, films in chunks as the program
makes them. There is no truth beside these files, so what is printed is to be read, not added up.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2

from adapters.local.models import built_in_folders
from adapters.local.objects import FolderObjects
from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe
from model_packages.serving.package import Package, PackageError, read_package

_MEDIA = Path(__file__).resolve().parents[2] / ".." / "shared" / "media"


def packages(folders: Sequence[Path]) -> dict[str, Package]:
    """The first package of each analyser; one below its bar is looked at too, and named so."""
    found: dict[str, Package] = {}
    for folder in (one for root in folders for one in sorted(root.iterdir()) if one.is_dir()):
        if (folder / "model.json").exists():
            package = read_package(folder)
            if package.manifest is not None and not package.problem:
                found.setdefault(package.manifest.analyser, package)
    return found


def bodies(path: Path) -> Iterator[tuple[str, str, bytes]]:
    """(kind of piece, content type, bytes) of a file: a JPEG, or the chunks made of a film."""
    if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
        picture = cv2.imread(str(path))
        if picture is not None:
            yield "picture", "image/jpeg", bytes(cv2.imencode(".jpg", picture)[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        store = FolderObjects(Path(folder))
        prepared = prepare(path, probe(path), store, prefix="film/")
        for kind, chunks in (("actions", prepared.action_chunks), ("objects", prepared.object_chunks)):
            for chunk in chunks:
                yield kind, "video/mp4", store.get_bytes(chunk.key)


def told(analyser: str, answer: Mapping[str, Any]) -> str:
    """The answer in a line."""
    if analyser == "objects":
        best: dict[str, float] = {}
        for one in answer["detections"]:
            best[one["label"]] = max(best.get(one["label"], 0.0), one["confidence"])
        named = sorted(best.items(), key=lambda item: -item[1])[:6]
        return ", ".join(f"{label} {sure:.2f}" for label, sure in named) or "nothing that it names"
    if analyser == "heat":
        states = Counter(sample["flame"] for sample in answer["samples"])
        return ", ".join(f"{state} {count}" for state, count in states.most_common())
    if analyser == "actions":
        top = [max(zip(row, answer["labels"], strict=True)) for row in answer["probabilities"]]
        counted = Counter(label for _, label in top)
        mean = sum(sure for sure, _ in top) / len(top)
        return ", ".join(f"{n} {c} s" for n, c in counted.most_common(5)) + f"; mean confidence {mean:.2f}"
    nearest = max(answer["dishes"], key=lambda dish: dish["confidence"])
    return f"a plate {answer['plateSeen']:.2f}, nearest dish {nearest['dish']} {nearest['confidence']:.2f}"


def asks(analyser: str, kind: str) -> bool:
    """Whether an analyser is asked about such a piece."""
    return {
        "objects": kind in ("picture", "objects"),
        "heat": kind == "objects",
        "actions": kind == "actions",
        "plate": kind == "picture",
    }[analyser]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--media", type=Path, default=_MEDIA)
    parser.add_argument("--models", type=Path, action="append", default=[], help="packages that go first")
    given = parser.parse_args(arguments)
    if not given.media.is_dir():
        print(f"no folder {given.media}: name one with real pictures or films by --media")
        return 0
    known = packages((*given.models, *built_in_folders()))
    for analyser, package in sorted(known.items()):
        assert package.manifest is not None
        manifest = package.manifest
        print(f"{analyser}: {manifest.name} {manifest.version}, trained on {manifest.trained_on}")
    files = sorted(p for p in given.media.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".mp4"))
    for path in files:
        print(f"\n{path.relative_to(given.media)}")
        for number, (kind, content_type, body) in enumerate(bodies(path)):
            for analyser, package in sorted(known.items()):
                if not asks(analyser, kind):
                    continue
                try:
                    words = told(analyser, package.answer(body, content_type).decoded)
                except PackageError as error:
                    words = f"no answer: {error.message}"
                print(f"  {kind} {number}, {analyser}: {words}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
