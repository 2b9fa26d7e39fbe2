"""Draws the tiny films that the media tests watch: a picture tells its own time and which side is up."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

Draw = Callable[[float, int, int], np.ndarray]
_LEVELS = 10


class Store(dict[str, bytes]):
    """An object store in memory."""

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:  # noqa: ARG002
        self[key] = data

    def delete(self, key: str) -> None:
        self.pop(key, None)


def clock_picture(time_s: float, width: int, height: int) -> np.ndarray:
    """RGB (height, width, 3): lower half grey by the second, upper left corner white, the rest striped."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2] = 40
    picture[: height // 2, ::8] = 90
    picture[: height // 3, : width // 3] = 255
    moving = int(time_s * 20) % max(width // 2 - 8, 1) + width // 2
    picture[height // 3 : height // 2 - 2, moving : moving + 6] = 200
    picture[height // 2 :] = 30 + 20 * (int(time_s) % _LEVELS)
    return picture


def second_shown(luma: np.ndarray) -> int:
    """The second, modulo ten, that a clock picture's luma of video range tells."""
    height, width = luma.shape
    middle = luma[height * 5 // 8 : height * 7 // 8, width // 4 : width * 3 // 4]
    grey = (float(middle.mean()) - 16) * 255 / 219
    return round((grey - 30) / 20)


def is_upright(luma: np.ndarray) -> bool:
    """Whether the white corner of a clock picture is at the upper left, and only there."""
    height, width = luma.shape
    corners = [luma[:6, :6], luma[:6, -6:], luma[-6:, :6], luma[-6:, -6:]]
    brightness = [float(corner.mean()) for corner in corners]
    return brightness[0] > 200 and brightness[0] == max(brightness) and height > 0 and width > 0


@dataclass(frozen=True)
class FilmPlan:
    """A film to draw; ``times`` are exact picture times in seconds, else by ``fps`` and ``seconds``."""

    name: str
    codec: str = "libx264"
    width: int = 128
    height: int = 96
    fps: Fraction = Fraction(20)
    seconds: Fraction = Fraction(5)
    times: tuple[Fraction, ...] = ()
    rotation: int = 0
    audio: bool = False
    pix_fmt: str = "yuv420p"
    container_format: str | None = None
    container_options: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    aspect: Fraction | None = None
    draw: Draw = clock_picture

    @property
    def moments(self) -> tuple[Fraction, ...]:
        return self.times or tuple(i / self.fps for i in range(int(self.fps * self.seconds)))


_QUIET = {
    "libx264": {"preset": "ultrafast", "crf": "18", "g": "20"},
    "libx265": {"preset": "ultrafast", "crf": "18", "x265-params": "log-level=none"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "20", "b:v": "0"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "crf": "10", "b:v": "2M"},
    "libsvtav1": {"preset": "12", "svtav1-params": "lp=1"},
    "mpeg4": {"qmin": "2", "qmax": "4"},
    "mjpeg": {"qmin": "2", "qmax": "4", "strict": "unofficial"},
}


def draw_film(folder: Path, plan: FilmPlan) -> Path:
    """The film of ``plan``, drawn into ``folder``."""
    path = folder / plan.name
    path.write_bytes(film_bytes(plan))
    return path


def film_bytes(plan: FilmPlan) -> bytes:
    """The film of ``plan`` as bytes."""
    buffer = io.BytesIO()
    suffix = plan.name.rpartition(".")[2].lower()
    form = plan.container_format or {"mkv": "matroska", "m4a": "mp4"}.get(suffix, suffix)
    # MPEG-4 counts at most 65,535 ticks a second.
    clock = 60_000 if plan.codec == "mpeg4" else 90_000
    with av.open(buffer, "w", format=form, container_options=plan.container_options) as out:
        stream: Any = out.add_stream(
            plan.codec, rate=plan.fps, options={**_QUIET.get(plan.codec, {}), **plan.options}
        )
        sideways = plan.rotation in (90, 270)
        stream.width, stream.height = (plan.height, plan.width) if sideways else (plan.width, plan.height)
        stream.pix_fmt = plan.pix_fmt
        stream.codec_context.time_base = Fraction(1, clock)
        stream.codec_context.thread_count = 1
        if plan.aspect is not None:
            stream.codec_context.sample_aspect_ratio = plan.aspect
        if plan.rotation:
            stream.set_display_rotation(-plan.rotation)
        sound = _sound_stream(out, form) if plan.audio else None
        for time in plan.moments:
            upright = plan.draw(float(time), plan.width, plan.height)
            # Shown turned clockwise by the film's rotation, so stored turned the other way.
            stored = np.ascontiguousarray(np.rot90(upright, k=plan.rotation // 90))
            frame = av.VideoFrame.from_ndarray(stored, format="rgb24").reformat(format=plan.pix_fmt)
            frame.pts, frame.time_base = round(time * clock), Fraction(1, clock)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if sound is not None:
            _hum(out, sound, float(plan.moments[-1]))
    return buffer.getvalue()


def sound_bytes(seconds: float, form: str = "mp4") -> bytes:
    """A file that holds only sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as out:
        _hum(out, _sound_stream(out, form), seconds)
    return buffer.getvalue()


def _sound_stream(out: Any, form: str) -> Any:
    return out.add_stream("libopus" if form in ("webm", "matroska") else "aac", rate=48000)


def _hum(out: Any, stream: Any, seconds: float) -> None:
    samples = (0.1 * np.sin(np.arange(int(48000 * seconds)) * 0.05)).astype(np.float32)
    for start in range(0, len(samples), 960):
        block = np.stack([samples[start : start + 960]] * 2)
        form = stream.codec_context.format.name
        if form == "s16":
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray((block.T * 32767).astype(np.int16).reshape(1, -1)),
                format="s16",
                layout="stereo",
            )
        else:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout="stereo")
        frame.rate, frame.pts = 48000, start
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def pictures(data: bytes) -> Sequence[tuple[Fraction, np.ndarray]]:
    """(time in the file, luma) of every picture of a small film."""
    shown = []
    with av.open(io.BytesIO(data)) as film:
        for frame in film.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            grey = frame.to_ndarray()[: frame.height, : frame.width]
            shown.append((frame.pts * frame.time_base, grey.copy()))
    return shown
