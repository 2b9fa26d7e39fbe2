"""Draws the contact sheet: style groups and all motions at a glance; knows nothing of files but its own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from kitchen_sim.canvas import Picture
from kitchen_sim.planting import burnt
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script, ScriptStep
from kitchen_sim.storyboard import motions
from kitchen_sim.styles import style_groups

_TILE = (200, 112)
_COLUMNS = 7
_LENGTH_S = 7.0
_PROPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "crack": (("pan",), ("egg",)),
    "flip": (("tawa",), ("dough",)),
    "spread": (("tawa",), ("besan",)),
    "roll": ((), ("dough",)),
    "fold": ((), ("dough",)),
    "knead": (("bowl",), ("flour", "water")),
    "whisk": (("bowl",), ("egg",)),
    "mash": (("bowl",), ("potato",)),
    "mix": (("bowl",), ("curd", "cucumber")),
    "rinse": (("bowl",), ("rice", "water")),
    "pour": (("saucepan",), ("milk",)),
    "boil": (("saucepan",), ("water",)),
    "simmer": (("pot",), ("dal", "water")),
    "strain": (("saucepan", "cup"), ("milk", "tea-leaves")),
    "serve": (("pan", "plate"), ("rice",)),
    "squeeze": (("bowl",), ("lemon",)),
    "crush": (("mortar",), ("ginger", "cardamom")),
    "drain": (("pot", "bowl"), ("rice", "water")),
}
_HEATED = (
    "boil",
    "heat",
    "simmer",
    "fry",
    "flip",
    "stir",
    "spread",
    "temper",
    "toss",
    "add",
    "sprinkle",
    "crack",
    "cover",
)


def example_script(
    motion: str, seed: int, style_group: str | None = None, camera: str = "front", **film: object
) -> Script:
    """A short script that shows one motion, with what it works on put in place before."""
    objects, foods = _PROPS.get(motion, (("pan",), ("onion", "tomato")))
    steps: list[ScriptStep] = []
    at_s = 0.0
    if motion in (
        "strain",
        "plate",
        "serve",
        "drain",
        "boil",
        "simmer",
        "stir",
        "fry",
        "toss",
        "heat",
        "cover",
        "turn-off",
        "garnish",
        "arrange",
        "whisk",
    ):
        for food in foods:
            steps.append(
                ScriptStep(
                    step_id=f"put-{food}",
                    action="add",
                    objects=objects[:1],
                    ingredients=(food,),
                    start_s=at_s,
                    end_s=at_s + 0.5,
                )
            )
            at_s += 0.5
    if motion in ("serve", "garnish", "arrange") and "plate" not in objects:
        objects = (*objects, "plate")
    if motion in ("serve", "garnish"):
        steps.append(
            ScriptStep(
                step_id="fill", action="plate", objects=("plate", "pan"), start_s=at_s, end_s=at_s + 0.5
            )
        )
        at_s += 0.5
    heat = "high" if motion in _HEATED else None
    uses = ("coriander",) if motion == "garnish" else foods
    steps.append(
        ScriptStep(
            step_id=motion,
            action=motion,
            objects=objects,
            ingredients=uses,
            start_s=at_s,
            end_s=at_s + _LENGTH_S,
            heat=heat,
        )
    )
    plain = {"width_px": 480, "height_px": 272, **film}
    return Script.model_validate(
        {
            "dish": "example",
            "seed": seed,
            "style_group": style_group,
            "camera": camera,
            "duration_s": at_s + _LENGTH_S,
            "steps": steps,
            **plain,
        }
    )


def contact_sheet() -> Picture:
    """All motions, each in a style of its own, every third one seen from the side; last what burns; BGR."""
    groups = style_groups()
    tiles: list[Picture] = []
    for k, motion in enumerate(motions()):
        script = example_script(motion, 40 + k, groups[k % len(groups)], "side" if k % 3 == 2 else "front")
        begun = script.steps[-1].start_s
        tiles.append(_titled(Scene(script).frame(begun + 0.64 * _LENGTH_S), motion))
    for k, motion in enumerate(("fry", "simmer", "stir", "flip")):
        script = burnt(example_script(motion, 41 + k, groups[k * 3 % len(groups)]), motion, after_s=0.5)
        tiles.append(_titled(Scene(script).frame(script.duration_s - 0.3), f"burnt {motion}"))
    while len(tiles) % _COLUMNS:
        tiles.append(np.full_like(tiles[0], 255))
    rows = [np.hstack(tiles[k : k + _COLUMNS]) for k in range(0, len(tiles), _COLUMNS)]
    sheet: Picture = np.vstack(rows)
    return sheet


def write_contact_sheet(path: Path) -> Path:
    """Write the contact sheet as a PNG of 256 colours, so that it stays small enough for a repository."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ok, coded = cv2.imencode(".png", _fewer_colours(contact_sheet()), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not ok:
        raise RuntimeError("the contact sheet could not be coded as PNG")
    path.write_bytes(coded.tobytes())
    return path


def _titled(picture: Picture, title: str) -> Picture:
    tile: Picture = cv2.resize(picture, _TILE, interpolation=cv2.INTER_AREA)
    cv2.rectangle(tile, (0, 0), (8 * len(title) + 10, 15), (255, 255, 255), -1)
    cv2.putText(tile, title, (4, 11), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


def _fewer_colours(picture: Picture) -> Picture:
    smooth = cv2.bilateralFilter(picture, 5, 18, 5)
    fewer: Picture = (smooth & 0xF0) | 0x08
    return fewer
