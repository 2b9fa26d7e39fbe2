"""An object store in a folder: a key is a path below it; knows nothing of what the bytes mean."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from adapters.keys import check_content_type, is_bad_part, key_parts, shown
from adapters.local.durable import PRIVATE_FILE, PRIVATE_FOLDER, make_folder, telling, write_all
from bharatchef.errors import StoreError
from bharatchef.ports import StoredObject

_INCOMING = ".incoming"  # a key's part never begins with a dot, so no key can lie in here
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE_BYTES = 1 << 20
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR)


class FolderObjects:
    """The object store port on a folder of this machine.

    Every step from the folder down to a file is taken by descriptor without following links, so a link
    that somebody put inside leads nowhere. One difference to S3: a key cannot also be the beginning of
    another one's path (``a`` and ``a/b``); the second of them is refused.

    Args:
        root: the folder; it is made at the first write.
        leftovers_after_s: what a killed writer left half-written is removed at opening, when untouched
            for this long.
    """

    def __init__(self, root: Path, leftovers_after_s: float = 3600.0) -> None:
        self.root = root
        self._sweep(leftovers_after_s)

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        check_content_type(content_type)
        self._put(key, lambda descriptor: write_all(descriptor, data))

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        check_content_type(content_type)

        def copy(descriptor: int) -> None:
            with path.open("rb") as source:
                while piece := source.read(_PIECE_BYTES):
                    write_all(descriptor, piece)

        self._put(key, copy)

    def get_bytes(self, key: str) -> bytes:
        *folders, name = key_parts(key)
        with telling(f"read {shown(key)!r}"):
            try:
                with self._folder(folders) as folder, _opened(folder, name) as descriptor:
                    return b"".join(iter(lambda: os.read(descriptor, _PIECE_BYTES), b""))
            except OSError as error:
                if error.errno not in _NOTHING_THERE:
                    raise
        raise StoreError(f"Expected something stored under {shown(key)!r}; there is nothing.")

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        # The file itself, no copy: when it is replaced or deleted, who has it open still reads the old one.
        if not self.exists(key):
            raise StoreError(f"Expected something stored under {shown(key)!r}; there is nothing.")
        yield self.path_of(key)

    def exists(self, key: str) -> bool:
        *folders, name = key_parts(key)
        with telling(f"look for {shown(key)!r}"):
            try:
                with self._folder(folders) as folder:
                    return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
            except OSError as error:
                if error.errno not in _NOTHING_THERE:
                    raise
        return False

    def list_keys(self, prefix: str) -> Iterator[str]:
        if prefix:
            key_parts(prefix.removesuffix("/"))
        return self._walk((), prefix)

    def delete(self, key: str) -> None:
        *folders, name = key_parts(key)
        with telling(f"delete {shown(key)!r}"):
            try:
                with self._folder(folders) as folder:
                    if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                        return
                    os.unlink(name, dir_fd=folder)
                    os.fsync(folder)
            except OSError as error:
                if error.errno not in _NOTHING_THERE:
                    raise
                return
            self._prune(folders)

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        for key in self.list_keys(prefix):
            with telling(f"look at {shown(key)!r}"):
                try:
                    found = self.path_of(key).lstat()
                except FileNotFoundError:
                    continue  # deleted since it was listed
            yield StoredObject(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def erase(self, key: str) -> int:
        # Nothing is kept here of what was under a key before.
        key_parts(key.removesuffix("/"))
        keys = list(self.list_keys(key)) if key.endswith("/") else [key] if self.exists(key) else []
        for found in keys:
            self.delete(found)
        return len(keys)

    def erase_earlier(self, key: str) -> int:
        key_parts(key)
        return 0

    def path_of(self, key: str) -> Path:
        """Where the bytes under ``key`` lie, for a person to open; whether there are any is not looked at."""
        return self.root.joinpath(*key_parts(key))

    def _put(self, key: str, write: Callable[[int], None]) -> None:
        *folders, name = key_parts(key)
        with telling(f"store {shown(key)!r}"):
            make_folder(self.root)
            with self._folder((_INCOMING,), create=True) as incoming:
                temporary = secrets.token_hex(16)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                descriptor = os.open(temporary, flags, PRIVATE_FILE, dir_fd=incoming)
                try:
                    try:
                        write(descriptor)
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)
                    self._move(incoming, temporary, folders, name)
                except BaseException:
                    with suppress(OSError):
                        os.unlink(temporary, dir_fd=incoming)
                    raise

    def _move(self, incoming: int, temporary: str, folders: Sequence[str], name: str) -> None:
        for attempt in range(10):
            try:
                with self._folder(folders, create=True) as folder:
                    os.rename(temporary, name, src_dir_fd=incoming, dst_dir_fd=folder)
                    os.fsync(folder)
                    return
            except FileNotFoundError:
                # A delete may take the emptied folder away between its opening and the rename.
                if attempt == 9:
                    raise
            except (NotADirectoryError, IsADirectoryError, FileExistsError) as error:
                raise StoreError(
                    f"Could not store {shown('/'.join([*folders, name]))!r}: its path crosses another key's.",
                    "Use a key that is not the beginning of another one's path.",
                ) from error

    @contextmanager
    def _folder(self, parts: Sequence[str], create: bool = False) -> Iterator[int]:
        folder = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(part, PRIVATE_FOLDER, dir_fd=folder)
                    # Also where another writer made it: that one may not have come to its own fsync yet.
                    os.fsync(folder)
                below = os.open(part, _OPEN_FOLDER, dir_fd=folder)
                os.close(folder)
                folder = below
            yield folder
        finally:
            os.close(folder)

    def _prune(self, folders: Sequence[str]) -> None:
        for depth in range(len(folders), 0, -1):
            try:
                with self._folder(folders[: depth - 1]) as above:
                    os.rmdir(folders[depth - 1], dir_fd=above)
            except OSError:
                return  # not empty, or somebody else was faster

    def _walk(self, parts: tuple[str, ...], prefix: str) -> Iterator[str]:
        base = "".join(f"{part}/" for part in parts)
        found: list[str] = []
        try:
            with (
                telling(f"list what is stored under {shown(base)!r}"),
                self._folder(parts) as folder,
                os.scandir(folder) as entries,
            ):
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        found.append(f"{entry.name}/")
                    elif entry.is_file(follow_symlinks=False):
                        found.append(entry.name)
        except StoreError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _NOTHING_THERE:
                return
            raise
        # With its slash a folder's name sorts exactly as the keys below it do: 'a-b' before 'a/b'.
        for name in sorted(found):
            key = base + name
            if is_bad_part(name.removesuffix("/")):
                continue
            if name.endswith("/"):
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._walk((*parts, name[:-1]), prefix)
            elif key.startswith(prefix):
                yield key

    def _sweep(self, older_than_s: float) -> None:
        with (
            suppress(FileNotFoundError, NotADirectoryError, PermissionError),
            self._folder((_INCOMING,)) as incoming,
            os.scandir(incoming) as entries,
        ):
            for entry in entries:
                with suppress(FileNotFoundError):
                    # A writer that is alive keeps touching its file.
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime >= older_than_s:
                        os.unlink(entry.name, dir_fd=incoming)


@contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    # O_NONBLOCK: a named pipe put in place of a file must not hang the reader.
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, "not a file", name)
        yield descriptor
    finally:
        os.close(descriptor)
