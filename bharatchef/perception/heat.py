"""Turns the flame, moment by moment, into a cook's words for the heat; knows no dish.

The level is smoothed, and a word is entered at a higher level than it is left at, so that a flame at the
border does not flicker between two words. Where the flame was hidden, nothing is said. Which heat a step was
truly on is not told by its word alone, for a model errs for whole films: ``judgement/settling.py`` weighs
what was read during each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from bharatchef.observed import (
    Analyser,
    HeatErrors,
    HeatMark,
    HeatRead,
    HeatSample,
    HeatTrace,
    Unavailable,
)
from bharatchef.perception.parameters import HeatParameters, parameters
from bharatchef.vocabulary import HeatLevel

_LEVELS = (HeatLevel.OFF, HeatLevel.LOW, HeatLevel.MEDIUM, HeatLevel.HIGH)


def heat_marks(trace: HeatTrace) -> tuple[HeatMark, ...] | Unavailable:
    """The heat over time, as stretches of one word each; gaps where the flame was hidden or unsure.

    Samples that are less sure than the stated least count as hidden. ``Unavailable`` where the flame
    was never in view.

    Raises:
        ValueError: the samples' times do not increase.
    """
    use = parameters().heat
    times = [sample.time_s for sample in trace.samples]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError("expected increasing times of heat samples")
    runs = _visible_runs(trace.samples, use)
    if not runs:
        return Unavailable(
            analyser=Analyser.HEAT,
            reason="The flame was never in view." if times else "Nobody looked for a flame.",
            remedy="Place the camera so that the flame under the pan, or the knob, can be seen.",
        )
    period = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    marks: list[HeatMark] = []
    for run in runs:
        marks += _marks_of(run, period, use)
    return tuple(marks)


def heat_read(trace: HeatTrace, stretches: Sequence[tuple[float, float]], how: HeatErrors) -> list[HeatRead]:
    """What was seen of the flame during each stretch (start and end, seconds).

    Unsure looks count too: a level between two words is unsure of its word, not of itself. Where fewer than
    two looks, or less than half of them, show the flame, there is no level.
    """
    found = []
    for start_s, end_s in stretches:
        looks = [s for s in trace.samples if start_s + how.lead_s <= s.time_s < end_s]
        levels = [_level(s) for s in looks if s.flame != "hidden"]
        if len(levels) < max(2.0, len(looks) / 2):
            found.append(HeatRead(level=None, steady=0.0))
            continue
        middle = float(np.median(levels))
        near = sum(abs(level - middle) <= how.within for level in levels)
        found.append(HeatRead(level=round(middle, 4), steady=round(near / len(looks), 4)))
    return found


def _level(sample: HeatSample) -> float:
    return 0.0 if sample.flame == "off" else sample.level


def _visible_runs(samples: Sequence[HeatSample], use: HeatParameters) -> list[list[HeatSample]]:
    runs: list[list[HeatSample]] = []
    usual = float(np.median(np.diff([s.time_s for s in samples]))) if len(samples) > 1 else 1.0
    for sample in samples:
        if sample.flame == "hidden" or sample.confidence < use.least_confidence:
            continue
        if runs and sample.time_s - runs[-1][-1].time_s <= use.bridge_hidden_s + usual * 1.5:
            runs[-1].append(sample)
        else:
            runs.append([sample])
    return runs


def _marks_of(run: Sequence[HeatSample], period: float, use: HeatParameters) -> list[HeatMark]:
    times = np.array([sample.time_s for sample in run])
    levels = np.array([_level(sample) for sample in run])
    # The median keeps the moment of a real change, which a mean would smear.
    first = np.searchsorted(times, times - use.smoothing_s / 2, side="left")
    past = np.searchsorted(times, times + use.smoothing_s / 2, side="right")
    smooth = [float(np.median(levels[a:b])) for a, b in zip(first, past, strict=True)]
    words = _with_hysteresis(smooth, use)
    edges = [0] + [i for i in range(1, len(words)) if words[i] != words[i - 1]] + [len(words)]
    pieces = [(a, b, words[a]) for a, b in pairwise(edges)]
    pieces = _without_blips(pieces, times, period, use.shortest_mark_s)
    marks = []
    for a, b, word in pieces:
        start = max(0.0, float(times[0]) - period / 2) if a == 0 else float(times[a - 1] + times[a]) / 2
        end = float(times[-1]) + period / 2 if b == len(words) else float(times[b - 1] + times[b]) / 2
        marks.append(HeatMark(start_s=start, end_s=end, level=_LEVELS[word]))
    return marks


def _with_hysteresis(levels: Sequence[float], use: HeatParameters) -> list[int]:
    bounds = (use.low, use.medium, use.high)
    now = sum(level.enter <= levels[0] for level in bounds)
    words = []
    for level in levels:
        while now < len(bounds) and level >= bounds[now].enter:
            now += 1
        while now > 0 and level < bounds[now - 1].leave:
            now -= 1
        words.append(now)
    return words


def _without_blips(
    pieces: list[tuple[int, int, int]], times: np.ndarray[tuple[int], np.dtype[np.float64]], period: float,
    shortest_s: float,
) -> list[tuple[int, int, int]]:  # fmt: skip
    """Stretches shorter than ``shortest_s`` join the longer neighbour; what stands alone stays."""

    def length(piece: tuple[int, int, int]) -> float:
        return float(times[piece[1] - 1] - times[piece[0]]) + period

    while len(pieces) > 1:
        shortest = min(range(len(pieces)), key=lambda i: length(pieces[i]))
        if length(pieces[shortest]) >= shortest_s:
            break
        beside = [i for i in (shortest - 1, shortest + 1) if 0 <= i < len(pieces)]
        into = max(beside, key=lambda i: length(pieces[i]))
        word = pieces[into][2]
        joined: list[tuple[int, int, int]] = []
        for i, (a, b, old) in enumerate(pieces):
            new = word if i == shortest else old
            if joined and joined[-1][2] == new:
                joined[-1] = (joined[-1][0], b, new)
            else:
                joined.append((a, b, new))
        pieces = joined
    return pieces
