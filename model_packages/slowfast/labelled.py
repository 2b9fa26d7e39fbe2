"""Reads people's own films with their labels beside them, for training; knows no network.

A folder of films. What is done in them stands either beside each ``film.mp4`` as ``film.segments.json`` (or
``film.json``) in the program's own format, one folder for each person or kitchen; or in files that name the
films: EPIC-KITCHENS-100, CaptainCook4D, Label Studio (``label_files.py``). Which it is, the files say. People
and kitchens are kept apart whole: what is learned from one is measured on another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kitchen_sim.errors import DrawingError
from kitchen_sim.storyboard import motion_of
from model_packages.training.parting import split

from .label_files import Marked, Segment, reader_of
from .learning import Film
from .pictures import FPS, decoded

__all__ = ["Labelled", "film_of", "label_of", "labelled_films", "numbers_of", "split"]

_FILMS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
# CaptainCook4D's films say their height after the recording's number.
_HEIGHT = re.compile(r"_\d{3,4}p$")


@dataclass(frozen=True)
class Labelled:
    """A film, its segments as (start, end, action) in seconds, who cooks and where."""

    film: Path
    segments: tuple[Segment, ...]
    person: str
    kitchen: str

    @property
    def whose(self) -> str:
        """The person, and the kitchen where it has a name of its own."""
        return self.person if self.kitchen == self.person else f"{self.person}, {self.kitchen}"


def labelled_films(folder: Path) -> tuple[Labelled, ...]:
    """Every film under ``folder`` that has labels, by path; labels of other films are passed over.

    Raises:
        ValueError: there is none, or a file of labels cannot be read; the message names it and the row.
    """
    films = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _FILMS)
    found: dict[Path, Labelled] = {}
    said_in: dict[Path, Path] = {}
    own = {path for film in films for path in _beside(film)}
    by_name: dict[str, list[Path]] = {}
    for film in films:
        by_name.setdefault(_name(film), []).append(film)
    without: list[str] = []
    for film, path, marked in [*_own(films), *_others(folder, own, by_name, without)]:
        if film in found:
            raise ValueError(
                f"expected labels of {film.name} in one file, got {said_in[film].name} and {path.name}"
            )
        inside = film.relative_to(folder).parts
        person = marked.person or marked.kitchen or (inside[0] if len(inside) > 1 else film.stem)
        found[film] = Labelled(film, marked.segments, person, marked.kitchen or person)
        said_in[film] = path
    if not found:
        raise ValueError(
            "expected films with a .segments.json beside them, or with a file of labels that names them,"
            f" under {folder}, got none{'; ' + without[0] if without else ''}"
        )
    return tuple(found[film] for film in sorted(found))


def _beside(film: Path) -> tuple[Path, Path]:
    return film.with_suffix(".segments.json"), film.with_suffix(".json")


def _name(film: Path) -> str:
    return _HEIGHT.sub("", film.stem).lower()


def _own(films: Sequence[Path]) -> Iterator[tuple[Path, Path, Marked]]:
    for film in films:
        path = next((p for p in _beside(film) if p.is_file()), None)
        if path is not None:
            yield film, path, Marked(film.stem, _segments(path))


def _others(
    folder: Path, own: set[Path], by_name: Mapping[str, Sequence[Path]], without: list[str]
) -> Iterator[tuple[Path, Path, Marked]]:
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".csv", ".json")):
        reader = None if path in own else reader_of(path)
        if reader is None:
            continue
        any_there = False
        rows = reader()
        for marked in rows:
            there = by_name.get(marked.film.lower(), ())
            if len(there) > 1:
                raise ValueError(f"expected one film {marked.film} for {path}, got {len(there)} of that name")
            if there:
                any_there = True
                yield there[0], path, marked
        if rows and not any_there:
            without.append(f"{path.name} names {len(rows)} films, such as {rows[0].film}.mp4")


def _segments(path: Path) -> tuple[Segment, ...]:
    where = str(path)
    try:
        plain: Any = json.loads(path.read_text("utf-8"))
        if not isinstance(plain, Mapping) or plain.get("format") != "bharatchef-segments":
            raise ValueError("its format is not 'bharatchef-segments'")
        rows = []
        for number, row in enumerate(plain["segments"], 1):
            where = f"{path}, segment {number}"
            start_s, end_s = float(row["startTime"]), float(row["endTime"])
            if not 0 <= start_s < end_s:
                raise ValueError("a segment ends before it starts")
            rows.append((start_s, end_s, str(row["actionType"])))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"expected segments of a film in {where}: {error}") from error
    return tuple(rows)


def label_of(action: str, labels: Sequence[str]) -> int:
    """The place in ``labels`` of an action's word, or of the word it is like; -1 where there is none."""
    word = action.strip().lower().replace("_", "-").replace(" ", "-")
    if word in labels:
        return labels.index(word)
    try:
        like = motion_of(word)
    except DrawingError:
        return -1
    return labels.index(like) if like in labels else -1


def film_of(labelled: Labelled, labels: Sequence[str], size: tuple[int, int]) -> Film:
    """The film as it is learned from; what no segment covers is background, an unknown action is not said."""
    small = decoded(labelled.film, size)
    return Film(
        small.i420, numbers_of(labelled.segments, len(small.i420), labels), (labelled.whose, "film", "False")
    )


def numbers_of(
    segments: Sequence[tuple[float, float, str]], count: int, labels: Sequence[str]
) -> npt.NDArray[np.int16]:
    """The place in ``labels`` of what each of ``count`` pictures shows."""
    numbers = np.zeros(count, np.int16)
    times = np.arange(count) / FPS
    for start_s, end_s, action in segments:
        numbers[(times >= start_s) & (times < end_s)] = label_of(action, labels)
    return numbers
