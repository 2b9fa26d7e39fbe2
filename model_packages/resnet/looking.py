"""Pictures as the backbone takes them, and the features of a picture or of a film; knows no dish."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from model_packages.engine import network, read_ir

HEIGHT_PX, WIDTH_PX = 256, 448
LOOKS_PER_S = 4
_AROUND = 4
_LONGEST_S = 65.0
_MOST_PX = 4096 * 4096
_GRID = (4, 7)
_GREY = 127

Floats = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


class Backbone:
    """The compiled network; gives pooled features and a map of features for one picture."""

    def __init__(self, weights: Path | str) -> None:
        self._network = network(read_ir(weights))

    def __call__(self, picture: Picture) -> tuple[Floats, Floats]:
        """((P,), (C, H, W)) of a picture that ``fitted`` gave."""
        out = self._network(picture[None])
        return np.array(out[0][0], np.float32), np.array(out[1][0], np.float32)


def fitted(picture: Picture) -> Picture:
    """An RGB picture of any size, whole, in the middle of one of the network's size."""
    height, width = picture.shape[:2]
    scale = min(HEIGHT_PX / height, WIDTH_PX / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    out = np.full((HEIGHT_PX, WIDTH_PX, 3), _GREY, np.uint8)
    top, left = (HEIGHT_PX - size[1]) // 2, (WIDTH_PX - size[0]) // 2
    out[top : top + size[1], left : left + size[0]] = small
    return out


def picture_of(jpeg: bytes) -> Picture:
    """A JPEG as RGB.

    Raises:
        ValueError: no JPEG that can be read, or more than 16 million pixels.
    """
    size = _size_of(jpeg)
    if size is None:
        raise ValueError("expected a JPEG, got something else")
    if size[0] * size[1] > _MOST_PX:
        raise ValueError("expected a picture of at most 16 million pixels, got a larger one")
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("expected a JPEG that can be read, got a broken one")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _size_of(jpeg: bytes) -> tuple[int, int] | None:
    """(height, width) that a JPEG's frame header claims, read before anything is decoded."""
    at = 2
    if jpeg[:2] != b"\xff\xd8":
        return None
    while at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(jpeg[at + 5 : at + 7]), int.from_bytes(jpeg[at + 7 : at + 9])
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return None


def looks_of(body: bytes) -> Iterator[tuple[float, Picture]]:
    """(seconds from the first picture, picture as the network takes it), four a second, by PTS.

    Raises:
        ValueError: no film that can be read, or one of more than 65 s.
    """
    due, first = 0.0, None
    with av.open(io.BytesIO(body), format="mp4") as film:
        if not film.streams.video:
            raise ValueError("expected a film with pictures, got none")
        for frame in film.decode(film.streams.video[0]):
            if frame.time is None:
                continue
            first = frame.time if first is None else first
            time_s = float(frame.time - first)
            if time_s > _LONGEST_S:
                raise ValueError("expected a film of at most 60 s, got a longer one")
            if time_s + 1e-3 < due:
                continue
            yield time_s, fitted(frame.to_ndarray(format="rgb24"))
            due = max(due + 1 / LOOKS_PER_S, time_s)
    if first is None:
        raise ValueError("expected a film with pictures, got none that can be decoded")


def film_embeddings(looks: Iterator[tuple[float, Picture]], backbone: Backbone) -> tuple[Floats, Floats]:
    """Times (N,) once a second and (N, D) embeddings of what is done around them.

    An embedding joins what is in the picture (pooled features), what it is that moves (features weighted by
    how much they change within a second either way) and where it moves (the changes on a coarse grid).
    """
    times: list[float] = []
    pooled: list[Floats] = []
    maps: list[Floats] = []
    for time_s, picture in looks:
        features, seen = backbone(picture)
        times.append(time_s)
        pooled.append(features)
        maps.append(seen.astype(np.float16).astype(np.float32))
    stack, at = np.stack(maps), np.asarray(times, np.float32)
    out_times: list[float] = []
    rows: list[Floats] = []
    for middle in np.arange(0.5, max(1.0, float(at[-1]) + 0.5), 1.0):
        near = np.flatnonzero(np.abs(at - middle) <= _AROUND / LOOKS_PER_S)
        if not near.size:
            continue
        window = stack[near]
        change = window.std(0)
        where = change.mean(0)
        weight = where**2 / max(float((where**2).sum()), 1e-6)
        moving = (window.mean(0) * weight).sum((1, 2))
        rhythm = (change * weight).sum((1, 2))
        grid = cv2.resize(where, _GRID[::-1], interpolation=cv2.INTER_AREA).ravel()
        still = np.mean([pooled[i] for i in near], 0)[-2 * stack.shape[1] :]
        rows.append(np.concatenate([still, moving, rhythm, grid]).astype(np.float32))
        out_times.append(float(middle))
    return np.asarray(out_times, np.float32), np.stack(rows)
