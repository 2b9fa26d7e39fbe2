"""What never moves: counter, walls, cabinet, clutter, hob and board; knows nothing of steps."""

from __future__ import annotations

import cv2
import numpy as np

from kitchen_sim.canvas import Canvas, Floats, Picture, vec
from kitchen_sim.styles import Style
from kitchen_sim.things import draw_vessel

WALL_Y = 0.64
_SIDE_X = 1.15
_PX_PER_M = 420


def draw_backdrop(canvas: Canvas, style: Style) -> None:
    """Draw the room round the counter, with everything on it that nobody touches."""
    rng = np.random.default_rng([0xBACD, style.seed])
    canvas.picture[:] = canvas.bgr(style.cabinet, 0.4)
    wall = _wall_texture(style, rng, 2.9, 1.3)
    _lay(canvas, wall, vec(-1.45, WALL_Y, 1.3), vec(2.9, 0, 0), vec(0, 0, -1.3), 1.0)
    side = wall[:, : int(1.6 * _PX_PER_M)]
    _lay(canvas, side, vec(-_SIDE_X, -0.95, 1.3), vec(0, 1.59, 0), vec(0, 0, -1.3), 0.78)
    _draw_shelf(canvas, style, rng)
    _lay(
        canvas,
        _counter_texture(style, rng, 2.9, 0.7),
        vec(-1.45, WALL_Y, 0),
        vec(2.9, 0, 0),
        vec(0, -0.70, 0),
        1.0,
    )
    edge = np.array([[-1.45, -0.06, 0], [1.45, -0.06, 0], [1.45, -0.06, -0.04], [-1.45, -0.06, -0.04]])
    canvas.polygon(edge, style.counter, 0.7)
    front = np.array([[-1.45, -0.05, -0.04], [1.45, -0.05, -0.04], [1.45, -0.05, -0.9], [-1.45, -0.05, -0.9]])
    canvas.polygon(front, style.cabinet, 0.8)
    for x in np.arange(-1.3, 1.4, 0.45):
        canvas.line(np.array([[x, -0.055, -0.05], [x, -0.055, -0.6]]), style.cabinet, 0.008, 0.55)
        canvas.line(np.array([[x + 0.05, -0.06, -0.12], [x + 0.05, -0.06, -0.24]]), style.metal, 0.012)
    places = [(-0.98, 0.50), (0.92, 0.50), (0.98, 0.20), (1.06, 0.42)]
    for k, (kind, (x, y)) in enumerate(zip(style.clutter, places, strict=False)):
        at = vec(x + rng.uniform(-0.03, 0.03), y, 0)
        if kind == "cloth":
            quad = np.stack(
                [
                    at + vec(a, b, 0.004)
                    for a, b in ((-0.09, -0.07), (0.08, -0.09), (0.10, 0.06), (-0.07, 0.08))
                ]
            )
            canvas.polygon(quad, (206, 190, 170), 1.0)
            canvas.line(quad[:2] + vec(0, 0.02, 0.001), (180, 60, 60), 0.008)
        else:
            shadow(canvas, at, 0.07)
            draw_vessel(canvas, style, kind if kind != "jar" else "jar", at, salt=k + style.seed)


def draw_board(canvas: Canvas, style: Style) -> Floats:
    """The chopping board."""
    x, y, z = style.board_x, 0.20, 0.018
    top = np.array(
        [[x - 0.16, y - 0.12, z], [x + 0.16, y - 0.12, z], [x + 0.16, y + 0.12, z], [x - 0.16, y + 0.12, z]]
    )
    canvas.polygon(top - vec(-0.008, 0.012, z), (30, 26, 24), 1.0)
    canvas.polygon(np.stack([top[0], top[1], top[1] - vec(0, 0, z), top[0] - vec(0, 0, z)]), style.board, 0.6)
    canvas.polygon(np.stack([top[1], top[2], top[2] - vec(0, 0, z), top[1] - vec(0, 0, z)]), style.board, 0.7)
    pixels = canvas.polygon(top, style.board, 1.0)
    for k in range(1, 6):
        y_k = y - 0.12 + 0.04 * k
        canvas.line(np.array([[x - 0.155, y_k, z], [x + 0.155, y_k + 0.004, z]]), style.board, 0.002, 0.88)
    canvas.disc(vec(x - 0.135, y + 0.095, z), 0.012, style.board, 0.5)
    return pixels


def draw_hob(canvas: Canvas, style: Style, burners: tuple[float, float]) -> Floats:
    """The gas hob with its two burners; its pixels are given back."""
    x, w, y0, y1, z = style.hob_x, 0.335, 0.11, 0.49, 0.036
    low = np.array([[x - w, y0, 0], [x + w, y0, 0], [x + w, y1, 0], [x - w, y1, 0]])
    shadow_quad = low + np.array(
        [[-0.015, -0.02, 0.001], [0.015, -0.02, 0.001], [0.015, 0.01, 0.001], [-0.015, 0.01, 0.001]]
    )
    canvas.polygon(shadow_quad, (30, 28, 28), 1.0)
    top = low + vec(0, 0, z)
    canvas.polygon(np.stack([low[0], low[1], top[1], top[0]]), style.hob_body, 0.72)
    canvas.polygon(np.stack([low[1], low[2], top[2], top[1]]), style.hob_body, 0.6)
    canvas.polygon(np.stack([low[3], low[0], top[0], top[3]]), style.hob_body, 0.6)
    pixels = canvas.polygon(top, style.hob_body, 1.0)
    canvas.line(np.concatenate([top, top[:1]]), style.hob_body, 0.004, 1.2)
    for burner in burners:
        middle = vec(burner, 0.30, z + 0.001)
        canvas.disc(middle, 0.105, style.hob_body, 0.86)
        canvas.disc(middle + vec(0, 0, 0.004), 0.046, (60, 60, 62))
        canvas.turned_body(middle, ((0.036, 0.0), (0.034, 0.014)), (150, 120, 70))
        for k in range(6):
            angle = k * np.pi / 3 + 0.3
            out = vec(np.cos(angle), np.sin(angle), 0)
            foot = np.stack(
                [
                    middle + out * 0.112,
                    middle + out * 0.112 + vec(0, 0, 0.036),
                    middle + out * 0.05 + vec(0, 0, 0.036),
                ]
            )
            canvas.line(foot, style.hob_frame, 0.009)
    return pixels


def draw_knob(canvas: Canvas, at: Floats, turn: float) -> None:
    """A knob on the hob's front; ``turn`` 0 (off) to 1 (full)."""
    frame = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    canvas.disc(at, 0.022, (24, 24, 26), 1.0, frame)
    canvas.disc(at - vec(0, 0.012, 0), 0.018, (64, 62, 62), 1.0, frame)
    angle = np.pi / 2 - turn * 2.2
    tip = vec(0.016 * np.cos(angle), -0.013, 0.016 * np.sin(angle))
    canvas.line(np.stack([at - vec(0, 0.013, 0), at + tip]), (236, 232, 226), 0.005)


def shadow(canvas: Canvas, at: Floats, radius: float) -> None:
    """A soft shadow on the counter below a thing."""
    ground = np.array([at[0] - canvas.light[0] * 0.03, at[1] - canvas.light[1] * 0.03, at[2] + 0.001])
    ring = canvas.ring(ground, radius * 1.12)
    x0, y0 = np.floor(ring.min(0)).astype(int) - 2
    x1, y1 = np.ceil(ring.max(0)).astype(int) + 3
    height, width = canvas.picture.shape[:2]
    x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(mask, [(ring - [x0, y0]).astype(np.int32)], 255)
    soft = cv2.blur(mask, (7, 7)).astype(np.float32)[..., None] * (0.38 / 255)
    patch = canvas.picture[y0:y1, x0:x1]
    patch[:] = (patch * (1 - soft)).astype(np.uint8)


def _lay(canvas: Canvas, texture: Picture, corner: Floats, along: Floats, down: Floats, shade: float) -> None:
    """Lay a texture on a flat rectangle of the room, seen in perspective."""
    rectangle = np.stack([corner, corner + along, corner + along + down, corner + down])
    outline = canvas.camera.project(canvas.camera.clipped(rectangle))
    if len(outline) < 3:
        return
    height, width = texture.shape[:2]
    forward, focal = canvas.camera.axes, canvas.camera.focal
    sign = -1.0 if canvas.camera.mirrored else 1.0
    cx = canvas.camera.centre[0]
    inner = np.array([[sign * focal, 0, cx], [0, focal, canvas.camera.centre[1]], [0, 0, 1.0]])
    plane = np.stack([along / width, down / height, corner - canvas.camera.eye], 1)
    matrix = inner @ forward @ plane
    seen = cv2.warpPerspective(
        texture, matrix, canvas.camera.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    gain = np.array(canvas.tint) * shade
    lit = np.clip(seen * gain, 0, 255).astype(np.uint8)
    mask = np.zeros(canvas.picture.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.clip(outline, -30000, 30000).astype(np.int32)], 255)
    cv2.copyTo(lit, mask, canvas.picture)


def _draw_shelf(canvas: Canvas, style: Style, rng: np.random.Generator) -> None:
    z = style.shelf_m - 0.22
    y = WALL_Y - 0.11
    top = np.array([[-0.62, WALL_Y, z], [0.30, WALL_Y, z], [0.30, y, z], [-0.62, y, z]])
    canvas.polygon(top + vec(0, 0, -0.03), (40, 36, 34), 1.0)
    canvas.polygon(top, style.cabinet, 1.05)
    canvas.polygon(
        np.stack([top[3], top[2], top[2] - vec(0, 0, 0.022), top[3] - vec(0, 0, 0.022)]), style.cabinet, 0.85
    )
    for k, x in enumerate(np.arange(-0.56, 0.28, 0.105)):
        at = vec(x + rng.uniform(-0.012, 0.012), WALL_Y - 0.055, z)
        colour = [
            float(c)
            for c in rng.choice(
                [[186, 60, 40], [226, 168, 40], [112, 84, 48], [70, 116, 58], [236, 230, 214], [60, 40, 30]]
            )
        ]
        canvas.turned_body(at, ((0.034, 0.0), (0.034, 0.035 + 0.02 * (k % 3))), colour)
        canvas.turned_body(
            at + vec(0, 0, 0.035 + 0.02 * (k % 3)), ((0.034, 0.0), (0.034, 0.035)), (206, 214, 212)
        )
        canvas.turned_body(at + vec(0, 0, 0.07 + 0.02 * (k % 3)), ((0.030, 0.0), (0.030, 0.018)), style.metal)


def _base(rgb: tuple[float, float, float], w_m: float, h_m: float) -> Picture:
    picture = np.empty((int(h_m * _PX_PER_M), int(w_m * _PX_PER_M), 3), np.uint8)
    picture[:] = rgb[::-1]
    return picture


def _clouds(rng: np.random.Generator, shape: tuple[int, ...], cell: int) -> Floats:
    small = rng.normal(0, 1, (max(2, shape[0] // cell), max(2, shape[1] // cell))).astype(np.float32)
    clouds: Floats = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC).astype(np.float64)
    return clouds


def _counter_texture(style: Style, rng: np.random.Generator, w_m: float, h_m: float) -> Picture:
    base = _base(style.counter, w_m, h_m)
    shape, grain = base.shape, style.counter_grain
    kind = style.counter_texture
    if kind == "planks":
        level = cv2.blur(_clouds(rng, shape, 6), (61, 1)) * 2.0 + 0.4 * _clouds(rng, shape, 40)
        for row in range(0, shape[0], 48):
            base[row : row + 48] = np.clip(base[row : row + 48] * (1 + rng.normal(0, 0.05)), 0, 255)
            base[row : row + 2] = base[row : row + 2] // 2
    elif kind in ("veins", "marble"):
        level = np.abs(_clouds(rng, shape, 90) + 0.4 * _clouds(rng, shape, 30))
        level = -np.clip(0.25 - level, 0, 1) * 6 + 0.4
    elif kind in ("terrazzo", "granite", "speckle"):
        level = rng.normal(0, 1, shape[:2])
        if kind == "terrazzo":
            for _ in range(1500):
                x, y = int(rng.integers(shape[1])), int(rng.integers(shape[0]))
                colour = [
                    float(c) for c in np.clip(np.array(style.counter[::-1]) * rng.uniform(0.6, 2.0), 0, 255)
                ]
                cv2.ellipse(
                    base,
                    (x, y),
                    (int(rng.integers(2, 6)), int(rng.integers(1, 4))),
                    float(rng.uniform(0, 180)),
                    0,
                    360,
                    colour,
                    -1,
                    cv2.LINE_AA,
                )
            level *= 0.4
        elif kind == "granite":
            level = cv2.GaussianBlur(level, (3, 3), 0) * 2.2 + _clouds(rng, shape, 12) * 0.6
    else:
        level = _clouds(rng, shape, 60) * 0.6 + rng.normal(0, 0.4, shape[:2])
    texture: Picture = np.clip(base * (1 + grain * level[..., None]), 0, 255).astype(np.uint8)
    return texture


def _wall_texture(style: Style, rng: np.random.Generator, w_m: float, h_m: float) -> Picture:
    base = _base(style.wall, w_m, h_m)
    height, width = base.shape[:2]
    tile = max(6, int(style.tile_m * _PX_PER_M))
    joint = tuple(float(c) for c in style.joint[::-1])
    kind = style.wall_texture
    if kind in ("square-tiles", "checker-tiles", "mosaic", "brick-tiles"):
        tall = tile // 2 if kind == "brick-tiles" else tile
        for r, y in enumerate(range(0, height, tall)):
            shift = tile // 2 if kind == "brick-tiles" and r % 2 else 0
            for c, x in enumerate(range(-shift, width, tile)):
                lit = 1 + rng.normal(0, 0.16 if kind == "mosaic" else 0.025)
                if kind == "checker-tiles" and (r + c) % 2:
                    colour = joint
                else:
                    colour = tuple(float(np.clip(v * lit, 0, 255)) for v in style.wall[::-1])
                cv2.rectangle(base, (x, y), (x + tile - 1, y + tall - 1), colour, -1)
                cv2.line(
                    base,
                    (x + 3, y + 3),
                    (x + tile - 6, y + 3),
                    tuple(min(255.0, v * 1.06) for v in colour),
                    1,
                )
            cv2.line(base, (0, y), (width, y), joint, 2)
            for x in range(-shift, width, tile):
                cv2.line(base, (x, y), (x, y + tall), joint, 2)
    elif kind == "stripes":
        for x in range(0, width, tile):
            cv2.rectangle(base, (x, 0), (x + tile // 2, height), joint, -1)
    elif kind == "half-paint":
        cv2.rectangle(base, (0, int(height * 0.80)), (width, height), joint, -1)
        cv2.line(base, (0, int(height * 0.80)), (width, int(height * 0.80)), (60, 60, 60), 3)
    level = _clouds(rng, base.shape, 70) * (0.05 if kind in ("plaster", "washed") else 0.015)
    texture: Picture = np.clip(base * (1 + level[..., None]), 0, 255).astype(np.uint8)
    return texture
