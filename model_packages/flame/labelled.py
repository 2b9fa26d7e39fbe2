"""Reads people's own films with the heat that people marked in them, for training; knows no network.

Beside each ``film.mp4`` lies ``film.heat.json``: of which film it is (``mediaSha256``), who cooked where
(``person``, ``kitchen``; left out, the folder's name), and ``spans``, each with ``startTime`` and ``endTime``
in seconds, a ``level`` (off, low, medium, high, or hidden where nobody could see the flame) and the
``flame``'s colour (blue, yellow) where it was seen. Of moments that no span covers nothing is known.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from model_packages.training.chunks import FPS, encoded

from .answering import STATES, WORDS
from .looking import LONG_SIDE_PX, Picture

FORMAT = "bharatchef-heat-labels"
_SUFFIX = ".heat.json"
_FILMS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
_CHUNK = 60 * FPS
_MOST_PX = 4096 * 4096
_MOST_PICTURES = 4 * 3600 * FPS
_SLACK = 0.02


@dataclass(frozen=True)
class Labelled:
    """A film, its spans as (start, end, word, colour or empty), seconds, who cooks and where."""

    film: Path
    spans: tuple[tuple[float, float, str, str], ...]
    person: str
    kitchen: str

    def said_at(self, time_s: float) -> tuple[str, str]:
        """(word, colour) at a moment; empty where nobody said."""
        for start_s, end_s, word, colour in self.spans:
            if start_s <= time_s < end_s:
                return word, colour
        return "", ""


def labelled_films(folder: Path) -> tuple[Labelled, ...]:
    """Every film under ``folder`` that has labels, by path.

    Raises:
        ValueError: there is none, or labels cannot be read or are of another film; it names the file.
    """
    films = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _FILMS)
    found = tuple(_read(film, folder) for film in films if film.with_suffix(_SUFFIX).is_file())
    if not found:
        raise ValueError(f"expected films with a {_SUFFIX} beside them under {folder}, got none")
    return found


def _read(film: Path, folder: Path) -> Labelled:
    path = film.with_suffix(_SUFFIX)
    where = path.name
    try:
        plain: Any = json.loads(path.read_text("utf-8"))
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise ValueError(f"its format is not '{FORMAT}'")
        inside = film.relative_to(folder).parts
        person = str(plain.get("person") or (inside[0] if len(inside) > 1 else film.stem))
        spans = []
        for number, row in enumerate(plain["spans"], 1):
            where = f"{path.name}, span {number}"
            spans.append(_span(row))
        if not spans:
            raise ValueError("it has no span")
        where = path.name
        with film.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if plain.get("mediaSha256") != sha256:
            raise ValueError(f"it is of the film {str(plain.get('mediaSha256'))[:12]}, not of {sha256[:12]}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"expected the heat of {film.name} in {where}: {error}") from error
    return Labelled(film, tuple(sorted(spans)), person, str(plain.get("kitchen") or person))


def _span(row: Any) -> tuple[float, float, str, str]:
    start_s, end_s = float(row["startTime"]), float(row["endTime"])
    if not 0 <= start_s < end_s < float("inf"):
        raise ValueError("it ends before it starts")
    word, colour = row["level"], row.get("flame") or ""
    if word not in STATES:
        raise ValueError(f"expected a level of {', '.join(STATES)}, got {str(word)[:20]!r}")
    if colour not in (("", "blue", "yellow") if word in WORDS[1:] else ("",)):
        raise ValueError(f"expected no flame or a blue or yellow one, got {str(colour)[:20]!r} with {word}")
    return start_s, end_s, word, colour


def chunks_of(film: Path) -> Iterator[tuple[float, bytes]]:
    """(start in seconds, MP4) of each minute of a film, set as the program's proxies are.

    Raises:
        ValueError: it holds no film that can be read.
    """
    kept: list[Picture] = []
    start_s = 0.0
    try:
        for picture in _pictures(film):
            if len(kept) == _CHUNK:
                yield start_s, encoded(kept)
                kept, start_s = [], start_s + _CHUNK / FPS
            kept.append(picture)
    except av.error.FFmpegError as error:
        raise ValueError(f"expected a film that can be read, got {film.name}: {error.strerror}") from error
    if not kept:
        raise ValueError(f"expected a film with pictures, got none in {film.name}")
    yield start_s, encoded(kept)


def _pictures(film: Path) -> Iterator[Picture]:
    """BGR pictures, 640 px long and upright, ``FPS`` a second; where there is none, the one before."""
    made, first_s = 0, None
    last: Picture | None = None
    with av.open(str(film)) as container:
        if not container.streams.video:
            return
        for frame in container.decode(container.streams.video[0]):
            if frame.time is None:
                continue
            if frame.width * frame.height > _MOST_PX:
                raise ValueError(f"expected pictures of at most {_MOST_PX} pixels, got larger ones")
            first_s = frame.time if first_s is None else first_s
            wanted = int((frame.time - first_s) * FPS + _SLACK) + 1
            if wanted > _MOST_PICTURES:
                raise ValueError(f"expected a film of at most {_MOST_PICTURES // FPS} s, got a longer one")
            if wanted <= made:
                continue
            picture = _sized(frame)
            for _ in range(wanted - 1 - made):
                yield picture if last is None else last
            yield picture
            made, last = wanted, picture


def _sized(frame: av.VideoFrame) -> Picture:
    picture = frame.reformat(format="bgr24", src_colorspace=frame.colorspace).to_ndarray()
    picture = np.rot90(picture, round((frame.rotation or 0) / 90) % 4)
    height, width = picture.shape[:2]
    shrink = LONG_SIDE_PX / max(height, width)
    size = (max(2, round(width * shrink / 2) * 2), max(2, round(height * shrink / 2) * 2))
    out: Picture = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)
    return out
