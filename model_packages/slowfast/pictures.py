"""Decodes a chunk of film once into small pictures at a steady rate; knows no network and no label."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]

# Pictures a second that clips of the network trained here are made of.
FPS = 7.5
SHORT_PX, _MULTIPLE_PX = 144, 16
_MOST_PX = 4096 * 4096
_MOST_PICTURES = 100_000


@dataclass(frozen=True)
class Small:
    """Small pictures as I420 (pictures, 3/2 height, width), ``fps`` of them a second from 0 on.

    ``length_s`` is how long the film is: its last picture's time and that picture's share of a second.
    """

    i420: Pictures
    length_s: float
    fps: float = FPS


def small_size(width: int, height: int, short_px: int = SHORT_PX) -> tuple[int, int]:
    """(width, height) with ``short_px`` on the short side and nearly the same form, in whole cells of 16."""
    scale = short_px / min(width, height)
    sized = [max(1, round(side * scale / _MULTIPLE_PX)) * _MULTIPLE_PX for side in (width, height)]
    return sized[0], sized[1]


def decoded(
    film: bytes | Path,
    size: tuple[int, int] | None = None,
    short_px: int = SHORT_PX,
    fps: float = FPS,
    *,
    square: bool = False,
) -> Small:
    """The film's pictures, each decoded once; where the film has no picture for a moment, the nearest before.

    Args:
        film: a chunk's bytes, or where a film lies.
        size: (width, height) to shrink to; left out, ``small_size`` of the film's.
        short_px: what ``small_size`` is asked for.
        fps: pictures a second.
        square: only the square in the middle, ``short_px`` a side.

    Raises:
        ValueError: it holds no film that can be read.
    """
    if square:
        size = (short_px, short_px)
    kept: list[Pictures] = []
    last: Pictures | None = None
    first_s, end_s = None, 0.0
    try:
        for time_s, picture in _shown(film, size, short_px, fps, square):
            first_s = time_s if first_s is None else first_s
            end_s = max(end_s, time_s - first_s)
            wanted = _slot(time_s - first_s, fps) + 1
            if wanted > _MOST_PICTURES:
                raise ValueError(f"expected a film of at most {_MOST_PICTURES / fps:.0f} s, got a longer one")
            # A hole is filled with what was seen before it; of several for one moment the first stays.
            while len(kept) < wanted - 1:
                kept.append(picture if last is None else last)
            if len(kept) < wanted:
                kept.append(picture)
            last = picture
    except av.error.FFmpegError as error:
        raise ValueError(f"expected a film that can be read, got {type(error).__name__}") from error
    if not kept:
        raise ValueError("expected a film with pictures, got none")
    return Small(np.stack(kept), end_s + 1 / fps, fps)


def _shown(
    film: bytes | Path, size: tuple[int, int] | None, short_px: int, fps: float, square: bool
) -> Iterator[tuple[float, Pictures]]:
    source = io.BytesIO(film) if isinstance(film, bytes | bytearray) else str(film)
    with av.open(source, mode="r", format="mp4" if isinstance(source, io.BytesIO) else None) as container:
        if not container.streams.video:
            raise ValueError("expected a film with pictures, got none")
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        first_s, slot, small = None, -1, None
        for frame in container.decode(stream):
            if frame.time is None:
                continue
            if frame.width * frame.height > _MOST_PX:
                raise ValueError(f"expected pictures of at most {_MOST_PX} pixels, got larger ones")
            time_s = float(frame.time)
            first_s = time_s if first_s is None else first_s
            # Proxies have twice as many pictures as are wanted: the others need not be shrunk.
            if small is None or _slot(time_s - first_s, fps) != slot:
                small = _shrunk(frame, size or small_size(frame.width, frame.height, short_px), square)
                slot = _slot(time_s - first_s, fps)
            yield time_s, small


def _slot(time_s: float, fps: float) -> int:
    """Which of the wanted pictures a moment belongs to; rounded time stamps may be a little early."""
    return int(time_s * fps + 0.02)


def _shrunk(frame: av.VideoFrame, size: tuple[int, int], square: bool = False) -> Pictures:
    """Each plane, or the square in its middle, shrunk, averaging the pixels that a new one covers."""
    whole = frame if frame.format.name == "yuv420p" else frame.reformat(format="yuv420p")
    width, height = size
    planes = []
    for number, plane in enumerate(whole.planes):
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        if square:
            side = min(plane.width, plane.height)
            above, left = (plane.height - side) // 2, (plane.width - side) // 2
            rows = rows[above : above + side, left : left + side]
        wanted = (width, height) if number == 0 else (width // 2, height // 2)
        planes.append(cv2.resize(rows, wanted, interpolation=cv2.INTER_AREA).reshape(-1, width))
    return np.concatenate(planes)


def shrunk(i420: Pictures, size: tuple[int, int]) -> Pictures:
    """I420 pictures (pictures, 3/2 height, width) as ``decoded`` gives them at a ``size`` (width, height)."""
    width, height = size
    high, wide = i420.shape[1] * 2 // 3, i420.shape[2]
    out = []
    for picture in i420:
        colours = picture[high:].reshape(2, high // 2, wide // 2)
        planes = [cv2.resize(picture[:high], (width, height), interpolation=cv2.INTER_AREA)]
        planes += [cv2.resize(c, (width // 2, height // 2), interpolation=cv2.INTER_AREA) for c in colours]
        out.append(np.concatenate([plane.reshape(-1, width) for plane in planes]))
    return np.stack(out)


def rgb_of(i420: Pictures) -> Pictures:
    """Pictures (..., height, width, 3) in RGB from I420 ones (..., 3/2 height, width)."""
    *before, rows, width = i420.shape
    flat = i420.reshape(-1, rows, width)
    out = np.empty((len(flat), rows * 2 // 3, width, 3), np.uint8)
    for source, target in zip(flat, out, strict=True):
        cv2.cvtColor(source, cv2.COLOR_YUV2RGB_I420, dst=target)
    return out.reshape(*before, rows * 2 // 3, width, 3)


def clip_frames(
    times_s: npt.NDArray[np.float64], count: int, frames: int, fps: float = FPS
) -> npt.NDArray[np.intp]:
    """(clips, frames) places of the pictures of clips centred at ``times_s``; edges are repeated.

    Args:
        times_s: the clips' middles, seconds.
        count: how many pictures there are.
        frames: how many a clip has.
        fps: how many pictures there are a second.
    """
    first = np.round(times_s * fps - (frames - 1) / 2).astype(np.intp)
    places: npt.NDArray[np.intp] = np.clip(first[:, None] + np.arange(frames), 0, count - 1)
    return places


def looks_at(
    shown: Callable[[npt.NDArray[np.intp]], Pictures],
    told: Callable[[Pictures], npt.NDArray[np.float32]],
    times_s: npt.NDArray[np.float64],
    count: int,
    frames: int,
    looks: int,
    *,
    fps: float = FPS,
    every_s: float = 1.0,
    batch: int = 8,
) -> npt.NDArray[np.float32]:
    """(times, looks, n) what a network tells of each stretch of film, at one look or two.

    Of two looks one is a quarter of the stretch before its middle and one after it, mirrored: a second's clip
    that falls between two movements is then seen with its neighbours, and by the other hand.

    Args:
        shown: RGB clips (clips, frames, height, width, 3) of pictures at (clips, frames) places.
        told: rows (clips, n) of such clips.
        times_s: middles of the stretches, seconds.
        count, frames, fps: as ``clip_frames`` has them.
        looks: 1 or 2.
        every_s: how long a stretch is.
        batch: clips at a time.
    """
    aside = {1: ((0.0, False),), 2: ((-0.25, False), (0.25, True))}[looks]
    rows = []
    for share, mirrored in aside:
        places = clip_frames(times_s + share * every_s, count, frames, fps)
        parts = []
        # Clips hardly overlap: a batch at a time costs no more, and a minute in RGB is hundreds of megabytes.
        for first in range(0, len(places), batch):
            clips = shown(places[first : first + batch])
            parts.append(told(np.ascontiguousarray(clips[:, :, :, ::-1]) if mirrored else clips))
        rows.append(np.concatenate(parts))
    return np.stack(rows, 1).astype(np.float32)


def encoded(pictures: list[Pictures], fps: float, crf: int) -> bytes:
    """BGR pictures as a film like the program's action proxy: H.264, superfast, BT.601."""
    buffer = io.BytesIO()
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "superfast", "crf": str(crf)})
        stream.width, stream.height = pictures[0].shape[1], pictures[0].shape[0]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.gop_size = 60
        stream.codec_context.max_b_frames = 0
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(
                cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format="yuv420p"
            )
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()
