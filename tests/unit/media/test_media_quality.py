"""The quality gate speaks where a film cannot be judged by, and is silent where it can."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media_films import Draw, FilmPlan, Store, draw_film

from bharatchef.media.prepare import prepare
from bharatchef.media.probe import probe
from bharatchef.media.quality import QualityMeter, blur_effect, camera_shift
from bharatchef.media.recipe import quality_thresholds
from bharatchef.observed import QualityReport

_NOISE = np.random.default_rng(5)


def _smooth(picture: np.ndarray, reach: int, times: int = 2) -> np.ndarray:
    """Blurred by a mean over 2 * reach + 1 pixels each way, ``times`` times."""
    result = picture.astype(np.float32)
    for _ in range(times):
        for axis in (0, 1):
            around = [(reach, reach) if axis == each else (0, 0) for each in (0, 1)]
            total = np.cumsum(np.pad(result, around, mode="reflect"), axis=axis, dtype=np.float64)
            total = np.concatenate([np.zeros_like(total.take([0], axis)), total], axis=axis)
            width, length = 2 * reach + 1, result.shape[axis]
            upper = total.take(range(width, width + length), axis)
            result = ((upper - total.take(range(length), axis)) / width).astype(np.float32)
    return result


def _kitchen() -> np.ndarray:
    """A still worktop, larger than the picture, with texture, a pan and a board; values 40 to 200."""
    texture = _smooth(_NOISE.normal(0, 1, (420, 560)), 2)
    scene = 110 + 60 * texture / np.abs(texture).max()
    rows, columns = np.mgrid[:420, :560]
    scene[(rows - 220) ** 2 + (columns - 280) ** 2 < 70**2] -= 60
    scene[60:120, 80:220] += 50
    return scene.clip(0, 255)


_SCENE = _kitchen()


def _view(time_s: float, down: float = 0, right: float = 0, hand: bool = True) -> np.ndarray:
    """What a camera at (down, right) sees at a time, 240 x 320; a hand circles over the pan."""
    top, left = 80 + round(down), 110 + round(right)
    view = _SCENE[top : top + 240, left : left + 320].copy()
    if hand:
        row, column = int(140 + 40 * np.sin(time_s * 3)), int(170 + 50 * np.cos(time_s * 3))
        view[row - 14 : row + 14, column - 14 : column + 14] = 215
    return view


def _rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def _shaken(time_s: float) -> np.ndarray:
    random = np.random.default_rng(round(time_s * 1000))
    return _view(time_s, *random.normal(0, 9, 2).clip(-30, 30))


FILMS: dict[str, tuple[Draw, float, set[str], bool]] = {
    "good": (lambda t, _w, _h: _rgb(_view(t)), 24, set(), True),
    "slow pan": (lambda t, _w, _h: _rgb(_view(t, 0, 4 * t)), 24, set(), True),
    "breathing hand": (
        lambda t, _w, _h: _rgb(_view(t, 3 * np.sin(2 * t), 3 * np.cos(2 * t))),
        24,
        set(),
        True,
    ),
    "dim but visible": (lambda t, _w, _h: _rgb(_view(t) * 0.45), 24, set(), True),
    "waiting for six seconds": (lambda t, _w, _h: _rgb(_view(t if t < 8 or t > 14 else 8)), 24, set(), True),
    "dark": (lambda t, _w, _h: _rgb(_view(t) * 0.12), 24, {"too_dark"}, False),
    "dark for half": (lambda t, _w, _h: _rgb(_view(t) * (0.12 if t > 12 else 1)), 24, {"too_dark"}, True),
    "bright": (lambda t, _w, _h: _rgb(_view(t) * 0.2 + 215), 24, {"too_bright"}, False),
    "out of focus": (lambda t, _w, _h: _rgb(_smooth(_view(t), 7)), 21, {"blurred"}, False),
    "shaken": (lambda t, _w, _h: _rgb(_shaken(t)), 24, {"shaking"}, True),
    "frozen": (lambda _t, _w, _h: _rgb(_view(0)), 24, {"frozen"}, False),
    "frozen for half": (lambda t, _w, _h: _rgb(_view(min(t, 12))), 24, {"frozen"}, True),
    "short": (lambda t, _w, _h: _rgb(_view(t)), 9, {"too_short"}, True),
    "much too short": (lambda t, _w, _h: _rgb(_view(t)), 2, {"too_short"}, False),
}


@pytest.mark.parametrize("name", FILMS)
def test_the_gate_names_what_is_wrong_and_nothing_else(tmp_path: Path, name: str) -> None:
    draw, seconds, faults, usable = FILMS[name]
    plan = FilmPlan(
        "film.mp4", width=320, height=240, fps=Fraction(15), seconds=Fraction(seconds), draw=draw,
        options={"g": "60"},
    )  # fmt: skip
    path = draw_film(tmp_path, plan)
    quality = prepare(path, probe(path), Store()).quality
    assert {issue.kind for issue in quality.issues} == faults
    assert quality.usable == usable
    for issue in quality.issues:
        assert issue.advice == quality_thresholds().advice[issue.kind]
        assert issue.advice.endswith(".")
        assert issue.reject != usable
        assert 0 < issue.share <= 1
        beyond = issue.measured < issue.limit if issue.kind in ("too_dark", "too_short") else True
        assert beyond
        if issue.kind in ("too_bright", "blurred", "shaking", "frozen"):
            assert issue.measured > issue.limit


def test_a_repeated_picture_of_a_slow_camera_is_not_taken_for_shaking(tmp_path: Path) -> None:
    draw: Draw = lambda t, _w, _h: _rgb(_view(t, 0, 6 * t))  # noqa: E731
    plan = FilmPlan("slow.mp4", width=320, height=240, fps=Fraction(8), seconds=Fraction(21), draw=draw)
    path = draw_film(tmp_path, plan)
    assert prepare(path, probe(path), Store()).quality == QualityReport(usable=True)


@pytest.mark.shared
def test_real_films_taken_with_care_pass(shared_dir: Path) -> None:
    for path in sorted(shared_dir.glob("media/video/*.mp4")):
        quality = prepare(path, probe(path), Store()).quality
        assert quality.usable, path.name
        assert {issue.kind for issue in quality.issues} == set(), path.name


def test_a_film_without_a_single_picture_looked_at_has_no_quality_but_its_length() -> None:
    report = QualityMeter().report(0.0)
    assert [issue.kind for issue in report.issues] == ["too_short"]
    assert not report.usable


@settings(max_examples=40, deadline=None)
@given(down=st.integers(-3, 3), right=st.integers(-3, 3))
def test_a_shift_of_the_whole_picture_is_measured(down: int, right: int) -> None:
    grid = _smooth(_SCENE, 1, 1).astype(np.float32)
    before, after = grid[100:164, 100:214], grid[100 - down : 164 - down, 100 - right : 214 - right]
    assert camera_shift(before, after) == pytest.approx((down, right), rel=0.35, abs=0.3)


def test_what_moves_in_a_still_picture_is_no_shift() -> None:
    before, after = _view(0.0).astype(np.float32)[::4, ::4], _view(0.2).astype(np.float32)[::4, ::4]
    assert np.abs(after - before).max() > 50
    shift = camera_shift(before, after)
    assert shift is not None
    assert np.hypot(*shift) < 0.1


def test_an_empty_picture_has_no_shift() -> None:
    empty = np.full((64, 114), 90, np.float32)
    assert camera_shift(empty, empty) is None


@settings(max_examples=15, deadline=None)
@given(reach=st.integers(1, 10), contrast=st.floats(0.6, 1.4), light=st.floats(0, 40))
def test_blur_grows_with_blurring_whatever_the_contrast(reach: int, contrast: float, light: float) -> None:
    sharp = (_view(0.0) * contrast * 0.7 + light).clip(16, 235)
    blurred = _smooth(sharp, reach)
    limit = quality_thresholds().blurred.blur
    low, high = blur_effect(sharp.astype(np.uint8)), blur_effect(blurred.astype(np.uint8))
    assert 0 <= low < high <= 1
    assert low < limit
    assert high > limit or reach < 6


def test_every_fault_has_its_word_of_advice() -> None:
    thresholds = quality_thresholds()
    assert set(thresholds.advice) == {"too_dark", "too_bright", "blurred", "shaking", "frozen", "too_short"}
    assert len(set(thresholds.advice.values())) == 6
    assert len(thresholds.sha256) == 64
