"""Opens an untrusted upload: one regular file, one named demuxer, and nothing else on any machine.

The demuxer gets an open file, never a name, so a name can be no link, no protocol and no option; every
further file that a film asks for is refused. Knows nothing of proxies or of what a film shows.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import av.logging

from bharatchef.errors import MediaError
from bharatchef.media.limits import Limits, Watch
from bharatchef.media.sniff import Container, container_of

BUFFER_BYTES = 1 << 20
DECODERS = ("h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "mjpeg", "h263", "prores")
_MAX_STREAMS = 64


class _Interrupted(Exception):
    """A Ctrl-C that came while the demuxer was reading; PyAV would print and lose a KeyboardInterrupt."""


class GuardedFile:
    """A read-only file for the demuxer that looks at the watch on every read."""

    def __init__(self, descriptor: int, watch: Watch) -> None:
        self._file = os.fdopen(descriptor, "rb", buffering=0)
        self._watch = watch
        self._ended = False
        self.name = "film"

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; ``MediaError`` where the watch or the disk ends the work."""
        # The demuxer asks again after a failure, and a second exception in one of its calls would be
        # printed and lost: raise once, then be at the end of the file.
        if self._ended:
            return b""
        try:
            self._watch.check()
            return self._file.read(size) or b""
        except KeyboardInterrupt as interrupt:
            self._ended = True
            raise _Interrupted from interrupt
        except OSError as error:
            self._ended = True
            raise MediaError(
                f"The film cannot be read to its end: {error.strerror}.",
                "Copy it to another disk and try again.",
                kind="unreadable",
            ) from error
        except MediaError:
            self._ended = True
            raise

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; the position stays."""
        self._watch.check()
        return os.pread(self._file.fileno(), length, offset)

    def stat(self) -> os.stat_result:
        return os.fstat(self._file.fileno())

    def sha256(self) -> str:
        """The hash of the whole file; the position moves."""
        digest = hashlib.sha256()
        self._file.seek(0)
        while block := self.read(BUFFER_BYTES):
            digest.update(block)
        self._file.seek(0)
        return digest.hexdigest()

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Film:
    """An opened film: its file, its container, the demuxer over it, and the stream that is shown."""

    file: GuardedFile
    container: Container
    demuxer: Any
    stream: Any
    has_audio: bool


def shown_name(path: Path) -> str:
    """The last part of a path as it may be shown and stored: printable Unicode, at most 200 characters."""
    text = os.fsencode(path.name).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "�" for c in text)[:200] or "film"


def open_regular(path: Path, limits: Limits, watch: Watch) -> GuardedFile:
    """The regular file at ``path``, opened; pipes, devices, folders and links are refused unopened.

    Raises:
        MediaError: ``not_found``, ``bad_name``, ``link``, ``not_a_file``, ``unreadable`` or ``too_large``.
    """
    name = shown_name(path)
    try:
        before = os.lstat(path)
        if stat.S_ISLNK(before.st_mode):
            raise MediaError(
                f"Expected a film, but '{name}' is a link to another file.",
                "Give the film itself.",
                kind="link",
            )
        if not stat.S_ISREG(before.st_mode):
            raise MediaError(
                f"Expected a film, but '{name}' is {_file_type(before.st_mode)}.",
                "Give the film itself, as a file.",
                kind="not_a_file",
            )
        # O_NONBLOCK and O_NOFOLLOW: between the look and the opening a pipe or a link may take its place.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except ValueError as error:
        raise MediaError(
            f"'{name}' cannot be the name of a file: {error}.", "Rename the film.", kind="bad_name"
        ) from error
    except FileNotFoundError as error:
        raise MediaError(f"There is no file '{name}'.", "Check the name.", kind="not_found") from error
    except OSError as error:
        kind = "bad_name" if error.errno == errno.ENAMETOOLONG else "unreadable"
        raise MediaError(
            f"'{name}' cannot be opened: {error.strerror}.", "Check its name and its rights.", kind=kind
        ) from error
    file = GuardedFile(descriptor, watch)
    opened = file.stat()
    if (opened.st_dev, opened.st_ino) != (before.st_dev, before.st_ino) or not stat.S_ISREG(opened.st_mode):
        file.close()
        raise MediaError(
            f"'{name}' was exchanged while it was being opened.", "Try it again.", kind="changed"
        )
    if opened.st_size > limits.max_bytes:
        file.close()
        raise MediaError(
            f"The film has {opened.st_size / 1e9:.2f} GB; at most {limits.max_bytes / 1e9:.2f} GB are taken.",
            "Film in 1920x1080 or 1280x720 at 30 pictures a second.",
            kind="too_large",
        )
    return file


def _file_type(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
    return next((word for is_kind, word in kinds if is_kind(mode)), "a device")


@contextmanager
def open_film(path: Path, limits: Limits, watch: Watch, threads: int = 1) -> Iterator[Film]:
    """An untrusted film, opened for demuxing and decoding, and closed again whatever happens.

    Args:
        path: the upload.
        limits: what it may claim and cost.
        watch: asked on every read.
        threads: decoder threads; 0 lets the decoder choose.

    Raises:
        MediaError: one of the kinds of ``open_regular`` and ``container_of``, or ``damaged``,
            ``no_video``, ``encrypted``, ``unsupported_codec``, ``picture_size``.
    """
    file = open_regular(path, limits, watch)
    try:
        container = container_of(file.read_at, file.stat().st_size, limits.max_header_bytes)
        for entry in container.pictures:
            if entry.codec_tag == b"encv":
                raise encrypted_film()
            check_picture_size(entry.width_px, entry.height_px, limits)
        demuxer = _demuxer(file, container, limits)
        try:
            stream = _picture_stream(demuxer)
            _check_claims(stream, limits)
            context = stream.codec_context
            context.options = {"max_pixels": str(limits.max_pixels)}
            context.thread_count = threads
            context.thread_type = "NONE" if threads == 1 else "AUTO"
            for other in demuxer.streams:
                if other.index != stream.index:
                    other.discard = av.stream.Discard.all
            yield Film(file, container, demuxer, stream, bool(demuxer.streams.audio))
        finally:
            demuxer.close()
    except _Interrupted as interrupted:
        raise KeyboardInterrupt from interrupted
    finally:
        file.close()


def _demuxer(file: GuardedFile, container: Container, limits: Limits) -> Any:
    options = {
        # The film itself comes through the opened file, so no protocol is needed, not even "file".
        "protocol_whitelist": "none",
        "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
        "codec_whitelist": ",".join(DECODERS),
        "max_streams": str(_MAX_STREAMS),
        "max_pixels": str(limits.max_pixels),
        "enable_drefs": "0",
        "use_absolute_path": "0",
    }
    try:
        return av.open(
            file,
            mode="r",
            format=container.demuxer,
            options=options,
            metadata_errors="replace",
            buffer_size=BUFFER_BYTES,
        )
    except MediaError:
        raise
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(
            f"The {container.name.upper()} file is damaged: its header cannot be read"
            f" ({getattr(error, 'strerror', None) or type(error).__name__}).",
            "Copy it again from the camera, or play it once to see that it is whole.",
            kind="damaged",
        ) from error


def _picture_stream(demuxer: Any) -> Any:
    streams = [s for s in demuxer.streams.video if not _is_cover(s)]
    if not streams:
        if not demuxer.streams:
            raise MediaError(
                "The film holds no streams: neither pictures nor sound.",
                "Copy it again from the camera.",
                kind="no_video",
            )
        held = "only sound" if demuxer.streams.audio else "no pictures"
        raise MediaError(
            f"Expected a film, but the file holds {held}.", "Send the film, not its sound.", kind="no_video"
        )
    return streams[0]


def _is_cover(stream: Any) -> bool:
    return bool(int(stream.disposition) & int(av.stream.Disposition.attached_pic))


def _check_claims(stream: Any, limits: Limits) -> None:
    """Refuse what the header alone shows, before a decoder is opened or a picture allocated."""
    context = stream.codec_context
    if context is None or context.name not in DECODERS:
        came = context.name if context is not None else "an unknown one"
        raise MediaError(
            "The film's codec cannot be decoded here:"
            f" expected H.264, HEVC, VP8, VP9, AV1 or MPEG-4, got {came}.",
            "Send the film as the camera wrote it, or convert it to H.264.",
            kind="unsupported_codec",
        )
    check_picture_size(context.width, context.height, limits)


def encrypted_film() -> MediaError:
    """The refusal of a film whose pictures are encrypted."""
    return MediaError(
        "The film is encrypted (protected against copying) and cannot be looked at.",
        "Send a film that you made yourself, as the camera wrote it.",
        kind="encrypted",
    )


def check_picture_size(width_px: int, height_px: int, limits: Limits) -> None:
    """Return where a picture of that size may be decoded; ``MediaError`` ``picture_size`` where not."""
    if width_px * height_px > limits.max_pixels:
        raise MediaError(
            f"The film's pictures are {width_px}x{height_px}; at most {limits.max_pixels / 1e6:.0f} million"
            " pixels are taken.",
            "Film in 1920x1080 or 1280x720.",
            kind="picture_size",
        )
    short, long = min(width_px, height_px), max(width_px, height_px)
    if short and long > limits.max_side_ratio * short:
        raise MediaError(
            f"The film's pictures are {width_px}x{height_px}, a stripe: one side may be at most"
            f" {limits.max_side_ratio:g} times the other.",
            "Film in 1920x1080 or 1280x720.",
            kind="picture_size",
        )
    if 0 < short < limits.min_side_px:
        raise MediaError(
            f"The film's pictures are {width_px}x{height_px}: too small to see anything in"
            f" (at least {limits.min_side_px} pixels a side).",
            "Film in 1920x1080 or 1280x720.",
            kind="picture_size",
        )
