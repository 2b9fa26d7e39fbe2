"""What several experts' films propose for a dish, each proposal with what speaks for it; judges nobody.

Order, counts and durations are what ``judgement.learning`` makes of performances; heat is counted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import AwareDatetime

from bharatchef.errors import InputError
from bharatchef.experts.confirming import (
    Standing,
    confirmed_experts,
    dish_as_confirmed,
    in_order_already,
    standing,
)
from bharatchef.experts.records import (
    Confirmation,
    ConfirmedEdge,
    ConfirmedExpert,
    OnboardedExpert,
)
from bharatchef.judgement.learning import OrderSuggestion, SuggestedEdge, suggest_order
from bharatchef.observed import Unavailable
from bharatchef.records import Dish, ExpertPerformance
from bharatchef.vocabulary import HeatLevel, Record, Slug

EdgeState = Literal["proposed", "in the dish", "confirmed", "rejected"]


class EdgeOffered(Record):
    """A proposed edge and where it stands."""

    edge: SuggestedEdge
    state: EdgeState


class HeatOffered(Record):
    """How many experts did a step at which heat, beside what the dish asks for."""

    step_id: Slug
    asked: HeatLevel | None
    seen: dict[HeatLevel, int]


class Proposal(Record):
    """All that a dish's experts propose: those of its file, and films that nobody withdrew."""

    dish_id: Slug
    dish_version: str
    experts: tuple[Slug, ...]
    suggestion: OrderSuggestion
    edges: tuple[EdgeOffered, ...]
    heat: tuple[HeatOffered, ...]


def proposal_of(dish: Dish, experts: Iterable[OnboardedExpert], held: Standing) -> Proposal:
    """What the experts of a dish propose; ``dish`` is the one of its file, nothing laid over it."""
    films = [e for e in experts if e.actions and e.performance_id not in held.withdrawn]
    own = {performance.performance_id for performance in dish.expert_performances}
    performances: list[ExpertPerformance] = [
        *dish.expert_performances,
        *(film.performance for film in films if film.performance_id not in own),
    ]
    suggestion = suggest_order(dish.expected_steps, performances)
    return Proposal(
        dish_id=dish.dish_id,
        dish_version=dish.version,
        experts=tuple(performance.performance_id for performance in performances),
        suggestion=suggestion,
        edges=tuple(EdgeOffered(edge=edge, state=_state(dish, edge, held)) for edge in suggestion.edges),
        heat=tuple(_heat(dish, films)),
    )


def confirmation_of(
    dish: Dish,
    experts: Sequence[OnboardedExpert],
    held: Standing,
    *,
    by: str,
    at: AwareDatetime,
    confirm: Sequence[str] = (),
    withdraw: Sequence[str] = (),
    edges: Sequence[tuple[str, str]] = (),
    reject: Sequence[tuple[str, str]] = (),
    because: str = "",
) -> Confirmation:
    """What a person says, checked against what is there.

    Args:
        by: the person's pseudonym.
        confirm, withdraw: performances by their ids.
        edges, reject: pairs of steps, the one that is to be finished first before the other.
        because: the cook's reason for the edges, as trainees read it.

    Raises:
        InputError: there is no such performance or proposal, a performance shows no step, or nothing is said.
    """
    if not (confirm or withdraw or edges or reject):
        raise InputError(
            "Expected something to confirm, withdraw or reject.",
            f"`bharatchef dishes experts {dish.dish_id}` lists what is proposed.",
        )
    by_id = {expert.performance_id: expert for expert in experts}
    for performance_id in (*confirm, *withdraw):
        if performance_id not in by_id:
            raise InputError(
                f"There is no expert {performance_id[:100]!r} of {dish.dish_id}.",
                f"There are: {', '.join(by_id) or 'none; take one in by `bharatchef dishes onboard`'}.",
            )
    for performance_id in confirm:
        if not by_id[performance_id].actions:
            raise InputError(
                f"The film of {performance_id} shows no step of {dish.dish_id} that could be judged by.",
                "Say what is done when: bharatchef dishes onboard FILM --dish … --segments FILE",
            )
    if twice := set(edges) & set(reject) or set(confirm) & set(withdraw):
        raise InputError(f"Expected one word on each: {sorted(twice)[0]} is both confirmed and rejected.")
    offered = proposal_of(dish, experts, held)
    known = {(offer.edge.after_step_id, offer.edge.step_id) for offer in offered.edges}
    for pair in (*edges, *reject):
        if pair not in known and not (pair in reject and pair in held.edges):
            raise InputError(
                f"No expert proposes that {pair[0]!r} must be finished before {pair[1]!r}.",
                f"Proposed are: {', '.join(':'.join(p) for p in sorted(known)) or 'none'}. What nobody shows"
                " belongs into the dish's file.",
            )
    said = Confirmation(
        dish_id=dish.dish_id,
        at=at,
        by=by,
        experts=tuple(ConfirmedExpert(performance_id=i, sha256=by_id[i].sha256) for i in confirm),
        withdrawn=tuple(withdraw),
        edges=tuple(
            _confirmed(offer.edge, because)
            for offer in offered.edges
            if (offer.edge.after_step_id, offer.edge.step_id) in edges
        ),
        rejected=tuple(reject),
    )
    # In a circle with the dish's own order, or of a time that the dish does not ask for, an edge is no use.
    only = standing([said])
    ordered = dish_as_confirmed(dish, only, ())
    for edge in said.edges:
        if not in_order_already(ordered, edge.first, edge.then, edge.times):
            raise InputError(
                f"{edge.first}:{edge.then} cannot be asked for beside the order that {dish.dish_id} has.",
                "Correct the order or the required counts in the dish's file first.",
            )
    return said


ExpertState = Literal["proposed", "confirmed", "changed since it was confirmed", "withdrawn"]


def state_of(expert: OnboardedExpert, held: Standing) -> ExpertState:
    """Where a performance stands; only a confirmed one judges."""
    if expert.performance_id in held.withdrawn:
        return "withdrawn"
    if confirmed_experts(held, [expert]):
        return "confirmed"
    return "changed since it was confirmed" if expert.performance_id in held.experts else "proposed"


def _confirmed(edge: SuggestedEdge, because: str) -> ConfirmedEdge:
    return ConfirmedEdge(
        first=edge.after_step_id,
        then=edge.step_id,
        times=(edge.after_time, edge.time),
        reason=because or f"{edge.seen} of {edge.performances} experts do it in this order",
        seen=edge.seen,
        performances=edge.performances,
        probability=edge.probability,
    )


def _state(dish: Dish, edge: SuggestedEdge, held: Standing) -> EdgeState:
    pair = (edge.after_step_id, edge.step_id)
    if in_order_already(dish, *pair, (edge.after_time, edge.time)):
        return "in the dish"
    if pair in held.edges:
        return "confirmed"
    return "rejected" if pair in held.rejected else "proposed"


def _heat(dish: Dish, films: Sequence[OnboardedExpert]) -> Iterable[HeatOffered]:
    for step in dish.expected_steps:
        seen: dict[HeatLevel, int] = {}
        for film in films:
            if isinstance(film.heat_profile, Unavailable):
                continue
            for heat in film.heat_profile:
                if heat.step_id == step.step_id:
                    seen[heat.level] = seen.get(heat.level, 0) + 1
        if seen:
            yield HeatOffered(step_id=step.step_id, asked=step.heat, seen=seen)
