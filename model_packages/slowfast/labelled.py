"""Reads people's own films with their segments beside them, for training; knows no network.

A folder of films, one folder for each person or kitchen. Beside ``film.mp4`` lies ``film.segments.json`` (or
``film.json``) in the program's own format. People and kitchens are kept apart whole: what is learned from one
is measured on another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kitchen_sim.errors import DrawingError
from kitchen_sim.storyboard import motion_of

from .learning import Film
from .pictures import FPS, decoded

_FILMS = (".mp4", ".mov", ".mkv", ".webm")


@dataclass(frozen=True)
class Labelled:
    """A film, its segments as (start, end, action) in seconds, and whose it is."""

    film: Path
    segments: tuple[tuple[float, float, str], ...]
    whose: str


def labelled_films(folder: Path) -> tuple[Labelled, ...]:
    """Every film under ``folder`` that has segments beside it.

    Raises:
        ValueError: there is none, or a file of segments cannot be read; the message names it.
    """
    found = []
    for film in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _FILMS):
        beside = (film.with_suffix(".segments.json"), film.with_suffix(".json"))
        path = next((p for p in beside if p.is_file()), None)
        if path is not None:
            inside = film.relative_to(folder).parts
            found.append(Labelled(film, _segments(path), inside[0] if len(inside) > 1 else film.stem))
    if not found:
        raise ValueError(f"expected films with a .segments.json beside them under {folder}, got none")
    return tuple(found)


def _segments(path: Path) -> tuple[tuple[float, float, str], ...]:
    try:
        plain: Any = json.loads(path.read_text("utf-8"))
        if not isinstance(plain, Mapping) or plain.get("format") != "bharatchef-segments":
            raise ValueError("its format is not 'bharatchef-segments'")
        rows = tuple(
            (float(row["startTime"]), float(row["endTime"]), str(row["actionType"]))
            for row in plain["segments"]
        )
        if any(not 0 <= a < b for a, b, _ in rows):
            raise ValueError("a segment ends before it starts")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"expected segments of a film in {path}: {error}") from error
    return rows


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


def split(films: Sequence[Labelled], seed: int = 0) -> dict[str, tuple[Labelled, ...]]:
    """Training, calibration and test films, no person or kitchen in two of them.

    Raises:
        ValueError: they are of fewer than three people or kitchens.
    """
    people = sorted(
        {film.whose for film in films}, key=lambda who: hashlib.sha256(f"{seed} {who}".encode()).digest()
    )
    if len(people) < 3:
        raise ValueError(
            f"expected films of at least 3 people or kitchens (one folder each), got {len(people)}"
        )
    held = max(1, len(people) // 5)
    parts = {
        "calibration": people[:held],
        "test": people[held : 2 * held],
        "training": people[2 * held :],
    }
    return {name: tuple(f for f in films if f.whose in chosen) for name, chosen in parts.items()}
