"""The flame package's parts: colours as filmed, candidates, networks, words, and requests that it refuses."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_packages.flame import inference
from model_packages.flame.answering import word_of
from model_packages.flame.features import place_of
from model_packages.flame.network import Network, network_from, shares
from model_packages.flame.pixels import candidates, shots_of

COLOURS = {"blue": (60, 110, 235), "yellow": (255, 180, 60), "grey": (120, 120, 120)}


def chunk(colours: list[tuple[int, int, int]], matrix: int = 6, size: tuple[int, int] = (640, 360)) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(2), options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.colorspace = matrix
        for number, colour in enumerate(colours):
            picture = np.full((size[1], size[0], 3), colour, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=matrix
            )
            frame.pts = number
            frame.time_base = Fraction(1, 2)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize("matrix", [1, 6])
def test_colours_are_those_filmed_whatever_matrix_the_film_uses(matrix: int) -> None:
    shots = shots_of(chunk(list(COLOURS.values()), matrix))
    assert [shot.time_s for shot in shots] == [0.0, 0.5, 1.0]
    for shot, colour in zip(shots, COLOURS.values(), strict=True):
        assert np.abs(shot.rgb[180, 320].astype(int) - colour).max() <= 6


def test_a_larger_picture_is_made_640_px_long() -> None:
    assert shots_of(chunk([(9, 9, 9)], size=(360, 720)))[0].rgb.shape == (640, 320, 3)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_candidates_compare_linear_light(colour: tuple[int, int, int]) -> None:
    codes = np.array(colour) / 255
    red, green, blue = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    bluish = [blue - 0.10, 0.7 * blue - red, blue - 0.9 * green]
    reddish = [red - 0.30, 0.4 * red - blue, red - 0.9 * green]
    found = bool(candidates(np.full((4, 4, 3), colour, np.uint8))[2, 2])
    # Within a code's width of a border either answer is right.
    if min(bluish) > 0.01 or min(reddish) > 0.01:
        assert found
    if min(bluish) < -0.01 and min(reddish) < -0.01:
        assert not found


@given(st.integers(0, 2**31), st.integers(1, 6))
def test_a_stored_network_answers_as_before(seed: int, outputs: int) -> None:
    rng = np.random.default_rng(seed)

    def half(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float16).astype(np.float32)

    net = Network(half(5), np.ones(5, np.float32), (half(5, 7), half(7, outputs)), (half(7), half(outputs)))
    rows = half(11, 5)
    assert np.array_equal(network_from(net.arrays("x"), "x")(rows), net(rows))
    assert np.allclose(shares(net(rows)).sum(-1), 1, atol=1e-5)


def test_a_network_that_does_not_fit_together_is_refused() -> None:
    net = Network(
        np.zeros(2, np.float32),
        np.ones(2, np.float32),
        (np.ones((3, 1), np.float32),),
        (np.ones(1, np.float32),),
    )
    with pytest.raises(ValueError, match=r"expected \(2, 1\), got \(3, 1\)"):
        network_from(net.arrays("x"), "x")
    with pytest.raises(ValueError, match="expected a network named 'y'"):
        network_from(net.arrays("x"), "y")


@pytest.mark.parametrize(
    ("flame", "level", "word"),
    [("off", 0.9, "off"), ("hidden", 0.9, "hidden"), ("blue", 0.3, "low"), ("yellow", 0.6, "medium")],
)
def test_levels_have_words(flame: str, level: float, word: str) -> None:
    assert word_of(flame, level) == word


def test_the_place_is_where_most_flame_is() -> None:
    total = np.zeros((360, 640), np.float32)
    total[200:220, 400:440] = 1
    total[50:54, 50:54] = 1
    row, column = place_of(total)
    assert abs(row - 210) < 60
    assert abs(column - 420) < 90


def test_what_is_no_film_is_refused_with_a_status() -> None:
    with pytest.raises(inference.RequestError, match="expected a body of content type video/mp4") as wrong:
        inference.input_fn(b"", "image/jpeg")
    assert wrong.value.status_code == 415
    with pytest.raises(inference.RequestError, match="expected a chunk of film as MP4") as broken:
        inference.input_fn(b"no film", "video/mp4")
    assert broken.value.status_code == 400
    with pytest.raises(inference.RequestError, match="expected application/json"):
        inference.output_fn((), "text/html")
