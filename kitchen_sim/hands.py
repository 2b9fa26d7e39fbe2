"""Hands, forearms and sleeves, drawn at a pose; knows nothing of what the hands are doing."""

from __future__ import annotations

import numpy as np

from kitchen_sim.canvas import Canvas, Floats, turned, unit, vec
from kitchen_sim.styles import Style

_FINGERS = ((-0.030, 0.062), (-0.010, 0.072), (0.010, 0.068), (0.029, 0.054))
_PALM_R, _FINGER_R = 0.036, 0.0095


def shoulder(hand: Floats, side: float, body_x: float, scale: float) -> Floats:
    """Where an arm comes from, below the picture; ``side`` is +1 for the right arm, -1 for the left."""
    lean = 0.45 * max(0.0, float(hand[1]) - 0.15)
    return vec(body_x + side * 0.20 * scale, -0.46 + lean, 0.16)


def elbow_of(hand: Floats, side: float, body_x: float, scale: float) -> Floats:
    """Where the elbow is for a hand's place: a forearm back towards the shoulder, a little outwards."""
    back = unit(shoulder(hand, side, body_x, scale) + vec(side * 0.10, 0, 0) - hand)
    elbow = hand + back * (0.29 * scale)
    return vec(elbow[0], elbow[1], max(0.05, elbow[2] - 0.015))


def draw_arm(
    canvas: Canvas, style: Style, hand: Floats, side: float, body_x: float, curl: float, twist: float = 0.0
) -> Floats:
    """Draw one arm with its hand; ``curl`` 0 is an open hand, 1 a fist; ``twist`` turns the palm (radians).

    All pixels of the hand's outline (without the forearm) are given back.
    """
    scale = style.arm_scale
    elbow = elbow_of(hand, side, body_x, scale)
    top = shoulder(hand, side, body_x, scale)
    forward = unit(hand - elbow)
    across = unit(np.cross(forward, vec(0, 0, 1)))
    palm_down = unit(np.cross(forward, across)) * -1
    if palm_down[2] > 0:
        palm_down = -palm_down
    if twist:
        turn = turned(forward, twist * side)
        across, palm_down = turn @ across, turn @ palm_down
    wrist = hand - forward * 0.058
    _draw_sleeve_and_forearm(canvas, style, top, elbow, wrist)
    return _draw_hand(canvas, style, hand, forward, across * side, palm_down, curl, scale)


def _draw_sleeve_and_forearm(canvas: Canvas, style: Style, top: Floats, elbow: Floats, wrist: Floats) -> None:
    scale = style.arm_scale
    sleeved = style.sleeve_covers > 0
    canvas.limb(top, elbow, 0.062 * scale, 0.050 * scale, style.sleeve if sleeved else style.skin, 0.9)
    canvas.limb(elbow, wrist, 0.045 * scale, 0.026 * scale, style.skin)
    if sleeved:
        cuff = elbow + (wrist - elbow) * style.sleeve_covers
        wider = 0.053 + (0.036 - 0.053) * style.sleeve_covers
        canvas.limb(elbow, cuff, 0.054 * scale, wider * scale, style.sleeve)
        if style.sleeve_form == "stripes":
            for share in np.arange(0.15, style.sleeve_covers, 0.16):
                at = elbow + (wrist - elbow) * share
                _band(canvas, at, wrist - elbow, 0.050 * scale, style.sleeve, 1.35)
        if style.sleeve_form == "coat":
            _band(canvas, cuff, wrist - elbow, wider * scale, style.sleeve, 0.8)
    if style.sleeve_form == "bangles":
        for k, colour in enumerate(((212, 160, 40), (190, 30, 60), (212, 160, 40))):
            _band(
                canvas, wrist - (wrist - elbow) * (0.06 + 0.04 * k), wrist - elbow, 0.028 * scale, colour, 1.0
            )
    if style.sleeve_form == "watch":
        _band(canvas, wrist - (wrist - elbow) * 0.08, wrist - elbow, 0.029 * scale, (36, 34, 34), 1.0)
        canvas.disc(wrist - (wrist - elbow) * 0.08 + vec(0, 0, 0.027), 0.014, (214, 214, 206))


def _band(
    canvas: Canvas, at: Floats, along: Floats, radius: float, rgb: tuple[float, ...], shade: float
) -> None:
    """A ring about a limb, as its visible stripe."""
    axis = canvas.camera.project(np.stack([at, at + unit(along) * 0.02]))
    direction = axis[1] - axis[0]
    length = float(np.hypot(*direction)) or 1.0
    across = np.array([-direction[1], direction[0]]) / length * radius * canvas.camera.px_per_m(at)
    canvas.line_px(
        np.stack([axis[0] - across, axis[0] + across]),
        rgb,
        max(1.0, 0.007 * canvas.camera.px_per_m(at)),
        shade,
    )


def _draw_hand(
    canvas: Canvas,
    style: Style,
    hand: Floats,
    forward: Floats,
    thumbwards: Floats,
    palm_down: Floats,
    curl: float,
    scale: float,
) -> Floats:
    inner = -thumbwards
    a1, a2 = curl * 1.15, curl * 2.5
    d1 = forward * np.cos(a1) + palm_down * np.sin(a1)
    d2 = forward * np.cos(a2) + palm_down * np.sin(a2)
    points: list[Floats] = []
    for offset, length in _FINGERS:
        base = hand + forward * (0.030 * scale) + inner * (offset * scale)
        spread = inner * (offset * (0.25 - 0.3 * curl))
        knuckle = base + (d1 + spread) * (length * 0.55 * scale)
        points += [base, knuckle, knuckle + d2 * (length * 0.5 * scale)]
    thumb = hand - forward * (0.020 * scale) + inner * (0.034 * scale)
    middle = thumb + forward * (0.030 * scale) + inner * ((0.024 - 0.016 * curl) * scale) + palm_down * 0.008
    points += [
        thumb,
        middle,
        middle + (forward * 0.030 - inner * (0.020 * curl) + palm_down * (0.012 * curl)) * scale,
    ]
    px = canvas.camera.project(np.stack(points))
    size = canvas.camera.px_per_m(hand) * scale
    palm = canvas.limb(
        hand - forward * (0.040 * scale),
        hand + forward * (0.020 * scale),
        0.031 * scale,
        _PALM_R * scale,
        style.skin,
    )
    for k in range(5):
        canvas.line_px(px[3 * k : 3 * k + 3], style.skin, _FINGER_R * 2 * size + 2.2, 0.62)
    for k in range(5):
        canvas.line_px(px[3 * k : 3 * k + 3], style.skin, _FINGER_R * 2 * size, 0.99)
    nail = tuple(min(255.0, c * 0.5 + 120) for c in style.skin)
    if curl < 0.75 and size > 120:
        for k in range(5):
            canvas.line_px(
                px[3 * k + 2][None] + np.array([[0, 0], [0.01, 0]]), nail, _FINGER_R * size * 0.9, 1.0
            )
    return np.concatenate([palm, px])
