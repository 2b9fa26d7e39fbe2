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
from kitchen_sim.things import FORMS, HOB_FORMS, SERVE_FORMS, VESSEL_WORDS, Food, food_named

FLAME_LEVEL: dict[Heat, float] = {"off": 0.0, "low": 0.3, "medium": 0.6, "high": 1.0}
HOB_Z = 0.075
_RAMP_S = 0.4
_DYE_S = 12.0
_COOK_S = 30.0
_BOIL_S = 9.0


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
    """What a vessel holds at a moment. ``fill`` 0 to 1; pieces are (food, share of a vessel, cooked 0 to 1)."""

    fill: float
    liquid: float
    colour: tuple[float, float, float]
    pieces: tuple[tuple[Food, float, float], ...]
    heat: float = 0.0
    bubbling: float = 0.0


@dataclass
class Storyboard:
    """A script worked out: things, plans and what goes where, all as functions of time."""

    script: Script
    style: Style
    things: dict[str, Thing] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._place_vessels()
        self._place_ingredients()
        for index, step in enumerate(self.script.steps):
            self.plans.append(self._plan(index, step))
        for plan in self.plans:
            self._schedule(plan)

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
                and self._on_hob(plan.target_id)
            ):
                last = plan.target_id
        return last

    def contents(self, thing_id: str, time_s: float) -> Contents:
        """What a vessel holds; an ingredient's own dish is emptied as it is used."""
        thing = self.things[thing_id]
        held: list[tuple[Food, float, float]] = []
        if thing.food is not None:
            used = sum(self._done(a, time_s) for a in self.additions if a.food == thing.food)
            total = sum(1 for a in self.additions if a.food == thing.food) or 1
            held.append((thing.food, 0.75 * (1 - 0.9 * used / total), 0.0))
        held += [
            (a.food, a.amount * self._done(a, time_s), a.start_s)
            for a in self.additions
            if a.thing_id == thing_id and time_s > a.start_s
        ]
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
                            * (1.0 if food.form == "liquid" or not transfer.liquid_only else 0.0)
                        ),
                        at,
                    )
                    for food, amount, at in held
                ]
            if transfer.target_id == thing_id:
                source = self._before(transfer)
                scale = FORMS[self.things[transfer.source_id].kind].rim_r / FORMS[thing.kind].rim_r
                for food, amount, at in source:
                    if food.form == "liquid" or not transfer.liquid_only:
                        held.append((food, min(0.8, amount * transfer.share * min(1.6, scale)) * done, at))
        return self._mixed(thing_id, held, time_s)

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
        return Contents(fill, liquid, (float(r), float(g), float(b)), tuple(pieces), hot, bubbling)

    def hot_seconds(self, thing_id: str, start_s: float, end_s: float) -> float:
        """Seconds over a full flame that a vessel had between two moments."""
        if not self._on_hob(thing_id):
            return 0.0
        total = 0.0
        for a, b, heat in self.heat_spans:
            total += max(0.0, min(b, end_s) - max(a, start_s)) * FLAME_LEVEL[heat]
        return total

    def _heat_now(self, thing_id: str, time_s: float) -> float:
        """How hot a vessel is, 0 to 1, following the flame with a lag."""
        if not self._on_hob(thing_id):
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

    def _on_hob(self, thing_id: str) -> bool:
        return self.things[thing_id].kind in HOB_FORMS

    def _place_vessels(self) -> None:
        hob_used = 0
        style = self.style
        # Vessels that are only poured from (a measuring cup) stand by the serving place all the same.
        for word in self.vessel_words:
            kind = VESSEL_WORDS[word]
            if kind in HOB_FORMS:
                at = (self.hob_x[hob_used % 2], 0.30, HOB_Z)
                first, last = self._first_use(word), math.inf
                if hob_used >= 2:
                    first_start = first
                    old = [t for t in self.things.values() if t.at == at and t.end_s == math.inf]
                    for thing in old:
                        self.things[thing.thing_id] = Thing(**{**thing.__dict__, "end_s": first_start})
                self.things[word] = Thing(word, kind, word, at, None, 0.0 if hob_used < 2 else first, last)
                hob_used += 1
            elif kind in SERVE_FORMS:
                count = sum(1 for t in self.things.values() if t.kind in SERVE_FORMS)
                self.things[word] = Thing(
                    word, kind, word, (-0.06 - 0.10 * (count % 2), 0.13 + 0.14 * count, 0.0)
                )
            elif kind in ("mortar", "mixer"):
                self.things[word] = Thing(word, kind, word, (style.board_x + 0.10, 0.30, 0.018))
            elif kind == "bowl":
                count = sum(1 for t in self.things.values() if t.kind == "bowl")
                self.things[word] = Thing(
                    word, kind, word, (style.bowl_x - 0.02 * count, 0.20 + 0.20 * count, 0.0)
                )
        if not hob_used:
            self.things["pan"] = Thing("pan", "pan", "pan", (self.hob_x[0], 0.30, HOB_Z))
        if not any(t.kind in SERVE_FORMS for t in self.things.values()):
            self.things["plate"] = Thing("plate", "plate", "plate", (-0.06, 0.13, 0.0))
        if not any(t.kind == "bowl" for t in self.things.values()):
            self.things["bowl"] = Thing("bowl", "bowl", "bowl", (style.bowl_x, 0.20, 0.0))

    def _first_use(self, word: str) -> float:
        return min((s.start_s for s in self.script.steps if word in s.objects), default=0.0)

    def _place_ingredients(self) -> None:
        names: list[str] = []
        for step in self.script.steps:
            names += [name for name in step.ingredients if name not in names]
        for mistake in self.script.mistakes:
            if mistake.kind in ("wrong_ingredient", "missing_ingredient") and mistake.expected not in names:
                names.append(mistake.expected)
        order = np.random.default_rng([0x1D, self.script.seed]).permutation(len(names))
        for place, k in enumerate(order):
            food = food_named(names[k])
            kind = "jug" if food.form == "liquid" else "dish"
            x = -0.74 + 0.108 * (place % 8)
            at = (x, 0.50 - 0.085 * (place // 8), 0.0)
            self.things[f"of:{names[k]}"] = Thing(f"of:{names[k]}", kind, names[k], at, food)

    def _plan(self, index: int, step: ScriptStep) -> Plan:
        motion = motion_of(step.action)
        row = data_file("actions.yaml")["motions"][motion]
        target = self._target(step, row["place"], motion)
        foods = tuple(food_named(name) for name in step.ingredients)
        sources = tuple(f"of:{name}" for name in step.ingredients)
        from_id = None
        if motion in ("strain", "plate", "drain", "serve"):
            from_id = self._fullest_hob(step, target)
        return Plan(index, step, motion, row["tool"], target, sources, from_id, foods)

    def _target(self, step: ScriptStep, place: str, motion: str) -> str:
        words = [w for w in step.objects if w in self.things]
        kinds = {w: self.things[w].kind for w in words}
        wanted: tuple[str, ...] = {
            "hob": HOB_FORMS,
            "board": ("mortar", "mixer"),
            "bowl": ("bowl",),
            "serve": SERVE_FORMS,
        }[place]
        for word in words:
            if kinds[word] in wanted:
                return word
        if motion in (
            "add",
            "pour",
            "sprinkle",
            "squeeze",
            "crack",
            "stir",
            "rest",
            "heat",
            "boil",
            "simmer",
            "cover",
            "drain",
        ):
            for word in words:
                if kinds[word] in (*HOB_FORMS, "bowl", "mortar", "mixer", *SERVE_FORMS):
                    return word
        if place == "board":
            if motion in ("crush", "blend"):
                kind = "mortar" if motion == "crush" else "mixer"
                x = self.style.board_x
                return self.things.setdefault(kind, Thing(kind, kind, kind, (x, 0.26, 0.018))).thing_id
            return "board"
        fallback = {"hob": HOB_FORMS, "bowl": ("bowl",), "serve": SERVE_FORMS}[place]
        return next(t.thing_id for t in self.things.values() if t.kind in fallback)

    def _fullest_hob(self, step: ScriptStep, target: str) -> str:
        words = [
            w
            for w in step.objects
            if w in self.things and w != target and self.things[w].kind in (*HOB_FORMS, "bowl")
        ]
        if words:
            return words[0]
        used = [
            p.target_id
            for p in self.plans
            if p.target_id in self.things and self.things[p.target_id].kind in HOB_FORMS
        ]
        if used:
            return used[-1]
        return next(t.thing_id for t in self.things.values() if t.kind in HOB_FORMS)

    def _schedule(self, plan: Plan) -> None:
        """What each step moves from where to where, at the moments at which the hands do it."""
        start_s, length = plan.step.start_s, plan.step.length_s
        if plan.motion in (
            "add",
            "pour",
            "sprinkle",
            "squeeze",
            "crack",
            "temper",
            "garnish",
            "arrange",
            "rinse",
            "knead",
            "mash",
            "mix",
            "crush",
            "blend",
        ):
            if plan.target_id == "board" or not plan.foods:
                return
            at_once = plan.motion in ("rinse", "knead", "mash", "mix", "crush", "blend")
            for k, food in enumerate(plan.foods):
                a = start_s + length * k / len(plan.foods)
                b = start_s + length * (k + 1) / len(plan.foods)
                if at_once:
                    if any(x.food == food and x.thing_id == plan.target_id for x in self.additions):
                        continue
                    first, last = start_s + 0.02, start_s + 0.05
                else:
                    first, last = a + (b - a) * 0.55, a + (b - a) * 0.85
                liquid = food.form == "liquid"
                amount = 0.26 if liquid else (0.05 if plan.motion in ("sprinkle", "garnish") else 0.12)
                self.additions.append(Addition(plan.target_id, food, amount, first, last))
        elif plan.motion in ("strain", "plate", "drain") and plan.from_id is not None:
            self.transfers.append(
                Transfer(
                    plan.from_id,
                    plan.target_id,
                    0.95 if plan.motion != "plate" else 0.7,
                    start_s + length * 0.3,
                    start_s + length * 0.85,
                    plan.motion in ("strain", "drain"),
                )
            )
        elif plan.motion in ("fry", "stir", "simmer", "boil", "heat", "flip", "spread", "toss", "cover"):
            # What a dish's step is said to cook but no step has put in, is in the pan from the step's start.
            for food in plan.foods:
                if (
                    plan.target_id != "board"
                    and not any(a.food == food for a in self.additions)
                    and self._never_added(food)
                ):
                    self.additions.append(
                        Addition(
                            plan.target_id,
                            food,
                            0.26 if food.form == "liquid" else 0.12,
                            start_s,
                            start_s + min(1.0, length / 2),
                        )
                    )

    def _never_added(self, food: Food) -> bool:
        adding = ("add", "pour", "sprinkle", "squeeze", "crack", "temper", "mix", "knead")
        return not any(food in p.foods for p in self.plans if p.motion in adding) and food.name not in {
            m.expected for m in self.script.mistakes if m.kind in ("wrong_ingredient", "missing_ingredient")
        }
