"""What every object store promises."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contract_sides import Side

from bharatchef.errors import StoreError
from bharatchef.ports import Ports

OCTETS = "application/octet-stream"
BAD_KEYS = {
    "empty": "",
    "absolute": "/etc/passwd",
    "up": "../outside",
    "up inside": "a/../../outside",
    "here": "./a",
    "hidden": "a/.hidden",
    "empty part": "a//b",
    "slash at the end": "a/",
    "backslash": "a\\b",
    "NUL": "a\0b",
    "line feed": "a\nb",
    "escape": "a\x1b[2Jb",
    "line separator": "a\u2028b",
    "half a surrogate": "a\ud800b",
    "part too long": "a/" + "x" * 256,
    "part too long in bytes": "अ" * 86,
    "key too long": "/".join(["x" * 200] * 6),
}


@pytest.mark.parametrize("data", [b"", b"x", b"\0\xff" * 50_000], ids=["empty", "one byte", "large"])
def test_bytes_come_back_as_they_were(ports: Ports, data: bytes) -> None:
    ports.objects.put_bytes("results/ev-1/result.json", data, OCTETS)
    assert ports.objects.get_bytes("results/ev-1/result.json") == data
    assert ports.objects.exists("results/ev-1/result.json")


def test_what_is_stored_is_there_after_opening_again(side: Side) -> None:
    side.ports.objects.put_bytes("a/b", b"kept", OCTETS)
    assert side.reopen().objects.get_bytes("a/b") == b"kept"


def test_the_last_write_counts(ports: Ports) -> None:
    ports.objects.put_bytes("a", b"a longer first", OCTETS)
    ports.objects.put_bytes("a", b"second", OCTETS)
    assert ports.objects.get_bytes("a") == b"second"


def test_a_file_is_stored_and_stays_where_it_is(ports: Ports, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film" * 1_000_000)
    ports.objects.put_file("films/one.mp4", film, "video/mp4")
    assert ports.objects.get_bytes("films/one.mp4") == film.read_bytes()
    with ports.objects.as_file("films/one.mp4") as path:
        assert path.suffix == ".mp4"
        assert path.read_bytes() == film.read_bytes()
        assert path != film


def test_a_file_that_is_not_there_is_an_error_and_stores_nothing(ports: Ports, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        ports.objects.put_file("films/one.mp4", tmp_path / "none.mp4", "video/mp4")
    assert not list(ports.objects.list_keys(""))


def test_what_is_not_there_is_said_so(ports: Ports) -> None:
    ports.objects.put_bytes("a/b", b"x", OCTETS)
    for key in ("none", "a", "a/b/c", "a/c"):
        assert not ports.objects.exists(key)
        ports.objects.delete(key)
        with pytest.raises(StoreError, match=key):
            ports.objects.get_bytes(key)
        with pytest.raises(StoreError, match=key), ports.objects.as_file(key):
            pass
    assert ports.objects.get_bytes("a/b") == b"x"


def test_deleted_is_gone_and_the_rest_is_not(ports: Ports) -> None:
    for key in ("a/b/c", "a/b/d", "a/e"):
        ports.objects.put_bytes(key, key.encode(), OCTETS)
    ports.objects.delete("a/b/c")
    assert not ports.objects.exists("a/b/c")
    assert list(ports.objects.list_keys("")) == ["a/b/d", "a/e"]
    ports.objects.put_bytes("a/b/c", b"again", OCTETS)
    assert ports.objects.get_bytes("a/b/c") == b"again"


def test_what_is_known_of_objects_is_told_without_reading_them(ports: Ports) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    for key in ("a/b", "a/c", "b"):
        ports.objects.put_bytes(key, key.encode() * 3, OCTETS)
    found = list(ports.objects.objects("a/"))
    assert [(o.key, o.size_bytes, o.archived) for o in found] == [("a/b", 9, False), ("a/c", 9, False)]
    assert all(began <= o.modified_at <= datetime.now(UTC) + timedelta(seconds=5) for o in found)


def test_erased_is_one_key_or_all_below_it(ports: Ports) -> None:
    for key in ("a/b/c", "a/b/d", "a/b2", "a/b2c", "e"):
        ports.objects.put_bytes(key, b"first", OCTETS)
        ports.objects.put_bytes(key, b"second", OCTETS)
    assert ports.objects.erase("a/b/") >= 2
    assert list(ports.objects.list_keys("")) == ["a/b2", "a/b2c", "e"]
    assert ports.objects.erase("a/b2") >= 1
    assert list(ports.objects.list_keys("")) == ["a/b2c", "e"]
    ports.objects.erase_earlier("e")
    assert ports.objects.get_bytes("e") == b"second"
    assert ports.objects.erase("none") == ports.objects.erase("none/") == 0
    for bad in ("", "/", "../x", "a//"):
        with pytest.raises(StoreError):
            ports.objects.erase(bad)


def test_keys_are_listed_in_the_order_of_their_text(ports: Ports) -> None:
    keys = [
        "a-b/1",
        "a.b",
        "a/b",
        "a/b.c/d",
        "a/b-c/d",
        "a0",
        "results/ev-10/x",
        "results/ev-1/x",
        "चाय/एक",
        "z",
    ]
    for key in keys:
        ports.objects.put_bytes(key if key != "a/b" else "a/b0", b"", OCTETS)
    stored = sorted(key if key != "a/b" else "a/b0" for key in keys)
    assert list(ports.objects.list_keys("")) == stored
    for prefix in ("a", "a/", "a/b", "a-", "results/ev-1", "results/ev-1/", "results/", "चाय/", "none", "z"):
        assert list(ports.objects.list_keys(prefix)) == [key for key in stored if key.startswith(prefix)]


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_a_bad_key_is_refused_everywhere(ports: Ports, key: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError):
        ports.objects.put_bytes(key, b"x", OCTETS)
    with pytest.raises(StoreError):
        ports.objects.put_file(key, source, OCTETS)
    with pytest.raises(StoreError):
        ports.objects.get_bytes(key)
    with pytest.raises(StoreError):
        ports.objects.exists(key)
    with pytest.raises(StoreError):
        ports.objects.delete(key)
    if key and not key.endswith("/"):
        with pytest.raises(StoreError):
            ports.objects.list_keys(key)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("content_type", ["", "video", "video/", "video/mp4\r\nx: y"])
def test_a_bad_content_type_is_refused(ports: Ports, content_type: str) -> None:
    with pytest.raises(StoreError, match="content type"):
        ports.objects.put_bytes("a", b"x", content_type)
    assert not ports.objects.exists("a")


def test_a_reader_sees_the_old_bytes_or_the_new_never_a_part(ports: Ports) -> None:
    versions = [bytes([number]) * 300_000 for number in range(8)]
    ports.objects.put_bytes("a/b", versions[0], OCTETS)
    done = threading.Event()
    odd: list[bytes] = []

    def read() -> None:
        while not done.is_set():
            seen = ports.objects.get_bytes("a/b")
            if seen not in versions or list(ports.objects.list_keys("")) != ["a/b"]:
                odd.append(seen)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for version in versions * 5:
        ports.objects.put_bytes("a/b", version, OCTETS)
    done.set()
    for reader in readers:
        reader.join()
    assert not odd
