"""Turns the plate model's words on the last pictures of a film into one word on the finished plate."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from bharatchef.observed import Analyser, ModelIdentity, PlatedDish, Still, Unavailable
from bharatchef.perception.answers import PlateAnswer
from bharatchef.perception.parameters import parameters
from bharatchef.records import Dish

NO_PLATE_IN_VIEW = "No finished plate was in view at the end of the film."


def stills_of_the_end(stills: Sequence[Still], duration_s: float) -> tuple[Still, ...]:
    """The last few stills of the film's last part, where a finished plate would be shown, by time."""
    use = parameters().plate
    from_s = duration_s * (1 - use.last_share_of_film)
    late = sorted((s for s in stills if s.time_s >= from_s), key=lambda s: s.time_s)
    return tuple(late[-use.last_stills :])


def plated_dish(
    answers: Sequence[tuple[float, PlateAnswer]], model: ModelIdentity, dish: Dish
) -> PlatedDish | Unavailable:
    """The finished plate, from what the model said of pictures at these seconds of the film.

    Pictures on which the model sees no finished plate do not count. ``likeness`` is the median over the
    rest, so that one picture with a hand before the plate does not decide; it is ``None``, with a
    remark, where the model knows no expert's plate of this dish or does not judge plating.
    """
    use = parameters().plate
    showing = [(t, a) for t, a in answers if a.plate_seen >= use.least_plate_seen]
    if not showing:
        return Unavailable(
            analyser=Analyser.PLATE,
            reason=NO_PLATE_IN_VIEW,
            remedy="Hold the camera on the finished plate for three seconds before you stop filming.",
        )
    own_rows = [d for _, a in showing for d in a.dishes if d.dish == dish.dish_id]
    likenesses = [row.likeness for row in own_rows if row.likeness is not None]
    names: dict[str, list[float]] = {}
    for _, answer in showing:
        for candidate in answer.dishes:
            names.setdefault(candidate.dish, []).append(candidate.confidence)
    # A dish that only some pictures suggest gets nothing from the others.
    means = {name: sum(values) / len(showing) for name, values in names.items()}
    best = max(sorted(means), key=lambda name: means[name]) if means else None
    remarks = [remark for _, answer in showing for remark in answer.remarks]
    if not likenesses:
        why = (
            f"{model.name} tells which dish it is, not how well it is plated."
            if own_rows
            else f"{model.name} knows no expert's plate of {dish.name}, so likeness was not measured."
        )
        remarks.insert(0, why)
    seen = statistics.median(answer.plate_seen for _, answer in showing)
    own = means.get(dish.dish_id, 0.0)
    return PlatedDish(
        model=model,
        time_s=max(showing, key=lambda pair: pair[1].plate_seen)[0],
        likeness=statistics.median(likenesses) if likenesses else None,
        looks_like=best if best is not None and means[best] >= use.least_confidence_of_name else None,
        confidence=min(1.0, seen * max(own, means[best] if best is not None else 0.0)) if means else seen,
        remarks=tuple(dict.fromkeys(remarks)),
    )
