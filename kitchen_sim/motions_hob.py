"""How hands move for what is done at the hob: (seconds since the step began, bench) -> pose."""

from __future__ import annotations

import math
from dataclasses import replace

from kitchen_sim.canvas import Floats, turned, vec
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


def stir(t: float, b: Bench) -> Pose:
    return stirring(t, b, 0.85, 0.55, "spoon")


def simmer(t: float, b: Bench) -> Pose:
    share = (t * 0.16 * b.pace + b.phase) % 1.0
    if share < 0.5:
        return stirring(t, b, 0.33, 0.45, "spoon")
    up = stirring(t, b, 0.33, 0.45, "spoon")
    assert up.tip is not None
    away = vec(b.side * 0.05, -0.09, 0.09) * math.sin(math.pi * (share - 0.5) / 0.5)
    return replace(up, lead=up.lead + away, tip=up.tip + away, extra={})


def fry(t: float, b: Bench) -> Pose:
    cycle = (0.7 * b.pace * t + b.phase) % 1.0
    sweep = ease(cycle / 0.6) if cycle < 0.6 else 1 - ease((cycle - 0.6) / 0.4)
    lift = 0.055 * math.sin(math.pi * max(0.0, (cycle - 0.45) / 0.55))
    heading = 0.9 * wave(0.09 * t)
    tip = b.work + vec(b.radius * 0.5 * heading, b.radius * (-0.6 + 1.2 * sweep), lift)
    other = vec(b.work[0] - b.side * (b.radius + 0.09), b.work[1] - 0.05, b.rim_z + 0.005)
    return Pose(
        grip_for(tip, b, 0.21, 0.6),
        other,
        0.9,
        0.75,
        tool="turner",
        tip=tip,
        tool_roll=0.8 * max(0.0, lift / 0.055),
        extra={"spin": 0.8 * t, "jump": lift / 0.055},
    )


def flip(t: float, b: Bench) -> Pose:
    cycle = (0.42 * b.pace * t + b.phase * 0.2) % 1.0
    under = ease(cycle / 0.3)
    up = math.sin(math.pi * min(1.0, max(0.0, (cycle - 0.3) / 0.4)))
    turn = ease((cycle - 0.35) / 0.3)
    back = ease((cycle - 0.72) / 0.28)
    tip = b.work + vec(0, -b.radius * 0.9 + b.radius * 0.8 * (under - back), 0.004 + 0.10 * up)
    return Pose(
        grip_for(tip, b, 0.22, 0.5),
        b.rest_other,
        0.9,
        0.4,
        tool="turner",
        tip=tip,
        tool_roll=math.pi * (turn - back),
        extra={"flip": turn, "up": up},
    )


def spread(t: float, b: Bench) -> Pose:
    share = (0.22 * b.pace * t) % 1.0
    angle, r = TAU * 0.7 * b.pace * t, b.radius * 0.75 * share
    tip = b.work + vec(r * math.cos(angle), r * math.sin(angle), 0.006)
    return Pose(
        grip_for(tip, b, 0.20, 0.65),
        b.rest_other,
        0.9,
        0.4,
        tool="ladle",
        tip=tip,
        extra={"done": min(1.0, t / b.length_s * 2), "flat": 1.0},
    )


def toss(t: float, b: Bench) -> Pose:
    cycle = 1.15 * b.pace * t + b.phase
    lift = vec(0, 0.045 * wave(cycle), 0.035 + 0.03 * wave(cycle + 0.25))
    foot = vec(b.work[0], b.work[1], b.from_rim_z if b.from_at is None else b.from_at[2])
    origin = foot + lift
    frame = turned(vec(1, 0, 0), 0.28 * wave(cycle + 0.1))
    lead = origin + vec(b.side * (b.radius + 0.14), -0.075, b.rim_z - foot[2] + 0.005)
    return Pose(
        lead,
        b.rest_other,
        1.0,
        0.3,
        held=(Held(b.target_id, origin, frame),),
        extra={"jump": max(0.0, wave(cycle + 0.3))},
    )


def add(t: float, b: Bench) -> Pose:
    if not b.sources:
        return sprinkle(t, b)
    k, u = leg_of(t, b.length_s, len(b.sources), 3.0)
    source = b.sources[k] + vec(0, 0, 0.03)
    over = vec(b.work[0], b.work[1] - 0.01, b.rim_z + 0.075)
    if u < 0.2:
        tip = between(b.tool_rest, source, u / 0.2, 0.10)
    elif u < 0.3:
        tip = source + vec(0.012 * wave((u - 0.2) * 8), 0, -0.012)
    elif u < 0.55:
        tip = between(source, over, (u - 0.3) / 0.25, 0.10)
    elif u < 0.85:
        tip = over + vec(0, 0, 0.008 * wave((u - 0.55) * 14))
    else:
        tip = between(over, b.tool_rest, (u - 0.85) / 0.15, 0.05)
    tipped = min(1.0, max(0.0, (u - 0.55) / 0.08)) * (1 - max(0.0, (u - 0.85) / 0.15))
    falls = (Fall("grains", tip, b.work, k),) if 0.56 < u < 0.85 else ()
    return Pose(
        grip_for(tip, b, 0.14, 0.45),
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


def sprinkle(t: float, b: Bench) -> Pose:
    angle = TAU * 0.35 * b.pace * t
    shake = vec(0.008 * wave(4.3 * t), 0.006 * wave(4.3 * t + 0.25), 0)
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
        if 0.12 < t / b.length_s < 0.95
        else ()
    )
    return Pose(hand, b.rest_other, 0.8, 0.4, lead_twist=0.2, falls=falls)


def squeeze(t: float, b: Bench) -> Pose:
    grip = 0.5 + 0.5 * wave(0.9 * b.pace * t + b.phase)
    hand = vec(b.work[0] + b.side * 0.01, b.work[1] - 0.05, b.rim_z + 0.12 + 0.012 * grip)
    falls = (Fall("drops", hand + vec(0, 0.03, -0.03), b.work, 0),) if grip > 0.45 else ()
    return Pose(
        hand,
        beside(b, b.radius + 0.06, -0.04, 0.05),
        0.55 + 0.45 * grip,
        0.5,
        lead_twist=0.5 * grip,
        falls=falls,
        extra={"fruit": 1.0},
    )


def crack(t: float, b: Bench) -> Pose:
    u = (0.34 * b.pace * t) % 1.0
    edge = vec(b.work[0] + b.side * b.radius * 0.8, b.work[1] - b.radius * 0.55, b.rim_z + 0.03)
    over = vec(b.work[0], b.work[1] - 0.05, b.rim_z + 0.11)
    if u < 0.3:
        lead = edge + vec(0, 0, 0.05 * abs(math.cos(math.pi * u / 0.3 * 2)))
        return Pose(lead, b.rest_other, 0.7, 0.4, extra={"egg": 1.0})
    if u < 0.45:
        share = (u - 0.3) / 0.15
        return Pose(
            between(edge, over + vec(b.side * 0.03, 0, 0), share),
            between(b.rest_other, over - vec(b.side * 0.03, 0, 0), share),
            0.7,
            0.7,
            extra={"egg": 1.0},
        )
    apart = ease((u - 0.45) / 0.25) * 0.055 + 0.03
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


def cover(t: float, b: Bench) -> Pose:
    seat = vec(b.work[0], b.work[1], b.rim_z + 0.002)
    start = b.rest_lead + vec(0, 0.14, 0.06)
    share = t / max(0.1, min(b.length_s * 0.6, 2.5))
    tip = between(start, seat, share, 0.12)
    lead = tip + vec(b.side * 0.005, -0.02, 0.066)
    if share > 1.0:
        leave = min(1.0, (t - min(b.length_s * 0.6, 2.5)) / 0.8)
        lead = between(lead, b.rest_lead, leave)
    return Pose(lead, b.rest_other, 0.9, 0.4, tool="lid", tip=tip)


def _at_knob(t: float, b: Bench) -> Pose:
    share = min(1.0, t / 0.4)
    lead = between(b.rest_lead, b.knob + vec(0, -0.045, 0.012), share)
    return Pose(lead, b.rest_other, 0.85, 0.35, lead_twist=0.9 * wave(max(0.0, t - 0.4) * 0.8))


def boil(t: float, b: Bench) -> Pose:
    if t < 1.3:
        return _at_knob(t, b)
    u = (t - 1.3) * 0.22 * b.pace
    handle = vec(b.work[0] + b.side * (b.radius + 0.13), b.work[1] - 0.08, b.rim_z + 0.02)
    near = between(b.rest_lead, handle, 0.5 - 0.5 * math.cos(TAU * u))
    return Pose(
        near + vec(0, 0, 0.006 * wave(1.1 * t)), b.rest_other + vec(0, 0, 0.004 * wave(0.3 * t)), 0.6, 0.35
    )


def heat(t: float, b: Bench) -> Pose:
    if t < 1.3:
        return _at_knob(t, b)
    angle = TAU * 0.3 * b.pace * t
    palm = vec(b.work[0] + 0.04 * math.cos(angle), b.work[1] - 0.06 + 0.02 * math.sin(angle), b.rim_z + 0.11)
    return Pose(palm, b.rest_other, 0.05, 0.35)


def check(t: float, b: Bench) -> Pose:
    u = (0.28 * b.pace * t) % 1.0
    near_eye = vec(b.work[0] - b.side * 0.06, b.work[1] - 0.24, b.rim_z + 0.20)
    if u < 0.3:
        tip = b.work + vec(0.008 * wave(u * 5), 0, 0.004)
    elif u < 0.5:
        tip = between(b.work, near_eye, (u - 0.3) / 0.2, 0.03)
    elif u < 0.8:
        tip = near_eye + vec(0, 0, 0.006 * wave(2.2 * t))
    else:
        tip = between(near_eye, b.work, (u - 0.8) / 0.2, 0.03)
    return Pose(grip_for(tip, b, 0.15, 0.5), b.rest_other, 0.85, 0.4, tool="small-spoon", tip=tip)


def turn_off(t: float, b: Bench) -> Pose:
    share = t / b.length_s
    at = b.knob + vec(0, -0.045, 0.012)
    if share < 0.35:
        return Pose(between(b.rest_lead, at, share / 0.35), b.rest_other, 0.6, 0.35)
    if share < 0.8:
        return Pose(at, b.rest_other, 0.85, 0.35, lead_twist=-1.3 * ease((share - 0.35) / 0.4))
    return Pose(between(at, b.rest_lead, (share - 0.8) / 0.2), b.rest_other, 0.6, 0.35)


def _tilted(angle: float, side: float) -> Floats:
    """The frame of a vessel tipped towards what it is poured into."""
    return turned(vec(0, 1, 0), -side * angle)


def pour(t: float, b: Bench) -> Pose:
    if not b.sources:
        return sprinkle(t, b)
    k, u = leg_of(t, b.length_s, len(b.sources), max(3.0, b.length_s / max(1, len(b.sources))))
    home = b.sources[k]
    over = vec(b.work[0] + b.side * (0.11 if b.source_is_liquid[k] else 0.08), b.work[1], b.rim_z + 0.09)
    if u < 0.42:
        at, angle = between(home, over, (u - 0.1) / 0.32, 0.10), 0.0
    elif u < 0.88:
        at, angle = over, 1.45 * ease((u - 0.42) / 0.18)
    else:
        at, angle = between(over, home, (u - 0.88) / 0.12, 0.12), 1.45 * (1 - ease((u - 0.86) / 0.06))
    frame = _tilted(angle, b.side)
    lip = at + frame @ vec(-b.side * 0.042, 0, 0.105)
    lead = at + frame @ vec(b.side * 0.062, -0.02, 0.055)
    falls = (Fall("stream", lip, b.work, k, 0.010),) if 0.55 < u < 0.87 else ()
    reach = between(b.rest_lead, home + vec(b.side * 0.06, -0.02, 0.055), u / 0.1) if u < 0.1 else lead
    return Pose(reach, b.rest_other, 0.85, 0.4, held=(Held(b.source_ids[k], at, frame),), falls=falls)


def _emptied(t: float, b: Bench, high: float, through: str | None) -> Pose:
    """A vessel is lifted, tilted over the target, and set back; ``through`` is a sieve in the other hand."""
    assert b.from_at is not None
    u = t / b.length_s
    wall = b.from_rim_z - b.from_at[2]
    over = vec(b.work[0] + b.side * (b.radius + 0.085), b.work[1] + 0.02, b.rim_z + high)
    if u < 0.28:
        at, angle = between(b.from_at, over, (u - 0.06) / 0.22, 0.06), 0.0
    elif u < 0.88:
        at, angle = over + vec(0, 0, 0.015 * wave(0.4 * t)), 1.35 * ease((u - 0.28) / 0.3)
    else:
        at, angle = between(over, b.from_at, (u - 0.88) / 0.12, 0.05), 1.35 * (1 - ease((u - 0.86) / 0.08))
    frame = _tilted(angle, b.side)
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
        other = between(b.rest_other, other, u / 0.2)
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


def strain(t: float, b: Bench) -> Pose:
    return _emptied(t, b, 0.17, "strainer")


def drain(t: float, b: Bench) -> Pose:
    return _emptied(t, b, 0.10, None)


def temper(t: float, b: Bench) -> Pose:
    u = t / b.length_s
    low = vec(b.work[0] + b.side * 0.26, b.work[1] - 0.02, b.rim_z + 0.01)
    over = vec(b.work[0] + b.side * 0.09, b.work[1] - 0.01, b.rim_z + 0.08)
    swirl = vec(0.018 * math.cos(TAU * 0.9 * t), 0.018 * math.sin(TAU * 0.9 * t), 0)
    at, angle = low + swirl, 0.0
    if u > 0.6:
        at = between(low, over, (u - 0.6) / 0.15)
        angle = 1.5 * ease((u - 0.72) / 0.12)
    frame = _tilted(angle, b.side)
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
