"""Model packages as archives in the object store, and back as folders; knows nothing of what they answer."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from adapters.tar_files import extracted
from bharatchef.errors import EndpointError, StoreError
from bharatchef.ports import ObjectStore
from model_packages.serving.archive import archive
from model_packages.serving.package import PackageError

TYPE = "application/gzip"


def put_package(objects: ObjectStore, folder: Path, key: str) -> None:
    """Keep the package in ``folder`` under ``key``, in the form that SageMaker takes (``model.tar.gz``).

    Raises:
        EndpointError: it is no whole package.
    """
    with tempfile.TemporaryDirectory(prefix="bharatchef-") as scratch:
        out = Path(scratch, "model.tar.gz")
        try:
            archive(folder, out)
        except PackageError as error:
            raise EndpointError(error.message, error.remedy) from error
        objects.put_file(key, out, TYPE)


def unpacked(objects: ObjectStore, key: str, folder: Path) -> Path:
    """The package under ``key`` as the folder ``folder``, which appears whole or not at all.

    Raises:
        StoreError: what is there is no archive.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with objects.as_file(key) as path, tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        inside = Path(scratch, "package")
        try:
            extracted(path, inside)
        except (tarfile.TarError, OSError) as error:
            raise StoreError(
                f"Expected a packed model under {key}: {error}.", "Bring the file back from a backup."
            ) from error
        inside.rename(folder)
    return folder
