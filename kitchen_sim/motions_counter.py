"""How hands move for what is done on board, bowl and plate: (seconds since the step began, bench) -> pose."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kitchen_sim.canvas import vec
from kitchen_sim.poses import (
    TAU,
    Bench,
    Fall,
    Held,
    Pose,
    beside,
    between,
    ease,
    grip_for,
    leg_of,
    stirring,
    wave,
)

_FILLING = 0.62


def chop(t: float, b: Bench) -> Pose:
    cycle = 2.5 * b.pace * t + b.phase
    lift = 0.055 * abs(math.sin(math.pi * cycle))
    x = -b.side * 0.07 + b.side * 0.14 * (1 - t / b.length_s) * 0.9
    tip = b.work + vec(x, 0.075, 0.006 + lift * 0.35)
    lead = b.work + vec(x + b.side * 0.02, -0.075, 0.050 + lift)
    other = b.work + vec(x - b.side * 0.062, -0.005, 0.035)
    return Pose(lead, other, 0.95, 0.8, tool="knife", tip=tip, extra={"done": t / b.length_s})


def slice_(t: float, b: Bench) -> Pose:
    cycle = 0.75 * b.pace * t + b.phase
    along = 0.065 * wave(cycle)
    depth = 0.045 * (1 - (cycle % 1.0))
    x = b.side * (0.06 - 0.12 * t / b.length_s)
    tip = b.work + vec(x, 0.09 + along, 0.01 + depth)
    lead = b.work + vec(x + b.side * 0.01, -0.07 + along, 0.04 + depth)
    return Pose(
        lead,
        b.work + vec(x - b.side * 0.07, 0, 0.04),
        0.95,
        0.7,
        tool="knife",
        tip=tip,
        extra={"done": t / b.length_s},
    )


def peel(t: float, b: Bench) -> Pose:
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
        extra={"done": t / b.length_s, "lifted": 1.0},
    )


def grate(t: float, b: Bench) -> Pose:
    along = 0.5 + 0.5 * wave(1.5 * b.pace * t + b.phase)
    top, low = b.work + vec(0, 0.03, 0.17), b.work + vec(0, -0.07, 0.02)
    lead = low + (top - low) * (0.15 + 0.7 * along) + vec(b.side * 0.01, -0.035, 0.025)
    other = top + vec(-b.side * 0.03, -0.01, 0.025)
    return Pose(
        lead, other, 0.8, 0.9, other_tool="grater", other_tip=low, extra={"done": t / b.length_s, "lump": 1.0}
    )


def crush(t: float, b: Bench) -> Pose:
    cycle = 1.7 * b.pace * t + b.phase
    lift = 0.075 * abs(math.sin(math.pi * cycle)) ** 0.7
    wander = vec(0.012 * wave(0.31 * t), 0.012 * wave(0.23 * t + 0.3), 0)
    tip = b.work + wander + vec(0, 0, 0.0 + lift)
    return Pose(
        tip + vec(b.side * 0.012, -0.02, 0.13),
        beside(b, 0.085, -0.02, 0.01),
        1.0,
        0.5,
        tool="pestle",
        tip=tip,
        extra={"done": t / b.length_s},
    )


def blend(t: float, b: Bench) -> Pose:
    pulse = 1.0 if (0.7 * b.pace * t + b.phase) % 1.0 < 0.72 else 0.0
    shake = vec(0.003 * wave(7.3 * t), 0.002 * wave(8.1 * t + 0.2), 0) * pulse
    origin = b.work * np.array([1, 1, 0]) + vec(0, 0, 0.018) + shake
    top = origin + vec(0, -0.01, 0.235 - 0.012 * pulse)
    return Pose(
        top,
        origin + vec(-b.side * 0.09, -0.02, 0.10),
        0.25,
        0.55,
        held=(Held(b.target_id, origin, np.eye(3)),),
        extra={"done": t / b.length_s},
    )


def knead(t: float, b: Bench) -> Pose:
    cycle = 0.85 * b.pace * t + b.phase
    push, press = wave(cycle), 0.02 * wave(cycle + 0.25)
    lead = b.work + vec(b.side * 0.035, 0.045 * push - 0.03, 0.05 - press)
    other = b.work + vec(-b.side * 0.035, 0.045 * wave(cycle - 0.12) - 0.03, 0.05 - press)
    return Pose(lead, other, 0.55, 0.55, extra={"squash": push, "done": t / b.length_s})


def roll(t: float, b: Bench) -> Pose:
    y = 0.075 * wave(0.75 * b.pace * t + b.phase)
    middle = b.work + vec(0, y, 0.03)
    lead, other = middle + vec(b.side * 0.155, -0.01, 0.012), middle + vec(-b.side * 0.155, -0.01, 0.012)
    return Pose(
        lead,
        other,
        0.55,
        0.55,
        tool="rolling-pin",
        tip=middle + vec(-b.side * 0.17, 0, 0),
        extra={"done": t / b.length_s, "flat": 1.0},
    )


def fold(t: float, b: Bench) -> Pose:
    share = 0.5 - 0.5 * math.cos(TAU * 0.45 * b.pace * t)
    lead = b.work + vec(b.side * (0.11 - 0.10 * share), 0.02, 0.025 + 0.05 * math.sin(math.pi * share))
    other = b.work + vec(-b.side * (0.11 - 0.07 * share), -0.02, 0.025 + 0.02 * math.sin(math.pi * share))
    return Pose(lead, other, 0.6, 0.6, extra={"done": t / b.length_s, "flat": 1.0, "folded": share})


def mash(t: float, b: Bench) -> Pose:
    cycle = 1.25 * b.pace * t + b.phase
    lift = 0.05 * (0.5 + 0.5 * wave(cycle))
    tip = b.work + vec(0.035 * wave(0.21 * t), 0.03 * wave(0.17 * t + 0.4), 0.004 + lift)
    return Pose(
        tip + vec(b.side * 0.015, -0.03, 0.15),
        beside(b, b.radius + 0.02, -0.03, 0.02),
        1.0,
        0.5,
        tool="masher",
        tip=tip,
        extra={"done": t / b.length_s},
    )


def mix(t: float, b: Bench) -> Pose:
    return stirring(t, b, 0.6, 0.6, "spoon", lift=0.075)


def whisk(t: float, b: Bench) -> Pose:
    return stirring(t, b, 3.1, 0.28, "whisk")


def rinse(t: float, b: Bench) -> Pose:
    angle = TAU * (1.2 * b.pace * t + b.phase)
    r = b.radius * 0.38
    lead = b.work + vec(b.side * 0.02 + r * math.cos(angle), -0.02 + r * math.sin(angle), 0.02)
    other = b.work + vec(-b.side * 0.02 - r * math.cos(angle), -0.02 - r * math.sin(angle), 0.02)
    return Pose(lead, other, 0.6, 0.6, extra={"spin": angle * 0.5})


def garnish(t: float, b: Bench) -> Pose:
    cycle = 0.8 * b.pace * t + b.phase
    k, u = int(cycle), cycle % 1.0
    spot = b.work + vec(b.radius * 0.6 * math.cos(k * 2.4), b.radius * 0.6 * math.sin(k * 2.4), 0.0)
    start = b.sources[0] if b.sources else b.rest_lead
    high = spot + vec(b.side * 0.02, -0.06, 0.10)
    near = spot + vec(b.side * 0.01, -0.055, 0.035)
    if u < 0.35:
        hand = between(start + vec(0, -0.04, 0.06), high, u / 0.35, 0.06)
    elif u < 0.6:
        hand = between(high, near, (u - 0.35) / 0.25)
    else:
        hand = between(near, start + vec(0, -0.04, 0.06), (u - 0.6) / 0.4, 0.08)
    falls = (Fall("grains", near + vec(0, 0.05, -0.005), spot, 0),) if 0.5 < u < 0.68 else ()
    return Pose(hand, b.rest_other, 0.8, 0.4, falls=falls)


def arrange(t: float, b: Bench) -> Pose:
    cycle = 0.45 * b.pace * t + b.phase
    k, u = int(cycle), cycle % 1.0
    spot = b.work + vec(b.radius * 0.55 * math.cos(k * 1.3), b.radius * 0.55 * math.sin(k * 1.3) - 0.05, 0.03)
    start = (b.sources[0] if b.sources else b.rest_lead) + vec(0, -0.05, 0.05)
    hand = between(start, spot, u / 0.5, 0.12) if u < 0.5 else between(spot, start, (u - 0.5) / 0.5, 0.14)
    return Pose(
        hand, beside(b, b.radius + 0.03, -0.02, 0.01), 0.7, 0.4, extra={"carried": 0.0 if u < 0.5 else -1.0}
    )


def plate(t: float, b: Bench) -> Pose:
    assert b.from_at is not None
    _, u = leg_of(t, b.length_s, 1, 2.6)
    inside = vec(b.from_at[0], b.from_at[1], b.from_rim_z - 0.03)
    over = b.work + vec(0, 0, 0.06)
    if u < 0.18:
        tip = inside + vec(0.02 * wave(u * 3), 0, -0.01)
    elif u < 0.5:
        tip = between(inside, over, (u - 0.18) / 0.32, 0.13)
    elif u < 0.72:
        tip = over + vec(0, 0, -0.02 * math.sin(math.pi * (u - 0.5) / 0.22))
    else:
        tip = between(over, inside, (u - 0.72) / 0.28, 0.12)
    tipped = math.sin(math.pi * min(1.0, max(0.0, (u - 0.5) / 0.22)))
    falls = (Fall("lump", tip, b.work, 0),) if 0.54 < u < 0.72 else ()
    return Pose(
        grip_for(tip, b, 0.20, 0.6),
        beside(b, b.radius + 0.03, -0.03, 0.01),
        0.9,
        0.45,
        lead_twist=tipped,
        tool="ladle",
        tip=tip,
        tool_roll=1.3 * tipped,
        falls=falls,
        extra={"carried": 0.0 if 0.16 < u < 0.56 else -1.0},
    )


def serve(t: float, b: Bench) -> Pose:
    foot = vec(b.work[0], b.work[1], 0.0)
    if b.from_at is not None and b.from_id is not None:
        filling_s = b.length_s * _FILLING
        if t < filling_s:
            return plate(t, replace(b, length_s=filling_s))
        t, b = t - filling_s, replace(b, length_s=b.length_s - filling_s)
    u = t / b.length_s
    move = ease((u - 0.25) / 0.5)
    at = foot + vec(0, -0.09 * move, 0.05 * math.sin(math.pi * move))
    z = max(0.02, b.rim_z * 0.5)
    lead, other = (
        at + vec(b.side * (b.radius + 0.025), -0.03, z),
        at + vec(-b.side * (b.radius + 0.025), -0.03, z),
    )
    if u < 0.2:
        lead, other = between(b.rest_lead, lead, u / 0.2), between(b.rest_other, other, u / 0.2)
    if u > 0.8:
        lead, other = (
            between(lead, b.rest_lead, (u - 0.8) / 0.2),
            between(other, b.rest_other, (u - 0.8) / 0.2),
        )
    return Pose(lead, other, 0.5, 0.5, held=(Held(b.target_id, at, np.eye(3)),))


def rest(t: float, b: Bench) -> Pose:
    drift = vec(0.006 * wave(0.17 * t), 0.005 * wave(0.13 * t + 0.3), 0.0)
    return Pose(
        b.rest_lead + vec(b.side * 0.02, -0.03, 0) + drift,
        b.rest_other - vec(b.side * 0.02, 0.03, 0) - drift,
        0.15,
        0.15,
    )


def idle(t: float, b: Bench) -> Pose:
    """Nothing of the dish: hands rest, wipe the counter, or reach for something, as the seed has it."""
    kind = int(b.phase * 97) % 3
    if kind == 0 and b.length_s > 1.2:
        wipe = vec(b.side * 0.07 * wave(0.9 * t), 0.03 * wave(0.45 * t), 0)
        at = b.rest_lead + vec(-b.side * 0.08, 0.05, -0.01) + wipe
        return Pose(at, b.rest_other, 0.25, 0.3, tool="cloth", tip=at + vec(0, 0.03, -0.018))
    if kind == 1 and b.length_s > 1.2:
        away = math.sin(math.pi * min(1.0, t / b.length_s)) * vec(b.side * 0.06, 0.10, 0.05)
        return Pose(b.rest_lead + away, b.rest_other, 0.4, 0.3)
    return rest(t, b)
