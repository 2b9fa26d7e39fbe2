"""Draws kitchens with a flame of known colour and level, encoded as the program encodes its proxies.

Only training and evaluation use this; answering does not.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from kitchen_sim.canvas import Canvas, Picture
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.scene import Scene
from kitchen_sim.script import Script
from kitchen_sim.things import HOB_FORMS
from model_packages.training.kitchens import dishes
from model_packages.training.variation import vary

FPS = 2
# Set as the program's object proxies are: 640 px, 2 pictures a second, crf 24, at most 420 kbit/s.
_OPTIONS = {"preset": "superfast", "crf": "24", "maxrate": "420k", "bufsize": "840k"}
_KEYFRAME_EVERY = 8
_BT601 = 6
_SIZES = ((854, 480), (854, 480), (854, 480), (1280, 720), (640, 360), (640, 480), (480, 854))
_LEVEL_OF = {"off": 0.0, "low": 0.3, "medium": 0.6, "high": 1.0}
_RAMP_S = 0.4
# A flame of which less than this share, or fewer pixels, can be seen is hidden.
LEAST_SHARE, LEAST_PIXELS = 0.35, 14
_SEEN_BY = 26


@dataclass(frozen=True)
class FilmTruth:
    """What a chunk shows, one entry a picture; ``states`` are off, blue, yellow or hidden."""

    states: tuple[str, ...]
    levels: tuple[float, ...]
    group: str
    camera: str
    dish: str
    # (picture, row, column, 0 other 1 blue 2 yellow), pixels to learn from
    pixels: npt.NDArray[np.int32]
    # (top, left, bottom, right) of the flame in each picture, a little wider; zeros where there is none
    boxes: npt.NDArray[np.int32]


class FlameScene(Scene):
    """A scene whose flame follows ``schedule`` (seconds, level) and can be left out or left unburnt.

    ``paint`` is ``flame``, ``glow`` (what the flame lights, without the flame) or ``none``.
    """

    def __init__(self, script: Script, schedule: list[tuple[float, float]] | None) -> None:
        super().__init__(script)
        self.paint = "flame"
        self.people = True
        self.schedule = schedule
        self.script_level = self.board.flame_level

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
            return self.script_level(time_s) if self.board.burning_thing(time_s) is not None else 0.0
        if self.burner(time_s) is None:
            return 0.0
        before = now = 0.0
        since = 0.0
        for at_s, level in self.schedule:
            if at_s <= time_s:
                before, now, since = now, level, at_s
        return before + (now - before) * min(1.0, (time_s - since) / _RAMP_S)

    def picture(self, time_s: float, level: float, paint: str = "flame", people: bool = True) -> Picture:
        """The picture with the flame at ``level``, whatever the schedule says."""
        self.paint, self.people = paint, people
        thing = self.board.burning_thing(time_s) if self.schedule is None else None
        thing = thing or self.burner(time_s)
        self.board.flame_level = lambda _: level
        kept = self.board.burning_thing
        self.board.burning_thing = lambda _: thing
        try:
            return self.frame(time_s)
        finally:
            self.board.burning_thing = kept
            self.board.flame_level = self.script_level

    def _draw_fire(self, canvas: Canvas, time_s: float, lifted: set[str], found: Any) -> None:
        if self.paint == "glow":
            canvas.flat = lambda *_args, **_words: None
        try:
            super()._draw_fire(canvas, time_s, lifted, found)
        finally:
            if self.paint == "glow":
                del canvas.flat

    def _draw_people(self, canvas: Canvas, moment: Any, time_s: float, found: Any) -> None:
        if self.people:
            super()._draw_people(canvas, moment, time_s, found)


def _script(rng: np.random.Generator, dish: str, seed: int, group: str, **film: Any) -> Script:
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


def _schedule(rng: np.random.Generator, length_s: float) -> list[tuple[float, float]]:
    at_s, parts = 0.0, []
    while at_s < length_s:
        level = float(rng.choice([0.0, 0.3, 0.6, 1.0], p=[0.22, 0.26, 0.26, 0.26]))
        if level and rng.random() < 0.45:
            level = float(rng.uniform(0.18, 1.0))
        parts.append((at_s, level))
        at_s += float(rng.uniform(3.0, 12.0))
    return parts


def drawn_chunk(seed: int, group: str, *, seconds: float, varied: bool) -> tuple[bytes, FilmTruth]:
    """A chunk of film and its truth.

    Args:
        seed: the same seed gives the same chunk.
        group: the style group it is drawn in.
        seconds: length, at most 60; shorter where the dish is done before.
        varied: for training, camera, light and level are varied beyond what a script does.
    """
    rng = np.random.default_rng([0xF1A3E, seed])
    cooked = sorted(name for name, rows in dishes().items() if any("heat" in row for row in rows))
    dish = cooked[int(rng.integers(len(cooked)))] if rng.random() > 0.04 else "cucumber-raita"
    width, height = _SIZES[int(rng.integers(len(_SIZES)))] if varied else (1280, 720)
    script = _script(rng, dish, seed, group, width_px=width, height_px=height)
    on_hob = varied and rng.random() < 0.7
    scene = FlameScene(script, _schedule(rng, script.duration_s) if on_hob else None)
    if varied:
        vary(scene, rng)
    start_s = float(rng.uniform(0, max(0.0, script.duration_s - seconds)))
    count = int(min(seconds, script.duration_s - start_s) * FPS)
    shrink = 640 / max(width, height)
    size = (round(width * shrink / 2) * 2, round(height * shrink / 2) * 2)
    pictures: list[Picture] = []
    states: list[str] = []
    levels: list[float] = []
    samples: list[npt.NDArray[np.int32]] = []
    boxes: list[tuple[int, int, int, int]] = []
    free: dict[tuple[str, int], int] = {}
    for k in range(count):
        time_s = start_s + k / FPS
        level = scene.level(time_s)
        level = 0.0 if level <= 0.02 else level
        shown = _small(scene.picture(time_s, level), size)
        state, mask = _state(scene, time_s, level, shown, size, free)
        states.append(state)
        levels.append(level)
        pictures.append(shown)
        colour = 2 if scene.style.yellow_flame else 1
        samples.append(_pixels(rng, k, mask, colour))
        boxes.append(_box(mask))
    truth = FilmTruth(
        tuple(states),
        tuple(levels),
        group,
        script.camera,
        dish,
        np.concatenate(samples).astype(np.int32),
        np.array(boxes, np.int32),
    )
    return encoded(pictures), truth


def _small(picture: Picture, size: tuple[int, int]) -> Picture:
    same = picture.shape[1::-1] == size
    return picture if same else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _difference(a: Picture, b: Picture) -> npt.NDArray[np.bool_]:
    return cv2.absdiff(a, b).max(2) > _SEEN_BY


def _state(
    scene: FlameScene,
    time_s: float,
    level: float,
    shown: Picture,
    size: tuple[int, int],
    free: dict[tuple[str, int], int],
) -> tuple[str, npt.NDArray[np.bool_]]:
    """The state at a moment and the flame's pixels: hidden where too little of the flame's place is seen."""
    burner = scene.burner(time_s)
    nothing = np.zeros(shown.shape[:2], bool)
    if burner is None:
        return "off", nothing
    asked = level or 0.6
    flame = shown if level else _small(scene.picture(time_s, asked), size)
    mask = _difference(flame, _small(scene.picture(time_s, asked, "glow"), size))
    key = burner, round(asked * 10)
    if key not in free:
        alone = _small(scene.picture(time_s, asked, people=False), size)
        free[key] = int(
            _difference(alone, _small(scene.picture(time_s, asked, "glow", people=False), size)).sum()
        )
    seen = int(mask.sum())
    if seen < LEAST_PIXELS or seen < LEAST_SHARE * free[key]:
        return "hidden", mask if level else nothing
    if not level:
        return "off", nothing
    return ("yellow" if scene.style.yellow_flame else "blue"), mask


def _pixels(
    rng: np.random.Generator, number: int, mask: npt.NDArray[np.bool_], colour: int
) -> npt.NDArray[np.int32]:
    """Some flame pixels and some just beside the flame."""
    near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    beside = cv2.dilate(mask.astype(np.uint8), np.ones((41, 41), np.uint8)).astype(bool) & ~near
    rows: list[npt.NDArray[np.int32]] = []
    for area, label, most in ((mask, colour, 60), (beside, 0, 40)):
        ys, xs = np.nonzero(area)
        if len(ys):
            pick = rng.integers(len(ys), size=min(most, len(ys)))
            rows.append(
                np.stack(
                    [np.full(len(pick), number), ys[pick], xs[pick], np.full(len(pick), label)], 1
                ).astype(np.int32)
            )
    return np.concatenate(rows) if rows else np.empty((0, 4), np.int32)


def _box(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return 0, 0, 0, 0
    return int(ys.min()) - 6, int(xs.min()) - 6, int(ys.max()) + 7, int(xs.max()) + 7


def encoded(pictures: list[Picture]) -> bytes:
    """BGR pictures as an object-proxy chunk of 2 pictures a second."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options=dict(_OPTIONS))
        stream.width, stream.height = pictures[0].shape[1], pictures[0].shape[0]
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.gop_size = _KEYFRAME_EVERY
        context.max_b_frames = 0
        context.thread_count = 1
        context.colorspace = _BT601
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(
                cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format="yuv420p"
            )
            frame.pts = number
            frame.time_base = Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def chunk_seeds(groups: tuple[str, ...], each: int, first_seed: int) -> Iterator[tuple[int, str]]:
    """(seed, group) of ``each`` chunks a group; no seed is used twice."""
    for number in range(each * len(groups)):
        yield first_seed + number, groups[number % len(groups)]
