"""Reads what people and other programs label with into segments of a dish's steps; opens no file itself.

Three formats are taken: our own JSON, a table (CSV), and an export of Label Studio's video timeline.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bharatchef.errors import InputError
from bharatchef.observed import Analyser, SegmentSource
from bharatchef.perception.given import SegmentsGiven
from bharatchef.perception.label_studio import is_label_studio, read_label_studio
from bharatchef.perception.segment_rows import MAX_SECONDS, Problems, segments_from
from bharatchef.perception.segments_csv import rows_from_csv
from bharatchef.perception.segments_json import check_head, is_ours, read_parts, rows_from_json, silent
from bharatchef.records import ActionSegment, Dish
from bharatchef.vocabulary import Span

MAX_BYTES = 20_000_000
# Labels end on a frame; a film's stated duration may be rounded to the second.
_BEYOND_END_S = 1.0
_REMEDY = "Correct these rows and give the file again; nothing was evaluated."


def read_segments(data: bytes, file_name: str, dish: Dish, fps: float | None = None) -> SegmentsGiven:
    """What the bytes of a segments file say was done, in seconds, as steps of ``dish``.

    Args:
        data: the file's bytes, at most 20 MB: our JSON, CSV, or a Label Studio export.
        file_name: how the file is called, for messages; its ending decides nothing.
        dish: the dish that its steps belong to.
        fps: frames a second of the labelling project, where a Label Studio export counts frames and does
            not carry the rate itself.

    Raises:
        InputError: the file is empty, too large, not text, of no known format or of another dish; or rows
            are wrong, and then the message names the first ten by number.
    """
    text = _text(data, file_name)
    digest = hashlib.sha256(data).hexdigest()
    problems = Problems(file_name)
    if text.lstrip()[:1] in ("{", "["):
        document = _json(text, file_name)
        if is_ours(document):
            return _from_ours(document, text, file_name, dish, digest, problems)
        if is_label_studio(document):
            export = read_label_studio(document, file_name, problems, fps)
            segments = segments_from(export.rows, dish, problems)
            note = (f"Labelled in Label Studio on the film '{export.film}'.",) if export.film else ()
            source = SegmentSource(kind="person", name=export.annotator, sha256=digest)
            return _plain(segments, source, digest, problems, file_name, note + export.notes)
        raise InputError(
            f"{file_name} is JSON, but neither our segments file nor a Label Studio export.",
            'Expected {"format": "bharatchef-segments", "version": 1, "segments": [...]}, or the tasks that'
            " Label Studio exports as JSON.",
        )
    rows = rows_from_csv(text, file_name, problems)
    segments = segments_from(rows, dish, problems)
    source = SegmentSource(kind="person", name=file_name, sha256=digest)
    return _plain(segments, source, digest, problems, file_name)


def _text(data: bytes, file_name: str) -> str:
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{file_name} is {len(data) / 1e6:.0f} MB; expected a segments file of at most"
            f" {MAX_BYTES / 1e6:.0f} MB.",
            "Give the labels of one film, not the film.",
        )
    encoding = "utf-8-sig"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\x00" in data[:200]:
        # UTF-16 without a mark: in labels every second byte of the start is then zero.
        encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file_name} is not text in UTF-8 or UTF-16 (byte {error.start + 1} does not fit).",
            "Save it as 'CSV UTF-8' or as JSON in UTF-8.",
        ) from error
    if "\x00" in text:
        raise InputError(f"{file_name} is not a text file.", "Give JSON or CSV.")
    if not text.strip():
        raise InputError(f"{file_name} is empty.", "Give a row for each step that was done.")
    return text


def _json(text: str, file_name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{file_name} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            "Correct it there, or write it again with the program that made it.",
        ) from error
    except (ValueError, RecursionError) as error:
        what = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"{file_name} is JSON that cannot be read: {what}.",
            "Write it again with the program that made it.",
        ) from error


def _from_ours(
    document: dict[str, Any], text: str, file_name: str, dish: Dish, digest: str, problems: Problems
) -> SegmentsGiven:
    check_head(document, dish, file_name)
    segments = segments_from(rows_from_json(document, text, file_name, problems), dish, problems)
    parts = read_parts(document, dish, file_name, problems)
    end = _last_end(segments)
    if parts.duration_s is not None and end > parts.duration_s + _BEYOND_END_S:
        problems.add(
            "durationSeconds",
            f"the segments reach {end:g} s and the film is said to end at {parts.duration_s:g} s",
        )
    problems.raise_if_any(_REMEDY)
    duration_s = max(end, parts.duration_s or 0.0)
    return SegmentsGiven(
        source=parts.source.model_copy(update={"sha256": digest}),
        segments=segments,
        observed=parts.observed if parts.observed is not None else _whole(duration_s),
        duration_s=duration_s,
        duration_stated=parts.duration_s is not None,
        observed_stated=parts.observed is not None,
        heat=parts.heat,
        ingredients=parts.ingredients,
        technique=parts.technique,
        plate=parts.plate,
        sha256=digest,
    )


def _plain(
    segments: tuple[ActionSegment, ...],
    source: SegmentSource,
    digest: str,
    problems: Problems,
    file_name: str,
    notes: tuple[str, ...] = (),
) -> SegmentsGiven:
    problems.raise_if_any(_REMEDY)
    if not segments:
        raise InputError(
            f"{file_name} has a header and no rows: what was done is not in it.",
            "Give a row for each step that was done.",
        )
    duration_s = _last_end(segments)
    return SegmentsGiven(
        source=source,
        segments=segments,
        observed=_whole(duration_s),
        duration_s=duration_s,
        duration_stated=False,
        observed_stated=False,
        heat=silent(Analyser.HEAT, "the heat"),
        ingredients=silent(Analyser.OBJECTS, "the ingredients"),
        technique=silent(Analyser.ACTIONS, "technique"),
        plate=silent(Analyser.PLATE, "the plate"),
        notes=notes,
        sha256=digest,
    )


def _last_end(segments: tuple[ActionSegment, ...]) -> float:
    return min(max((segment.end_s for segment in segments), default=0.0), MAX_SECONDS)


def _whole(duration_s: float) -> tuple[Span, ...]:
    return (Span(start_s=0.0, end_s=duration_s),) if duration_s > 0 else ()
