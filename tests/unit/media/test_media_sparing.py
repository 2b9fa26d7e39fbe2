"""Pictures that a decoder leaves out change nothing of what is made; each tick shows the nearest picture."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from media_films import FilmPlan, Store, draw_film, pictures

from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe
from bharatchef.media.recipe import proxy_recipe
from bharatchef.media.sparing import Sparing

_B_PYRAMID = {"preset": "fast", "bf": "3", "b_strategy": "0", "g": "48"}
_GREY_STEP = 6


def _grey_by_number(time_s: float, width: int, height: int) -> np.ndarray:
    """A picture at 30 a second that tells its number, modulo 32, by its grey."""
    return np.full((height, width, 3), 16 + _GREY_STEP * (round(time_s * 30) % 32), np.uint8)


def _all_pictures(path: Path) -> dict[int, str]:
    with av.open(str(path)) as film:
        return {frame.pts: _digest(frame) for frame in film.decode(video=0)}


def _spared_pictures(path: Path) -> tuple[dict[int, str], set[int], Fraction]:
    """Decoded pictures, times left out, and the time base, as ``prepare`` asks for them."""
    decoded: dict[int, str] = {}
    left_out: set[int] = set()
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        sparing = Sparing(stream, proxy_recipe())
        for packet in film.demux(stream):
            sparing.tell(packet, min(decoded, default=None))
            for frame in packet.decode():
                left_out |= {pts for pts, _ in sparing.left_out(frame.pts)}
                decoded[frame.pts] = _digest(frame)
        left_out |= {pts for pts, _ in sparing.left_out()}
        return decoded, left_out, Fraction(stream.time_base)


def _digest(frame: av.VideoFrame) -> str:
    return hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest()


def _needed(times: list[Fraction]) -> set[Fraction]:
    """What the proxies show, said anew: the nearest of each tick, the first of each part, the last of all."""
    recipe, nearest, first = proxy_recipe(), {}, {}
    for time in times:
        tick = int(time * recipe.actions.fps + Fraction(1, 2))
        if tick not in nearest or abs(time - Fraction(tick, 15)) < abs(nearest[tick] - Fraction(tick, 15)):
            nearest[tick] = time
        first.setdefault(int(time * 2), time)
    return {*nearest.values(), *first.values(), times[-1]}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fps=st.sampled_from([Fraction(30), Fraction(60), Fraction(25), Fraction(30000, 1001), Fraction(20)]),
    between=st.integers(0, 4),
    group=st.integers(5, 40),
    codec=st.sampled_from(["libx264", "libx264", "libx265"]),
)
def test_what_is_decoded_is_the_same_to_the_bit_and_nothing_is_missed(
    tmp_path: Path, fps: Fraction, between: int, group: int, codec: str
) -> None:
    options = {"preset": "fast", "bf": str(between), "g": str(group)}
    if codec == "libx265":
        options = {"x265-params": f"log-level=none:bframes={between}:keyint={group}"}
    path = draw_film(tmp_path, FilmPlan("f.mp4", codec=codec, fps=fps, seconds=Fraction(3), options=options))
    whole = _all_pictures(path)
    decoded, left_out, time_base = _spared_pictures(path)
    assert decoded.items() <= whole.items()
    assert left_out.isdisjoint(decoded)
    assert left_out | set(decoded) == set(whole)
    first = min(whole)
    times = {(pts - first) * time_base: pts for pts in sorted(whole)}
    assert {times[time] for time in _needed(list(times))} <= set(decoded)


def test_of_a_film_whose_every_second_picture_is_for_itself_these_are_left_out(tmp_path: Path) -> None:
    path = draw_film(tmp_path, FilmPlan("b.mp4", fps=Fraction(30), options=_B_PYRAMID))
    decoded, left_out, _ = _spared_pictures(path)
    assert len(left_out) >= 0.4 * (len(left_out) + len(decoded))


@pytest.mark.parametrize("codec", ["libx264", "libvpx-vp9", "mpeg4"])
def test_where_all_pictures_are_needed_none_is_left_out(tmp_path: Path, codec: str) -> None:
    options = {"preset": "fast", "bf": "0"} if codec == "libx264" else {}
    name = "p.webm" if codec == "libvpx-vp9" else "p.mp4"
    path = draw_film(tmp_path, FilmPlan(name, codec=codec, fps=Fraction(30), options=options))
    decoded, left_out, _ = _spared_pictures(path)
    assert not left_out
    assert len(decoded) == 150


@pytest.mark.parametrize("options", [_B_PYRAMID, {"preset": "fast", "bf": "0"}])
def test_each_tick_shows_the_picture_nearest_to_it(tmp_path: Path, options: dict[str, str]) -> None:
    plan = FilmPlan("n.mp4", fps=Fraction(30), seconds=Fraction(4), options=options, draw=_grey_by_number)
    path = draw_film(tmp_path, plan)
    store = Store()
    prepared = prepare(path, probe(path), store)
    assert (prepared.media.frames, prepared.media.decode_errors) == (120, 0)
    numbers = []
    for chunk in prepared.action_chunks:
        for _, luma in pictures(store[chunk.key]):
            grey = (float(luma.mean()) - 16) * 255 / 219
            numbers.append(round((grey - 16) / _GREY_STEP))
    # The last picture, a half tick after tick 59, is the only one of tick 60.
    assert numbers == [2 * tick % 32 for tick in range(60)] + [119 % 32]


def test_what_is_made_does_not_depend_on_the_decoder_s_threads(tmp_path: Path) -> None:
    path = draw_film(tmp_path, FilmPlan("b.mp4", fps=Fraction(30), options=_B_PYRAMID))
    info = probe(path)
    made = []
    for threads in (1, 2, 4, 4):
        store = Store()
        made.append((prepare(path, info, store, threads=threads), dict(store)))
    assert all(one == made[0] for one in made)
    assert made[0][0].media == info
