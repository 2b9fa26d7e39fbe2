"""Takes the files out of a tar archive, and nothing else; knows not what they are for."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath


def extracted(archive: Path, folder: Path) -> Path:
    """The files of ``archive`` in ``folder``, which is made.

    ``tarfile``'s own filters came with Python 3.11.4 only.

    Raises:
        tarfile.TarError: it is no archive, or holds a link, a device, or a name that leads out of the folder.
        OSError: it cannot be read or written.
    """
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if not (member.isfile() or member.isdir()) or name.is_absolute() or ".." in name.parts:
                raise tarfile.TarError(f"expected files within one folder, got {member.name!r}")
        tar.extractall(folder)
    return folder
