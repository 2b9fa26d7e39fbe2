"""The film's clock as a horizontal axis in per cent of its width; it knows nothing of what is drawn on it."""

from __future__ import annotations

from dataclasses import dataclass

from bharatchef.report.words import clock
from bharatchef.results import EvaluationResult

_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 10
_MOST_TICKS_ON_A_PHONE = 5


@dataclass(frozen=True)
class Tick:
    """A marked moment; ``major`` ones keep their label on a narrow screen."""

    x: str
    label: str
    major: bool
    anchor: str


@dataclass(frozen=True)
class Axis:
    """Maps seconds of the film to per cent of a drawing's width."""

    total_s: float

    def x(self, time_s: float) -> str:
        """Where a moment lies, clamped to the drawing: ``12.5%``."""
        return _per_cent(self._share(time_s))

    def width(self, start_s: float, end_s: float) -> str:
        """How wide a stretch is, what lies outside the drawing cut off."""
        return _per_cent(max(0.0, self._share(end_s) - self._share(start_s)))

    def share(self, time_s: float) -> float:
        """Where a moment lies as a share of the width, 0 to 1."""
        return self._share(time_s)

    def ticks(self) -> tuple[Tick, ...]:
        """Round moments along the axis, at most eleven, at most six of them major."""
        step = next((s for s in _STEPS_S if self.total_s / s <= _MOST_TICKS), _STEPS_S[-1])
        count = int(self.total_s // step)
        every = 1
        while count / every > _MOST_TICKS_ON_A_PHONE:
            every += 1
        return tuple(
            Tick(
                x=self.x(index * step),
                label=clock(index * step),
                major=index % every == 0,
                anchor="start" if index == 0 else "end" if index * step > 0.96 * self.total_s else "middle",
            )
            for index in range(count + 1)
        )

    def _share(self, time_s: float) -> float:
        return min(1.0, max(0.0, time_s / self.total_s))


def _per_cent(share: float) -> str:
    return f"{100 * share:.3f}".rstrip("0").rstrip(".") + "%"


def film_axis(result: EvaluationResult) -> Axis:
    """The axis of one evaluation: as long as the film, or as the last thing that was done."""
    ends = [segment.end_s for segment in result.performance.segments]
    film = result.film.duration_s if result.film else 0.0
    return Axis(max(film, result.performance.duration_s, *ends, 1.0))
