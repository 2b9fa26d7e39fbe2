"""ONE contract for every kind of film that phones and editors write: times, sizes and which side is up."""

from __future__ import annotations

import hashlib
import io
import itertools
import math
from fractions import Fraction
from pathlib import Path

import av
import pytest
from media_films import FilmPlan, Store, draw_film, is_upright, pictures, second_shown

from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe

_SLOWING = tuple(Fraction(i * i + 8 * i, 320) for i in range(32))

VARIANTS = [
    pytest.param(FilmPlan("h264.mp4"), id="mp4-h264"),
    pytest.param(FilmPlan("hevc.MOV", codec="libx265", container_format="mov", audio=True), id="MOV-hevc"),
    pytest.param(FilmPlan("vp9.webm", codec="libvpx-vp9"), id="webm-vp9"),
    pytest.param(FilmPlan("vp8.webm", codec="libvpx", audio=True), id="webm-vp8"),
    pytest.param(FilmPlan("av1.mp4", codec="libsvtav1"), id="mp4-av1"),
    pytest.param(FilmPlan("h264.mkv", audio=True), id="mkv-h264"),
    pytest.param(FilmPlan("mpeg4.mp4", codec="mpeg4"), id="mp4-mpeg4"),
    pytest.param(FilmPlan("mjpeg.mov", codec="mjpeg", pix_fmt="yuvj420p"), id="mov-mjpeg-full-range"),
    pytest.param(FilmPlan("sound.mp4", audio=True), id="with-audio"),
    pytest.param(FilmPlan("turned90.mp4", rotation=90), id="rotated-90"),
    pytest.param(FilmPlan("turned180.mp4", rotation=180), id="rotated-180"),
    pytest.param(FilmPlan("turned270.mp4", rotation=270), id="rotated-270"),
    pytest.param(
        FilmPlan("turned.MOV", codec="libx265", container_format="mov", rotation=90), id="rotated-hevc"
    ),
    pytest.param(FilmPlan("slowing.mp4", times=_SLOWING), id="vfr-mp4"),
    pytest.param(FilmPlan("slowing.webm", codec="libvpx-vp9", times=_SLOWING), id="vfr-webm"),
    pytest.param(FilmPlan("ntsc.mp4", fps=Fraction(30000, 1001)), id="29.97"),
    pytest.param(FilmPlan("ntsc.mkv", fps=Fraction(30000, 1001)), id="29.97-in-milliseconds"),
    pytest.param(FilmPlan("slow.mp4", fps=Fraction(6)), id="slower-than-the-proxy"),
    pytest.param(FilmPlan("fast.mp4", fps=Fraction(120), seconds=Fraction(2)), id="120-fps"),
    pytest.param(FilmPlan("odd.mp4", width=131, height=97, pix_fmt="yuv444p"), id="odd-444"),
    pytest.param(FilmPlan("odd.webm", codec="libvpx-vp9", width=131, height=97), id="odd-420"),
    pytest.param(FilmPlan("odd90.webm", codec="libvpx-vp9", width=97, height=131), id="odd-portrait"),
    pytest.param(FilmPlan("deep.mov", codec="libx265", pix_fmt="yuv420p10le"), id="10-bit"),
    pytest.param(FilmPlan("wide.mp4", width=96, aspect=Fraction(4, 3)), id="oblong-pixels"),
    pytest.param(
        FilmPlan("late.mkv", times=tuple(7 + Fraction(i, 20) for i in range(60))), id="first-picture-late"
    ),
    pytest.param(
        FilmPlan("parts.mp4", container_options={"movflags": "frag_keyframe+empty_moov"}), id="fragmented"
    ),
    pytest.param(FilmPlan("reordered.mp4", options={"preset": "fast", "bf": "3"}), id="b-frames"),
    pytest.param(FilmPlan("large.mp4", width=720, height=480, seconds=Fraction(3)), id="scaled-down"),
    pytest.param(
        FilmPlan("tall.mp4", width=480, height=720, seconds=Fraction(3), rotation=90), id="scaled-turned"
    ),
]


def _last_end(plan: FilmPlan) -> Fraction:
    moments = plan.moments
    return moments[-1] - moments[0] + (moments[-1] - moments[0]) / (len(moments) - 1)


@pytest.mark.parametrize("plan", VARIANTS)
def test_a_film_keeps_its_times_its_size_and_its_right_way_up(tmp_path: Path, plan: FilmPlan) -> None:
    path = draw_film(tmp_path, plan)
    info = probe(path)
    moments = [moment - plan.moments[0] for moment in plan.moments]
    shown_width = round(plan.width * (plan.aspect or 1))

    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert info.file_name == plan.name
    assert info.frames == len(moments)
    assert info.duration_s == pytest.approx(float(_last_end(plan)), abs=0.3 if plan.times else 0.002)
    assert info.fps == pytest.approx(info.frames / info.duration_s, rel=0.01)
    assert (info.width_px, info.height_px) == (shown_width, plan.height)
    assert info.rotation_degrees == plan.rotation
    assert info.variable_frame_rate == bool(
        plan.times and plan.times[1] - plan.times[0] != plan.times[-1] - plan.times[-2]
    )
    assert info.has_audio == plan.audio
    assert info.decode_errors == 0

    store = Store()
    prepared = prepare(path, info, store, prefix="films/x/")
    assert prepared.media == info
    listed = [c.key for c in (*prepared.action_chunks, *prepared.object_chunks)] + [
        s.key for s in prepared.stills
    ]
    assert sorted(listed) == sorted(store)
    assert len(set(listed)) == len(listed)

    offset = plan.moments[0]
    seen = {"actions": 0, "objects": 0}
    for proxy, chunks in (("actions", prepared.action_chunks), ("objects", prepared.object_chunks)):
        previous_end = 0.0
        for chunk in chunks:
            data = store[chunk.key]
            assert len(data) == chunk.size_bytes < 4_000_000
            assert hashlib.sha256(data).hexdigest() == chunk.sha256
            assert chunk.start_s >= previous_end - 1e-9
            previous_end = chunk.end_s
            shown = pictures(data)
            assert len(shown) == chunk.frames
            seen[proxy] += len(shown)
            for time, luma in shown:
                film_time = float(time) + chunk.start_s
                assert is_upright(luma)
                assert luma.shape[0] % 2 == luma.shape[1] % 2 == 0
                if proxy == "actions":
                    assert min(luma.shape) == min(256, min(info.width_px, info.height_px) // 2 * 2)
                else:
                    assert max(luma.shape) == min(640, 2 * round(max(info.width_px, info.height_px) / 2))
                # Near a change of second the nearest picture may be of either side.
                nearest = min(moments, key=lambda m: abs(float(m) - film_time))
                tolerance = 1 / 30 + 1e-3 if proxy == "actions" else 1e-4
                spoken = {int(m + offset) % 10 for m in moments if abs(float(m) - film_time) <= tolerance}
                spoken |= {int(nearest + offset) % 10} if not spoken else set()
                if proxy == "actions":
                    spoken |= {int(m + offset) % 10 for m in moments if 0 <= film_time - float(m) <= 1}
                assert second_shown(luma) in spoken
                assert film_time <= info.duration_s + 1 / 30
    expected_ticks = math.floor(moments[-1] * 15 + Fraction(1, 2)) + 1
    assert seen["actions"] == expected_ticks
    assert seen["objects"] == len({int(moment * 2) for moment in moments})

    times = [still.time_s for still in prepared.stills]
    assert times == sorted(set(times))
    assert times[0] == 0
    assert times[-1] == pytest.approx(float(moments[-1]), abs=2e-3)
    assert all(later - earlier <= 2.3 for earlier, later in itertools.pairwise(times))
    for still in prepared.stills:
        with av.open(io.BytesIO(store[still.key]), format="jpeg_pipe") as picture:
            frame = next(picture.decode(video=0))
            luma = frame.reformat(format="gray").to_ndarray()
        assert (frame.width, frame.height) == (still.width_px, still.height_px)
        assert max(still.width_px, still.height_px) <= 640
        assert is_upright(luma)
