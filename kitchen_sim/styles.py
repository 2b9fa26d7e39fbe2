"""How a kitchen looks: style groups, and one style drawn from a group by a seed; knows of no script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import yaml

from kitchen_sim.errors import DrawingError

Rgb = tuple[float, float, float]


@cache
def data_file(name: str) -> dict[str, Any]:
    """One of the versioned data files beside this module."""
    loaded: dict[str, Any] = yaml.safe_load(
        resources.files("kitchen_sim").joinpath("data", name).read_text("utf-8")
    )
    return loaded


@dataclass(frozen=True)
class Style:
    """Everything that makes one kitchen look unlike another. Colours RGB 0-255, lengths metres."""

    group: str
    seed: int
    counter: Rgb
    counter_texture: str
    counter_grain: float
    wall: Rgb
    wall_texture: str
    tile_m: float
    joint: Rgb
    cabinet: Rgb
    metal: Rgb
    board: Rgb
    dishes: Rgb
    hob_body: Rgb
    hob_frame: Rgb
    hob_form: str
    eye: dict[str, tuple[float, float, float]]
    target: tuple[float, float, float]
    zoom: float
    gain: Rgb
    exposure: float
    light: tuple[float, float, float]
    hob_x: float
    board_x: float
    vessel_scale: float
    shelf_m: float
    clutter: tuple[str, ...]
    skin: Rgb
    sleeve: Rgb
    sleeve_covers: float
    sleeve_form: str
    arm_scale: float
    mirrored: bool
    left_handed: bool
    yellow_flame: bool
    shake_px: float
    noise: float
    blur_px: float
    pace: float


def style_groups() -> tuple[str, ...]:
    """The names of all style groups."""
    return tuple(data_file("styles.yaml")["groups"])


def split_groups(held_out: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(groups to train on, groups held out); the two share none.

    Raises:
        DrawingError: a name is no style group, or no group would be left on a side.
    """
    out = set(held_out)
    unknown = out - set(style_groups())
    if unknown:
        raise DrawingError(f"expected style groups out of {style_groups()}, got {sorted(unknown)}")
    kept = tuple(name for name in style_groups() if name not in out)
    if not out or not kept:
        raise DrawingError("expected at least one group to train on and one held out")
    return kept, tuple(name for name in style_groups() if name in out)


def _skin(tone: list[float], lighter: float) -> Rgb:
    """A skin tone a little lighter or darker, its hue kept."""
    r, g, b = (min(252.0, max(8.0, c * (1 + lighter))) for c in tone)
    return r, g, b


def style_for(seed: int, group: str | None = None) -> Style:
    """The style that a seed gives, in the named group or in one that the seed chooses.

    Raises:
        DrawingError: ``group`` is no style group.
    """
    rng = np.random.default_rng([0x5717E, seed])
    names = style_groups()
    chosen = names[int(rng.integers(len(names)))] if group is None else group
    if chosen not in names:
        raise DrawingError(f"expected a style group out of {', '.join(names)}, got {group!r}")
    data = data_file("styles.yaml")
    plain = data["groups"][chosen]

    def near(colour: list[float], by: float = 10.0) -> Rgb:
        r, g, b = (float(np.clip(c + rng.normal(0, by), 6, 252)) for c in colour)
        return r, g, b

    def moved(place: list[float], by: float = 0.03) -> tuple[float, float, float]:
        x, y, z = (float(c + rng.normal(0, by)) for c in place)
        return x, y, z

    geometry, camera, light = plain["geometry"], plain["camera"], plain["light"]
    skins, sleeves = data["skins"], data["sleeves"]
    sleeve = sleeves[int(rng.integers(len(sleeves)))]
    return Style(
        group=chosen,
        seed=seed,
        counter=near(plain["counter"]["colour"], 5),
        counter_texture=plain["counter"]["texture"],
        counter_grain=plain["counter"]["grain"],
        wall=near(plain["wall"]["colour"], 5),
        wall_texture=plain["wall"]["texture"],
        tile_m=plain["wall"]["tile_m"] * float(rng.uniform(0.9, 1.15)),
        joint=near(plain["wall"]["joint"], 4),
        cabinet=near(plain["cabinet"], 8),
        metal=near(plain["metal"], 6),
        board=near(plain["board"], 8),
        dishes=near(plain["dishes"], 6),
        hob_body=near(plain["hob"]["body"], 5),
        hob_frame=near(plain["hob"]["frame"], 4),
        hob_form=plain["hob"]["form"],
        eye={"front": moved(camera["front"]), "side": moved(camera["side"])},
        target=moved(camera["front_target"], 0.015),
        zoom=camera["zoom"] * float(rng.uniform(0.97, 1.03)),
        gain=tuple(float(g * rng.uniform(0.97, 1.03)) for g in light["gain"]),  # type: ignore[arg-type]
        exposure=light["exposure"] * float(rng.uniform(0.9, 1.06)),
        light=tuple(light["direction"]),
        hob_x=geometry["hob_x"] + float(rng.uniform(-0.015, 0.015)),
        board_x=geometry["board_x"] + float(rng.uniform(-0.01, 0.01)),
        vessel_scale=geometry["vessel"] * float(rng.uniform(0.96, 1.05)),
        shelf_m=geometry["shelf_m"],
        clutter=tuple(plain["clutter"]),
        skin=_skin(skins[int(rng.integers(len(skins)))], float(rng.normal(0, 0.04))),
        sleeve=near(sleeve["colour"], 8),
        sleeve_covers=sleeve["covers"],
        sleeve_form=sleeve["form"],
        arm_scale=float(rng.uniform(0.92, 1.08)),
        mirrored=bool(rng.random() < 0.4),
        left_handed=bool(rng.random() < 0.25),
        yellow_flame=bool(rng.random() < 0.3),
        shake_px=float(rng.choice([0.0, 0.4, 0.8, 1.6])),
        noise=float(rng.uniform(0.8, 3.5)),
        blur_px=float(rng.choice([0.0, 0.0, 0.5, 0.8])),
        pace=float(rng.uniform(0.88, 1.14)),
    )
