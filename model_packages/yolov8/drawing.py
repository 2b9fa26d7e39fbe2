"""Draws kitchens with the boxes of what can be seen in them; only training and evaluation use this."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from kitchen_sim.canvas import Canvas, Picture
from kitchen_sim.laying_out import script_from_steps
from kitchen_sim.scene import Scene
from kitchen_sim.storyboard import motion_of
from model_packages.training.chunks import encoded
from model_packages.training.kitchens import dishes
from model_packages.training.variation import vary

from .dataset import label_text
from .labels import kitchen_classes

# Landscape as most phones film; some squarer, some upright. The long side is the object proxy's.
_SIZES = ((640, 360), (640, 360), (640, 360), (640, 360), (640, 360), (640, 480), (360, 640))
# A thing of which less than this share can be seen, or thinner than this, is not learnt and not asked for.
LEAST_SEEN, LEAST_PX = 0.4, 4.0
_STEPS_IN_MIXED = 9
_PROXY = (640, 360)
_COVERING = frozenset(
    ("bowl", "pan", "kadhai", "griddle", "pot", "saucepan", "pressure-cooker", "mortar", "blender", "hand")
)


@dataclass(frozen=True)
class Labelled:
    """A picture (BGR) and its boxes, one row each: class number, x0, y0, x1, y1 in pixels, share seen."""

    picture: Picture
    boxes: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Truth:
    """What a picture of an evaluation shows: class numbers, corners as shares, and which need not be
    found."""

    classes: npt.NDArray[np.int64]
    boxes: npt.NDArray[np.float32]
    optional: npt.NDArray[np.bool_]


class _Kitchen(Scene):
    """A scene that can be drawn without the cook, so that what the cook covers is known."""

    people = True

    def _draw_people(self, canvas: Canvas, moment: Any, time_s: float, found: Any) -> None:
        if self.people:
            super()._draw_people(canvas, moment, time_s, found)

    def labelled(self, time_s: float) -> Labelled:
        """The picture at a moment with the boxes of what it shows, and how much of each can be seen."""
        whole = self._drawn(time_s, None)
        self.people = False
        try:
            empty = self._drawn(time_s, None)
            behind = len(self.boxes(time_s))
        finally:
            self.people = True
        covered = cv2.absdiff(whole, empty).max(2) > 8
        warp = self._shake(time_s)
        if warp is not None:
            covered = cv2.warpAffine(covered.astype(np.uint8), warp, (self.width, self.height)).astype(bool)
        number_of = kitchen_classes().number_of
        rows: list[list[float]] = []
        spans: list[tuple[str, npt.NDArray[np.float64]]] = []
        size = np.array([self.width, self.height] * 2, np.float64)
        found = self.boxes(time_s)
        names = kitchen_classes().names
        for item in found:
            number = number_of.get(item.label, -1)
            spans.append((names[number] if number >= 0 else item.label, np.array(item.box) * size))
        for k, (name, span) in enumerate(spans):
            number = number_of.get(found[k].label, -1)
            if number < 0:
                continue
            x0, y0, x1, y1 = (round(float(v)) for v in span)
            hidden = covered[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] if k < behind else np.zeros((1, 1))
            seen = 1.0 - float(hidden.mean() if hidden.size else 1.0)
            seen -= _share_covered(span, [s for n, s in spans[k + 1 : behind] if _covers(name, n, span, s)])
            rows.append([number, *(float(v) for v in span), max(0.0, seen)])
        picture = self._filmed(whole, time_s)
        return Labelled(picture, np.array(rows, np.float32).reshape(-1, 6))


def _covers(name: str, other: str, own: npt.NDArray[np.float64], its: npt.NDArray[np.float64]) -> bool:
    """Whether a vessel drawn later may hide a thing: one that stands nearer, its foot lower in the
    picture."""
    return other in _COVERING and name not in ("stove", "cutting-board") and its[3] > own[3] + 2


def _share_covered(own: npt.NDArray[np.float64], others: list[npt.NDArray[np.float64]]) -> float:
    """The largest share of a box that one of the others covers; a vessel fills about 4/5 of its own box."""
    area = max(1e-6, float((own[2] - own[0]) * (own[3] - own[1])))
    shares = [
        max(0.0, float(min(own[2], o[2]) - max(own[0], o[0])))
        * max(0.0, float(min(own[3], o[3]) - max(own[1], o[1])))
        for o in others
    ]
    return 0.8 * max(shares, default=0.0) / area


def _words(row: dict[str, Any]) -> set[str]:
    """What a step shows: its motion, things and ingredients."""
    return {motion_of(row["action"]), *row.get("objects", ()), *row.get("ingredients", ())}


@cache
def _weights(only_motion: bool) -> npt.NDArray[np.float64]:
    """How likely each step of all dishes is in a mixed script: the rarer what it shows, the likelier."""
    shown = [
        {motion_of(row["action"])} if only_motion else _words(row)
        for rows in dishes().values()
        for row in rows
    ]
    counts: Counter[str] = Counter(word for words in shown for word in words)
    weight = np.array([sum(1.0 / counts[word] for word in words) for words in shown])
    return np.asarray(weight / weight.sum())


def _dish_rows(rng: np.random.Generator, dish: str, seed: int) -> list[dict[str, Any]]:
    """The steps of a dish in order; or steps of all dishes mixed; or mixed so that all motions are as
    frequent."""
    kind = rng.random()
    if seed % 3 != 0 and kind < 0.4:
        rows = dishes()[dish]
    else:
        every = [row for rows in dishes().values() for row in rows]
        picked = rng.choice(len(every), size=_STEPS_IN_MIXED, replace=False, p=_weights(seed % 3 == 0))
        rows = [every[int(k)] for k in picked]
    return _timed(rng, rows)


def _timed(rng: np.random.Generator, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    timed: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        length_s = float(rng.uniform(2.5, 6.0))
        new = {**row, "step_id": f"{number}-{row['step_id']}", "min_s": length_s, "max_s": length_s + 1.0}
        if timed:
            new["must_come_after"] = [timed[-1]["step_id"]]
        timed.append(new)
    return timed


def training_pictures(seed: int, group: str) -> Iterator[Labelled]:
    """Pictures of one short film, about one each 3 s, camera, paint and light varied beyond its style."""
    rng = np.random.default_rng([0xB0C5, seed])
    names = sorted(dishes())
    dish = names[int(rng.integers(len(names)))]
    width, height = _SIZES[int(rng.integers(len(_SIZES)))]
    camera = "front" if rng.random() < 0.5 else "side"
    script = script_from_steps(
        _dish_rows(rng, dish, seed),
        dish=dish,
        seed=seed,
        longest_step_s=8.0,
        style_group=group,
        camera=camera,
        width_px=width,
        height_px=height,
    )
    scene = _Kitchen(script)
    vary(scene, rng)
    at_s = float(rng.uniform(0.5, 3.0))
    while at_s < script.duration_s:
        yield scene.labelled(at_s)
        at_s += float(rng.uniform(2.0, 4.0))


def film_chunk(
    seed: int, group: str, dish: str | None, camera: str, every_s: float
) -> tuple[bytes, list[Truth]]:
    """A film for evaluation as an object-proxy chunk, and what its pictures show; nothing varied beyond the
    style.

    Args:
        seed: the same seed gives the same film.
        group: the style group it is drawn in.
        dish: a dish, whole; ``None``: steps of all dishes mixed, all motions as frequent.
        camera: ``front`` or ``side``.
        every_s: seconds of cooking between two pictures. In the chunk they follow each other at 2 a second.
    """
    rng = np.random.default_rng([0x7E57, seed])
    rows = _timed(rng, dishes()[dish]) if dish is not None else _dish_rows(rng, "", 0)
    script = script_from_steps(
        rows,
        dish=dish or "mixed",
        seed=seed,
        longest_step_s=8.0,
        style_group=group,
        camera=camera,
        width_px=1280,
        height_px=720,
    )
    scene = _Kitchen(script)
    pictures: list[Picture] = []
    truths: list[Truth] = []
    for k in range(int(script.duration_s / every_s)):
        item = scene.labelled(k * every_s)
        pictures.append(np.asarray(cv2.resize(item.picture, _PROXY, interpolation=cv2.INTER_AREA), np.uint8))
        boxes = item.boxes.copy()
        boxes[:, 1:5] *= np.array([_PROXY[0] / scene.width, _PROXY[1] / scene.height] * 2, np.float32)
        thin = np.minimum(boxes[:, 3] - boxes[:, 1], boxes[:, 4] - boxes[:, 2])
        optional = (boxes[:, 5] < LEAST_SEEN) | (thin < LEAST_PX)
        shares = boxes[:, 1:5] / np.array([*_PROXY, *_PROXY], np.float32)
        truths.append(Truth(boxes[:, 0].astype(np.int64), shares.astype(np.float32), optional))
    return encoded(pictures), truths


def film_jobs(
    groups: tuple[str, ...], first_seed: int, mixed: int
) -> Iterator[tuple[int, str, str | None, str]]:
    """(seed, group, dish, camera) of an evaluation: every dish once in each group, and ``mixed`` mixed ones
    a group."""
    seed = first_seed
    for group in groups:
        for dish in (*sorted(dishes()), *([None] * mixed)):
            yield seed, group, dish, "front" if (seed + len(group)) % 2 else "side"
            seed += 1


def write_training_set(folder: Path, groups: tuple[str, ...], pictures: int, first_seed: int) -> int:
    """Draw at least ``pictures`` labelled pictures into a folder of YOLO's layout; how many there are.

    Goes on where it was stopped: a film whose mark lies there is not drawn again.
    """
    images, labels, marks = folder / "images", folder / "labels", folder / "done"
    for part in (images, labels, marks):
        part.mkdir(parents=True, exist_ok=True)
    count, seed = 0, first_seed
    while count < pictures:
        mark = marks / f"{seed}"
        if not mark.is_file():
            rng = np.random.default_rng([7, seed])
            number = -1
            for number, item in enumerate(training_pictures(seed, groups[seed % len(groups)])):
                height, width = item.picture.shape[:2]
                quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 92))]
                cv2.imwrite(str(images / f"{seed}-{number}.jpg"), item.picture, quality)
                boxes = item.boxes
                thin = np.minimum(boxes[:, 3] - boxes[:, 1], boxes[:, 4] - boxes[:, 2])
                kept = boxes[(boxes[:, 5] >= LEAST_SEEN) & (thin >= LEAST_PX), :5]
                kept[:, 1:] /= np.array([width, height, width, height], np.float32)
                (labels / f"{seed}-{number}.txt").write_text(label_text(kept), "utf-8")
            mark.write_text(f"{number + 1}", "utf-8")
        count += int(mark.read_text("utf-8"))
        seed += 1
    return count
