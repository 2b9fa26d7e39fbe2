"""Vessels and tools as forms to draw; knows nothing of steps or time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from kitchen_sim.canvas import Canvas, Floats, turned, unit, vec
from kitchen_sim.styles import Rgb, Style, data_file

Profile = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Form:
    """A vessel's form: ``profile`` from foot to rim, what it is made of, and its handles."""

    profile: Profile
    material: str
    handle: str = ""

    @property
    def rim_r(self) -> float:
        return self.profile[-1][0]

    @property
    def height(self) -> float:
        return self.profile[-1][1]

    def radius_at(self, z: float) -> float:
        return float(np.interp(z, [h for _, h in self.profile], [r for r, _ in self.profile]))


FORMS: dict[str, Form] = {
    "saucepan": Form(((0.076, 0.0), (0.080, 0.082)), "metal", "long"),
    "pot": Form(((0.098, 0.0), (0.106, 0.02), (0.106, 0.115)), "metal", "ears"),
    "pan": Form(((0.105, 0.0), (0.135, 0.042)), "dark", "long"),
    "kadhai": Form(((0.060, 0.0), (0.110, 0.035), (0.138, 0.078)), "dark", "ears"),
    "tawa": Form(((0.130, 0.0), (0.140, 0.014)), "dark", "long"),
    "cooker": Form(((0.100, 0.0), (0.104, 0.10), (0.092, 0.125)), "metal", "long"),
    "bowl": Form(((0.052, 0.0), (0.092, 0.035), (0.108, 0.074)), "metal"),
    "plate": Form(((0.070, 0.0), (0.118, 0.016)), "dishes"),
    "serving-bowl": Form(((0.040, 0.0), (0.070, 0.026), (0.078, 0.052)), "dishes"),
    "cup": Form(((0.028, 0.0), (0.038, 0.082)), "dishes"),
    "jug": Form(((0.042, 0.0), (0.050, 0.05), (0.042, 0.110)), "metal", "loop"),
    "mortar": Form(((0.046, 0.0), (0.058, 0.03), (0.064, 0.070)), "stone"),
    "dish": Form(((0.026, 0.0), (0.044, 0.036)), "dishes"),
    "jar": Form(((0.036, 0.0), (0.038, 0.085), (0.030, 0.10)), "glass"),
    "small-pan": Form(((0.034, 0.0), (0.050, 0.034)), "dark", "long"),
    "mixer": Form(((0.055, 0.0), (0.055, 0.08), (0.062, 0.20)), "metal"),
    "kettle": Form(((0.085, 0.0), (0.080, 0.08), (0.040, 0.15)), "metal", "loop"),
    "tin": Form(((0.055, 0.0), (0.055, 0.16)), "paint"),
    "bottle": Form(((0.032, 0.0), (0.032, 0.16), (0.012, 0.20), (0.012, 0.25)), "glass"),
    "plant": Form(((0.045, 0.0), (0.060, 0.09)), "clay"),
}
VESSEL_WORDS: dict[str, str] = {
    "saucepan": "saucepan",
    "pot": "pot",
    "pan": "pan",
    "frying-pan": "pan",
    "skillet": "pan",
    "kadhai": "kadhai",
    "kadai": "kadhai",
    "wok": "kadhai",
    "tawa": "tawa",
    "griddle": "tawa",
    "cooker": "cooker",
    "pressure-cooker": "cooker",
    "bowl": "bowl",
    "mixing-bowl": "bowl",
    "plate": "plate",
    "serving-bowl": "serving-bowl",
    "cup": "cup",
    "glass": "cup",
    "mug": "cup",
    "mortar": "mortar",
    "mortar-and-pestle": "mortar",
    "mixer": "mixer",
    "blender": "mixer",
    "grinder": "mixer",
}
HOB_FORMS = ("saucepan", "pot", "pan", "kadhai", "tawa", "cooker")
SERVE_FORMS = ("cup", "plate", "serving-bowl")


def material(style: Style, name: str, salt: int = 0) -> Rgb:
    """The colour of a material in this style."""
    paints: tuple[Rgb, ...] = ((178, 60, 50), (60, 110, 150), (210, 170, 70), (90, 130, 90))
    r, g, b = style.metal
    return {
        "metal": style.metal,
        "dark": (40 + r * 0.10, 40 + g * 0.10, 42 + b * 0.10),
        "dishes": style.dishes,
        "stone": (120.0, 118.0, 116.0),
        "glass": (168.0, 186.0, 176.0),
        "clay": (176.0, 96.0, 62.0),
        "paint": paints[salt % len(paints)],
    }[name]


def draw_vessel(
    canvas: Canvas,
    style: Style,
    kind: str,
    origin: Floats,
    frame: Floats | None = None,
    salt: int = 0,
    handle_x: float = 1.0,
) -> Floats:
    """Draw an empty vessel with its foot at ``origin``; its pixels are given back."""
    form = FORMS[kind]
    colour = material(style, form.material, salt)
    turn = frame if frame is not None else np.eye(3)
    scale = style.vessel_scale if kind in HOB_FORMS else 1.0
    profile = tuple((r * scale, z) for r, z in form.profile)
    parts: list[Floats] = []
    if form.handle == "long":
        root = turn @ vec(handle_x * form.rim_r * scale * 0.96, -0.02, form.height * 0.86) + origin
        end = turn @ vec(handle_x * (form.rim_r * scale + 0.155), -0.075, form.height * 0.98) + origin
        parts.append(canvas.limb(root, end, 0.008, 0.012, (46, 42, 42)))
    elif form.handle == "ears":
        for sign in (-1.0, 1.0):
            loop = np.stack(
                [
                    turn @ vec(sign * form.rim_r * scale, y, form.height * 0.86)
                    + turn @ vec(sign * x, 0, 0)
                    + origin
                    for x, y in ((0, -0.03), (0.028, -0.02), (0.028, 0.02), (0, 0.03))
                ]
            )
            parts.append(canvas.line(loop, colour, 0.010, 0.7))
    elif form.handle == "loop":
        top = form.height
        loop = np.stack(
            [
                turn @ vec(form.rim_r + x, 0, z) + origin
                for x, z in ((0, top * 0.9), (0.035, top * 0.85), (0.035, top * 0.35), (0.005, top * 0.25))
            ]
        )
        parts.append(canvas.line(loop, colour, 0.010, 0.7))
    inside = (colour[0] * 0.86, colour[1] * 0.86, colour[2] * 0.86)
    if kind in ("tin", "bottle", "kettle"):
        parts.append(canvas.turned_body(origin, profile, colour, frame))
    else:
        parts.append(canvas.turned_body(origin, profile, colour, frame, inside))
        if form.height > 0.02:
            _draw_floor(canvas, origin, profile, inside, turn)
    if kind == "kettle":
        canvas.limb(origin + vec(-0.075, 0, 0.06), origin + vec(-0.125, 0, 0.12), 0.016, 0.009, colour)
        canvas.disc(origin + vec(0, 0, 0.16), 0.014, (30, 30, 30))
    if kind == "plant":
        for k in range(9):
            angle = k * 2.4 + salt
            tip = origin + vec(0.07 * np.cos(angle), 0.05 * np.sin(angle), 0.16 + 0.03 * np.sin(k * 1.7))
            canvas.limb(origin + vec(0, 0, 0.08), tip, 0.004, 0.016, (58, 118 + 6 * (k % 4), 54))
    if kind == "bottle":
        canvas.disc(origin + vec(0, 0, 0.25), 0.013, (196, 40, 40))
    return np.concatenate(parts)


def _draw_floor(canvas: Canvas, origin: Floats, profile: Profile, inside: Rgb, turn: Floats) -> None:
    """The inner floor, where it can be seen past the rim."""
    r, z = profile[0][0] * 0.94, 0.004
    floor = canvas.ring(origin + turn @ vec(0, 0, z), r, turn)
    rim = canvas.ring(origin + turn @ vec(0, 0, profile[-1][1]), profile[-1][0] * 0.97, turn)
    canvas.flat(shared_area(floor, rim), inside, 0.92)


def shared_area(a: Floats, b: Floats) -> Floats:
    """Where two convex polygons of pixels overlap; empty where they do not."""
    hull_a = cv2.convexHull(a.astype(np.float32))
    hull_b = cv2.convexHull(b.astype(np.float32))
    area, both = cv2.intersectConvexConvex(hull_a, hull_b)
    return both[:, 0].astype(np.float64) if area > 1 and both is not None else np.empty((0, 2))


def draw_tool(
    canvas: Canvas, style: Style, kind: str, grip: Floats, tip: Floats, roll: float = 0.0
) -> Floats:
    """Draw a tool held at ``grip`` with its working end at ``tip``; its pixels are given back."""
    along = unit(tip - grip)
    metal, wood = style.metal, (164.0, 116.0, 70.0)
    flat = unit(np.cross(along, vec(0, 0, 1)))
    up = unit(np.cross(flat, along))
    if roll:
        turn = turned(along, roll)
        flat, up = turn @ flat, turn @ up
    back = grip - along * 0.05
    if kind == "knife":
        heel = grip + along * 0.035
        blade = np.stack(
            [
                heel + up * 0.012,
                tip + up * 0.006,
                tip - up * 0.006,
                tip - along * 0.03 - up * 0.020,
                heel - up * 0.028,
            ]
        )
        shape = canvas.polygon(blade, (206, 210, 214))
        canvas.line(np.stack([heel + up * 0.012, tip + up * 0.006]), (150, 154, 158), 0.004)
        handle = canvas.limb(grip - along * 0.075, heel, 0.011, 0.011, (58, 40, 32))
        return np.concatenate([shape, handle])
    if kind in ("spoon", "small-spoon", "ladle"):
        wide = {"spoon": 0.028, "small-spoon": 0.017, "ladle": 0.036}[kind]
        colour = wood if kind == "spoon" else metal
        shaft = canvas.line(np.stack([back, tip]), colour, 0.010 if kind != "small-spoon" else 0.006, 0.9)
        ring = np.stack([tip + along * (wide * 1.3 * c) + flat * (wide * s) for c, s in _ROUND])
        bowl = canvas.polygon(ring, colour, 1.05)
        canvas.polygon(tip + (ring - tip) * 0.66, colour, 0.78)
        return np.concatenate([shaft, bowl])
    if kind == "turner":
        shaft = canvas.line(np.stack([back, tip - along * 0.05]), (52, 46, 44), 0.011)
        quad = np.stack(
            [
                tip - along * 0.05 - flat * 0.022,
                tip - flat * 0.034,
                tip + flat * 0.034,
                tip - along * 0.05 + flat * 0.022,
            ]
        )
        return np.concatenate([shaft, canvas.polygon(quad, metal, 1.05)])
    if kind == "whisk":
        shaft = canvas.line(np.stack([back, grip + (tip - grip) * 0.5]), metal, 0.012, 0.9)
        parts = [shaft]
        for k in range(3):
            side = flat * np.cos(k * 1.05) + up * np.sin(k * 1.05)
            start = grip + (tip - grip) * 0.5
            loop = np.stack(
                [
                    start + along * (0.09 * u) + side * (0.026 * np.sin(np.pi * u) * sign)
                    for sign in (1, -1)
                    for u in ((0, 0.3, 0.6, 0.85, 1) if sign == 1 else (1, 0.85, 0.6, 0.3, 0))
                ]
            )
            parts.append(canvas.line(loop, metal, 0.0035, 1.1))
        return np.concatenate(parts)
    if kind == "pestle":
        return canvas.limb(grip - along * 0.06, tip, 0.013, 0.022, (134, 132, 128))
    if kind == "masher":
        shaft = canvas.line(np.stack([back, tip + vec(0, 0, 0.01)]), metal, 0.011, 0.85)
        return np.concatenate(
            [shaft, canvas.disc(tip, 0.042, metal, 0.95), canvas.disc(tip, 0.026, metal, 0.7)]
        )
    if kind == "peeler":
        handle = canvas.limb(grip - along * 0.04, grip + along * 0.04, 0.009, 0.008, (196, 60, 50))
        fork = canvas.line(
            np.stack([grip + along * 0.04, tip + flat * 0.018, tip - flat * 0.018, grip + along * 0.04]),
            (210, 214, 216),
            0.006,
        )
        return np.concatenate([handle, fork])
    if kind == "rolling-pin":
        handles = canvas.limb(grip, tip, 0.010, 0.010, (120, 74, 44))
        body = canvas.limb(grip + (tip - grip) * 0.2, grip + (tip - grip) * 0.8, 0.024, 0.024, wood)
        return np.concatenate([handles, body])
    if kind == "grater":
        quad = np.stack([grip - flat * 0.045, tip - flat * 0.055, tip + flat * 0.055, grip + flat * 0.045])
        shape = canvas.polygon(quad, metal, 1.0)
        for u in np.linspace(0.2, 0.85, 6):
            for v in (-0.028, -0.009, 0.009, 0.028):
                canvas.disc(grip + (tip - grip) * u + flat * v + up * 0.002, 0.0045, (40, 40, 42))
        return shape
    if kind == "lid":
        return np.concatenate(
            [
                canvas.turned_body(tip, ((0.112, 0.0), (0.104, 0.014), (0.050, 0.026)), metal),
                canvas.limb(tip + vec(0, 0, 0.026), tip + vec(0, 0, 0.044), 0.010, 0.014, (30, 30, 32)),
            ]
        )
    if kind == "strainer":
        shaft = canvas.line(np.stack([back, tip + along * -0.045]), (60, 52, 48), 0.010)
        bowl = canvas.turned_body(
            tip - vec(0, 0, 0.032),
            ((0.016, 0.0), (0.036, 0.012), (0.050, 0.034)),
            metal,
            None,
            tuple(c * 0.6 for c in metal),
        )
        for v in (-0.026, 0.0, 0.026):
            canvas.line(np.stack([tip + vec(v, -0.042, 0), tip + vec(v, 0.042, 0)]), metal, 0.002, 1.1)
        return np.concatenate([shaft, bowl])
    if kind == "cloth":
        quad = np.stack(
            [
                tip + vec(x, y, 0.006)
                for x, y in ((-0.07, -0.045), (0.06, -0.05), (0.075, 0.04), (-0.06, 0.05))
            ]
        )
        shape = canvas.polygon(quad, (206, 92, 84))
        canvas.line(np.stack([(quad[0] + quad[1]) / 2, (quad[2] + quad[3]) / 2]), (240, 236, 226), 0.008)
        return shape
    raise KeyError(kind)


_ROUND = tuple((float(np.cos(a)), float(np.sin(a))) for a in np.linspace(0, 2 * np.pi, 14, endpoint=False))


@dataclass(frozen=True)
class Food:
    """How an ingredient looks; ``dye`` is how strongly it colours the liquid it is in."""

    name: str
    form: str
    raw: Rgb
    cooked: Rgb
    dye: float
    dye_colour: Rgb

    @property
    def dissolves(self) -> bool:
        """Whether it cannot be seen any more once it is in a liquid."""
        return self.form == "powder" or any(word in self.name for word in ("sugar", "salt", "jaggery"))


def food_named(name: str) -> Food:
    """The look of an ingredient, by the longest known name in its own; an unknown one gets its own colour."""
    table: dict[str, Any] = data_file("foods.yaml")["foods"]
    plain = name.lower().replace("-", " ").replace("_", " ")
    known = sorted((word for word in table if word in plain), key=len)
    if not known:
        mix = sum((k + 1) * ord(c) for k, c in enumerate(plain))
        raw: Rgb = (120.0 + mix % 110, 90.0 + (mix // 7) % 110, 60.0 + (mix // 13) % 90)
        return Food(name, "cube", raw, (raw[0] * 0.75, raw[1] * 0.66, raw[2] * 0.55), 0.1, raw)
    row = table[known[-1]]
    raw = tuple(row["raw"])
    cooked = tuple(row.get("cooked", [c * 0.86 for c in raw]))
    return Food(name, row["form"], raw, cooked, float(row.get("dye", 0.0)), tuple(row.get("dye_colour", raw)))
