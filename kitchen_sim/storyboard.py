"""What stands where and what is in it at any moment of a script; must not know how any of it is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from kitchen_sim.canvas import Floats, vec
from kitchen_sim.errors import DrawingError
from kitchen_sim.script import Heat, Script, ScriptStep
from kitchen_sim.styles import Style, data_file
from kitchen_sim.things import FORMS, HOB_FORMS, SERVE_FORMS, VESSEL_WORDS, Food

FLAME_LEVEL: dict[Heat, float] = {"off": 0.0, "low": 0.3, "medium": 0.6, "high": 1.0}
HOB_Z = 0.075
_RAMP_S = 0.4
_LENDING = ("mortar", "mixer", "bowl")
_DYE_S = 12.0
_COOK_S = 30.0
_BOIL_S = 9.0
# Seconds over a full flame until two thirds of what burns is charred.
_SCORCH_S = 5.0


def motion_of(action: str) -> str:
    """The motion that an action word is drawn by.

    Raises:
        DrawingError: no motion is known for the word; the message names the nearest ones.
    """
    known = _motion_words()
    word = action.lower().replace("_", "-").replace(" ", "-")
    if word not in known:
        near = get_close_matches(word, list(known), 3)
        raise DrawingError(
            f"expected an action that can be drawn, got {action!r}; "
            f"{'perhaps ' + ', '.join(near) if near else 'known ones: ' + ', '.join(motions())}"
        )
    return known[word]


def motions() -> tuple[str, ...]:
    """All motions that can be drawn, by name."""
    return tuple(data_file("actions.yaml")["motions"])


def _motion_words() -> dict[str, str]:
    words: dict[str, str] = {}
    for name, row in data_file("actions.yaml")["motions"].items():
        words |= dict.fromkeys([name, *row["like"]], name)
    return words


@dataclass(frozen=True)
class Thing:
    """A vessel standing somewhere, from when to when; ``food`` is what an ingredient's own dish holds."""

    thing_id: str
    kind: str
    label: str
    at: tuple[float, float, float]
    food: Food | None = None
    start_s: float = 0.0
    end_s: float = math.inf

    @property
    def origin(self) -> Floats:
        return vec(*self.at)


@dataclass(frozen=True)
class Addition:
    """``amount`` (share of a vessel) of a food goes into a vessel between two moments."""

    thing_id: str
    food: Food
    amount: float
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Transfer:
    """A share of what is in one vessel goes over into another between two moments."""

    source_id: str
    target_id: str
    share: float
    start_s: float
    end_s: float
    liquid_only: bool


@dataclass(frozen=True)
class Plan:
    """One step as it is played: its motion and the things it touches."""

    index: int
    step: ScriptStep
    motion: str
    tool: str
    target_id: str
    source_ids: tuple[str, ...]
    from_id: str | None
    foods: tuple[Food, ...]


@dataclass(frozen=True)
class Contents:
    """What a vessel holds. ``fill`` 0 to 1; pieces are (food, share of a vessel, cooked 0 to 1).

    ``scorched`` is how burnt all of it is, 0 to 1.
    """

    fill: float
    liquid: float
    colour: tuple[float, float, float]
    pieces: tuple[tuple[Food, float, float], ...]
    heat: float = 0.0
    bubbling: float = 0.0
    scorched: float = 0.0


@dataclass
class Storyboard:
    """A script worked out (by ``planning``): things, plans and what goes where, as functions of time."""

    script: Script
    style: Style
    things: dict[str, Thing] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)

    @property
    def hob_x(self) -> tuple[float, float]:
        return self.style.hob_x - 0.165, self.style.hob_x + 0.165

    @cached_property
    def heat_spans(self) -> tuple[tuple[float, float, Heat], ...]:
        return tuple(self.script.heat_spans())

    @cached_property
    def vessel_words(self) -> list[str]:
        words: list[str] = []
        for step in self.script.steps:
            for word in step.objects:
                kind = VESSEL_WORDS.get(word)
                if kind and word not in words:
                    words.append(word)
        return words

    def flame_level(self, time_s: float) -> float:
        """How large the drawn flame is, 0 to 1; a change takes 0.4 s, begun at the step's start."""
        before = 0.0
        for start_s, end_s, heat in self.heat_spans:
            if time_s < end_s - 1e-6 or end_s >= self.script.duration_s:
                share = 1.0 if start_s <= 0 else min(1.0, max(0.0, (time_s - start_s + 1e-6) / _RAMP_S))
                return before + (FLAME_LEVEL[heat] - before) * share
            before = FLAME_LEVEL[heat]
        return before

    def flame_heat(self, time_s: float) -> Heat:
        """What the flame is set to."""
        return next((heat for a, b, heat in self.heat_spans if a - 1e-6 <= time_s < b - 1e-6), "off")

    def burning_thing(self, time_s: float) -> str | None:
        """Over which thing's burner the flame is: that of the last step that set the heat."""
        last: str | None = None
        for plan in self.plans:
            if (
                plan.step.heat is not None
                and plan.step.start_s <= time_s + 1e-6
                and self.on_hob(plan.target_id)
            ):
                last = plan.target_id
        return last

    def contents(self, thing_id: str, time_s: float) -> Contents:
        """What a vessel holds; an ingredient's own dish is emptied as it is used."""
        thing = self.things[thing_id]
        held: list[tuple[Food, float, float]] = []
        if thing.food is not None:
            own = [
                a
                for a in self.additions
                if a.food == thing.food and self.last_place(a.food, a.start_s) is None
            ]
            used = sum(self._done(a, time_s) for a in own)
            total = len(own) or 1
            held.append((thing.food, 0.75 * (1 - 0.9 * used / total), 0.0))
        for a in self.additions:
            if a.thing_id == thing_id and time_s > a.start_s:
                left = self._done(a, time_s)
                if thing.kind in _LENDING:
                    left -= max(
                        (self._done(b, time_s) for b in self.additions if self._taken(a, b)), default=0.0
                    )
                held.append((a.food, a.amount * max(0.0, left), a.start_s))
        for transfer in self.transfers:
            done = self._done(transfer, time_s)
            if done <= 0:
                continue
            if transfer.source_id == thing_id:
                held = [
                    (
                        food,
                        amount
                        * (
                            1
                            - done
                            * transfer.share
                            * (
                                1.0
                                if food.form == "liquid" or food.dissolves or not transfer.liquid_only
                                else 0.0
                            )
                        ),
                        at,
                    )
                    for food, amount, at in held
                ]
            if transfer.target_id == thing_id:
                source = self._before(transfer)
                scale = FORMS[self.things[transfer.source_id].kind].rim_r / FORMS[thing.kind].rim_r
                for food, amount, at in source:
                    if food.form == "liquid" or food.dissolves or not transfer.liquid_only:
                        held.append((food, min(0.8, amount * transfer.share * min(1.6, scale)) * done, at))
        return self._mixed(thing_id, held, time_s)

    def _taken(self, put: Addition, later: Addition) -> bool:
        return later.food == put.food and later.thing_id != put.thing_id and later.start_s >= put.end_s

    def _before(self, transfer: Transfer) -> list[tuple[Food, float, float]]:
        return [
            (a.food, a.amount, a.start_s)
            for a in self.additions
            if a.thing_id == transfer.source_id and a.end_s <= transfer.start_s + 1e-6
        ]

    def _mixed(self, thing_id: str, held: list[tuple[Food, float, float]], time_s: float) -> Contents:
        warm_id = thing_id
        for transfer in self.transfers:
            if transfer.target_id == thing_id:
                warm_id = transfer.source_id
        liquid = sum(amount for food, amount, _ in held if food.form == "liquid")
        solid = sum(amount for food, amount, _ in held if food.form != "liquid")
        weight, mixed = 1e-9, np.zeros(3)
        pieces: list[tuple[Food, float, float]] = []
        dyes: list[tuple[Food, float, float]] = list(held)
        if warm_id != thing_id:
            dyes += [
                (a.food, a.amount * 0.6, a.start_s)
                for a in self.additions
                if a.thing_id == warm_id and a.food.form != "liquid" and a.end_s <= time_s
            ]
        for food, amount, since_s in dyes:
            hot_s = self.hot_seconds(warm_id, since_s, time_s)
            drawn = (
                1.0 if food.form == "liquid" else 1 - math.exp(-(hot_s + 0.15 * (time_s - since_s)) / _DYE_S)
            )
            share = amount * food.dye * drawn
            mixed += share * np.array(food.dye_colour if food.form != "liquid" else food.raw)
            weight += share
        for food, amount, since_s in held:
            if food.form != "liquid" and amount > 0.002:
                hot_s = self.hot_seconds(warm_id, since_s, time_s)
                pieces.append((food, amount, 1 - math.exp(-hot_s / _COOK_S)))
        fill = min(0.92, liquid + solid * (0.35 if liquid > 0.05 else 0.8))
        hot = self._heat_now(thing_id, time_s)
        r, g, b = mixed / weight if weight > 1e-6 else np.array([150.0, 120.0, 90.0])
        bubbling = max(0.0, min(1.0, hot * 1.7 - 0.55)) if liquid > 0.03 else max(0.0, hot - 0.4) * 0.5
        burnt = self.scorch(warm_id, time_s)
        return Contents(fill, liquid, (float(r), float(g), float(b)), tuple(pieces), hot, bubbling, burnt)

    def scorch(self, thing_id: str, time_s: float) -> float:
        """How burnt what is in a vessel is, 0 to 1: it grows with the flame's seconds and never goes back."""
        worst = 0.0
        for plan in self.plans:
            if plan.step.burns_after_s is not None and plan.target_id == thing_id:
                begun_s = plan.step.start_s + plan.step.burns_after_s
                worst = max(worst, 1 - math.exp(-self.hot_seconds(thing_id, begun_s, time_s) / _SCORCH_S))
        return worst

    def smoke(self, thing_id: str, time_s: float) -> float:
        """How much smoke rises from a vessel, 0 to 1: burnt food smokes for as long as it is hot."""
        burnt = self.scorch(thing_id, time_s) if self.on_hob(thing_id) else 0.0
        return burnt * min(1.0, 1.8 * self._heat_now(thing_id, time_s)) if burnt > 0 else 0.0

    def burning(self, time_s: float) -> tuple[float, float]:
        """(smoke, scorch) of the worst vessel, each 0 to 1; a vessel that is put away no longer counts."""
        there = [t.thing_id for t in self.things.values() if t.start_s <= time_s < t.end_s]
        hob = [thing_id for thing_id in there if self.on_hob(thing_id)]
        return (
            max((self.smoke(thing_id, time_s) for thing_id in hob), default=0.0),
            max((self.scorch(thing_id, time_s) for thing_id in hob), default=0.0),
        )

    def changes(self, thing_id: str, time_s: float) -> int:
        """How many times what a vessel holds has changed, each change counted when it is over."""
        return sum(1 for _, end_s in self._touches[thing_id] if end_s <= time_s)

    def settled_since(self, thing_id: str, time_s: float) -> float:
        """When what a vessel holds last changed; the film's start where it never has."""
        return max((end_s for _, end_s in self._touches[thing_id] if end_s <= time_s), default=0.0)

    def is_quiet(self, thing_id: str, time_s: float) -> bool:
        """Whether nothing in a vessel moves: it is not on the hob, not worked in, not being filled."""
        if self.on_hob(thing_id) or self.things[thing_id].kind in SERVE_FORMS:
            return False
        index = self.script.step_index_at(time_s)
        if index is not None and self.plans[index].target_id == thing_id:
            return False
        return all(time_s < start_s or time_s >= end_s for start_s, end_s in self._touches[thing_id])

    @cached_property
    def _touches(self) -> dict[str, list[tuple[float, float]]]:
        """When what each vessel holds changes: what goes in, what is taken out, and steps done in it."""
        out: dict[str, list[tuple[float, float]]] = {name: [] for name in self.things}
        for a in self.additions:
            for name, thing in self.things.items():
                if (
                    name == a.thing_id
                    or thing.food == a.food
                    or (thing.kind in _LENDING and name != a.thing_id)
                ):
                    out[name].append((a.start_s, a.end_s))
        for t in self.transfers:
            out[t.source_id].append((t.start_s, t.end_s))
            out[t.target_id].append((t.start_s, t.end_s))
        for plan in self.plans:
            if plan.target_id in out:
                out[plan.target_id].append((plan.step.start_s, plan.step.end_s))
        return out

    def last_place(self, food: Food, time_s: float) -> str | None:
        """The bowl, mortar or mixer that a food was last put in before a moment."""
        put = [a for a in self.additions if a.food == food and a.end_s <= time_s + 1e-6]
        return put[-1].thing_id if put and self.things[put[-1].thing_id].kind in _LENDING else None

    def hot_seconds(self, thing_id: str, start_s: float, end_s: float) -> float:
        """Seconds over a full flame that a vessel had between two moments."""
        if not self.on_hob(thing_id):
            return 0.0
        total = 0.0
        for a, b, heat in self.heat_spans:
            total += max(0.0, min(b, end_s) - max(a, start_s)) * FLAME_LEVEL[heat]
        return total

    def _heat_now(self, thing_id: str, time_s: float) -> float:
        """How hot a vessel is, 0 to 1, following the flame with a lag."""
        if not self.on_hob(thing_id):
            return 0.0
        hot = 0.0
        for a, b, heat in self.heat_spans:
            if a >= time_s:
                break
            aim = FLAME_LEVEL[heat] ** 0.7
            hot = aim + (hot - aim) * math.exp(-(min(b, time_s) - a) / _BOIL_S)
        return hot

    def _done(self, event: Addition | Transfer, time_s: float) -> float:
        return min(1.0, max(0.0, (time_s - event.start_s) / max(1e-6, event.end_s - event.start_s)))

    def on_hob(self, thing_id: str) -> bool:
        return self.things[thing_id].kind in HOB_FORMS
