"""Only files within the folder are taken out of an archive."""

from __future__ import annotations

import io
import tarfile

import pytest

from adapters.tar_files import extracted


def archive_of(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, "/etc/passwd", 0
            if kind == tarfile.REGTYPE:
                member.size = 3
            tar.addfile(member, io.BytesIO(b"abc"))
    return path


def test_files_and_folders_are_taken_out(tmp_path):
    packed = archive_of(
        tmp_path / "a.tar.gz", ("code", tarfile.DIRTYPE), ("code/model.json", tarfile.REGTYPE)
    )
    folder = extracted(packed, tmp_path / "out")
    assert (folder / "code" / "model.json").read_bytes() == b"abc"


@pytest.mark.parametrize(
    "member",
    [
        ("../out.txt", tarfile.REGTYPE),
        ("/tmp/out.txt", tarfile.REGTYPE),
        ("link", tarfile.SYMTYPE),
        ("link", tarfile.LNKTYPE),
        ("pipe", tarfile.FIFOTYPE),
    ],
)
def test_what_leads_elsewhere_is_refused_and_nothing_is_written(tmp_path, member):
    packed = archive_of(tmp_path / "a.tar.gz", ("good.txt", tarfile.REGTYPE), member)
    with pytest.raises(tarfile.TarError, match="within one folder"):
        extracted(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()
