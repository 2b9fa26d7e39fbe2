"""Reads files of labels that others write (EPIC-KITCHENS-100, CaptainCook4D, Label Studio); opens no film.

- EPIC-KITCHENS-100, ``EPIC_100_train.csv`` and its like (Damen et al. 2022, "Rescaling Egocentric Vision",
  IJCV): one row an action, the verb's class, the participant, whose kitchen is taken for that person's alone.
- CaptainCook4D (Peddi et al. 2024, arXiv 2312.14556): ``complete_step_annotations.json`` as published, or one
  file a recipe with ``recordings``. A step's first word says what is done; people share kitchens.
- Label Studio's JSON export (https://labelstud.io/tags/timelinelabels, /guide/export), as it is since 1.0:
  ``timelinelabels`` in frames counted from 1, the last belonging to its range, or regions with ``start`` and
  ``end`` in seconds. Whose film it is stands in a task's data as ``person`` and ``kitchen``.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from kitchen_sim.errors import DrawingError
from kitchen_sim.storyboard import motion_of

Segment = tuple[float, float, str]
# What is done has no label here: such moments are neither learned as an action nor as background.
NOT_NAMED = ""
_EPIC = ("participant_id", "video_id", "start_timestamp", "stop_timestamp", "verb", "verb_class")
_CLOCK = re.compile(r"(\d+):([0-5]?\d):([0-5]?\d(?:\.\d+)?)")
_FPS_WORDS = ("fps", "frameRate", "framerate", "frame_rate")
# Label Studio puts eight digits of a hash before the name of a film that was uploaded to it.
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
_LABELS_YAML = Path(__file__).resolve().parent / "labels.yaml"


@dataclass(frozen=True)
class Marked:
    """What a file says of one film: its name without an ending, what is done when, and whose it is.

    ``person`` and ``kitchen`` are empty where the file does not say them.
    """

    film: str
    segments: tuple[Segment, ...]
    person: str = ""
    kitchen: str = ""


def reader_of(path: Path) -> Callable[[], tuple[Marked, ...]] | None:
    """What reads the labels in ``path``; ``None`` where it is none of these kinds.

    Raises:
        ValueError: the file says that it is one of them and is not; reading it raises the same, with the row.
    """
    if path.suffix.lower() == ".csv":
        with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
            columns = next(csv.reader(file), [])
        if not {"narration_id", "video_id"} <= set(columns):
            return None
        if missing := [name for name in _EPIC if name not in columns]:
            raise ValueError(
                f"expected the columns of EPIC-KITCHENS-100 in {path}: {', '.join(missing)} missing"
            )
        return lambda: from_epic(path)
    try:
        plain: Any = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None
    if isinstance(plain, Mapping):
        if isinstance(plain.get("recordings"), list) and isinstance(plain.get("steps"), Mapping):
            return lambda: from_recipe(plain, path)
        if plain and all(isinstance(v, Mapping) and "recording_id" in v for v in plain.values()):
            return lambda: from_captaincook4d(plain, path)
    tasks = plain if isinstance(plain, list) else [plain]
    if tasks and all(isinstance(t, Mapping) and {"data", "annotations"} <= set(t) for t in tasks):
        return lambda: from_label_studio(tasks, path)
    return None


def from_epic(path: Path) -> tuple[Marked, ...]:
    """The films of an EPIC-KITCHENS-100 table, in their order there.

    Raises:
        ValueError: a row cannot be read; the message names the file and the row's line.
    """
    found: dict[str, list[Segment]] = {}
    people: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in (reader := csv.DictReader(file)):
            try:
                film, person = str(row["video_id"]).strip(), str(row["participant_id"]).strip()
                if not film or not person or people.setdefault(film, person) != person:
                    raise ValueError(f"expected one participant for each film, got {person!r} for {film!r}")
                times = _clock_s(row["start_timestamp"]), _clock_s(row["stop_timestamp"])
                action = epic_label(str(row["verb"]), int(row["verb_class"]))
                found.setdefault(film, []).append(_segment(*times, action))
            except (ValueError, TypeError) as error:
                raise ValueError(f"expected actions in {path}, line {reader.line_num}: {error}") from error
    return tuple(
        Marked(film, tuple(rows), f"EPIC {people[film]}", f"EPIC {people[film]}")
        for film, rows in found.items()
    )


def epic_label(verb: str, verb_class: int) -> str:
    """The label that a verb of EPIC-KITCHENS-100 belongs to, ``NOT_NAMED`` where there is none.

    Several labels share a class (cutting is ``chop`` and ``slice``): the verb itself then decides, and
    where it does not, nothing is said.
    """
    labels = _labels_by_class().get(verb_class, ())
    for word in (verb, verb.split("-")[0]):
        try:
            label = motion_of(word.strip())
        except DrawingError:
            continue
        if label in labels:
            return label
    return labels[0] if len(labels) == 1 else NOT_NAMED


@cache
def _labels_by_class() -> dict[int, tuple[str, ...]]:
    rows = yaml.safe_load(_LABELS_YAML.read_text("utf-8"))["labels"]
    numbers = {row["id"] for row in rows.values() if row}
    return {n: tuple(name for name, row in rows.items() if row and row["id"] == n) for n in numbers}


def from_captaincook4d(plain: Mapping[str, Any], path: Path) -> tuple[Marked, ...]:
    """The recordings of CaptainCook4D's published step annotations; a step that was left out has no time.

    Raises:
        ValueError: a recording cannot be read; the message names the file, the recording and the step.
    """
    return tuple(
        _recording(
            path,
            number,
            (row["recording_id"], row.get("person_id"), row.get("environment")),
            row.get("steps"),
            lambda step: (step["start_time"], step["end_time"], step["description"]),
        )
        for number, row in plain.items()
    )


def from_recipe(plain: Mapping[str, Any], path: Path) -> tuple[Marked, ...]:
    """The recordings of one recipe of CaptainCook4D; raises as ``from_captaincook4d``."""
    words = plain["steps"]
    return tuple(
        _recording(
            path,
            str(row.get("id")) if isinstance(row, Mapping) else "?",
            (row["id"], row.get("person"), row.get("environment"))
            if isinstance(row, Mapping)
            else ("", 0, 0),
            row.get("steps") if isinstance(row, Mapping) else None,
            lambda step: (step["start"], step["end"], words[str(step["step"])]),
        )
        for row in plain["recordings"]
    )


def _recording(
    path: Path,
    number: str,
    whose: tuple[Any, Any, Any],
    steps: Any,
    parts: Callable[[Any], tuple[Any, Any, str]],
) -> Marked:
    where = f"{path}, recording {number}"
    name, person, kitchen = whose
    if not isinstance(steps, Sequence) or isinstance(steps, str):
        raise ValueError(f"expected steps in {where}, got none")
    if person in (None, "") or kitchen in (None, ""):
        raise ValueError(
            f"expected the person and the environment in {where}, got {person!r} and {kitchen!r}"
        )
    segments = []
    for place, step in enumerate(steps, 1):
        try:
            start, end, said = parts(step)
            if float(start) < 0:
                continue
            segments.append(_segment(start, end, str(said).split("-")[0].strip().lower()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"expected a timed step in {where}, step {place}: {error!r}") from error
    return Marked(str(name), tuple(segments), f"CaptainCook4D {person}", f"CaptainCook4D kitchen {kitchen}")


def from_label_studio(tasks: Sequence[Mapping[str, Any]], path: Path) -> tuple[Marked, ...]:
    """The labelled films of a Label Studio export; tasks in which no time is labelled are left out.

    Raises:
        ValueError: several people's labels of one film, frames without a rate, or a region that cannot be
            read; the message names the file, the task and the region.
    """
    found = []
    for number, task in enumerate(tasks, 1):
        where = f"{path}, task {task.get('id', number)}"
        data = task["data"] if isinstance(task["data"], Mapping) else {}
        regions = _regions(task, where)
        if not regions:
            continue
        named = data.get("video")
        if not isinstance(named, str) or not named.strip():
            raise ValueError(f'expected the film\'s name as "video" in the data of {where}, got none')
        address = urlsplit(named)
        film = PurePosixPath(parse_qs(address.query).get("d", [unquote(address.path)])[0]).stem
        rate = _rate(task, data)
        segments = [
            s for n, region in enumerate(regions, 1) for s in _timed(region, rate, f"{where}, region {n}")
        ]
        person, kitchen = (str(data.get(key) or "").strip() for key in ("person", "kitchen"))
        found.append(Marked(_UPLOADED.sub("", film), tuple(segments), person, kitchen))
    return tuple(found)


def _regions(task: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    """The values of the regions in time of a task's one annotation, an accepted one before others."""
    given = []
    for annotation in task["annotations"] or ():
        if not isinstance(annotation, Mapping) or annotation.get("was_cancelled"):
            continue
        values = [r.get("value") for r in annotation.get("result") or () if isinstance(r, Mapping)]
        timed = [v for v in values if isinstance(v, Mapping) and _word(v) is not None]
        if timed:
            given.append((bool(annotation.get("ground_truth")), timed))
    accepted = [timed for truth, timed in given if truth] or [timed for _, timed in given]
    if len(accepted) > 1:
        raise ValueError(
            f"expected one person's labels in {where}, got {len(accepted)}; mark one as ground truth"
        )
    return accepted[0] if accepted else []


def _word(value: Mapping[str, Any]) -> str | None:
    """The label of a region in time; boxes that are followed through a film have none."""
    if "sequence" in value or not ("ranges" in value or "start" in value):
        return None
    for key in ("timelinelabels", "labels", "timeserieslabels"):
        if isinstance(value.get(key), list):
            return " and ".join(map(str, value[key]))
    return None


def _rate(task: Mapping[str, Any], data: Mapping[str, Any]) -> float | None:
    """Frames a second that the project counts in; Label Studio exports them beside followed boxes alone."""
    said = [place[key] for place in (data, task) for key in _FPS_WORDS if key in place]
    for annotation in task["annotations"] or ():
        for region in annotation.get("result") or ():
            value = region.get("value") if isinstance(region, Mapping) else None
            if isinstance(value, Mapping) and value.get("framesCount") and value.get("duration"):
                said.append(float(value["framesCount"]) / float(value["duration"]))
    for rate in said:
        try:
            number = float(rate)
        except (TypeError, ValueError):
            continue
        if 0 < number <= 1000:
            return number
    return None


def _timed(value: Mapping[str, Any], rate: float | None, where: str) -> Iterator[Segment]:
    word = _word(value) or ""
    try:
        if not word or " and " in word:
            raise ValueError(f"one label is wanted, got {word!r}")
        if "ranges" not in value:
            yield _segment(value["start"], value["end"], word)
            return
        if rate is None:
            raise ValueError(
                "times are frame numbers; add \"fps\" to the task's data (the Video tag's frameRate)"
            )
        for span in value["ranges"]:
            # Frames count from 1 and the end frame belongs to the range: it lasts until that frame is over.
            yield _segment((max(1.0, float(span["start"])) - 1) / rate, float(span["end"]) / rate, word)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"expected a stretch of time in {where}: {error}") from error


def _clock_s(text: Any) -> float:
    match = _CLOCK.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"expected a time as 00:01:02.34, got {text!r}")
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])


def _segment(start: Any, end: Any, action: str) -> Segment:
    start_s, end_s = float(start), float(end)
    if not (math.isfinite(end_s) and 0 <= start_s < end_s):
        raise ValueError(f"expected an end after the start, got {start_s:g} to {end_s:g} s")
    return start_s, end_s, action
