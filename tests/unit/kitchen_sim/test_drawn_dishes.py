"""The demonstration scripts and the reviewed dishes fit together."""

from importlib import resources

import pytest

from benchmarks.models.dish_rows import drawing_rows
from bharatchef.records import Dish
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.planting import plant
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script, read_script
from kitchen_sim.storyboard import motion_of
from kitchen_sim.truth import segments_of
from knowledge_base.library import DishLibrary


def _packaged(name: str) -> Script:
    with resources.as_file(resources.files("kitchen_sim").joinpath("scripts", name)) as path:
        return read_script(path)


@pytest.mark.parametrize("name", ["masala-chai-demo.yaml", "masala-chai-correct.yaml"])
def test_scripts_name_the_dish_files_steps(name: str) -> None:
    script, dish = _packaged(name), DishLibrary().get("masala-chai")
    for step in script.steps:
        asked = dish.step(step.step_id)
        assert (step.action, step.objects, step.ingredients) == (asked.action, asked.objects, tuple(
            i for i in asked.ingredients if not (i == "sugar" and name == "masala-chai-demo.yaml")
        ))  # fmt: skip
        assert asked.duration is not None
        assert (step.expected_min_s, step.expected_max_s) == (asked.duration.min_s, asked.duration.max_s)
        assert set(step.must_come_after) == {edge.step_id for edge in asked.must_come_after}


def test_the_correct_script_keeps_to_the_dish_file() -> None:
    script, dish = _packaged("masala-chai-correct.yaml"), DishLibrary().get("masala-chai")
    place = {step.step_id: k for k, step in enumerate(script.steps)}
    assert script.mistakes == ()
    for asked in dish.expected_steps:
        step = script.steps[place[asked.step_id]]
        assert asked.duration is not None
        assert asked.duration.min_s <= step.length_s <= asked.duration.max_s
        assert step.heat == (None if asked.heat is None else asked.heat.value)
        assert all(place[edge.step_id] < place[asked.step_id] for edge in asked.must_come_after)


def test_the_demo_is_the_correct_script_with_its_mistakes() -> None:
    correct, demo = _packaged("masala-chai-correct.yaml"), _packaged("masala-chai-demo.yaml")
    script = plant(correct, "swapped", "add-milk", related_step_id="add-tea-leaves")
    script = plant(script, "heat_too_high", "simmer-tea")
    script = plant(script, "skipped", "add-sugar")
    assert plant(script, "too_short", "boil-up") == demo
    assert 110 <= demo.duration_s <= 150
    assert (demo.width_px, demo.height_px, demo.fps) == (1280, 720, 25.0)


@pytest.mark.parametrize("dish", DishLibrary().list_dishes(), ids=lambda dish: dish.dish_id)
def test_every_reviewed_dish_can_be_drawn(dish: Dish) -> None:
    script = script_from_steps(
        drawing_rows(dish),
        dish=dish.dish_id,
        seed=len(dish.dish_id),
        longest_step_s=12,
        width_px=160,
        height_px=90,
    )
    scene = Scene(script)
    for step in script.steps:
        scene.frame(step.start_s + 0.7 * step.length_s)
        assert motion_of(step.action)
    segments = segments_of(scene)
    assert [s["stepId"] for s in segments["segments"]] == [s.step_id for s in script.steps]
    used = {row["ingredient"] for row in segments["ingredients"]}
    assert {i for step in script.steps for i in step.ingredients} == used
    assert segments["plate"]["likeness"] == 95
