"""What a pose of the hands is, where work takes place, and ways of moving that several motions share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from kitchen_sim.canvas import Floats, vec

TAU = 2 * math.pi


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
    length_s: float


def wave(x: float) -> float:
    """A sine of a phase counted in turns."""
    return math.sin(TAU * x)


def ease(x: float) -> float:
    """0 to 1, slow at both ends."""
    x = min(1.0, max(0.0, x))
    return x * x * (3 - 2 * x)


def between(a: Floats, b: Floats, share: float, lift: float = 0.0) -> Floats:
    """A place on the way from one to another, lifted in the middle."""
    s = ease(share)
    return a + (b - a) * s + vec(0, 0, lift * math.sin(math.pi * s))


def grip_for(tip: Floats, b: Bench, length: float = 0.19, steep: float = 0.7) -> Floats:
    """Where the hand is for a tool's working end, its handle towards the cook."""
    flat = math.sqrt(max(0.0, 1 - steep * steep)) * length
    return tip + vec(b.side * flat * 0.45, -flat * 0.89, steep * length)


def beside(b: Bench, x: float = 0.09, y: float = -0.02, z: float = 0.03) -> Floats:
    """A place for the other hand, holding what is worked on."""
    return b.work + vec(-b.side * x, y, z)


def stirring(t: float, b: Bench, hertz: float, share: float, tool: str, lift: float = 0.0) -> Pose:
    """A tool going round in a vessel ``hertz`` times a second, the other hand holding the vessel."""
    angle = TAU * (hertz * b.pace * t + b.phase)
    r = b.radius * share
    tip = b.work + vec(r * math.cos(angle), r * math.sin(angle), lift * max(0.0, math.sin(angle * 0.5)))
    other = vec(b.work[0] - b.side * (b.radius + 0.085), b.work[1] - 0.05, b.rim_z + 0.005)
    return Pose(grip_for(tip, b), other, 0.9, 0.6, tool=tool, tip=tip, extra={"spin": angle})


def leg_of(t: float, length: float, count: int, leg_s: float) -> tuple[int, float]:
    """Which of the repeated movements is under way, and how far it has come; at least one a thing."""
    rounds = max(count, round(length / leg_s))
    rounds = count * max(1, rounds // max(1, count))
    at = min(t / length, 0.999999) * rounds
    return int(at * count / rounds) % count, at % 1.0


Motion = Callable[[float, Bench], Pose]
