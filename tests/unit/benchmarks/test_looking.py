"""What was seen of a drawn film is kept beside it, and is enough to read it again without the film."""

from __future__ import annotations

from adapters.local.models import LocalModels
from benchmarks.models.looking import drawn, looked_at, performance_seen
from benchmarks.models.planted import films
from bharatchef.observed import Analyser, Unavailable
from knowledge_base.library import DishLibrary

MODELS = LocalModels(())


def test_a_film_is_drawn_and_looked_at_once(tmp_path):
    film = next(films(list(DishLibrary().list_dishes()), ("hostel",), 1, 5, 1))
    steps = film.script.steps[:1]
    short = film.script.model_copy(
        update={"steps": steps, "duration_s": steps[0].end_s + 0.5, "width_px": 160, "height_px": 90}
    )
    path = drawn(short, tmp_path)
    assert drawn(short, tmp_path) == path
    first = looked_at(path, film.dish, MODELS)
    assert abs(first.media.duration_s - short.duration_s) < 0.5
    assert not list((tmp_path / "objects").rglob("*.mp4")), "proxies are not kept"
    path.unlink()
    again = looked_at(path, film.dish, MODELS)
    assert again == first
    performance, lost = performance_seen(film.dish, again)
    assert isinstance(performance.segments_unavailable, Unavailable)
    assert len(lost) == len(Analyser)
