"""Makes the broken, odd and hostile uploads that the media tests hand in, each from a tiny good film."""

from __future__ import annotations

import io
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from media_films import FilmPlan, film_bytes, sound_bytes

from bharatchef.media.limits import Limits

GOOD = FilmPlan("good.mp4", seconds=Fraction(2))
GOOD_MKV = FilmPlan("good.mkv", seconds=Fraction(2))


@dataclass(frozen=True)
class Broken:
    """One upload, the class of failure it belongs to, and what the refusal must say."""

    group: str
    name: str
    make: Callable[[Path], Path]
    kind: str
    says: str
    limits: Limits = field(default_factory=Limits)


def _written(name: str, data: Callable[[], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data())
        return path

    return make


def _mp4(data: Callable[[], bytes]) -> Callable[[Path], Path]:
    return _written("a.mp4", data)


def _swapped(data: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    assert data.count(old) >= 1, f"{old!r} is not in the film"
    assert len(old) == len(new)
    return data.replace(old, new, count)


def box_span(data: bytes, *path: bytes) -> tuple[int, int]:
    """(start, end) of the MP4 box at ``path``, header included."""
    start, end = 0, len(data)
    inside = 0
    for kind in path:
        at = inside
        while at < end:
            size = int.from_bytes(data[at : at + 4], "big")
            if data[at + 4 : at + 8] == kind:
                break
            at += size
        else:
            raise AssertionError(f"no box {kind!r}")
        start, end, inside = at, at + size, at + 8
    return start, end


def with_box(data: bytes, path: tuple[bytes, ...], content: bytes) -> bytes:
    """``data`` with the content of one box exchanged and the sizes of all boxes around it corrected."""
    start, end = box_span(data, *path)
    grown = 8 + len(content) - (end - start)
    parts = bytearray(data[:start] + struct.pack(">I", 8 + len(content)) + path[-1] + content + data[end:])
    for depth in range(1, len(path)):
        at, _ = box_span(data, *path[:depth])
        parts[at : at + 4] = (int.from_bytes(parts[at : at + 4], "big") + grown).to_bytes(4, "big")
    return bytes(parts)


def good() -> bytes:
    """A film of two seconds with nothing wrong; its index follows its pictures."""
    return film_bytes(GOOD)


def fast_start(seconds: int = 4) -> bytes:
    """A film whose index comes first, so that a part of it can be shown."""
    plan = FilmPlan(
        "f.mp4", seconds=Fraction(seconds), container_options={"movflags": "frag_keyframe+empty_moov"}
    )
    return film_bytes(plan)


def external_track(target: Path) -> bytes:
    """A QuickTime film whose pictures lie, by its own word, in the file ``target``."""
    data = film_bytes(FilmPlan("x.mov", seconds=Fraction(2)))
    name = os.fsencode(target)
    alias = bytes(10) + b"\x04disk" + bytes(23) + bytes(12) + bytes([len(target.name)])
    alias += os.fsencode(target.name).ljust(63, b"\x00") + bytes(16) + struct.pack(">HH", 0, 0) + bytes(16)
    alias += struct.pack(">HH", 2, len(name)) + name + b"\x00" * (len(name) % 2) + b"\xff\xff\x00\x00"
    entry = b"alis" + bytes(4) + alias
    content = bytes(4) + struct.pack(">I", 1) + struct.pack(">I", 4 + len(entry)) + entry
    return with_box(data, (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"), content)


def _remuxed(form: str, change: Callable[[int, int], int], plan: FilmPlan = GOOD_MKV) -> bytes:
    """A film whose packets' times went through ``change(number, milliseconds)``."""
    buffer = io.BytesIO()
    with av.open(io.BytesIO(film_bytes(plan))) as film, av.open(buffer, "w", format=form) as out:
        stream = out.add_stream_from_template(film.streams.video[0])
        number = 0
        for packet in film.demux(video=0):
            if packet.pts is None:
                continue
            packet.stream = stream
            milliseconds = round(packet.pts * packet.time_base * 1000)
            changed = change(number, milliseconds)
            packet.time_base = Fraction(1, 1000)
            packet.pts = packet.dts = changed
            number += 1
            out.mux(packet)
    return buffer.getvalue()


def _block_times(data: bytes, change: Callable[[int, int], int]) -> bytes:
    """A Matroska film whose blocks' relative times went through ``change(number, milliseconds)``."""
    parts, at, number = bytearray(data), data.index(b"\x1f\x43\xb6\x75"), 0
    while (at := data.find(b"\xa3", at + 1)) >= 0:
        length_bytes = 9 - data[at + 1].bit_length()
        block = at + 1 + length_bytes
        if data[block] == 0x81 and data[block + 3] in (0x00, 0x80):
            old = struct.unpack(">h", data[block + 1 : block + 3])[0]
            parts[block + 1 : block + 3] = struct.pack(">h", change(number, old))
            number += 1
            at = block + 3
    assert number > 10
    return bytes(parts)


def _encrypted() -> bytes:
    options = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "76a6c65c5ea762046bd749a2e632ccbb",
        "encryption_kid": "a7e61c373e219033c21091fa607bf3b8",
    }
    return film_bytes(FilmPlan("e.mp4", seconds=Fraction(2), container_options=options))


def _jpeg_claims(width: int, height: int) -> bytes:
    plan = FilmPlan("j.mov", codec="mjpeg", pix_fmt="yuvj420p", seconds=Fraction(1))
    old = struct.pack(">HH", plan.height, plan.width)
    data = film_bytes(plan)
    return data.replace(b"\x08" + old, b"\x08" + struct.pack(">HH", height, width))


def _sample_entry_claims(side: int) -> bytes:
    old, new = struct.pack(">HH", GOOD.width, GOOD.height), struct.pack(">HH", side, side)
    data = good()
    at = data.index(old, data.index(b"avc1", data.index(b"stsd")))
    return data[:at] + new + data[at + 4 :]


def _sps_claims(blocks: int) -> bytes:
    """A film whose H.264 parameters claim a picture of ``blocks`` x ``blocks`` macroblocks."""
    bits = "".join(f"{byte:08b}" for byte in (66, 0xC0, 50)) + _ue(0) + _ue(0) + _ue(2) + _ue(1) + "0"
    bits += _ue(blocks - 1) + _ue(blocks - 1) + "1" + "1" + "0" + "0" + "1"
    body = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    sps, pps = b"\x67" + body.replace(b"\x00\x00\x00", b"\x00\x00\x03\x00"), b"\x68\xce\x3c\x80"
    parameters = bytes([1, 66, 0xC0, 50, 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps
    parameters += b"\x01" + struct.pack(">H", len(pps)) + pps
    data = good()
    at = data.index(b"avcC") + 4
    length = int.from_bytes(data[at - 8 : at - 4], "big") - 8
    assert len(parameters) <= length
    return data[:at] + parameters.ljust(length, b"\x00") + data[at + length :]


def _vp8_claims(side: int) -> bytes:
    """A WebM film whose pictures claim to be ``side`` pixels square, though its header does not."""
    plan = FilmPlan("v.webm", codec="libvpx", seconds=Fraction(1))
    start, size = b"\x9d\x01\x2a", struct.pack("<HH", plan.width, plan.height)
    return _swapped(film_bytes(plan), start + size, start + struct.pack("<HH", side, side), -1)


def _ue(value: int) -> str:
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def _no_samples() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", container_options={"movflags": "empty_moov"}) as out:
        stream: Any = out.add_stream("mpeg4", rate=20)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        out.start_encoding()
    return buffer.getvalue()


def _no_clusters() -> bytes:
    data = film_bytes(GOOD_MKV)
    return data[: data.index(b"\x1f\x43\xb6\x75")]


def _no_picture_data() -> bytes:
    """A film whose every picture is zeros."""
    data = good()
    start, end = box_span(data, b"mdat")
    return data[: start + 8] + bytes(end - start - 8) + data[end:]


def _cover_art() -> bytes:
    """A song with a cover: the cover is a picture stream, but nothing to watch."""
    buffer = io.BytesIO()
    with av.open(io.BytesIO(sound_bytes(1.0))) as song, av.open(buffer, "w", format="mp4") as out:
        sound = out.add_stream_from_template(song.streams.audio[0])
        cover: Any = out.add_stream("mjpeg", rate=1, options={"strict": "unofficial"})
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8)).reformat(format="yuvj420p")
        packets = cover.encode(frame) + cover.encode(None)
        out.mux(packets)
        for packet in song.demux():
            if packet.pts is not None:
                packet.stream = sound
                out.mux(packet)
    return buffer.getvalue()


def _only_sound_in_webm() -> bytes:
    return sound_bytes(1.0, "webm")


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


def _folder(folder: Path) -> Path:
    (folder / "film.mp4").mkdir()
    return folder / "film.mp4"


def _link(folder: Path) -> Path:
    (folder / "real.mp4").write_bytes(good())
    (folder / "link.mp4").symlink_to(folder / "real.mp4")
    return folder / "link.mp4"


def _dangling(folder: Path) -> Path:
    (folder / "link.mp4").symlink_to("/etc/shadow-of-nothing")
    return folder / "link.mp4"


def _socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "s.mp4"))
    return folder / "s.mp4"


def _film(plan: FilmPlan) -> Callable[[], bytes]:
    return lambda: film_bytes(plan)


def _claims_to_last(hours: int) -> bytes:
    """A Matroska film whose header claims a length that its pictures do not have."""
    data = film_bytes(GOOD_MKV)
    at = data.index(b"\x44\x89\x88") + 3
    return data[:at] + struct.pack(">d", hours * 3_600_000.0) + data[at + 8 :]


_TEXT = b"Take two cups of water and bring them to the boil.\n" * 40
_RANDOM = np.random.default_rng(11).integers(0, 256, 50_000, dtype=np.uint8).tobytes()

BROKEN = [
    Broken("empty", "nothing", _mp4(lambda: b""), "empty", "0 bytes"),
    Broken("empty", "one byte", _mp4(lambda: b"\x00"), "not_a_film", "all zeros"),
    Broken("empty", "zeros", _mp4(lambda: bytes(65536)), "not_a_film", "all zeros"),
    Broken("truncated head", "without ftyp", _mp4(lambda: good()[11:]), "not_a_film", "starts with"),
    Broken("truncated head", "from the middle", _mp4(lambda: good()[900:]), "not_a_film", "starts with"),
    Broken(
        "truncated head",
        "mkv",
        _written("a.mkv", lambda: film_bytes(GOOD_MKV)[60:]),
        "not_a_film",
        "starts with",
    ),
    Broken("truncated tail", "ftyp alone", _mp4(lambda: good()[:32]), "truncated", "cut short"),
    Broken("truncated tail", "half", _mp4(lambda: good()[: len(good()) // 2]), "truncated", "'moov'"),
    Broken("truncated tail", "most of the index", _mp4(lambda: good()[:-60]), "truncated", "cut short"),
    Broken(
        "truncated tail",
        "mov",
        _written("a.MOV", lambda: film_bytes(FilmPlan("a.mov"))[:5000]),
        "truncated",
        "cut short",
    ),
    Broken(
        "truncated tail",
        "mkv header",
        _written("a.mkv", lambda: film_bytes(GOOD_MKV)[:70]),
        "damaged",
        "header",
    ),
    Broken("not a film", "text", _mp4(lambda: _TEXT), "not_a_film", "starts with b'Take two'"),
    Broken("not a film", "random", _mp4(lambda: _RANDOM), "not_a_film", "this is none"),
    Broken("not a film", "html", _mp4(lambda: b"<!DOCTYPE html><html>" * 9), "not_a_film", "starts with"),
    Broken("not a film", "zip", _mp4(lambda: b"PK\x03\x04" + _RANDOM), "not_a_film", "ZIP archive"),
    Broken("not a film", "pdf", _mp4(lambda: b"%PDF-1.7\n" + _RANDOM), "not_a_film", "PDF"),
    Broken("not a film", "program", _mp4(lambda: b"\x7fELF" + _RANDOM), "not_a_film", "a program"),
    Broken("not a film", "script", _mp4(lambda: b"#!/bin/sh\nrm -rf x\n"), "not_a_film", "a script"),
    Broken("picture", "jpeg", _mp4(lambda: b"\xff\xd8\xff\xe0" + _RANDOM), "picture", "JPEG"),
    Broken("picture", "png", _mp4(lambda: b"\x89PNG\r\n\x1a\n" + _RANDOM), "picture", "PNG"),
    Broken("picture", "gif", _mp4(lambda: b"GIF89a" + _RANDOM), "picture", "GIF"),
    Broken("picture", "heic", _mp4(lambda: b"\x00\x00\x00\x18ftypheic" + _RANDOM), "picture", "photograph"),
    Broken(
        "other container",
        "avi",
        _mp4(lambda: b"RIFF\x00\x00\x10\x00AVI LIST" + _RANDOM),
        "unsupported_container",
        "an AVI film",
    ),
    Broken(
        "other container",
        "mpeg-ts",
        _mp4(lambda: (b"\x47" + bytes(187)) * 50),
        "unsupported_container",
        "transport stream",
    ),
    Broken(
        "other container", "flv", _mp4(lambda: b"FLV\x01\x05" + _RANDOM), "unsupported_container", "Flash"
    ),
    Broken(
        "other container",
        "wmv",
        _mp4(lambda: b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + _RANDOM),
        "unsupported_container",
        "Windows Media",
    ),
    Broken(
        "other container",
        "compressed index",
        _written("a.mov", lambda: b"\x00\x00\x00\x20moov\x00\x00\x00\x18cmov" + bytes(16)),
        "unsupported_container",
        "compressed",
    ),
    Broken("audio only", "m4a", _mp4(lambda: sound_bytes(1.0)), "no_video", "only sound"),
    Broken("audio only", "webm", _written("a.webm", _only_sound_in_webm), "no_video", "only sound"),
    Broken("audio only", "with a cover", _written("a.m4a", _cover_art), "no_video", "only sound"),
    Broken(
        "audio only",
        "wav",
        _mp4(lambda: b"RIFF\x00\x00\x10\x00WAVEfmt " + _RANDOM),
        "no_video",
        "a sound file",
    ),
    Broken("audio only", "mp3", _mp4(lambda: b"ID3\x04" + _RANDOM), "no_video", "a sound file"),
    Broken("zero frames", "no samples", _mp4(_no_samples), "no_frames", "no pictures"),
    Broken("zero frames", "no clusters", _written("a.mkv", _no_clusters), "damaged", "header"),
    Broken(
        "zero frames",
        "one picture",
        _mp4(_film(FilmPlan("a.mp4", times=(Fraction(0),)))),
        "no_frames",
        "single picture",
    ),
    Broken("zero frames", "pictures of zeros", _mp4(_no_picture_data), "damaged", "Not one picture"),
    Broken(
        "absurd size",
        "sample entry",
        _mp4(lambda: _sample_entry_claims(16000)),
        "picture_size",
        "million pixels",
    ),
    Broken(
        "absurd size",
        "jpeg header",
        _written("a.mov", lambda: _jpeg_claims(16000, 16000)),
        "damaged",
        "Not one picture",
    ),
    Broken(
        "absurd size",
        "vp8 pictures",
        _written("a.webm", lambda: _vp8_claims(16000)),
        "picture_size",
        "claim a size",
    ),
    Broken(
        "absurd size",
        "h264 parameters",
        _written("a.mkv", lambda: _sps_claims(1000)),
        "picture_size",
        "16000x16000",
    ),
    Broken(
        "absurd size",
        "too small",
        _mp4(_film(FilmPlan("a.mp4", width=16, height=16))),
        "picture_size",
        "too small",
    ),
    Broken(
        "absurd size",
        "a stripe",
        _mp4(_film(FilmPlan("a.mp4", width=1280, height=40, seconds=Fraction(1)))),
        "picture_size",
        "stripe",
    ),
    Broken("absurd size", "file", _mp4(good), "too_large", "at most", Limits(max_bytes=2000)),
    Broken(
        "absurd rate",
        "thousand",
        _mp4(_film(FilmPlan("a.mp4", fps=Fraction(1000), seconds=Fraction(1, 5)))),
        "frame_rate",
        "1,000 pictures a second",
    ),
    Broken(
        "absurd rate",
        "time lapse",
        _mp4(_film(FilmPlan("a.mp4", fps=Fraction(1, 8), seconds=Fraction(80)))),
        "frame_rate",
        "0.125 pictures a second",
    ),
    Broken(
        "absurd rate",
        "thousand in webm",
        _written("a.mkv", lambda: _remuxed("matroska", lambda n, _ms: n)),
        "frame_rate",
        "1,000 pictures",
    ),
    Broken("too long", "header", _written("a.mkv", lambda: _claims_to_last(9)), "too_long", "540.0 minutes"),
    Broken("too long", "pictures", _mp4(good), "too_long", "at most", Limits(max_duration_s=1)),
    Broken(
        "too long",
        "no stated length",
        _written("a.mkv", lambda: film_bytes(FilmPlan("a.mkv", container_options={"live": "1"}))),
        "too_long",
        "at most",
        Limits(max_duration_s=1),
    ),
    Broken(
        "time stamps",
        "jump",
        _written("a.mkv", lambda: _remuxed("matroska", lambda n, ms: ms + 94_947_000 * (n > 20))),
        "too_long",
        "minutes",
    ),
    Broken(
        "time stamps",
        "jump without a header",
        _mp4(lambda: _remuxed("mp4", lambda n, ms: ms + 1_200_000 * (n > 20))),
        "broken_timestamps",
        "they jump from",
    ),
    Broken(
        "time stamps",
        "all alike",
        _written("a.mkv", lambda: _block_times(film_bytes(GOOD_MKV), lambda _n, _ms: 0)),
        "broken_timestamps",
        "go back",
    ),
    Broken("encrypted", "cenc", _mp4(_encrypted), "encrypted", "encrypted"),
    Broken(
        "encrypted",
        "sample entry",
        _mp4(lambda: _swapped(good(), b"avc1\x00", b"encv\x00")),
        "encrypted",
        "encrypted",
    ),
    Broken(
        "codec",
        "unknown",
        _mp4(lambda: _swapped(good(), b"avc1\x00", b"zzzz\x00")),
        "unsupported_codec",
        "cannot be decoded here",
    ),
    Broken(
        "codec",
        "ffv1",
        _written("a.mkv", _film(FilmPlan("a.mkv", codec="ffv1", seconds=Fraction(1)))),
        "unsupported_codec",
        "got ffv1",
    ),
    Broken(
        "codec",
        "unknown in mkv",
        _written("a.mkv", lambda: _swapped(film_bytes(GOOD_MKV), b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XXX")),
        "unsupported_codec",
        "cannot be decoded here",
    ),
    Broken("path", "folder", _folder, "not_a_file", "a folder"),
    Broken("path", "named pipe", _pipe, "not_a_file", "a named pipe"),
    Broken("path", "socket", _socket, "not_a_file", "a socket"),
    Broken("path", "device", lambda _: Path("/dev/zero"), "not_a_file", "a device"),
    Broken("path", "link", _link, "link", "a link to another file"),
    Broken("path", "dangling link", _dangling, "link", "a link to another file"),
    Broken("path", "zero byte", lambda folder: folder / "a\0.mp4", "bad_name", "cannot be the name"),
    Broken("path", "too long", lambda folder: folder / ("a" * 300), "bad_name", "too long"),
    Broken("path", "option", lambda _: Path("-i"), "not_found", "no file '-i'"),
    Broken("path", "protocol", lambda _: Path("http:/127.0.0.1/a.mp4"), "not_found", "no file 'a.mp4'"),
    Broken(
        "path", "concat protocol", lambda _: Path("concat:a.mp4|b.mp4"), "not_found", "concat:a.mp4|b.mp4"
    ),
    Broken("huge index", "moov", _mp4(good), "damaged", "index claims", Limits(max_header_bytes=100)),
    Broken("cost", "time", _mp4(good), "timeout", "longer than", Limits(inspect_timeout_s=1e-9)),
]

PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}/a.ts\n#EXTINF:5,\n{file}\n#EXT-X-ENDLIST\n",
    "hls after a mark": "\ufeff\n#EXTM3U\n#EXTINF:5,\n{url}/a.ts\n",
    "hls of itself": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nself.mp4\n",
    "ffconcat": "ffconcat version 1.0\nfile '{file}'\n",
    "concat": "file '{file}'\nfile '{url}/b.mp4'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema"><BaseURL>{url}</BaseURL></MPD>',
    "smil": '<smil><body><video src="{url}/a.mp4"/></body></smil>',
    "asx": '<asx version="3.0"><entry><ref href="{url}/a.asf"/></entry></asx>',
    "pls": "[playlist]\nFile1={url}/a.mp4\nNumberOfEntries=1\n",
    "quicktime link": "RTSPtext\nrtsp://127.0.0.1:{port}/a\n",
    "link": "{url}/a.mp4\n",
}
