"""Drawn performances with known truth, judged from their truth: what was planted is found, and nothing else.

The golden file holds the demo's whole judgement. A change of thresholds, rubric, dish or words changes it:
look at the difference, and where it is meant, write it anew with ``UPDATE_GOLDEN=1 pytest tests/golden``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks.models.dish_rows import drawing_rows
from bharatchef.coaching import coach
from bharatchef.judgement import judge, load_thresholds
from bharatchef.perception.performance import performance_from
from bharatchef.perception.segments_file import read_segments
from bharatchef.records import Dish, Judgement
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import DeviationKind
from kitchen_sim.errors import DrawingError
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.planting import MISTAKE_KINDS, plant
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script, read_script
from kitchen_sim.truth import DEVIATIONS, segments_of
from knowledge_base.library import DishLibrary
from knowledge_base.tips import DishTips

LIBRARY = DishLibrary()
DISHES = [dish.dish_id for dish in LIBRARY.list_dishes()]
SCRIPTS = Path(__file__).resolve().parents[2] / "kitchen_sim" / "scripts"
GOLDEN = Path(__file__).with_name("masala-chai-demo.json")


def judged(script: Script, dish: Dish) -> tuple[Judgement, dict[str, object]]:
    given = read_segments(json.dumps(segments_of(Scene(script))).encode(), "drawn.json", dish)
    performance = performance_from(dish, given=given)
    judgement = judge(dish, performance, load_thresholds())
    scorecard = score(dish, performance, judgement, load_rubric())
    feedback = coach("drawn", dish, judgement, scorecard, performance, None, DishTips(LIBRARY))
    return judgement, {
        "categories": {entry.category: entry.score for entry in scorecard.categories},
        "overall": scorecard.overall,
        "coverage": scorecard.coverage,
        "interval": scorecard.interval,
        "level": scorecard.level,
        "deviations": [
            [d.deviation_id, d.step_id, d.related_step_id, d.seen, d.confidence, d.cause_id]
            for d in judgement.deviations
        ],
        "mistakes": [[m.description, m.impact, m.correction, m.safety] for m in feedback.mistakes],
        "encouragement": feedback.encouragement,
    }


def correct_script(dish: Dish, seed: int) -> Script:
    return script_from_steps(drawing_rows(dish), dish=dish.dish_id, seed=seed)


def test_the_demo_is_judged_as_it_was():
    _, found = judged(read_script(SCRIPTS / "masala-chai-demo.yaml"), LIBRARY.get("masala-chai"))
    told = json.loads(json.dumps(found))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    assert told == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("dish_id", DISHES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_correct_performance_of_any_dish_has_no_mistakes(dish_id, seed):
    dish = LIBRARY.get(dish_id)
    judgement, found = judged(correct_script(dish, seed), dish)
    assert [d for d in judgement.deviations if d.kind is not DeviationKind.NOT_SEEN] == []
    assert found["mistakes"] == []
    assert "No mistakes" in str(found["encouragement"])


def planted(kind: str, dish: Dish) -> Script | None:
    """The dish's first performance that can show this mistake plainly; ``None`` where none can.

    Times are wrong where time matters (the step asks for a heat), an ingredient where one step alone uses
    it: a little more time to strew salt, or salt that goes in twice as often, is no mistake to anybody.
    """
    script = correct_script(dish, 3)
    for step in dish.expected_steps:
        own = [
            ingredient.ingredient_id
            for ingredient in dish.ingredients
            if not ingredient.optional
            and [s.step_id for s in dish.expected_steps if ingredient.ingredient_id in s.ingredients]
            == [step.step_id]
        ]
        if kind in ("too_long", "too_short") and (step.heat is None or step.heat == "off"):
            continue
        if kind in ("wrong_ingredient", "missing_ingredient") and not own:
            continue
        if kind == "skipped" and step.optional:
            continue
        chosen = own[0] if "ingredient" in kind else None
        try:
            return plant(script, kind, step.step_id, ingredient=chosen, seed=5)
        except DrawingError:
            continue
    return None


@pytest.mark.parametrize("kind", MISTAKE_KINDS)
def test_a_planted_mistake_of_any_kind_is_found_and_is_the_only_cause(kind):
    shown = 0
    for dish in LIBRARY.list_dishes():
        script = planted(kind, dish)
        if script is None:
            continue
        shown += 1
        judgement, _ = judged(script, dish)
        causes = [
            d for d in judgement.deviations if d.cause_id is None and d.kind is not DeviationKind.NOT_SEEN
        ]
        assert {d.kind for d in causes} == {DEVIATIONS[kind]}, (dish.dish_id, script.mistakes, causes)
    assert shown >= 2
