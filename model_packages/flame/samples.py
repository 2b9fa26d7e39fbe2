"""Draws what the networks are trained on and keeps it in files: a training goes on where it stopped.

Only training uses this.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from .drawing import Truth, drawn_nonsense, drawn_pictures
from .looking import Picture, cut_out, in_whole, whole_of

# Wider than what the second network sees, so that it can be moved, turned and made larger or smaller.
KEPT_PART = (320, 240)
# Outlines are kept this much smaller than the pictures.
OUTLINE_PX = 4
HIDDEN = 4
# A level's place on the scale 0 off, 1 low, 2 medium, 3 high: halves are the words' borders.
SCALE_LEVELS = (0.0, 0.08, 0.3, 0.40, 0.6, 0.72, 1.0)
SCALE_PLACES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
# Many kitchens, few pictures of each: a kitchen that was seen often is learned by heart.
_SCENES, _PICTURES = 16, 6
_NONSENSE = 4
PICTURES_A_FILE = _SCENES * _PICTURES + _NONSENSE
_ELSEWHERE = 0.05
_FAR_PX = 200.0

Job = tuple[int, str, str]


@dataclass(frozen=True)
class Samples:
    """``wholes`` (N, 192, 320, 3) and ``parts`` (N, 240, 320, 3) RGB, and what they show.

    ``outlines`` (N, 60, 80): where in the part the flame is or would be, 255, else 0.

    ``places`` (N, 2, 2): up to two burners in the small picture, NaN where there is none. ``scales`` (N,): 0
    off to 3 high, or 4 for hidden. ``colours`` (N,): 0 blue, 1 yellow, -1 not lit or not seen.
    """

    wholes: Picture
    parts: Picture
    outlines: Picture
    places: npt.NDArray[np.float32]
    scales: npt.NDArray[np.float32]
    colours: npt.NDArray[np.int8]


def scale_of(state: str, level: float) -> float:
    """A truth's place on the scale of words; 4 where hidden."""
    if state == "hidden":
        return float(HIDDEN)
    return 0.0 if state == "off" else float(np.interp(level, SCALE_LEVELS, SCALE_PLACES))


def _row(rng: np.random.Generator, rgb: Picture, truth: Truth, outline: Picture) -> tuple[object, ...]:
    places = np.full((2, 2), np.nan, np.float32)
    for k, place in enumerate(truth.places[:2]):
        places[k] = in_whole(place, rgb.shape)
    anywhere = float(rng.uniform(0, rgb.shape[1])), float(rng.uniform(0, rgb.shape[0]))
    far = all(np.hypot(anywhere[0] - x, anywhere[1] - y) > _FAR_PX for x, y in truth.places)
    if not truth.places or (far and rng.random() < _ELSEWHERE):
        place, scale, colour = anywhere, float(HIDDEN), -1
    else:
        place = truth.places[int(rng.integers(len(truth.places)))]
        scale, colour = (
            scale_of(truth.state, truth.level),
            {"blue": 0, "yellow": 1}.get(truth.state, -1),
        )
    burner = cut_out(outline, place, KEPT_PART) if scale < HIDDEN else np.zeros(KEPT_PART[::-1], np.uint8)
    small = cv2.resize(burner, None, fx=1 / OUTLINE_PX, fy=1 / OUTLINE_PX, interpolation=cv2.INTER_AREA)
    return whole_of(rgb), cut_out(rgb, place, KEPT_PART), small, places, scale, colour


def draw_file(job: Job) -> str:
    """Draw the pictures of a job (seed, group, path) into its file, unless it is there; the path."""
    seed, group, path = job
    if Path(path).is_file():
        return path
    cv2.setNumThreads(1)
    rng = np.random.default_rng([0xF1A3E, 2, seed])
    rows = []
    for number in range(_SCENES):
        drawn = drawn_pictures(seed * _SCENES + number, group, _PICTURES)
        rows += [_row(rng, *one) for one in drawn]
    for _ in range(_NONSENSE):
        rgb = drawn_nonsense(rng)
        rows.append(_row(rng, rgb, Truth("hidden", 0.0, ()), np.zeros(rgb.shape[:2], np.uint8)))
    wholes, parts, outlines, places, scales, colours = zip(*rows, strict=True)
    partial = Path(f"{path}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        np.savez(
            file,
            wholes=np.stack(wholes),
            parts=np.stack(parts),
            outlines=np.stack(outlines),
            places=np.stack(places),
            scales=np.array(scales, np.float32),
            colours=np.array(colours, np.int8),
        )
    partial.replace(path)
    return path


def jobs_of(work: Path, groups: Sequence[str], files: int, seed: int) -> list[Job]:
    """What is to be drawn into ``work``: ``files`` files of 100 pictures, the groups in turn."""
    return [
        (seed + n, groups[n % len(groups)], str(work / f"drawn-{seed + n}-{groups[n % len(groups)]}.npz"))
        for n in range(files)
    ]


def samples_in(paths: Sequence[str], name: str) -> Samples:
    """What the network ``where`` or ``what`` learns from in the files at ``paths``, in memory.

    The pictures that only the other network looks at are left out: they would take as many gigabytes again.
    """
    left_out = ("parts", "outlines") if name == "where" else ("wholes",)
    table: dict[str, np.ndarray] = {}
    for number, path in enumerate(paths):
        with np.load(path, allow_pickle=False) as stored:
            for column in stored.files:
                if column in left_out:
                    table.setdefault(column, np.zeros((0, 1, 1, 3), np.uint8))
                    continue
                values = stored[column]
                # Room for all at once: what grows by being put together takes twice as much.
                whole = table.setdefault(
                    column, np.empty((len(paths) * PICTURES_A_FILE, *values.shape[1:]), values.dtype)
                )
                whole[number * PICTURES_A_FILE : (number + 1) * PICTURES_A_FILE] = values
    return Samples(**table)
