"""The performances that the coach is measured on, each with what people (or its script) say went wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.captaincook4d import dish_of, performance_of
from benchmarks.models.planted import correct, quickened, with_mistakes
from bharatchef.observed import Performance, SegmentSource
from bharatchef.perception.performance import performance_from
from bharatchef.perception.segments_file import read_segments
from bharatchef.records import Dish
from kitchen_sim.scene import Scene
from kitchen_sim.truth import DEVIATIONS, segments_of
from knowledge_base.captaincook4d import step_id
from knowledge_base.library import DishLibrary

LabelKind = Literal["order", "missing", "timing", "other"]
_KINDS: Mapping[str, LabelKind] = {
    "missing": "missing",
    "out_of_order": "order",
    "too_long": "timing",
    "too_short": "timing",
}


@dataclass(frozen=True)
class Labelled:
    """One performance and its labels: of each kind, the steps that were wrong in that way.

    ``planted`` are the deviations of a script, for mistakes that belong to no step, as the plate's.
    """

    name: str
    dish: Dish
    performance: Performance
    wrong: Mapping[LabelKind, frozenset[str]] = field(default_factory=dict)
    planted: frozenset[str] = frozenset()

    @property
    def faulty(self) -> bool:
        return any(self.wrong.values())

    @property
    def steps(self) -> frozenset[str]:
        """The steps with a label of any kind."""
        return frozenset().union(*self.wrong.values())


class WithRecipes(DishLibrary):
    """The built-in dishes, and the recipes that performances are judged by."""

    def __init__(self, performances: list[Labelled]) -> None:
        super().__init__()
        self._recipes = {entry.dish.dish_id: entry.dish for entry in performances}

    def get(self, dish_id: str) -> Dish:
        """The dish of that id, a recipe before a built-in one."""
        return self._recipes[dish_id] if dish_id in self._recipes else super().get(dish_id)


def filmed(folder: Path) -> Iterator[Labelled]:
    """The recordings of the CaptainCook4D benchmark, their steps as people labelled them.

    The dish is the recipe with the data set's own order; a correct performance is left out of its own
    dish's experts.
    """
    for path in sorted(folder.glob("*.json")):
        recipe = json.loads(path.read_text("utf-8"))
        experts = {r["id"]: r["steps"] for r in recipe["recordings"] if r["role"] == "expert"}
        whole = dish_of(recipe, list(experts.values()), recipe["task_graph"])
        for recording in recipe["recordings"]:
            others = [steps for name, steps in experts.items() if name != recording["id"]]
            dish = dish_of(recipe, others, recipe["task_graph"]) if recording["id"] in experts else whole
            performance = performance_of(recording["steps"]).model_copy(
                update={"source": SegmentSource(kind="person", name="the data set's labels")}
            )
            yield Labelled(f"{recipe['slug']} {recording['id']}", dish, performance, _labels(recording))


def _labels(recording: Mapping[str, Any]) -> dict[LabelKind, frozenset[str]]:
    steps, truth = recording["steps"], recording["gt"]

    def named(indices: list[int]) -> frozenset[str]:
        return frozenset(step_id(steps[i]["step"]) for i in indices)

    marked = [i for i, step in enumerate(steps) if step["has_error"]]
    return {
        "order": named(truth["order_error_idx"]),
        "missing": frozenset(step_id(step) for step in truth["missing"]),
        "timing": named(truth["timing_error_idx"]),
        "other": named(sorted({*marked, *truth["content_error_idx"], *truth["extra_idx"]})),
    }


def drawn(count: int, mistakes: int, seed: int) -> Iterator[Labelled]:
    """Drawn performances of the built-in dishes, correct and faulty in turns, with their planted mistakes."""
    dishes = [quickened(dish) for dish in DishLibrary().list_dishes()]
    for number in range(count):
        dish = dishes[(number // 2) % len(dishes)]
        script = correct(dish, seed + number, "sunlit-yellow", "front")
        if number % 2:
            script = with_mistakes(script, dish, mistakes, seed + number)
        given = read_segments(json.dumps(segments_of(Scene(script))).encode(), "drawn.json", dish)
        wrong: dict[LabelKind, set[str]] = {}
        for mistake in script.mistakes:
            kind = _KINDS.get(DEVIATIONS[mistake.kind], "other")
            names = {mistake.step_id, mistake.related_step_id} if kind == "order" else {mistake.step_id}
            wrong.setdefault(kind, set()).update(name for name in names if name)
        yield Labelled(
            f"drawn {number:02d} {dish.dish_id}",
            dish,
            performance_from(dish, given=given),
            {kind: frozenset(names) for kind, names in wrong.items()},
            frozenset(DEVIATIONS[mistake.kind] for mistake in script.mistakes),
        )


def counted(performances: list[Labelled]) -> Counter[str]:
    """How many labels of each kind there are, and how many performances with any."""
    found: Counter[str] = Counter(performances=len(performances))
    for entry in performances:
        found["faulty"] += entry.faulty
        for kind, names in entry.wrong.items():
            found[kind] += len(names)
    return found
