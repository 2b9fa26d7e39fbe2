"""Checks the models' answers, one chunk or picture each, against the contract; knows no model.

The contract is written down in ``model_packages/README.md``. Each check says what it expected and what
came. An answer that does not keep the contract is the model's failure and never retried: the same
call would give the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, ValidationError

from bharatchef.errors import EndpointError
from bharatchef.observed import Analyser, Chunk
from bharatchef.vocabulary import Confidence, Points, Record, Slug

VERSION = 1
# A model may speak for a moment up to this far outside its chunk: the last second is seldom whole.
_OUTSIDE_S = 1.0
_ROW_SUM_TOLERANCE = 1e-2
_BOX_TOLERANCE = 1e-3
FLAMES = ("off", "blue", "yellow", "hidden")


class DishLikeness(Record):
    """How like one dish's expert plates a picture is (``None``: not judged), and how sure it is that dish."""

    dish: Slug
    likeness: Points | None
    confidence: Confidence


class PlateAnswer(Record):
    """What the plate model says of one picture."""

    plate_seen: Confidence
    dishes: tuple[DishLikeness, ...] = Field(max_length=1000)
    remarks: tuple[str, ...] = ()


def check_answer(analyser: Analyser, answer: Mapping[str, Any], chunk: Chunk | None) -> None:
    """Raise ``EndpointError`` unless ``answer`` keeps the contract of ``analyser`` for this chunk.

    ``chunk`` is ``None`` where the body was a picture, for the plate; of a chunk, the plate gives embeddings.
    """
    if not isinstance(answer, Mapping):
        raise _broken(analyser, f"expected a JSON object, got {_kind(answer)}")
    head = (answer.get("format"), answer.get("version"))
    kind = "embeddings" if analyser is Analyser.PLATE and chunk is not None else analyser.value
    if head != (f"bharatchef-{kind}", VERSION):
        raise _broken(
            analyser,
            f"expected format 'bharatchef-{kind}' and version {VERSION}, got {head[0]!r} and {head[1]!r}",
        )
    if analyser is Analyser.PLATE:
        if chunk is None:
            plate_answer(answer)
        else:
            _check_embeddings(answer, chunk.end_s - chunk.start_s)
        return
    length_s = chunk.end_s - chunk.start_s if chunk is not None else math.inf
    if analyser is Analyser.ACTIONS:
        _check_actions(answer, length_s)
    elif analyser is Analyser.OBJECTS:
        _check_objects(answer, length_s)
    else:
        _check_heat(answer, length_s)


def plate_answer(answer: Mapping[str, Any]) -> PlateAnswer:
    """The plate model's answer as a record; ``EndpointError`` where it does not keep the contract."""
    body = {key: value for key, value in answer.items() if key not in ("format", "version")}
    try:
        return PlateAnswer.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(place) for place in first["loc"])
        raise _broken(Analyser.PLATE, f"{where}: {first['msg']}, got {str(first['input'])[:60]}") from error


def _check_actions(answer: Mapping[str, Any], length_s: float) -> None:
    labels = _labels(Analyser.ACTIONS, answer)
    times = _times(Analyser.ACTIONS, answer.get("times"), length_s)
    rows = answer.get("probabilities")
    if not isinstance(rows, Sequence) or isinstance(rows, str) or len(rows) != len(times):
        raise _broken(
            Analyser.ACTIONS,
            f"expected probabilities of shape ({len(times)}, {len(labels)}), a row a time, got {_kind(rows)}",
        )
    for number, row in enumerate(rows):
        if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != len(labels):
            raise _broken(
                Analyser.ACTIONS,
                f"expected {len(labels)} probabilities in row {number}, one a label, got {_kind(row)}",
            )
        if not all(_is_share(value) for value in row):
            raise _broken(
                Analyser.ACTIONS, f"expected numbers from 0 to 1 in row {number}, got {str(row)[:60]}"
            )
        if abs(sum(row) - 1) > _ROW_SUM_TOLERANCE:
            raise _broken(Analyser.ACTIONS, f"expected row {number} to sum to 1, got {sum(row):.4f}")


def _check_embeddings(answer: Mapping[str, Any], length_s: float) -> None:
    times = _times(Analyser.PLATE, answer.get("times"), length_s)
    rows, model = answer.get("embeddings"), answer.get("model")
    if not isinstance(model, str) or not model.strip():
        raise _broken(Analyser.PLATE, f"expected the name of what embeds as model, got {str(model)[:60]!r}")
    if not isinstance(rows, Sequence) or isinstance(rows, str) or len(rows) != len(times):
        raise _broken(Analyser.PLATE, f"expected {len(times)} embeddings, one a time, got {_kind(rows)}")
    width = len(rows[0]) if rows and isinstance(rows[0], Sequence) else 0
    for number, row in enumerate(rows):
        if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != width or not row:
            raise _broken(Analyser.PLATE, f"expected {width} numbers in embedding {number}, got {_kind(row)}")
        if not all(_is_number(value) for value in row):
            raise _broken(Analyser.PLATE, f"expected finite numbers in embedding {number}")


def _check_objects(answer: Mapping[str, Any], length_s: float) -> None:
    labels = set(_labels(Analyser.OBJECTS, answer))
    times = _times(Analyser.OBJECTS, answer.get("times"), length_s)
    items = answer.get("detections")
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise _broken(Analyser.OBJECTS, f"expected a list of detections, got {_kind(items)}")
    moments = set(times)
    for number, item in enumerate(items):
        where = f"detection {number}"
        if not isinstance(item, Mapping) or not {"time", "label", "confidence", "box"} <= set(item):
            raise _broken(
                Analyser.OBJECTS, f"expected time, label, confidence and box in {where}, got {str(item)[:60]}"
            )
        if item["time"] not in moments:
            raise _broken(
                Analyser.OBJECTS, f"expected one of 'times' as time of {where}, got {item['time']!r}"
            )
        if item["label"] not in labels:
            raise _broken(Analyser.OBJECTS, f"expected one of 'labels' in {where}, got {item['label']!r}")
        if not _is_share(item["confidence"]):
            raise _broken(
                Analyser.OBJECTS, f"expected a confidence from 0 to 1 in {where}, got {item['confidence']!r}"
            )
        _check_box(item["box"], where)


def _check_box(box: Any, where: str) -> None:
    shape = "a box [x0, y0, x1, y1] of shares of the picture, x0 <= x1 and y0 <= y1"
    if not isinstance(box, Sequence) or isinstance(box, str) or len(box) != 4:
        raise _broken(Analyser.OBJECTS, f"expected {shape} in {where}, got {_kind(box)}")
    inside = all(_is_number(v) and -_BOX_TOLERANCE <= v <= 1 + _BOX_TOLERANCE for v in box)
    if not inside or box[0] > box[2] or box[1] > box[3]:
        raise _broken(Analyser.OBJECTS, f"expected {shape} in {where}, got {list(box)}")


def _check_heat(answer: Mapping[str, Any], length_s: float) -> None:
    samples = answer.get("samples")
    if not isinstance(samples, Sequence) or isinstance(samples, str):
        raise _broken(Analyser.HEAT, f"expected a list of samples, got {_kind(samples)}")
    if not all(isinstance(sample, Mapping) for sample in samples):
        raise _broken(Analyser.HEAT, "expected each sample to be an object")
    _times(Analyser.HEAT, [sample.get("time") for sample in samples], length_s)
    for number, sample in enumerate(samples):
        if sample.get("flame") not in FLAMES:
            raise _broken(
                Analyser.HEAT,
                f"expected flame in sample {number} to be one of {', '.join(FLAMES)},"
                f" got {sample.get('flame')!r}",
            )
        for key in ("level", "confidence"):
            if not _is_share(sample.get(key)):
                raise _broken(
                    Analyser.HEAT, f"expected {key} from 0 to 1 in sample {number}, got {sample.get(key)!r}"
                )
        risk = sample.get("burningRisk")
        if risk is not None and not _is_share(risk):
            raise _broken(
                Analyser.HEAT,
                f"expected burningRisk from 0 to 1 or null in sample {number}, got {risk!r}",
            )


def _labels(analyser: Analyser, answer: Mapping[str, Any]) -> list[str]:
    labels = answer.get("labels")
    if not isinstance(labels, Sequence) or isinstance(labels, str) or not labels:
        raise _broken(analyser, f"expected a list of at least one label, got {_kind(labels)}")
    if not all(isinstance(label, str) and label.strip() for label in labels):
        raise _broken(analyser, f"expected labels to be text, got {str(labels)[:60]}")
    if len(set(labels)) != len(labels):
        raise _broken(analyser, f"expected labels that differ, got {str(labels)[:60]}")
    return list(labels)


def _times(analyser: Analyser, times: Any, length_s: float) -> list[float]:
    if not isinstance(times, Sequence) or isinstance(times, str):
        raise _broken(analyser, f"expected a list of times in seconds, got {_kind(times)}")
    last = -math.inf
    for number, time_s in enumerate(times):
        if not _is_number(time_s) or not 0 <= time_s <= length_s + _OUTSIDE_S:
            raise _broken(
                analyser,
                f"expected time {number} in seconds from the chunk's start, 0 to {length_s:.2f},"
                f" got {time_s!r}",
            )
        if time_s <= last:
            raise _broken(analyser, f"expected times that increase, got {time_s!r} after {last!r}")
        last = time_s
    if not times and 2 * _OUTSIDE_S < length_s < math.inf:
        raise _broken(analyser, f"expected times over {length_s:.1f} s of film, got none")
    return list(times)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _kind(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"a list of {len(value)}"
    return type(value).__name__


def _broken(analyser: Analyser, what: str) -> EndpointError:
    return EndpointError(
        f"The {analyser.value} model's answer does not keep its contract: {what}.",
        "Correct the model package's output_fn (model_packages/README.md has the contract).",
    )
