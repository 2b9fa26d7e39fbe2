"""Packs a model package as SageMaker's ``model.tar.gz``: code under ``code/``, weights at the top.

The same package gives the same bytes, whoever packs it and when. It knows nothing of what the code does.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from model_packages.serving.package import MANIFEST, Manifest, PackageError, read_package

CODE = "code"
_LEFT_OUT = {"__pycache__", "tests"}
# Data that code may look for beside itself as well as in the model's folder: such files lie in both places.
_MAX_BOTH_BYTES = 1_000_000


def archive(folder: Path, out: Path) -> tuple[str, ...]:
    """Write the package in ``folder`` to ``out``; the names in it, in order.

    Hidden files, ``__pycache__`` and ``tests`` are left out. ``out`` appears whole or not at all.

    Raises:
        PackageError: the package has a problem, or holds a link that leads out of its folder.
    """
    given, files = packed_files(folder)
    inside = folder.resolve()
    weights = (inside / given.weights).resolve()
    members: dict[str, bytes | Path] = {}
    for name, path in files.items():
        if name == MANIFEST or path.resolve() == out.resolve():
            continue
        is_code = path.suffix == ".py" or name == "requirements.txt"
        if not is_code:
            members[name] = path
        if is_code or (path.resolve() != weights and path.stat().st_size <= _MAX_BOTH_BYTES):
            members[f"{CODE}/{name}"] = path
    manifest = json.loads((inside / MANIFEST).read_text(encoding="utf-8"))
    manifest["inference"] = f"{CODE}/{given.inference}"
    members[MANIFEST] = (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()
    _write(out, members)
    return tuple(sorted(members))


def packed_files(folder: Path) -> tuple[Manifest, dict[str, Path]]:
    """What goes into an archive of the package in ``folder``: its manifest, and its files by their names.

    Raises:
        PackageError: the package has a problem, or holds a link that leads out of its folder.
    """
    package = read_package(folder)
    if package.manifest is None or package.problem:
        raise PackageError(package.problem, package.remedy)
    inside = folder.resolve()
    files = {path.relative_to(inside).as_posix(): path for path in _files(inside)}
    for name, path in files.items():
        if not path.resolve().is_relative_to(inside):
            raise PackageError(
                f"The model package {package.manifest.name}: '{name}' is a link out of its folder.",
                "Put the file itself there.",
            )
    return package.manifest, files


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _LEFT_OUT:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        else:
            yield path


def _write(out: Path, members: dict[str, bytes | Path]) -> None:
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        # No name and no time in either header: both would make equal packages differ.
        with (
            part.open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, source in sorted(members.items()):
                info = tarfile.TarInfo(name)
                info.mode = 0o644
                if isinstance(source, bytes):
                    info.size = len(source)
                    tar.addfile(info, io.BytesIO(source))
                else:
                    info.size = source.stat().st_size
                    with source.open("rb") as file:
                        tar.addfile(info, file)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
