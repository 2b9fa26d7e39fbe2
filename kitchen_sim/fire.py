"""Flames, steam and what falls, at a moment; knows nothing of steps or hands."""

from __future__ import annotations

import math

import cv2
import numpy as np

from kitchen_sim.canvas import Canvas, Floats, vec
from kitchen_sim.poses import Fall
from kitchen_sim.styles import Rgb
from kitchen_sim.things import Food


def scattered(x: float) -> float:
    """A number in [0, 1) that looks random and is always the same for ``x``."""
    return math.sin(x * 127.1 + 11.7) * 43758.5453 % 1.0


def draw_flames(
    canvas: Canvas, middle: Floats, base_r: float, level: float, time_s: float, yellow: bool, bare: bool
) -> Floats:
    """The burner's ring of flames, larger with its level; its pixels are given back."""
    ring = base_r * 0.94 + 0.010 * level if not bare else 0.040
    count = 22
    seen: list[Floats] = []
    outer, inner, tip_colour = (46, 96, 232), (150, 205, 255), (255, 176, 48)
    to_eye = canvas.camera.eye - middle
    glow = canvas.camera.project(np.stack([middle]))[0]
    size = canvas.camera.px_per_m(middle)
    canvas.haze(glow, (ring + 0.07) * size, (255, 180, 90) if yellow else (90, 140, 255), 0.10 + 0.22 * level)
    angles = [k * 2 * math.pi / count + 0.1 for k in range(count)]
    angles.sort(key=lambda a: math.cos(a) * to_eye[0] + math.sin(a) * to_eye[1])
    for angle in angles:
        out = vec(math.cos(angle), math.sin(angle), 0)
        if not bare and out @ to_eye < -0.25 * float(np.hypot(to_eye[0], to_eye[1])):
            continue
        flicker = 0.78 + 0.44 * scattered(angle * 5.3 + math.floor(time_s * 11) * 0.917)
        tall = (0.014 + 0.034 * level) * flicker
        root = middle + out * (ring - 0.014)
        top = middle + out * (ring + 0.006 + 0.034 * level * flicker) + vec(0, 0, tall)
        across = vec(-out[1], out[0], 0) * (0.0065 + 0.003 * level)
        shape = canvas.camera.project(
            np.stack(
                [
                    root + across,
                    (root + top) / 2 + across * 0.9,
                    top,
                    (root + top) / 2 - across * 0.9,
                    root - across,
                ]
            )
        )
        if yellow:
            canvas.flat(shape, tip_colour, 1.0)
            small = canvas.camera.project(
                np.stack([root + across * 0.8, root + (top - root) * 0.5, root - across * 0.8])
            )
            canvas.flat(small, outer, 1.1)
        else:
            canvas.flat(shape, outer, 1.1)
            small = canvas.camera.project(
                np.stack([root + across * 0.6, root + (top - root) * 0.62, root - across * 0.6])
            )
            canvas.flat(small, inner, 1.0)
        seen.append(shape)
    return np.concatenate(seen) if seen else glow[None]


def draw_steam(canvas: Canvas, top: Floats, heat: float, time_s: float, seed: int) -> None:
    """Puffs that rise from something hot; ``heat`` 0 to 1."""
    if heat < 0.35:
        return
    strength = 0.26 * (heat - 0.25)
    size = canvas.camera.px_per_m(top)
    for k in range(5):
        life = (time_s * 0.45 + k / 5 + seed % 7 * 0.1) % 1.0
        sway = 0.025 * math.sin(2.1 * time_s + k * 1.9) * (0.4 + life)
        at = canvas.camera.project(
            np.stack([top + vec(sway + 0.02 * (k - 2), 0.01 * k, 0.02 + 0.20 * life)])
        )[0]
        canvas.haze(at, (0.025 + 0.05 * life) * size, (236, 238, 240), strength * math.sin(math.pi * life))


def draw_smoke(canvas: Canvas, top: Floats, smoke: float, time_s: float, seed: int) -> None:
    """Grey-blue smoke that rises from something burnt, thicker, higher and more drifting than steam.

    Args:
        smoke: how much, 0 to 1.
    """
    if smoke < 0.03:
        return
    size = canvas.camera.px_per_m(top)
    drift = 0.05 * math.sin(0.7 * time_s + seed % 11)
    for k in range(14):
        life = (time_s * 0.32 + k / 14 + seed % 13 * 0.07) % 1.0
        sway = 0.04 * math.sin(1.3 * time_s + k * 2.3) * life + drift * life
        at = canvas.camera.project(
            np.stack([top + vec(sway + 0.014 * (k % 3 - 1), 0.008 * (k % 4), 0.01 + 0.34 * life)])
        )[0]
        tone = (128, 137, 158) if k % 2 else (158, 167, 186)
        canvas.haze(at, (0.04 + 0.11 * life) * size, tone, 0.9 * smoke * math.sin(math.pi * life) ** 0.5)


def draw_fall(canvas: Canvas, fall: Fall, food: Food, time_s: float, colour: Rgb | None) -> None:
    """Something on its way down at a moment."""
    rgb = colour if colour is not None else food.raw
    drop = fall.end - fall.start
    if fall.form == "stream":
        line = np.stack(
            [
                fall.start + np.array([drop[0] * u**0.6, drop[1] * u**0.6, drop[2] * u])
                for u in np.linspace(0, 1, 7)
            ]
        )
        line[1:-1, 0] += 0.0015 * np.sin(time_s * 19 + np.arange(5) * 1.7)
        canvas.line(line, rgb, fall.width, 0.92)
        canvas.line(line + vec(-0.0015, 0, 0), rgb, fall.width * 0.4, 1.1)
        return
    count, r = {"grains": (26, 0.0030), "drops": (4, 0.0045), "lump": (3, 0.016)}[fall.form]
    size = canvas.camera.px_per_m(fall.end)
    spread = 0.022 if fall.form == "grains" else 0.006
    points = np.zeros((count, 3))
    for k in range(count):
        u = (time_s * 2.4 + scattered(k * 1.9)) % 1.0
        points[k] = (
            fall.start
            + drop * np.array([u**0.7, u**0.7, u * u])
            + vec(
                (scattered(k * 5.1) - 0.5) * spread * (1 + u),
                (scattered(k * 8.3) - 0.5) * spread * (1 + u),
                0,
            )
        )
    for k, (x, y) in enumerate(canvas.camera.project(points)):
        cv2.circle(
            canvas.picture,
            (int(x), int(y)),
            max(1, round(r * size)),
            canvas.bgr(rgb, 0.85 + 0.25 * scattered(k)),
            -1,
            cv2.LINE_AA,
        )
