"""A backup is whole or refused; a restore is done or not; both whenever they are killed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from forking import ForkServer
from samples import MOMENT, sample_evaluation, sample_result
from small_disk import run_on_small_disk

from adapters import build_ports
from adapters.local.backup import backup, restore
from adapters.local.restoring import finish_interrupted_restore, restoring, staging
from bharatchef.errors import BharatChefError, ConfigurationError, StoreError
from bharatchef.records import User
from bharatchef.settings import Settings, load_settings
from tasks.publishing import publish

OCTETS = "application/octet-stream"


def filled_home(home: Path, work: str = "w") -> Settings:
    """A home with a published evaluation, a user, a film, a dish and a model."""
    settings = load_settings(home=home)
    ports = build_ports(settings)
    ports.evaluations.put_user(User(user_id="asha", created_at=MOMENT))
    ports.objects.put_bytes("films/film.mp4", f"film of {work} ".encode() * 2_000, "video/mp4")
    claimed = ports.evaluations.claim(sample_evaluation(f"ev-{work}", work=work), "one", 60).evaluation
    publish(ports, sample_result(claimed).model_copy(update={"stills": ()}), f"<html>{work}</html>", "one")
    settings.dishes_dir.mkdir()
    (settings.dishes_dir / "own-dish.yaml").write_text(f"name: {work}\n")
    package = settings.models_dir / "actions"
    package.mkdir(parents=True)
    (package / "model.json").write_text(json.dumps({"name": work}))
    (package / "weights.onnx").write_bytes(f"weights of {work}".encode() * 1_000)
    return settings


def state(settings: Settings) -> dict[str, object]:
    """All that a home holds, as one value that can be compared."""
    ports = build_ports(settings)
    files = {
        path.relative_to(settings.home).as_posix(): path.read_bytes()
        for folder in (settings.dishes_dir, settings.models_dir)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    notices = settings.home / "notifications.jsonl"
    return {
        "objects": {key: ports.objects.get_bytes(key) for key in ports.objects.list_keys("")},
        "evaluations": ports.evaluations.find(""),
        "feedback": [ports.evaluations.feedback(e.evaluation_id) for e in ports.evaluations.find("")],
        "user": ports.evaluations.user("asha"),
        "notices": notices.read_bytes() if notices.exists() else b"",
        "files": files,
    }


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return filled_home(tmp_path / "home")


@pytest.fixture
def archive(home: Settings, tmp_path: Path) -> Path:
    target = tmp_path / "backup.tar.gz"
    backup(home, target, include_weights=True)
    return target


def test_all_comes_back(home: Settings, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    target = tmp_path / "elsewhere" / "backup.tar.gz"
    saved = backup(home, target, lambda done, total: heard.append((done, total)), include_weights=True)
    assert saved.evaluations == 1
    assert saved.size_bytes == target.stat().st_size
    assert heard[-1][0] == heard[-1][1] > 0
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)
    assert target.stat().st_mode & 0o077 == 0

    heard.clear()
    new = load_settings(home=tmp_path / "new")
    restored = restore(new, target, progress=lambda done, total: heard.append((done, total)))
    assert (restored.files, restored.evaluations) == (saved.files, 1)
    assert heard[-1][0] == heard[-1][1] == target.stat().st_size
    assert state(new) == state(home)
    assert not (new.home / ".restore").exists()
    assert not list(home.home.glob(".backup-*"))


def test_the_manifest_names_every_file_by_its_sum(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        manifest = json.loads(tar.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert names[-1] == "manifest.json"
    assert [file["name"] for file in manifest["files"]] == names[:-1]
    assert {"bharatchef.sqlite3", "objects/results/ev-w/result.json", "dishes/own-dish.yaml"} <= set(names)
    assert manifest["format"] == "bharatchef-backup"
    assert all(len(file["sha256"]) == 64 for file in manifest["files"])


def test_weights_are_left_out_unless_asked_for_and_kept_where_they_are(
    home: Settings, tmp_path: Path
) -> None:
    target = tmp_path / "backup.tar.gz"
    backup(home, target)
    with tarfile.open(target) as tar:
        assert [name for name in tar.getnames() if name.startswith("models/")] == [
            "models/actions/model.json"
        ]
    new = load_settings(home=tmp_path / "new")
    restore(new, target)
    assert not (new.models_dir / "actions" / "weights.onnx").exists()
    before = state(home)
    restore(home, target, force=True)
    assert state(home) == before


def test_what_is_there_already_is_not_overwritten(home: Settings, archive: Path) -> None:
    with pytest.raises(StoreError, match="exists already"):
        backup(home, archive)
    before = state(home)
    with pytest.raises(StoreError, match="--force"):
        restore(home, archive)
    assert state(home) == before


def test_force_replaces_everything(home: Settings, archive: Path, tmp_path: Path) -> None:
    other = filled_home(tmp_path / "other", "z")
    restore(other, archive, force=True)
    assert state(other) == state(home)


def test_a_home_that_only_was_looked_at_counts_as_empty(
    home: Settings, archive: Path, tmp_path: Path
) -> None:
    new = load_settings(home=tmp_path / "new")
    assert build_ports(new).evaluations.find("") == []
    restore(new, archive)
    assert state(new) == state(home)


def test_nothing_to_back_up_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing is stored"):
        backup(load_settings(home=tmp_path / "none"), tmp_path / "b.tar.gz")
    assert not (tmp_path / "none").exists()


def test_a_backup_does_not_go_into_what_it_saves(home: Settings) -> None:
    with pytest.raises(StoreError, match="outside"):
        backup(home, home.home / "objects" / "backup.tar.gz")


def test_nobody_may_be_at_work_in_a_home_that_is_replaced(home: Settings, archive: Path) -> None:
    build_ports(home).evaluations.claim(sample_evaluation("ev-live", work="live"), "one", 60)
    before = state(home)
    with pytest.raises(StoreError, match=r"ev-live.*worked on"):
        restore(home, archive, force=True)
    assert state(home) == before


def test_a_damaged_home_can_be_restored(home: Settings, archive: Path) -> None:
    before = state(home)
    home.database.write_bytes(b"garbage" * 1000)
    restore(home, archive, force=True)
    assert state(home) == before


def test_the_old_write_ahead_log_does_not_reach_the_new_records(home: Settings, archive: Path) -> None:
    before = state(home)
    with closing(sqlite3.connect(home.database)) as connection:
        # An open connection keeps the log with its last commit beside the database.
        connection.execute("UPDATE Evaluations SET userId = 'somebody else'")
        connection.commit()
        assert home.database.with_name(home.database.name + "-wal").stat().st_size > 0
        restore(home, archive, force=True)
    assert state(home) == before


def test_a_part_on_another_disk_or_behind_a_link_is_refused(
    home: Settings, archive: Path, tmp_path: Path
) -> None:
    home.objects_dir.rename(tmp_path / "big-disk")
    home.objects_dir.symlink_to(tmp_path / "big-disk")
    before = state(home)
    with pytest.raises(ConfigurationError, match="a link or a disk of its own"):
        restore(home, archive, force=True)
    assert state(home) == before


def test_a_result_that_was_lost_before_is_named(home: Settings, tmp_path: Path) -> None:
    build_ports(home).objects.delete("results/ev-w/result.json")
    assert backup(home, tmp_path / "b.tar.gz").damaged == ("ev-w",)


def test_an_evaluation_deleted_while_the_backup_runs_is_not_in_it_by_half(
    home: Settings, tmp_path: Path
) -> None:
    ports = build_ports(home)

    def delete(_done: int, _total: int) -> None:
        # The first progress comes after the snapshot of the records and before the results are read.
        if ports.evaluations.delete("ev-w"):
            for key in list(ports.objects.list_keys("results/")):
                ports.objects.delete(key)

    saved = backup(home, tmp_path / "b.tar.gz", delete)
    assert (saved.evaluations, saved.damaged) == (0, ())
    new = load_settings(home=tmp_path / "new")
    restore(new, tmp_path / "b.tar.gz")
    assert build_ports(new).evaluations.find("") == []
    assert b"ev-w" not in new.database.read_bytes()  # not in its free pages either


def test_an_unfinished_publication_is_left_out(home: Settings, tmp_path: Path) -> None:
    ports = build_ports(home)
    ports.evaluations.claim(sample_evaluation("ev-begun", work="begun"), "one", 60)
    ports.objects.put_bytes("results/ev-begun/report.html", b"<html>", "text/html")
    backup(home, tmp_path / "b.tar.gz")
    new = load_settings(home=tmp_path / "new")
    restore(new, tmp_path / "b.tar.gz")
    assert not list(build_ports(new).objects.list_keys("results/ev-begun/"))
    assert [e.evaluation_id for e in build_ports(new).evaluations.find("")] == ["ev-begun", "ev-w"]


# --- archives that are not what they should be ---------------------------------------------------


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


# --- crashes and full disks ----------------------------------------------------------------------


def test_a_restore_killed_anywhere_leaves_the_old_state_or_the_new(home: Settings, tmp_path: Path) -> None:
    archive = tmp_path / "small.tar.gz"
    backup(home, archive)
    old_home = filled_home(tmp_path / "template", "z")
    old = state(old_home)
    expected = load_settings(home=tmp_path / "expected")
    shutil.copytree(old_home.home, expected.home)
    restore(expected, archive, force=True)
    new = state(expected)
    assert old != new
    seen = {"old": 0, "new": 0}
    choose = random.Random(11)
    with ForkServer("unit_children") as processes:
        probe = str(shutil.copytree(old_home.home, tmp_path / "probe"))
        calls = processes.calls_of("unit_children:bring_back", home=probe, source=str(archive))
        instants = [*choose.sample(range(1, calls), 12), *choose.sample(range(calls * 9 // 10, calls), 12)]
        for number, call in enumerate(instants):
            victim = load_settings(home=tmp_path / f"victim{number}")
            shutil.copytree(old_home.home, victim.home)
            processes.call("unit_children:bring_back", home=str(victim.home), source=str(archive), call=call)
            if number % 3 == 0:
                # Killed again while it is being finished.
                again = choose.randint(10, 400)
                processes.call("unit_children:open_ports", home=str(victim.home), call=again)
            found = state(victim)
            assert found in (old, new), f"killed at call {call}"
            seen["old" if found == old else "new"] += 1
            assert not (victim.home / ".restore").exists()
    assert min(seen.values()) >= 3, f"{seen} in {calls} calls"


def test_the_renames_of_a_restore_are_finished_by_whoever_comes_next(tmp_path: Path) -> None:
    seen = {"ev-old": 0, "ev-new": 0}
    with ForkServer("unit_children") as processes:
        calls = processes.calls_of("unit_children:replace_state", home=str(tmp_path / "probe"))
        for call in range(5, calls, calls // 25):
            victim = load_settings(home=tmp_path / f"victim{call}")
            processes.call("unit_children:replace_state", home=str(victim.home), call=call)
            ports = build_ports(victim)
            (evaluation,) = ports.evaluations.find("")
            assert list(ports.objects.list_keys("")) == [f"films/{evaluation.evaluation_id}.mp4"]
            assert not (victim.home / ".restore").exists()
            seen[evaluation.evaluation_id] += 1
    assert min(seen.values()) >= 3, f"{seen} in {calls} calls"


def test_a_backup_killed_anywhere_leaves_the_last_one_or_a_whole_new_one(
    home: Settings, tmp_path: Path
) -> None:
    target = tmp_path / "backup.tar.gz"
    before = state(home)
    backup(home, target)
    killed = 0
    with ForkServer("unit_children") as processes:
        arguments = {"home": str(home.home), "target": str(target)}
        calls = processes.calls_of("unit_children:back_up", **arguments)
        for call in range(20, calls, calls // 20):
            killed += processes.call("unit_children:back_up", **arguments, call=call) == -9
            new = load_settings(home=tmp_path / f"new{call}")
            restore(new, target)
            assert state(new)["evaluations"] == before["evaluations"]
        assert processes.call("unit_children:back_up", **arguments, call=0) == 0
    assert killed >= 15
    assert state(home) == before
    assert not list(home.home.glob(".backup-*"))
    assert not list(tmp_path.glob(".*.partial"))


def test_a_full_disk_while_restoring_is_an_error_and_leaves_what_was(home: Settings, tmp_path: Path) -> None:
    big = build_ports(home)
    big.objects.put_bytes("films/big.mp4", random.Random(3).randbytes(600_000), "video/mp4")
    archive, disk = tmp_path / "b.tar.gz", tmp_path / "disk"
    disk.mkdir()
    backup(home, archive)
    script = f"""
import sys
from pathlib import Path
from adapters import build_ports
from adapters.local.backup import backup, restore
from bharatchef.errors import StoreError
from bharatchef.settings import load_settings
from samples import sample_evaluation
settings = load_settings(home=Path(sys.argv[1], "home"))
ports = build_ports(settings)
ports.objects.put_bytes("films/own.mp4", b"own", "video/mp4")
try:
    restore(settings, Path({str(archive)!r}), force=True)
except StoreError as error:
    print(error)
assert [*ports.objects.list_keys("")] == ["films/own.mp4"]
assert not (settings.home / ".restore").exists()
ports.objects.put_bytes("films/large.mp4", bytes(200_000), "video/mp4")
target = Path(sys.argv[1], "b.tar.gz")
Path(sys.argv[1], "ballast").write_bytes(bytes(160_000))
import random
try:
    ports.objects.put_bytes("films/noise.mp4", random.Random(1).randbytes(60_000), "video/mp4")
    backup(settings, target)
except StoreError as error:
    print(error)
assert not target.exists()
assert not list(target.parent.glob(".*.partial"))
"""
    told = run_on_small_disk(script, disk, "600k").splitlines()
    assert len(told) == 2
    assert all("the disk is full" in line for line in told), told


def test_two_restores_do_not_meet(home: Settings, archive: Path) -> None:
    with restoring(home.home), pytest.raises(StoreError, match="Another restore"):
        restore(home, archive, force=True)


def test_an_undecided_leftover_is_swept(home: Settings) -> None:
    leftover = staging(home.home)
    leftover.mkdir(parents=True)
    (leftover / "notifications.jsonl").write_text("{}")
    before = state(home)
    finish_interrupted_restore(home)
    assert state(home) == before
    assert not (home.home / ".restore").exists()
