"""Proposes a dish's order from several expert performances, for an instructor to confirm.

That one step came before another in all of them may be need or habit. What speaks for need was fitted on
recipes whose order people wrote down; each proposal says how often it was seen and how probable it is.
Knows nothing of trainees or scores.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from math import exp, log
from typing import Annotated, Any

import yaml
from pydantic import Field, ValidationError

from bharatchef.errors import KnowledgeError
from bharatchef.judgement.graph import Node
from bharatchef.records import Dish, ExpectedStep, ExpertPerformance, OrderEdge
from bharatchef.vocabulary import Confidence, Record, Sha256

FEATURES = (
    "against",  # performances that show the other order
    "places_overlap",  # log of how often the two would be in the other order by chance
    "shared_words",  # words that both descriptions have, rare ones for more
    "same_verb",
    "shortest_lead",  # log of how many steps the one was ahead, at the least
    "mean_lead",  # and in the mean
    "shared_food",  # a word in common that names no vessel
    "shared_vessel",
    "preparing_then_cooking",
    "preparing_then_adding",  # what was prepared
    "then_preparing",  # something else
    "performances",
)


class LearningWeights(Record):
    """What speaks for an order being needed, as a logistic regression over ``FEATURES``.

    An edge is proposed from ``propose_from`` on, and as binding from ``binding_from`` on, where at
    least ``min_performances`` were seen and at most the share ``most_against`` shows the other order.
    """

    version: str
    sha256: Sha256
    intercept: float
    weights: dict[str, float]
    propose_from: Confidence
    binding_from: Confidence
    min_performances: Annotated[int, Field(ge=2)]
    most_against: Confidence
    preparing: tuple[str, ...]
    adding: tuple[str, ...]
    cooking: tuple[str, ...]
    vessels: tuple[str, ...]
    common_words: tuple[str, ...]


class SuggestedEdge(Record):
    """A proposal that one required time of a step comes after one of another, seen so many times.

    ``binding`` says that it is sure enough to be judged by before an instructor has confirmed it.
    """

    step_id: str
    time: int
    after_step_id: str
    after_time: int
    seen: int
    performances: int
    probability: Confidence
    binding: bool


class SuggestedRange(Record):
    """How long a step took in the performances, seconds, and in how many doings."""

    min_s: float
    max_s: float
    seen: int


class OrderSuggestion(Record):
    """What expert performances propose for a dish, with the support of each proposal.

    ``edges`` are for an instructor to confirm; ``binding`` are those sure enough to be judged by until
    then. Each list is reduced: none of its edges follows from its others. ``required_counts`` holds the
    times that every expert did a step; steps that some left out are in ``optional``.
    """

    performances: int
    edges: tuple[SuggestedEdge, ...]
    binding: tuple[SuggestedEdge, ...]
    required_counts: dict[str, int]
    optional: tuple[str, ...]
    durations: dict[str, SuggestedRange]
    weights_version: str
    weights_sha256: Sha256
    note: str = ""


def load_learning_weights() -> LearningWeights:
    """The weights that come with the program."""
    data = resources.files("bharatchef.judgement").joinpath("learning.yaml").read_bytes()
    return parse_learning_weights(data, "bharatchef/judgement/learning.yaml")


def parse_learning_weights(data: bytes, name: str) -> LearningWeights:
    """Weights out of the bytes of a YAML file called ``name`` in errors.

    Raises:
        KnowledgeError: not YAML, or a value is missing or does not fit; the message names it.
    """
    try:
        raw: Any = yaml.safe_load(data)
        found = LearningWeights.model_validate({**raw, "sha256": hashlib.sha256(data).hexdigest()})
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise KnowledgeError(f"{name} holds no weights that can be used: {error}.", "Restore it.") from error
    if set(found.weights) != set(FEATURES):
        raise KnowledgeError(
            f"{name}: expected weights for {', '.join(FEATURES)}, got {list(found.weights)}."
        )
    return found


def suggest_order(
    steps: Sequence[ExpectedStep],
    performances: Sequence[ExpertPerformance],
    weights: LearningWeights | None = None,
) -> OrderSuggestion:
    """Edges, counts and durations that several expert performances propose.

    Args:
        steps: the dish's steps, for their words and actions; their own edges and counts are not read.
        performances: by people who can cook it. From fewer than ``min_performances`` nothing is
            proposed as binding.
        weights: those of ``load_learning_weights`` where left out.
    """
    weights = weights or load_learning_weights()
    known = {step.step_id: step for step in steps}
    shown = [_occurrences(performance, known) for performance in performances]
    counts = _counts(known, shown)
    nodes = _required(counts)
    candidates = [
        (pair, 1.0 / (1.0 + exp(-_odds(pair, weights)))) for pair in pairs_seen(steps, performances, weights)
    ]
    enough = len(shown) >= weights.min_performances
    proposed = [(pair, sure) for pair, sure in candidates if sure >= weights.propose_from]
    sure_enough = [(pair, sure) for pair, sure in proposed if enough and sure >= weights.binding_from]
    note = ""
    if len(shown) < 2:
        note = "one performance shows one way to cook the dish, not which order it needs: nothing is proposed"
    elif not enough:
        note = (
            f"{len(shown)} performances are too few to tell need from habit; {weights.min_performances} or "
            "more are asked for, so nothing is proposed as binding"
        )
    return OrderSuggestion(
        performances=len(shown),
        edges=_edges(nodes, proposed, weights.binding_from if enough else 2.0),
        binding=_edges(nodes, sure_enough, weights.binding_from),
        required_counts={step_id: count for step_id, count in counts.items() if count > 0},
        optional=tuple(step_id for step_id, count in counts.items() if count == 0),
        durations=_ranges(performances, known),
        weights_version=weights.version,
        weights_sha256=weights.sha256,
        note=note,
    )


def _edges(
    nodes: Sequence[Node], pairs: Sequence[tuple[PairSeen, float]], binding_from: float
) -> tuple[SuggestedEdge, ...]:
    """The pairs as edges, the surest first taken, without those that follow from others."""
    taken = {(pair.first, pair.then): (pair, sure) for pair, sure in pairs}
    before = _closed(nodes, sorted(taken, key=lambda link: (-taken[link][1], link)))
    return tuple(
        SuggestedEdge(
            step_id=then.step_id,
            time=then.time,
            after_step_id=first.step_id,
            after_time=first.time,
            seen=taken[first, then][0].seen,
            performances=taken[first, then][0].of,
            probability=round(taken[first, then][1], 4),
            binding=taken[first, then][1] >= binding_from,
        )
        for first, then in _reduced(before)
        if (first, then) in taken
    )


def with_order(dish: Dish, suggestion: OrderSuggestion) -> Dish:
    """``dish`` with counts and edges from the binding proposals, each with its support as the reason."""
    edges: dict[str, list[OrderEdge]] = {}
    for edge in suggestion.binding:
        edges.setdefault(edge.step_id, []).append(
            OrderEdge(
                step_id=edge.after_step_id,
                reason=f"seen in {edge.seen} of {edge.performances} expert performances",
                times=(edge.after_time, edge.time),
            )
        )
    steps = tuple(
        step.model_copy(
            update={
                "must_come_after": tuple(edges.get(step.step_id, ())),
                "required_count": suggestion.required_counts.get(step.step_id, 1),
                "optional": step.step_id in suggestion.optional,
            }
        )
        for step in dish.expected_steps
    )
    return dish.model_copy(update={"expected_steps": steps})


@dataclass(frozen=True)
class PairSeen:
    """How two required times stood to each other in the performances that show both.

    ``features`` are those of ``FEATURES``, in that order.
    """

    first: Node
    then: Node
    seen: int
    of: int
    features: tuple[float, ...]

    @property
    def against(self) -> int:
        return self.of - self.seen


def pairs_seen(
    steps: Sequence[ExpectedStep], performances: Sequence[ExpertPerformance], weights: LearningWeights
) -> list[PairSeen]:
    """All pairs of different steps that the performances show in the same order, or nearly all of them."""
    known = {step.step_id: step for step in steps}
    shown = [_occurrences(performance, known) for performance in performances]
    nodes = _required(_counts(known, shown))
    ranks = [
        {node: rank for rank, node in enumerate(sorted(one, key=lambda n: (one[n], n)))} for one in shown
    ]
    vocabulary = {step_id: _words(step, weights) for step_id, step in known.items()}
    usual = Counter(word for words in vocabulary.values() for word in words)
    found = []
    for first in nodes:
        for then in nodes:
            if first.step_id == then.step_id:
                continue
            both = [rank for rank in ranks if first in rank and then in rank]
            leads = [rank[then] - rank[first] for rank in both]
            seen = sum(lead > 0 for lead in leads)
            if len(both) < 2 or len(both) - seen > weights.most_against * len(both):
                continue
            words = _relation(known[first.step_id], known[then.step_id], vocabulary, usual, weights)
            features = {
                "against": float(len(both) - seen),
                "places_overlap": log(max(1e-3, 1.02 - _by_chance(ranks, first, then))),
                "shortest_lead": log(max(0.3, min(leads))),
                "mean_lead": log(max(0.3, sum(leads) / len(leads))),
                "performances": float(len(both)),
                **words,
            }
            row = tuple(features[name] for name in FEATURES)
            found.append(PairSeen(first, then, seen, len(both), row))
    return found


def _relation(
    first: ExpectedStep,
    then: ExpectedStep,
    vocabulary: Mapping[str, frozenset[str]],
    usual: Mapping[str, int],
    weights: LearningWeights,
) -> dict[str, float]:
    """What the words of two steps say of one needing the other."""
    verb, other_verb = _verb(first), _verb(then)
    shared = vocabulary[first.step_id] & vocabulary[then.step_id]
    vessels = {_stem(word) for word in weights.vessels}
    food = bool(shared - vessels)
    prepared = verb in weights.preparing
    return {
        "shared_words": sum(log(len(vocabulary) / usual[word]) for word in sorted(shared)),
        "same_verb": float(verb == other_verb),
        "shared_food": float(food),
        "shared_vessel": float(bool(shared & vessels)),
        "preparing_then_cooking": float(prepared and other_verb in weights.cooking),
        "preparing_then_adding": float(prepared and other_verb in weights.adding and food),
        "then_preparing": float(other_verb in weights.preparing and not food),
    }


def _odds(pair: PairSeen, weights: LearningWeights) -> float:
    weighed = sum(weights.weights[name] * x for name, x in zip(FEATURES, pair.features, strict=True))
    return weights.intercept + weighed


def _by_chance(ranks: Sequence[Mapping[Node, int]], first: Node, then: Node) -> float:
    """How often the one would come before the other if each kept to its own places, 0 to 1."""
    mine = [rank[first] / max(1, len(rank) - 1) for rank in ranks if first in rank]
    yours = [rank[then] / max(1, len(rank) - 1) for rank in ranks if then in rank]
    return sum(a < b for a in mine for b in yours) / (len(mine) * len(yours))


def _occurrences(
    performance: ExpertPerformance, steps: Mapping[str, ExpectedStep]
) -> dict[Node, tuple[float, float]]:
    counts: Counter[str] = Counter()
    found = {}
    for action in sorted(performance.actions, key=lambda a: (a.start_s, a.end_s, a.step_id or "")):
        step_id = action.step_id
        if step_id is not None and step_id in steps:
            counts[step_id] += 1
            found[Node(step_id, counts[step_id])] = (action.start_s, action.end_s)
    return found


def _counts(steps: Iterable[str], shown: Sequence[Mapping[Node, tuple[float, float]]]) -> dict[str, int]:
    """How often every one of the performances shows each step."""
    return {
        step_id: min((sum(node.step_id == step_id for node in one) for one in shown), default=0)
        for step_id in steps
    }


def _required(counts: Mapping[str, int]) -> list[Node]:
    return [Node(step_id, time) for step_id, count in counts.items() for time in range(1, max(1, count) + 1)]


def _words(step: ExpectedStep, weights: LearningWeights) -> frozenset[str]:
    words = re.findall(r"[a-z]{3,}", step.description.lower())
    return frozenset(_stem(word) for word in words if word not in weights.common_words)


def _verb(step: ExpectedStep) -> str:
    """The first word of a step's description, which is its verb where it tells the cook what to do."""
    found = re.search(r"[a-z]+", step.description.lower())
    return found.group() if found else step.action


def _stem(word: str) -> str:
    for ending in ("ing", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def _closed(nodes: Sequence[Node], pairs: Iterable[tuple[Node, Node]]) -> dict[Node, set[Node]]:
    """All that comes before each node, a step's own times in turn; a pair that closes a circle is not."""
    before: dict[Node, set[Node]] = {node: set() for node in nodes}
    own = [(Node(n.step_id, n.time - 1), n) for n in nodes if n.time > 1]
    for first, then in [*own, *pairs]:
        if then in before[first]:
            continue
        for node in nodes:
            if node == then or then in before[node]:
                before[node] |= before[first] | {first}
    return before


def _reduced(before: Mapping[Node, set[Node]]) -> list[tuple[Node, Node]]:
    return [
        (first, then)
        for then, earlier in before.items()
        for first in sorted(earlier)
        if not any(first in before[between] for between in earlier)
    ]


def _ranges(
    performances: Sequence[ExpertPerformance], steps: Mapping[str, ExpectedStep]
) -> dict[str, SuggestedRange]:
    lengths: dict[str, list[float]] = {}
    for performance in performances:
        for action in performance.actions:
            if action.step_id in steps:
                lengths.setdefault(str(action.step_id), []).append(action.length_s)
    return {
        step_id: SuggestedRange(min_s=min(seen), max_s=max(seen), seen=len(seen))
        for step_id, seen in sorted(lengths.items())
    }
