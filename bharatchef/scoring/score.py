"""A judgement into points by a rubric: category scores, overall, interval, provisional level.

Pure, and never more than the judgement holds: a category that was not judged has no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bharatchef.observed import Performance, Unavailable
from bharatchef.records import CategoryScore, Deviation, Dish, ExpectedStep, Judgement, PointLoss, Scorecard
from bharatchef.scoring.rubric import Rubric
from bharatchef.vocabulary import Category, DeviationKind, Level

# Points are counted in hundredths, as whole numbers, so that they add up exactly.
_FULL = 10_000


def score(dish: Dish, performance: Performance, judgement: Judgement, rubric: Rubric) -> Scorecard:
    """The scorecard of one judgement.

    Each category starts at 100 and loses points by deviation, never below 0; the losses add up to 100
    less the score. Deviations less certain than the rubric asks cost nothing and widen the interval.
    The overall score is the mean of the categories judged, by weight; below the rubric's coverage
    there is none, and no level.
    """
    charged = {c: _category(c, dish, performance, judgement, rubric) for c in Category}
    scored = {c: s for c, s in charged.items() if s.score is not None}
    weight = sum(rubric.weights[c] for c in scored)
    coverage = sum(rubric.weights[c] * _seen_share(c, dish, performance, judgement) for c in scored)
    coverage = round(min(1.0, coverage), 4)
    overall: float | None = None
    reason = ""
    if not scored:
        reason = "nothing could be judged"
    elif coverage < rubric.min_coverage:
        reason = (
            f"only {coverage:.0%} of what counts could be judged; an overall score needs "
            f"{rubric.min_coverage:.0%}"
        )
    else:
        overall = _mean(charged, scored, rubric, weight)
    return Scorecard(
        rubric_id=rubric.rubric_id,
        rubric_version=rubric.version,
        rubric_sha256=rubric.sha256,
        categories=tuple(charged.values()),
        overall=overall,
        overall_reason=reason,
        coverage=coverage,
        interval=None if overall is None else _interval(overall, coverage, weight, scored, judgement, rubric),
        level=None if overall is None else _level(overall, rubric),
    )


def expected_loss(
    dish: Dish, judgement: Judgement, wrong_times: Mapping[int, float], rubric: Rubric
) -> float:
    """How many points off the overall score a performance is expected to have cost, 0 or more, not capped.

    Where the scorecard charges what is certain enough, this counts everything with its probability, so
    that two performances without a charged mistake can still be told apart.

    Args:
        wrong_times: of each segment the probability that it took the wrong time (``judgement.wrong_times``).
    """
    steps = {step.step_id: step for step in dish.expected_steps}
    scored = {c for c in Category if not judgement.assessable[c]}
    weight = sum(rubric.weights[c] for c in scored)
    lost = 0.0
    for deviation in judgement.deviations:
        kind, probability = deviation.kind, deviation.confidence
        if deviation.category not in scored or deviation.category is Category.TIMING or deviation.cause_id:
            continue
        if kind is DeviationKind.NOT_SEEN and deviation.category is Category.STEP_SEQUENCE:
            kind, probability = DeviationKind.MISSING, 1.0 - probability
        lost += probability * rubric.weights[deviation.category] * rubric.points[kind]
        if kind is DeviationKind.MISSING:
            for category in scored & {Category.TIMING, Category.HEAT}:
                cents = _left_out(category, steps, deviation, rubric)
                lost += probability * rubric.weights[category] * cents / 100
    if Category.STEP_SEQUENCE in scored:
        unlikely = sum(1.0 - sure for _, sure in judgement.inferred)
        lost += unlikely * rubric.weights[Category.STEP_SEQUENCE] * rubric.points[DeviationKind.MISSING]
    if Category.TIMING in scored:
        worst = max(rubric.points[DeviationKind.TOO_LONG], rubric.points[DeviationKind.TOO_SHORT])
        lost += rubric.weights[Category.TIMING] * worst * sum(wrong_times.values())
    return lost / weight if weight else 0.0


def _mean(
    charged: Mapping[Category, CategoryScore],
    scored: Mapping[Category, CategoryScore],
    rubric: Rubric,
    weight: float,
) -> float:
    return round(sum(rubric.weights[c] * (charged[c].score or 0.0) for c in scored) / weight, 1)


def _category(
    category: Category, dish: Dish, performance: Performance, judgement: Judgement, rubric: Rubric
) -> CategoryScore:
    weight = rubric.weights[category]
    unassessed = judgement.assessable[category]
    if unassessed:
        return CategoryScore(category=category, score=None, weight=weight, reason=unassessed)
    left = _FULL
    losses = []
    for deviation, cents, why in _costs(category, dish, performance, judgement, rubric):
        taken = min(cents, left)
        left -= taken
        if taken:
            capped = "" if taken == cents else " (no more was left to lose)"
            losses.append(
                PointLoss(deviation_id=deviation.deviation_id, points=taken / 100, reason=why + capped)
            )
    return CategoryScore(
        category=category,
        score=left / 100,
        weight=weight,
        reason=_category_reason(losses, judgement, category, rubric),
        losses=tuple(losses),
    )


def _category_reason(
    losses: Sequence[PointLoss], judgement: Judgement, category: Category, rubric: Rubric
) -> str:
    unsure = sum(
        d.category is category and d.confidence < rubric.charge_from and rubric.points[d.kind] > 0
        for d in judgement.deviations
    )
    doubt = f"; {unsure} more too uncertain to cost points" if unsure else ""
    if category is Category.STEP_SEQUENCE and judgement.inferred:
        steps = "step was" if len(judgement.inferred) == 1 else "steps were"
        doubt += f"; {len(judgement.inferred)} {steps} not recognised but probably done, and not judged"
    if category is Category.HEAT and judgement.heat_unsettled:
        unsettled = len(judgement.heat_unsettled)
        steps = "step" if unsettled == 1 else "steps"
        doubt += f"; the heat of {unsettled} {steps} did not show clearly, and is not judged"
    if not losses:
        return f"nothing lost{doubt}"
    return f"{len(losses)} {'loss' if len(losses) == 1 else 'losses'}{doubt}"


def _costs(
    category: Category, dish: Dish, performance: Performance, judgement: Judgement, rubric: Rubric
) -> list[tuple[Deviation, int, str]]:
    """What each deviation costs in a category, in hundredths of a point, before the floor at 0."""
    steps = {step.step_id: step for step in dish.expected_steps}
    costs: list[tuple[Deviation, int, str]] = []
    certain = [d for d in judgement.deviations if d.confidence >= rubric.charge_from]
    for deviation in certain:
        if deviation.kind is DeviationKind.MISSING and deviation.category is not category:
            extra = _left_out(category, steps, deviation, rubric)
            if extra:
                costs.append((deviation, extra, f"left out, so it could not be right: {deviation.expected}"))
        elif deviation.category is not category or deviation.kind is DeviationKind.OUT_OF_ORDER:
            continue
        elif deviation.kind is DeviationKind.POOR_PLATING:
            costs.append((deviation, _plating(performance, rubric), deviation.seen))
        else:
            costs.append((deviation, _cents(rubric.points[deviation.kind]), _loss_words(deviation)))
    if category is Category.STEP_SEQUENCE:
        costs += _order_costs(judgement.deviations, rubric)
    return [cost for cost in costs if cost[1] > 0]


def _order_costs(deviations: Sequence[Deviation], rubric: Rubric) -> list[tuple[Deviation, int, str]]:
    """What each cause costs: half of it at the cause itself, half shared by what follows from it."""
    costs = []
    ordered = [d for d in deviations if d.kind is DeviationKind.OUT_OF_ORDER]
    for cause in (d for d in ordered if d.cause_id is None and d.confidence >= rubric.charge_from):
        followers = [d for d in ordered if d.cause_id == cause.deviation_id]
        whole = _cents(rubric.points[DeviationKind.OUT_OF_ORDER])
        shared = whole // 2 // len(followers) if followers else 0
        costs.append((cause, whole - shared * len(followers), _loss_words(cause)))
        costs += [(d, shared, f"the other end of it: {d.expected}") for d in followers]
    return costs


def _left_out(
    category: Category, steps: Mapping[str, ExpectedStep], deviation: Deviation, rubric: Rubric
) -> int:
    step = steps.get(deviation.step_id or "")
    if step is None:
        return 0
    if category is Category.TIMING and step.duration is not None:
        return _cents(rubric.left_out.timing)
    if category is Category.HEAT and step.heat is not None:
        return _cents(rubric.left_out.heat)
    return 0


def _plating(performance: Performance, rubric: Rubric) -> int:
    plate = performance.plate
    if isinstance(plate, Unavailable) or plate.likeness is None:
        return 0
    short = max(0.0, rubric.plating.full_from - plate.likeness)
    return min(_FULL, _cents(short * rubric.plating.points_per_percent))


def _loss_words(deviation: Deviation) -> str:
    return f"{str(deviation.kind).replace('_', ' ')}: expected {deviation.expected}; {deviation.seen}"


def _cents(points: float) -> int:
    return round(points * 100)


def _seen_share(category: Category, dish: Dish, performance: Performance, judgement: Judgement) -> float:
    """The share of what a category asks for that could be judged, 0 to 1."""
    unseen = [d for d in judgement.deviations if d.kind is DeviationKind.NOT_SEEN]
    if category in (Category.STEP_SEQUENCE, Category.TIMING):
        required = sum(step.required_count for step in dish.expected_steps if not step.optional)
        hidden = sum(d.category is Category.STEP_SEQUENCE for d in unseen) + len(judgement.inferred)
        return max(0.0, 1.0 - hidden / required) if required else 1.0
    if category is Category.HEAT:
        asking = sum(s.required_count for s in dish.expected_steps if s.heat is not None)
        return max(0.0, 1.0 - len(judgement.heat_unsettled) / asking) if asking else 1.0
    if category is Category.VISUAL:
        wanted = sum(not ingredient.optional for ingredient in dish.ingredients)
        return max(0.0, 1.0 - sum(d.category is category for d in unseen) / wanted) if wanted else 1.0
    if category is Category.TECHNIQUE and not isinstance(performance.technique, Unavailable):
        points = {(step.step_id, p.point_id) for step in dish.expected_steps for p in step.technique}
        marked = {(mark.step_id, mark.point_id) for mark in performance.technique} & points
        return len(marked) / len(points) if points else 1.0
    return 1.0


def _interval(
    overall: float,
    coverage: float,
    weight: float,
    scored: Mapping[Category, CategoryScore],
    judgement: Judgement,
    rubric: Rubric,
) -> tuple[float, float]:
    """Where the overall score may lie.

    Down by what the uncertain and unseen deviations would cost if they were real, up by what the
    charged ones would give back in proportion to their doubt, and both ways by what was not covered.
    """
    unseen = rubric.interval_points_unseen * (1.0 - coverage)
    down = up = 0.0
    points = {loss.deviation_id: 0.0 for s in scored.values() for loss in s.losses}
    for category, category_score in scored.items():
        share = rubric.weights[category] / weight
        for loss in category_score.losses:
            points[loss.deviation_id] += share * loss.points
    if Category.STEP_SEQUENCE in scored:
        share = rubric.weights[Category.STEP_SEQUENCE] / weight
        down += share * rubric.points[DeviationKind.MISSING] * len(judgement.inferred)
    for deviation in judgement.deviations:
        if deviation.category not in scored:
            continue
        share = rubric.weights[deviation.category] / weight
        if deviation.kind is DeviationKind.NOT_SEEN and deviation.category is Category.STEP_SEQUENCE:
            down += share * rubric.points[DeviationKind.MISSING]
        elif deviation.deviation_id in points:
            up += points[deviation.deviation_id] * (1.0 - deviation.confidence)
        elif deviation.cause_id is None:
            down += share * rubric.points[deviation.kind] * deviation.confidence
    return (round(max(0.0, overall - down - unseen), 1), round(min(100.0, overall + up + unseen), 1))


def _level(overall: float, rubric: Rubric) -> Level:
    return max(
        (level for level in Level if overall >= rubric.levels[level]), key=lambda level: rubric.levels[level]
    )
