"""How food looks at a moment; knows nothing of steps or hands."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from kitchen_sim.canvas import Canvas, Floats, turned, vec
from kitchen_sim.fire import scattered
from kitchen_sim.storyboard import Contents
from kitchen_sim.styles import Rgb
from kitchen_sim.things import Food, Form, food_named, shared_area

_CHARCOAL: Rgb = (34, 26, 22)


@lru_cache(maxsize=64)
def ordinary(name: str) -> Food:
    """A food that no script names."""
    return food_named(name)


@lru_cache(maxsize=256)
def _scatter(seed: int, count: int) -> Floats:
    """(count, 5): place on a disc of radius one, a turn, a size and a shade, always the same for a seed."""
    rng = np.random.default_rng([0x5CA7, seed])
    r, angle = np.sqrt(rng.random(count)) * 0.92, rng.random(count) * 2 * math.pi
    return np.stack(
        [
            r * np.cos(angle),
            r * np.sin(angle),
            rng.random(count) * math.pi,
            rng.uniform(0.75, 1.25, count),
            rng.uniform(0.85, 1.12, count),
        ],
        1,
    )


def _between(a: Rgb, b: Rgb, share: float) -> Rgb:
    r, g, bl = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return r, g, bl


def _burnt(rgb: Rgb, scorched: float) -> Rgb:
    """A colour as scorching leaves it: nearly black, as charcoal is."""
    return rgb if scorched <= 0 else _between(rgb, _CHARCOAL, 0.9 * scorched)


def draw_contents(
    canvas: Canvas,
    inside: Contents,
    form: Form,
    scale: float,
    origin: Floats,
    frame: Floats | None,
    time_s: float,
    spin: float,
    seed: int,
    jump: float,
) -> Floats:
    """What is in a vessel, cut off by its rim; the pixels of its surface are given back."""
    turn = frame if frame is not None else np.eye(3)
    level = form.height * min(0.94, 0.12 + 0.80 * inside.fill)
    radius = form.radius_at(level) * scale * 0.96
    middle = origin + turn @ vec(0, 0, level)
    rim = canvas.ring(origin + turn @ vec(0, 0, form.height), form.rim_r * scale * 0.97, frame)
    surface = shared_area(canvas.ring(middle, radius, frame), rim)
    if len(surface) < 3:
        return surface
    burnt = inside.scorched
    size = canvas.camera.px_per_m(middle)
    if inside.liquid > 0.02:
        canvas.flat(surface, _burnt(inside.colour, burnt), 1.0)
        shine = shared_area(
            canvas.ring(middle + turn @ vec(-0.25 * radius, 0.35 * radius, 0), radius * 0.42, frame), rim
        )
        canvas.flat(shine, _burnt(inside.colour, burnt), 1.10)
    elif inside.pieces:
        food, _, cooked = inside.pieces[0]
        canvas.flat(surface, _burnt(_between(food.raw, food.cooked, cooked), burnt), 0.84)
    rim32 = cv2.convexHull(rim.astype(np.float32))
    for k, (food, amount, cooked) in enumerate(inside.pieces):
        if inside.liquid > 0.05 and food.dissolves:
            continue
        _draw_pieces(
            canvas,
            food,
            amount,
            cooked,
            burnt,
            middle,
            radius,
            turn,
            size,
            spin * 0.3,
            seed + 31 * k,
            jump,
            rim32,
        )
    if inside.bubbling > 0.05:
        _draw_bubbles(canvas, inside, middle, radius, turn, size, time_s, rim32)
    return surface


def _draw_pieces(
    canvas: Canvas,
    food: Food,
    amount: float,
    cooked: float,
    burnt: float,
    middle: Floats,
    radius: float,
    turn: Floats,
    size: float,
    spin: float,
    seed: int,
    jump: float,
    rim: Floats,
) -> None:
    per, r_m = {
        "grain": (260, 0.0032),
        "powder": (200, 0.003),
        "leaf": (150, 0.006),
        "cube": (140, 0.0085),
        "strip": (120, 0.010),
        "round": (90, 0.009),
        "liquid": (60, 0.012),
    }[food.form]
    count = max(4, min(64, int(per * amount)))
    table = _scatter(seed, 64)[:count]
    c, s = math.cos(spin), math.sin(spin)
    flat = np.zeros((count, 3))
    flat[:, 0] = (table[:, 0] * c - table[:, 1] * s) * radius
    flat[:, 1] = (table[:, 0] * s + table[:, 1] * c) * radius
    flat[:, 2] = 0.002 + jump * 0.04 * (table[:, 3] - 0.7)
    px = canvas.camera.project(flat @ turn.T + middle)
    colour = _burnt(_between(food.raw, food.cooked, cooked), burnt)
    kept = [
        k
        for k, (x, y) in enumerate(px)
        if jump >= 0.05 or cv2.pointPolygonTest(rim, (float(x), float(y)), False) >= 0
    ]
    table, px = table[kept], px[kept]
    _draw_each(canvas, food.form, px, r_m * table[:, 3] * size, table[:, 2] + spin, colour, table[:, 4])


def _draw_each(
    canvas: Canvas, form: str, px: Floats, radii: Floats, angles: Floats, rgb: Rgb, shades: Floats
) -> None:
    """Many pieces of one food, each at its pixel, of its size (pixels), turned and shaded."""
    radii = np.maximum(0.8, radii)
    if form in ("grain", "powder", "liquid"):
        for (x, y), r, shade in zip(px.tolist(), radii.tolist(), shades.tolist(), strict=True):
            at = (int(x), int(y))
            cv2.circle(canvas.picture, at, max(1, round(r)), canvas.bgr(rgb, shade), -1, cv2.LINE_AA)
        return
    if form == "round":
        for (x, y), r, shade in zip(px.tolist(), radii.tolist(), shades.tolist(), strict=True):
            at, lit = (int(x), int(y)), (int(x - r * 0.2), int(y - r * 0.25))
            dark = canvas.bgr(rgb, shade * 0.78)
            cv2.circle(canvas.picture, at, max(1, round(r)), dark, -1, cv2.LINE_AA)
            cv2.circle(canvas.picture, lit, max(1, round(r * 0.6)), canvas.bgr(rgb, shade), -1, cv2.LINE_AA)
        return
    c, s = np.cos(angles), np.sin(angles)
    if form == "strip":
        ends = np.stack(
            [np.stack([-radii * c, -radii * s * 0.6], 1), np.stack([radii * c, radii * s * 0.6], 1)], 1
        )
        widths = np.maximum(1.0, radii * 0.45).tolist()
        for line, width, shade in zip(px[:, None] + ends, widths, shades.tolist(), strict=True):
            canvas.line_px(line, rgb, width, shade)
        return
    long, short = (radii * 1.2, radii * 0.6) if form == "leaf" else (radii, radii * 0.9)
    corners = np.stack(
        [
            np.stack([long * c, long * s * 0.75], 1),
            np.stack([-short * s, short * c * 0.75], 1),
            np.stack([-long * c, -long * s * 0.75], 1),
            np.stack([short * s, -short * c * 0.75], 1),
        ],
        1,
    )
    tops = px[:, None] + corners
    down = np.zeros((len(radii), 1, 2))
    down[:, 0, 1] = radii * 0.35
    shadows = canvas.fixed(tops + down)
    for top, below, shade in zip(canvas.fixed(tops), shadows, shades.tolist(), strict=True):
        canvas.fill(below, rgb, shade * 0.65)
        canvas.fill(top, rgb, shade)


def _draw_bubbles(
    canvas: Canvas,
    inside: Contents,
    middle: Floats,
    radius: float,
    turn: Floats,
    size: float,
    time_s: float,
    rim: Floats,
) -> None:
    count = int(4 + 22 * inside.bubbling)
    spots = np.zeros((count, 3))
    lives = np.zeros(count)
    for k in range(count):
        rate = 1.6 + 1.8 * scattered(k * 3.1)
        clock = time_s * rate + scattered(k * 7.7)
        era, lives[k] = math.floor(clock), clock % 1.0
        r, angle = (
            math.sqrt(scattered(k + era * 1.37)) * radius * 0.92,
            scattered(k * 2.3 + era * 0.71) * 2 * math.pi,
        )
        spots[k, :2] = r * math.cos(angle), r * math.sin(angle)
    px = canvas.camera.project(spots @ turn.T + middle)
    light = tuple(min(255.0, c * 1.08 + 8) for c in inside.colour)
    for k in range(count):
        if cv2.pointPolygonTest(rim, (float(px[k, 0]), float(px[k, 1])), False) < 0:
            continue
        r = max(1.0, (0.003 + 0.009 * lives[k] * inside.bubbling) * size)
        at = (int(px[k, 0]), int(px[k, 1]))
        cv2.circle(canvas.picture, at, round(r), canvas.bgr(inside.colour, 0.86), -1, cv2.LINE_AA)
        cv2.circle(canvas.picture, at, max(1, round(r * 0.82)), canvas.bgr(light, 1.0), -1, cv2.LINE_AA)
        shine = (int(px[k, 0] - r * 0.3), int(px[k, 1] - r * 0.35))
        cv2.circle(
            canvas.picture, shine, max(1, round(r * 0.22)), canvas.bgr((255, 255, 255), 0.96), -1, cv2.LINE_AA
        )


def draw_pancake(
    canvas: Canvas,
    middle: Floats,
    radius: float,
    food: Food,
    cooked: float,
    extra: dict[str, float],
    burnt: float = 0.0,
) -> None:
    """A round flat piece in a pan, that may be in the air turning over."""
    flip, up = extra.get("flip", 0.0), extra.get("up", 0.0)
    frame = turned(vec(1, 0, 0), math.pi * flip)
    at = middle + vec(0, 0, 0.10 * up)
    r = radius * (extra.get("done", 1.0) * 0.7 + 0.3 if "done" in extra else 1.0)
    colour = _burnt(_between(food.raw, food.cooked, cooked if flip < 0.5 else cooked * 0.6), burnt)
    canvas.disc(at - vec(0, 0, 0.004), r, colour, 0.7, frame)
    canvas.disc(at, r, colour, 1.0, frame)
    for row in _scatter(17, 9):
        spot = frame @ vec(row[0] * r * 0.85, row[1] * r * 0.85, 0.001)
        canvas.disc(
            at + spot, 0.006 + 0.006 * cooked, _between(colour, (96, 58, 30), 0.25 + 0.5 * cooked), 1.0, frame
        )


def draw_board_work(
    canvas: Canvas,
    middle: Floats,
    foods: tuple[Food, ...],
    motion: str,
    extra: dict[str, float],
    side: float,
    seed: int,
) -> Floats:
    """What lies on the board: a whole piece that is worked off and what it has become."""
    done = extra.get("done", 0.0)
    food = foods[min(len(foods) - 1, int(done * len(foods)))]
    if extra.get("flat") or motion in ("roll", "fold"):
        r = 0.04 + 0.065 * (done if motion == "roll" else 1.0)
        frame = np.diag([1.0, 1.0 - 0.45 * extra.get("folded", 0.0), 1.0])
        canvas.disc(middle + vec(0, 0, 0.002), r * 1.02, food.raw, 0.75, frame)
        return canvas.disc(middle + vec(0, 0, 0.006 + 0.02 * (1 - done)), r, food.raw, 1.0, frame)
    seen: list[Floats] = []
    left = 1 - done
    if left > 0.06:
        at = (
            middle
            + vec(-side * 0.07, 0, 0.0)
            + (vec(side * 0.05, -0.01, 0.07) if extra.get("lifted") or extra.get("lump") else vec(0, 0, 0))
        )
        long = 0.065 * left + 0.012
        seen.append(
            canvas.limb(
                at + vec(-long / 2, 0, 0.026),
                at + vec(long / 2, 0, 0.026),
                0.026,
                0.022,
                _between(food.raw, food.cooked, 0.15),
            )
        )
    count = int(40 * done)
    if count:
        size = canvas.camera.px_per_m(middle)
        table = _scatter(seed, 40)[:count]
        flat = np.zeros((count, 3))
        flat[:, 0], flat[:, 1], flat[:, 2] = (
            side * 0.07 + table[:, 0] * 0.055,
            table[:, 1] * 0.07,
            0.004 + 0.01 * (1 - np.hypot(table[:, 0], table[:, 1])),
        )
        px = canvas.camera.project(flat + middle)
        form = {"slice": "leaf", "grate": "strip", "peel": "strip"}.get(
            motion, food.form if food.form != "liquid" else "cube"
        )
        drawn_as = form if form not in ("grain", "powder") else "cube"
        _draw_each(canvas, drawn_as, px, 0.0095 * table[:, 3] * size, table[:, 2], food.raw, table[:, 4])
        seen.append(px)
    return np.concatenate(seen) if seen else np.empty((0, 2))


def draw_poor_plating(canvas: Canvas, origin: Floats, form: Form, inside: Contents, seed: int) -> None:
    """Spills about a plate or cup and smears on its rim."""
    colour = inside.pieces[0][0].raw if inside.liquid < 0.02 and inside.pieces else inside.colour
    rng = np.random.default_rng([0xB0D, seed])
    for _ in range(7):
        angle, r = rng.random() * 2 * math.pi, form.rim_r * rng.uniform(1.25, 2.1)
        canvas.disc(
            origin + vec(r * math.cos(angle), r * math.sin(angle), 0.001),
            rng.uniform(0.006, 0.02),
            colour,
            0.95,
        )
    for _ in range(4):
        angle = rng.uniform(-2.6, -0.5)
        top = origin + vec(form.rim_r * math.cos(angle), form.rim_r * math.sin(angle), form.height)
        canvas.line(np.stack([top, top - vec(0, 0, form.height * rng.uniform(0.4, 0.9))]), colour, 0.007)
