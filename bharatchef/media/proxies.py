"""Makes what the models see: small upright pictures, H.264 chunks that fit an endpoint's body, JPEG stills.

Times come in as exact film seconds and stay so; knows nothing of how a film is opened or decoded.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import av
import av.filter
from av.container import Flags as ContainerFlags
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from bharatchef.media.probe import Picture
from bharatchef.observed import Chunk

# The usual clock of MPEG: 15, 24, 25, 30 and 60 pictures a second all fall on whole ticks.
CLOCK = 90_000
_MP4_OVERHEAD_BYTES = 100_000
_TURNS = {90: ("transpose", "clock"), 270: ("transpose", "cclock")}


class ProxyStore(Protocol):
    """Where proxies go: the two calls of an object store that are needed here."""

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None: ...

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True)
class Size:
    """Width and height of upright pictures, both even."""

    width_px: int
    height_px: int


def fitted(width_px: int, height_px: int, *, short_side_px: int = 0, long_side_px: int = 0) -> Size:
    """The even size of the picture's shape with the given short or long side; never larger than it is."""
    wanted = (
        short_side_px / min(width_px, height_px) if short_side_px else long_side_px / max(width_px, height_px)
    )
    scale = min(1.0, wanted)
    return Size(_even(width_px * scale), _even(height_px * scale))


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))


class Scaler:
    """Scales stored pictures to an upright size in 8-bit 4:2:0 of video range, square pixels.

    Scaling comes before turning: turning a small picture is nearly free.
    """

    def __init__(self, picture: Picture, size: Size) -> None:
        turned = picture.rotation in (90, 270)
        self._stored = Size(size.height_px, size.width_px) if turned else size
        self._rotation = picture.rotation
        self._reformatter = VideoReformatter()
        self._graph: Any = None

    def scaled(self, frame: Any) -> Any:
        """A new small frame; ``frame`` is left as it is."""
        small = self._reformatter.reformat(
            frame,
            width=self._stored.width_px,
            height=self._stored.height_px,
            format="yuv420p",
            interpolation=Interpolation.AREA,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        if self._rotation == 0:
            return small
        if self._graph is None:
            self._graph = _turning_graph(small, self._rotation)
        small.pts = 0
        self._graph.push(small)
        return self._graph.pull()


def _turning_graph(small: Any, rotation: int) -> Any:
    graph = av.filter.Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=small.width, height=small.height, format=small.format, time_base=Fraction(1, CLOCK)
    )
    turns = [graph.add(*_TURNS[rotation])] if rotation in _TURNS else [graph.add("hflip"), graph.add("vflip")]
    graph.link_nodes(source, *turns, graph.add("buffersink")).configure()
    return graph


@dataclass(frozen=True)
class Encoding:
    """How one proxy is encoded."""

    fps: Fraction
    crf: int
    max_kbit_per_s: int
    keyframe_every: int
    colour_matrix: int


class _OpenChunk:
    def __init__(self, start: Fraction, size: Size, encoding: Encoding) -> None:
        self.start = start
        self.frames = 0
        self.encoded_bytes = 0
        self._buffer = io.BytesIO()
        self._container = av.open(self._buffer, mode="w", format="mp4")
        self._container.flags |= ContainerFlags.bitexact.value
        kbit = encoding.max_kbit_per_s
        options = {
            "preset": "superfast",
            "crf": str(encoding.crf),
            "maxrate": f"{kbit}k",
            "bufsize": f"{2 * kbit}k",
        }
        stream = self._container.add_stream("libx264", rate=encoding.fps, options=options)
        stream.width, stream.height, stream.pix_fmt = size.width_px, size.height_px, "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, CLOCK)
        context.gop_size = encoding.keyframe_every
        context.max_b_frames = 0
        context.thread_count = 1
        context.color_range = ColorRange.MPEG
        context.colorspace = encoding.colour_matrix
        self._stream = stream

    def write(self, time: Fraction, frame: Any) -> None:
        frame.pts = round((time - self.start) * CLOCK)
        frame.time_base = Fraction(1, CLOCK)
        frame.pict_type = 0
        self.frames += 1
        self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[Any]) -> None:
        self.encoded_bytes += sum(packet.size for packet in packets)
        self._container.mux(packets)

    def closed(self) -> bytes:
        self._mux(self._stream.encode(None))
        self._container.close()
        return self._buffer.getvalue()


class ChunkWriter:
    """Writes one proxy as H.264 chunks; a picture's film time is ``chunk.start_s`` + its time in the chunk.

    A chunk ends at the next multiple of ``chunk_s`` of film time, or before where it would outgrow
    ``max_bytes``. Every chunk starts with a keyframe and is decoded without its neighbours.
    """

    def __init__(
        self, store: ProxyStore, prefix: str, size: Size, encoding: Encoding, chunk_s: int, max_bytes: int
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._size = size
        self._encoding = encoding
        self._chunk_s = chunk_s
        self._full_bytes = max_bytes - _MP4_OVERHEAD_BYTES
        self._open: _OpenChunk | None = None
        self._last = Fraction(0)
        self.chunks: list[Chunk] = []

    def write(self, time: Fraction, frame: Any) -> None:
        """Append ``frame`` at the film time ``time``, which is after the one before."""
        if self._open is not None:
            next_part = time // self._chunk_s > self._open.start // self._chunk_s
            # The encoder may still hold as many bytes as its rate buffer takes.
            held = self._encoding.max_kbit_per_s * 2 * 125
            if next_part or self._open.encoded_bytes + held > self._full_bytes:
                self._store_chunk(self._open, self._last + 1 / self._encoding.fps)
                self._open = None
        if self._open is None:
            self._open = _OpenChunk(time, self._size, self._encoding)
        self._open.write(time, frame)
        self._last = time

    def finish(self, end: Fraction) -> None:
        """Close the last chunk; it ends with the film, at ``end``, at the latest."""
        if self._open is not None:
            self._store_chunk(self._open, max(self._last, min(end, self._last + 1 / self._encoding.fps)))
            self._open = None

    def _store_chunk(self, chunk: _OpenChunk, end: Fraction) -> None:
        data = chunk.closed()
        key = f"{self._prefix}{len(self.chunks):04d}.mp4"
        self._store.put_bytes(key, data, "video/mp4")
        self.chunks.append(
            Chunk(
                key=key,
                start_s=float(chunk.start),
                end_s=float(end),
                frames=chunk.frames,
                size_bytes=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
            )
        )


class JpegEncoder:
    """Small frames to JPEG, without a file and without a further library."""

    def __init__(self, size: Size, quality: int, colour_matrix: int) -> None:
        self._reformatter = VideoReformatter()
        self._colour_matrix = colour_matrix
        context = av.CodecContext.create("mjpeg", "w")
        context.width, context.height, context.pix_fmt = size.width_px, size.height_px, "yuvj420p"
        context.time_base = Fraction(1, CLOCK)
        context.color_range = ColorRange.JPEG
        context.qmin = context.qmax = quality
        context.thread_count = 1
        context.options = {"huffman": "default"}
        self._context = context
        self._number = 0

    def jpeg(self, frame: Any) -> bytes:
        """The frame as JPEG bytes; it has the encoder's size."""
        frame.colorspace = self._colour_matrix
        # JPEG has no word for its colours: every reader takes BT.601 of full range.
        full = self._reformatter.reformat(
            frame,
            format="yuvj420p",
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        full.pts, full.time_base = self._number, Fraction(1, CLOCK)
        self._number += 1
        return b"".join(bytes(packet) for packet in self._context.encode(full))
