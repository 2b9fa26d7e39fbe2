"""People's own films for the flame package: what is read, what is refused, how a film is cut into proxies."""

from __future__ import annotations

import hashlib
import json
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_packages.flame.labelled import FORMAT, chunks_of, labelled_films
from model_packages.flame.pixels import shots_of
from model_packages.training.parting import split

SPAN = {"startTime": 0.5, "endTime": 2.5, "level": "low", "flame": "blue"}


def film(path: Path, seconds: float = 3.0, fps: int = 10, size: tuple[int, int] = (128, 96)) -> Path:
    """A film that grows lighter, picture by picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        count = round(seconds * fps)
        for number in range(count):
            picture = np.full((size[1], size[0], 3), round(40 + 160 * number / count), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def marked(path: Path, **change: object) -> Path:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    told = {"format": FORMAT, "mediaSha256": sha256, "spans": [SPAN], **change}
    path.with_suffix(".heat.json").write_text(json.dumps(told))
    return path


def test_films_are_read_with_who_and_where_and_moments_nobody_marked_are_unsaid(tmp_path):
    marked(film(tmp_path / "g-1" / "a.mp4"), person="p-1", kitchen="k-1")
    marked(film(tmp_path / "g-2" / "b.mp4"), spans=[{**SPAN, "level": "hidden", "flame": None}])
    film(tmp_path / "g-3" / "without.mp4")
    first, second = labelled_films(tmp_path)
    assert (first.person, first.kitchen) == ("p-1", "k-1")
    assert (second.person, second.kitchen) == ("g-2", "g-2")
    assert [first.said_at(at) for at in (0.4, 0.5, 2.4, 2.5)] == [
        ("", ""),
        ("low", "blue"),
        ("low", "blue"),
        ("", ""),
    ]
    assert second.said_at(1.0) == ("hidden", "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "bharatchef-segments"}, "its format is not"),
        ({"mediaSha256": "0" * 64}, "it is of the film 000000000000"),
        ({"spans": []}, "it has no span"),
        ({"spans": [SPAN, {**SPAN, "endTime": 0.5}]}, "span 2: it ends before it starts"),
        ({"spans": [{**SPAN, "endTime": "nan"}]}, "span 1: it ends before"),
        ({"spans": [{**SPAN, "level": "simmer"}]}, "span 1: expected a level of off, low"),
        ({"spans": [{**SPAN, "level": "off"}]}, "got 'blue' with off"),
        ({"spans": [{"level": "low"}]}, "span 1: 'startTime'"),
        ({"spans": None}, "a.heat.json"),
    ],
)
def test_labels_that_do_not_fit_are_refused_by_file_and_span(tmp_path, change, said):
    marked(film(tmp_path / "a.mp4"), **change)
    with pytest.raises(ValueError, match=said) as refused:
        labelled_films(tmp_path)
    assert "expected the heat of a.mp4" in str(refused.value)


def test_a_folder_without_labels_says_what_is_missing(tmp_path):
    film(tmp_path / "a.mp4")
    with pytest.raises(ValueError, match=r"expected films with a \.heat\.json beside them"):
        labelled_films(tmp_path)
    (tmp_path / "b.mp4").write_bytes(b"no film")
    with pytest.raises(ValueError, match=r"can be read, got b\.mp4"):
        list(chunks_of(tmp_path / "b.mp4"))


@given(st.floats(0.3, 4.0), st.sampled_from([5, 10, 25]))
@settings(max_examples=8, deadline=None)
def test_a_film_becomes_two_pictures_a_second_at_its_own_times(seconds, fps):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_packages.flame.labelled._CHUNK", 4)
        pieces = list(chunks_of(film(Path(folder) / "film.mp4", seconds, fps)))
    shots = [(start_s + s.time_s, s.rgb) for start_s, body in pieces for s in shots_of(body)]
    last_s = (max(1, round(seconds * fps)) - 1) / fps
    assert [at for at, _ in shots] == pytest.approx([k / 2 for k in range(int(last_s * 2 + 0.02) + 1)])
    assert [start_s for start_s, _ in pieces] == [2.0 * k for k in range(len(pieces))]
    assert {rgb.shape for _, rgb in shots} == {(480, 640, 3)}
    light = [float(rgb.mean()) for _, rgb in shots]
    assert light == sorted(light)


def test_no_person_and_no_kitchen_is_in_two_parts(tmp_path):
    for number in range(6):
        marked(film(tmp_path / f"{number}.mp4", 0.3), person=f"p-{number % 5}", kitchen=f"k-{number % 4}")
    parts = split(labelled_films(tmp_path))
    for one in ("person", "kitchen"):
        names = [{getattr(film, one) for film in films} for films in parts.values()]
        assert all(names)
        assert sum(map(len, names)) == len(set().union(*names))
