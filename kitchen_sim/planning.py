"""Works a script out: where things stand, what each step touches, and what goes where when."""

from __future__ import annotations

import math

import numpy as np

from kitchen_sim.script import Script, ScriptStep
from kitchen_sim.storyboard import HOB_Z, Addition, Plan, Storyboard, Thing, Transfer, motion_of
from kitchen_sim.styles import Style, data_file
from kitchen_sim.things import HOB_FORMS, SERVE_FORMS, VESSEL_WORDS, Food, food_named


def storyboard_of(script: Script, style: Style) -> Storyboard:
    """A script worked out for one kitchen.

    Raises:
        DrawingError: an action of the script cannot be drawn.
    """
    board = Storyboard(script, style)
    _place_vessels(board)
    _place_ingredients(board)
    for index, step in enumerate(script.steps):
        board.plans.append(_plan(board, index, step))
    for plan in board.plans:
        _schedule(board, plan)
    return board


def _bowl_place(count: int) -> tuple[float, float, float]:
    """Where the first, second … bowl stands: between board and hob, then beyond the board."""
    return (-0.105, 0.345, 0.0) if count == 0 else (-0.64 - 0.04 * count, 0.05 + 0.20 * count, 0.0)


def _place_vessels(board: Storyboard) -> None:
    hob_used = 0
    style = board.style
    # Vessels that are only poured from (a measuring cup) stand by the serving place all the same.
    for word in board.vessel_words:
        kind = VESSEL_WORDS[word]
        if kind in HOB_FORMS:
            at = (board.hob_x[hob_used % 2], 0.30, HOB_Z)
            first, last = _first_use(board, word), math.inf
            if hob_used >= 2:
                first_start = first
                old = [t for t in board.things.values() if t.at == at and t.end_s == math.inf]
                for thing in old:
                    board.things[thing.thing_id] = Thing(**{**thing.__dict__, "end_s": first_start})
            board.things[word] = Thing(word, kind, word, at, None, 0.0 if hob_used < 2 else first, last)
            hob_used += 1
        elif kind in SERVE_FORMS:
            count = sum(1 for t in board.things.values() if t.kind in SERVE_FORMS)
            board.things[word] = Thing(word, kind, word, (-0.075 - 0.02 * count, 0.10 - 0.11 * count, 0.0))
        elif kind in ("mortar", "mixer"):
            board.things[word] = Thing(word, kind, word, (style.board_x + 0.10, 0.30, 0.018))
        elif kind == "bowl":
            count = sum(1 for t in board.things.values() if t.kind == "bowl")
            board.things[word] = Thing(word, kind, word, _bowl_place(count))
    if not hob_used:
        board.things["pan"] = Thing("pan", "pan", "pan", (board.hob_x[0], 0.30, HOB_Z))
    if not any(t.kind in SERVE_FORMS for t in board.things.values()):
        board.things["plate"] = Thing("plate", "plate", "plate", (-0.075, 0.10, 0.0))
    rows = data_file("actions.yaml")["motions"]
    needed = any(rows[motion_of(step.action)]["place"] == "bowl" for step in board.script.steps)
    if needed and not any(t.kind == "bowl" for t in board.things.values()):
        board.things["bowl"] = Thing("bowl", "bowl", "bowl", _bowl_place(0))


def _first_use(board: Storyboard, word: str) -> float:
    return min((s.start_s for s in board.script.steps if word in s.objects), default=0.0)


def _place_ingredients(board: Storyboard) -> None:
    names: list[str] = []
    for step in board.script.steps:
        names += [name for name in step.ingredients if name not in names]
    for mistake in board.script.mistakes:
        if mistake.kind in ("wrong_ingredient", "missing_ingredient") and mistake.expected not in names:
            names.append(mistake.expected)
    order = np.random.default_rng([0x1D, board.script.seed]).permutation(len(names))
    for place, k in enumerate(order):
        food = food_named(names[k])
        kind = "jug" if food.form == "liquid" else "dish"
        x = -0.74 + 0.108 * (place % 8)
        at = (x, 0.50 - 0.085 * (place // 8), 0.0)
        board.things[f"of:{names[k]}"] = Thing(f"of:{names[k]}", kind, names[k], at, food)


def _plan(board: Storyboard, index: int, step: ScriptStep) -> Plan:
    motion = motion_of(step.action)
    row = data_file("actions.yaml")["motions"][motion]
    target = _target(board, step, row["place"], motion)
    foods = tuple(food_named(name) for name in step.ingredients)
    sources = tuple(f"of:{name}" for name in step.ingredients)
    from_id = None
    if motion in ("strain", "plate", "drain") or (motion == "serve" and _is_empty(board, target)):
        from_id = _fullest(board, step, target)
    return Plan(index, step, motion, row["tool"], target, sources, from_id, foods)


def _target(board: Storyboard, step: ScriptStep, place: str, motion: str) -> str:
    words = [w for w in step.objects if w in board.things]
    kinds = {w: board.things[w].kind for w in words}
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
        "check",
        "garnish",
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
            x = board.style.board_x
            return board.things.setdefault(kind, Thing(kind, kind, kind, (x, 0.26, 0.018))).thing_id
        return "board"
    fallback = {"hob": HOB_FORMS, "bowl": ("bowl",), "serve": SERVE_FORMS}[place]
    return next(t.thing_id for t in board.things.values() if t.kind in fallback)


def _is_empty(board: Storyboard, target: str) -> bool:
    """Whether no earlier step put anything there, so that serving begins with putting the dish on it."""
    filling = ("strain", "plate", "drain", "serve", "add", "arrange", "mix", "pour")
    cooked = any(p.motion in filling for p in board.plans)
    return cooked and not any(p.target_id == target and p.motion in filling for p in board.plans)


def _fullest(board: Storyboard, step: ScriptStep, target: str) -> str:
    """The vessel that a step takes from: the one it names, or the one worked in last."""
    named = [w for w in step.objects if w in board.things]
    used = [p.target_id for p in reversed(board.plans) if p.target_id in board.things]
    hob = [t.thing_id for t in board.things.values() if t.kind in HOB_FORMS]
    holding = (*HOB_FORMS, "bowl", "mixer")
    return next(n for n in (*named, *used, *hob) if n != target and board.things[n].kind in holding)


def _schedule(board: Storyboard, plan: Plan) -> None:
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
                if any(x.food == food and x.thing_id == plan.target_id for x in board.additions):
                    continue
                first, last = start_s + 0.02, start_s + 0.05
            else:
                first, last = a + (b - a) * 0.55, a + (b - a) * 0.85
            liquid = food.form == "liquid"
            amount = 0.26 if liquid else (0.05 if plan.motion in ("sprinkle", "garnish") else 0.12)
            board.additions.append(Addition(plan.target_id, food, amount, first, last))
    elif plan.from_id is not None:
        board.transfers.append(
            Transfer(
                plan.from_id,
                plan.target_id,
                0.95 if plan.motion in ("strain", "drain") else 0.7,
                start_s + length * 0.3,
                start_s + length * (0.6 if plan.motion == "serve" else 0.85),
                plan.motion in ("strain", "drain"),
            )
        )
    elif plan.motion in ("fry", "stir", "simmer", "boil", "heat", "flip", "spread", "toss", "cover"):
        # What a dish's step is said to cook but no step has put in, is in the pan from the step's start.
        for food in plan.foods:
            if (
                plan.target_id != "board"
                and not any(a.food == food for a in board.additions)
                and _never_added(board, food)
            ):
                board.additions.append(
                    Addition(
                        plan.target_id,
                        food,
                        0.26 if food.form == "liquid" else 0.12,
                        start_s,
                        start_s + min(1.0, length / 2),
                    )
                )


def _never_added(board: Storyboard, food: Food) -> bool:
    adding = ("add", "pour", "sprinkle", "squeeze", "crack", "temper", "mix", "knead")
    return not any(food in p.foods for p in board.plans if p.motion in adding) and food.name not in {
        m.expected for m in board.script.mistakes if m.kind in ("wrong_ingredient", "missing_ingredient")
    }
