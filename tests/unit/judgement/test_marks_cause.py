"""One cause, one complaint: a step that was left out takes its ingredient with it."""

from bharatchef.judgement import judge, load_thresholds
from bharatchef.observed import Analyser, IngredientSeen, Performance, SegmentSource, Unavailable
from bharatchef.records import ActionSegment
from bharatchef.vocabulary import DeviationKind, Span
from knowledge_base.library import DishLibrary


def test_an_ingredient_of_a_left_out_step_is_no_second_mistake():
    dish = DishLibrary().get("masala-chai")
    now, segments = 0.0, []
    for step in dish.expected_steps:
        if step.step_id != "add-sugar":
            end = now + (step.duration.min_s * 1.3 if step.duration else 5)
            segments.append(
                ActionSegment(action_type=step.action, step_id=step.step_id, start_s=now, end_s=end)
            )
            now = end + 1
    silent = Unavailable(analyser=Analyser.HEAT, reason="nobody looked")
    performance = Performance(
        source=SegmentSource(kind="person", name="the instructor"),
        segments=tuple(segments),
        observed=(Span(start_s=0, end_s=now),),
        duration_s=now,
        heat=silent,
        technique=silent,
        plate=silent,
        ingredients=tuple(
            IngredientSeen(ingredient=ingredient.ingredient_id, time_s=5)
            for ingredient in dish.ingredients
            if ingredient.ingredient_id != "sugar"
        ),
    )
    found = judge(dish, performance, load_thresholds()).deviations
    assert [(d.kind, d.step_id) for d in found] == [(DeviationKind.MISSING, "add-sugar")]
