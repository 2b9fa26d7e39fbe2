"""Draws a script into an H.264 film with its truth beside it; knows how to encode, not how to draw."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from kitchen_sim.canvas import Picture
from kitchen_sim.errors import DrawingError
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script
from kitchen_sim.truth import segments_of, truth_of

_CRF = "27"
_BT601 = 6
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DrawnFilm:
    """Where a drawn film and its truth lie; ``wall_s`` is what drawing and encoding took together."""

    film: Path
    truth: Path
    segments: Path
    frames: int
    wall_s: float


def truth_path(film: Path) -> Path:
    """Where the truth of a film lies."""
    return film.with_name(film.stem + ".truth.json")


def segments_path(film: Path) -> Path:
    """Where the segments of a film lie."""
    return film.with_name(film.stem + ".segments.json")


def draw_film(script: Script, film: Path | str, progress: Progress | None = None) -> DrawnFilm:
    """Draw a script as an MP4 (H.264, 4:2:0, no sound) and write truth and segments beside it.

    All three files appear whole or not at all: they are written under other names in the same folder and
    renamed, the film last.

    Args:
        script: what to draw.
        film: where the film goes, ending in ``.mp4`` or ``.mov``; its folder is made where it is missing.
        progress: called with (frames drawn, frames in all) after each frame.

    Raises:
        DrawingError: the name's ending is none that is written here, or the script cannot be drawn.
    """
    film = Path(film)
    if film.suffix.lower() not in (".mp4", ".mov"):
        raise DrawingError(f"expected a film's name that ends in .mp4 or .mov, got {film.name!r}")
    begun = time.perf_counter()
    scene = Scene(script)
    film.parent.mkdir(parents=True, exist_ok=True)
    finals = (truth_path(film), segments_path(film), film)
    partial = {path: path.with_name(f".{path.name}.{os.getpid()}.partial") for path in finals}
    try:
        _encode(scene, partial[film], "mov" if film.suffix.lower() == ".mov" else "mp4", progress)
        digest = hashlib.sha256(partial[film].read_bytes()).hexdigest()
        _write_json(partial[finals[0]], truth_of(scene, film.name, digest))
        _write_json(partial[finals[1]], segments_of(scene))
        for path in finals:
            with open(partial[path], "rb") as file:
                os.fsync(file.fileno())
            partial[path].replace(path)
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
    return DrawnFilm(film, finals[0], finals[1], script.frames, time.perf_counter() - begun)


def raw_frames(script: Script) -> Iterator[Picture]:
    """Every frame of a script, BGR (height, width, 3), as shown and before encoding."""
    scene = Scene(script)
    for number in range(script.frames):
        yield scene.frame(script.time_of(number))


def _encode(scene: Scene, path: Path, container: str, progress: Progress | None) -> None:
    script = scene.script
    rate = script.rate
    turned = script.rotation_degrees in (90, 270)
    with av.open(str(path), "w", format=container, options={"movflags": "+faststart"}) as output:
        output.metadata["title"] = f"drawn film: {script.dish}"
        output.metadata["comment"] = "A drawn film, made by kitchen_sim; it shows no real person or kitchen."
        stream = output.add_stream("libx264", rate=rate)
        stream.width = script.height_px if turned else script.width_px
        stream.height = script.width_px if turned else script.height_px
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = 1 / rate
        stream.codec_context.colorspace = _BT601
        stream.codec_context.color_primaries = _BT601
        stream.codec_context.color_trc = _BT601
        stream.options = {"preset": "superfast", "g": str(round(script.fps * 2))}
        if script.bit_rate_mbit is None:
            stream.options = {**stream.options, "crf": _CRF}
        else:
            stream.bit_rate = int(script.bit_rate_mbit * 1e6)
        if script.rotation_degrees:
            stream.set_display_rotation(script.rotation_degrees)
        for number in range(script.frames):
            picture = scene.frame(script.time_of(number))
            if script.rotation_degrees:
                # The player turns counter-clockwise, so what is coded is turned clockwise.
                picture = np.ascontiguousarray(np.rot90(picture, -script.rotation_degrees // 90))
            frame = av.VideoFrame.from_ndarray(
                cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format="yuv420p"
            )
            frame.pts = number
            frame.time_base = 1 / rate
            for packet in stream.encode(frame):
                output.mux(packet)
            if progress is not None:
                progress(number + 1, script.frames)
        for packet in stream.encode():
            output.mux(packet)


def _write_json(path: Path, plain: dict[str, object]) -> None:
    """JSON that a person can read and a line-based comparison can use: one row of a list a line."""
    path.write_text(_json_text(plain) + "\n", encoding="utf-8")


def _json_text(plain: dict[str, object]) -> str:
    parts: list[str] = []
    for name, value in plain.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in value)
            text = f"[\n  {rows}\n ]"
        else:
            text = json.dumps(value, ensure_ascii=False)
        parts.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}"
