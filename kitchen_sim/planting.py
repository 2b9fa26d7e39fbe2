"""Plants mistakes into a correct script: each function gives a new script that shows one mistake more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args

import numpy as np

from kitchen_sim.errors import DrawingError
from kitchen_sim.script import HEATS, Heat, MistakeKind, PlantedMistake, Script, ScriptStep
from kitchen_sim.storyboard import motion_of

MISTAKE_KINDS: tuple[MistakeKind, ...] = get_args(MistakeKind)
_BRINGING = (
    "add",
    "pour",
    "sprinkle",
    "squeeze",
    "crack",
    "temper",
    "garnish",
    "arrange",
    "mix",
    "knead",
    "whisk",
)
_LOOKALIKES = {
    "sugar": "salt",
    "salt": "sugar",
    "milk": "buttermilk",
    "cumin": "mustard-seeds",
    "coriander": "mint",
    "turmeric": "garam-masala",
    "tea-leaves": "coffee",
    "water": "milk",
    "oil": "vinegar",
    "ghee": "oil",
}
_LONGEST_ADDED_S = 60.0


def plant(
    script: Script,
    kind: MistakeKind,
    step_id: str | None = None,
    *,
    related_step_id: str | None = None,
    ingredient: str | None = None,
    seed: int = 0,
) -> Script:
    """A script with one mistake more.

    Args:
        script: where to plant it; it may hold other mistakes already.
        kind: which mistake.
        step_id: in which step; ``None`` lets ``seed`` choose among those that can show it and show none yet.
        related_step_id: for a swap, the step before which ``step_id`` is done too early.
        ingredient: for a wrong or missing ingredient, which one.
        seed: decides what is left open; the same seed gives the same script.

    Raises:
        DrawingError: the script cannot show this mistake there; the message says why.
    """
    if kind not in MISTAKE_KINDS:
        raise DrawingError(f"expected a mistake out of {', '.join(MISTAKE_KINDS)}, got {kind!r}")
    rng = np.random.default_rng([0x317, seed, MISTAKE_KINDS.index(kind)])
    if kind == "poor_plating":
        return _poor_plating(script, step_id)
    if step_id is not None:
        indices = [k for k, step in enumerate(script.steps) if step.step_id == step_id]
        if not indices:
            known = ", ".join(step.step_id for step in script.steps)
            raise DrawingError(f"expected a step of the script ({known}), got {step_id!r}")
        tried = indices[-1:]
    else:
        used = {mistake.step_id for mistake in script.mistakes} | {m.related_step_id for m in script.mistakes}
        tried = [
            int(k) for k in rng.permutation(len(script.steps)) if script.steps[int(k)].step_id not in used
        ]
    reason = "every step shows a mistake already"
    for index in tried:
        try:
            return _PLANTERS[kind](script, index, related_step_id, ingredient, rng)
        except DrawingError as error:
            reason = str(error)
    raise DrawingError(f"cannot plant {kind!r}: {reason}")


def burnt(script: Script, step_id: str, *, after_s: float = 3.0) -> Script:
    """The script with the heat too high for too long in a step: what is over the flame scorches and smokes.

    Where the step asks for less than a high flame, that is a planted ``heat_too_high``.

    Args:
        step_id: a step that sets a flame.
        after_s: how many seconds into the step it begins to burn.

    Raises:
        DrawingError: there is no such step, it sets no flame, or it ends before it burns.
    """
    step = next((s for s in reversed(script.steps) if s.step_id == step_id), None)
    if step is None or step.heat in (None, "off"):
        raise DrawingError(f"expected a step that sets a flame, got {step_id!r}")
    if not 0 <= after_s < step.length_s:
        raise DrawingError(f"expected {step_id!r} to burn within its {step.length_s:g} s, got {after_s:g} s")
    hot = script if step.heat == "high" else plant(script, "heat_too_high", step_id)
    index = max(k for k, s in enumerate(hot.steps) if s.step_id == step_id)
    steps = [
        s.model_copy(update={"burns_after_s": after_s}) if k == index else s for k, s in enumerate(hot.steps)
    ]
    return Script.model_validate(hot.model_dump() | {"steps": steps})


def _retimed(
    script: Script, steps: Sequence[ScriptStep], order: Sequence[int | None]
) -> tuple[list[ScriptStep], float]:
    """Steps laid end to end again with the gaps before them; ``order`` names the old place of each."""
    gaps = [
        b.start_s - a for a, b in zip([0.0] + [s.end_s for s in script.steps], script.steps, strict=False)
    ]
    usual = float(np.median(gaps[1:])) if len(gaps) > 1 else 0.8
    tail = script.duration_s - script.steps[-1].end_s
    at_s, out = 0.0, []
    for place, (step, old) in enumerate(zip(steps, order, strict=True)):
        gap = gaps[0] if place == 0 else (usual if old is None or old == 0 else gaps[old])
        start_s = at_s + gap
        at_s = start_s + step.length_s
        out.append(step.model_copy(update={"start_s": round(start_s, 3), "end_s": round(at_s, 3)}))
    return out, round(at_s + tail, 3)


def _rebuilt(
    script: Script, steps: Sequence[ScriptStep], order: Sequence[int | None], mistake: PlantedMistake
) -> Script:
    timed, duration_s = _retimed(script, steps, order)
    moved = {old: new for new, old in enumerate(order) if old is not None}
    kept = [
        m if m.step_index is None else m.model_copy(update={"step_index": moved.get(m.step_index)})
        for m in script.mistakes
    ]
    plain = script.model_dump() | {"steps": timed, "duration_s": duration_s, "mistakes": (*kept, mistake)}
    return Script.model_validate(plain)


def _without(steps: list[ScriptStep], names: Sequence[str]) -> list[ScriptStep]:
    """Steps that no longer use what no step brings in any more."""
    brought = {n for step in steps if motion_of(step.action) in _BRINGING for n in step.ingredients}
    gone = set(names) - brought
    return [
        s.model_copy(update={"ingredients": tuple(n for n in s.ingredients if n not in gone)}) for s in steps
    ]


def _skipped(script: Script, index: int, _r: str | None, _i: str | None, _rng: np.random.Generator) -> Script:
    step = script.steps[index]
    if len(script.steps) < 2:
        raise DrawingError("a script of one step cannot leave it out")
    steps = [s for k, s in enumerate(script.steps) if k != index]
    if motion_of(step.action) in _BRINGING:
        # What was done with it before stays: a chopped tomato is chopped, also where it never goes in.
        steps = steps[:index] + _without(steps, step.ingredients)[index:]
    order = [k for k in range(len(script.steps)) if k != index]
    mistake = PlantedMistake(
        kind="skipped", step_id=step.step_id, expected=f"{step.action} ({step.step_id})", done="left out"
    )
    return _rebuilt(script, steps, order, mistake)


def _before(script: Script, step: ScriptStep) -> set[str]:
    """All steps that must come before a step, through others too."""
    edges = {s.step_id: set(s.must_come_after) for s in script.steps}
    found: set[str] = set()
    waiting = set(step.must_come_after)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting |= edges.get(name, set())
    return found


def _swapped(
    script: Script, index: int, related: str | None, _i: str | None, rng: np.random.Generator
) -> Script:
    step = script.steps[index]
    before = _before(script, step)
    places = [k for k in range(index) if script.steps[k].step_id in before]
    if related is not None:
        places = [k for k in places if script.steps[k].step_id == related]
    if not places:
        raise DrawingError(
            f"{step.step_id!r} need not come after {'any earlier step' if related is None else repr(related)}"
        )
    to = places[-1] if related is None else places[0]
    del rng
    order = [k for k in range(len(script.steps)) if k != index]
    order.insert(order.index(to), index)
    mistake = PlantedMistake(
        kind="swapped",
        step_id=step.step_id,
        step_index=order.index(index),
        related_step_id=script.steps[to].step_id,
        expected=f"{step.step_id} after {script.steps[to].step_id}",
        done=f"{step.step_id} before {script.steps[to].step_id}",
    )
    return _rebuilt(script, [script.steps[k] for k in order], order, mistake)


def _repeated(
    script: Script, index: int, _r: str | None, _i: str | None, _rng: np.random.Generator
) -> Script:
    step = script.steps[index]
    if index + 1 == len(script.steps):
        raise DrawingError(
            f"{step.step_id!r} is the last step: done again at once it would be one longer step"
        )
    again = index + 2
    order: list[int | None] = [*range(again), None, *range(again, len(script.steps))]
    steps = [step if k is None else script.steps[k] for k in order]
    mistake = PlantedMistake(
        kind="repeated",
        step_id=step.step_id,
        step_index=again,
        expected=f"{step.step_id} once",
        done="done again",
    )
    return _rebuilt(script, steps, order, mistake)


def _timed(script: Script, index: int, length_s: float, kind: MistakeKind, expected: str) -> Script:
    step = script.steps[index]
    longer = step.model_copy(update={"end_s": round(step.start_s + length_s, 3)})
    steps = [longer if k == index else s for k, s in enumerate(script.steps)]
    mistake = PlantedMistake(
        kind=kind, step_id=step.step_id, step_index=index, expected=expected, done=f"{length_s:g} s"
    )
    return _rebuilt(script, steps, list(range(len(steps))), mistake)


def _too_long(
    script: Script, index: int, _r: str | None, _i: str | None, _rng: np.random.Generator
) -> Script:
    step = script.steps[index]
    if step.expected_max_s is None:
        raise DrawingError(f"{step.step_id!r} has no longest time")
    length_s = round(step.expected_max_s * 1.6 + 1, 2)
    if length_s - step.length_s > _LONGEST_ADDED_S:
        raise DrawingError(
            f"{step.step_id!r} would have to last {length_s:g} s, {_LONGEST_ADDED_S:g} s more than it does"
        )
    return _timed(script, index, length_s, "too_long", f"at most {step.expected_max_s:g} s")


def _too_short(
    script: Script, index: int, _r: str | None, _i: str | None, _rng: np.random.Generator
) -> Script:
    step = script.steps[index]
    if step.expected_min_s is None or step.expected_min_s < 3:
        raise DrawingError(f"{step.step_id!r} has no shortest time of 3 s or more")
    return _timed(
        script, index, round(step.expected_min_s * 0.5, 2), "too_short", f"at least {step.expected_min_s:g} s"
    )


def _other_heat(script: Script, index: int, up: bool, rng: np.random.Generator) -> Script:
    step = script.steps[index]
    if step.heat is None or step.heat == "off":
        raise DrawingError(f"{step.step_id!r} asks for no flame")
    at = HEATS.index(step.heat)
    choices: tuple[Heat, ...] = HEATS[at + 1 :] if up else HEATS[1:at]
    if not choices:
        raise DrawingError(
            f"{step.step_id!r} asks for {step.heat}; there is no {'higher' if up else 'lower'} flame"
        )
    heat = choices[-1] if up else choices[0]
    del rng
    steps = [s.model_copy(update={"heat": heat}) if k == index else s for k, s in enumerate(script.steps)]
    mistake = PlantedMistake(
        kind="heat_too_high" if up else "heat_too_low",
        step_id=step.step_id,
        step_index=index,
        expected=step.heat,
        done=heat,
    )
    return _rebuilt(script, steps, list(range(len(steps))), mistake)


def _heat_too_high(
    script: Script, index: int, _r: str | None, _i: str | None, rng: np.random.Generator
) -> Script:
    return _other_heat(script, index, True, rng)


def _heat_too_low(
    script: Script, index: int, _r: str | None, _i: str | None, rng: np.random.Generator
) -> Script:
    return _other_heat(script, index, False, rng)


def _which(step: ScriptStep, ingredient: str | None, least: int, rng: np.random.Generator) -> str:
    if motion_of(step.action) not in _BRINGING or len(step.ingredients) < least:
        raise DrawingError(f"{step.step_id!r} does not bring in {least} or more ingredients")
    if ingredient is None:
        return step.ingredients[int(rng.integers(len(step.ingredients)))]
    if ingredient not in step.ingredients:
        raise DrawingError(f"{step.step_id!r} uses {', '.join(step.ingredients)}, not {ingredient!r}")
    return ingredient


def _wrong_ingredient(
    script: Script, index: int, _r: str | None, ingredient: str | None, rng: np.random.Generator
) -> Script:
    step = script.steps[index]
    right = _which(step, ingredient, 1, rng)
    wrong = next(
        (other for name, other in _LOOKALIKES.items() if name in right),
        "salt" if "salt" not in right else "sugar",
    )
    steps = [
        s.model_copy(update={"ingredients": tuple(wrong if n == right else n for n in s.ingredients)})
        if k >= index
        else s
        for k, s in enumerate(script.steps)
    ]
    mistake = PlantedMistake(
        kind="wrong_ingredient", step_id=step.step_id, step_index=index, expected=right, done=wrong
    )
    return _rebuilt(script, steps, list(range(len(steps))), mistake)


def _missing_ingredient(
    script: Script, index: int, _r: str | None, ingredient: str | None, rng: np.random.Generator
) -> Script:
    step = script.steps[index]
    left_out = _which(step, ingredient, 2, rng)
    kept = tuple(n for n in step.ingredients if n != left_out)
    steps = [
        s.model_copy(update={"ingredients": kept}) if k == index else s for k, s in enumerate(script.steps)
    ]
    steps = _without(steps, [left_out])
    mistake = PlantedMistake(
        kind="missing_ingredient",
        step_id=step.step_id,
        step_index=index,
        expected=left_out,
        done=f"only {', '.join(kept)}",
    )
    return _rebuilt(script, steps, list(range(len(steps))), mistake)


def _poor_plating(script: Script, step_id: str | None) -> Script:
    serving = [
        k
        for k, s in enumerate(script.steps)
        if motion_of(s.action) in ("serve", "plate", "strain", "garnish", "arrange")
    ]
    if not serving:
        raise DrawingError("cannot plant 'poor_plating': no step serves anything")
    if script.plating == "poor":
        raise DrawingError("cannot plant 'poor_plating': it is poor already")
    index = next((k for k in serving if script.steps[k].step_id == step_id), serving[-1])
    mistake = PlantedMistake(
        kind="poor_plating",
        step_id=script.steps[index].step_id,
        step_index=index,
        expected="a clean plate",
        done="spilled and smeared",
    )
    plain = script.model_dump() | {"plating": "poor", "mistakes": (*script.mistakes, mistake)}
    return Script.model_validate(plain)


_Planter = Callable[[Script, int, str | None, str | None, np.random.Generator], Script]
_PLANTERS: dict[MistakeKind, _Planter] = {
    "skipped": _skipped,
    "swapped": _swapped,
    "repeated": _repeated,
    "too_long": _too_long,
    "too_short": _too_short,
    "heat_too_high": _heat_too_high,
    "heat_too_low": _heat_too_low,
    "wrong_ingredient": _wrong_ingredient,
    "missing_ingredient": _missing_ingredient,
}
