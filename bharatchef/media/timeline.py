"""Film time: exact seconds from the first shown picture, and what the pictures' times say of the film.

A time is (time stamp, time base) as a fraction until it leaves this room; it never comes from a
count of pictures and a rounded rate. Knows nothing of files or decoders.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from fractions import Fraction

from bharatchef.errors import MediaError
from bharatchef.media.limits import Limits

# H.264 and HEVC reorder at most 16 pictures; twice that leaves room for damaged order.
_REORDER_DEPTH = 32


@dataclass(frozen=True)
class TimelineFacts:
    """What the shown pictures' times say: exact span, how many, whether their intervals differ."""

    duration: Fraction
    frames: int
    fps: float
    variable_frame_rate: bool
    unusable_times: int


class Timeline:
    """Follows the pictures in the order they are shown and measures them in constant memory.

    Args:
        time_base: seconds a tick of the stream.
        limits: longest film, longest gap, rates.
    """

    def __init__(self, time_base: Fraction, limits: Limits) -> None:
        self._time_base = time_base
        self._limits = limits
        self._first: int | None = None
        self._last = 0
        self._last_duration = 0
        self._frames = 0
        self._shortest = 0
        self._longest = 0
        self._unusable = 0

    @property
    def first_pts(self) -> int | None:
        """The time stamp of the first picture; ``None`` before it has come."""
        return self._first

    def add(self, pts: int | None, duration: int | None) -> Fraction | None:
        """The film time in seconds of the next shown picture; ``None`` where it cannot be shown.

        A picture without a time stamp, or with one not after its predecessor's, is counted and left out.

        Raises:
            MediaError: ``broken_timestamps`` where the time jumps ahead, ``too_long``.
        """
        if pts is None or (self._first is not None and pts <= self._last):
            self._unusable += 1
            return None
        if self._first is None:
            self._first = pts
        else:
            step = pts - self._last
            if step * self._time_base > self._limits.max_gap_s:
                before, after = float(self._seconds(self._last)), float(self._seconds(pts))
                raise _broken(f"they jump from {before:.1f} s to {after:.1f} s")
            self._shortest = min(self._shortest or step, step)
            self._longest = max(self._longest, step)
        self._last, self._last_duration = pts, duration or 0
        self._frames += 1
        time = self._seconds(pts)
        if time > self._limits.max_duration_s:
            raise too_long(float(time), self._limits)
        return time

    def _seconds(self, pts: int) -> Fraction:
        return (pts - (self._first or 0)) * self._time_base

    def facts(self) -> TimelineFacts:
        """What the pictures' times say, once the last picture has been added.

        Raises:
            MediaError: ``no_frames``, ``frame_rate`` or ``broken_timestamps``.
        """
        if self._frames == 0 and self._unusable == 0:
            raise MediaError(
                "The film holds no pictures that can be shown.",
                "Play it once to see that it is whole, then copy it again from the camera.",
                kind="no_frames",
            )
        if self._unusable > 5 and self._unusable > 0.05 * (self._frames + self._unusable):
            raise _broken(
                f"of {self._frames + self._unusable} pictures {self._unusable} have none or go back"
            )
        if self._frames < 2:
            raise MediaError(
                "The film holds a single picture: that is a photograph.",
                "Send a film of the cooking.",
                kind="no_frames",
            )
        span = self._seconds(self._last)
        mean = span / (self._frames - 1)
        # The last picture is shown for its own length where the file states a sane one.
        stated = self._last_duration * self._time_base
        duration = span + (stated if 0 < stated <= max(2 * mean, Fraction(1)) else mean)
        fps = float(1 / mean)
        if not self._limits.min_fps <= fps <= self._limits.max_fps:
            raise MediaError(
                f"The film shows {fps:,.4g} pictures a second; between {self._limits.min_fps:g} and"
                f" {self._limits.max_fps:g} are taken.",
                "Film at 30 pictures a second, without time lapse or slow motion.",
                kind="frame_rate",
            )
        return TimelineFacts(
            duration=duration,
            frames=self._frames,
            fps=float(self._frames / duration),
            variable_frame_rate=self._longest - self._shortest > 1,
            unusable_times=self._unusable,
        )


class Reorder:
    """Time stamps in the order of decoding to the order of showing, through a small window."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int]] = []

    def add(self, pts: int, duration: int) -> tuple[int, int] | None:
        """The earliest of those that wait, once the window is full."""
        if len(self._waiting) < _REORDER_DEPTH:
            heapq.heappush(self._waiting, (pts, duration))
            return None
        return heapq.heappushpop(self._waiting, (pts, duration))

    def rest(self) -> list[tuple[int, int]]:
        """Those that still wait, earliest first."""
        return sorted(self._waiting)


def too_long(duration_s: float, limits: Limits) -> MediaError:
    """The refusal of a film that runs longer than is allowed."""
    return MediaError(
        f"The film runs {duration_s / 60:.1f} minutes or more; at most"
        f" {limits.max_duration_s / 60:.4g} minutes are taken.",
        "Cut away what comes before and after the cooking.",
        kind="too_long",
    )


def _broken(what: str) -> MediaError:
    return MediaError(
        f"The film's time stamps are broken: {what}.",
        "Open the film in any editor and export it again, or send the camera's original.",
        kind="broken_timestamps",
    )
