"""Draws what is over a burner without and with smoke and scorching; only training and evaluation use this."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from kitchen_sim.planting import burnt
from kitchen_sim.script import Script
from model_packages.training.chunks import FPS, encoded
from model_packages.training.variation import vary

from .burning import ABOVE_PX, PART_PX
from .drawing import FlameScene, Picture, random_dish, random_script, small, small_size
from .looking import cut_out

# As smoke or scorching is drawn, 0 to 1: from here on it can be seen; what is less is no fair question.
SEEN_FROM = 0.3
_MOMENTS = 6
# Wider than what the network sees: the burner's place is only found to within some pixels.
_WIDER_PX = 64
KEPT_PX = PART_PX + _WIDER_PX


@dataclass(frozen=True)
class Smoked:
    """What is over a burner, (N, 320, 320, 3) RGB, without and with smoke.

    ``truth`` (N, 2): smoke and scorch, 0 to 1.
    """

    clean: Picture
    smoked: Picture
    truth: npt.NDArray[np.float64]


def _scripts(rng: np.random.Generator, seed: int, group: str) -> tuple[Script, Script, float]:
    """The same cooking with nothing burning and with something that burns from a second on."""
    width, height = (854, 480) if rng.random() < 0.75 else (640, 360)
    while True:
        script = random_script(rng, random_dish(rng), seed, group, width_px=width, height_px=height)
        lit = [step for step in script.steps if step.heat not in (None, "off")]
        if lit:
            break
    step = lit[int(rng.integers(len(lit)))]
    after_s = float(rng.uniform(0.0, 0.5 * step.length_s))
    hot = burnt(script, step.step_id, after_s=after_s)
    steps = [s.model_copy(update={"burns_after_s": None}) for s in hot.steps]
    return Script.model_validate(hot.model_dump() | {"steps": steps}), hot, step.start_s + after_s


def drawn_smoke(seed: int, group: str, *, varied: bool) -> Smoked:
    """Some moments of one kitchen, encoded and decoded as proxies are; none where no burner is in view."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([0x5340CE, seed])
    calm, hot, begins_s = _scripts(rng, seed, group)
    changes = int(rng.integers(2**32))
    ends_s = min(hot.duration_s - 0.5, begins_s + 20.0)
    moments = np.sort(rng.uniform(begins_s + 0.5, max(ends_s, begins_s + 0.6), _MOMENTS))
    quality = str(int(rng.integers(22, 30)))
    films, places, truth = [], [], []
    for script in (calm, hot):
        scene = FlameScene(script, None)
        if varied:
            vary(scene, np.random.default_rng(changes))
        size = small_size(script.width_px, script.height_px)
        pictures = []
        for time_s in moments:
            picture, seen = scene.shown(float(time_s), scene.level(float(time_s)))
            pictures.append(small(picture, size))
            if script is hot:
                by = size[0] / script.width_px
                places.append(tuple(v * by for v in seen.places[0]) if seen.places else None)
                truth.append(scene.board.burning(float(time_s)))
        films.append(_decoded(encoded(pictures, {"preset": "superfast", "crf": quality})))
    kept = [k for k, place in enumerate(places) if place is not None]
    calm_parts, hot_parts = (
        np.stack([_kept(film[k], places[k]) for k in kept])
        if kept
        else np.zeros((0, KEPT_PX, KEPT_PX, 3), np.uint8)
        for film in films
    )
    return Smoked(calm_parts, hot_parts, np.array([truth[k] for k in kept]).reshape(-1, 2))


def smoke_films(seed: int, group: str, *, seconds: float = 30.0) -> tuple[bytes, bytes, float]:
    """Two object-proxy chunks of the same cooking, without and with something that burns.

    They begin when it does. The number is how much it smokes or is scorched at most, 0 to 1.
    """
    cv2.setNumThreads(1)
    calm, hot, begins_s = _scripts(np.random.default_rng([0x5340CE, seed]), seed, group)
    size = small_size(hot.width_px, hot.height_px)
    bodies, most = [], 0.0
    for script in (calm, hot):
        scene = FlameScene(script, None)
        pictures = []
        for time_s in np.arange(begins_s, min(begins_s + seconds, script.duration_s - 0.5), 1 / FPS):
            pictures.append(small(scene.shown(float(time_s), scene.level(float(time_s)))[0], size))
            most = max(most, *scene.board.burning(float(time_s)))
        bodies.append(encoded(pictures))
    return bodies[0], bodies[1], most


def _kept(picture: Picture, place: tuple[float, float]) -> Picture:
    return cut_out(picture, (place[0], place[1] - ABOVE_PX), (KEPT_PX, KEPT_PX))


def _decoded(body: bytes) -> list[Picture]:
    with av.open(io.BytesIO(body)) as film:
        frames = [f.reformat(format="rgb24", src_colorspace=f.colorspace) for f in film.decode(video=0)]
        return [frame.to_ndarray() for frame in frames]


def kept_smoke(job: tuple[int, str, bool, str]) -> str:
    """Draw a job (seed, group, varied, path) into its file, unless it is there; the path."""
    seed, group, varied, path = job
    if not Path(path).is_file():
        drawn = drawn_smoke(seed, group, varied=varied)
        partial = Path(f"{path}.{os.getpid()}.partial")
        with partial.open("wb") as file:
            np.savez_compressed(file, clean=drawn.clean, smoked=drawn.smoked, truth=drawn.truth)
        partial.replace(path)
    return path


def smoke_in(path: str) -> Smoked:
    """What ``kept_smoke`` drew into a file."""
    with np.load(path, allow_pickle=False) as kept:
        return Smoked(kept["clean"], kept["smoked"], kept["truth"])
