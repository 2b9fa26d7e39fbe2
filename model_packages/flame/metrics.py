"""Figures of how well the flame is seen on drawn chunks, and of its pixels on a film of real fire."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from model_packages.training.calibration import calibration_error

from .answering import STATES, WORDS, Numbers, Seen, answers_of, confidence_of, word_of
from .drawing import FilmTruth
from .firelight import fire_pixels
from .looking import Picture

_FLAMES = ("off", "blue", "yellow", "hidden")

Film = tuple[Seen, FilmTruth]


def heat_figures(numbers: Numbers, films: Iterable[Film]) -> dict[str, Any]:
    """Accuracy a second and its parts, over films given as what the networks saw and their truth.

    A second counts where the flame was not hidden in its first picture; its word is off, low, medium or
    high. ``hidden`` answers there count as wrong.
    """
    seconds: list[tuple[str, str, float]] = []
    table = np.zeros((len(WORDS), len(WORDS) + 1), int)
    states = np.zeros((4, 4), int)
    apart: list[float] = []
    by_style: dict[str, list[bool]] = {}
    for seen, truth in films:
        flames, levels, odds = answers_of(seen, numbers)
        sure = confidence_of(odds, numbers)
        for k, (state, level) in enumerate(zip(truth.states, truth.levels, strict=True)):
            states[_FLAMES.index(state), _FLAMES.index(flames[k])] += 1
            if k % 2:
                continue
            asked, said = word_of(state, level), word_of(flames[k], float(levels[k]))
            seconds.append((asked, said, float(sure[k])))
            if asked == "hidden":
                continue
            table[WORDS.index(asked), STATES.index(said)] += 1
            by_style.setdefault(f"{truth.group}, {truth.camera}", []).append(asked == said)
            if "hidden" not in (state, flames[k]) and "off" not in (state, flames[k]):
                apart.append(abs(level - float(levels[k])))
    counted = [row for row in seconds if row[0] != "hidden"]
    hidden = [row for row in seconds if row[0] == "hidden"]
    answered = [row for row in counted if row[1] != "hidden"]
    kept = [row for row in answered if row[2] >= 0.5]
    lit = states[1:3, 1:3]
    return {
        "seconds": len(counted),
        "heatAccuracy": _share(asked == said for asked, said, _ in counted),
        "litOrOffAccuracy": _share(
            said != "hidden" and (asked == "off") == (said == "off") for asked, said, _ in counted
        ),
        "colourAccuracyWhereLit": float(np.trace(lit) / max(1, lit.sum())),
        "levelMeanError": float(np.mean(apart)) if apart else None,
        "answeredShare": len(kept) / max(1, len(counted)),
        "answeredAccuracy": _share(asked == said for asked, said, _ in kept),
        "calibrationError": round(
            calibration_error([row[2] for row in seconds], [r[0] == r[1] for r in seconds]), 4
        ),
        "hiddenSeconds": len(hidden),
        "hiddenSaidHidden": _share(said == "hidden" for _, said, _ in hidden),
        "hiddenSaidHiddenOrUnsure": _share(said == "hidden" or sure < 0.5 for _, said, sure in hidden),
        "words": {"columns": list(STATES), "rows": dict(zip(WORDS, table.tolist(), strict=True))},
        "states": {"columns": list(_FLAMES), "rows": dict(zip(_FLAMES, states.tolist(), strict=True))},
        "byStyle": {name: _share(values) for name, values in sorted(by_style.items())},
    }


def word_results(numbers: Numbers, films: Iterable[Film]) -> tuple[list[float], list[bool]]:
    """The log odds of each picture's answer, and whether its word was right; hidden is a word too.

    A picture of which nobody said anything has an empty state, and is left out.
    """
    found: list[float] = []
    right: list[bool] = []
    for seen, truth in films:
        flames, levels, odds = answers_of(seen, numbers)
        for k, (state, level) in enumerate(zip(truth.states, truth.levels, strict=True)):
            if not state:
                continue
            found.append(float(odds[k]))
            right.append(word_of(state, level) == word_of(flames[k], float(levels[k])))
    return found, right


def _share(values: Iterable[bool]) -> float | None:
    listed = list(values)
    return round(sum(listed) / len(listed), 4) if listed else None


def fire_figures(folder: Path, every: int = 3) -> dict[str, Any]:
    """How the rule for yellow fire does on the film of real fire (furg_house6, CC0) against its boxes.

    Pictures are set to 640 px. Boxes are not outlines: a perfect outline would find fewer pixels than the
    boxes hold.
    """
    film, labels = folder / "furg_house6.mp4", folder / "furg_house6.xml"
    marked: dict[int, list[tuple[int, ...]]] = {}
    for frame in ElementTree.parse(labels).getroot().find("frames") or ():
        boxes = frame.find("annotations")
        found = [
            tuple(int(v) for v in (box.text or "").split()) for box in (boxes if boxes is not None else ())
        ]
        marked[int(frame.findtext("frameNumber", "-1"))] = [box for box in found if len(box) == 4]
    hit = said = real = boxes_found = boxes_all = pictures = 0
    for number, before, rgb, after, scale in _fire_pictures(film, every):
        truth = np.zeros(rgb.shape[:2], bool)
        flame = fire_pixels(before, rgb, after)
        boxes_here = marked.get(number, [])
        for x, y, w, h in boxes_here:
            part = (
                slice(round(y * scale), round((y + h) * scale)),
                slice(round(x * scale), round((x + w) * scale)),
            )
            truth[part] = True
            boxes_found += bool(flame[part].mean() > 0.02) if flame[part].size else False
        boxes_all += len(boxes_here)
        hit, said, real = hit + int((flame & truth).sum()), said + int(flame.sum()), real + int(truth.sum())
        pictures += 1
    return {
        "pictures": pictures,
        "boxesInFile": sum(len(found) for found in marked.values()),
        "boxesLookedAt": boxes_all,
        "pixelPrecision": hit / max(1, said),
        "pixelRecall": hit / max(1, real),
        "boxesWithFlameFound": boxes_found / max(1, boxes_all),
    }


def _fire_pictures(film: Path, every: int) -> Iterable[tuple[int, Picture, Picture, Picture, float]]:
    """(number, picture half a second before, picture, the one half a second after, scale)."""
    with av.open(str(film)) as container:
        pictures = [
            frame.to_ndarray(format="rgb24") for frame in container.decode(container.streams.video[0])
        ]
        rate = float(container.streams.video[0].average_rate or 30)
    half = max(1, round(rate / 2))
    scale = 640 / max(pictures[0].shape[:2])

    def sized(number: int) -> Picture:
        picture = pictures[min(max(number, 0), len(pictures) - 1)]
        return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)

    for number in range(0, len(pictures), every):
        yield number, sized(number - half), sized(number), sized(number + half), scale
