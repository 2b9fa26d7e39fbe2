"""How probable it is that a step nobody reported was done all the same, by the gap it left in the film.

A step that a detector dropped leaves free time about as long as it usually takes, where it usually lies; one
that the cook left out does not. Knows nothing of deviations or scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import exp, lgamma, log, sqrt

from bharatchef.judgement.durations import DurationModel
from bharatchef.judgement.graph import Node, StepGraph
from bharatchef.judgement.matching import Doing, Matching
from bharatchef.judgement.places import PlaceModel, place_cost, place_models
from bharatchef.judgement.thresholds import GapThresholds, Thresholds
from bharatchef.vocabulary import Span

_SHORTEST_S = 1.0
_ROUNDING_S = 0.5


def free_spans(taken: Sequence[Doing], filmed: Span) -> tuple[Span, ...]:
    """The stretches of what was filmed in which nothing of ``taken`` was going on."""
    free, reached, end_s = [], filmed.start_s, filmed.end_s
    for doing in sorted(taken, key=lambda d: (d.start_s, d.end_s, d.indices)):
        if doing.start_s > reached:
            free.append(Span(start_s=reached, end_s=doing.start_s))
        reached = max(reached, doing.end_s)
    if end_s > reached:
        free.append(Span(start_s=reached, end_s=end_s))
    return tuple(free)


def done_unseen(
    graph: StepGraph,
    matched: Matching,
    models: Mapping[str, DurationModel],
    experts: Sequence[Matching],
    filmed: Span,
    thresholds: Thresholds,
) -> dict[Node, float]:
    """Of each required time that nothing did, the probability that it was done and not reported, 0 to 1.

    Two rates are unknown and integrated out (each a beta distribution): how often this cook leaves a
    step out, and how often this source fails on a step. Of the second, each segment that had to be read
    as something else or as false is evidence; of the first, the other absent steps are. All ways to
    explain the absent steps are weighed against each other: each was left out, or dropped in one gap,
    and one gap holds one step. That gap is then as long as the step usually takes, not as long as this
    dish's cooks usually pause. Exact for up to ``most_steps`` absent steps and ``most_gaps`` gaps each,
    the likeliest of both; further absent steps count as left out.
    """
    absent = [n for n in graph.nodes if n not in matched.done and not graph.steps[n.step_id].optional]
    limits = thresholds.gaps
    free = free_spans(tuple(matched.done.values()), filmed)
    if not absent or not free:
        return {}
    pause = _usual_pause(experts, limits)
    usual_places = place_models(experts, thresholds.places)
    hidden = {
        node: _gaps_for(
            _Absent(node, models[node.step_id], usual_places.get(node)),
            graph,
            matched,
            free,
            pause,
            thresholds,
        )
        for node in absent
        if node.step_id in models
    }
    likeliest = sorted(hidden, key=lambda n: (-max((w for _, w in hidden[n]), default=0.0), n))
    open_ = {node: hidden[node] for node in likeliest[: limits.most_steps]}
    misreadings = len(matched.surplus) + sum(d.step_id != n.step_id for n, d in matched.done.items())
    found = _Explanations(open_, len(absent), len(graph.nodes), misreadings, thresholds).shares()
    return {node: found.get(node, 0.0) for node in absent}


@dataclass(frozen=True)
class _Absent:
    node: Node
    model: DurationModel
    place: PlaceModel | None


def _usual_pause(experts: Sequence[Matching], limits: GapThresholds) -> DurationModel:
    """How long cooks of this dish do nothing between two steps, shrunk towards the usual."""
    pauses = chain.from_iterable(
        free_spans(tuple(e.done.values()), Span(start_s=0.0, end_s=max(d.end_s for d in e.done.values())))
        for e in experts
        if e.done
    )
    logs = [log(span.length_s + _ROUNDING_S) for span in pauses]
    weight, usual = limits.pause_weight, log(limits.pause_s)
    mean = (weight * usual + sum(logs)) / (weight + len(logs))
    squares = weight * limits.pause_spread**2 + sum((x - mean) ** 2 for x in logs)
    return DurationModel(mean, sqrt(squares / (weight + len(logs))), len(logs), False)


def _gaps_for(
    absent: _Absent,
    graph: StepGraph,
    matched: Matching,
    free: Sequence[Span],
    pause: DurationModel,
    thresholds: Thresholds,
) -> list[tuple[int, float]]:
    """The gaps that may hide a step, with how much likelier each is with it inside than without."""
    limits, node = thresholds.gaps, absent.node
    starts = [doing.start_s for doing in matched.done.values()]
    before = [matched.done[n] for n in graph.before[node] if n in matched.done]
    after = [matched.done[n] for n in graph.after[node] if n in matched.done]
    priors, fits = [], []
    for span in free:
        broken = sum(d.start_s >= span.end_s for d in before) + sum(d.end_s <= span.start_s for d in after)
        prior = -thresholds.repair.order_cost * min(broken, limits.most_broken)
        if absent.place is not None:
            middle = (span.start_s + span.end_s) / 2
            share = sum(start < middle for start in starts) / len(starts)
            prior -= place_cost(share, absent.place, thresholds.places.anywhere)
        length_s = max(_SHORTEST_S, span.length_s)
        fit = absent.model.log_density(length_s, limits.slack_spread) - pause.log_density(length_s)
        priors.append(prior)
        fits.append(min(limits.most_evidence, max(-limits.most_evidence, fit)))
    highest = max(priors)
    whole = highest + log(sum(exp(p - highest) for p in priors))
    weights = [exp(limits.trust * (p - whole + f)) for p, f in zip(priors, fits, strict=True)]
    ranked = sorted(enumerate(weights), key=lambda pair: (-pair[1], pair[0]))
    return ranked[: limits.most_gaps]


class _Explanations:
    """All ways to explain the absent steps, each with its weight."""

    def __init__(
        self,
        hidden: Mapping[Node, Sequence[tuple[int, float]]],
        absent: int,
        required: int,
        misreadings: int,
        thresholds: Thresholds,
    ) -> None:
        limits, skip = thresholds.gaps, thresholds.presence.skip_rate
        self.open = list(hidden)
        self.hidden = hidden
        # By how many of the absent steps were dropped: the rest were left out.
        self.weights = _normalised(
            [
                _log_beta(
                    skip * limits.cook_weight + absent - dropped,
                    (1 - skip) * limits.cook_weight + required - absent + dropped,
                )
                + _log_beta(
                    limits.drop_rate * limits.source_weight + misreadings + dropped,
                    (1 - limits.drop_rate) * limits.source_weight + 2 * required - misreadings - dropped,
                )
                for dropped in range(len(self.open) + 1)
            ]
        )
        self.total = 0.0
        self.dropped = dict.fromkeys(self.open, 0.0)

    def shares(self) -> dict[Node, float]:
        """Of each open step the share of all weight in which it was dropped."""
        self._explain(0, (), (), 1.0)
        return {node: weight / self.total for node, weight in self.dropped.items()}

    def _explain(self, place: int, used: tuple[int, ...], dropped: tuple[Node, ...], weight: float) -> None:
        if place == len(self.open):
            whole = weight * self.weights[len(dropped)]
            self.total += whole
            for node in dropped:
                self.dropped[node] += whole
            return
        node = self.open[place]
        self._explain(place + 1, used, dropped, weight)
        for gap, fit in self.hidden[node]:
            if gap not in used:
                self._explain(place + 1, (*used, gap), (*dropped, node), weight * fit)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(max(b, _SHORTEST_S)) - lgamma(a + max(b, _SHORTEST_S))


def _normalised(logs: Sequence[float]) -> list[float]:
    highest = max(logs)
    return [exp(x - highest) for x in logs]
