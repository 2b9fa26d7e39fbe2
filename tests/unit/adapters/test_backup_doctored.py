"""A backup that is not whole, or that was made to do harm, is refused and touches nothing."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from homes import filled_home, state

from adapters.local.backup import backup, restore
from bharatchef.errors import BharatChefError, ConfigurationError, StoreError
from bharatchef.settings import Settings


def members(archive: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(archive) as tar:
        return [(member, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]


def rewrite(target: Path, files: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with tarfile.open(target, "w:gz") as tar:
        for member, data in files:
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data))


def named(
    name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = link
    return member, data


Files = list[tuple[tarfile.TarInfo, bytes]]
TRICKS: dict[str, Callable[[Files], Files]] = {
    "a path up": lambda files: [named("../canary"), *files],
    "a path up inside": lambda files: [named("objects/../../canary"), *files],
    "an absolute path": lambda files: [named("/tmp/canary"), *files],
    "a hidden path": lambda files: [named("objects/.incoming/x"), *files],
    "a path to the marker": lambda files: [named(".restore/commit"), *files],
    "another part of the home": lambda files: [named("prefect/x"), *files],
    "a folder's name as a file": lambda files: [named("objects"), *files],
    "a symbolic link": lambda files: [named("objects/link", kind=tarfile.SYMTYPE, link="/etc"), *files],
    "a hard link": lambda files: [named("objects/link", kind=tarfile.LNKTYPE, link="/etc/passwd"), *files],
    "a device": lambda files: [named("objects/null", kind=tarfile.CHRTYPE), *files],
    "a pipe": lambda files: [named("objects/pipe", kind=tarfile.FIFOTYPE), *files],
    "a folder": lambda files: [named("objects/folder", kind=tarfile.DIRTYPE), *files],
    "a file twice": lambda files: [files[0], *files],
    "a file that is not listed": lambda files: [named("objects/extra"), *files],
    "a file missing": lambda files: files[1:],
    "an altered file": lambda files: [(files[0][0], files[0][1][:-1] + b"?"), *files[1:]],
    "no manifest": lambda files: files[:-1],
    "something after the manifest": lambda files: [*files, named("objects/extra")],
    "a manifest that is no JSON": lambda files: [*files[:-1], named("manifest.json", b"{")],
    "nothing at all": lambda _: [],
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_doctored_backup_is_refused_and_touches_nothing(
    home: Settings, archive: Path, tmp_path: Path, trick: str
) -> None:
    doctored = tmp_path / "doctored.tar.gz"
    rewrite(doctored, TRICKS[trick](members(archive)))
    before, around = state(home), sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(StoreError, match="doctored"):
        restore(home, doctored, force=True)
    assert state(home) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == around
    assert not (home.home / ".restore").exists()
    assert not Path("/tmp/canary").exists()


def test_a_file_of_another_kind_is_refused(home: Settings, tmp_path: Path) -> None:
    before = state(home)
    for name, data in (("empty", b""), ("text", b"hello" * 1000), ("gzip", gzip.compress(b"hello" * 1000))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(StoreError, match="no whole backup"):
            restore(home, tmp_path / name, force=True)
    with pytest.raises(StoreError):
        restore(home, tmp_path / "there is none", force=True)
    assert state(home) == before


def test_a_cut_or_flipped_backup_never_restores_something_else(
    home: Settings, archive: Path, tmp_path: Path
) -> None:
    choose = random.Random(7)
    whole, before = archive.read_bytes(), state(home)
    broken = tmp_path / "broken.tar.gz"
    refused = 0
    for number in range(40):
        if number % 2:
            broken.write_bytes(whole[: choose.randrange(len(whole))])
        else:
            at = choose.randrange(len(whole))
            broken.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << choose.randrange(8))]) + whole[at + 1 :])
        try:
            restore(home, broken, force=True)
        except BharatChefError:
            refused += 1
        assert state(home) == before
    assert refused >= 36  # a flipped bit in gzip's own header changes nothing that counts


def test_a_backup_of_a_newer_release_is_refused(home: Settings, archive: Path, tmp_path: Path) -> None:
    files = members(archive)
    member, data = files[-1]
    newer = data.replace(b'"version": 1', b'"version": 2')
    assert newer != data
    rewrite(tmp_path / "newer.tar.gz", [*files[:-1], (member, newer)])
    before = state(home)
    with pytest.raises(ConfigurationError, match="newer release"):
        restore(home, tmp_path / "newer.tar.gz", force=True)
    assert state(home) == before


def test_records_of_a_newer_release_are_refused(home: Settings, tmp_path: Path) -> None:
    other = filled_home(tmp_path / "other", "z")
    target = tmp_path / "b.tar.gz"
    backup(other, target)
    files = members(target)
    for number, (member, _) in enumerate(files):
        if member.name == "bharatchef.sqlite3":
            database = tmp_path / "newer.sqlite3"
            database.write_bytes(files[number][1])
            with closing(sqlite3.connect(database)) as connection:
                connection.execute("PRAGMA user_version = 99")
            manifest = json.loads(files[-1][1])
            entry = next(file for file in manifest["files"] if file["name"] == member.name)
            entry["sha256"] = hashlib.sha256(database.read_bytes()).hexdigest()
            files[number] = (member, database.read_bytes())
            files[-1] = (files[-1][0], json.dumps(manifest).encode())
    rewrite(tmp_path / "newer.tar.gz", files)
    before = state(home)
    with pytest.raises(ConfigurationError, match="newer release"):
        restore(home, tmp_path / "newer.tar.gz", force=True)
    assert state(home) == before
