"""Turns what the models saw second by second into the dish's steps, with start, end and confidence.

The whole film is read at once (``decoder.py``): any order is allowed, so is nothing at all, and so is
something that is no step of the dish. The order that the dish asks for plays no part in which action was
seen when, or mistakes would be read away; it counts alone where one action is asked for in several steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bharatchef.observed import (
    ActionProbabilities,
    Detections,
    Glimpses,
    PauseOdds,
    SourceErrors,
    Unavailable,
)
from bharatchef.perception.decoder import decode
from bharatchef.perception.emptied import emptied_evidence
from bharatchef.perception.evidence import ActionColumns, action_columns, action_evidence, object_evidence
from bharatchef.perception.glimpses import glimpses
from bharatchef.perception.naming import Stretch, named
from bharatchef.perception.parameters import StepParameters, labels, parameters
from bharatchef.perception.parting import cuts_between, parts_of, pauses_in
from bharatchef.perception.step_names import normalised
from bharatchef.records import ActionSegment, Dish, DurationRange
from bharatchef.vocabulary import Span

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Recognition:
    """The steps found, what could never have been found, where the model looked, and notes for a reader.

    ``glimpses`` tell when an action was likely, whether it was found then or not.
    """

    segments: tuple[ActionSegment, ...]
    unrecognisable_steps: tuple[str, ...]
    observed: tuple[Span, ...]
    notes: tuple[str, ...]
    glimpses: tuple[Glimpses, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A segment in samples; ``shares`` are the mean posteriors of every state over it."""

    start_s: float
    end_s: float
    state: int
    shares: Array
    sure: float = 1.0


def looked_at(times_s: Sequence[float], gap_periods: float = 3.0) -> tuple[Span, ...]:
    """The stretches that moments ``times_s`` (increasing, seconds) speak for, each half a period around.

    Moments further apart than ``gap_periods`` times the usual period leave a gap: nobody looked there.
    """
    if not times_s:
        return ()
    times = np.asarray(times_s, dtype=np.float64)
    period = _period(times)
    cuts = np.flatnonzero(np.diff(times) > gap_periods * period) + 1
    return tuple(
        Span(start_s=max(0.0, float(part[0]) - period / 2), end_s=float(part[-1]) + period / 2)
        for part in np.split(times, cuts)
    )


def recognise_steps(
    actions: ActionProbabilities,
    detections: Detections | Unavailable | None,
    dish: Dish,
    errors: SourceErrors | None = None,
) -> Recognition:
    """The dish's steps as they were done, by start.

    A segment's ``confidence`` is the mean over its seconds of the posterior probability that its step
    is being done then. Steps of one action that no object tells apart share it: two such steps get one
    half each at best, and the names go to them so that the dish's order is broken least
    (``naming.py``). What is no step of the dish but looks like an action is a segment without a step.

    Args:
        actions: probabilities at increasing times.
        detections: objects at their own times; without them steps are told apart by action alone.
        dish: the dish whose steps are looked for.
        errors: how the action model errs, where it was counted.

    Raises:
        ValueError: the times do not increase.
    """
    numbers = parameters()
    use = numbers.steps
    times = np.asarray(actions.times_s, dtype=np.float64)
    if times.size > 1 and (np.diff(times) <= 0).any():
        raise ValueError("expected increasing times of action probabilities")
    columns = action_columns(dish, actions.labels, labels())
    notes = [f"Steps were recognised by parameters {numbers.version} (sha256 {numbers.sha256[:12]})."]
    if columns.unrecognisable:
        notes.append(
            f"The action model has no word for what these steps do, so they could not be seen:"
            f" {', '.join(columns.unrecognisable)}."
        )
    observed = looked_at(actions.times_s, use.gap_periods)
    if times.size == 0 or not columns.steps:
        return Recognition((), columns.unrecognisable, observed, tuple(notes))
    evidence = action_evidence(actions, columns, use)
    if errors is not None:
        evidence[:, -1] += np.log(errors.background_odds)
    if isinstance(detections, Detections):
        evidence[:, : len(columns.steps)] += object_evidence(
            times, columns.steps, detections, dish, labels(), use
        ) + emptied_evidence(
            times, columns.steps, _groups(columns), detections, dish, labels(), numbers.emptied
        )
    found: list[_Found] = []
    period = _period(times)
    cuts = np.flatnonzero(np.diff(times) > use.gap_periods * period) + 1
    for part in np.split(np.arange(times.size), cuts):
        found += _decoded(times[part], evidence[part], columns, period, use)
    found = _parted(found, columns, times, evidence, use, None if errors is None else errors.pause)
    segments, unsure, unsettled = _segments(found, columns, actions.labels, use)
    if unsettled:
        notes.append(
            "Others of the same action were seen, and nothing tells which; whether these were done is open:"
            f" {', '.join(unsettled)}."
        )
    if unsure:
        notes.append(f"{unsure} further stretches looked like a step, too faintly to be counted.")
    lost = (*columns.unrecognisable, *unsettled)
    return Recognition(segments, lost, observed, tuple(notes), glimpses(actions, columns))


def _period(times: Array) -> float:
    return float(np.median(np.diff(times))) if times.size > 1 else 1.0


def _decoded(
    times: Array, evidence: Array, columns: ActionColumns, period: float, use: StepParameters
) -> list[_Found]:
    """The segments of one stretch that was looked at without a gap; background is left out."""
    # On an even grid a missing sample takes its neighbour's evidence: gaps in here are short.
    grid = np.arange(times[0], times[-1] + period / 2, period)
    nearest = np.abs(times[None, :] - grid[:, None]).argmin(axis=1) if times.size > 1 else np.zeros(1, int)
    even = evidence[nearest]
    pooled = -(-len(even) // use.most_samples)
    if pooled > 1:
        starts = np.arange(0, len(even), pooled)
        even = np.add.reduceat(even, starts, axis=0)
    length = period * pooled
    states = even.shape[1]
    background = states - 1
    log_duration = _log_durations(columns, states, len(even), length, use)
    log_start, log_transition = _log_moves(len(columns.steps), len(columns.other), use)
    decoded = decode(even, log_duration, log_start, log_transition)
    origin, last = max(0.0, float(times[0]) - period / 2), float(times[-1]) + period / 2
    return [
        _Found(
            start_s=max(origin, float(times[0]) - period / 2 + begin * length),
            end_s=min(last, float(times[0]) - period / 2 + end * length),
            state=state,
            shares=decoded.posterior[begin:end].mean(axis=0),
        )
        for begin, end, state in decoded.segments
        if state != background
    ]


def _log_durations(
    columns: ActionColumns, states: int, samples: int, period: float, use: StepParameters
) -> Array:
    """(samples, states) log-probability of each length; a column sums to 1 over the lengths possible."""
    seconds: Array = np.arange(1, samples + 1, dtype=np.float64) * period
    free = _log_normal(seconds, use.step_median_s, use.step_spread)
    table = np.empty((samples, states))
    for state in range(states):
        wanted = columns.steps[state].duration if state < len(columns.steps) else None
        if state == states - 1:
            table[:, state] = _log_normal(seconds, use.background_median_s, use.background_spread)
        elif wanted is not None and wanted.max_s > 0:
            table[:, state] = _in_range(seconds, wanted, period, use.outside_range_spread)
        else:
            table[:, state] = free
    normal: Array = table - np.log(np.exp(table - table.max(axis=0)).sum(axis=0)) - table.max(axis=0)
    return normal


def _log_normal(seconds: Array, median: float, spread: float) -> Array:
    log_ratio = np.log(seconds / median)
    density: Array = -0.5 * (log_ratio / spread) ** 2 - np.log(seconds)
    return density


def _in_range(seconds: Array, wanted: DurationRange, period: float, spread: float) -> Array:
    low, high = max(wanted.min_s, period, 1e-3), max(wanted.max_s, period, 1e-3)
    outside = np.maximum(0.0, np.maximum(np.log(low / seconds), np.log(seconds / high)))
    fall: Array = -0.5 * (outside / spread) ** 2
    return fall


def _log_moves(steps: int, others: int, use: StepParameters) -> tuple[Array, Array]:
    """(states,) and (states, states): every step may be first and may follow every other alike."""
    states = steps + others + 1
    share = np.empty(states)
    other_total = use.other_next if others else 0.0
    share[:steps] = (1 - use.background_next - other_total) / steps
    share[steps : steps + others] = other_total / max(others, 1)
    share[-1] = use.background_next
    moves = np.tile(share, (states, 1))
    np.fill_diagonal(moves, 0.0)
    moves /= np.maximum(moves.sum(axis=1, keepdims=True), 1e-12)
    with np.errstate(divide="ignore"):
        return np.log(share), np.log(moves)


def _by_action(columns: ActionColumns) -> list[list[int]]:
    """The states of each action."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for state, step_columns in enumerate(columns.step_columns):
        groups.setdefault(step_columns, []).append(state)
    return list(groups.values())


def _groups(columns: ActionColumns) -> list[list[int]]:
    """The states of each action that several steps share."""
    return [members for members in _by_action(columns) if len(members) > 1]


def _parted(
    found: list[_Found],
    columns: ActionColumns,
    times: Array,
    evidence: Array,
    use: StepParameters,
    odds: PauseOdds | None,
) -> list[_Found]:
    """The segments, those in which several steps of one action were done cut into as many."""
    cut = dict[int, list[_Found]]()
    for members in _by_action(columns):
        mine = [i for i, item in enumerate(found) if item.state in members]
        quiet = [evidence[:, -1] - evidence[:, found[i].state] for i in mine]
        spans = [(found[i].start_s, found[i].end_s) for i in mine]
        pauses = [pauses_in(times, rest, span, use, odds) for rest, span in zip(quiet, spans, strict=True)]
        lengths = [end - start for start, end in spans]
        parts = parts_of(lengths, pauses, [columns.steps[state] for state in members], use)
        for i, rest, held, part in zip(mine, quiet, pauses, parts, strict=True):
            item = found[i]
            cuts = (
                cuts_between(times, rest, item.start_s, item.end_s, part.count)
                if odds is None
                else sorted(pause.time_s for pause in held[: part.count - 1])
            )
            bounds = [item.start_s, *cuts, item.end_s]
            pieces = [replace(item, start_s=a, end_s=b, sure=part.sure) for a, b in pairwise(bounds)]
            cut[i] = [_looked_at_alone(piece, members, columns, times, evidence, use) for piece in pieces]
    return [piece for i, item in enumerate(found) for piece in cut.get(i, [item])]


def _looked_at_alone(
    piece: _Found,
    members: list[int],
    columns: ActionColumns,
    times: Array,
    evidence: Array,
    use: StepParameters,
) -> _Found:
    """A piece with shares of its own: those of the whole stretch went to the step that may last longest."""
    length = np.array([piece.end_s - piece.start_s])
    inside = (times >= piece.start_s) & (times < piece.end_s)
    scores = evidence[inside][:, members].sum(axis=0)
    for place, state in enumerate(members):
        wanted = columns.steps[state].duration
        if wanted is not None and wanted.max_s > 0:
            scores[place] += _in_range(length, wanted, 0.0, use.outside_range_spread)[0]
    weights = np.exp(scores - scores.max())
    shares = piece.shares.copy()
    shares[members] = shares[members].sum() * weights / weights.sum()
    return replace(piece, shares=shares)


def _segments(
    found: list[_Found],
    columns: ActionColumns,
    model_labels: tuple[str, ...],
    use: StepParameters,
) -> tuple[tuple[ActionSegment, ...], int, tuple[str, ...]]:
    """The segments that are sure enough, how many were not, and the steps that nothing settled."""
    steps = columns.steps
    groups = _groups(columns)
    found = sorted(found, key=lambda item: item.start_s)
    names = named(
        [Stretch(item.start_s, item.state, item.shares) for item in found],
        groups,
        steps,
        use,
    )
    segments, unsure = [], 0
    for item, state, sure in zip(found, names.states, names.sureness, strict=True):
        if state >= len(steps):
            certain, confidence = item.shares[item.state], float(item.shares[item.state])
            step_id, action = None, normalised(model_labels[columns.other[state - len(steps)]])
            action = action.replace(" ", "-")
        else:
            members = next((m for m in groups if state in m), [state])
            certain = item.shares[members].sum()
            confidence = float(certain) * sure * item.sure
            step_id, action = steps[state].step_id, steps[state].action
        if certain < use.least_confidence:
            unsure += 1
            continue
        segments.append(
            ActionSegment(
                action_type=action,
                start_s=item.start_s,
                end_s=item.end_s,
                confidence=min(1.0, max(0.0, confidence)),
                step_id=step_id,
            )
        )
    segments.sort(key=lambda segment: (segment.start_s, segment.end_s))
    return tuple(segments), unsure, tuple(steps[state].step_id for state in names.unsettled)
