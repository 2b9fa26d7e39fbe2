"""What the analytics need of where evaluations are kept: its changes, in order, from any watermark on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from bharatchef.records import Evaluation

VERSION_DIGITS = 40
"""DynamoDB's sequence numbers have at most so many; versions are texts of this width, so that they sort."""


def version_of(number: int) -> str:
    """A version from a whole number of 0 or more: a text that sorts as the numbers do."""
    return f"{number:0{VERSION_DIGITS}d}"


@dataclass(frozen=True)
class Change:
    """An evaluation as it was at a change or later; ``evaluation`` is ``None`` where it is gone.

    Of two changes of one evaluation the one with the greater ``version`` is the later.
    """

    evaluation_id: str
    version: str
    evaluation: Evaluation | None


@dataclass(frozen=True)
class Batch:
    """Changes, and the watermark that says they were read.

    ``afresh``: the reading began from nothing, so what was loaded before is to be forgotten. ``present``:
    the ids of all that there is, read after the changes, where a source keeps not even the ids of what is
    gone: what is loaded and not among them is to be removed.
    """

    changes: tuple[Change, ...]
    watermark: str
    afresh: bool = False
    present: frozenset[str] | None = None


class ChangeSource(Protocol):
    """Where evaluations are kept, as a history that can be read on from any point."""

    @property
    def name(self) -> str:
        """What its watermark is kept under."""
        ...

    def batches(self, after: str | None) -> Iterator[Batch]:
        """What changed since ``after``, a watermark of an earlier batch; all there is, without one.

        Reading again from an older watermark gives the same changes again and ends with the same latest ones.
        Where a watermark leads nowhere any more, the reading begins afresh.

        Raises:
            StoreError: the source cannot be read; what was read before holds.
        """
        ...
