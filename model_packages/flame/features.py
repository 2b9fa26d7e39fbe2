"""Turns flame maps of a chunk into one row of numbers a picture: how much, how large, where, and how steady.

It knows nothing of colours beyond the two maps, and nothing of what the numbers are used for.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .network import Floats, Network
from .pixels import Shot, flame_maps, neighbours

# A hob's burner with its pan fits into this window, pixels at 640 on the long side.
_WINDOW = (176, 112)
_QUANTILES = (0.05, 0.5, 0.95)
_AROUND = (-2, -1, 0, 1, 2)


def _box_sum(layer: Floats, size: tuple[int, int]) -> Floats:
    return cv2.boxFilter(layer, -1, size, normalize=False, borderType=cv2.BORDER_CONSTANT)


def place_of(total: Floats) -> tuple[int, int]:
    """(row, column) of the middle of the window that holds the most flame."""
    small = cv2.resize(total, (total.shape[1] // 4, total.shape[0] // 4), interpolation=cv2.INTER_AREA)
    row, column = np.unravel_index(
        int(np.argmax(_box_sum(small, (_WINDOW[0] // 4, _WINDOW[1] // 4)))),
        small.shape,
    )
    return int(row) * 4 + 2, int(column) * 4 + 2


def _window(shape: tuple[int, ...], place: tuple[int, int]) -> tuple[slice, slice]:
    row, column = place
    top = int(np.clip(row - _WINDOW[1] // 2, 0, max(0, shape[0] - _WINDOW[1])))
    left = int(np.clip(column - _WINDOW[0] // 2, 0, max(0, shape[1] - _WINDOW[0])))
    return slice(top, top + _WINDOW[1]), slice(left, left + _WINDOW[0])


def _spread(weights: Floats) -> list[float]:
    """Positions that leave 5, 50 and 95 hundredths of the weight before them, about the middle; pixels."""
    total = float(weights.sum())
    if total < 1e-3:
        return [0.0, 0.0]
    reached = np.cumsum(weights) / total
    low, middle, high = (float(np.searchsorted(reached, share)) for share in _QUANTILES)
    return [high - low, (2 * middle - low - high) / (high - low + 1)]


def shape_row(maps: Floats, place: tuple[int, int]) -> Floats:
    """What one picture's flame maps (height, width, 2) say, its flame being near ``place``."""
    both = maps[..., 0] + maps[..., 1]
    inside = _window(both.shape, place)
    seen = np.ascontiguousarray(both[inside])
    blue, yellow = float(maps[..., 0][inside].sum()), float(maps[..., 1][inside].sum())
    mass = blue + yellow
    outside = float(both.sum()) - mass
    sure = (seen > 0.5).astype(np.uint8)
    count = int(sure.sum())
    wide, tall = _spread(seen.sum(0)), _spread(seen.sum(1))
    heights = sure.sum(0).astype(np.float64)
    heights = np.sort(heights[heights > 0])
    widths = sure.sum(1).astype(np.float64)
    widths = np.sort(widths[widths > 0])
    parts, _, stats, _ = cv2.connectedComponentsWithStats(sure, connectivity=8)
    kept = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= 4] if parts > 1 else stats[:0]
    part_heights = np.sort(kept[:, cv2.CC_STAT_HEIGHT]) if len(kept) else np.zeros(1)
    part_areas = np.sort(kept[:, cv2.CC_STAT_AREA]) if len(kept) else np.zeros(1)
    thick = cv2.distanceTransform(sure, cv2.DIST_L2, 3) if count else np.zeros((1, 1), np.float32)
    ridge = np.sort(thick[thick > 0]) if count else np.zeros(1)

    def at(values: npt.NDArray[np.float64], share: float) -> float:
        return float(values[int(share * (len(values) - 1))]) if len(values) else 0.0

    return np.array(
        [
            np.log1p(blue), np.log1p(yellow), np.log1p(mass), np.log1p(outside), np.log1p(count),
            float(np.partition(seen.ravel(), -40)[-40:].mean()), yellow / (mass + 5),
            wide[0], wide[1], tall[0], tall[1],
            at(heights, 0.5), at(heights, 0.8), at(heights, 0.95), float(len(heights)),
            at(widths, 0.5), at(widths, 0.9), float(len(widths)),
            np.log1p(len(kept)), at(part_heights, 0.5), at(part_heights, 0.9),
            np.log1p(at(part_areas, 0.5)), np.log1p(at(part_areas, 0.9)),
            float(ridge.mean()), at(ridge, 0.9),
            np.log1p(mass / (wide[0] + 5)), np.log1p(mass / (tall[0] + 5)),
        ],
        dtype=np.float32,
    )  # fmt: skip


def _covered(shots: tuple[Shot, ...], place: tuple[int, int]) -> Floats:
    """How unlike its usual self the flame's place looks in each picture: log light, mean over the window."""
    small = np.stack(
        [
            cv2.resize(s.rgb[_window(s.rgb.shape, place)], (22, 14), interpolation=cv2.INTER_AREA)
            for s in shots
        ]
    ).astype(np.float32)
    logs = np.log(small / 255 + 0.05)
    apart = np.abs(logs - np.median(logs, axis=0)).mean(3)
    lower = apart[:, 5:].reshape(len(shots), -1)
    return np.stack([apart.mean((1, 2)), lower.mean(1), np.quantile(lower, 0.9, axis=1)], 1).astype(
        np.float32
    )


def chunk_rows(shots: tuple[Shot, ...], net: Network) -> tuple[Floats, Floats]:
    """One row of features a picture, shape (N, F), and the flame's mass in each picture.

    The flame's place is looked for in each picture; where there is hardly any flame, the chunk's usual
    place is used, so that a burner that a hand covers is told from one that is out.
    """
    small: list[Floats] = []
    shapes: list[Floats] = []
    places: list[tuple[int, int]] = []
    total: Floats | None = None
    kept: list[Floats] = []
    for before, rgb, after in neighbours(shots):
        maps = flame_maps(net, before, rgb, after)
        kept.append(maps)
        both = maps[..., 0] + maps[..., 1]
        total = both if total is None else total + both
    assert total is not None
    usual = place_of(total)
    for maps in kept:
        here = place_of(maps[..., 0] + maps[..., 1])
        strong = float(maps[_window(maps.shape, here)].sum()) > 60
        place = here if strong else usual
        places.append(place)
        shapes.append(shape_row(maps, place))
    table = np.stack(shapes)
    mass = table[:, 2]
    covered = _covered(shots, usual)
    apart = np.array([[abs(p[0] - usual[0]), abs(p[1] - usual[1])] for p in places], np.float32) / 100
    overall = np.array(
        [
            np.quantile(mass, 0.9), np.median(mass), np.quantile(mass, 0.1),
            np.log1p(float(total[_window(total.shape, usual)].max()) / len(shots) * 100),
            shots[0].rgb.shape[0] / 640,
        ],
        np.float32,
    )  # fmt: skip
    small = [table, covered, apart, np.repeat(overall[None], len(shots), 0), (mass - overall[0])[:, None]]
    # The neighbours' amounts and sizes steady what one picture says.
    steady = table[:, [2, 6, 9, 12, 20, 23]]
    for shift in _AROUND:
        if shift:
            index = np.clip(np.arange(len(shots)) + shift, 0, len(shots) - 1)
            small.append(steady[index])
    return np.concatenate(small, axis=1).astype(np.float32), mass
