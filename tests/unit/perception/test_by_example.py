"""Steps found by their likeness to an expert's segmented film, on films drawn small in one kitchen."""

from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from samples import sha

from bharatchef.perception.by_example import Embedded, Example, recognise_by_example
from bharatchef.records import ActionSegment, Dish, ExpectedStep
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.scene import Scene

_STEPS = (
    ("chop", "chop", ("knife",), ("onion",)),
    ("fry", "fry", ("frying-pan", "spatula"), ("onion",)),
    ("whisk", "whisk", ("bowl", "whisk"), ("eggs",)),
    ("pour", "pour", ("frying-pan", "bowl"), ("eggs",)),
)


def _dish() -> Dish:
    return Dish(
        dish_id="bhurji",
        name="Bhurji",
        expected_duration_s=30.0,
        ingredients=(),
        expected_steps=tuple(
            ExpectedStep(step_id=name, action=action, description=name, must_come_after=())
            for name, action, _, _ in _STEPS
        ),
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        version="1",
        sha256=sha("bhurji"),
    )


def _filmed(seed: int, order: tuple[str, ...]) -> tuple[Embedded, tuple[ActionSegment, ...]]:
    """A drawn film, two looks a second, each a thumbnail and how it differs from the one before."""
    by_name = {name: (action, objects, food) for name, action, objects, food in _STEPS}
    rows, before = [], ()
    for name in order:
        action, objects, food = by_name[name]
        rows.append(
            {
                "step_id": name,
                "action": action,
                "objects": objects,
                "ingredients": food,
                "must_come_after": before,
                "min_s": 5.0,
                "max_s": 7.0,
            }
        )
        before = (name,)
    script = script_from_steps(
        rows, dish="bhurji", seed=seed, style_group="hostel", width_px=320, height_px=180, mirrored=False
    )
    scene = Scene(script)
    times = np.arange(0.25, script.duration_s, 0.5)
    small = [cv2.resize(scene.frame(float(t)), (24, 14), interpolation=cv2.INTER_AREA) for t in times]
    looks = np.stack(small).astype(np.float32).reshape(len(times), -1)
    moved = np.abs(np.diff(looks, axis=0, prepend=looks[:1]))
    segments = tuple(
        ActionSegment(action_type=s.action, start_s=s.start_s, end_s=s.end_s, step_id=s.step_id)
        for s in script.steps
    )
    return Embedded(tuple(times.tolist()), np.concatenate([looks, moved], axis=1)), segments


@pytest.fixture(scope="module")
def expert() -> Example:
    return Example(*_filmed(11, ("chop", "whisk", "fry", "pour")))


def _overlap(a: ActionSegment, b: ActionSegment) -> float:
    both = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return max(0.0, both) / (a.length_s + b.length_s - max(0.0, both))


def test_another_film_of_the_same_kitchen_in_another_order_is_segmented(expert: Example) -> None:
    film, truth = _filmed(12, ("whisk", "chop", "fry", "pour"))
    found = recognise_by_example(film, [expert], _dish())
    hit = [t for t in truth if any(s.step_id == t.step_id and _overlap(s, t) >= 0.5 for s in found.segments)]
    assert len(hit) >= 3
    starts = {s.step_id: s.start_s for s in found.segments}
    assert starts["whisk"] < starts["chop"]
    assert found.unrecognisable_steps == ()


def test_a_step_that_no_example_shows_is_unrecognisable_and_never_found(expert: Example) -> None:
    film, _ = _filmed(12, ("whisk", "chop", "fry", "pour"))
    fewer = Example(expert.film, tuple(s for s in expert.segments if s.step_id != "chop"))
    found = recognise_by_example(film, [fewer], _dish())
    assert found.unrecognisable_steps == ("chop",)
    assert "chop" not in {s.step_id for s in found.segments}


def test_where_nothing_is_alike_it_abstains(expert: Example) -> None:
    rng = np.random.default_rng(3)
    times = tuple(float(t) for t in np.arange(0.25, 20.0, 0.5))
    strange = rng.normal(0, 400, (len(times), expert.film.vectors.shape[1])).astype(np.float32)
    found = recognise_by_example(Embedded(times, strange), [expert], _dish())
    assert found.segments == ()
    assert found.observed == ()


def test_what_does_not_fit_together_is_refused(expert: Example) -> None:
    film = Embedded((0.5, 1.5), np.zeros((2, 3), np.float32))
    with pytest.raises(ValueError, match="one width"):
        recognise_by_example(film, [expert], _dish())
    with pytest.raises(ValueError, match="at least one example"):
        recognise_by_example(film, [], _dish())
    with pytest.raises(ValueError, match="increasing"):
        Embedded((1.0, 1.0), np.zeros((2, 3), np.float32))
