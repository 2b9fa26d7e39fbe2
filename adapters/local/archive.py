"""The form of a backup: one gzipped tar whose last member lists every file; knows nothing of the home."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from pydantic import AwareDatetime, ValidationError

from adapters.keys import key_parts
from adapters.local.durable import PRIVATE_FILE, make_folder, write_all
from bharatchef.errors import BharatChefError, ConfigurationError, StoreError
from bharatchef.vocabulary import Record, Sha256

MANIFEST = "manifest.json"
_PIECE_BYTES = 1 << 20
_LARGEST_MANIFEST_BYTES = 1 << 28
_REMEDY = "Use another backup; nothing here was changed."


class ArchivedFile(Record):
    """One file of a backup, by its path below the home."""

    name: str
    size_bytes: int
    sha256: Sha256


class Manifest(Record):
    """What a backup holds. It is written last: a backup without it was cut short."""

    format: Literal["bharatchef-backup"] = "bharatchef-backup"
    version: int = 1
    code_version: str
    database_version: int
    created_at: AwareDatetime
    with_weights: bool
    files: tuple[ArchivedFile, ...]


class ArchiveWriter:
    """Adds files to an archive and keeps their sums for the manifest."""

    def __init__(self, tar: tarfile.TarFile, on_bytes: Callable[[int], None]) -> None:
        self._tar = tar
        self._on_bytes = on_bytes
        self.files: list[ArchivedFile] = []

    def add(self, name: str, source: IO[bytes], size_bytes: int) -> None:
        """Add ``size_bytes`` of ``source`` under ``name``."""
        member = tarfile.TarInfo(name)
        member.size = size_bytes
        member.mode = 0o600
        summing = _Summing(source, self._on_bytes)
        self._tar.addfile(member, summing)
        self.files.append(ArchivedFile(name=name, size_bytes=size_bytes, sha256=summing.sum.hexdigest()))

    def close(self, manifest: Manifest) -> None:
        """Add the manifest; nothing can follow it."""
        data = manifest.to_json(indent=1).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(data)
        member.mode = 0o600
        self._tar.addfile(member, io.BytesIO(data))


@contextmanager
def archive_to(file: IO[bytes], on_bytes: Callable[[int], None]) -> Iterator[ArchiveWriter]:
    """A writer of an archive into ``file``; ``on_bytes`` hears how many bytes more were taken in."""
    # Level 1: films and stills do not shrink, records and reports do at any level.
    with (
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        yield ArchiveWriter(tar, on_bytes)


def unpack(
    archive: Path, into: Path, folders: frozenset[str], files: frozenset[str], on_read: Callable[[int], None]
) -> Manifest:
    """Unpack ``archive`` into the folder ``into`` and check every file against the manifest.

    Args:
        folders: names of folders that a path may begin with.
        files: names of files that may lie at the top.
        on_read: hears how many bytes of the archive itself have been read.

    Raises:
        StoreError: it is no whole backup: cut short, altered, or with paths or kinds of files that no
            backup has.
        ConfigurationError: it was written by a newer release.
    """
    found: dict[str, ArchivedFile] = {}
    manifest_text: bytes | None = None
    try:
        with (
            archive.open("rb") as file,
            gzip.GzipFile(fileobj=file, mode="rb") as packed,
            tarfile.open(fileobj=packed, mode="r|") as tar,
        ):
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or member.name in found or manifest_text is not None:
                    raise _refusal(archive, member.name)
                if member.name == MANIFEST:
                    manifest_text = content.read(_LARGEST_MANIFEST_BYTES)
                    continue
                _check_name(archive, member.name, folders, files)
                summing = _Summing(content, lambda _: on_read(file.tell()))
                _write_new(into / member.name, summing)
                found[member.name] = ArchivedFile(
                    name=member.name, size_bytes=member.size, sha256=summing.sum.hexdigest()
                )
            while rest := packed.read(_PIECE_BYTES):  # to the end, where gzip's own sum is checked
                if rest.strip(b"\0"):
                    raise _refusal(archive, "something after its end")
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise StoreError(f"{archive} is no whole backup: {error}.", _REMEDY) from error
    if manifest_text is None:
        raise StoreError(f"{archive} is no whole backup: its last part is missing.", _REMEDY)
    manifest = _manifest(archive, manifest_text)
    _compare(archive, manifest, found)
    return manifest


def _refusal(archive: Path, what: str) -> StoreError:
    return StoreError(f"{archive} holds {what[:100]!r}, which no backup has.", _REMEDY)


def _check_name(archive: Path, name: str, folders: frozenset[str], files: frozenset[str]) -> None:
    top, slash, key = name.partition("/")
    if top not in (folders if slash else files):
        raise _refusal(archive, name)
    if slash:
        try:
            key_parts(key)
        except BharatChefError as error:
            raise _refusal(archive, name) from error


def _write_new(target: Path, source: _Summing) -> None:
    # Whoever puts the whole in place syncs the folders; the bytes are made safe here.
    make_folder(target.parent)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        while piece := source.read(_PIECE_BYTES):
            write_all(descriptor, piece)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _manifest(archive: Path, text: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise StoreError(
            f"{archive} has a manifest that cannot be read: {error.errors()[0]['msg']}.", _REMEDY
        ) from error
    if manifest.version > 1:
        raise ConfigurationError(
            f"{archive} is a backup of form {manifest.version}; this release reads form 1.",
            "Install the newer release.",
        )
    return manifest


def _compare(archive: Path, manifest: Manifest, found: dict[str, ArchivedFile]) -> None:
    listed = {file.name: file for file in manifest.files}
    for name in sorted(listed.keys() | found.keys()):
        if listed.get(name) != found.get(name):
            what = (
                "is not listed"
                if name not in listed
                else "is missing"
                if name not in found
                else "was altered"
            )
            raise StoreError(f"{archive} is damaged: {name!r} {what}.", _REMEDY)


class _Summing(io.RawIOBase):
    """A source that is read through, summed and counted."""

    def __init__(self, source: IO[bytes], on_bytes: Callable[[int], None]) -> None:
        self._source = source
        self._on_bytes = on_bytes
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self.sum.update(piece)
        self._on_bytes(len(piece))
        return piece
