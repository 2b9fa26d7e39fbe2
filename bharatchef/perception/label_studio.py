"""Reads an export of Label Studio's video timeline into rows; knows no dish.

Formats, as Label Studio writes them (https://labelstud.io/tags/timelinelabels, /tags/video, /guide/export):

- JSON: a list of tasks, each with ``annotations[].result[]``; a region of type ``timelinelabels`` has
  ``value.ranges[{start, end}]`` in frames counted from 1, the end frame belonging to it, and
  ``value.timelinelabels``. The frame rate is not in the export: it is the project's ``frameRate``.
- JSON-MIN: a list of tasks with the regions' values directly under the tag's name.
- Regions on a sound track or a time series (``labels``, ``timeserieslabels``): ``value.start`` and
  ``value.end`` in seconds. Those of the track ``HEAT_TRACK`` mark the heat and are no steps; a correction
  reads them (``review/heat.py``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from bharatchef.errors import InputError
from bharatchef.perception.segment_rows import MAX_ROWS, Problems, Row

_LABEL_KEYS = ("timelinelabels", "labels", "videolabels", "timeserieslabels", "hypertextlabels")
_FPS_KEYS = ("fps", "framerate", "frame_rate", "frameRate", "videoFps")
_MAX_FPS = 1000.0
HEAT_TRACK = "heat"


@dataclass(frozen=True)
class _Region:
    value: Mapping[str, Any]
    score: Any


@dataclass(frozen=True)
class LabelStudioExport:
    """One task of an export: who labelled, the film's name as Label Studio knew it, and the rows."""

    annotator: str
    film: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


def is_label_studio(document: Any) -> bool:
    """Whether a JSON document has the look of a Label Studio export."""
    tasks = document if isinstance(document, list) else [document]
    return bool(tasks) and all(isinstance(task, dict) and _looks_like_task(task) for task in tasks)


def read_label_studio(
    document: Any, file_name: str, problems: Problems, fps: float | None = None
) -> LabelStudioExport:
    """The one labelled task of an export as rows in seconds.

    Args:
        fps: frames a second that the labelling project was set to (``frameRate`` of its ``Video`` tag);
            needed where ranges are in frames and neither the task's data nor a region says it.

    Raises:
        InputError: no task or several, no annotation or several, or frames without a frame rate.
    """
    tasks = document if isinstance(document, list) else [document]
    labelled = [task for task in tasks if _annotations(task)]
    if not labelled:
        raise InputError(
            f"{file_name} is a Label Studio export in which nothing is labelled.",
            "Submit the annotation in Label Studio, then export it again as JSON.",
        )
    if len(labelled) > 1:
        films = ", ".join(_film(task) or f"task {task.get('id', '?')}" for task in labelled[:5])
        raise InputError(
            f"{file_name} holds {len(labelled)} labelled films ({films}); expected one.",
            "Export one task alone (filter by its id before exporting).",
        )
    task = labelled[0]
    annotator, regions = _one_annotation(task, file_name)
    rate, notes = _frame_rate(task, regions, fps)
    rows = tuple(_rows(regions, rate, file_name, problems))
    return LabelStudioExport(annotator=annotator, film=_film(task), rows=rows, notes=notes)


def _looks_like_task(task: Mapping[str, Any]) -> bool:
    if isinstance(task.get("annotations"), list) or isinstance(task.get("completions"), list):
        return True
    return any(_is_values(value) for value in task.values())


def _is_values(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(v, dict) and any(key in v for key in _LABEL_KEYS) for v in value)
        and any("ranges" in v or "start" in v for v in value)
    )


def _listed(value: object) -> list[Any]:
    """A list as it is; what is none has no rows."""
    return value if isinstance(value, list) else []


def _annotations(task: Mapping[str, Any]) -> list[tuple[str, bool, list[_Region]]]:
    """(who, whether it is the accepted truth, regions) of each annotation that labels a time."""
    found = []
    # 'completions' was the name until Label Studio 1.0.
    for annotation in _listed(task.get("annotations") or task.get("completions")):
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        regions = [
            _Region(item["value"], item.get("score"))
            for item in _listed(annotation.get("result"))
            if isinstance(item, dict)
            and isinstance(item.get("value"), dict)
            and item.get("from_name") != HEAT_TRACK
            and _labels(item["value"])
        ]
        if regions:
            found.append((_who(annotation), bool(annotation.get("ground_truth")), regions))
    if found:
        return found
    regions = [_Region(v, None) for value in task.values() if _is_values(value) for v in value]
    return [(_who(task), False, regions)] if regions else []


def _labels(value: Mapping[str, Any]) -> list[str]:
    # A box that is followed through the film has labels and a sequence: an object, not a stretch of time.
    if "sequence" in value or not ("ranges" in value or "start" in value):
        return []
    for key in _LABEL_KEYS:
        labels = value.get(key)
        if isinstance(labels, list):
            return [str(label) for label in labels]
    return [""]


def _one_annotation(task: Mapping[str, Any], file_name: str) -> tuple[str, list[_Region]]:
    annotations = _annotations(task)
    accepted = [a for a in annotations if a[1]] or annotations
    if len(accepted) > 1:
        people = ", ".join(who for who, _, _ in accepted[:5])
        raise InputError(
            f"{file_name} holds {len(accepted)} people's labels of one film ({people}); expected one.",
            "Mark one annotation as ground truth in Label Studio (the star), or delete the others.",
        )
    who, _, regions = accepted[0]
    return who, regions


def _who(annotation: Mapping[str, Any]) -> str:
    person = annotation.get("completed_by", annotation.get("annotator"))
    if isinstance(person, dict):
        person = person.get("email") or person.get("id")
    return f"Label Studio annotator {person}" if person not in (None, "") else "Label Studio"


def _film(task: Mapping[str, Any]) -> str:
    data = task.get("data") if isinstance(task.get("data"), dict) else task
    named = data.get("video") if isinstance(data, dict) else None
    return PurePosixPath(named.split("?")[0]).name if isinstance(named, str) else ""


def _frame_rate(
    task: Mapping[str, Any], regions: Sequence[_Region], fps: float | None
) -> tuple[float | None, tuple[str, ...]]:
    if (given := _rate(fps)) is not None:
        return given, ()
    for place in (task.get("data"), task.get("meta"), task):
        if isinstance(place, dict):
            for key in _FPS_KEYS:
                if (rate := _rate(place.get(key))) is not None:
                    return rate, ()
    values = [region.value for region in regions]
    for annotation in _listed(task.get("annotations")):
        if isinstance(annotation, dict):
            results = [r for r in _listed(annotation.get("result")) if isinstance(r, dict)]
            values += [r["value"] for r in results if isinstance(r.get("value"), dict)]
    for value in values:
        frames, duration = _rate(value.get("framesCount"), 1e9), _rate(value.get("duration"), 1e9)
        if frames and duration and (rate := _rate(frames / duration)) is not None:
            return rate, (f"Frame rate {rate:.3f} taken from {frames:.0f} frames in {duration:.2f} s.",)
    return None, ()


def _rate(value: Any, limit: float = _MAX_FPS) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 < number <= limit else None


def _rows(
    regions: Sequence[_Region], rate: float | None, file_name: str, problems: Problems
) -> Iterator[Row]:
    for number, region in enumerate(regions, 1):
        if number > MAX_ROWS:
            raise InputError(
                f"{file_name} has more than {MAX_ROWS:,} regions; that is no one film.", "Export one film."
            )
        where = f"row {number}"
        labels = _labels(region.value)
        if len(labels) != 1 or not labels[0].strip():
            problems.add(
                where, f"expected one label, got {len([label for label in labels if label.strip()])}"
            )
            continue
        step, action = (None, "other") if labels[0].strip().casefold() == "other" else (labels[0], "")
        if "ranges" not in region.value:
            value = region.value
            yield Row(where, step, action, value.get("start"), value.get("end"), region.score)
            continue
        if rate is None:
            raise InputError(
                f"{file_name} gives times as frame numbers, and the frame rate is needed to turn them into"
                " seconds; Label Studio does not export it.",
                'Add it to the task\'s "data" in the file, beside the film\'s name: "fps": 25 (the'
                " frameRate of the labelling project's Video tag; Label Studio takes 24 where none was set).",
            )
        ranges = region.value["ranges"]
        if not isinstance(ranges, list) or not ranges:
            problems.add(where, "expected ranges of frames, got none")
            continue
        for span in ranges:
            frames = [_frame(span, "start"), _frame(span, "end")]
            if None in frames:
                problems.add(where, f"expected frame numbers from 1 as start and end, got {str(span)[:60]}")
                continue
            first, last = (f for f in frames if f is not None)
            # Frames count from 1 and the end frame belongs to the range: it lasts until that frame is over.
            start, end = (first - 1) / rate, last / rate
            if last < first:
                problems.add(where, f"ends (frame {last}) before it starts (frame {first})")
                continue
            yield Row(where, step, action, start, end, region.score)


def _frame(span: Any, key: str) -> int | None:
    value = span.get(key) if isinstance(span, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    # Some versions write 0 for the film's first frame.
    return max(1, round(value)) if value >= 0 else None
