"""The history of evaluations in SQLite as a source of changes; knows nothing of who reads it."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.local.evaluations import SqliteEvaluations
from bharatchef.analytics.changes import Batch, Change, version_of
from bharatchef.errors import InputError

_PAGE = 200


class SqliteChanges:
    """Reads the table ``Changes``, whose order is the order of the commits.

    A change is read with the evaluation as it is now: it may be newer than its version says, and a later
    change with the greater version then follows. A watermark is the number and the mark of the last change
    read; where the history bears another mark there (a backup was restored) the reading begins afresh.

    Args:
        page: changes a batch.
    """

    name = "sqlite"

    def __init__(self, evaluations: SqliteEvaluations, page: int = _PAGE) -> None:
        self._evaluations = evaluations
        self._page = page

    def batches(self, after: str | None) -> Iterator[Batch]:
        seq, mark = _parsed(after)
        afresh = after is None or self._evaluations.change_mark(seq) != mark
        if afresh:
            seq = 0
        while True:
            page = self._evaluations.changes_after(seq, self._page)
            if not page and not afresh:
                return
            latest = {
                evaluation.evaluation_id: Change(evaluation.evaluation_id, version_of(number), evaluation)
                for number, _, evaluation in page
                if evaluation is not None
            }
            some_are_gone = any(evaluation is None for _, _, evaluation in page)
            present = (
                frozenset(e.evaluation_id for e in self._evaluations.find("")) if some_are_gone else None
            )
            seq, mark = page[-1][:2] if page else (0, "")
            yield Batch(tuple(latest.values()), f"{seq}:{mark}", afresh, present)
            afresh = False


def _parsed(watermark: str | None) -> tuple[int, str]:
    seq, found, mark = (watermark or "0:").partition(":")
    if not found or not seq.isdigit():
        raise InputError(
            f"Expected a watermark of this source like 12:0f3a, got {watermark!r}.",
            "Load from nothing, or give a watermark that a load has printed.",
        )
    return int(seq), mark
