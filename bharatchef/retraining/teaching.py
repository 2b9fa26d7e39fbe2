"""What each package learns of people's corrections, and how much of it there is in one film's labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bharatchef.observed import Analyser
from bharatchef.review.labels import CorrectedLabels


@dataclass(frozen=True)
class Taught:
    """A package that corrections teach.

    Attributes:
        analyser: what it sees.
        rows: what one film's labels teach it, a row a label, as they go into the hash of the data.
        is_complete: whether a film's labels say all that they teach of; some films' say nothing of it.
    """

    analyser: Analyser
    rows: Callable[[CorrectedLabels], list[list[object]]]
    is_complete: Callable[[CorrectedLabels], bool]

    def count(self, labels: CorrectedLabels) -> int:
        """How many labels of a film teach it."""
        return len(self.rows(labels))


def _segments(labels: CorrectedLabels) -> list[list[object]]:
    return [[s.start_s, s.end_s, s.action_type] for s in labels.segments]


def _boxes(labels: CorrectedLabels) -> list[list[object]]:
    return [[box.time_s, box.label, box.x, box.y, box.w, box.h] for box in labels.boxes]


def _heat(labels: CorrectedLabels) -> list[list[object]]:
    return [[span.start_s, span.end_s, str(span.level), span.flame] for span in labels.heat]


def _plates(labels: CorrectedLabels) -> list[list[object]]:
    return [[mark.time_s, mark.dish_id] for mark in labels.plates]


TAUGHT: Mapping[str, Taught] = MappingProxyType(
    {
        "slowfast": Taught(Analyser.ACTIONS, _segments, lambda labels: bool(labels.segments)),
        # What no span covers is not known: a film with one span says something of it.
        "flame": Taught(Analyser.HEAT, _heat, lambda labels: bool(labels.heat)),
        "resnet": Taught(Analyser.PLATE, _plates, lambda labels: bool(labels.plates)),
        # Boxes are complete at the moments that were looked at: a still without any shows nothing.
        "yolov8": Taught(Analyser.OBJECTS, _boxes, lambda labels: bool(labels.box_times_s)),
    }
)
