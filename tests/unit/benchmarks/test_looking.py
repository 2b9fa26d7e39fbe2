"""What was seen of a drawn film is kept beside it, and is enough to read it again without the film."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.local.models import LocalModels
from benchmarks.models.looking import drawn, looked_at, performance_seen
from benchmarks.models.planted import films
from bharatchef.errors import MediaError
from bharatchef.observed import Analyser, Unavailable
from knowledge_base.library import DishLibrary

PLATE = Path(__file__).parents[3] / "model_packages" / "resnet"


def test_a_film_is_drawn_and_looked_at_once(tmp_path):
    film = next(films(list(DishLibrary().list_dishes()), ("hostel",), 1, 5, 1))
    steps = film.script.steps[:1]
    short = film.script.model_copy(
        update={"steps": steps, "duration_s": steps[0].end_s + 0.5, "width_px": 160, "height_px": 90}
    )
    path = drawn(short, tmp_path)
    assert drawn(short, tmp_path) == path
    shutil.copytree(PLATE, tmp_path / "models" / "resnet", ignore=shutil.ignore_patterns("__pycache__"))
    models = LocalModels((tmp_path / "models",))
    first = looked_at(path, film.dish, models)
    assert abs(first.media.duration_s - short.duration_s) < 0.5
    assert not list((tmp_path / "objects").rglob("*.mp4")), "proxies are not kept"
    path.unlink()
    again = looked_at(path, film.dish, models)
    assert again == first
    performance, lost = performance_seen(film.dish, again)
    assert isinstance(performance.segments_unavailable, Unavailable)
    unasked = {f"{a.value}: No model" for a in Analyser if a is not Analyser.PLATE}
    assert {" ".join(said.split()[:3]) for said in lost} >= unasked
    (kept,) = tmp_path.glob("*.plate-*.seen.json")
    kept.rename(kept.with_name(kept.name.replace("plate-", "plate-0")))
    with pytest.raises(MediaError):
        looked_at(path, film.dish, models)  # other weights look anew, and the film is gone
