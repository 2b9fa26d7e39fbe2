"""Recipes of CaptainCook4D become sound dishes whose order holds in every order their graph allows."""

import json
import math
import random
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bharatchef.errors import KnowledgeError
from bharatchef.judgement.graph import step_graph
from bharatchef.records import Dish
from knowledge_base.captaincook4d import (
    REASON,
    dish_from_captaincook4d,
    dish_id_of,
    recordings_of,
    segments_from_captaincook4d,
)
from knowledge_base.checking import check_bytes
from knowledge_base.expert_times import duration_ranges
from knowledge_base.words import action_for, objects_in

DAY = date(2026, 11, 22)


def dish_of(data: bytes, **options: Any) -> Dish:
    text = dish_from_captaincook4d(data, created=DAY, **options)
    name = text.splitlines()[0].removeprefix("dish: ")
    checked = check_bytes(text.encode(), Path(f"{name}.yaml"))
    assert checked.problems == ()
    assert checked.dish is not None
    return checked.dish


def recipe(nodes: dict[int, int | None], edges: list[tuple[int, int]], **more: Any) -> dict[str, Any]:
    steps = sorted({step for step in nodes.values() if step is not None})
    return {
        "activity_id": 1,
        "name": "Test Dish",
        "steps": {str(step): f"Add-Add thing {step} to the bowl" for step in steps},
        "required_count": {str(step): list(nodes.values()).count(step) for step in steps},
        "optional_steps": [],
        "task_graph": {"nodes": {str(n): step for n, step in nodes.items()}, "edges": edges},
        "recordings": [],
        **more,
    }


def as_bytes(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()


def violated(dish: Dish, order: list[str]) -> list[tuple[str, str]]:
    """The edges of the dish that a sequence of steps, each done at once, breaks."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, step in enumerate(order):
        places[step].append(place)
    found = []
    for step in dish.expected_steps:
        for edge in step.must_come_after:
            before, this = edge.times or (dish.step(edge.step_id).required_count, 1)
            if places[edge.step_id][before - 1] > places[step.step_id][this - 1]:
                found.append((edge.step_id, step.step_id))
    return found


def random_order(content: dict[str, Any], chooser: random.Random) -> list[str]:
    """A random order of the nodes that the graph allows, as step ids."""
    nodes = content["task_graph"]["nodes"]
    befores = defaultdict(set)
    for before, after in content["task_graph"]["edges"]:
        befores[str(after)].add(str(before))
    done: list[str] = []
    while len(done) < len(nodes):
        done.append(chooser.choice([n for n in nodes if n not in done and befores[n] <= set(done)]))
    return [f"step-{nodes[n]}" for n in done if nodes[n] is not None]


@pytest.fixture(scope="session")
def recipes(shared_dir: Path) -> dict[str, bytes]:
    folder = shared_dir / "benchmarks" / "captaincook4d" / "dev"
    found = {path.stem: path.read_bytes() for path in sorted(folder.glob("*.json"))}
    if not found:
        pytest.skip(f"no recipes in {folder}")
    return found


@pytest.mark.shared
def test_all_recipes_become_sound_dishes_that_carry_their_notice(recipes: dict[str, bytes]) -> None:
    assert len(recipes) == 12
    for data in recipes.values():
        content = json.loads(data)
        dish = dish_of(data)
        assert dish.dish_id == dish_id_of(content["name"])
        assert {s.step_id for s in dish.expected_steps} == {f"step-{n}" for n in content["steps"]}
        for step in dish.expected_steps:
            number = step.step_id.removeprefix("step-")
            wanted = content["required_count"][number]
            assert step.required_count == max(1, wanted)
            assert step.optional == (wanted == 0 or int(number) in content["optional_steps"])
            assert step.duration is not None
            assert all(edge.reason == REASON for edge in step.must_come_after)
        experts = [r for r in content["recordings"] if r["role"] == "expert"]
        assert len(dish.expert_performances) == len(experts)
        assert dish.expert_action_sequence == dish.expert_performances[0].actions
        for notice in ("NeurIPS 2024", "arXiv 2312.14556", "MIT", "2023 Error-Dataset", "Apache-2.0"):
            assert notice in dish.source


@pytest.mark.shared
def test_no_order_that_the_authored_graph_allows_breaks_the_dish(recipes: dict[str, bytes]) -> None:
    chooser = random.Random(7)
    for data in recipes.values():
        content, dish = json.loads(data), dish_of(data)
        assert step_graph(dish)
        for _ in range(60):
            assert violated(dish, random_order(content, chooser)) == []


@pytest.mark.shared
def test_the_times_of_repeated_steps_are_kept(recipes: dict[str, bytes]) -> None:
    meatballs = dish_of(recipes["dressedupmeatballs"])
    stir, microwave = meatballs.step("step-18"), meatballs.step("step-20")
    assert (stir.required_count, microwave.required_count) == (2, 2)
    assert {(e.step_id, e.times) for e in stir.must_come_after} == {("step-20", (1, 1)), ("step-20", (2, 2))}
    assert ("step-18", (1, 2)) in {(e.step_id, e.times) for e in microwave.must_come_after}
    mushrooms = dish_of(recipes["sautedmushrooms"])
    assert {(e.step_id, e.times) for e in mushrooms.step("step-219").must_come_after} == {
        ("step-207", (2, 1))
    }


@pytest.mark.shared
def test_an_expert_that_is_left_out_is_seldom_outside_the_times_of_the_others(
    recipes: dict[str, bytes],
) -> None:
    outside = judged = 0
    for data in recipes.values():
        content = json.loads(data)
        for recording in (r for r in content["recordings"] if r["role"] == "expert"):
            dish = dish_of(data, leave_out=[recording["id"]])
            names = {p.performance_id for p in dish.expert_performances}
            assert f"recording-{recording['id'].replace('_', '-')}" not in names
            for done in recording["steps"]:
                duration = dish.step(f"step-{done['step']}").duration
                if duration is not None:
                    length = max(0.5, done["end"] - done["start"])
                    judged += 1
                    outside += not duration.min_s - 0.1 <= length <= duration.max_s + 0.1
    assert judged > 1000
    assert outside / judged < 0.025


@pytest.mark.shared
def test_recordings_become_segments_of_the_same_steps_without_their_labels(recipes: dict[str, bytes]) -> None:
    for data in recipes.values():
        content, dish = json.loads(data), dish_of(data)
        assert recordings_of(data) == [(r["id"], r["role"]) for r in content["recordings"]]
        for recording in content["recordings"]:
            segments = segments_from_captaincook4d(data, recording["id"])
            assert segments["dish"] == dish.dish_id
            assert segments["format"] == "bharatchef-segments"
            assert len(segments["segments"]) == len(recording["steps"])
            for segment, done in zip(segments["segments"], recording["steps"], strict=True):
                assert segment["actionType"] == dish.step(segment["stepId"]).action
                assert (segment["startTime"], segment["endTime"]) == (done["start"], done["end"])
                assert segment["endTime"] <= segments["durationSeconds"]
            assert "error" not in json.dumps(segments).lower()


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    """A recipe with a random acyclic graph in which steps may have several nodes."""
    size = draw(st.integers(1, 7))
    nodes: dict[int, int | None] = {n: draw(st.integers(1, 4)) for n in range(1, size + 1)}
    edges = [(a, b) for b in nodes for a in nodes if a < b and draw(st.booleans())]
    nodes |= {0: None, size + 1: None}
    edges += [(0, n) for n in range(1, size + 1)] + [(n, size + 1) for n in range(1, size + 1)]
    return recipe(nodes, edges)


@settings(max_examples=50, deadline=None)
@given(graphs(), st.integers(0, 2**32))
def test_any_graph_becomes_a_sound_dish_that_no_allowed_order_breaks(
    content: dict[str, Any], seed: int
) -> None:
    dish = dish_of(as_bytes(content))
    chooser = random.Random(seed)
    for _ in range(25):
        assert violated(dish, random_order(content, chooser)) == []


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_where_no_step_is_repeated_nothing_of_the_graph_is_lost(content: dict[str, Any]) -> None:
    for place, node in enumerate(content["task_graph"]["nodes"]):
        if content["task_graph"]["nodes"][node] is not None:
            content["task_graph"]["nodes"][node] = place + 10
    nodes = content["task_graph"]["nodes"]
    single = recipe({int(n): s for n, s in nodes.items()}, content["task_graph"]["edges"])
    dish = dish_of(as_bytes(single))
    for before, after in single["task_graph"]["edges"]:
        if nodes[str(before)] is None or nodes[str(after)] is None:
            continue
        wanted, waiting = f"step-{nodes[str(before)]}", [f"step-{nodes[str(after)]}"]
        seen = set()
        while waiting:
            step = waiting.pop()
            seen.add(step)
            waiting += [edge.step_id for edge in dish.step(step).must_come_after]
        assert wanted in seen


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not json", "no CaptainCook4D recipe"),
        (b"[]", "no CaptainCook4D recipe"),
        (b'{"name": "x"}', "activity_id"),
        (as_bytes(recipe({1: 5, 2: 6}, [(1, 2), (2, 1)])), "runs in a circle: 1 -> 2"),
        (as_bytes(recipe({1: 5}, [(1, 9)])), "node 9"),
        (as_bytes(recipe(dict.fromkeys(range(1, 13), 5), [], required_count={})), "more than 10 times"),
        (as_bytes({**recipe({1: 5}, []), "steps": {}}), "steps"),
        (
            as_bytes(
                recipe(
                    {1: 5},
                    [],
                    recordings=[
                        {
                            "id": "1_1",
                            "role": "expert",
                            "duration_s": 9,
                            "steps": [{"step": 5, "start": 3, "end": 2}],
                        }
                    ],
                )
            ),
            "1_1 has a step that ends before",
        ),
        (
            as_bytes(
                recipe(
                    {1: 5},
                    [],
                    recordings=[
                        {
                            "id": "1_1",
                            "role": "expert",
                            "duration_s": 9,
                            "steps": [{"step": 8, "start": 1, "end": 2}],
                        }
                    ],
                )
            ),
            "speaks of what it does not have: 8",
        ),
    ],
)
def test_what_is_no_such_recipe_is_refused_with_its_reason(content: bytes, said: str) -> None:
    with pytest.raises(KnowledgeError, match=said):
        dish_from_captaincook4d(content, created=DAY)


def test_a_recording_that_is_not_there_names_those_that_are() -> None:
    recording = {"id": "1_2", "role": "trainee", "duration_s": 9, "steps": []}
    with pytest.raises(KnowledgeError, match=r"no recording '1_1'\. It has: 1_2"):
        segments_from_captaincook4d(as_bytes(recipe({1: 5}, [], recordings=[recording])), "1_1")


def test_a_recipe_nobody_performed_has_no_times_and_says_so_by_leaving_them_out() -> None:
    dish = dish_of(as_bytes(recipe({1: 5, 2: 6}, [(1, 2)])), dish_id="my-own")
    assert dish.dish_id == "my-own"
    assert [step.duration for step in dish.expected_steps] == [None, None]
    assert dish.expert_performances == ()


def test_ranges_are_wider_where_less_is_known_and_lean_on_the_other_steps() -> None:
    steady = [10.0, 10.5, 9.5, 10.2, 9.8, 10.1]
    many = duration_ranges({"a": steady, "b": [20.0, 40.0]})
    few = duration_ranges({"a": steady[:2], "b": [20.0, 40.0]})
    assert math.log(few["a"][1] / few["a"][0]) > math.log(many["a"][1] / many["a"][0])
    once = duration_ranges({"a": [10.0], "b": [20.0, 40.0]})["a"]
    assert once[0] < 10.0 < once[1]
    assert duration_ranges({"a": [10.0]}) == {}
    assert duration_ranges({}) == {}


@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(st.floats(0, 5000), min_size=2, max_size=6), min_size=1),
    st.floats(0.5, 20),
)
def test_ranges_hold_the_middle_of_what_was_seen_and_scale_with_time(
    lengths: dict[str, list[float]], factor: float
) -> None:
    lengths = {step: [length + 1.0 for length in seen] for step, seen in lengths.items()}
    ranges = duration_ranges(lengths)
    longer = duration_ranges({step: [length * factor for length in seen] for step, seen in lengths.items()})
    for step, seen in lengths.items():
        low, high = ranges[step]
        middle = math.exp(math.fsum(map(math.log, seen)) / len(seen))
        assert low <= middle * 1.000001
        assert high >= middle * 0.999999
        assert longer[step][0] == pytest.approx(low * factor, rel=1e-6)
        assert longer[step][1] == pytest.approx(high * factor, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("Turn on the heat to medium.", "heat"),
        ("Turn off the stove.", "turn-off"),
        ("Turn the tofu.", "flip"),
        ("Saute the onions.", "fry"),
        ("In a mixing bowl, whisk the curd.", "mix"),
        ("Zap it.", "handle"),
    ],
)
def test_a_sentence_is_brought_to_one_of_our_actions(text: str, action: str) -> None:
    assert action_for([text], otherwise="handle") == action


def test_the_start_of_a_later_text_counts_before_the_inside_of_the_first() -> None:
    assert (
        action_for(["In a mixing bowl, whisk the curd.", "whisk-In a mixing bowl"], otherwise="x") == "whisk"
    )


def test_objects_are_named_and_measures_are_not() -> None:
    assert objects_in("Add 1/4 cup of oil to the pan with a spoon") == ("frying-pan", "spoon")
    assert objects_in("Whisk 1 tablespoon of butter in a microwave-safe bowl") == ("bowl",)
    assert objects_in("Drain the can with the whisk") == ("can", "whisk")


def test_experts_who_differ_widely_give_no_time_and_a_sound_dish():
    lengths = [(2.0, 3000.0), (30.0, 33.0)]
    recordings = [
        {
            "id": f"1_{n}",
            "role": "expert",
            "duration_s": 4000.0,
            "steps": [
                {"step": 7, "start": 0.0, "end": lengths[0][n]},
                {"step": 8, "start": 3100.0, "end": 3100.0 + lengths[1][n]},
            ],
        }
        for n in range(2)
    ]
    nodes, edges = {0: None, 1: 7, 2: 8, 3: None}, [(0, 1), (1, 2), (2, 3)]
    dish = dish_of(as_bytes(recipe(nodes, edges, recordings=recordings)))
    assert {step.step_id: step.duration for step in dish.expected_steps} == {"step-7": None, "step-8": None}
    recordings[0]["steps"][0]["end"], recordings[1]["steps"][0]["end"] = 55.0, 60.0
    agreed = dish_of(as_bytes(recipe(nodes, edges, recordings=recordings)))
    for step, seen in zip(agreed.expected_steps, ((55.0, 60.0), (30.0, 33.0)), strict=True):
        assert step.duration is not None
        assert 0 < step.duration.min_s <= seen[0]
        assert seen[1] <= step.duration.max_s < 30 * seen[1]
