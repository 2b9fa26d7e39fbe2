"""Tells that an evaluation ended, as one line of JSON in a file; knows nothing of who reads it."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from adapters.local.durable import PRIVATE_FILE, make_folder, sync_folder, telling, write_all
from bharatchef.ports import Clock
from bharatchef.records import Evaluation


class FileNotifier:
    """The notifier port on a file: a line an event, appended and on the disk before the call returns.

    An event names the evaluation and the dish, never a person. It is told at least once: after a crash
    the same event may come again, under the same ``eventId``.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def evaluation_complete(self, evaluation: Evaluation) -> None:
        self._append("evaluation-complete", evaluation)

    def processing_failed(self, evaluation: Evaluation) -> None:
        self._append("processing-failed", evaluation)

    def _append(self, topic: str, evaluation: Evaluation) -> None:
        event = {
            "eventId": f"{evaluation.evaluation_id}:{topic}",
            "topic": topic,
            "evaluationId": evaluation.evaluation_id,
            "dishId": evaluation.dish_id,
            "status": evaluation.status,
            "overallScore": evaluation.overall_score,
            "at": self._clock.now().isoformat(),
        }
        line = json.dumps(event, ensure_ascii=False).encode() + b"\n"
        with telling(f"note in {self.path} that evaluation {evaluation.evaluation_id} ended"):
            make_folder(self.path.parent)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, PRIVATE_FILE)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._append_line(descriptor, line)
            finally:
                os.close(descriptor)
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
