"""Draws kitchens with a flame of known colour, level and place, as single pictures or as encoded chunks.

Only training and evaluation use this; answering does not.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from kitchen_sim.canvas import Camera, Canvas, Picture, vec
from kitchen_sim.fire import draw_flames
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script
from kitchen_sim.things import FORMS, HOB_FORMS
from model_packages.training.chunks import FPS, encoded
from model_packages.training.kitchens import dishes
from model_packages.training.variation import vary

LONG_SIDE_PX = 640
_SIZES = ((854, 480), (854, 480), (854, 480), (854, 480), (640, 360), (640, 360), (640, 480), (480, 854))
_RAMP_S = 0.4
# A flame of which less than this share, or fewer pixels, can be seen is hidden.
LEAST_SHARE, LEAST_PIXELS = 0.35, 14
_ASKED_WHERE_OFF = 0.6
_AT_ONE_MOMENT = 3
_BURNER_Z = 0.048
_BURNER_Y = 0.30

Point = tuple[float, float]


@dataclass(frozen=True)
class Truth:
    """What one picture shows: ``state`` is off, blue, yellow or hidden, ``level`` 0 to 1.

    ``places`` are the burners that a flame is or would be over (column, row), in pixels of the picture; empty
    where none is in the picture.
    """

    state: str
    level: float
    places: tuple[Point, ...]


@dataclass(frozen=True)
class FilmTruth:
    """What a chunk shows, one entry a picture."""

    states: tuple[str, ...]
    levels: tuple[float, ...]
    group: str
    camera: str
    dish: str


class FlameScene(Scene):
    """A scene whose flame follows ``schedule`` (seconds, level), or the script where there is none.

    After each picture ``seen_pixels`` and ``seen_share`` say how much of the flame, or of the place where one
    would be, no hand and no held thing covers.
    """

    def __init__(self, script: Script, schedule: list[tuple[float, float]] | None) -> None:
        super().__init__(script)
        self.schedule = schedule
        self.script_level = self.board.flame_level
        self.script_burning = self.board.burning_thing
        self.seen_pixels, self.seen_share = 0, 0.0
        self._outline: npt.NDArray[np.bool_] | None = None
        self._inside_share = 1.0

    def burner(self, time_s: float) -> str | None:
        """The thing over the flame: of the last step on the hob, else of the next one."""
        standing = {
            t.thing_id
            for t in self.board.things.values()
            if t.kind in HOB_FORMS and t.start_s <= time_s < t.end_s
        }
        plans = [p for p in self.board.plans if p.target_id in standing and p.step.heat is not None]
        begun = [p for p in plans if p.step.start_s <= time_s]
        return (begun[-1] if begun else plans[0]).target_id if plans else None

    def level(self, time_s: float) -> float:
        """The flame's level at a moment; 0 where nothing stands on the hob."""
        if self.schedule is None:
            return self.script_level(time_s) if self.script_burning(time_s) is not None else 0.0
        if self.burner(time_s) is None:
            return 0.0
        before = now = since = 0.0
        for at_s, level in self.schedule:
            if at_s <= time_s:
                before, now, since = now, level, at_s
        return before + (now - before) * min(1.0, (time_s - since) / _RAMP_S)

    def shown(self, time_s: float, level: float) -> tuple[Picture, Truth]:
        """The picture with the flame at ``level``, whatever the schedule says, and what it shows."""
        level = 0.0 if level <= 0.02 else level
        thing = self.script_burning(time_s) if self.schedule is None else None
        thing = thing or self.burner(time_s)
        self.board.flame_level = lambda _: level
        self.board.burning_thing = lambda _: thing
        try:
            picture = self.frame(time_s)
        finally:
            self.board.flame_level, self.board.burning_thing = self.script_level, self.script_burning
        at = self.board.hob_x if thing is None else (self.board.things[thing].at[0],)
        places = self._places(at, time_s)
        if not places:
            return picture, Truth("hidden", level, ())
        if thing is None:
            return picture, Truth("off", 0.0, places)
        if self.seen_share < LEAST_SHARE or self.seen_pixels < LEAST_PIXELS:
            return picture, Truth("hidden", level, places)
        lit = "yellow" if self.style.yellow_flame else "blue"
        return picture, Truth(lit if level else "off", level, places)

    def outline(self, time_s: float) -> Picture:
        """Where in the last picture, of ``time_s``, the flame is or would be: 255 there, else 0."""
        size = self.script.width_px, self.script.height_px
        if self._outline is None:
            return np.zeros(size[::-1], np.uint8)
        drawn = self._outline.astype(np.uint8) * 255
        warp = self._shake(time_s)
        if warp is not None:
            drawn = cv2.warpAffine(drawn, warp, (self.width, self.height))
        return drawn if drawn.shape[1::-1] == size else cv2.resize(drawn, size)

    def _places(self, at_x: tuple[float, ...], time_s: float) -> tuple[Point, ...]:
        """Where in the picture, as filmed, the burners at ``at_x`` are; those outside are left out."""
        found: list[Point] = []
        warp = self._shake(time_s)
        enlarged = self.script.width_px / self.width
        for x in at_x:
            point = self.camera.project(np.stack([vec(x, _BURNER_Y, _BURNER_Z)]))[0]
            if warp is not None:
                point = warp[:, :2] @ point + warp[:, 2]
            in_front = self.camera.depth(vec(x, _BURNER_Y, _BURNER_Z)) > 0.1
            if in_front and 0 <= point[0] < self.width and 0 <= point[1] < self.height:
                found.append((float(point[0] * enlarged), float(point[1] * enlarged)))
        return tuple(found)

    def _draw_fire(self, canvas: Canvas, time_s: float, lifted: set[str], found: Any) -> None:
        super()._draw_fire(canvas, time_s, lifted, found)
        burning = self.board.burning_thing(time_s)
        self._outline, self.seen_pixels, self.seen_share = None, 0, 0.0
        if burning is None:
            return
        thing = self.board.things[burning]
        blank = self._canvas(np.zeros_like(canvas.picture))
        blank.haze = lambda *_args, **_words: None  # type: ignore[method-assign]
        points = draw_flames(
            blank,
            vec(thing.at[0], thing.at[1], _BURNER_Z),
            FORMS[thing.kind].profile[0][0] * self.play.scale(thing),
            self.board.flame_level(time_s) or _ASKED_WHERE_OFF,
            time_s,
            self.style.yellow_flame,
            burning in lifted,
        )
        self._outline = blank.picture.any(2)
        self._inside_share = float(((points >= 0) & (points < (self.width, self.height))).all(1).mean())

    def _draw_people(self, canvas: Canvas, moment: Any, time_s: float, found: Any) -> None:
        before = canvas.picture.copy() if self._outline is not None else None
        super()._draw_people(canvas, moment, time_s, found)
        if before is not None and self._outline is not None:
            uncovered = self._outline & (canvas.picture == before).all(2)
            drawn = int(self._outline.sum())
            self.seen_pixels = round(
                int(uncovered.sum()) * (LONG_SIDE_PX / max(self.width, self.height)) ** 2
            )
            self.seen_share = int(uncovered.sum()) / drawn * self._inside_share if drawn else 0.0


def random_script(rng: np.random.Generator, dish: str, seed: int, group: str, **film: Any) -> Script:
    """A dish with its heat settings changed at random: all levels are drawn about as often."""
    rows: list[dict[str, Any]] = []
    for row in dishes()[dish]:
        length_s = float(rng.uniform(2.5, 6.0))
        new = {**row, "min_s": length_s, "max_s": length_s + 1.0}
        if rows:
            new["must_come_after"] = [rows[-1]["step_id"]]
        if row.get("heat") in ("low", "medium", "high") and rng.random() < 0.75:
            new["heat"] = str(rng.choice(["low", "medium", "high", "off"], p=[0.3, 0.3, 0.3, 0.1]))
        rows.append(new)
    camera = str(rng.choice(["front", "side"]))
    return script_from_steps(
        rows, dish=dish, seed=seed, longest_step_s=8.0, style_group=group, camera=camera, **film
    )


def random_dish(rng: np.random.Generator) -> str:
    cooked = sorted(name for name, rows in dishes().items() if any("heat" in row for row in rows))
    return cooked[int(rng.integers(len(cooked)))] if rng.random() > 0.04 else "cucumber-raita"


def _moved_camera(scene: Scene, rng: np.random.Generator) -> None:
    """Nearer or farther along the line of sight; now and then turned to where no hob is."""
    old = scene.camera
    zoom = old.focal / min(float(scene.width), scene.height * 16 / 9)
    eye = old.eye - old.axes[2] * float(rng.uniform(-0.2, 0.35))
    target = old.eye + old.axes[2] * 1.2
    if rng.random() < 0.06:
        target = np.array([rng.uniform(-0.9, -0.3), rng.uniform(0.0, 0.6), rng.uniform(0.0, 0.7)])
        zoom *= float(rng.uniform(1.0, 2.0))
    scene.camera = Camera(tuple(eye), tuple(target), scene.width, scene.height, zoom, scene.style.mirrored)


def _level(rng: np.random.Generator) -> float:
    level = float(rng.choice([0.0, 0.3, 0.6, 1.0], p=[0.22, 0.26, 0.26, 0.26]))
    return float(rng.uniform(0.18, 1.0)) if level and rng.random() < 0.25 else level


def drawn_pictures(seed: int, group: str, count: int) -> list[tuple[Picture, Truth, Picture]]:
    """RGB pictures, 640 px long, of one varied kitchen at ``count`` moments, encoded and decoded again.

    With each comes what it shows, and where the flame is or would be: 255 there, else 0, as large as it.
    """
    rng = np.random.default_rng([0xF1A3E, 1, seed])
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    script = random_script(rng, random_dish(rng), seed, group, width_px=width, height_px=height)
    scene = FlameScene(script, [])
    vary(scene, rng)
    _moved_camera(scene, rng)
    size = small_size(width, height)
    pictures: list[Picture] = []
    truths: list[Truth] = []
    outlines: list[Picture] = []
    # Several levels at nearly the same moment: what stands still is drawn once, and only the flame differs.
    moments = np.sort(rng.uniform(0, script.duration_s - 0.5, max(1, count // _AT_ONE_MOMENT)))
    for number in range(count):
        time_s = float(moments[min(number // _AT_ONE_MOMENT, len(moments) - 1)])
        time_s += 0.13 * (number % _AT_ONE_MOMENT)
        level = _level(rng) if scene.burner(time_s) is not None else 0.0
        picture, truth = scene.shown(time_s, level)
        by = size[0] / width
        pictures.append(small(picture, size))
        outlines.append(small(scene.outline(time_s), size))
        places = tuple((x * by, y * by) for x, y in truth.places)
        truths.append(Truth(truth.state, truth.level, places))
    # The moments lie far apart, so that at the proxies' rate each would be coded worse than they are.
    body = encoded(pictures, {"preset": "superfast", "crf": str(int(rng.integers(22, 30)))})
    with av.open(io.BytesIO(body)) as film:
        decoded = [
            f.reformat(format="rgb24", src_colorspace=f.colorspace).to_ndarray() for f in film.decode(video=0)
        ]
    return list(zip(decoded, truths, outlines, strict=True))


def drawn_nonsense(rng: np.random.Generator) -> Picture:
    """A picture of no kitchen: blurred light, shapes of any colour (flames' too), grain."""
    width, height = small_size(*_SIZES[int(rng.integers(len(_SIZES)))])
    coarse = rng.integers(0, 256, (int(rng.integers(2, 7)), int(rng.integers(2, 9)), 3), np.uint8)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(rng.integers(0, 40))):
        middle = rng.uniform((0, 0), (width, height))
        points = middle + rng.normal(0, rng.uniform(4, 90), (int(rng.integers(3, 8)), 2))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        cv2.fillPoly(picture, [points.astype(np.int32)], colour, cv2.LINE_AA)
    blur = float(rng.uniform(0, 4))
    picture = cv2.GaussianBlur(picture, (0, 0), blur) if blur > 0.4 else picture
    noisy = picture + rng.normal(0, rng.uniform(0, 12), picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def drawn_chunk(seed: int, group: str, *, seconds: float, varied: bool) -> tuple[bytes, FilmTruth]:
    """A chunk of film and its truth.

    Args:
        seed: the same seed gives the same chunk.
        group: the style group it is drawn in.
        seconds: length, at most 60; shorter where the dish is done before.
        varied: paint, camera and light are varied beyond what a script does.
    """
    rng = np.random.default_rng([0xF1A3E, seed])
    dish = random_dish(rng)
    width, height = 1280, 720
    script = random_script(rng, dish, seed, group, width_px=width, height_px=height)
    scene = FlameScene(script, None)
    if varied:
        vary(scene, rng)
    start_s = float(rng.uniform(0, max(0.0, script.duration_s - seconds)))
    count = int(min(seconds, script.duration_s - start_s) * FPS)
    pictures: list[Picture] = []
    truths: list[Truth] = []
    for k in range(count):
        time_s = start_s + k / FPS
        picture, truth = scene.shown(time_s, scene.level(time_s))
        pictures.append(small(picture, small_size(width, height)))
        truths.append(truth)
    states, levels = tuple(t.state for t in truths), tuple(t.level for t in truths)
    return encoded(pictures), FilmTruth(states, levels, group, script.camera, dish)


def small_size(width: int, height: int) -> tuple[int, int]:
    shrink = LONG_SIDE_PX / max(width, height)
    return round(width * shrink / 2) * 2, round(height * shrink / 2) * 2


def small(picture: Picture, size: tuple[int, int]) -> Picture:
    same = picture.shape[1::-1] == size
    return picture if same else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def chunk_seeds(groups: tuple[str, ...], each: int, first_seed: int) -> Iterator[tuple[int, str]]:
    """(seed, group) of ``each`` chunks a group; no seed is used twice."""
    for number in range(each * len(groups)):
        yield first_seed + number, groups[number % len(groups)]
