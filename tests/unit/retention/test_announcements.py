"""Announcements of erased evaluations go, and none that is made meanwhile is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

from samples import sample_evaluation

from adapters.local.clock import SystemClock
from adapters.local.notifier import FileNotifier, forget_announcements, told_of

PROCESSES, EACH = 4, 30


def test_what_others_announce_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "notifications.jsonl"
    notifier = FileNotifier(path, SystemClock())
    theirs = frozenset(f"theirs-{number}" for number in range(20))
    children = []
    for process in range(PROCESSES):
        child = os.fork()
        if child == 0:
            for number in range(EACH):
                notifier.processing_failed(sample_evaluation(f"other-{process}-{number}"))
            os._exit(0)
        children.append(child)
    for name in sorted(theirs):
        notifier.processing_failed(sample_evaluation(name))
        forget_announcements(path, theirs)
    for child in children:
        os.waitpid(child, 0)
    assert told_of(path, theirs) == set()
    named = [json.loads(line)["evaluationId"] for line in path.read_text().splitlines()]
    assert sorted(named) == sorted(f"other-{p}-{n}" for p in range(PROCESSES) for n in range(EACH))
