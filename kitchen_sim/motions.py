"""How hands move for each action: places of hands and tools as functions of time; knows nothing of drawing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from kitchen_sim.canvas import Floats, turned, vec


@dataclass(frozen=True)
class Fall:
    """Something that runs or drops from one place to another: ``form`` stream, grains, drops or lump."""

    form: str
    start: Floats
    end: Floats
    food: int
    width: float = 0.006


@dataclass(frozen=True)
class Held:
    """A vessel lifted off its place: its foot and how it is turned."""

    thing_id: str
    origin: Floats
    frame: Floats


@dataclass(frozen=True)
class Pose:
    """Both hands and what they hold at one moment. ``lead`` is the hand that does the work.

    ``extra`` says how far work that changes food has come (0 to 1), and how a flipped piece is turned.
    """

    lead: Floats
    other: Floats
    lead_curl: float = 0.75
    other_curl: float = 0.35
    lead_twist: float = 0.0
    tool: str | None = None
    tip: Floats | None = None
    tool_roll: float = 0.0
    other_tool: str | None = None
    other_tip: Floats | None = None
    held: tuple[Held, ...] = ()
    falls: tuple[Fall, ...] = ()
    extra: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """Where a motion takes place. ``work`` is the middle of what is worked on, at its surface.

    ``side`` is +1 where the right hand leads. ``pace`` is the cook's own speed, about 1.
    """

    work: Floats
    rim_z: float
    radius: float
    side: float
    pace: float
    phase: float
    rest_lead: Floats
    rest_other: Floats
    tool_rest: Floats
    tool: str | None
    sources: tuple[Floats, ...]
    source_ids: tuple[str, ...]
    source_is_liquid: tuple[bool, ...]
    target_id: str
    from_id: str | None
    from_at: Floats | None
    from_rim_z: float
    knob: Floats


Motion = Callable[[float, float, Bench], Pose]
_TAU = 2 * math.pi


def _wave(x: float) -> float:
    return math.sin(_TAU * x)


def _ease(x: float) -> float:
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)


def _between(a: Floats, b: Floats, share: float, lift: float = 0.0) -> Floats:
    s = _ease(share)
    return a + (b - a) * s + vec(0, 0, lift * math.sin(math.pi * s))


def _grip(tip: Floats, b: Bench, length: float = 0.19, steep: float = 0.7) -> Floats:
    flat = math.sqrt(max(0.0, 1 - steep * steep)) * length
    return tip + vec(b.side * flat * 0.45, -flat * 0.89, steep * length)


def _beside(b: Bench, x: float = 0.09, y: float = -0.02, z: float = 0.03) -> Floats:
    """A place for the other hand, holding what is worked on."""
    return b.work + vec(-b.side * x, y, z)


def chop(t: float, length: float, b: Bench) -> Pose:
    cycle = 2.5 * b.pace * t + b.phase
    lift = 0.055 * abs(math.sin(math.pi * cycle))
    x = -b.side * 0.07 + b.side * 0.14 * (1 - t / length) * 0.9
    tip = b.work + vec(x, 0.075, 0.006 + lift * 0.35)
    lead = b.work + vec(x + b.side * 0.02, -0.075, 0.050 + lift)
    other = b.work + vec(x - b.side * 0.062, -0.005, 0.035)
    return Pose(lead, other, 0.95, 0.8, tool="knife", tip=tip, extra={"done": t / length})


def slice_(t: float, length: float, b: Bench) -> Pose:
    cycle = 0.75 * b.pace * t + b.phase
    along = 0.065 * _wave(cycle)
    depth = 0.045 * (1 - (cycle % 1.0))
    x = b.side * (0.06 - 0.12 * t / length)
    tip = b.work + vec(x, 0.09 + along, 0.01 + depth)
    lead = b.work + vec(x + b.side * 0.01, -0.07 + along, 0.04 + depth)
    return Pose(
        lead,
        b.work + vec(x - b.side * 0.07, 0, 0.04),
        0.95,
        0.7,
        tool="knife",
        tip=tip,
        extra={"done": t / length},
    )


def peel(t: float, length: float, b: Bench) -> Pose:
    cycle = (1.1 * b.pace * t + b.phase) % 1.0
    stroke = cycle / 0.65 if cycle < 0.65 else (1 - cycle) / 0.35
    item = b.work + vec(-b.side * 0.02, -0.01, 0.085)
    tip = item + vec(b.side * 0.02, 0.055 - 0.11 * stroke, 0.028 + (0.03 if cycle > 0.65 else 0.0))
    return Pose(
        tip + vec(b.side * 0.06, -0.05, 0.025),
        item + vec(-b.side * 0.055, -0.02, -0.005),
        0.85,
        0.6,
        tool="peeler",
        tip=tip,
        extra={"done": t / length, "lifted": 1.0},
    )


def grate(t: float, length: float, b: Bench) -> Pose:
    along = 0.5 + 0.5 * _wave(1.5 * b.pace * t + b.phase)
    top, low = b.work + vec(0, 0.03, 0.17), b.work + vec(0, -0.07, 0.02)
    lead = low + (top - low) * (0.15 + 0.7 * along) + vec(b.side * 0.01, -0.035, 0.025)
    other = top + vec(-b.side * 0.03, -0.01, 0.025)
    return Pose(
        lead, other, 0.8, 0.9, other_tool="grater", other_tip=low, extra={"done": t / length, "lump": 1.0}
    )


def crush(t: float, length: float, b: Bench) -> Pose:
    cycle = 1.7 * b.pace * t + b.phase
    lift = 0.075 * abs(math.sin(math.pi * cycle)) ** 0.7
    wander = vec(0.012 * _wave(0.31 * t), 0.012 * _wave(0.23 * t + 0.3), 0)
    tip = b.work + wander + vec(0, 0, 0.0 + lift)
    return Pose(
        tip + vec(b.side * 0.012, -0.02, 0.13),
        _beside(b, 0.085, -0.02, 0.01),
        1.0,
        0.5,
        tool="pestle",
        tip=tip,
        extra={"done": t / length},
    )


def blend(t: float, length: float, b: Bench) -> Pose:
    pulse = 1.0 if (0.7 * b.pace * t + b.phase) % 1.0 < 0.72 else 0.0
    shake = vec(0.003 * _wave(7.3 * t), 0.002 * _wave(8.1 * t + 0.2), 0) * pulse
    origin = b.work * np.array([1, 1, 0]) + vec(0, 0, 0.018) + shake
    top = origin + vec(0, -0.01, 0.235 - 0.012 * pulse)
    return Pose(
        top,
        origin + vec(-b.side * 0.09, -0.02, 0.10),
        0.25,
        0.55,
        held=(Held(b.target_id, origin, np.eye(3)),),
        extra={"done": t / length},
    )


def knead(t: float, length: float, b: Bench) -> Pose:
    cycle = 0.85 * b.pace * t + b.phase
    push, press = _wave(cycle), 0.02 * _wave(cycle + 0.25)
    lead = b.work + vec(b.side * 0.035, 0.045 * push - 0.03, 0.05 - press)
    other = b.work + vec(-b.side * 0.035, 0.045 * _wave(cycle - 0.12) - 0.03, 0.05 - press)
    return Pose(lead, other, 0.55, 0.55, extra={"squash": push, "done": t / length})


def roll(t: float, length: float, b: Bench) -> Pose:
    y = 0.075 * _wave(0.75 * b.pace * t + b.phase)
    middle = b.work + vec(0, y, 0.03)
    lead, other = middle + vec(b.side * 0.155, -0.01, 0.012), middle + vec(-b.side * 0.155, -0.01, 0.012)
    return Pose(
        lead,
        other,
        0.55,
        0.55,
        tool="rolling-pin",
        tip=middle + vec(-b.side * 0.17, 0, 0),
        extra={"done": t / length, "flat": 1.0},
    )


def fold(t: float, length: float, b: Bench) -> Pose:
    share = 0.5 - 0.5 * math.cos(_TAU * 0.45 * b.pace * t)
    lead = b.work + vec(b.side * (0.11 - 0.10 * share), 0.02, 0.025 + 0.05 * math.sin(math.pi * share))
    other = b.work + vec(-b.side * (0.11 - 0.07 * share), -0.02, 0.025 + 0.02 * math.sin(math.pi * share))
    return Pose(lead, other, 0.6, 0.6, extra={"done": t / length, "flat": 1.0, "folded": share})


def _stirring(t: float, b: Bench, hertz: float, share: float, tool: str, lift: float = 0.0) -> Pose:
    angle = _TAU * (hertz * b.pace * t + b.phase)
    r = b.radius * share
    tip = b.work + vec(r * math.cos(angle), r * math.sin(angle), lift * max(0.0, math.sin(angle * 0.5)))
    other = vec(b.work[0] - b.side * (b.radius + 0.085), b.work[1] - 0.05, b.rim_z + 0.005)
    return Pose(_grip(tip, b), other, 0.9, 0.6, tool=tool, tip=tip, extra={"spin": angle})


def stir(t: float, length: float, b: Bench) -> Pose:
    return _stirring(t, b, 0.85, 0.55, "spoon")


def mix(t: float, length: float, b: Bench) -> Pose:
    return _stirring(t, b, 0.6, 0.6, "spoon", lift=0.075)


def whisk(t: float, length: float, b: Bench) -> Pose:
    return _stirring(t, b, 3.1, 0.28, "whisk")


def simmer(t: float, length: float, b: Bench) -> Pose:
    share = (t * 0.16 * b.pace + b.phase) % 1.0
    if share < 0.5:
        return _stirring(t, b, 0.33, 0.45, "spoon")
    up = _stirring(t, b, 0.33, 0.45, "spoon")
    assert up.tip is not None
    away = vec(b.side * 0.05, -0.09, 0.09) * math.sin(math.pi * (share - 0.5) / 0.5)
    return replace(up, lead=up.lead + away, tip=up.tip + away, extra={})


def fry(t: float, length: float, b: Bench) -> Pose:
    cycle = (0.7 * b.pace * t + b.phase) % 1.0
    sweep = _ease(cycle / 0.6) if cycle < 0.6 else 1 - _ease((cycle - 0.6) / 0.4)
    lift = 0.055 * math.sin(math.pi * max(0.0, (cycle - 0.45) / 0.55))
    heading = 0.9 * _wave(0.09 * t)
    tip = b.work + vec(b.radius * 0.5 * heading, b.radius * (-0.6 + 1.2 * sweep), lift)
    other = vec(b.work[0] - b.side * (b.radius + 0.09), b.work[1] - 0.05, b.rim_z + 0.005)
    return Pose(
        _grip(tip, b, 0.21, 0.6),
        other,
        0.9,
        0.75,
        tool="turner",
        tip=tip,
        tool_roll=0.8 * max(0.0, lift / 0.055),
        extra={"spin": 0.8 * t, "jump": lift / 0.055},
    )


def flip(t: float, length: float, b: Bench) -> Pose:
    cycle = (0.42 * b.pace * t + b.phase * 0.2) % 1.0
    under = _ease(cycle / 0.3)
    up = math.sin(math.pi * min(1.0, max(0.0, (cycle - 0.3) / 0.4)))
    turn = _ease((cycle - 0.35) / 0.3)
    back = _ease((cycle - 0.72) / 0.28)
    tip = b.work + vec(0, -b.radius * 0.9 + b.radius * 0.8 * (under - back), 0.004 + 0.10 * up)
    return Pose(
        _grip(tip, b, 0.22, 0.5),
        b.rest_other,
        0.9,
        0.4,
        tool="turner",
        tip=tip,
        tool_roll=math.pi * (turn - back),
        extra={"flip": turn, "up": up},
    )


def mash(t: float, length: float, b: Bench) -> Pose:
    cycle = 1.25 * b.pace * t + b.phase
    lift = 0.05 * (0.5 + 0.5 * _wave(cycle))
    tip = b.work + vec(0.035 * _wave(0.21 * t), 0.03 * _wave(0.17 * t + 0.4), 0.004 + lift)
    return Pose(
        tip + vec(b.side * 0.015, -0.03, 0.15),
        _beside(b, b.radius + 0.02, -0.03, 0.02),
        1.0,
        0.5,
        tool="masher",
        tip=tip,
        extra={"done": t / length},
    )


def spread(t: float, length: float, b: Bench) -> Pose:
    share = (0.22 * b.pace * t) % 1.0
    angle, r = _TAU * 0.7 * b.pace * t, b.radius * 0.75 * share
    tip = b.work + vec(r * math.cos(angle), r * math.sin(angle), 0.006)
    return Pose(
        _grip(tip, b, 0.20, 0.65),
        b.rest_other,
        0.9,
        0.4,
        tool="ladle",
        tip=tip,
        extra={"done": min(1.0, t / length * 2), "flat": 1.0},
    )


def toss(t: float, length: float, b: Bench) -> Pose:
    cycle = 1.15 * b.pace * t + b.phase
    lift = vec(0, 0.045 * _wave(cycle), 0.035 + 0.03 * _wave(cycle + 0.25))
    foot = vec(b.work[0], b.work[1], b.from_rim_z if b.from_at is None else b.from_at[2])
    origin = foot + lift
    frame = turned(vec(1, 0, 0), 0.28 * _wave(cycle + 0.1))
    lead = origin + vec(b.side * (b.radius + 0.14), -0.075, b.rim_z - foot[2] + 0.005)
    return Pose(
        lead,
        b.rest_other,
        1.0,
        0.3,
        held=(Held(b.target_id, origin, frame),),
        extra={"jump": max(0.0, _wave(cycle + 0.3))},
    )


def _legs(t: float, length: float, count: int, leg_s: float) -> tuple[int, float]:
    """Which of the repeated movements is under way, and how far it has come; at least one a thing."""
    rounds = max(count, round(length / leg_s))
    rounds = count * max(1, rounds // max(1, count))
    at = min(t / length, 0.999999) * rounds
    return int(at * count / rounds) % count, at % 1.0


def add(t: float, length: float, b: Bench) -> Pose:
    if not b.sources:
        return sprinkle(t, length, b)
    k, u = _legs(t, length, len(b.sources), 3.0)
    source = b.sources[k] + vec(0, 0, 0.03)
    over = vec(b.work[0], b.work[1] - 0.01, b.rim_z + 0.075)
    if u < 0.2:
        tip = _between(b.tool_rest, source, u / 0.2, 0.10)
    elif u < 0.3:
        tip = source + vec(0.012 * _wave((u - 0.2) * 8), 0, -0.012)
    elif u < 0.55:
        tip = _between(source, over, (u - 0.3) / 0.25, 0.10)
    elif u < 0.85:
        tip = over + vec(0, 0, 0.008 * _wave((u - 0.55) * 14))
    else:
        tip = _between(over, b.tool_rest, (u - 0.85) / 0.15, 0.05)
    tipped = min(1.0, max(0.0, (u - 0.55) / 0.08)) * (1 - max(0.0, (u - 0.85) / 0.15))
    falls = (Fall("grains", tip, b.work, k),) if 0.56 < u < 0.85 else ()
    return Pose(
        _grip(tip, b, 0.14, 0.45),
        b.rest_other,
        0.85,
        0.4,
        lead_twist=1.2 * tipped,
        tool="small-spoon",
        tip=tip,
        tool_roll=1.5 * tipped,
        falls=falls,
        extra={"carried": float(k) if 0.28 < u < 0.62 else -1.0},
    )


def sprinkle(t: float, length: float, b: Bench) -> Pose:
    angle = _TAU * 0.35 * b.pace * t
    shake = vec(0.008 * _wave(4.3 * t), 0.006 * _wave(4.3 * t + 0.25), 0)
    hand = (
        vec(b.work[0], b.work[1], b.rim_z + 0.15)
        + shake
        + vec(b.radius * 0.4 * math.cos(angle), b.radius * 0.4 * math.sin(angle) - 0.03, 0)
    )
    falls = (
        (
            Fall(
                "grains",
                hand + vec(0, 0.05, -0.03),
                b.work + vec(b.radius * 0.4 * math.cos(angle), b.radius * 0.4 * math.sin(angle), 0),
                0,
            ),
        )
        if 0.12 < t / length < 0.95
        else ()
    )
    return Pose(hand, b.rest_other, 0.8, 0.4, lead_twist=0.2, falls=falls)


def garnish(t: float, length: float, b: Bench) -> Pose:
    cycle = 0.8 * b.pace * t + b.phase
    k, u = int(cycle), cycle % 1.0
    spot = b.work + vec(b.radius * 0.6 * math.cos(k * 2.4), b.radius * 0.6 * math.sin(k * 2.4), 0.0)
    start = b.sources[0] if b.sources else b.rest_lead
    high = spot + vec(b.side * 0.02, -0.06, 0.10)
    near = spot + vec(b.side * 0.01, -0.055, 0.035)
    if u < 0.35:
        hand = _between(start + vec(0, -0.04, 0.06), high, u / 0.35, 0.06)
    elif u < 0.6:
        hand = _between(high, near, (u - 0.35) / 0.25)
    else:
        hand = _between(near, start + vec(0, -0.04, 0.06), (u - 0.6) / 0.4, 0.08)
    falls = (Fall("grains", near + vec(0, 0.05, -0.005), spot, 0),) if 0.5 < u < 0.68 else ()
    return Pose(hand, b.rest_other, 0.8, 0.4, falls=falls)


def arrange(t: float, length: float, b: Bench) -> Pose:
    cycle = 0.45 * b.pace * t + b.phase
    k, u = int(cycle), cycle % 1.0
    spot = b.work + vec(b.radius * 0.55 * math.cos(k * 1.3), b.radius * 0.55 * math.sin(k * 1.3) - 0.05, 0.03)
    start = (b.sources[0] if b.sources else b.rest_lead) + vec(0, -0.05, 0.05)
    hand = _between(start, spot, u / 0.5, 0.12) if u < 0.5 else _between(spot, start, (u - 0.5) / 0.5, 0.14)
    return Pose(
        hand, _beside(b, b.radius + 0.03, -0.02, 0.01), 0.7, 0.4, extra={"carried": 0.0 if u < 0.5 else -1.0}
    )


def squeeze(t: float, length: float, b: Bench) -> Pose:
    grip = 0.5 + 0.5 * _wave(0.9 * b.pace * t + b.phase)
    hand = vec(b.work[0] + b.side * 0.01, b.work[1] - 0.05, b.rim_z + 0.12 + 0.012 * grip)
    falls = (Fall("drops", hand + vec(0, 0.03, -0.03), b.work, 0),) if grip > 0.45 else ()
    return Pose(
        hand,
        _beside(b, b.radius + 0.06, -0.04, 0.05),
        0.55 + 0.45 * grip,
        0.5,
        lead_twist=0.5 * grip,
        falls=falls,
        extra={"fruit": 1.0},
    )


def crack(t: float, length: float, b: Bench) -> Pose:
    u = (0.34 * b.pace * t) % 1.0
    edge = vec(b.work[0] + b.side * b.radius * 0.8, b.work[1] - b.radius * 0.55, b.rim_z + 0.03)
    over = vec(b.work[0], b.work[1] - 0.05, b.rim_z + 0.11)
    if u < 0.3:
        lead = edge + vec(0, 0, 0.05 * abs(math.cos(math.pi * u / 0.3 * 2)))
        return Pose(lead, b.rest_other, 0.7, 0.4, extra={"egg": 1.0})
    if u < 0.45:
        share = (u - 0.3) / 0.15
        return Pose(
            _between(edge, over + vec(b.side * 0.03, 0, 0), share),
            _between(b.rest_other, over - vec(b.side * 0.03, 0, 0), share),
            0.7,
            0.7,
            extra={"egg": 1.0},
        )
    apart = _ease((u - 0.45) / 0.25) * 0.055 + 0.03
    falls = (Fall("lump", over + vec(0, 0.05, -0.02), b.work, 0),) if 0.5 < u < 0.72 else ()
    return Pose(
        over + vec(b.side * apart, 0, 0),
        over - vec(b.side * apart, 0, 0),
        0.7,
        0.7,
        lead_twist=0.6,
        falls=falls,
        extra={"egg": 0.5},
    )


def rinse(t: float, length: float, b: Bench) -> Pose:
    angle = _TAU * (1.2 * b.pace * t + b.phase)
    r = b.radius * 0.38
    lead = b.work + vec(b.side * 0.02 + r * math.cos(angle), -0.02 + r * math.sin(angle), 0.02)
    other = b.work + vec(-b.side * 0.02 - r * math.cos(angle), -0.02 - r * math.sin(angle), 0.02)
    return Pose(lead, other, 0.6, 0.6, extra={"spin": angle * 0.5})


def cover(t: float, length: float, b: Bench) -> Pose:
    seat = vec(b.work[0], b.work[1], b.rim_z + 0.002)
    start = b.rest_lead + vec(0, 0.14, 0.06)
    share = t / max(0.1, min(length * 0.6, 2.5))
    tip = _between(start, seat, share, 0.12)
    lead = tip + vec(b.side * 0.005, -0.02, 0.066)
    if share > 1.0:
        leave = min(1.0, (t - min(length * 0.6, 2.5)) / 0.8)
        lead = _between(lead, b.rest_lead, leave)
    return Pose(lead, b.rest_other, 0.9, 0.4, tool="lid", tip=tip)


def _at_knob(t: float, b: Bench) -> Pose:
    share = min(1.0, t / 0.4)
    lead = _between(b.rest_lead, b.knob + vec(0, -0.045, 0.012), share)
    return Pose(lead, b.rest_other, 0.85, 0.35, lead_twist=0.9 * _wave(max(0.0, t - 0.4) * 0.8))


def boil(t: float, length: float, b: Bench) -> Pose:
    if t < 1.3:
        return _at_knob(t, b)
    u = (t - 1.3) * 0.22 * b.pace
    handle = vec(b.work[0] + b.side * (b.radius + 0.13), b.work[1] - 0.08, b.rim_z + 0.02)
    near = _between(b.rest_lead, handle, 0.5 - 0.5 * math.cos(_TAU * u))
    return Pose(
        near + vec(0, 0, 0.006 * _wave(1.1 * t)), b.rest_other + vec(0, 0, 0.004 * _wave(0.3 * t)), 0.6, 0.35
    )


def heat(t: float, length: float, b: Bench) -> Pose:
    if t < 1.3:
        return _at_knob(t, b)
    angle = _TAU * 0.3 * b.pace * t
    palm = vec(b.work[0] + 0.04 * math.cos(angle), b.work[1] - 0.06 + 0.02 * math.sin(angle), b.rim_z + 0.11)
    return Pose(palm, b.rest_other, 0.05, 0.35)


def turn_off(t: float, length: float, b: Bench) -> Pose:
    share = t / length
    at = b.knob + vec(0, -0.045, 0.012)
    if share < 0.35:
        return Pose(_between(b.rest_lead, at, share / 0.35), b.rest_other, 0.6, 0.35)
    if share < 0.8:
        return Pose(at, b.rest_other, 0.85, 0.35, lead_twist=-1.3 * _ease((share - 0.35) / 0.4))
    return Pose(_between(at, b.rest_lead, (share - 0.8) / 0.2), b.rest_other, 0.6, 0.35)


def _tilted(pivot: Floats, angle: float, side: float) -> Floats:
    return turned(vec(0, 1, 0), -side * angle)


def pour(t: float, length: float, b: Bench) -> Pose:
    if not b.sources:
        return sprinkle(t, length, b)
    k, u = _legs(t, length, len(b.sources), max(3.0, length / max(1, len(b.sources))))
    home = b.sources[k]
    over = vec(b.work[0] + b.side * (0.11 if b.source_is_liquid[k] else 0.08), b.work[1], b.rim_z + 0.09)
    if u < 0.42:
        at, angle = _between(home, over, (u - 0.1) / 0.32, 0.10), 0.0
    elif u < 0.88:
        at, angle = over, 1.45 * _ease((u - 0.42) / 0.18)
    else:
        at, angle = _between(over, home, (u - 0.88) / 0.12, 0.12), 1.45 * (1 - _ease((u - 0.86) / 0.06))
    frame = _tilted(at, angle, b.side)
    lip = at + frame @ vec(-b.side * 0.042, 0, 0.105)
    lead = at + frame @ vec(b.side * 0.062, -0.02, 0.055)
    falls = (Fall("stream", lip, b.work, k, 0.010),) if 0.55 < u < 0.87 else ()
    reach = _between(b.rest_lead, home + vec(b.side * 0.06, -0.02, 0.055), u / 0.1) if u < 0.1 else lead
    return Pose(reach, b.rest_other, 0.85, 0.4, held=(Held(b.source_ids[k], at, frame),), falls=falls)


def _emptied(t: float, length: float, b: Bench, high: float, through: str | None) -> Pose:
    """A vessel is lifted, tilted over the target, and set back; ``through`` is a sieve in the other hand."""
    assert b.from_at is not None
    u = t / length
    wall = b.from_rim_z - b.from_at[2]
    over = vec(b.work[0] + b.side * (b.radius + 0.085), b.work[1] + 0.02, b.rim_z + high)
    if u < 0.28:
        at, angle = _between(b.from_at, over, (u - 0.06) / 0.22, 0.06), 0.0
    elif u < 0.88:
        at, angle = over + vec(0, 0, 0.015 * _wave(0.4 * t)), 1.35 * _ease((u - 0.28) / 0.3)
    else:
        at, angle = _between(over, b.from_at, (u - 0.88) / 0.12, 0.05), 1.35 * (1 - _ease((u - 0.86) / 0.08))
    frame = _tilted(at, angle, b.side)
    lip = at + frame @ vec(-b.side * 0.085, 0, wall)
    lead = at + frame @ vec(b.side * 0.19, -0.07, wall * 0.98)
    sieve = vec(b.work[0], b.work[1], b.rim_z + 0.05)
    falls: tuple[Fall, ...] = ()
    if 0.36 < u < 0.87:
        falls = (Fall("stream", lip, sieve if through else b.work, 0, 0.010),)
        if through:
            falls += (Fall("stream", sieve - vec(0, 0, 0.03), b.work, 0, 0.006),)
    other = sieve + vec(-b.side * 0.155, -0.035, 0.03) if through else over + vec(-b.side * 0.14, -0.05, 0.0)
    if u < 0.2:
        other = _between(b.rest_other, other, u / 0.2)
    tip = other + vec(b.side * 0.155, 0.035, -0.03) if through else None
    return Pose(
        lead,
        other,
        0.95,
        0.8 if through else 0.4,
        other_tool=through,
        other_tip=tip,
        held=(Held(b.from_id or "", at, frame),),
        falls=falls,
    )


def strain(t: float, length: float, b: Bench) -> Pose:
    return _emptied(t, length, b, 0.13, "strainer")


def drain(t: float, length: float, b: Bench) -> Pose:
    return _emptied(t, length, b, 0.10, None)


def plate(t: float, length: float, b: Bench) -> Pose:
    assert b.from_at is not None
    _, u = _legs(t, length, 1, 2.6)
    inside = vec(b.from_at[0], b.from_at[1], b.from_rim_z - 0.03)
    over = b.work + vec(0, 0, 0.06)
    if u < 0.18:
        tip = inside + vec(0.02 * _wave(u * 3), 0, -0.01)
    elif u < 0.5:
        tip = _between(inside, over, (u - 0.18) / 0.32, 0.13)
    elif u < 0.72:
        tip = over + vec(0, 0, -0.02 * math.sin(math.pi * (u - 0.5) / 0.22))
    else:
        tip = _between(over, inside, (u - 0.72) / 0.28, 0.12)
    tipped = math.sin(math.pi * min(1.0, max(0.0, (u - 0.5) / 0.22)))
    falls = (Fall("lump", tip, b.work, 0),) if 0.54 < u < 0.72 else ()
    return Pose(
        _grip(tip, b, 0.20, 0.6),
        _beside(b, b.radius + 0.03, -0.03, 0.01),
        0.9,
        0.45,
        lead_twist=tipped,
        tool="ladle",
        tip=tip,
        tool_roll=1.3 * tipped,
        falls=falls,
        extra={"carried": 0.0 if 0.16 < u < 0.56 else -1.0},
    )


def serve(t: float, length: float, b: Bench) -> Pose:
    foot = vec(b.work[0], b.work[1], 0.0)
    u = t / length
    move = _ease((u - 0.25) / 0.5)
    at = foot + vec(0, -0.09 * move, 0.05 * math.sin(math.pi * move))
    z = max(0.02, b.rim_z * 0.5)
    lead, other = (
        at + vec(b.side * (b.radius + 0.025), -0.03, z),
        at + vec(-b.side * (b.radius + 0.025), -0.03, z),
    )
    if u < 0.2:
        lead, other = _between(b.rest_lead, lead, u / 0.2), _between(b.rest_other, other, u / 0.2)
    if u > 0.8:
        lead, other = (
            _between(lead, b.rest_lead, (u - 0.8) / 0.2),
            _between(other, b.rest_other, (u - 0.8) / 0.2),
        )
    return Pose(lead, other, 0.5, 0.5, held=(Held(b.target_id, at, np.eye(3)),))


def temper(t: float, length: float, b: Bench) -> Pose:
    u = t / length
    low = vec(b.work[0] + b.side * 0.26, b.work[1] - 0.02, b.rim_z + 0.01)
    over = vec(b.work[0] + b.side * 0.09, b.work[1] - 0.01, b.rim_z + 0.08)
    swirl = vec(0.018 * math.cos(_TAU * 0.9 * t), 0.018 * math.sin(_TAU * 0.9 * t), 0)
    at, angle = low + swirl, 0.0
    if u > 0.6:
        at = _between(low, over, (u - 0.6) / 0.15)
        angle = 1.5 * _ease((u - 0.72) / 0.12)
    frame = _tilted(at, angle, b.side)
    tip = at + frame @ vec(0, 0, 0.01)
    falls = (Fall("stream", at + frame @ vec(-b.side * 0.05, 0, 0.03), b.work, 0, 0.008),) if u > 0.8 else ()
    return Pose(
        at + frame @ vec(b.side * 0.19, -0.075, 0.035),
        b.rest_other,
        0.95,
        0.35,
        falls=falls,
        held=(Held("small-pan", tip, frame),),
        extra={"puff": max(0.0, u - 0.8) * 5},
    )


def rest(t: float, length: float, b: Bench) -> Pose:
    drift = vec(0.006 * _wave(0.17 * t), 0.005 * _wave(0.13 * t + 0.3), 0.0)
    return Pose(
        b.rest_lead + vec(b.side * 0.02, -0.03, 0) + drift,
        b.rest_other - vec(b.side * 0.02, 0.03, 0) - drift,
        0.15,
        0.15,
    )


def idle(t: float, length: float, b: Bench) -> Pose:
    """Nothing of the dish: hands rest, wipe the counter, or reach for something, as the seed has it."""
    kind = int(b.phase * 97) % 3
    if kind == 0 and length > 1.2:
        wipe = vec(b.side * 0.07 * _wave(0.9 * t), 0.03 * _wave(0.45 * t), 0)
        at = b.rest_lead + vec(-b.side * 0.08, 0.05, -0.01) + wipe
        return Pose(at, b.rest_other, 0.25, 0.3, tool="cloth", tip=at + vec(0, 0.03, -0.018))
    if kind == 1 and length > 1.2:
        away = math.sin(math.pi * min(1.0, t / length)) * vec(b.side * 0.06, 0.10, 0.05)
        return Pose(b.rest_lead + away, b.rest_other, 0.4, 0.3)
    return rest(t, length, b)


MOTIONS: dict[str, Motion] = {
    "add": add, "arrange": arrange, "blend": blend, "boil": boil, "chop": chop, "cover": cover, "crack": crack,
    "crush": crush, "drain": drain, "flip": flip, "fold": fold, "fry": fry, "garnish": garnish, "grate": grate,
    "heat": heat, "knead": knead, "mash": mash, "mix": mix, "peel": peel, "plate": plate, "pour": pour, "rest": rest,
    "rinse": rinse, "roll": roll, "serve": serve, "simmer": simmer, "slice": slice_, "spread": spread,
    "sprinkle": sprinkle, "squeeze": squeeze, "stir": stir, "strain": strain, "temper": temper, "toss": toss,
    "turn-off": turn_off, "whisk": whisk,
}  # fmt: skip
