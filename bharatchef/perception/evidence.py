"""How well each moment fits each step: what the action model and the detector saw, in a dish's words.

Knows labels, words and probabilities; knows nothing of sequences (``decoder.py``) or of judging.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bharatchef.observed import ActionProbabilities, Detections
from bharatchef.perception.parameters import Labels, StepParameters
from bharatchef.perception.step_names import normalised
from bharatchef.records import Dish, ExpectedStep

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ActionColumns:
    """Which columns of the model's probabilities speak for what.

    ``steps`` are those whose action the model can name, ``step_columns`` their columns (several labels may
    cover one action); ``background`` the columns for nothing; ``other`` those for no step of the dish.
    """

    steps: tuple[ExpectedStep, ...]
    step_columns: tuple[tuple[int, ...], ...]
    background: tuple[int, ...]
    other: tuple[int, ...]
    unrecognisable: tuple[str, ...]


def action_columns(dish: Dish, model_labels: tuple[str, ...], words: Labels) -> ActionColumns:
    """Match the dish's actions with the model's labels.

    A label of an action's very name speaks for it, and so does a label that covers it and no other action of
    the dish; only where there is none, labels that cover it among others do. Steps with a label in common
    have all of theirs in common.
    """
    background = tuple(i for i, label in enumerate(model_labels) if words.is_background(label))
    exact = {normalised(label): i for i, label in enumerate(model_labels) if i not in background}
    covering: dict[str, list[int]] = {}
    for i, label in enumerate(model_labels):
        if i not in background:
            for action in words.actions_of(label):
                covering.setdefault(action, []).append(i)
    asked = {normalised(step.action) for step in dish.expected_steps}
    alone = {
        i: (words.actions_of(label) & asked)
        for i, label in enumerate(model_labels)
        if i not in background and normalised(label) not in asked
    }
    steps, columns, lost = [], [], []
    for step in dish.expected_steps:
        action = normalised(step.action)
        alike = tuple(i for i, covered in alone.items() if covered == {action})
        found = tuple(sorted({exact[action], *alike})) if action in exact else tuple(covering.get(action, ()))
        if found:
            steps.append(step)
            columns.append(found)
        else:
            lost.append(step.step_id)
    used = {i for found in columns for i in found} | set(background)
    other = tuple(i for i in range(len(model_labels)) if i not in used)
    return ActionColumns(tuple(steps), _told_apart(columns), background, other, tuple(lost))


def _told_apart(columns: Sequence[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """The columns of each step, those of steps that have one in common put together: that one model cannot
    tell such steps apart, and the one with more columns would always win."""
    joined: list[set[int]] = []
    for found in columns:
        alike = [group for group in joined if group & set(found)]
        joined = [group for group in joined if group not in alike] + [set(found).union(*alike)]
    return tuple(next(tuple(sorted(g)) for g in joined if set(found) <= g) for found in columns)


def step_words(step: ExpectedStep, dish: Dish) -> tuple[frozenset[str], ...]:
    """One set of names (normalised) for each thing that a step uses."""
    ingredients = {i.ingredient_id: i for i in dish.ingredients}
    things = [frozenset({normalised(name)}) for name in step.objects]
    for ingredient_id in step.ingredients:
        names = {ingredient_id}
        if ingredient := ingredients.get(ingredient_id):
            names.add(ingredient.name)
            names |= {alias for aliases in ingredient.aliases.values() for alias in aliases}
        things.append(frozenset(normalised(name) for name in names))
    return tuple(things)


def action_evidence(actions: ActionProbabilities, columns: ActionColumns, use: StepParameters) -> Array:
    """(T, S) scaled log-probabilities; states are the steps, then each other action, then background.

    A model without a background label leaves what no column explains to a background of one label's share.
    """
    table = np.asarray(actions.probabilities, dtype=np.float64).reshape(len(actions.times_s), -1)
    count = table.shape[1]
    table = (1 - use.probability_floor) * table + use.probability_floor / max(count, 1)
    parts = [table[:, list(found)].sum(axis=1) for found in columns.step_columns]
    parts += [table[:, i] for i in columns.other]
    if columns.background:
        parts.append(table[:, list(columns.background)].sum(axis=1))
    else:
        parts.append(np.full(len(table), 1.0 / (count + 1)))
    evidence: Array = use.action_scale * np.log(np.stack(parts, axis=1))
    return evidence


def object_evidence(
    times_s: Array, steps: tuple[ExpectedStep, ...], detections: Detections, dish: Dish, words: Labels,
    use: StepParameters,
) -> Array:  # fmt: skip
    """(T, steps) scaled log-ratios: how much the things in view near each moment speak for each step.

    A thing that is in view all the time speaks for nothing, a thing that the detector cannot name
    neither, nor does a moment at which the detector did not look. For the rest the ratio is that of
    seeing it (or not) during the step and at any time of this film; a step's things are averaged, since
    they come and go together.
    """
    result = np.zeros((len(times_s), len(steps)))
    looks = np.asarray(detections.times_s, dtype=np.float64)
    if looks.size == 0 or len(times_s) == 0:
        return result
    known = detections.labels or tuple(sorted({item.label for item in detections.items}))
    covered = {label: words.words_of(label) for label in known}
    hits: dict[str, Array] = {label: np.zeros(looks.size) for label in known}
    for item in detections.items:
        if item.label in hits:
            at = int(np.abs(looks - item.time_s).argmin())
            hits[item.label][at] = max(hits[item.label][at], item.confidence)
    first = np.searchsorted(looks, times_s - use.object_window_s, side="left")
    past = np.searchsorted(looks, times_s + use.object_window_s, side="right")
    looked = past > first
    limit = np.log(use.object_limit)
    for column, step in enumerate(steps):
        ratios = []
        for names in step_words(step, dish):
            speaking = [label for label in known if covered[label] & names]
            if not speaking:
                continue
            seen = np.max([hits[label] for label in speaking], axis=0)
            near = _window_max(seen, first, past)
            usual = float(np.clip(near[looked].mean() if looked.any() else 0.5, 0.02, 0.98))
            in_use = max(use.object_seen_when_used, usual)
            ratio = near * np.log(in_use / usual) + (1 - near) * np.log((1 - in_use) / (1 - usual))
            ratios.append(np.where(looked, np.clip(ratio, -limit, limit), 0.0))
        if ratios:
            result[:, column] = use.object_scale * np.mean(ratios, axis=0)
    return result


def _window_max(values: Array, first: NDArray[np.intp], past: NDArray[np.intp]) -> Array:
    """Maximum of ``values[first:past]`` for each pair; 0 where it is empty."""
    longest = int((past - first).max(initial=0))
    best = np.zeros(first.size)
    for step in range(longest):
        at = first + step
        inside = at < past
        best[inside] = np.maximum(best[inside], values[at[inside]])
    return best
