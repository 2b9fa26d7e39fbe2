"""The quality gate: is this film good enough to judge by, and if not, what should the cook change?

It looks at the small pictures that the one decode makes anyway, so it costs no decode of its own and
is done before any model is called. It knows nothing of files, and holds a few counters, no pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from bharatchef.media.recipe import IssueKind, QualityThresholds, Shares, quality_thresholds
from bharatchef.observed import QualityIssue, QualityReport

Luma = npt.NDArray[np.uint8]
_Grid = npt.NDArray[np.float32]

_BURST_S = Fraction(4, 15)  # four pictures at 15 a second: three motions, two changes of motion
_FRAME_S = 1 / 15
_BLOCK_PX = 4
_FLAT_STD = 2.0
_BLUR_EVERY_S = 2
_MIN_TILES = 4


@dataclass
class _Tally:
    """How often a fault was looked for and found, and the sum of its measure where it was found."""

    looks: int = 0
    found: int = 0
    total: float = 0.0

    def add(self, measure: float, is_fault: bool) -> None:
        self.looks += 1
        if is_fault:
            self.found += 1
            self.total += measure

    @property
    def share(self) -> float:
        return self.found / self.looks if self.looks else 0.0


class QualityMeter:
    """Measures a film while it goes by; ask ``report`` at its end.

    Pictures are 8-bit luma of video range (16 black, 235 white), some 256 px on the short side,
    real ones only: a repeated picture would look like a camera that stops.
    """

    def __init__(self, thresholds: QualityThresholds | None = None) -> None:
        self._limits = thresholds or quality_thresholds()
        self._second = -1
        self._previous: tuple[float, _Grid] | None = None
        self._velocity: tuple[float, float] | None = None
        self._jitters: list[float] = []
        self._grid_before: _Grid | None = None
        self._run_s = self._longest_run_s = self._frozen_s = 0
        self._seconds = 0
        self._dark, self._bright, self._blurred, self._shaky = _Tally(), _Tally(), _Tally(), _Tally()

    def wants(self, time: Fraction) -> bool:
        """Whether the picture at ``time`` (film seconds) is one to look at: a short burst every second."""
        return time - int(time) < _BURST_S

    def add(self, time: Fraction, luma: Luma) -> None:
        """Look at the picture of ``time`` (film seconds); ``luma`` has shape (height, width)."""
        grid = _block_means(luma, _BLOCK_PX)
        if int(time) > self._second:
            self._end_burst()
            gap_s = int(time) - self._second
            self._second = int(time)
            self._previous = self._velocity = None
            self._look_at_light(luma)
            self._look_for_rest(grid, gap_s)
            if self._seconds % _BLUR_EVERY_S == 1:
                self._look_at_focus(luma)
        self._look_at_motion(float(time), grid)

    def report(self, duration_s: float) -> QualityReport:
        """What was wrong with the filming, with a word of advice for each."""
        self._end_burst()
        self._end_rest()
        limits = self._limits
        dark, bright = limits.too_dark, limits.too_bright
        blurred, shaking = limits.blurred, limits.shaking
        found = [
            self._too_short(duration_s),
            self._issue("too_dark", self._dark, dark, dark.upper_quartile_luma, "luma"),
            self._issue("too_bright", self._bright, bright, bright.low_percentile_luma, "luma"),
            self._issue("blurred", self._blurred, blurred, blurred.blur, "blur 0-1"),
            self._issue("shaking", self._shaky, shaking, shaking.jitter_percent, "% of the picture"),
            self._frozen(),
        ]
        issues = tuple(issue for issue in found if issue is not None)
        return QualityReport(usable=not any(issue.reject for issue in issues), issues=issues)

    def _look_at_light(self, luma: Luma) -> None:
        self._seconds += 1
        levels = (luma[::4, ::4].astype(np.float32) - 16) * (255 / 219)
        upper = float(np.clip(np.percentile(levels, 75), 0, 255))
        lower = float(np.clip(np.percentile(levels, 5), 0, 255))
        self._dark.add(upper, upper < self._limits.too_dark.upper_quartile_luma)
        self._bright.add(lower, lower > self._limits.too_bright.low_percentile_luma)

    def _look_at_focus(self, luma: Luma) -> None:
        if float(luma[::4, ::4].std()) >= _FLAT_STD:
            blur = blur_effect(luma)
            self._blurred.add(blur, blur > self._limits.blurred.blur)

    def _look_for_rest(self, grid: _Grid, gap_s: int) -> None:
        before, self._grid_before = self._grid_before, grid
        if before is None or gap_s != 1:
            self._end_rest()
            return
        if float(np.abs(grid - before).max()) > self._limits.frozen.block_change_luma:
            self._end_rest()
        else:
            self._run_s += 1

    def _end_rest(self) -> None:
        if self._run_s >= self._limits.frozen.run_s:
            self._frozen_s += self._run_s
        self._longest_run_s = max(self._longest_run_s, self._run_s)
        self._run_s = 0

    def _look_at_motion(self, time_s: float, grid: _Grid) -> None:
        before, self._previous = self._previous, (time_s, grid)
        if before is None:
            return
        frames = (time_s - before[0]) / _FRAME_S
        shift = camera_shift(before[1], grid) if 0.2 < frames < 2.5 else None
        if shift is None:
            self._velocity = None
            return
        velocity = (shift[0] / frames, shift[1] / frames)
        if self._velocity is not None:
            change = np.hypot(velocity[0] - self._velocity[0], velocity[1] - self._velocity[1])
            self._jitters.append(100 * float(change) / min(grid.shape))
        self._velocity = velocity

    def _end_burst(self) -> None:
        if self._jitters:
            jitter = float(np.mean(self._jitters))
            self._shaky.add(jitter, jitter > self._limits.shaking.jitter_percent)
        self._jitters = []

    def _issue(
        self, kind: IssueKind, tally: _Tally, shares: Shares, limit: float, unit: str
    ) -> QualityIssue | None:
        if tally.found == 0 or tally.share < shares.warn_share:
            return None
        return QualityIssue(
            kind=kind,
            measured=round(tally.total / tally.found, 3),
            limit=limit,
            unit=unit,
            share=tally.share,
            advice=self._limits.advice[kind],
            reject=tally.share >= shares.reject_share,
        )

    def _too_short(self, duration_s: float) -> QualityIssue | None:
        limits = self._limits.too_short
        if duration_s >= limits.warn_below_s:
            return None
        reject = duration_s < limits.reject_below_s
        return QualityIssue(
            kind="too_short",
            measured=round(duration_s, 3),
            limit=limits.reject_below_s if reject else limits.warn_below_s,
            unit="s",
            share=1.0,
            advice=self._limits.advice["too_short"],
            reject=reject,
        )

    def _frozen(self) -> QualityIssue | None:
        compared = max(self._seconds - 1, 1)
        share = min(self._frozen_s / compared, 1.0)
        if self._frozen_s == 0 or share < self._limits.frozen.warn_share:
            return None
        return QualityIssue(
            kind="frozen",
            measured=float(self._longest_run_s),
            limit=self._limits.frozen.run_s,
            unit="s without movement",
            share=share,
            advice=self._limits.advice["frozen"],
            reject=share >= self._limits.frozen.reject_share,
        )


def _block_means(luma: Luma, side: int) -> _Grid:
    height, width = (length // side for length in luma.shape)
    blocks = luma[: height * side, : width * side].reshape(height, side, width, side)
    means: _Grid = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def camera_shift(before: _Grid, after: _Grid) -> tuple[float, float] | None:
    """How far the whole picture moved (down, right), in cells of the grid; understated by up to a third.

    Phase correlation (Kuglin and Hines, 1975) in twelve tiles, and the median of those with something
    to see: hands and pots that move in a still picture fill fewer than half of them. Both grids have
    the same shape (height, width). ``None`` where fewer than four tiles have any texture.
    """
    tiles_before, tiles_after = _tiles(before), _tiles(after)
    textured = tiles_before.std(axis=(1, 2)) >= _FLAT_STD
    if textured.sum() < _MIN_TILES:
        return None
    tiles_before, tiles_after = tiles_before[textured], tiles_after[textured]
    rows, columns = tiles_before.shape[1:]
    window = np.outer(np.hanning(rows), np.hanning(columns))
    spectrum = np.fft.rfft2((tiles_after - tiles_after.mean(axis=(1, 2), keepdims=True)) * window)
    spectrum *= np.conj(np.fft.rfft2((tiles_before - tiles_before.mean(axis=(1, 2), keepdims=True)) * window))
    # Some power is kept: plain phase lets the noise of empty frequencies vote as loudly as the picture.
    peaks = np.fft.irfft2(spectrum / np.sqrt(np.abs(spectrum) + 1e-9), s=(rows, columns))
    shifts = []
    for tile in peaks:
        row, column = np.unravel_index(int(np.argmax(tile)), tile.shape)
        shifts.append((_peak(tile[:, column], int(row)), _peak(tile[row, :], int(column))))
    down, right = np.median(np.array(shifts), axis=0)
    return float(down), float(right)


def _tiles(grid: _Grid) -> _Grid:
    """The grid cut into 3 x 4 tiles: shape (12, height // 3, width // 4)."""
    rows, columns = grid.shape[0] // 3, grid.shape[1] // 4
    cut = grid[: 3 * rows, : 4 * columns].reshape(3, rows, 4, columns)
    return cut.transpose(0, 2, 1, 3).reshape(12, rows, columns)


def _peak(line: npt.NDArray[np.float64], at: int) -> float:
    """The place of a maximum between samples by a parabola through three, as a signed shift."""
    left, middle, right = line[at - 1], line[at], line[(at + 1) % len(line)]
    bend = left - 2 * middle + right
    place = at + (0.5 * (left - right) / bend if bend else 0.0)
    return float(place - len(line) if place > len(line) / 2 else place)


def blur_effect(luma: Luma) -> float:
    """How blurred a picture is, 0 (sharp) to 1, whatever its contrast.

    A picture that loses little by being blurred again was blurred already (Crete, Dolmiere, Ladret and
    Nicolas, "The blur effect", SPIE 6492, 2007), here with a mean of 7 samples on the picture at half
    its size: in a blurred picture of full size the steps of 8-bit levels look like sharp edges.
    The worse of the two directions counts. ``luma`` has shape (height, width), each at least 16.
    """
    picture = _block_means(luma, 2)
    return max(_blur_along(picture), _blur_along(picture.T))


def _blur_along(picture: _Grid) -> float:
    total = np.cumsum(np.pad(picture, ((4, 3), (0, 0)), mode="edge"), axis=0, dtype=np.float64)
    smooth = (total[7:] - total[:-7]) / 7
    change = np.abs(np.diff(picture, axis=0))
    lost = np.maximum(change - np.abs(np.diff(smooth, axis=0)), 0)
    whole = float(change.sum())
    return 1.0 if whole == 0 else (whole - float(lost.sum())) / whole
