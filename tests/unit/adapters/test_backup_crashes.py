"""Killed at any moment, or on a full disk, backup and restore leave the old state or the new."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from forking import ForkServer
from homes import filled_home, state
from small_disk import run_on_small_disk

from adapters import build_ports
from adapters.local.backup import backup, restore
from adapters.local.restoring import finish_interrupted_restore, restoring, staging
from bharatchef.errors import StoreError
from bharatchef.settings import Settings, load_settings


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
