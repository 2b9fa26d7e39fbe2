"""Tells that a film arrived or an evaluation ended, as a line of JSON in a file; knows no reader of it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapters.local.durable import (
    PRIVATE_FILE,
    make_folder,
    sync_folder,
    telling,
    write_all,
    write_durably,
)
from adapters.notifying import Event, evaluation_event, upload_event
from bharatchef.notices import ConfirmedUpload, Notice
from bharatchef.ports import Clock
from bharatchef.records import Evaluation


def told_of(path: Path, evaluation_ids: frozenset[str]) -> set[str]:
    """Those of ``evaluation_ids`` that the file has announced."""
    if not path.exists():
        return set()
    with telling(f"read {path}"):
        lines = path.read_bytes().splitlines()
    return {named for line in lines if (named := _evaluation_of(line)) in evaluation_ids}


def forget_announcements(path: Path, evaluation_ids: frozenset[str]) -> None:
    """Take the announcements of ``evaluation_ids`` out of the file; it changes as a whole or not at all."""
    if not told_of(path, evaluation_ids):
        return
    with telling(f"take announcements out of {path}"), _alone(path):
        lines = path.read_bytes().splitlines(keepends=True)
        write_durably(path, (line for line in lines if _evaluation_of(line) not in evaluation_ids))


class FileNotifier:
    """The notifier port on a file: a line an event, appended and on the disk before the call returns.

    An event names the evaluation and the dish, never a person. It is told at least once: after a crash
    the same event may come again, under the same ``eventId``.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def upload_confirmed(self, upload: ConfirmedUpload, notice: Notice | None = None) -> None:
        self._append(upload_event(upload, notice, self._clock.now()))

    def evaluation_complete(self, evaluation: Evaluation, notice: Notice | None = None) -> None:
        self._append(evaluation_event("evaluation-complete", evaluation, notice, self._clock.now()))

    def processing_failed(self, evaluation: Evaluation, notice: Notice | None = None) -> None:
        self._append(evaluation_event("processing-failed", evaluation, notice, self._clock.now()))

    def _append(self, event: Event) -> None:
        line = json.dumps(event, ensure_ascii=False).encode() + b"\n"
        with telling(f"note the event {event['eventId']} in {self.path}"):
            make_folder(self.path.parent)
            with _alone(self.path) as descriptor:
                self._append_line(descriptor, line)
            sync_folder(self.path.parent)

    def _append_line(self, descriptor: int, line: bytes) -> None:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # a power cut tore the last line: this one stays readable
        try:
            write_all(descriptor, line)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """The file, made where there is none, while nobody else writes to it."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        descriptor = os.open(path, flags, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever had the lock may have put another file in its place.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _evaluation_of(line: bytes) -> str:
    try:
        return str(json.loads(line).get("evaluationId", ""))
    except (ValueError, AttributeError):
        return ""  # a power cut tore it
