"""Draws finished plates, and pictures without one, with their truth; answering does not use this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.planting import plant
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script
from kitchen_sim.things import SERVE_FORMS
from kitchen_sim.truth import plate_of
from model_packages.training.kitchens import dishes
from model_packages.training.variation import vary

Picture = npt.NDArray[np.uint8]
_SIZES = ((854, 480), (854, 480), (1280, 720), (640, 360), (640, 480), (480, 854))
# As the program's stills are: 640 px on the long side.
_STILL_PX = 640
_JPEG_QUALITY = 90


@dataclass(frozen=True)
class PlatePicture:
    """A still as JPEG and what is true of it; ``box`` is of the serving vessel, full or empty."""

    jpeg: bytes
    dish: str
    group: str
    camera: str
    seed: int
    served: bool
    poor: bool
    likeness: float | None
    box: tuple[float, float, float, float] | None


def ordered_script(rng: np.random.Generator, dish: str, seed: int, group: str, **film: Any) -> Script:
    """A correct performance of a dish in its own order, with steps of a few seconds."""
    rows: list[dict[str, Any]] = []
    for row in dishes()[dish]:
        length_s = float(rng.uniform(3.0, 9.0))
        new: dict[str, Any] = {**row, "min_s": length_s, "max_s": length_s + 1.0}
        if rows:
            new["must_come_after"] = [rows[-1]["step_id"]]
        rows.append(new)
    return script_from_steps(rows, dish=dish, seed=seed, longest_step_s=12.0, style_group=group, **film)


def drawn_plates(job: Mapping[str, Any]) -> list[PlatePicture]:
    """Stills of one drawn film: the finished plate clean and badly plated, and one from before serving.

    Args:
        job: ``seed``, ``group``, ``dish`` and ``varied`` (camera, paint and light changed beyond what a
            style does, for training).
    """
    cv2.setNumThreads(1)
    seed, group, dish, varied = job["seed"], job["group"], job["dish"], job["varied"]
    rng = np.random.default_rng([0x9A7E, seed])
    width, height = _SIZES[int(rng.integers(len(_SIZES)))] if varied else (1280, 720)
    camera = str(rng.choice(["front", "side"]))
    good = ordered_script(rng, dish, seed, group, camera=camera, width_px=width, height_px=height)
    changes = int(rng.integers(2**32))
    back_s = float(rng.uniform(0.1, 1.2))
    earlier = float(rng.uniform(0.05, 0.97))
    found: list[PlatePicture] = []
    for script in (good, plant(good, "poor_plating")):
        scene = Scene(script)
        if varied:
            vary(scene, np.random.default_rng(changes))
        truth = plate_of(scene)
        time_s = max(0.0, script.duration_s - back_s)
        found.append(
            PlatePicture(
                jpeg=still(scene.frame(time_s)),
                dish=dish,
                group=group,
                camera=camera,
                seed=seed,
                served=truth is not None,
                poor=script.plating == "poor",
                likeness=None if truth is None else float(truth["likeness"]),
                box=_serving_box(scene, time_s),
            )
        )
        if script is good:
            served_from = min((t.start_s for t in scene.board.transfers if _serves(scene, t)), default=None)
            before_s = earlier * (served_from if served_from is not None else script.steps[-1].start_s)
            picture = still(scene.frame(before_s))
            box = _serving_box(scene, before_s)
            found.append(PlatePicture(picture, dish, group, camera, seed, False, False, None, box))
    return found


def still(picture: Picture) -> bytes:
    """A BGR picture as the JPEG still that the program makes of it."""
    shrink = _STILL_PX / max(picture.shape[:2])
    if shrink < 1:
        size = (round(picture.shape[1] * shrink / 2) * 2, round(picture.shape[0] * shrink / 2) * 2)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1])


def _serves(scene: Scene, transfer: Any) -> bool:
    thing = scene.board.things.get(transfer.target_id)
    return thing is not None and thing.kind in SERVE_FORMS


def _serving_box(scene: Scene, time_s: float) -> tuple[float, float, float, float] | None:
    things = scene.board.things
    serving = [t.thing_id for t in things.values() if t.kind in SERVE_FORMS]
    # A measuring cup has the form of a cup that is served: what the last steps put the dish on comes first.
    used = [p.target_id for p in scene.board.plans if p.target_id in serving]
    label = things[(used or serving)[-1]].label if serving else None
    boxes = [b.box for b in scene.boxes(time_s) if b.label == label]
    return boxes[0] if boxes else None
