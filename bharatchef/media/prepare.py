"""ONE decode of a film gives everything that is made of its pictures: both proxies, stills, the quality gate.

Decoding costs more than all the rest together, so it happens once; the gate is computed from the same
small pictures, which is still before any model is called. Knows nothing of models or of where bytes go.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import numpy as np

from bharatchef.errors import BharatChefError, MediaError
from bharatchef.media.limits import Limits, Watch
from bharatchef.media.probe import PacketCounter, Picture, claimed_duration_s, notes_on, picture_of
from bharatchef.media.proxies import ChunkWriter, Encoding, JpegEncoder, ProxyStore, Scaler, Size, fitted
from bharatchef.media.quality import QualityMeter
from bharatchef.media.recipe import ProxyRecipe, proxy_recipe
from bharatchef.media.source import check_picture_size, open_film
from bharatchef.media.sparing import Sparing
from bharatchef.media.timeline import Timeline, TimelineFacts
from bharatchef.observed import MediaInfo, Prepared, Still

# Codecs in which every stored picture is shown; VP8 and MPEG-4 also store pictures that are not.
_ALL_SHOWN = {"h264", "hevc", "vp9", "av1", "mjpeg"}
_LONGEST_FILL_S = 1
_HOLE_S = 2
_MOST_THREADS = 16


def prepare(
    path: Path,
    media: MediaInfo,
    store: ProxyStore,
    *,
    prefix: str = "",
    limits: Limits | None = None,
    progress: Callable[[float, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    threads: int = 0,
) -> Prepared:
    """Decode the film at ``path`` once and put proxies and stills into ``store`` under ``prefix``.

    Where it ends in an error, a cancellation or Ctrl-C, everything that it had stored is deleted again.

    Args:
        path: the film that ``media`` was made of by ``probe``.
        media: its facts; the returned ``Prepared.media`` has them as measured on the decoded pictures.
        store: gets ``{prefix}actions/0000.mp4``, ``{prefix}objects/0000.mp4``, ``{prefix}stills/….jpg``.
        prefix: start of every key, such as ``media/<sha256>/``.
        limits: what the film may cost.
        progress: called with (film seconds done, film seconds in all) about twice a film second.
        cancelled: asked often; true ends the work with a ``MediaError`` ``cancelled``.
        threads: decoder threads; 0: three more than there are cores.

    Raises:
        MediaError: ``changed`` where the file is not the one that was inspected, ``damaged`` where no
            picture can be decoded, else as ``probe``.
    """
    limits = limits or Limits()
    watch = Watch(limits.prepare_timeout_s, limits.max_memory_bytes, cancelled)
    keeper = _Keeper(store)
    try:
        return _decode_once(path, media, keeper, prefix, limits, watch, progress, threads or _threads())
    except BaseException:
        keeper.delete_all()
        raise


def _threads() -> int:
    # With one more than the cores, as the decoder would choose, a core had nothing to do for a quarter of the
    # time: pictures wait for those that they are made from, and for the scaling and encoding of others.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores + 3, _MOST_THREADS)


class _Keeper:
    """Remembers what was stored, so that it can be taken back."""

    def __init__(self, store: ProxyStore) -> None:
        self._store = store
        self._keys: list[str] = []

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        self._keys.append(key)
        self._store.put_bytes(key, data, content_type)

    def delete(self, key: str) -> None:
        self._store.delete(key)

    def delete_all(self) -> None:
        for key in self._keys:
            # What ended the work matters more than a store that fails again while it is being tidied.
            with suppress(BharatChefError, OSError):
                self._store.delete(key)


def _decode_once(
    path: Path,
    media: MediaInfo,
    store: ProxyStore,
    prefix: str,
    limits: Limits,
    watch: Watch,
    progress: Callable[[float, float], None] | None,
    threads: int,
) -> Prepared:
    with open_film(path, limits, watch, threads) as film:
        before = film.file.stat()
        _check_same(before.st_size, media)
        # What cannot be decoded leaves a hole, which is reported; only the packets' own times may not jump.
        timeline = Timeline(
            film.stream.time_base, limits.model_copy(update={"max_gap_s": limits.max_duration_s})
        )
        counter = PacketCounter(film)
        sparing = Sparing(film.stream, proxy_recipe())
        makers: _Makers | None = None
        holes = _Holes()
        failed = corrupt = decoded = 0
        for packet in counter.packets():
            watch.check()
            sparing.tell(packet, timeline.first_pts)
            try:
                frames = packet.decode()
            except (av.error.FFmpegError, ValueError):
                failed += 1
                continue
            for frame in frames:
                corrupt += frame.is_corrupt
                pts = frame.pts if frame.pts is not None else frame.dts
                passed = sparing.left_out(pts) if pts is not None else []
                decoded += 1 + len(passed)
                for left_out in passed:
                    timeline.add(*left_out)
                time = timeline.add(pts, frame.duration)
                if time is None:
                    continue
                check_picture_size(frame.width, frame.height, limits)
                if makers is None:
                    makers = _Makers(picture_of(film, frame, limits), store, prefix)
                holes.add(time)
                if makers.add(time, frame) and progress is not None:
                    progress(min(float(time), media.duration_s), media.duration_s)
        if makers is None:
            raise MediaError(
                f"Not one picture of the film can be decoded ({failed} pieces failed).",
                "Play it once to see that it is whole, then copy it again from the camera.",
                kind="damaged",
            )
        for left_out in sparing.left_out():
            decoded += 1
            timeline.add(*left_out)
        times = timeline.facts()
        missing = counter.shown - decoded - failed if media.codec in _ALL_SHOWN else 0
        errors = counter.damaged + failed + corrupt + max(missing, 0)
        after = film.file.stat()
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise _changed()
        makers.finish(times)
        if progress is not None:
            progress(media.duration_s, media.duration_s)
        shown = makers.picture
        notes = notes_on(shown, times, claimed_duration_s(film), counter) + holes.notes()
        return makers.prepared(
            MediaInfo(
                **media.model_dump(exclude=set(_MEASURED)),
                width_px=shown.width_px,
                height_px=shown.height_px,
                rotation_degrees=shown.rotation,
                duration_s=float(times.duration),
                fps=times.fps,
                frames=times.frames,
                variable_frame_rate=times.variable_frame_rate,
                decode_errors=errors,
                notes=notes,
            )
        )


_MEASURED = (
    "width_px",
    "height_px",
    "rotation_degrees",
    "duration_s",
    "fps",
    "frames",
    "variable_frame_rate",
    "decode_errors",
    "notes",
)


def _check_same(size_bytes: int, media: MediaInfo) -> None:
    if size_bytes != media.size_bytes:
        raise _changed()


def _changed() -> MediaError:
    return MediaError(
        "The film was changed after it had been inspected.",
        "Wait until it has been copied completely, then start again.",
        kind="changed",
    )


class _Holes:
    """Stretches of the film in which nothing can be shown."""

    def __init__(self) -> None:
        self._last = Fraction(0)
        self._count = 0
        self._first: tuple[float, float] | None = None

    def add(self, time: Fraction) -> None:
        if time - self._last > _HOLE_S:
            self._count += 1
            self._first = self._first or (float(self._last), float(time))
        self._last = time

    def notes(self) -> tuple[str, ...]:
        if self._first is None:
            return ()
        more = f", and {self._count - 1} more such stretches" if self._count > 1 else ""
        return (f"Nothing can be shown between {self._first[0]:.1f} s and {self._first[1]:.1f} s{more}.",)


class _Makers:
    """Everything that is made of the decoded pictures as they go by."""

    def __init__(self, picture: Picture, store: ProxyStore, prefix: str) -> None:
        self.picture = picture
        recipe = proxy_recipe()
        self._quality = QualityMeter()
        self._actions = _Actions(picture, store, f"{prefix}actions/", recipe)
        self._objects = _Objects(picture, store, f"{prefix}objects/", recipe)
        encoder = JpegEncoder(self._objects.size, recipe.stills.jpeg_quality, picture.colour_matrix)
        self._stills = _Stills(store, f"{prefix}stills/", encoder, self._objects.size, recipe)
        self._last: tuple[Fraction, Any] | None = None
        self._report_s = 0.0

    def add(self, time: Fraction, frame: Any) -> bool:
        """Use the picture shown at ``time``; true where it went into the objects proxy."""
        self._look_at(self._actions.add(time, frame))
        large = self._objects.add(time, frame)
        if large is not None:
            self._stills.add(time, large)
        self._last = (time, frame)
        return large is not None

    def _look_at(self, small: tuple[Fraction, Any] | None) -> None:
        if small is not None and self._quality.wants(small[0]):
            self._quality.add(small[0], luma_of(small[1]))

    def finish(self, times: TimelineFacts) -> None:
        self._look_at(self._actions.written())
        self._actions.writer.finish(times.duration)
        self._objects.writer.finish(times.duration)
        if self._last is not None:
            self._stills.finish(self._last[0], self._objects.scaler.scaled(self._last[1]))
        self._last = None
        self._report_s = float(times.duration)

    def prepared(self, media: MediaInfo) -> Prepared:
        return Prepared(
            media=media,
            quality=self._quality.report(self._report_s),
            action_chunks=tuple(self._actions.writer.chunks),
            object_chunks=tuple(self._objects.writer.chunks),
            stills=tuple(self._stills.stills),
        )


def luma_of(frame: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The luma of an 8-bit planar frame as an array (height, width) over its memory."""
    plane = frame.planes[0]
    rows = np.frombuffer(plane, dtype=np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


class _Actions:
    """The proxy of constant rate: each tick shows the nearest picture; short gaps repeat the last one."""

    def __init__(self, picture: Picture, store: ProxyStore, prefix: str, recipe: ProxyRecipe) -> None:
        self._rule = rule = recipe.actions
        size = fitted(picture.width_px, picture.height_px, short_side_px=rule.short_side_px)
        self._scaler = Scaler(picture, size)
        encoding = Encoding(
            Fraction(rule.fps), rule.crf, rule.max_kbit_per_s, rule.keyframe_every, picture.colour_matrix
        )
        self.writer = ChunkWriter(store, prefix, size, encoding, recipe.chunk_s, recipe.max_chunk_bytes)
        self._last_tick = -1
        self._last_small: Any = None
        # The nearest of the newest tick so far, unscaled: the next picture may be nearer.
        self._waiting: tuple[int, Fraction, Fraction, Any] | None = None

    def add(self, time: Fraction, frame: Any) -> tuple[Fraction, Any] | None:
        """Where this picture ends the wait for an earlier tick's: that one's own time and small picture."""
        tick, off = self._rule.tick_of(time)
        if self._waiting is not None and self._waiting[0] == tick:
            if off < self._waiting[1]:
                self._waiting = (tick, off, time, frame)
            return None
        written = self.written()
        self._waiting = (tick, off, time, frame)
        return written

    def written(self) -> tuple[Fraction, Any] | None:
        """The picture that waited, written to its tick: its own time and small; ``None`` where none did."""
        if self._waiting is None:
            return None
        tick, _, time, frame = self._waiting
        self._waiting = None
        if self._last_small is not None and tick - self._last_tick <= _LONGEST_FILL_S * self._rule.fps:
            for repeated in range(self._last_tick + 1, tick):
                self.writer.write(Fraction(repeated, self._rule.fps), self._last_small)
        small = self._scaler.scaled(frame)
        self.writer.write(Fraction(tick, self._rule.fps), small)
        self._last_tick, self._last_small = tick, small
        return time, small


class _Objects:
    """The proxy of few pictures: the first of each half second, at its own exact time."""

    def __init__(self, picture: Picture, store: ProxyStore, prefix: str, recipe: ProxyRecipe) -> None:
        self._rule = rule = recipe.objects
        self.size: Size = fitted(picture.width_px, picture.height_px, long_side_px=rule.long_side_px)
        self.scaler = Scaler(picture, self.size)
        encoding = Encoding(
            Fraction(rule.fps), rule.crf, rule.max_kbit_per_s, rule.keyframe_every, picture.colour_matrix
        )
        self.writer = ChunkWriter(store, prefix, self.size, encoding, recipe.chunk_s, recipe.max_chunk_bytes)
        self._last_part = -1

    def add(self, time: Fraction, frame: Any) -> Any | None:
        part = self._rule.part_of(time)
        if part <= self._last_part:
            return None
        large = self.scaler.scaled(frame)
        self.writer.write(time, large)
        self._last_part = part
        return large


class _Stills:
    """A picture every few seconds, and all of the last seconds: which moments matter is not known yet."""

    def __init__(
        self, store: ProxyStore, prefix: str, encoder: JpegEncoder, size: Size, recipe: ProxyRecipe
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._size = size
        self._encoder = encoder
        self._every = Fraction(recipe.stills.every_s)
        self._last_s = Fraction(recipe.stills.last_s)
        self._next = Fraction(0)
        self._recent: deque[tuple[Fraction, Any]] = deque()
        self.stills: list[Still] = []

    def add(self, time: Fraction, large: Any) -> None:
        if time >= self._next:
            self._keep(time, large)
            self._next = (time // self._every + 1) * self._every
        else:
            self._recent.append((time, large))
        while self._recent and self._recent[0][0] < time - self._last_s:
            self._recent.popleft()

    def finish(self, time: Fraction, large: Any) -> None:
        kept = {still.time_s for still in self.stills}
        for earlier, picture in [*self._recent, (time, large)]:
            if time - earlier <= self._last_s and float(earlier) not in kept:
                kept.add(float(earlier))
                self._keep(earlier, picture)
        self.stills.sort(key=lambda still: still.time_s)

    def _keep(self, time: Fraction, large: Any) -> None:
        key = f"{self._prefix}{round(time * 1000):09d}.jpg"
        self._store.put_bytes(key, self._encoder.jpeg(large), "image/jpeg")
        still = Still(
            key=key, time_s=float(time), width_px=self._size.width_px, height_px=self._size.height_px
        )
        self.stills.append(still)
