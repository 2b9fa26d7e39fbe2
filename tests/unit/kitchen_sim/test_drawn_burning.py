"""What scorches is dark and smokes, its truth says when; a script that burns nothing is drawn as before."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from kitchen_sim.errors import DrawingError
from kitchen_sim.planting import burnt, plant
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script, read_script, script_text
from kitchen_sim.sheet import example_script
from kitchen_sim.truth import truth_of


def frying(**film: object) -> Script:
    return example_script("fry", 41, "hostel", width_px=240, height_px=136, **film)


def test_until_it_burns_and_where_nothing_burns_every_frame_is_the_same() -> None:
    plain = frying()
    begun_s = plain.steps[-1].start_s + 3.0
    burning, other = Scene(burnt(plain, "fry", after_s=3.0)), Scene(plain)
    for time_s in np.arange(0.0, begun_s, 0.7):
        np.testing.assert_array_equal(burning.frame(float(time_s)), other.frame(float(time_s)))
        assert burning.board.burning(float(time_s)) == (0.0, 0.0)
    assert not np.array_equal(burning.frame(begun_s + 2), other.frame(begun_s + 2))
    assert all(other.board.burning(t) == (0.0, 0.0) for t in (0.0, 4.0, plain.duration_s))
    # The hash of a script that burns nothing, from before burning could be drawn.
    assert example_script("fry", 41, None, "side").sha256().startswith("5de03827")


def test_burnt_food_is_darker_and_smoke_is_greyer_than_steam() -> None:
    plain = frying()
    at_s = plain.duration_s - 0.1
    script = burnt(plain, "fry", after_s=0.2)
    scene, other = Scene(script), Scene(plain)
    smoke, scorch = scene.board.burning(at_s)
    assert scorch > 0.6
    assert smoke > 0.5
    pan = next(t.thing_id for t in scene.board.things.values() if scene.board.on_hob(t.thing_id))
    inside = scene.board.contents(pan, at_s)
    assert (inside.scorched, other.board.contents(pan, at_s).scorched) == (scorch, 0.0)
    x0, y0, x1, y1 = next(b.box for b in other.boxes(at_s) if b.label == "frying-pan" or b.label == "pan")
    height, width = script.height_px, script.width_px
    food = (slice(round(y0 * height), round(y1 * height)), slice(round(x0 * width), round(x1 * width)))
    dark, light = scene.frame(at_s)[food].astype(int), other.frame(at_s)[food].astype(int)
    assert dark.mean() < light.mean() - 5, "charred food is darker"
    above = (slice(0, round(y0 * height)), food[1])
    changed = scene.frame(at_s)[above].astype(int) - other.frame(at_s)[above].astype(int)
    assert (np.abs(changed).max(axis=2) > 12).mean() > 0.1, "smoke stands above the pan"
    np.testing.assert_array_equal(scene.frame(at_s), Scene(script).frame(at_s))


def test_it_stops_smoking_when_the_flame_is_out_and_stays_burnt(chai: Callable[..., Script]) -> None:
    script = burnt(chai(), "simmer", after_s=1.0)
    board = Scene(script).board
    off_s = next(s.end_s for s in reversed(script.steps) if s.heat is not None)
    hot, cold = board.burning(off_s), board.burning(off_s + 12)
    assert hot[0] > 0.3
    assert cold[0] < hot[0] / 2
    assert cold[1] == pytest.approx(hot[1])
    seen = [board.burning(t)[1] for t in np.arange(0, script.duration_s, 0.5)]
    assert all(b >= a for a, b in itertools.pairwise(seen)), "what is burnt is never whole again"


def test_the_truth_says_when_it_smokes_and_burns(chai: Callable[..., Script]) -> None:
    script = burnt(chai(), "simmer", after_s=2.0)
    scene = Scene(script)
    truth = truth_of(scene, "tea.mp4", "0" * 64)
    begun_s = next(s.start_s for s in script.steps if s.step_id == "simmer") + 2.0
    rows = truth["burning"]
    assert [row["timeSeconds"] for row in rows] == truth["boxTimesSeconds"]
    assert {row["burning"] for row in rows if row["timeSeconds"] < begun_s} == {0.0}
    late = [row for row in rows if begun_s + 2 < row["timeSeconds"] < begun_s + 5]
    assert all(0 < row["smoke"] <= 1 and 0 < row["burning"] <= 1 for row in late)
    assert [m["kind"] for m in truth["mistakes"]] == ["heat_too_high"]
    plain = truth_of(Scene(chai()), "tea.mp4", "0" * 64)
    assert {(row["smoke"], row["burning"]) for row in plain["burning"]} == {(0.0, 0.0)}


def test_burning_is_the_heat_too_high_for_too_long(chai: Callable[..., Script], tmp_path) -> None:
    script = burnt(chai(), "simmer", after_s=2.0)
    step = next(s for s in script.steps if s.step_id == "simmer")
    assert (step.heat, step.burns_after_s) == ("high", 2.0)
    assert script.mistakes == plant(chai(), "heat_too_high", "simmer").mistakes
    assert burnt(chai(), "boil").mistakes == (), "the step asks for a high flame: it is only too long"
    assert burnt(chai(), "simmer", after_s=1.0).sha256() != script.sha256()
    (tmp_path / "script.yaml").write_text(script_text(script))
    assert read_script(tmp_path / "script.yaml") == script
    with pytest.raises(DrawingError, match="expected a step that sets a flame, got 'pour-water'"):
        burnt(chai(), "pour-water")
    with pytest.raises(DrawingError, match="to burn within its"):
        burnt(chai(), "simmer", after_s=99.0)
