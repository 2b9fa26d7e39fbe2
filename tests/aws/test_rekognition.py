"""Rekognition over real HTTP in its own wire shape: what it sees is told apart, what is unfit holds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from contract_sides import Side
from PIL import Image
from samples import sha
from servers.rekognition import Rekognition, rekognition

from adapters.aws.rekognition import RekognitionLooker
from bharatchef.errors import EndpointError, HeldForPerson
from bharatchef.observed import Still
from bharatchef.ports import Ports
from bharatchef.settings import load_settings
from tasks.look_over import MOST_PICTURES, look_over, release

FILM = sha("film")


@pytest.fixture(scope="module")
def server() -> Iterator[Rekognition]:
    with rekognition() as made:
        yield made


@pytest.fixture
def looked_over(side: Side, server: Rekognition) -> Ports:
    server.asked.clear()
    settings = load_settings(rekognition=True, rekognition_url=server.url)
    return replace(side.ports, looker=RekognitionLooker(settings))


def jpeg(colour: tuple[int, int, int]) -> bytes:
    picture = Image.new("RGB", (64, 48), colour)
    picture.paste((0, 0, 0), (32, 24, 40, 30))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


def stills(ports: Ports, colours: list[tuple[int, int, int]]) -> list[Still]:
    made = []
    for number, colour in enumerate(colours):
        key = f"media/{FILM}/{number}.jpg"
        ports.objects.put_bytes(key, jpeg(colour), "image/jpeg")
        made.append(Still(key=key, time_s=10.0 * number, width_px=64, height_px=48))
    return made


def test_scenes_things_and_activities_are_told_apart(looked_over: Ports) -> None:
    looked = look_over(looked_over, FILM, stills(looked_over, [(200, 200, 190)]))
    assert looked is not None
    assert [label.name for label in looked.scenes] == ["Kitchen"]
    assert [label.name for label in looked.activities] == ["Cooking"]
    (pan,) = looked.objects
    assert (pan.name, pan.confidence, pan.time_s) == ("Pan", pytest.approx(0.86), 0.0)
    assert pan.box is not None
    assert pan.box[:2] == pytest.approx((0.5, 0.5), abs=0.15)
    assert not looked.unfit, "a kitchen knife is a weapon to Rekognition, and none to us"


def test_something_unfit_holds_the_film_until_a_person_releases_it(
    looked_over: Ports, server: Rekognition
) -> None:
    pictures = stills(looked_over, [(200, 200, 190), (250, 10, 10)])
    for _ in range(2):
        with pytest.raises(HeldForPerson, match="Graphic Violence at 10 s"):
            look_over(looked_over, FILM, pictures)
    assert len(server.asked) == 4, "what was paid for once is kept"
    release(looked_over, FILM, "the-instructor", "tomato sauce")
    looked = look_over(looked_over, FILM, pictures)
    assert looked is not None
    assert [label.name for label in looked.unfit] == ["Graphic Violence"]


def test_of_a_long_film_some_pictures_are_looked_at(looked_over: Ports, server: Rekognition) -> None:
    look_over(looked_over, FILM, stills(looked_over, [(90, 90, 90)] * (3 * MOST_PICTURES + 1)))
    assert MOST_PICTURES // 2 < len(server.asked) / 2 <= MOST_PICTURES


def test_nobody_looks_where_it_is_off(side: Side, server: Rekognition) -> None:
    server.asked.clear()
    assert look_over(side.ports, FILM, stills(side.ports, [(250, 10, 10)])) is None
    assert not server.asked


def test_what_is_no_picture_is_refused_in_words(looked_over: Ports) -> None:
    assert looked_over.looker is not None
    with pytest.raises(EndpointError, match="InvalidImageFormatException") as caught:
        looked_over.looker.look([(0.0, b"no picture")])
    assert not caught.value.retryable
