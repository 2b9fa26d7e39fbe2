"""Whatever is uploaded: a clear refusal, nothing opened that was not handed in, nothing left behind."""

from __future__ import annotations

import ctypes
import http.server
import os
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest
from broken_films import BROKEN, PLAYLISTS, Broken, box_span, external_track, fast_start, good
from hypothesis import given, settings
from hypothesis import strategies as st
from media_films import FilmPlan, Store, draw_film, film_bytes

from bharatchef.errors import MediaError
from bharatchef.media.limits import Limits, resident_bytes
from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_size) for path in folder.rglob("*"))


def test_there_are_enough_kinds_of_broken_films() -> None:
    assert len(BROKEN) + len(PLAYLISTS) >= 40
    assert len({broken.group for broken in BROKEN}) >= 12
    assert len({(b.group, b.name) for b in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize("broken", [pytest.param(b, id=f"{b.group}: {b.name}") for b in BROKEN])
def test_a_broken_film_is_refused_with_its_own_word(
    tmp_path: Path, broken: Broken, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = broken.make(tmp_path)
    before, open_before, memory = _listing(tmp_path), _open_files(), resident_bytes()
    capfd.readouterr()

    with pytest.raises(MediaError) as refusal:
        probe(path, broken.limits)

    assert refusal.value.kind == broken.kind
    assert broken.says in refusal.value.message
    assert refusal.value.remedy
    assert not re.search(r"0x[0-9a-f]{6}|Traceback|avcodec|Errno", str(refusal.value))
    assert _listing(tmp_path) == before
    assert _open_files() == open_before
    assert resident_bytes() - memory < 200_000_000
    assert capfd.readouterr() == ("", "")


class _Canary:
    """A file and a loopback server that nobody may touch; tells who did."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[str] = []
        canary = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                canary.requests.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.file = draw_film(folder, FilmPlan("canary.mov", seconds=Fraction(2)))
        libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = libc.inotify_init1(os.O_NONBLOCK)
        in_open, in_access = 0x20, 0x1
        assert libc.inotify_add_watch(self._inotify, os.fsencode(self.file), in_open | in_access) >= 0

    def touched(self) -> bool:
        try:
            return bool(os.read(self._inotify, 4096)) or bool(self.requests)
        except BlockingIOError:
            return bool(self.requests)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        os.close(self._inotify)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[_Canary]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    canary = _Canary(folder)
    yield canary
    canary.close()


def test_the_canary_sings(canary: _Canary) -> None:
    assert not canary.touched()
    canary.file.read_bytes()
    assert canary.touched()


@pytest.mark.parametrize("what", PLAYLISTS)
def test_a_playlist_makes_nobody_open_other_files_or_hosts(
    tmp_path: Path, canary: _Canary, what: str
) -> None:
    path = tmp_path / "self.mp4"
    text = PLAYLISTS[what].format(url=canary.url, file=canary.file, port=canary.port)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MediaError, match="it names other files instead of holding pictures") as refusal:
        probe(path)
    assert refusal.value.kind == "playlist"
    assert not canary.touched()


def test_a_film_whose_pictures_lie_in_another_file_does_not_open_it(tmp_path: Path, canary: _Canary) -> None:
    path = tmp_path / "reference.mov"
    path.write_bytes(external_track(canary.file))
    # The bait works: a demuxer that is allowed to follow the reference plays the other file.
    follow = {"enable_drefs": "1", "use_absolute_path": "1"}
    with path.open("rb") as file, av.open(file, format="mov", options=follow) as unguarded:
        assert len(list(unguarded.decode(video=0))) == 40
    assert canary.touched()
    with pytest.raises(MediaError) as refusal:
        probe(path)
    assert refusal.value.kind == "no_frames"
    assert not canary.touched()


NAMES = [
    "-i",
    "-i.mp4",
    "concat:a.mp4|b.mp4",
    "http:x.mp4",
    "file:x.mp4",
    "a\nb.mp4",
    "%03d.mp4",
    "..mp4",
    "$(id).mp4",
    "'; --.mp4",
    "pipe:0",
    "data:,x",
    "\x1b[31m.mp4",
    "பால்.mp4",
    b"\xff\xfe.mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_only_a_name(
    tmp_path: Path, name: str | bytes, canary: _Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(os.fsdecode(name))
    path.write_bytes(good())
    info = probe(path)
    assert info.frames == 40
    assert info.file_name.isprintable()
    assert info.to_json()
    store = Store()
    prepare(path, info, store, prefix="films/abc/")
    assert all(re.fullmatch(r"films/abc/(actions|objects|stills)/\d+\.(mp4|jpg)", key) for key in store)
    assert not canary.touched()


def test_a_way_through_the_parent_folder_reaches_only_the_film_itself(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    draw_film(tmp_path, FilmPlan("film.mp4", seconds=Fraction(1)))
    assert probe(tmp_path / "a" / ".." / "film.mp4").file_name == "film.mp4"


# --- films that can be shown in part --------------------------------------------------------------


def test_a_film_cut_short_is_judged_by_what_can_be_shown_and_says_so(tmp_path: Path) -> None:
    data = film_bytes(FilmPlan("cut.mkv", seconds=Fraction(6)))
    path = tmp_path / "cut.mkv"
    path.write_bytes(data[: len(data) // 2])
    info = probe(path)
    assert 1.5 < info.duration_s < 4.5
    assert any("cut short" in note for note in info.notes)
    prepared = prepare(path, info, Store())
    assert prepared.media.duration_s == pytest.approx(info.duration_s, abs=0.1)
    assert any("cut short" in note for note in prepared.media.notes)


def test_a_fragmented_film_cut_short_can_be_shown_in_part(tmp_path: Path) -> None:
    data = fast_start(6)
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: len(data) * 2 // 3])
    info = probe(path)
    assert 2 < info.duration_s < 5
    assert prepare(path, info, Store()).media.frames > 0


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9", "mjpeg"])
def test_pictures_that_cannot_be_decoded_in_mid_film_are_counted(tmp_path: Path, codec: str) -> None:
    jpeg = codec == "mjpeg"
    plan = FilmPlan(
        "hurt.mov" if jpeg else "hurt.mp4",
        codec=codec,
        pix_fmt="yuvj420p" if jpeg else "yuv420p",
        options={"x265-params": "log-level=none:keyint=10"} if codec == "libx265" else {"g": "10"},
    )
    data = bytearray(film_bytes(plan))
    start, end = box_span(bytes(data), b"mdat")
    middle = (start + end) // 2
    data[middle : middle + (end - start) // 5] = bytes((end - start) // 5)
    path = tmp_path / "hurt.mp4"
    path.write_bytes(data)
    info = probe(path)
    store = Store()
    prepared = prepare(path, info, store)
    assert prepared.media.decode_errors > 0
    assert prepared.media.frames > 20
    assert prepared.media.duration_s == pytest.approx(5.0, abs=0.2)
    assert prepared.action_chunks


def test_a_stretch_that_cannot_be_decoded_is_a_hole_and_named(tmp_path: Path) -> None:
    plan = FilmPlan("hole.mov", codec="mjpeg", pix_fmt="yuvj420p", seconds=Fraction(10))
    data = bytearray(film_bytes(plan))
    start, end = box_span(bytes(data), b"mdat")
    third = (end - start) // 3
    data[start + third : start + 2 * third] = bytes(third)
    path = tmp_path / "hole.mov"
    path.write_bytes(data)
    prepared = prepare(path, probe(path), Store())
    assert prepared.media.decode_errors >= 50
    assert any("Nothing can be shown between 3." in note for note in prepared.media.notes)
    assert sum(chunk.frames for chunk in prepared.action_chunks) < 8 * 15


# --- what prepare leaves behind -------------------------------------------------------------------


class _FullStore(Store):
    """Takes two things, then has no room left."""

    def put_bytes(self, key: str, data: bytes, content_type: str) -> None:
        if len(self) == 2:
            raise OSError(28, "No space left on device")
        super().put_bytes(key, data, content_type)


def test_nothing_stays_in_the_store_when_preparing_ends_early(tmp_path: Path) -> None:
    path = draw_film(tmp_path, FilmPlan("film.mp4", seconds=Fraction(8)))
    info = probe(path)
    open_before = _open_files()

    full = _FullStore()
    with pytest.raises(OSError, match="No space left"):
        prepare(path, info, full)
    assert not full

    store, asked = Store(), []

    def cancelled() -> bool:
        asked.append(len(store))
        return len(store) >= 2

    with pytest.raises(MediaError) as refusal:
        prepare(path, info, store, cancelled=cancelled)
    assert refusal.value.kind == "cancelled"
    assert max(asked) >= 2
    assert not store

    def interrupt(done_s: float, _: float) -> None:
        if done_s > 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(path, info, store, progress=interrupt)
    assert not store
    assert _open_files() == open_before


@pytest.mark.parametrize("after", [1, 3, 5, 8, 12, 20, 40])
def test_ctrl_c_ends_the_work_wherever_it_comes(
    tmp_path: Path, after: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = draw_film(tmp_path, FilmPlan("film.mkv", width=320, height=240, seconds=Fraction(4)))
    info, asked, store = probe(path), [0], Store()
    capfd.readouterr()

    def ctrl_c() -> bool:
        asked[0] += 1
        if asked[0] == after:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        prepare(path, info, store, cancelled=ctrl_c)
    asked[0] = 0
    if after <= 5:
        with pytest.raises(KeyboardInterrupt):
            probe(path, cancelled=ctrl_c)
    assert not store
    assert capfd.readouterr() == ("", "")


def test_a_film_that_is_exchanged_after_inspection_is_refused(tmp_path: Path) -> None:
    path = draw_film(tmp_path, FilmPlan("film.mp4", seconds=Fraction(2)))
    info = probe(path)
    draw_film(tmp_path, FilmPlan("film.mp4", seconds=Fraction(3)))
    with pytest.raises(MediaError) as refusal:
        prepare(path, info, Store())
    assert refusal.value.kind == "changed"


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        (Limits(prepare_timeout_s=1e-9), "timeout"),
        (Limits(max_memory_bytes=1), "memory"),
        (Limits(max_pixels=64 * 64), "picture_size"),
    ],
)
def test_preparing_keeps_to_its_limits(tmp_path: Path, limits: Limits, kind: str) -> None:
    path = draw_film(tmp_path, FilmPlan("film.mp4", width=640, height=480, seconds=Fraction(3)))
    info = probe(path)
    store = Store()
    with pytest.raises(MediaError) as refusal:
        prepare(path, info, store, limits=limits)
    assert refusal.value.kind == kind
    assert not store


def test_progress_runs_from_the_start_to_the_whole_film(tmp_path: Path) -> None:
    path = draw_film(tmp_path, FilmPlan("film.mp4", seconds=Fraction(3)))
    info = probe(path)
    seen: list[tuple[float, float]] = []
    prepare(path, info, Store(), progress=lambda done, whole: seen.append((done, whole)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) >= 6
    assert seen[-1] == (info.duration_s, info.duration_s)


def test_boxes_within_boxes_without_end_are_no_burden(tmp_path: Path) -> None:
    depth = 20_000
    inner = b"".join(struct.pack(">I", 8 * (depth - i)) + b"trak" for i in range(depth))
    path = tmp_path / "deep.mp4"
    path.write_bytes(
        b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + struct.pack(">I", 8 + len(inner)) + b"moov" + inner
    )
    with pytest.raises(MediaError) as refusal:
        probe(path)
    assert refusal.value.kind in ("damaged", "no_video")


# --- whatever bytes come --------------------------------------------------------------------------

_SEEDS = {
    name: film_bytes(FilmPlan(name, width=48, height=48, seconds=Fraction(1), codec=codec))
    for name, codec in (("a.mp4", "libx264"), ("b.mkv", "libx264"), ("c.webm", "libvpx-vp9"))
}


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(_SEEDS)),
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6
    ),
    keep=st.floats(0.1, 1),
)
def test_any_bytes_end_in_a_film_or_in_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[tuple[float, bytes]], keep: float
) -> None:
    data = bytearray(_SEEDS[name])
    for share, new in changes:
        at = int(share * len(data))
        data[at : at + len(new)] = new
    path = tmp_path_factory.mktemp("fuzz") / name
    path.write_bytes(data[: int(len(data) * keep)])
    store = Store()
    refusal: MediaError | None = None
    try:
        prepared = prepare(path, probe(path), store)
    except MediaError as error:
        refusal = error
    if refusal is not None:
        assert refusal.message
        assert not store
    else:
        assert prepared.action_chunks
        assert prepared.media.frames > 0
        assert prepared.media.to_json()
    path.unlink()


def test_a_damaged_film_says_nothing_on_the_terminal(tmp_path: Path) -> None:
    data = bytearray(film_bytes(FilmPlan("hurt.mp4", codec="libx264")))
    start, end = box_span(bytes(data), b"mdat")
    data[(start + end) // 2 : (start + end) // 2 + 2000] = bytes(2000)
    path = tmp_path / "hurt.mp4"
    path.write_bytes(data)
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]);"
        "from media_films import Store; from bharatchef.media.probe import probe;"
        "from bharatchef.media.prepare import prepare;"
        "p = Path(sys.argv[1]); assert prepare(p, probe(p), Store()).media.decode_errors"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), str(Path(__file__).parent)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
