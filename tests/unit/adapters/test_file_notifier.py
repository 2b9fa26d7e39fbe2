"""What only the notifier on a file has to get right: many writers, torn lines, full disks."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from forking import ForkServer
from samples import sample_evaluation
from small_disk import run_on_small_disk

from adapters.local.clock import SystemClock
from adapters.local.notifier import FileNotifier


def test_many_processes_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "notifications.jsonl"
    with ForkServer("unit_children") as processes:
        pids = [
            processes.start("unit_children:tell", path=str(path), name=f"p{n}", times=40) for n in range(4)
        ]
        assert [processes.wait(pid) for pid in pids] == [0] * 4
    told = Counter(json.loads(line)["evaluationId"] for line in path.read_text().splitlines())
    assert told == Counter(f"p{n}-{number}" for n in range(4) for number in range(40))


def test_a_line_torn_by_a_power_cut_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "notifications.jsonl"
    notifier = FileNotifier(path, SystemClock())
    notifier.evaluation_complete(sample_evaluation("ev-1"))
    with path.open("ab") as file:
        file.write(b'{"eventId": "ev-2:evaluation-com')
    notifier.evaluation_complete(sample_evaluation("ev-2"))
    first, torn, third = path.read_text().splitlines()
    assert [json.loads(line)["evaluationId"] for line in (first, third)] == ["ev-1", "ev-2"]
    assert torn == '{"eventId": "ev-2:evaluation-com'


def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "home" / "notifications.jsonl"
    FileNotifier(path, SystemClock()).evaluation_complete(sample_evaluation("ev-1"))
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_full_disk_is_an_error_and_leaves_whole_lines(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    script = """
import json, os, sys
from pathlib import Path
from adapters.local.clock import SystemClock
from adapters.local.notifier import FileNotifier
from bharatchef.errors import StoreError
from samples import sample_evaluation
path = Path(sys.argv[1], "notifications.jsonl")
notifier = FileNotifier(path, SystemClock())
told = 0
Path(sys.argv[1], "ballast").write_bytes(bytes(20_000))
try:
    for number in range(10_000):
        notifier.evaluation_complete(sample_evaluation(f"ev-{number}"))
        told += 1
except StoreError as error:
    print(error)
lines = path.read_text().splitlines()
assert [json.loads(line)["evaluationId"] for line in lines] == [f"ev-{n}" for n in range(told)]
Path(sys.argv[1], "ballast").unlink()
notifier.evaluation_complete(sample_evaluation("ev-last"))
assert json.loads(path.read_text().splitlines()[-1])["evaluationId"] == "ev-last"
"""
    assert "the disk is full" in run_on_small_disk(script, folder, "64k")
