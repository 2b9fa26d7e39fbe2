"""Clips are made at the rate that a network was trained with: 15 pictures a second for the published one."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_packages.slowfast import pictures


def counting_film(seconds: float, fps: float) -> bytes:
    """A film whose pictures brighten steadily."""
    count = int(seconds * fps)
    frames = [np.full((144, 256, 3), 10 + 200 * k // count, np.uint8) for k in range(count)]
    return pictures.encoded(frames, fps, 18)


@pytest.mark.parametrize("fps", [7.5, 15.0])
def test_a_film_gives_as_many_pictures_a_second_as_asked(fps: float) -> None:
    small = pictures.decoded(counting_film(4.0, 30.0), fps=fps)
    assert len(small.i420) == 4 * fps
    assert small.fps == fps
    assert small.length_s == pytest.approx(4.0, abs=1 / fps)
    luma = small.i420[:, :144].mean((1, 2))
    assert (np.diff(luma) > 0).all()


@given(st.floats(0, 60), st.sampled_from([7.5, 15.0]), st.sampled_from([8, 32]))
def test_a_clip_is_centred_on_its_moment(at_s: float, fps: float, frames: int) -> None:
    places = pictures.clip_frames(np.array([at_s]), 2000, frames, fps)[0]
    if places[0] > 0:
        assert abs((places[0] + places[-1]) / 2 / fps - at_s) <= 0.5 / fps + 1e-9


@pytest.mark.slow
def test_the_published_network_answers_from_15_pictures_a_second(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    checkpoint = pytest.importorskip("model_packages.slowfast.checkpoint")
    from model_packages.slowfast.network import R50_8X8, SlowFast

    torch.save(SlowFast(R50_8X8).state_dict(), tmp_path / "r50.pyth")
    manifest = checkpoint.package_from_checkpoint(tmp_path / "r50.pyth", tmp_path / "out")
    told = json.loads((manifest.parent / "settings.json").read_text())
    assert told["picturesPerSecond"] == 15
    assert told["square"] is True


def test_the_published_network_looks_at_the_square_in_the_middle() -> None:
    wide = np.full((144, 256, 3), 40, np.uint8)
    wide[:, 56:200] = 200
    small = pictures.decoded(pictures.encoded([wide] * 8, 7.5, 12), short_px=96, square=True)
    assert small.i420.shape == (8, 144, 96)
    luma = small.i420[:, :96].astype(int)
    assert (np.abs(luma - luma[0, 48, 48]) <= 4).all(), "nothing from beside the square is in it"
