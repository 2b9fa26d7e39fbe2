"""Packs a model package as a ``.mar``, with torch-model-archiver; knows nothing of running one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from model_packages.serving import torchserve_handler
from model_packages.serving.archive import packed_files
from model_packages.serving.package import PackageError

SUFFIX = ".mar"


def mar(folder: Path, out: Path) -> tuple[str, ...]:
    """Write the package in ``folder`` to ``out``, an archive for TorchServe; the names in it, in order.

    The handler lies at the top, the package in ``package/``, without hidden files, ``__pycache__`` and
    ``tests``. ``out`` appears whole or not at all.

    Raises:
        PackageError: the package has a problem, ``out`` is no name for a model, or the archiver is missing.
    """
    if out.suffix != SUFFIX or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_\-.]*", out.stem):
        raise PackageError(
            f"Expected a name like my-model{SUFFIX} of letters, digits, '-', '_' and '.', got '{out.name}'.",
            "Give the archive such a name: TorchServe names the model after it.",
        )
    manifest, files = packed_files(folder)
    if find_spec("model_archiver") is None:
        raise PackageError(
            "Expected torch-model-archiver, but it is not installed.",
            "Install what training and TorchServe need: make setup-train.",
        )
    with tempfile.TemporaryDirectory() as scratch:
        inside = Path(scratch, "all", torchserve_handler.PACKAGE)
        for name, path in files.items():
            if path.resolve() != out.resolve():
                (inside / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, inside / name)
        handler = Path(torchserve_handler.__file__)
        command = [sys.executable, "-m", "model_archiver.model_packaging", "--model-name", out.stem]
        command += ["--version", manifest.version, "--handler", str(handler)]
        command += ["--extra-files", str(inside.parent), "--export-path", scratch]
        # The archiver empties a folder of the model's name in the temporary folder: it gets one of its own.
        temporary = Path(scratch, "tmp")
        temporary.mkdir()
        done = subprocess.run(
            command,
            env={**os.environ, "TMPDIR": str(temporary)},
            capture_output=True,
            text=True,
            check=False,
        )
        packed = Path(scratch, out.name)
        if done.returncode or not packed.is_file():
            raise PackageError(
                f"torch-model-archiver failed: {(done.stderr or done.stdout).strip()[-300:]}",
                "See that torch-model-archiver is the version of constraints.txt.",
            )
        part = out.with_name(f".{out.name}.{os.getpid()}.part")
        try:
            shutil.copyfile(packed, part)
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    with zipfile.ZipFile(out) as archive:
        return tuple(sorted(archive.namelist()))
