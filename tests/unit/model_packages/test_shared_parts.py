"""What several packages share: requests, chunks and their pictures, whole files, the calibration error."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_packages.requests import RequestError, check_json_accepted, kind_of
from model_packages.shots import shots_of
from model_packages.training.calibration import calibration_error
from model_packages.training.chunks import encoded
from model_packages.training.files import put_whole

MANY = 1 << 22


def pictures(count: int, size: tuple[int, int] = (96, 64)) -> list[np.ndarray]:
    return [np.full((size[1], size[0], 3), (20 * k) % 250, np.uint8) for k in range(count)]


def test_a_chunk_gives_its_pictures_at_their_times_and_no_oftener_than_wanted() -> None:
    body = encoded(pictures(6))
    assert [shot.time_s for shot in shots_of(body, most_pixels=MANY)] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert [shot.time_s for shot in shots_of(body, 1.0, most_pixels=MANY)] == [0.0, 1.0, 2.0]
    made = shots_of(body, most_pixels=MANY, made=lambda rgb: rgb[:2, :2])
    assert {shot.rgb.shape for shot in made} == {(2, 2, 3)}
    assert [int(shot.rgb.mean()) for shot in made] == pytest.approx([20 * k for k in range(6)], abs=6)


def test_a_chunk_is_set_as_the_object_proxy_is_and_the_same_pictures_give_the_same_bytes() -> None:
    noise = [np.random.default_rng(k).integers(0, 255, (64, 96, 3), dtype=np.uint8) for k in range(12)]
    body = encoded(noise)
    assert body == encoded(noise)
    assert len(encoded(noise, {"preset": "superfast", "crf": "40"})) < len(body)
    with av.open(io.BytesIO(encoded(noise[:1] * 12))) as film:
        stream = film.streams.video[0]
        assert (stream.average_rate, stream.codec_context.pix_fmt) == (2, "yuv420p")
        keys = [packet.pts for packet in film.demux(stream) if packet.is_keyframe and packet.pts is not None]
        assert len(keys) == 2, "every eighth picture can be decoded by itself"


@pytest.mark.parametrize(
    ("body", "pixels", "words"),
    [
        (b"nothing", MANY, "as MP4 that can be decoded"),
        (encoded(pictures(2, (256, 160))), 128 * 128, "as MP4 that can be decoded|at least one picture"),
        (encoded(pictures(601, (32, 32))), MANY, "at most 600 pictures"),
    ],
)
def test_what_is_no_film_or_too_much_of_one_is_refused(body: bytes, pixels: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        shots_of(body, most_pixels=pixels)


def test_a_request_of_another_kind_is_refused_with_its_status() -> None:
    assert kind_of("Video/MP4; codecs=avc1", "image/jpeg", "video/mp4") == "video/mp4"
    with pytest.raises(RequestError, match="type image/jpeg or video/mp4, got another") as wrong:
        kind_of("text/plain", "image/jpeg", "video/mp4")
    assert wrong.value.status_code == 415
    for accepted in ("application/json", "*/*", "", "application/json; charset=utf-8"):
        check_json_accepted(accepted)
    with pytest.raises(RequestError) as wrong:
        check_json_accepted("text/html")
    assert wrong.value.status_code == 406


def test_a_file_is_put_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    put_whole(tmp_path / "a.json", b"old")
    put_whole(tmp_path / "a.json", b"new")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"a.json": b"new"}
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        put_whole(tmp_path / "folder", b"new")


def test_what_is_as_often_right_as_it_says_has_no_error() -> None:
    assert calibration_error([], []) == 0.0
    assert calibration_error([1.0, 1.0, 0.0], [True, True, False]) == 0.0
    assert calibration_error([0.9] * 10, [True] * 4 + [False] * 6, bins=1) == pytest.approx(0.5)
    right = np.tile([True, True, True, False], 100)
    assert calibration_error(np.full(400, 0.75, np.float32), right, 4) == pytest.approx(0)
    assert calibration_error(np.full(400, 0.95, np.float32), right, 4) == pytest.approx(0.2, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60), st.integers(1, 20))
def test_the_calibration_error_is_a_share_and_no_less_than_in_one_bin(
    rows: list[tuple[float, bool]], bins: int
) -> None:
    stated, true = [c for c, _ in rows], [r for _, r in rows]
    error = calibration_error(stated, true, bins)
    assert abs(np.mean(stated) - np.mean(true)) - 1e-9 <= error <= 1 + 1e-9
