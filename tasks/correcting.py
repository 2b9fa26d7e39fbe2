"""Corrections over the ports: what a person says was done is kept, and made into work to be evaluated.

Knows nothing of Prefect. The stored result that is corrected is never changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bharatchef.errors import InputError, StoreError
from bharatchef.observed import Unavailable
from bharatchef.perception.segments_file import read_segments
from bharatchef.perception.segments_json import FORMAT, VERSION, is_ours
from bharatchef.ports import Ports
from bharatchef.records import ActionSegment, Dish, Evaluation
from bharatchef.results import EvaluationResult
from bharatchef.review.exchange import (
    boxes_of,
    check_same_film,
    marked_heat,
    marked_plates,
    segments_differ,
)
from bharatchef.review.heat import heat_marks_of
from bharatchef.review.labels import CorrectedLabels, HeatSpan, Purpose, put_labels, still_key
from bharatchef.review.trail import TrailEntry, append, entries
from tasks.reviewing import Reviewer, film_stills, purpose_of, result_of


@dataclass(frozen=True)
class Correction:
    """A correction that is kept, and what the flow evaluate-video is to be asked for it."""

    request: dict[str, Any]
    segments_changed: bool
    purpose: Purpose


def take_correction(
    reviewer: Reviewer, evaluation: Evaluation, data: bytes, file_name: str, by: str, kitchen: str = ""
) -> Correction:
    """Keep what a person says was done, and say what has to be evaluated for it.

    Args:
        data: an export of Label Studio, of a task that was made of this evaluation.
        kitchen: where it was filmed; without it the trainee's own.

    Raises:
        InputError: it is of another film, or cannot be read; nothing is kept.
    """
    ports = reviewer.ports
    result = result_of(ports, evaluation)
    said = entries(ports.objects, evaluation.evaluation_id)
    given = read_segments(data, file_name, result.dish)
    try:
        document = json.loads(data)
    except ValueError as error:
        raise InputError(
            f"{file_name} is no export of Label Studio as JSON.",
            "Label a task that `bharatchef review export` wrote, and export it as JSON.",
        ) from error
    check_same_film(document, result, file_name)
    boxes, box_times = boxes_of(document, result, file_name)
    heat = marked_heat(document, result, file_name)
    plates = marked_plates(document, result, file_name)
    segments = tuple(segment.model_copy(update={"confidence": 1.0}) for segment in given.segments)
    _check_inside(result, segments, file_name)
    corrected_by = reviewer.person(by)
    file = _segments_file(ports, result, segments, heat, corrected_by)
    digest = hashlib.sha256(file).hexdigest()
    purpose = purpose_of(reviewer, evaluation, said)
    changed = segments_differ(result.performance.segments, segments)
    # The entry comes before the evaluation of it: by it the coach knows that this is no new attempt.
    if not any(entry.kind == "corrected" and entry.labels_sha256 == digest for entry in said):
        entry = TrailEntry(
            evaluation_id=evaluation.evaluation_id,
            kind="corrected",
            at=ports.clock.now(),
            by=corrected_by,
            segments_changed=changed,
            labels_sha256=digest,
        )
        append(ports.objects, entry)
    put_labels(
        ports.objects,
        CorrectedLabels(
            evaluation_id=evaluation.evaluation_id,
            media_sha256=result.film.sha256 if result.film else None,
            video_s3_key=evaluation.trainee_video_s3_key,
            dish_id=result.dish.dish_id,
            person=reviewer.person(evaluation.user_id),
            # A kitchen's name may be its cook's.
            kitchen=f"kitchen-{reviewer.person(kitchen or evaluation.user_id)}",
            segments=segments,
            boxes=boxes,
            box_times_s=tuple(box_times),
            heat=heat,
            plates=plates,
            purpose=purpose,
            model_sha256s=tuple(model.weights_sha256 for model in result.provenance.models),
            corrected_at=ports.clock.now(),
            corrected_by=corrected_by,
        ),
    )
    _keep_stills(ports, result, [*box_times, *(mark.time_s for mark in plates)])
    key = f"segments/{digest}.json"
    if not ports.objects.exists(key):
        ports.objects.put_bytes(key, file, "application/json")
    request = {
        "dish_id": result.dish.dish_id,
        "user_id": evaluation.user_id,
        "film_key": evaluation.trainee_video_s3_key,
        "film_name": result.film.file_name if result.film else None,
        "side_key": evaluation.side_video_s3_key,
        "side_name": result.side_film.file_name if result.side_film else None,
        "segments_key": key,
        "segments_name": "corrected segments",
        "language": str(evaluation.language),
        "rescore_of": evaluation.rescore_of or evaluation.evaluation_id,
    }
    return Correction(request, changed, purpose)


def _keep_stills(ports: Ports, result: EvaluationResult, times: Sequence[float]) -> None:
    """Keep the stills at the times that were labelled: without its picture a label teaches nothing."""
    if result.film is None:
        return
    wanted = {still_key(result.film.sha256, time_s) for time_s in times}
    for still in film_stills(ports, result):
        key = still_key(result.film.sha256, still.time_s)
        if key in wanted and ports.objects.exists(still.key):
            ports.objects.put_bytes(key, ports.objects.get_bytes(still.key), "image/jpeg")


def _check_inside(result: EvaluationResult, segments: Sequence[ActionSegment], file_name: str) -> None:
    end = max((segment.end_s for segment in segments), default=0.0)
    if result.film is not None and end > result.film.duration_s + 1.0:
        raise InputError(
            f"{file_name} has a step that ends at {end:.1f} s; the film is {result.film.duration_s:.1f} s"
            " long.",
            "Correct its times in Label Studio; nothing was changed.",
        )


def _segments_file(
    ports: Ports,
    result: EvaluationResult,
    segments: Sequence[ActionSegment],
    heat: Sequence[HeatSpan],
    by: str,
) -> bytes:
    """Our own segments file of a correction, with all else that the file it corrects had said.

    Heat that the person marked goes before what was said of it.
    """
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "source": {"kind": "person", "name": f"reviewer {by}"},
        "dish": result.dish.dish_id,
        "durationSeconds": result.performance.duration_s,
        "segments": [
            {
                **({"stepId": segment.step_id} if segment.step_id else {"actionType": segment.action_type}),
                "startTime": segment.start_s,
                "endTime": segment.end_s,
            }
            for segment in segments
        ],
    }
    before = result.evaluation.segments_s3_key
    if before is not None and ports.objects.exists(before):
        document |= _all_but_segments(ports.objects.get_bytes(before), result.dish)
    elif before is not None:
        raise StoreError(
            f"The segments that {result.evaluation.evaluation_id} was made of are gone ({before}).",
            "Bring them back from a backup: they say of heat and plating what a correction does not.",
        )
    if heat:
        document["heat"] = [json.loads(mark.to_json()) for mark in heat_marks_of(heat)]
    return json.dumps(document, ensure_ascii=False, sort_keys=True).encode()


def _all_but_segments(data: bytes, dish: Dish) -> dict[str, Any]:
    """What a segments file of ours says beside its segments; the other formats say nothing else."""
    try:
        if not is_ours(json.loads(data)):
            return {}
    except ValueError:
        return {}
    given = read_segments(data, "segments", dish)
    parts: dict[str, Any] = {
        "heat": given.heat,
        "ingredients": given.ingredients,
        "technique": given.technique,
    }
    said = {
        name: [json.loads(one.to_json()) for one in part]
        for name, part in parts.items()
        if not isinstance(part, Unavailable)
    }
    if given.observed_stated:
        said["observed"] = [json.loads(span.to_json()) for span in given.observed]
    if not isinstance(given.plate, Unavailable):
        said["plate"] = json.loads(given.plate.to_json())
    return said
