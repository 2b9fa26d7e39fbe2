"""A dish's steps as the drawn kitchen takes them, which knows no dishes of its own."""

from bharatchef.records import Dish


def drawing_rows(dish: Dish) -> list[dict[str, object]]:
    """One row a step for ``kitchen_sim.laying_out.script_from_steps``."""
    return [
        {
            "step_id": step.step_id,
            "action": step.action,
            "objects": step.objects,
            "ingredients": step.ingredients,
            "min_s": step.duration.min_s if step.duration else None,
            "max_s": step.duration.max_s if step.duration else None,
            "heat": step.heat,
            "must_come_after": [edge.step_id for edge in step.must_come_after],
            "required_count": step.required_count,
            "optional": step.optional,
        }
        for step in dish.expected_steps
    ]
