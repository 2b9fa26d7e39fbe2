"""A backup holds all that cannot be made again, and a restore brings all of it back."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from homes import filled_home, state
from samples import sample_evaluation

from adapters import build_ports
from adapters.local.backup import backup, restore
from bharatchef.errors import ConfigurationError, StoreError
from bharatchef.settings import Settings, load_settings


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
        connection.execute("UPDATE Evaluations SET document = json_set(document, '$.userId', 'ravi')")
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
