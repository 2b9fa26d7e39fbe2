"""The dishes that come with the project: sound, safe, and cookable in the order they are written."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bharatchef.judgement.graph import step_graph
from bharatchef.records import Dish
from knowledge_base.authoring import dish_file_schema
from knowledge_base.checking import check_dishes
from knowledge_base.library import BUILT_IN_DISHES, DishLibrary
from knowledge_base.words import actions, objects

FILES = sorted(BUILT_IN_DISHES.glob("*.yaml"))
DISHES = {path.stem: DishLibrary().get(path.stem) for path in FILES}
ASKED_FOR = {
    "masala-chai",
    "jeera-rice",
    "dal-tadka",
    "poha",
    "egg-bhurji",
    "aloo-paratha",
    "cucumber-raita",
    "tomato-chutney",
}
SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "schemas" / "dish-file.schema.json"
dishes = pytest.mark.parametrize("dish", DISHES.values(), ids=DISHES.keys())


def test_at_least_ten_dishes_are_there_and_all_are_sound() -> None:
    assert set(DISHES) >= ASKED_FOR
    assert len(DISHES) >= 10
    assert check_dishes([BUILT_IN_DISHES]) == []


def test_the_published_schema_is_the_one_of_the_form() -> None:
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert published == dish_file_schema(), (
        "run: python -m knowledge_base.authoring > docs/schemas/dish-file.schema.json"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_dish_fits_the_published_schema_under_an_ordinary_yaml_reader(path: Path) -> None:
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    plain: Any = json.loads(json.dumps(read, default=date.isoformat))
    jsonschema.validate(plain, json.loads(SCHEMA.read_text(encoding="utf-8")))


@dishes
def test_the_order_of_the_file_is_one_that_the_dish_allows(dish: Dish) -> None:
    done: set[str] = set()
    for step in dish.expected_steps:
        missing = [edge.step_id for edge in step.must_come_after if edge.step_id not in done]
        assert not missing, f"{step.step_id} is written before {missing}"
        done.add(step.step_id)


@dishes
def test_the_judge_takes_the_order_of_the_dish(dish: Dish) -> None:
    graph = step_graph(dish)
    assert sum(len(graph.times(step.step_id)) for step in dish.expected_steps) >= len(dish.expected_steps)


@dishes
def test_the_dish_leaves_a_cook_free(dish: Dish) -> None:
    """A partial order: at least two steps may come first."""
    assert sum(not step.must_come_after for step in dish.expected_steps) >= 2


@dishes
def test_each_edge_has_its_own_reason_in_a_sentence(dish: Dish) -> None:
    for step in dish.expected_steps:
        for edge in step.must_come_after:
            assert re.fullmatch(r"[A-Z].{15,}\.", edge.reason), edge.reason
        for point in step.technique:
            assert re.fullmatch(r"[A-Z].{15,}\.", point.why), point.why
            assert point.text.endswith(".")
        assert step.description.endswith(".")


@dishes
def test_every_step_says_how_long_it_takes_and_stoves_how_hot(dish: Dish) -> None:
    for step in dish.expected_steps:
        assert step.duration is not None, step.step_id
        assert step.duration.max_s > step.duration.min_s
        if step.action in {"fry", "boil", "simmer", "temper", "heat", "roast", "pressure-cook"}:
            assert step.heat is not None, step.step_id
            assert step.heat != "off"
    assert sum(step.duration.min_s for step in dish.expected_steps if step.duration and not step.optional) < (
        dish.expected_duration_s * 1.05
    )


@dishes
def test_names_are_given_in_both_scripts(dish: Dish) -> None:
    named = [(dish.dish_id, dish.aliases), *((i.ingredient_id, i.aliases) for i in dish.ingredients)]
    for name, aliases in named:
        assert any(re.search(r"[\u0900-\u097f]", n) for n in aliases["hi"]), name
        assert any(re.fullmatch(r"[a-z ]+", n) for n in aliases["hi"]), name
        assert any(re.search(r"[\u0b80-\u0bff]", n) for n in aliases["ta"]), name
        assert any(re.fullmatch(r"[a-z ]+", n) for n in aliases["ta"]), name
        assert not any(re.search(r"[\u0b80-\u0bff]", n) for n in aliases["hi"]), name
        assert not any(re.search(r"[\u0900-\u097f]", n) for n in aliases["ta"]), name


@dishes
def test_what_must_be_safe_has_a_public_source_and_a_step(dish: Dish) -> None:
    assert dish.safety
    used = {name for step in dish.expected_steps for name in step.safety}
    for rule in dish.safety:
        assert rule.safety_id in used
        assert re.match(
            r"https://www\.(who\.int|fda\.gov|fsis\.usda\.gov|gov\.uk|nfpa\.org)/", rule.source_url
        )


@dishes
def test_a_dish_has_a_finish_a_plate_and_something_to_teach(dish: Dish) -> None:
    assert dish.expected_steps[-1].action == "serve"
    assert dish.plating
    assert sum(len(step.technique) for step in dish.expected_steps) >= 3


def test_chicken_and_eggs_carry_the_temperatures_that_the_sources_give() -> None:
    chicken = {s.safety_id: s for s in DISHES["chicken-curry"].safety}
    eggs = {s.safety_id: s for s in DISHES["egg-bhurji"].safety}
    assert chicken["chicken-74"].min_core_temperature_c == 73.9
    assert eggs["eggs-firm"].min_core_temperature_c == 71.1
    raw = ("eggs", "chicken")
    for dish in DISHES.values():
        if any(i.ingredient_id in raw for i in dish.ingredients):
            assert any(rule.min_core_temperature_c for rule in dish.safety), dish.dish_id


def test_dishes_with_cooked_rice_say_how_it_is_kept() -> None:
    for name in ("jeera-rice", "lemon-rice"):
        rule = next(rule for rule in DISHES[name].safety if rule.safety_id == "rice-kept")
        assert "24 hours" in rule.rule
        assert "1 hour" in rule.rule


def test_the_words_are_many_enough_and_each_means_one_thing() -> None:
    used = {step.action for dish in DISHES.values() for step in dish.expected_steps}
    assert len(used) >= 20
    for words in (actions(), objects()):
        said = [name for word in words.values() for name in (word.word, *word.like)]
        assert len(said) == len(set(said)), sorted(n for n in said if said.count(n) > 1)
    assert all(word.film for word in actions().values())


def test_masala_chai_can_be_made_in_a_film_of_two_minutes() -> None:
    shortest = sum(s.duration.min_s for s in DISHES["masala-chai"].expected_steps if s.duration)
    assert shortest <= 100
