"""Draws performances with known truth and what fallible models might say of them, as numbers without film.

The action model errs in bursts (its noise is correlated from second to second), the detector misses things
and sees others. A seed gives the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from bharatchef.observed import ActionProbabilities, Analyser, Detection, Detections, ModelIdentity
from bharatchef.records import ActionSegment, Dish, DurationRange, ExpectedStep, Ingredient

BACKGROUND = "background"
SHA = "5" * 64


def model_identity(analyser: Analyser) -> ModelIdentity:
    """A model that exists only in these numbers."""
    return ModelIdentity(
        analyser=analyser,
        name=f"simulated {analyser.value}",
        version="1",
        weights_sha256=SHA,
        engine="numpy",
        trained_on="nothing: drawn numbers",
    )


def simulated_dish(ranges: bool = True) -> Dish:
    """Twelve steps; three of them are 'add' and differ in the ingredient alone, two are 'stir'."""
    wanted = [
        ("rinse-tomato", "rinse", "tomato", 10, 25), ("chop-tomato", "chop", "tomato", 25, 60),
        ("peel-onion", "peel", "onion", 10, 25), ("grate-carrot", "grate", "carrot", 20, 50),
        ("heat-oil", "heat", "oil", 20, 60), ("add-milk", "add", "milk", 5, 15),
        ("add-sugar", "add", "sugar", 5, 15), ("add-salt", "add", "salt", 5, 15),
        ("stir-milk", "stir", "milk", 15, 45), ("stir-carrot", "stir", "carrot", 15, 45),
        ("flip-it", "flip", "egg", 5, 15), ("garnish-it", "garnish", "coriander", 8, 20),
    ]  # fmt: skip
    names = sorted({name for _, _, name, _, _ in wanted})
    return Dish(
        dish_id="simulated",
        name="Simulated dish",
        version="1",
        sha256=SHA,
        expected_duration_s=400,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
        ingredients=tuple(Ingredient(ingredient_id=name, name=name, amount="some") for name in names),
        expected_steps=tuple(
            ExpectedStep(
                step_id=step_id,
                action=action,
                ingredients=(ingredient,),
                description=f"{action} the {ingredient}",
                duration=DurationRange(min_s=low, max_s=high, source="drawn") if ranges else None,
            )
            for step_id, action, ingredient, low, high in wanted
        ),
    )


@dataclass(frozen=True)
class Simulated:
    """The truth and what two models said of it."""

    truth: tuple[ActionSegment, ...]
    actions: ActionProbabilities
    detections: Detections
    frame_accuracy: float


def simulate(dish: Dish, seed: int, margin: float = 2.2, correlation: float = 0.85) -> Simulated:
    """One performance: steps in a random order, some skipped, some twice, lengths in and out of range.

    ``margin`` is how far the true label stands out over noise of standard deviation 1: 2.2 gives about
    three quarters of the seconds right, 3.2 nine tenths.
    """
    rng = np.random.default_rng(seed)
    truth = _performance(dish, rng)
    length = int(np.ceil(truth[-1].end_s)) + int(rng.integers(0, 8))
    labels = (BACKGROUND, *sorted({step.action for step in dish.expected_steps}), "knead", "roll")
    column = {label: i for i, label in enumerate(labels)}
    times = np.arange(length) + 0.5
    doing = [next((s for s in truth if s.start_s <= t < s.end_s), None) for t in times]
    right = np.array([column[s.action_type] if s else 0 for s in doing])
    noise = _correlated(rng, length, len(labels), correlation)
    logits = noise.copy()
    logits[np.arange(length), right] += margin
    rows = np.exp(1.3 * logits)
    rows /= rows.sum(axis=1, keepdims=True)
    actions = ActionProbabilities(
        model=model_identity(Analyser.ACTIONS),
        labels=labels,
        times_s=tuple(times.tolist()),
        probabilities=tuple(tuple(row) for row in rows.tolist()),
    )
    return Simulated(
        truth=truth,
        actions=actions,
        detections=_detections(dish, doing, times, rng),
        frame_accuracy=float((rows.argmax(axis=1) == right).mean()),
    )


def _correlated(rng: np.random.Generator, length: int, width: int, correlation: float) -> np.ndarray:
    """(length, width) standard normal numbers, each column correlated from row to row."""
    fresh = rng.normal(size=(length, width))
    for t in range(1, length):
        fresh[t] = correlation * fresh[t - 1] + np.sqrt(1 - correlation**2) * fresh[t]
    return fresh


def _performance(dish: Dish, rng: np.random.Generator) -> tuple[ActionSegment, ...]:
    order = [step for step in dish.expected_steps if rng.random() > 0.08]
    for _ in range(3):
        if len(order) > 1:
            i = int(rng.integers(0, len(order) - 1))
            order[i], order[i + 1] = order[i + 1], order[i]
    if rng.random() < 0.3:
        order.append(order[int(rng.integers(0, len(order)))])
    at = float(rng.uniform(0, 5))
    done = []
    for step in order:
        low, high = (step.duration.min_s, step.duration.max_s) if step.duration else (10.0, 40.0)
        length = float(rng.uniform(low, high)) * float(np.exp(rng.normal(0, 0.35)))
        done.append(
            ActionSegment(
                action_type=step.action, start_s=at, end_s=at + max(2.0, length), step_id=step.step_id
            )
        )
        at = done[-1].end_s + (float(rng.exponential(4.0)) if rng.random() < 0.6 else 0.0)
    return tuple(done)


def _detections(
    dish: Dish, doing: list[ActionSegment | None], times: np.ndarray, rng: np.random.Generator
) -> Detections:
    names = tuple(i.ingredient_id for i in dish.ingredients)
    # Looks one after the other fail together, as they do where a hand hides a thing.
    luck = _correlated(rng, len(times), len(names), 0.8)
    items = []
    for look, (segment, t) in enumerate(zip(doing, times.tolist(), strict=True)):
        used = dish.step(segment.step_id).ingredients if segment and segment.step_id else ()
        items += [
            Detection(
                time_s=t,
                label=name,
                confidence=float(rng.uniform(0.5, 0.95)),
                box=(0.4, 0.4, 0.5, 0.5),
            )
            for name, chance in zip(names, luck[look], strict=True)
            # Of a standard normal, 60 % lie above -0.253 and 6 % above 1.555.
            if chance > (-0.253 if name in used else 1.555)
        ]
    return Detections(
        model=model_identity(Analyser.OBJECTS),
        times_s=tuple(times.tolist()),
        items=tuple(items),
        labels=names,
    )


def overlap(a: ActionSegment, b: ActionSegment) -> float:
    """Intersection over union of two segments in time."""
    shared = min(a.end_s, b.end_s) - max(a.start_s, b.start_s)
    return max(0.0, shared) / max(1e-9, max(a.end_s, b.end_s) - min(a.start_s, b.start_s))


def hits_at_50(found: tuple[ActionSegment, ...], truth: tuple[ActionSegment, ...]) -> list[bool]:
    """Whether each found segment is a true one of its step at IoU >= .5, each true one counted once."""
    free = list(truth)
    hits = []
    for segment in found:
        same = [t for t in free if t.step_id == segment.step_id]
        best = max(same, key=lambda t: overlap(segment, t), default=None)
        hit = best is not None and overlap(segment, best) >= 0.5
        if best is not None and hit:
            free.remove(best)
        hits.append(hit)
    return hits


def f1_at_50(pairs: list[tuple[tuple[ActionSegment, ...], tuple[ActionSegment, ...]]]) -> float:
    """Segmental F1@50 over (found, truth) pairs, as of Lea et al. 2017."""
    hits = sum(sum(hits_at_50(found, truth)) for found, truth in pairs)
    return 2 * hits / max(1, sum(len(found) + len(truth) for found, truth in pairs))
