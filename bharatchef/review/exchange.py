"""An evaluation as a task of Label Studio, and the corrected boxes of one that comes back; opens no file.

A task says of which film it is by the film's sha256, and every time in seconds. Segments lie on a time series
that plays with the film (https://labelstud.io/templates/timeseries_audio_video, Label Studio 1.20 or later):
its regions have ``start`` and ``end`` in the series' own unit, so that no frame rate is ever needed. The heat
is a second track of the same series (``heat.py``). Boxes lie on the stills
(https://labelstud.io/tags/image ``valueList``), by their number (``item_index``) and in per cent; what lies
on the plate is a choice for each still (``plates.py``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from pydantic import ValidationError

from bharatchef.errors import InputError
from bharatchef.observed import Detection, Detections, Still, Unavailable
from bharatchef.records import ActionSegment
from bharatchef.results import EvaluationResult
from bharatchef.review.heat import heat_labels, heat_of, heat_regions, heat_spans
from bharatchef.review.labels import Box, HeatSpan, PlateMark
from bharatchef.review.plates import plate_choices, plate_marks, plate_regions, plates_of

OTHER = "other"
_TICK_S = 0.1
_MOST_TICKS = 20_000
_NEAR_STILL_S = 0.51
_TOLERANCE = 0.005
_MOST_BOXES = 20_000


def task_of(
    result: EvaluationResult, stills: Sequence[Still], address: Callable[[str], str]
) -> dict[str, Any]:
    """What a person is to look at and correct, with what was seen as a prediction.

    Args:
        stills: the pictures on which boxes are drawn.
        address: of an object by its key, as Label Studio can fetch it.
    """
    film = result.film
    data: dict[str, Any] = {
        "evaluation_id": result.evaluation.evaluation_id,
        "dish_id": result.dish.dish_id,
        "media_sha256": film.sha256 if film else None,
        "segments_sha256": result.provenance.segments_sha256,
        "duration_seconds": result.performance.duration_s,
        "moments": _moments(result),
    }
    if film and result.evaluation.trainee_video_s3_key:
        data["video"] = address(result.evaluation.trainee_video_s3_key)
    if stills:
        data["stills"] = [address(still.key) for still in stills]
        data["still_seconds"] = [still.time_s for still in stills]
    regions = [_segment_region(n, s) for n, s in enumerate(result.performance.segments)]
    regions += heat_regions(heat_spans(result))
    regions += _box_regions(result.detections, stills)
    regions += plate_regions(plate_marks(result), [still.time_s for still in stills])
    prediction = {"model_version": result.performance.source.kind, "result": regions}
    return {"data": data, "predictions": [prediction]}


def label_config(result: EvaluationResult, with_stills: bool) -> str:
    """The labelling interface that the task of an evaluation is made for, as Label Studio's XML."""
    names = [*(step.step_id for step in result.dish.expected_steps), OTHER]
    has_film = result.film is not None and result.evaluation.trainee_video_s3_key is not None
    sync = ' sync="film"' if has_film else ""
    lines = ["<View>"]
    if has_film:
        lines.append('  <Video name="video" value="$video" sync="film"/>')
    lines += [
        '  <TimeSeriesLabels name="steps" toName="moments">',
        *(f"    <Label value={quoteattr(name)}/>" for name in names),
        "  </TimeSeriesLabels>",
        *heat_labels(),
        f'  <TimeSeries name="moments" value="$moments" valueType="json" timeColumn="seconds"{sync}>',
        '    <Channel column="confidence"/>',
        "  </TimeSeries>",
    ]
    if with_stills:
        lines += [
            '  <RectangleLabels name="boxes" toName="stills" canRotate="false">',
            *(f"    <Label value={quoteattr(name)}/>" for name in _box_names(result)),
            "  </RectangleLabels>",
            *plate_choices(result.dish.dish_id),
            '  <Image name="stills" valueList="$stills"/>',
        ]
    return "\n".join([*lines, "</View>", ""])


def check_same_film(document: Any, result: EvaluationResult, file_name: str) -> None:
    """Return where every task of an export is of the film (or segments) of this evaluation.

    Raises:
        InputError: one is of another, or does not say of which.
    """
    tasks = document if isinstance(document, list) else [document]
    key = "media_sha256" if result.film else "segments_sha256"
    wanted = result.film.sha256 if result.film else result.provenance.segments_sha256
    what = "film" if result.film else "segments file"
    for task in tasks:
        said = _data(task).get(key)
        if not isinstance(said, str):
            raise InputError(
                f"{file_name} does not say of which {what} it is: expected {key} in the task's data.",
                "Label a task that `bharatchef review export` wrote, and export it as JSON (not JSON-MIN).",
            )
        if said != wanted:
            raise InputError(
                f"{file_name} is of the {what} with sha256 {said[:12]}…; evaluation"
                f" {result.evaluation.evaluation_id} is of {str(wanted)[:12]}….",
                "Give the file that belongs to this evaluation; nothing was changed.",
            )


def boxes_of(document: Any, result: EvaluationResult, file_name: str) -> tuple[tuple[Box, ...], list[float]]:
    """The boxes of the one accepted annotation, and the moments at which they are complete, in seconds.

    Raises:
        InputError: a box is on no still of the task or outside of its picture, a still is at no moment of the
            film, or several people's labels are in the file and none is marked as the ground truth.
    """
    tasks = document if isinstance(document, list) else [document]
    found: list[Box] = []
    looked_at: list[float] = []
    for task in tasks:
        annotation = _accepted(task, file_name)
        times = _still_times(_data(task), result.performance.duration_s, file_name)
        if annotation is None or not times:
            continue
        looked_at += times
        for number, region in enumerate(annotation.get("result") or [], 1):
            if isinstance(region, dict) and region.get("type") == "rectanglelabels":
                found.append(_box(region, times, f"{file_name}, region {number}"))
        if len(found) > _MOST_BOXES:
            raise InputError(f"{file_name} has more than {_MOST_BOXES:,} boxes.", "Export one film's task.")
    return tuple(found), looked_at


def marked_heat(document: Any, result: EvaluationResult, file_name: str) -> tuple[HeatSpan, ...]:
    """The heat of the one accepted annotation; empty where it marks none.

    Raises:
        InputError: a region of the heat track is wrong, or several people's labels are in the file and none
            is marked as the ground truth.
    """
    tasks = document if isinstance(document, list) else [document]
    accepted = [found for task in tasks if (found := _accepted(task, file_name)) is not None]
    return heat_of(accepted, result.performance.duration_s, file_name)


def marked_plates(document: Any, result: EvaluationResult, file_name: str) -> tuple[PlateMark, ...]:
    """What the one accepted annotation says lies on the plate; empty where it says nothing of it.

    Raises:
        InputError: a choice is on no still of the task, is no word that was offered, or a still has two; or
            several people's labels are in the file and none is marked as the ground truth.
    """
    tasks = document if isinstance(document, list) else [document]
    found: list[PlateMark] = []
    for task in tasks:
        annotation = _accepted(task, file_name)
        times = _still_times(_data(task), result.performance.duration_s, file_name)
        if annotation is not None:
            found += plates_of(annotation.get("result") or [], times, result.dish.dish_id, file_name)
    return tuple(found)


def segments_differ(before: Sequence[ActionSegment], after: Sequence[ActionSegment]) -> bool:
    """Whether a person says something else was done than was recognised, or at other times (to 0.1 s)."""

    def said(segments: Sequence[ActionSegment]) -> list[tuple[str, int, int]]:
        return sorted((s.step_id or OTHER, round(s.start_s * 10), round(s.end_s * 10)) for s in segments)

    return said(before) != said(after)


def _moments(result: EvaluationResult) -> dict[str, list[float]]:
    """A series over the whole film: how sure the recognised step at each moment is, 0 where there is none."""
    length_s = max(
        (result.performance.duration_s, *(s.end_s for s in result.performance.segments)), default=0.0
    )
    count = min(_MOST_TICKS, math.ceil(length_s / _TICK_S)) + 1
    tick_s = length_s / (count - 1) if count > 1 else _TICK_S
    sure = [0.0] * count
    for segment in result.performance.segments:
        last = min(count - 1, math.floor(segment.end_s / tick_s))
        for n in range(math.ceil(segment.start_s / tick_s), last + 1):
            sure[n] = max(sure[n], segment.confidence)
    return {"seconds": [round(n * tick_s, 3) for n in range(count)], "confidence": sure}


def _segment_region(number: int, segment: ActionSegment) -> dict[str, Any]:
    return {
        "id": f"segment-{number}",
        "from_name": "steps",
        "to_name": "moments",
        "type": "timeserieslabels",
        "score": segment.confidence,
        "value": {
            "start": round(segment.start_s, 3),
            "end": round(segment.end_s, 3),
            "instant": False,
            "timeserieslabels": [segment.step_id or OTHER],
        },
    }


def _box_regions(detections: Detections | Unavailable, stills: Sequence[Still]) -> list[dict[str, Any]]:
    if isinstance(detections, Unavailable):
        return []
    regions = []
    for index, still in enumerate(stills):
        for number, item in enumerate(_at(still, detections)):
            x0, y0, x1, y1 = item.box
            regions.append(
                {
                    "id": f"box-{index}-{number}",
                    "from_name": "boxes",
                    "to_name": "stills",
                    "type": "rectanglelabels",
                    "item_index": index,
                    "original_width": still.width_px,
                    "original_height": still.height_px,
                    "image_rotation": 0,
                    "score": item.confidence,
                    "value": {
                        "x": 100 * x0,
                        "y": 100 * y0,
                        "width": 100 * (x1 - x0),
                        "height": 100 * (y1 - y0),
                        "rotation": 0,
                        "rectanglelabels": [item.label],
                    },
                }
            )
    return regions


def _at(still: Still, detections: Detections) -> list[Detection]:
    """What was seen at the moment looked at that is nearest to a still, within half a second."""
    near = min(detections.times_s, key=lambda time_s: abs(time_s - still.time_s), default=None)
    if near is None or abs(near - still.time_s) > _NEAR_STILL_S:
        return []
    return [item for item in detections.items if item.time_s == near]


def _box_names(result: EvaluationResult) -> list[str]:
    seen = result.detections
    if isinstance(seen, Unavailable):
        return sorted({name for step in result.dish.expected_steps for name in step.objects}) or [OTHER]
    return sorted({*seen.labels, *(item.label for item in seen.items)}) or [OTHER]


def _data(task: Any) -> Mapping[str, Any]:
    data = task.get("data") if isinstance(task, dict) else None
    return data if isinstance(data, dict) else {}


def _accepted(task: Any, file_name: str) -> Mapping[str, Any] | None:
    annotations = task.get("annotations") if isinstance(task, dict) else None
    there = [a for a in annotations or [] if isinstance(a, dict) and not a.get("was_cancelled")]
    accepted = [a for a in there if a.get("ground_truth")] or there
    if len(accepted) > 1:
        raise InputError(
            f"{file_name} holds {len(accepted)} people's labels of one film; expected one.",
            "Mark one annotation as ground truth in Label Studio (the star), or delete the others.",
        )
    return accepted[0] if accepted else None


def _still_times(data: Mapping[str, Any], duration_s: float, file_name: str) -> list[float]:
    times = data.get("still_seconds") or []
    if not isinstance(times, list) or any(
        not isinstance(t, int | float) or not 0 <= t <= duration_s + 1 for t in times
    ):
        raise InputError(
            f"{file_name} names moments of stills that are not in this film.",
            "Export the evaluation again with `bharatchef review export`, and label that.",
        )
    return [float(t) for t in times]


def _box(region: Mapping[str, Any], times: Sequence[float], where: str) -> Box:
    value = region.get("value")
    index = region.get("item_index", 0)
    if not isinstance(value, dict) or not isinstance(index, int) or not 0 <= index < len(times):
        raise InputError(f"{where}: expected a box on one of {len(times)} stills.", "Export the task again.")
    labels = value.get("rectanglelabels")
    if not isinstance(labels, list) or len(labels) != 1 or value.get("rotation") not in (0, 0.0, None):
        raise InputError(f"{where}: expected one label and an upright box.", "Draw it again, with one label.")
    try:
        x, y, w, h = (float(value[name]) / 100 for name in ("x", "y", "width", "height"))
        if not all(map(math.isfinite, (x, y, w, h))):
            raise ValueError("it has no place")
        if min(x, y) < -_TOLERANCE or max(x + w, y + h) > 1 + _TOLERANCE or min(w, h) <= 0:
            raise ValueError("it ends outside of the picture")
        x, y = max(0.0, x), max(0.0, y)
        return Box(label=labels[0], time_s=times[index], x=x, y=y, w=min(w, 1 - x), h=min(h, 1 - y))
    except (KeyError, TypeError, ValueError, ValidationError) as error:
        raise InputError(
            f"{where}: expected x, y, width and height in per cent of the picture, got"
            f" {json.dumps(value, default=str)[:120]}.",
            "Draw the box again inside the picture.",
        ) from error
