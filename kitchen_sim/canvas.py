"""A picture, a camera that looks into the kitchen, and solid forms to draw; knows nothing of cooking.

The kitchen's axes: x to the cook's right, y away from the cook, z up from the counter's top, in metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from kitchen_sim.styles import Rgb

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]
Point = tuple[float, float, float]
_SUB = 4
_LIMIT = 30000.0
_BANDS = 11
_CIRCLE = np.stack(
    [np.cos(np.linspace(0, 2 * np.pi, 40, False)), np.sin(np.linspace(0, 2 * np.pi, 40, False))], 1
)


def vec(*xyz: float) -> Floats:
    """A point or direction."""
    return np.array(xyz, dtype=np.float64)


def unit(direction: Floats) -> Floats:
    """The direction at length one; a zero vector stays as it is."""
    length = float(np.sqrt(direction @ direction))
    return direction / length if length > 1e-12 else direction


def turned(axis: Floats, angle_rad: float) -> Floats:
    """The 3 x 3 matrix that turns about an axis (Rodrigues)."""
    matrix: Floats = cv2.Rodrigues(unit(axis) * angle_rad)[0]
    return matrix


class Camera:
    """A pinhole camera; ``mirrored`` flips left and right."""

    def __init__(
        self,
        eye: Sequence[float],
        target: Sequence[float],
        width: int,
        height: int,
        zoom: float,
        mirrored: bool,
    ) -> None:
        self.eye = np.array(eye, dtype=np.float64)
        forward = unit(np.array(target, dtype=np.float64) - self.eye)
        right = unit(np.cross(forward, vec(0, 0, 1)))
        self.axes = np.stack([right, np.cross(forward, right), forward])
        self.focal = zoom * min(float(width), height * 16 / 9)
        self.centre = np.array([width / 2, height / 2])
        self.size = (width, height)
        self.mirrored = mirrored

    def project(self, points: Floats) -> Floats:
        """Pixels (N, 2) of kitchen points (N, 3); what lies behind the camera is pushed to just before it."""
        local = (points - self.eye) @ self.axes.T
        depth = np.maximum(local[:, 2:3], 0.08)
        flat: Floats = local[:, :2] * (self.focal / depth) + self.centre
        if self.mirrored:
            flat[:, 0] = self.size[0] - flat[:, 0]
        return flat

    def clipped(self, points: Floats, near: float = 0.1) -> Floats:
        """A convex polygon cut where it would pass behind the camera."""
        depth = (points - self.eye) @ self.axes[2]
        kept: list[Floats] = []
        for i in range(len(points)):
            a, b, da, db = points[i - 1], points[i], depth[i - 1] - near, depth[i] - near
            if (da > 0) != (db > 0):
                kept.append(a + (b - a) * (da / (da - db)))
            if db > 0:
                kept.append(b)
        return np.array(kept) if kept else np.empty((0, 3))

    def px_per_m(self, point: Floats) -> float:
        """How many pixels a metre is at a point."""
        return self.focal / max(0.08, float((point - self.eye) @ self.axes[2]))

    def depth(self, point: Floats) -> float:
        """Distance along the line of sight, metres."""
        return float((point - self.eye) @ self.axes[2])


class Canvas:
    """A BGR picture with drawing in kitchen metres, every colour seen in the style's light."""

    def __init__(
        self, picture: Picture, camera: Camera, gain: Rgb, exposure: float, light: Sequence[float]
    ) -> None:
        self.picture = picture
        self.camera = camera
        self.tint = (gain[2] * exposure, gain[1] * exposure, gain[0] * exposure)
        self.light = unit(np.array(light, dtype=np.float64))

    def bgr(self, rgb: Sequence[float], shade: float = 1.0) -> tuple[int, int, int]:
        """A colour as this light and white balance show it."""
        t = self.tint
        b, g, r = int(rgb[2] * t[0] * shade), int(rgb[1] * t[1] * shade), int(rgb[0] * t[2] * shade)
        # Colours and light are never below 0; comparing is a third of the cost of min and max.
        return b if b < 255 else 255, g if g < 255 else 255, r if r < 255 else 255

    def flat(self, pixels: Floats, rgb: Sequence[float], shade: float = 1.0, smooth: bool = True) -> None:
        """Fill a polygon given in pixels."""
        if len(pixels) < 3:
            return
        self.fill(self.fixed(pixels), rgb, shade, smooth)

    @staticmethod
    def fixed(pixels: Floats) -> NDArray[np.int32]:
        """Pixels in the whole sixteenths that are drawn; those far outside are brought nearer."""
        return (np.minimum(np.maximum(pixels, -_LIMIT), _LIMIT) * (1 << _SUB)).astype(np.int32)

    def fill(
        self, fixed: NDArray[np.int32], rgb: Sequence[float], shade: float = 1.0, smooth: bool = True
    ) -> None:
        """Fill a polygon given in sixteenths of pixels, as ``fixed`` makes them."""
        line = cv2.LINE_AA if smooth else cv2.LINE_8
        cv2.fillPoly(self.picture, [fixed], self.bgr(rgb, shade), line, _SUB)

    def line_px(
        self, pixels: Floats, rgb: Sequence[float], width: float, shade: float = 1.0, closed: bool = False
    ) -> None:
        """A line through pixels, ``width`` in pixels."""
        cv2.polylines(
            self.picture,
            [self.fixed(pixels)],
            closed,
            self.bgr(rgb, shade),
            max(1, round(width)),
            cv2.LINE_AA,
            _SUB,
        )

    def polygon(self, points: Floats, rgb: Sequence[float], shade: float = 1.0) -> Floats:
        """Fill a flat polygon of the kitchen; its pixels are given back."""
        pixels = self.camera.project(self.camera.clipped(points))
        self.flat(pixels, rgb, shade)
        return pixels

    def line(self, points: Floats, rgb: Sequence[float], width_m: float, shade: float = 1.0) -> Floats:
        """A round line of ``width_m`` metres through kitchen points; its pixels are given back."""
        pixels = self.camera.project(points)
        width = width_m * self.camera.px_per_m(points[len(points) // 2])
        self.line_px(pixels, rgb, width, shade)
        return pixels

    def limb(
        self, a: Floats, b: Floats, ra: float, rb: float, rgb: Sequence[float], shade: float = 1.0
    ) -> Floats:
        """A tapered round limb from ``a`` to ``b`` with radii in metres, lit from one side."""
        pa, pb = self.camera.project(np.stack([a, b]))
        wa, wb = ra * self.camera.px_per_m(a), rb * self.camera.px_per_m(b)
        along = pb - pa
        length = float(np.hypot(*along)) or 1.0
        across = np.array([-along[1], along[0]]) / length
        ring_a = pa + _CIRCLE[::2] * wa
        ring_b = pb + _CIRCLE[::2] * wb
        hull = cv2.convexHull(np.concatenate([ring_a, ring_b]).astype(np.float32))[:, 0]
        self.flat(hull.astype(np.float64), rgb, shade * 0.72)
        if across @ np.array([self.light[0] * (-1 if self.camera.mirrored else 1), -self.light[2]]) < 0:
            across = -across
        for offset, narrower, lit in ((0.14, 0.84, 0.88), (0.26, 0.62, 1.0), (0.36, 0.28, 1.06)):
            quad = np.stack(
                [
                    pa + across * wa * (offset + narrower),
                    pb + across * wb * (offset + narrower),
                    pb + across * wb * (offset - narrower),
                    pa + across * wa * (offset - narrower),
                ]
            )
            np.clip(quad, -_LIMIT, _LIMIT, out=quad)
            self.flat(quad, rgb, shade * lit)
        outline: Floats = hull.astype(np.float64)
        return outline

    def ring(self, centre: Floats, radius: float, frame: Floats | None = None) -> Floats:
        """Pixels of a circle about the (turned) z axis."""
        flat = np.zeros((len(_CIRCLE), 3))
        flat[:, :2] = _CIRCLE * radius
        if frame is not None:
            flat = flat @ frame.T
        return self.camera.project(flat + centre)

    def disc(
        self,
        centre: Floats,
        radius: float,
        rgb: Sequence[float],
        shade: float = 1.0,
        frame: Floats | None = None,
    ) -> Floats:
        """A flat round thing; its pixels are given back."""
        pixels = self.ring(centre, radius, frame)
        self.flat(pixels, rgb, shade)
        return pixels

    def turned_body(
        self,
        origin: Floats,
        profile: Sequence[tuple[float, float]],
        rgb: Sequence[float],
        frame: Floats | None = None,
        inside: Sequence[float] | None = None,
        gloss: float = 0.35,
    ) -> Floats:
        """A vessel turned on a wheel: ``profile`` is (radius, height) from the foot to the rim.

        The wall is shaded round about; ``inside`` fills the open rim (``None``: a closed, solid top).
        All pixels of its outline are given back.
        """
        rings = [
            self.ring(origin + (frame[:, 2] * z if frame is not None else vec(0, 0, z)), r, frame)
            for r, z in profile
        ]
        for low, high in pairwise(rings):
            hull = cv2.convexHull(np.concatenate([low, high]).astype(np.float32))[:, 0].astype(np.float64)
            self.flat(hull, rgb, 0.74)
            lit = 0.5 + 0.32 * self.light[0] * (-1 if self.camera.mirrored else 1)
            edges, top, bottom = _upright_cuts(hull, _BANDS)
            for k in range(_BANDS):
                off = abs((k + 0.5) / _BANDS - lit)
                shade = 0.62 + 0.5 * max(0.0, 1 - off * 1.7) + gloss * max(0.0, 1 - off * 7)
                x0, x1 = edges[k] - 0.4, edges[k + 1] + 0.4
                band = np.array([[x0, top[k]], [x1, top[k + 1]], [x1, bottom[k + 1]], [x0, bottom[k]]])
                self.flat(band, rgb, shade, smooth=False)
        rim = rings[-1]
        if inside is None:
            self.flat(rim, rgb, 1.04)
        else:
            self.flat(rim, inside, 0.7)
            self.line_px(rim, rgb, max(1.0, 0.004 * self.camera.px_per_m(origin)), 1.18, closed=True)
        return np.concatenate(rings)

    def haze(self, centre_px: Floats, radius_px: float, rgb: Sequence[float], strength: float) -> None:
        """A soft translucent puff (steam, smoke), ``strength`` 0 to 1 at its middle."""
        r = int(radius_px)
        if r < 2 or strength <= 0.01:
            return
        x, y = int(centre_px[0]) - r, int(centre_px[1]) - r
        height, width = self.picture.shape[:2]
        x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + 2 * r), min(height, y + 2 * r)
        if x1 <= x0 or y1 <= y0:
            return
        alpha = np.ascontiguousarray(_puff(r)[y0 - y : y1 - y, x0 - x : x1 - x]) * np.float32(strength)
        patch = self.picture[y0:y1, x0:x1]
        tone = np.empty_like(patch)
        tone[:] = self.bgr(rgb)
        patch[:] = cv2.blendLinear(patch, tone, 1 - alpha, alpha)


def _upright_cuts(hull: Floats, bands: int) -> tuple[Floats, Floats, Floats]:
    """Where upright lines cut a convex polygon into bands: their x, and both y of each."""
    first, last = int(hull[:, 0].argmin()), int(hull[:, 0].argmax())
    ahead = np.roll(hull, -first, axis=0)
    split = (last - first) % len(hull)
    one, other = ahead[: split + 1], np.concatenate([ahead[split:], ahead[:1]])[::-1]
    edges = np.linspace(hull[first, 0], hull[last, 0], bands + 1)
    return edges, np.interp(edges, one[:, 0], one[:, 1]), np.interp(edges, other[:, 0], other[:, 1])


@lru_cache(maxsize=128)
def _puff(radius: int) -> NDArray[np.float32]:
    """A soft round weight, 1 in its middle and 0 at ``radius``, (2 radius, 2 radius)."""
    axis = np.linspace(-1, 1, 2 * radius)
    distance = np.sqrt(axis[:, None] ** 2 + axis[None, :] ** 2)
    weights: NDArray[np.float32] = (np.clip(1 - distance, 0, 1) ** 1.6).astype(np.float32)
    return weights
