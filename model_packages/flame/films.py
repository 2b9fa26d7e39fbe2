"""Drawn chunks for calibration and test, kept in files, and what the networks see in them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import cv2

from .answering import Model, seen_in
from .drawing import FilmTruth, chunk_seeds, drawn_chunk
from .metrics import Film
from .pixels import shots_of

Job = tuple[int, str, float, bool, str]
_SECONDS = 60.0
_FIRST_SEED = {"calibration": 500_000, "test": 700_000}


def film_jobs(
    part: str, groups: Sequence[str], each: int, seed: int, work: Path, seconds: float = _SECONDS
) -> list[Job]:
    """What is drawn for ``calibration`` or ``test``: (seed, group, seconds, varied, path).

    The test shows kitchens as they are; of the calibration every other chunk is varied.
    """
    seeds = chunk_seeds(tuple(groups), each, seed + _FIRST_SEED[part])
    return [
        (s, group, seconds, part == "calibration" and k % 2 == 1, str(work / f"{part}-{s}-{group}.mp4"))
        for k, (s, group) in enumerate(seeds)
    ]


def draw_film(job: Job) -> str:
    """Draw a chunk into its file and its truth beside it, unless they are there; the path."""
    seed, group, seconds, varied, path = job
    told = Path(path).with_suffix(".json")
    if told.is_file():
        return path
    cv2.setNumThreads(1)
    body, truth = drawn_chunk(seed, group, seconds=seconds, varied=varied)
    Path(path).write_bytes(body)
    partial = told.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(asdict(truth)))
    partial.replace(told)
    return path


def films_at(paths: Sequence[str], model: Model) -> Iterator[Film]:
    """What the networks see in each of the chunks at ``paths``, and the truth."""
    for path in paths:
        plain = json.loads(Path(path).with_suffix(".json").read_text())
        truth = FilmTruth(**{**plain, "states": tuple(plain["states"]), "levels": tuple(plain["levels"])})
        yield seen_in(model, shots_of(Path(path).read_bytes())), truth
