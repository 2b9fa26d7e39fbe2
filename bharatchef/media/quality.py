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
        grid = _block_means(luma)
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
        if before is None or float(grid.std()) < _FLAT_STD:
            return
        frames = (time_s - before[0]) / _FRAME_S
        if not 0.2 < frames < 2.5:
            self._velocity = None
            return
        down, right = camera_shift(before[1], grid)
        velocity = (down / frames, right / frames)
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


def _block_means(luma: Luma) -> _Grid:
    height, width = (length // _BLOCK_PX * _BLOCK_PX for length in luma.shape)
    blocks = luma[:height, :width].reshape(height // _BLOCK_PX, _BLOCK_PX, width // _BLOCK_PX, _BLOCK_PX)
    means: _Grid = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def camera_shift(before: _Grid, after: _Grid) -> tuple[float, float]:
    """How far the whole picture moved (down, right), in cells of the grid, to a fraction of a cell.

    Phase correlation with a Hann window (Kuglin and Hines, 1975): what moves alone in a still picture,
    such as hands, does not move the peak. Both grids have the same shape (height, width).
    """
    window = np.outer(np.hanning(before.shape[0]), np.hanning(before.shape[1])).astype(np.float32)
    spectrum = np.fft.rfft2((after - after.mean()) * window)
    spectrum *= np.conj(np.fft.rfft2((before - before.mean()) * window))
    # Some power is kept: plain phase lets the noise of empty frequencies vote as loudly as the picture.
    peaks = np.fft.irfft2(spectrum / np.sqrt(np.abs(spectrum) + 1e-9), s=before.shape)
    row, column = np.unravel_index(int(np.argmax(peaks)), peaks.shape)
    return _peak(peaks[:, column], int(row)), _peak(peaks[row, :], int(column))


def _peak(line: npt.NDArray[np.float64], at: int) -> float:
    """The place of a maximum between samples by a parabola through three, as a signed shift."""
    left, middle, right = line[at - 1], line[at], line[(at + 1) % len(line)]
    bend = left - 2 * middle + right
    place = at + (0.5 * (left - right) / bend if bend else 0.0)
    return float(place - len(line) if place > len(line) / 2 else place)


def blur_effect(luma: Luma) -> float:
    """How blurred a picture is, 0 (sharp) to 1, whatever its contrast.

    A picture that loses little by being blurred again was blurred already (Crete, Dolmiere, Ladret and
    Nicolas, "The blur effect", SPIE 6492, 2007; 9-sample mean). The worse of the two directions counts.
    ``luma`` has shape (height, width), each at least 16.
    """
    picture = luma.astype(np.float32)
    return max(_blur_along(picture), _blur_along(picture.T))


def _blur_along(picture: _Grid) -> float:
    total = np.cumsum(np.pad(picture, ((5, 4), (0, 0)), mode="edge"), axis=0, dtype=np.float64)
    smooth = (total[9:] - total[:-9]) / 9
    sharp_change = np.abs(np.diff(picture, axis=0))
    lost = np.maximum(sharp_change - np.abs(np.diff(smooth, axis=0)), 0)
    whole = float(sharp_change.sum())
    return 1.0 if whole == 0 else (whole - float(lost.sum())) / whole
