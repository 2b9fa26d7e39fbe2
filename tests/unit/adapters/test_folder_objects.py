"""What only the object store in a folder has to get right: links, leftovers, full disks, races."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

import pytest
from forking import ForkServer
from hypothesis import given
from hypothesis import strategies as st
from small_disk import environment, run_on_small_disk

from adapters.keys import key_parts
from adapters.local.objects import FolderObjects
from bharatchef.errors import StoreError

OCTETS = "application/octet-stream"


@pytest.fixture
def store(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path / "objects")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(b"secret")
    return folder


def test_opening_makes_nothing(store: FolderObjects) -> None:
    assert list(store.list_keys("")) == []
    assert not store.root.exists()


def test_a_key_is_a_path_below_the_folder_and_private(store: FolderObjects) -> None:
    store.put_bytes("results/ev-1/report.html", b"<html>", "text/html")
    path = store.path_of("results/ev-1/report.html")
    assert path == store.root / "results" / "ev-1" / "report.html"
    assert path.read_bytes() == b"<html>"
    assert path.stat().st_mode & 0o077 == 0
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in (store.root, *path.parents[:2]))


def test_a_linked_folder_leads_nowhere(store: FolderObjects, outside: Path) -> None:
    store.put_bytes("a/b", b"inside", OCTETS)
    (store.root / "link").symlink_to(outside)
    with pytest.raises(StoreError):
        store.get_bytes("link/secret")
    with pytest.raises(StoreError):
        store.put_bytes("link/planted", b"x", OCTETS)
    assert not store.exists("link/secret")
    store.delete("link/secret")
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert list(store.list_keys("")) == ["a/b"]


def test_a_linked_file_is_not_followed_and_a_write_takes_its_place(
    store: FolderObjects, outside: Path
) -> None:
    store.put_bytes("a/b", b"inside", OCTETS)
    (store.root / "a" / "link").symlink_to(outside / "secret")
    with pytest.raises(StoreError):
        store.get_bytes("a/link")
    assert not store.exists("a/link")
    store.put_bytes("a/link", b"mine", OCTETS)
    assert store.get_bytes("a/link") == b"mine"
    assert (outside / "secret").read_bytes() == b"secret"


def test_the_folder_itself_may_be_a_link(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "objects").symlink_to(outside)
    store = FolderObjects(tmp_path / "objects")
    store.put_bytes("a", b"x", OCTETS)
    assert (outside / "a").read_bytes() == b"x"


@pytest.mark.timeout(20)
def test_a_named_pipe_does_not_hang_the_reader(store: FolderObjects) -> None:
    store.put_bytes("a/b", b"x", OCTETS)
    os.mkfifo(store.root / "a" / "pipe")
    with pytest.raises(StoreError):
        store.get_bytes("a/pipe")
    assert list(store.list_keys("")) == ["a/b"]


def test_a_key_may_not_be_the_beginning_of_anothers_path(store: FolderObjects) -> None:
    store.put_bytes("a/b", b"x", OCTETS)
    for key in ("a", "a/b/c"):
        with pytest.raises(StoreError):
            store.put_bytes(key, b"y", OCTETS)
    assert list(store.list_keys("")) == ["a/b"]
    assert store.get_bytes("a/b") == b"x"
    assert not list((store.root / ".incoming").iterdir())


def test_leftovers_of_a_killed_writer_go_when_they_are_old(store: FolderObjects) -> None:
    store.put_bytes("a", b"x", OCTETS)
    old, fresh = (store.root / ".incoming" / name for name in ("old", "fresh"))
    for path in (old, fresh):
        path.write_bytes(b"half")
    long_ago = time.time() - 7200
    os.utime(old, (long_ago, long_ago))
    assert list(store.list_keys("")) == ["a"]
    reopened = FolderObjects(store.root)
    assert not old.exists()
    assert fresh.exists()
    assert reopened.get_bytes("a") == b"x"


def test_bytes_are_on_the_disk_before_their_name_and_the_name_before_it_returns(store: FolderObjects) -> None:
    calls: list[str] = []

    def note(_frame: FrameType, event: str, function: object) -> None:
        name = getattr(function, "__name__", "")
        if event == "c_call" and name in ("write", "fsync", "rename", "mkdir"):
            calls.append(name)

    sys.setprofile(note)
    try:
        store.put_bytes("a/b", b"x", OCTETS)
    finally:
        sys.setprofile(None)
    # No power cut can be had in a test: this is the order that survives one.
    assert calls[calls.index("write") :] == ["write", "fsync", "mkdir", "fsync", "rename", "fsync"]
    assert calls.count("mkdir") == 3  # the root, the folder for what is being written, and a/
    assert all(calls[n + 1] == "fsync" for n, call in enumerate(calls) if call == "mkdir")


def test_a_killed_write_leaves_the_old_bytes(tmp_path: Path) -> None:
    store = FolderObjects(tmp_path / "objects")
    store.put_bytes("a/b", b"old", OCTETS)
    with ForkServer("unit_children") as processes:
        calls = processes.calls_of("unit_children:write_object", root=str(store.root))
        store.put_bytes("a/b", b"old", OCTETS)
        for call in range(3, calls + 10, 5):
            status = processes.call("unit_children:write_object", root=str(store.root), call=call)
            assert status in (0, -9)
            assert store.get_bytes("a/b") in (b"old", b"new" * 1_000_000)
            assert list(store.list_keys("")) == ["a/b"]
            store.put_bytes("a/b", b"old", OCTETS)
    FolderObjects(store.root, leftovers_after_s=0)
    assert not list((store.root / ".incoming").iterdir())


def test_a_full_disk_is_an_error_and_leaves_what_was(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    script = """
import sys
from pathlib import Path
from adapters.local.objects import FolderObjects
from bharatchef.errors import StoreError
root = Path(sys.argv[1], "objects")
store = FolderObjects(root)
store.put_bytes("a/b", b"old" * 10_000, "text/plain")
for key in ("a/b", "c/d"):
    try:
        store.put_bytes(key, b"new" * 1_000_000, "text/plain")
    except StoreError as error:
        print(error)
assert store.get_bytes("a/b") == b"old" * 10_000
assert list(store.list_keys("")) == ["a/b"]
assert not list((root / ".incoming").iterdir())
store.put_bytes("a/b", b"small again", "text/plain")
assert store.get_bytes("a/b") == b"small again"
"""
    told = run_on_small_disk(script, folder).splitlines()
    assert len(told) == 2
    assert all("the disk is full" in line and "bharatchef doctor" in line for line in told)


def test_a_limit_on_file_size_is_an_error_and_leaves_what_was(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from adapters.local.objects import FolderObjects
from bharatchef.errors import StoreError
store = FolderObjects(Path(sys.argv[1]))
store.put_bytes("a", b"old", "text/plain")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.put_bytes("a", b"new" * 100_000, "text/plain")
except StoreError as error:
    print(error)
assert store.get_bytes("a") == b"old"
assert not list(Path(sys.argv[1], ".incoming").iterdir())
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
    assert done.returncode == 0, done.stderr
    assert "may not grow that large" in done.stdout


def test_writing_beside_deleting_loses_no_write(store: FolderObjects) -> None:
    wrong: list[BaseException] = []

    def repeat(key: str, delete: bool) -> None:
        try:
            for number in range(150):
                store.put_bytes(key, str(number).encode(), OCTETS)
                assert store.get_bytes(key) == str(number).encode()
                if delete:
                    store.delete(key)
        except BaseException as error:
            wrong.append(error)

    threads = [
        threading.Thread(target=repeat, args=(key, delete))
        for key, delete in (("a/b/c/1", True), ("a/b/c/2", True), ("a/b/3", True), ("a/4", False))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert list(store.list_keys("")) == ["a/4"]


@given(st.text(max_size=60) | st.text(alphabet="./\\a\0", max_size=12))
def test_an_accepted_key_stays_below_the_folder(key: str) -> None:
    try:
        parts = key_parts(key)
    except StoreError:
        return
    assert "/".join(parts) == key
    root = Path("/somewhere/objects")
    assert os.path.normpath(root.joinpath(*parts)) == str(root) + "/" + key
    assert not any(part.startswith(".") for part in parts)
