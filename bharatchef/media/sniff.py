"""Names the container of a file by its first bytes, so that no demuxer is ever chosen by guessing.

A demuxer that is free to guess takes a playlist named ``.mp4`` for a playlist and opens what it
names. Reads through the function it is given; knows nothing of paths or of PyAV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bharatchef.errors import MediaError

HEAD_BYTES = 4096
_SEND = "Send the film as the camera wrote it: MP4, MOV, WebM or MKV."
_MP4_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"uuid"}
_PICTURE_BRANDS = {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"crx "}
_MAX_BOXES = 4096
_WAY_TO_TABLES = (b"trak", b"mdia", b"minf")

_PLAYLISTS = (
    (b"#extm3u", "an HLS playlist"),
    (b"ffconcat", "a concat script"),
    (b"file ", "a concat script"),
    (b"[playlist]", "a playlist"),
    (b"v=0\n", "an SDP session description"),
    (b"v=0\r", "an SDP session description"),
    (b"rtsptext", "a QuickTime link"),
    (b"<mpd", "a DASH manifest"),
    (b"<smil", "a SMIL playlist"),
    (b"<asx", "an ASX playlist"),
    (b"http://", "a link"),
    (b"https://", "a link"),
)
_OTHERS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\xff\xd8\xff", "a JPEG picture", "picture"),
    (0, b"\x89PNG", "a PNG picture", "picture"),
    (0, b"GIF8", "a GIF", "picture"),
    (8, b"WEBP", "a WebP picture", "picture"),
    (8, b"AVI ", "an AVI film", "unsupported_container"),
    (0, b"FLV\x01", "a Flash film", "unsupported_container"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media film", "unsupported_container"),
    (0, b"\x00\x00\x01\xba", "an MPEG programme stream", "unsupported_container"),
    (188, b"\x47", "an MPEG transport stream", "unsupported_container"),
    (8, b"WAVE", "a sound file", "no_video"),
    (0, b"ID3", "a sound file", "no_video"),
    (0, b"\xff\xfb", "a sound file", "no_video"),
    (0, b"fLaC", "a sound file", "no_video"),
    (0, b"OggS", "an Ogg file", "unsupported_container"),
    (0, b"%PDF", "a PDF document", "not_a_film"),
    (0, b"PK\x03\x04", "a ZIP archive", "not_a_film"),
    (0, b"\x1f\x8b", "a compressed archive", "not_a_film"),
    (0, b"\x7fELF", "a program", "not_a_film"),
    (0, b"MZ", "a program", "not_a_film"),
    (0, b"#!", "a script", "not_a_film"),
)

ReadAt = Callable[[int, int], bytes]


@dataclass(frozen=True)
class PictureEntry:
    """What the sample description of one picture track claims."""

    codec_tag: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Container:
    """A container that is taken: the demuxer's name, the name people know it by, what its index claims.

    ``pictures`` is known for MP4 and MOV alone; other headers are read by the demuxer.
    """

    demuxer: str
    name: str
    pictures: tuple[PictureEntry, ...] = ()


def container_of(read_at: ReadAt, size_bytes: int, max_header_bytes: int) -> Container:
    """The container of a file of ``size_bytes``, read by ``read_at(offset, length)``.

    Raises:
        MediaError: ``empty``, ``playlist``, ``picture``, ``no_video``, ``unsupported_container``,
            ``not_a_film``, ``truncated`` (an MP4 without its index) or ``damaged``.
    """
    if size_bytes == 0:
        raise MediaError("Expected a film, but the file is empty (0 bytes).", "Copy it again.", kind="empty")
    head = read_at(0, HEAD_BYTES)
    if head[:4] == b"\x1aE\xdf\xa3":
        name = "webm" if b"webm" in head[:64] else "matroska"
        return Container("matroska", name)
    if head[4:8] in _MP4_FIRST_BOXES:
        brand = head[8:12] if head[4:8] == b"ftyp" else b"qt  "
        if brand in _PICTURE_BRANDS:
            raise MediaError("Expected a film, but the file is a photograph.", _SEND, kind="picture")
        start, end = _index_span(read_at, size_bytes, max_header_bytes)
        pictures = tuple(_picture_entries(read_at, start, end))
        return Container("mov", "mov" if brand == b"qt  " else "mp4", pictures)
    raise _refusal(head)


def _refusal(head: bytes) -> MediaError:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, what in _PLAYLISTS:
        if text.startswith(start) or (start[:1] == b"<" and text.startswith(b"<?xml") and start in text):
            return MediaError(
                f"Expected a film, but the file is {what}: it names other files instead of holding pictures.",
                _SEND,
                kind="playlist",
            )
    for offset, magic, what, kind in _OTHERS:
        if head[offset : offset + len(magic)] != magic:
            continue
        if magic == b"\x47" and head[:1] != b"\x47":
            continue
        return MediaError(
            f"Expected a film in MP4, MOV, WebM or MKV, but the file is {what}.", _SEND, kind=kind
        )
    if not head.strip(b"\x00"):
        came = "its beginning is all zeros; the copy is probably damaged"
    else:
        came = f"it starts with {head[:8]!r}"
    return MediaError(
        f"Expected a film in MP4, MOV, WebM or MKV, but this is none: {came}.", _SEND, kind="not_a_film"
    )


def _boxes(read_at: ReadAt, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, offset of its content, offset past it as the header claims) of each box in [start, end)."""
    at = start
    for _ in range(_MAX_BOXES):
        header = read_at(at, 16)
        if at + 8 > end or len(header) < 8:
            return
        size, kind, content = int.from_bytes(header[:4], "big"), header[4:8], at + 8
        if size == 1 and len(header) == 16:
            size, content = int.from_bytes(header[8:16], "big"), at + 16
        elif size == 0:
            size = end - at
        if size < content - at:
            return
        yield kind, content, at + size
        at += size


def _picture_entries(read_at: ReadAt, start: int, end: int, depth: int = 0) -> Iterator[PictureEntry]:
    for kind, content, past in _boxes(read_at, start, end):
        if depth < len(_WAY_TO_TABLES) and kind == _WAY_TO_TABLES[depth]:
            yield from _picture_entries(read_at, content, min(past, end), depth + 1)
        elif kind == b"vmhd":
            # Only a track with this box has pictures; the sample table is its later neighbour.
            tables = [box for box in _boxes(read_at, past, end) if box[0] == b"stbl"]
            for _, table, table_end in tables[:1]:
                yield from _described(read_at, table, min(table_end, end))


def _described(read_at: ReadAt, start: int, end: int) -> Iterator[PictureEntry]:
    for kind, content, past in _boxes(read_at, start, end):
        if kind != b"stsd":
            continue
        for tag, entry, _ in _boxes(read_at, content + 8, min(past, end)):
            sizes = read_at(entry + 24, 4)
            yield PictureEntry(tag, int.from_bytes(sizes[:2], "big"), int.from_bytes(sizes[2:], "big"))


def _index_span(read_at: ReadAt, size_bytes: int, max_header_bytes: int) -> tuple[int, int]:
    """Where the index of an MP4 or MOV lies.

    One that is missing, huge or compressed (it can unpack to gigabytes) is refused.
    """
    for kind, content, end in _boxes(read_at, 0, size_bytes):
        if kind == b"moov":
            if end > size_bytes:
                break
            if end - content > max_header_bytes:
                raise MediaError(
                    f"The film's index claims {(end - content) // 1_000_000} MB, more than the"
                    f" {max_header_bytes // 1_000_000} MB that are allowed.",
                    _SEND,
                    kind="damaged",
                )
            first = next(_boxes(read_at, content, end), None)
            if first is not None and first[0] == b"cmov":
                raise MediaError(
                    "The film's index is compressed, which no present camera writes.",
                    _SEND,
                    kind="unsupported_container",
                )
            return content, end
    raise MediaError(
        "The film is cut short: its index (the 'moov' box) is missing or incomplete,"
        " so nothing in it can be shown.",
        "The recording was probably broken off, or the copy did not finish: copy it again from the camera.",
        kind="truncated",
    )
