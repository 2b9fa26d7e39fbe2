"""Inspects an untrusted film: what it is, what it shows and when, and whether it may be worked on.

Reads every packet once for exact times but decodes one picture only; knows nothing of proxies or models.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast

import av
import av.error

from bharatchef.errors import MediaError
from bharatchef.media.limits import Limits, Watch
from bharatchef.media.source import Film, check_picture_size, encrypted_film, open_film, shown_name
from bharatchef.media.timeline import Reorder, Timeline, TimelineFacts, too_long
from bharatchef.observed import MediaInfo

Rotation = Literal[0, 90, 180, 270]
_MAX_DEMUX_ERRORS = 16
_PACKETS_TO_FIRST_PICTURE = 600
# Where a file does not say, players take BT.709 for high definition and BT.601 below.
_MATRIX_UNSPECIFIED, _BT709, _BT601, _HD_HEIGHT_PX = 2, 1, 6, 720


@dataclass(frozen=True)
class Picture:
    """How the pictures are to be shown: stored size, clockwise turn, size as shown with square pixels.

    ``colour_matrix`` is the code point of ITU-T H.273, 1 for BT.709, 6 for BT.601.
    """

    stored_width_px: int
    stored_height_px: int
    rotation: Rotation
    width_px: int
    height_px: int
    pixel_format: str
    colour_matrix: int


def probe(path: Path, limits: Limits | None = None, cancelled: Callable[[], bool] | None = None) -> MediaInfo:
    """The facts of the film at ``path``, from its packets' own times and its first picture.

    ``decode_errors`` counts packets that are damaged or missing in the file; ``prepare`` decodes
    them all and gives the final count.

    Args:
        path: an untrusted upload.
        limits: what it may claim and cost; the defaults of ``Limits`` where absent.
        cancelled: asked often; true ends the work.

    Raises:
        MediaError: with ``kind`` one of ``not_found``, ``bad_name``, ``link``, ``not_a_file``,
            ``unreadable``, ``changed``, ``too_large``, ``empty``, ``playlist``, ``picture``,
            ``not_a_film``, ``unsupported_container``, ``truncated``, ``damaged``, ``no_video``,
            ``no_frames``, ``encrypted``, ``unsupported_codec``, ``picture_size``, ``frame_rate``,
            ``too_long``, ``broken_timestamps``, ``timeout``, ``memory``, ``cancelled``.
    """
    limits = limits or Limits()
    watch = Watch(limits.inspect_timeout_s, limits.max_memory_bytes, cancelled)
    with open_film(path, limits, watch) as film:
        claimed_s = claimed_duration_s(film)
        if claimed_s is not None and claimed_s > limits.max_duration_s:
            raise too_long(claimed_s, limits)
        counter = PacketCounter(film)
        picture, times, damaged = _first_picture_and_times(film, counter, limits, watch)
        size_bytes = film.file.stat().st_size
        return MediaInfo(
            sha256=film.file.sha256(),
            file_name=shown_name(Path(path)),
            size_bytes=size_bytes,
            container=film.container.name,
            codec=codec_name(film),
            width_px=picture.width_px,
            height_px=picture.height_px,
            rotation_degrees=picture.rotation,
            duration_s=float(times.duration),
            fps=times.fps,
            frames=times.frames,
            variable_frame_rate=times.variable_frame_rate,
            has_audio=film.has_audio,
            decode_errors=damaged,
            notes=notes_on(picture, times, claimed_s, counter),
        )


def codec_name(film: Film) -> str:
    """The codec's common name, whichever decoder answers for it."""
    name = str(film.stream.codec_context.name)
    return "av1" if name == "libdav1d" else name


def claimed_duration_s(film: Film) -> float | None:
    """What the header says the pictures last, in seconds; ``None`` where it says nothing."""
    stream = film.stream
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if film.demuxer.duration is not None:
        return float(Fraction(film.demuxer.duration, av.time_base))
    return None


class PacketCounter:
    """Yields the packets of the shown stream and counts what is wrong with them.

    ``damaged`` counts packets that the container marks as cut or corrupt, and places where the
    demuxer lost its way and found it again.
    """

    def __init__(self, film: Film) -> None:
        self._film = film
        self.shown = 0
        self.damaged = 0

    def packets(self) -> Iterator[Any]:
        """Every packet in the order of the file, then one empty packet that drains the decoder.

        Raises:
            MediaError: ``encrypted``, or what the watch found.
        """
        for attempt in itertools.count():
            try:
                for packet in self._film.demuxer.demux(self._film.stream):
                    if packet.size:
                        self.damaged += packet.is_corrupt
                        self.shown += not packet.is_discard
                        if packet.has_sidedata("encryption_info"):
                            raise encrypted_film()
                    yield packet
                return
            except av.error.FFmpegError as error:
                self.damaged += 1
                if attempt >= _MAX_DEMUX_ERRORS or isinstance(error, av.error.EOFError):
                    return


def _first_picture_and_times(
    film: Film, counter: PacketCounter, limits: Limits, watch: Watch
) -> tuple[Picture, TimelineFacts, int]:
    picture: Picture | None = None
    timeline = Timeline(film.stream.time_base, limits)
    reorder = Reorder()
    failed = 0
    for number, packet in enumerate(counter.packets()):
        if number % 64 == 0:
            watch.check()
        if picture is None:
            try:
                frames = packet.decode()
            except (av.error.FFmpegError, ValueError) as error:
                failed += 1
                if isinstance(error, av.error.ArgumentError):
                    raise _picture_too_large(limits) from error
                if failed >= _PACKETS_TO_FIRST_PICTURE:
                    raise _no_picture(failed) from error
                frames = []
            if frames:
                picture = picture_of(film, frames[0], limits)
        if not packet.size or packet.is_discard:
            continue
        pts = packet.pts if packet.pts is not None else packet.dts
        if pts is None:
            timeline.add(None, None)
            continue
        earliest = reorder.add(pts, packet.duration or 0)
        if earliest is not None:
            timeline.add(*earliest)
    for pts, duration in reorder.rest():
        timeline.add(pts, duration)
    if picture is None and counter.shown:
        raise _no_picture(counter.shown)
    times = timeline.facts()
    return cast(Picture, picture), times, counter.damaged + failed


def picture_of(film: Film, frame: Any, limits: Limits) -> Picture:
    """How pictures like ``frame`` are to be shown.

    Raises:
        MediaError: ``picture_size``.
    """
    check_picture_size(frame.width, frame.height, limits)
    # A display matrix turns counterclockwise; people and players count clockwise.
    rotation = round(-(frame.rotation or 0) / 90) * 90 % 360
    aspect = film.stream.sample_aspect_ratio or film.stream.codec_context.sample_aspect_ratio or 1
    if not Fraction(1, 4) <= aspect <= 4:
        aspect = 1
    width, height = max(round(frame.width * aspect), 1), frame.height
    if rotation in (90, 270):
        width, height = height, width
    matrix = int(frame.colorspace)
    if matrix == _MATRIX_UNSPECIFIED:
        matrix = _BT709 if frame.height >= _HD_HEIGHT_PX else _BT601
    return Picture(
        frame.width, frame.height, cast(Rotation, rotation), width, height, frame.format.name, matrix
    )


def notes_on(
    picture: Picture, times: TimelineFacts, claimed_s: float | None, counter: PacketCounter
) -> tuple[str, ...]:
    """What a person should know of how the film was read."""
    notes: list[str] = []
    shown_s = float(times.duration)
    if claimed_s is not None and claimed_s - shown_s > max(1.0, 0.02 * claimed_s):
        notes.append(
            f"The file says it lasts {claimed_s:.1f} s, but only {shown_s:.1f} s can be shown:"
            " it is cut short."
        )
    if counter.damaged:
        notes.append(f"{counter.damaged} pieces of the file are damaged or incomplete.")
    if times.unusable_times:
        notes.append(f"{times.unusable_times} pictures have no usable time stamp and were left out.")
    if "10" in picture.pixel_format or "12" in picture.pixel_format:
        notes.append("The film has more than 8 bits a colour; it is judged in 8 bits.")
    return tuple(notes)


def _no_picture(packets: int) -> MediaError:
    return MediaError(
        f"Not one picture of the film can be decoded ({packets} pieces were tried).",
        "Play it once to see that it is whole, then copy it again from the camera.",
        kind="damaged",
    )


def _picture_too_large(limits: Limits) -> MediaError:
    # Decoders answer a size above ``max_pixels`` with EINVAL, before they allocate; damage is EINVALIDDATA.
    return MediaError(
        "The film's pictures claim a size that is not taken:"
        f" more than {limits.max_pixels / 1e6:.0f} million pixels, or none.",
        "Film in 1920x1080 or 1280x720.",
        kind="picture_size",
    )
