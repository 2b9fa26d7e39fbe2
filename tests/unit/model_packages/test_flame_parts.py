"""The flame package's parts: colours as filmed, what is looked at, steadying, words, refusals."""

import io
import json
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_packages.flame import inference
from model_packages.flame.answering import (
    Model,
    Numbers,
    Sample,
    Seen,
    answers_of,
    burner_places,
    confidence_of,
    seen_in,
    smoothed,
    word_of,
)
from model_packages.flame.firelight import fire_pixels
from model_packages.flame.fitting import logistic_curve
from model_packages.flame.looking import CELL, CELLS, PART, WHOLE, in_picture, in_whole, part_of, whole_of
from model_packages.flame.pixels import shots_of
from model_packages.shots import Shot

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


@given(st.integers(20, 700), st.integers(20, 700), st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_places_of_the_small_picture_and_of_the_picture_are_each_others(
    width: int, height: int, x: float, y: float
) -> None:
    place = x * width, y * height
    small = in_whole(place, (height, width, 3))
    assert -1 <= small[0] <= WHOLE[0] + 1
    assert -1 <= small[1] <= WHOLE[1] + 1
    assert np.allclose(in_picture(small, (height, width, 3)), place, atol=1e-3)


def test_the_small_picture_shows_a_spot_where_it_says() -> None:
    rgb = np.zeros((480, 360, 3), np.uint8)
    rgb[300:316, 80:96] = 255
    x, y = in_whole((88, 308), rgb.shape)
    rows, columns = np.nonzero(whole_of(rgb)[..., 0] > 128)
    assert abs(columns.mean() - x) < 1
    assert abs(rows.mean() - y) < 1


def test_a_part_is_black_beyond_the_picture() -> None:
    rgb = np.full((360, 640, 3), 200, np.uint8)
    corner = part_of(rgb, (0, 0))
    assert corner.shape == (PART[1], PART[0], 3)
    assert (corner[: PART[1] // 2 - 2] == 0).all()
    assert (corner[PART[1] // 2 + 2 :, PART[0] // 2 + 2 :] == 200).all()


def chances(cells: list[tuple[int, int] | None]) -> np.ndarray:
    """Each picture's chances: nearly all in one cell (column, row), or nowhere."""
    out = np.full((len(cells), CELLS[0] * CELLS[1] + 1), 1e-5)
    for k, cell in enumerate(cells):
        out[k, -1 if cell is None else cell[1] * CELLS[0] + cell[0]] = 0.9
    return out


def test_a_burner_that_a_hand_covers_for_a_moment_keeps_its_place() -> None:
    seen = burner_places(chances([(10, 5)] * 4 + [None] + [(10, 5)] * 4), (384, 640, 3))
    assert np.allclose(seen, (10.5 * 16, 5.5 * 16), atol=4)


FIRST, SECOND = (10, 11), (30, 11)


def two_burners(burns: list[tuple[int, int] | None], likely: tuple[float, float]) -> Seen:
    """What is read where cells FIRST and SECOND may be the burner, one of which burns (is bright) or none."""
    shots = []
    for k, cell in enumerate(burns):
        rgb = np.zeros((384, 640, 3), np.uint8)
        if cell is not None:
            x, y = in_picture(((cell[0] + 0.5) * CELL, (cell[1] + 0.5) * CELL), rgb.shape)
            rgb[round(y) - 9 : round(y) + 9, round(x) - 9 : round(x) + 9] = 255
        shots.append(Shot(k * 0.5, rgb))

    def where(wholes: np.ndarray) -> list[np.ndarray]:
        logits = np.full((len(wholes), CELLS[0] * CELLS[1] + 1), -20.0)
        for cell, share in zip((FIRST, SECOND), likely, strict=True):
            logits[:, cell[1] * CELLS[0] + cell[0]] = np.log(share)
        return [logits]

    def what(parts: np.ndarray) -> list[np.ndarray]:
        bright = parts[:, PART[1] // 2, PART[0] // 2].max(1) > 128
        logits = np.zeros((len(parts), 6))
        logits[np.arange(len(parts)), np.where(bright, 2, 0)] = 6.0
        return [logits]

    return seen_in(Model(where, what, NUMBERS), shots)


def test_of_two_burners_the_one_that_burns_is_read_moment_by_moment() -> None:
    seen = two_burners([SECOND] * 6 + [FIRST] * 6 + [None] * 6, (0.6, 0.4))
    assert [int(row.argmax()) for row in seen.logits[:, :5]] == [2] * 12 + [0] * 6
    columns = np.array(seen.places)[:, 0]
    assert (columns[:5] > 400).all()
    assert (columns[8:] < 250).all()


def test_a_place_that_is_hardly_meant_is_not_looked_at() -> None:
    seen = two_burners([SECOND] * 6, (0.9, 0.1))
    assert [int(row.argmax()) for row in seen.logits[:, :5]] == [0] * 6


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), min_size=1, max_size=30))
def test_steadied_chances_are_chances(rows: list[list[float]]) -> None:
    out = smoothed(np.array(rows), 0.9)
    assert out.shape == (len(rows), 5)
    assert np.allclose(out.sum(1), 1)
    assert (out >= 0).all()


def seen(words: list[int], strength: float = 4.0, nowhere: float = 0.0) -> Seen:
    logits = np.zeros((len(words), 6))
    for k, word in enumerate(words):
        logits[k, word] = strength
    logits[:, 5] = -3.0
    return Seen(np.full(len(words), nowhere), logits, ((0.0, 0.0),) * len(words))


NUMBERS = Numbers(0.95, 1.0, 0.5, (1.0, 0.0))


def test_one_odd_picture_does_not_change_the_heat() -> None:
    flames, levels, _ = answers_of(seen([3, 3, 3, 1, 3, 3, 3]), NUMBERS)
    assert {word_of(f, v) for f, v in zip(flames, levels, strict=True)} == {"high"}
    assert flames == ["blue"] * 7


def test_a_change_that_lasts_is_told_where_it_is() -> None:
    flames, levels, _ = answers_of(seen([0] * 5 + [2] * 5), NUMBERS)
    assert [word_of(f, v) for f, v in zip(flames, levels, strict=True)] == ["off"] * 5 + ["medium"] * 5
    assert levels[:5].max() == 0


def test_where_no_burner_is_in_view_the_flame_is_hidden_and_never_off() -> None:
    flames, levels, _ = answers_of(seen([0] * 6, nowhere=0.99), NUMBERS)
    assert flames == ["hidden"] * 6
    assert levels.max() == 0


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.floats(0, 6))
def test_a_level_never_contradicts_its_word(words: list[int], strength: float) -> None:
    flames, levels, odds = answers_of(seen(words, strength), NUMBERS)
    for flame, level in zip(flames, levels, strict=True):
        assert (level == 0) == (flame in ("off", "hidden"))
        assert flame in ("off", "hidden") or word_of(flame, level) != "off"
    assert ((confidence_of(odds, NUMBERS) >= 0) & (confidence_of(odds, NUMBERS) <= 1)).all()


def test_the_curve_of_confidence_finds_how_often_answers_are_right() -> None:
    rng = np.random.default_rng(4)
    odds = rng.normal(0, 3, 4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * odds - 0.7)))
    slope, shift = logistic_curve(odds, right.astype(float))
    assert slope == pytest.approx(0.5, abs=0.06)
    assert shift == pytest.approx(-0.7, abs=0.1)


def test_open_fire_is_bright_red_and_restless() -> None:
    room = np.full((60, 80, 3), 70, np.uint8)
    burning = room.copy()
    burning[20:40, 30:50] = COLOURS["yellow"]
    found = fire_pixels(room, burning, room)
    assert found[30, 40]
    assert not found[5, 5]
    assert not fire_pixels(burning, burning, burning).any()


@pytest.mark.parametrize(
    ("flame", "level", "word"),
    [("off", 0.9, "off"), ("hidden", 0.9, "hidden"), ("blue", 0.3, "low"), ("yellow", 0.6, "medium")],
)
def test_levels_have_words(flame: str, level: float, word: str) -> None:
    assert word_of(flame, level) == word


def test_what_is_no_film_is_refused_with_a_status() -> None:
    with pytest.raises(inference.RequestError, match="expected a body of content type video/mp4") as wrong:
        inference.input_fn(b"", "image/jpeg")
    assert wrong.value.status_code == 415
    with pytest.raises(inference.RequestError, match="expected a chunk of film as MP4") as broken:
        inference.input_fn(b"no film", "video/mp4")
    assert broken.value.status_code == 400
    with pytest.raises(inference.RequestError, match="expected application/json"):
        inference.output_fn((), "text/html")


def test_what_nothing_was_trained_to_see_is_null() -> None:
    said = json.loads(inference.output_fn((Sample(0.5, "blue", 0.6, 0.9),), "application/json"))
    assert said["samples"] == [
        {"time": 0.5, "flame": "blue", "level": 0.6, "confidence": 0.9, "burningRisk": None}
    ]
