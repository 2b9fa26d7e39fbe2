"""How each lost point was lost, so that a learner can add it up; it scores nothing itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bharatchef.records import CategoryScore, Deviation, Scorecard
from bharatchef.report.words import CATEGORY_NAMES, KIND_WORDS, percent, points, span_words
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Category

_AGREES_WITHIN = 0.06


@dataclass(frozen=True)
class Loss:
    """Points that one deviation cost, in its category and of the overall score."""

    category: str
    reason: str
    kind: str
    word: str
    more: str
    points: str
    of_overall: str


@dataclass(frozen=True)
class CategorySum:
    """One category's sum: 100, less its losses, is its score."""

    category: str
    name: str
    losses: tuple[Loss, ...]
    score: str
    weight: str
    of_overall: str


@dataclass(frozen=True)
class LossSheet:
    """All sums; ``lost_of_overall`` is empty where the overall is not the categories' weighted mean."""

    categories: tuple[CategorySum, ...]
    overall: str
    lost_of_overall: str


def rounded_to_add_up(values: Sequence[float], total: float, decimals: int = 1) -> list[float]:
    """The values rounded so that they still sum to the rounded total (largest remainder method).

    Args:
        values: at least 0 each; their sum is expected to be near ``total``.
        total: what the rounded values shall sum to, itself rounded to ``decimals``.
    """
    if not values:
        return []
    unit = 10**decimals
    target = round(total * unit)
    wholes = [math.floor(value * unit + 1e-9) for value in values]
    by_remainder = sorted(range(len(values)), key=lambda i: wholes[i] - values[i] * unit)
    turn = 0
    while sum(wholes) < target:
        wholes[by_remainder[turn % len(values)]] += 1
        turn += 1
    while sum(wholes) > max(target, 0):
        wholes[wholes.index(max(wholes))] -= 1
    return [whole / unit for whole in wholes]


def overall_shares(scorecard: Scorecard) -> dict[Category, float] | None:
    """The weight of each assessed category in the overall score; ``None`` where that is not how it was made.

    The overall is then a weighted mean over what was assessed, and points lost in a category cost
    that share of the overall.
    """
    assessed = [c for c in scorecard.categories if c.score is not None]
    weight = math.fsum(c.weight for c in assessed)
    if scorecard.overall is None or weight <= 0:
        return None
    shares = {c.category: c.weight / weight for c in assessed}
    mean = math.fsum(shares[c.category] * (c.score or 0.0) for c in assessed)
    return shares if abs(mean - scorecard.overall) <= _AGREES_WITHIN else None


def loss_sheet(result: EvaluationResult) -> LossSheet:
    """Every assessed category's sum, and what it all comes to."""
    card = result.scorecard
    shares = overall_shares(card)
    scored = [c for c in card.categories if c.score is not None]
    of_overall: dict[Category, float] = {}
    if shares is not None and card.overall is not None:
        lost = [shares[c.category] * (100 - (c.score or 0.0)) for c in scored]
        rounded = rounded_to_add_up(lost, 100 - round(card.overall, 1))
        of_overall = {c.category: value for c, value in zip(scored, rounded, strict=True)}
    return LossSheet(
        categories=tuple(_category_sum(result, c, of_overall.get(c.category)) for c in scored),
        overall=points(card.overall) if card.overall is not None else "",
        lost_of_overall=points(100 - round(card.overall, 1))
        if of_overall and card.overall is not None
        else "",
    )


def _category_sum(result: EvaluationResult, scored: CategoryScore, of_overall: float | None) -> CategorySum:
    score = scored.score or 0.0
    lost = 100 - round(score, 1)
    entries = [(loss.points, loss.deviation_id, loss.reason) for loss in scored.losses]
    not_itemised = (100 - score) - math.fsum(entry[0] for entry in entries)
    if not_itemised > 0.05:
        entries.append((not_itemised, "", "Not itemised by the rubric"))
    in_category = rounded_to_add_up([entry[0] for entry in entries], lost)
    whole = math.fsum(entry[0] for entry in entries)
    shares = [entry[0] / whole * of_overall if whole and of_overall else 0.0 for entry in entries]
    in_overall = rounded_to_add_up(shares, of_overall or 0.0)
    deviations = {d.deviation_id: d for d in result.judgement.deviations}
    losses = []
    for (_, deviation_id, reason), here, there in zip(entries, in_category, in_overall, strict=True):
        deviation = deviations.get(deviation_id)
        losses.append(
            Loss(
                category=scored.category.value,
                reason=_reason(reason, deviation),
                kind=deviation.kind.value if deviation else "",
                word=KIND_WORDS[deviation.kind] if deviation else "",
                more=_more(deviation) if deviation else "",
                points=points(here),
                of_overall=points(there) if of_overall is not None else "",
            )
        )
    return CategorySum(
        category=scored.category.value,
        name=CATEGORY_NAMES[scored.category],
        losses=tuple(losses),
        score=points(score),
        weight=percent(scored.weight),
        of_overall=points(of_overall) if of_overall is not None else "",
    )


def _more(deviation: Deviation) -> str:
    sure = f"{percent(deviation.confidence)} sure"
    return f"{span_words(deviation.span, deviation.kind)}, {sure}" if deviation.span else sure


def _reason(reason: str, deviation: Deviation | None) -> str:
    """A reason with a capital, without the word for its kind, which stands beside it."""
    if deviation:
        reason = reason.removeprefix(f"{KIND_WORDS[deviation.kind].lower()}: ")
    return reason[:1].upper() + reason[1:]
