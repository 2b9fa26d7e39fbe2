"""Which heat each step was on, by a model that errs for whole films; knows no film and no words.

A model takes medium for high in one kitchen from beginning to end, and reads the next one rightly. So a
step's reading is weighed beside the film's others: which kind of film this is, and which level the step was
truly on, are both unknown, and settled together (a latent class model: Dawid and Skene 1979, here one class
a film). Where all steps look one level too high, the film is of the kind that does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bharatchef.judgement.graph import Node, StepGraph
from bharatchef.judgement.matching import Matching
from bharatchef.judgement.thresholds import HeatThresholds
from bharatchef.observed import FilmKind, HeatErrors, HeatRead, Performance
from bharatchef.vocabulary import HeatLevel


@dataclass(frozen=True)
class Held:
    """A segment: the heat that its step asks for, from when to when in seconds, and what was read."""

    asked: HeatLevel | None
    start_s: float
    end_s: float
    read: HeatRead

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


def readings(held: Sequence[Held], how: HeatErrors, steady_share: float) -> list[int | None]:
    """Which reading each segment, in the order of time, gives: 0 to ``len(how.bounds)``, or ``None``.

    Of two steps on the heat at once nobody knows whose flame was seen, so neither gives one. A flame stays
    as it is set until a step asks for another heat. So what is seen between is a second look at the same
    setting, with other hands and vessels in the way: a level that does not hold there is nobody's.
    """
    found: list[int | None] = []
    for place, one in enumerate(held):
        level = one.read.level
        beside_s = sum(
            _shared_s(one, other) for other in held if other is not one and other.asked is not None
        )
        alone = beside_s <= (1 - steady_share) * one.length_s
        if one.asked is None or level is None or one.read.steady < steady_share or not alone:
            found.append(None)
            continue
        weight, near = one.length_s, one.length_s * one.read.steady
        for other in _until_next(held, place):
            if other.read.level is not None:
                weight += other.length_s
                if abs(other.read.level - level) <= how.within:
                    near += other.length_s * other.read.steady
        steady = near >= steady_share * weight
        found.append(sum(bound <= level for bound in how.bounds) if steady else None)
    return found


def _shared_s(one: Held, other: Held) -> float:
    return max(0.0, min(one.end_s, other.end_s) - max(one.start_s, other.start_s))


def _until_next(held: Sequence[Held], place: int) -> Sequence[Held]:
    """The segments up to the next that asks for a heat; none where no other does."""
    ahead = range(place + 1, len(held))
    end = next((later for later in ahead if held[later].asked is not None), place + 1)
    return held[place + 1 : end]


def levels_of(
    read: Sequence[tuple[HeatLevel, int]], how: HeatErrors, wrong_rate: float
) -> list[dict[HeatLevel, float]]:
    """How likely each step was truly on each level, given what all steps of the film looked like.

    Empty where nothing was counted.

    Args:
        read: of each step the heat that was asked for, and its reading.
        wrong_rate: how often a step is on another heat than was asked, each other one alike.
    """
    if not how.kinds:
        return []
    joint = [[_joint(asked, seen, kind, wrong_rate) for asked, seen in read] for kind in how.kinds]
    odds = [
        math.log(kind.share) + sum(math.log(sum(step.values())) for step in steps)
        for kind, steps in zip(how.kinds, joint, strict=True)
    ]
    weights = [math.exp(one - max(odds)) for one in odds]
    return [
        {
            level: sum(
                weight * steps[place][level] / sum(steps[place].values())
                for weight, steps in zip(weights, joint, strict=True)
            )
            / sum(weights)
            for level in HeatLevel
        }
        for place in range(len(read))
    ]


def _joint(asked: HeatLevel, seen: int, kind: FilmKind, wrong_rate: float) -> dict[HeatLevel, float]:
    others = len(HeatLevel) - 1
    return {
        level: (1 - wrong_rate if level is asked else wrong_rate / others) * kind.read[level][seen]
        for level in HeatLevel
    }


def settled_heats(
    graph: StepGraph, matched: Matching, performance: Performance, thresholds: HeatThresholds
) -> Mapping[Node, Mapping[HeatLevel, float]]:
    """How likely each matched step was on each heat, for those whose flame could be read."""
    how = performance.heat_errors
    if how is None or not how.kinds:
        return {}
    segments = performance.segments
    order = sorted(range(len(segments)), key=lambda i: (segments[i].start_s, segments[i].end_s, i))
    steps = [graph.steps.get(segments[i].step_id or "") for i in order]
    held = [
        Held(
            None if step is None else step.heat,
            segments[i].start_s,
            segments[i].end_s,
            performance.heat_read[i],
        )
        for i, step in zip(order, steps, strict=True)
    ]
    seen = dict(zip(order, readings(held, how, thresholds.steady_share), strict=True))
    known: list[tuple[Node, HeatLevel, int]] = []
    for node in graph.nodes:
        asked = graph.steps[node.step_id].heat
        if asked is None or node not in matched.done:
            continue
        reading = seen[max(matched.done[node].indices, key=lambda i: segments[i].length_s)]
        if reading is not None:
            known.append((node, asked, reading))
    chances = levels_of([(asked, reading) for _, asked, reading in known], how, thresholds.wrong_rate)
    return {node: levels for (node, _, _), levels in zip(known, chances, strict=True)}
