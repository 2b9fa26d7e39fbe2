"""Makes one drawn kitchen into many for training: other paint, camera, light, clutter, flame colour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kitchen_sim.canvas import Camera
from kitchen_sim.scene import Scene


def vary(scene: Scene, rng: np.random.Generator) -> bool:
    """Change paint, camera, light and flame colour beyond what a style does; whether the hob is in view."""
    style, script = scene.style, scene.script
    gain = tuple(float(g * rng.uniform(0.86, 1.14)) for g in style.gain)

    def painted(spread: float = 255.0) -> tuple[float, float, float]:
        """Any colour, pale ones as often as strong ones."""
        grey, strong = rng.uniform(25, 248), rng.uniform(0, 1) ** 1.5
        r, g, b = (1 - strong) * grey + strong * rng.uniform(0, spread, 3)
        return float(r), float(g), float(b)

    paints = ("counter", "wall", "joint", "cabinet", "board", "dishes", "hob_body", "hob_frame", "sleeve")
    repainted: dict[str, Any] = {name: painted() for name in paints if rng.random() < 0.7}
    if rng.random() < 0.6:
        light = rng.uniform(90, 225)
        repainted["metal"] = tuple(float(light * v) for v in rng.uniform(0.75, 1.12, 3))
    repainted["clutter"] = tuple(
        rng.permutation(["kettle", "jar", "bottle", "tin", "plant", "cloth", "pot"])[:3]
    )
    scene.style = replace(
        style,
        **repainted,
        gain=gain,
        exposure=style.exposure * float(rng.uniform(0.75, 1.2)),
        yellow_flame=bool(rng.random() < 0.45),
    )
    x, y, z = style.target if script.camera == "front" else (0.06, 0.24, 0.06)
    in_view = bool(rng.random() > 0.06)
    target = np.array([x, y + 0.02, z + 0.05]) + rng.normal(0, 0.045, 3)
    if not in_view:
        target[0] -= 0.75 if script.camera == "front" else 0.0
        target[2] += 0.55 if script.camera == "side" else 0.0
    eye = np.array(style.eye[script.camera]) + rng.normal(0, 0.09, 3)
    zoom = style.zoom * float(rng.uniform(0.8, 1.3))
    scene.camera = Camera(tuple(eye), tuple(target), scene.width, scene.height, zoom, style.mirrored)
    return in_view
