"""Draws the reports as SVG: lines over attempts, bars and ranges; knows not where the figures are from.

Every chart has a title and a description for who does not see it, writes each figure beside its mark, and
tells series apart by dash and mark as well as by colour. The colours are Okabe and Ito's (2008), darkened
where text or a thin line would stand below a contrast of 3:1 on white.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_COLOURS = ("#0072b2", "#b04f00", "#00795a", "#9a4a7a", "#5b5b5b", "#8a6d00")
_DASHES = ("", "7 4", "2 3", "10 3 2 3", "5 2", "1 4")
_WIDTH_PX = 760
_ROW_PX = 30
_TOP_PX = 56
_LABEL_PX = 230
_FIGURE_PX = 90
_TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True)
class Series:
    """A line: its name and a point for each (label, value); ``None``: nothing was scored there."""

    name: str
    points: Sequence[tuple[str, float | None]]


@dataclass(frozen=True)
class Bar:
    """A bar of parts, from left to right as (name, value); ``figure`` is written at its end."""

    label: str
    parts: Sequence[tuple[str, float]]
    figure: str


@dataclass(frozen=True)
class Range:
    """From ``lower`` to ``upper`` with a stroke at ``middle``, on a scale of 0 to 100."""

    label: str
    lower: float
    middle: float
    upper: float


def line_chart(title: str, description: str, series: Sequence[Series]) -> str:
    """Scores of 0 to 100 over attempts, one line a series; each line has its own first attempt at the left.

    Args:
        title: what it shows.
        description: the same in a sentence or two, with the figures that matter.
        series: at least one line; six at most can be told apart.
    """
    left, right, height = 48.0, float(_WIDTH_PX - 24), 260.0
    bottom = _TOP_PX + height
    most = max(len(one.points) for one in series)

    def x(index: int) -> float:
        return left + (right - left) * ((index + 0.5) / most)

    def y(value: float) -> float:
        return bottom - height * value / 100

    drawn = [
        f'<line class="grid" x1="{left:g}" x2="{right:g}" y1="{y(tick):g}" y2="{y(tick):g}"/>'
        f'<text class="small" x="{left - 8:g}" y="{y(tick) + 4:g}" text-anchor="end">{tick}</text>'
        for tick in _TICKS
    ]
    for index in range(most):
        drawn.append(_text(x(index), bottom + 18, str(index + 1), "middle", "small"))
    drawn.append(_text((left + right) / 2, bottom + 38, "attempt", "middle", "small"))
    figures: list[str] = []
    for number, one in enumerate(series):
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number % len(_DASHES)]
        for run in _runs(one):
            path = " ".join(f"{x(index):.1f},{y(value):.1f}" for index, _, value in run)
            drawn.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"{_dash(dash)}/>'
            )
            for index, label, value in run:
                told = escape(f"{one.name}, {label}: {value:.0f}")
                drawn.append(f"<g>{_mark(number, x(index), y(value), colour)}<title>{told}</title></g>")
                dx, dy, anchor = _figure_place(value, index, series)
                figures.append(_text(x(index) + dx, y(value) + dy, f"{value:.0f}", anchor, "figure"))
    drawn += figures
    legend_top = bottom + 62
    for number, one in enumerate(series):
        colour, line_y = _COLOURS[number % len(_COLOURS)], legend_top + 22 * number
        drawn.append(
            f'<line x1="{left:g}" x2="{left + 34:g}" y1="{line_y:g}" y2="{line_y:g}" stroke="{colour}"'
            f' stroke-width="2.5"{_dash(_DASHES[number % len(_DASHES)])}/>'
        )
        drawn.append(_mark(number, left + 17, line_y, colour))
        drawn.append(_text(left + 44, line_y + 4, one.name, "start"))
    return _svg(title, description, legend_top + 22 * len(series), drawn)


def bar_chart(title: str, description: str, bars: Sequence[Bar]) -> str:
    """Bars from the left, as long as their parts together are of the longest.

    Args:
        title: what it shows.
        description: the same in a sentence or two.
        bars: from top to bottom, each part 0 or more; parts of one name have one colour.
    """
    names = list(dict.fromkeys(name for bar in bars for name, _ in bar.parts))
    longest = max((sum(value for _, value in bar.parts) for bar in bars), default=0.0) or 1.0
    room = float(_WIDTH_PX - _LABEL_PX - _FIGURE_PX)
    drawn: list[str] = []
    for row, bar in enumerate(bars):
        top, left = _TOP_PX + row * _ROW_PX, float(_LABEL_PX)
        drawn.append(_text(_LABEL_PX - 10, top + 19, bar.label, "end"))
        for name, value in bar.parts:
            length = value / longest * room
            colour = _COLOURS[names.index(name) % len(_COLOURS)]
            told = f"{bar.label}, {name}: {value:.2f}"
            drawn.append(
                f'<rect x="{left:.1f}" y="{top + 4}" width="{length:.1f}" height="{_ROW_PX - 10}"'
                f' fill="{colour}" stroke="#fff"><title>{escape(told)}</title></rect>'
            )
            left += length
        drawn.append(_text(left + 8, top + 19, bar.figure, "start"))
    bottom = float(_TOP_PX + len(bars) * _ROW_PX + 18)
    if len(names) > 1:
        for number, name in enumerate(names):
            across, down = 180 * (number % 4), 22 * (number // 4)
            colour = _COLOURS[number % len(_COLOURS)]
            drawn.append(
                f'<rect x="{24 + across}" y="{bottom + down:g}" width="14" height="14" fill="{colour}"/>'
            )
            drawn.append(_text(44 + across, bottom + down + 12, name, "start"))
        bottom += 22 * ((len(names) + 3) // 4) + 6
    return _svg(title, description, bottom, drawn)


def range_chart(title: str, description: str, ranges: Sequence[Range]) -> str:
    """Ranges on a scale of 0 to 100: half of all values lie within the bar, the stroke is the middle one.

    Args:
        title: what it shows.
        description: the same in a sentence or two.
        ranges: from top to bottom.
    """
    left, right = float(_LABEL_PX), float(_WIDTH_PX - _FIGURE_PX - 60)
    bottom = float(_TOP_PX + len(ranges) * _ROW_PX + 4)

    def x(value: float) -> float:
        return left + (right - left) * value / 100

    drawn = [
        f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{_TOP_PX}" y2="{bottom:g}"/>'
        + _text(x(tick), bottom + 16, str(tick), "middle", "small")
        for tick in _TICKS
    ]
    drawn.append(_text(right + 14, _TOP_PX - 6, "lower | median | upper", "start", "small"))
    for row, one in enumerate(ranges):
        top = _TOP_PX + row * _ROW_PX
        told = f"{one.lower:.0f} to {one.upper:.0f}, half below {one.middle:.0f}"
        width = max(x(one.upper) - x(one.lower), 3)
        drawn += [
            _text(left - 10, top + 19, one.label, "end"),
            f'<rect x="{x(one.lower):.1f}" y="{top + 6}" width="{width:.1f}" height="{_ROW_PX - 14}"'
            f' fill="#9fc9e3" stroke="{_COLOURS[0]}"><title>{escape(f"{one.label}: {told}")}</title></rect>',
            f'<line x1="{x(one.middle):.1f}" x2="{x(one.middle):.1f}" y1="{top + 3}" y2="{top + _ROW_PX - 5}"'
            ' stroke="#1a1a1a" stroke-width="3"/>',
            _text(right + 14, top + 19, f"{one.lower:.0f} | {one.middle:.0f} | {one.upper:.0f}", "start"),
        ]
    return _svg(title, description, bottom + 28, drawn)


def _runs(series: Series) -> list[list[tuple[int, str, float]]]:
    """Points that follow each other as (index, label, value): where nothing was scored the line is broken."""
    runs: list[list[tuple[int, str, float]]] = [[]]
    for index, (label, value) in enumerate(series.points):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((index, label, value))
    return [run for run in runs if run]


def _figure_place(value: float, index: int, series: Sequence[Series]) -> tuple[float, float, str]:
    """Where a figure stands beside its mark: above the highest line, below the lowest, else to the right."""
    there = [one.points[index][1] for one in series if index < len(one.points)]
    values = [other for other in there if other is not None]
    if value == max(values):
        return 0.0, -10.0, "middle"
    return (0.0, 20.0, "middle") if value == min(values) else (9.0, 4.0, "start")


def _svg(title: str, description: str, height: float, drawn: Sequence[str]) -> str:
    style = (
        "text{font:14px system-ui,sans-serif;fill:#1a1a1a}.small{font-size:12px}"
        # Figures keep a rim of the ground's colour, so that a line behind them does not strike them through.
        ".figure{font-size:12px;stroke:#fff;stroke-width:3px;paint-order:stroke}"
        ".title{font-size:17px;font-weight:600}.grid{stroke:#d0d0d0;stroke-width:1}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description"'
        f' viewBox="0 0 {_WIDTH_PX} {height:.0f}" width="{_WIDTH_PX}" height="{height:.0f}">'
        f'<title id="title">{escape(title)}</title><desc id="description">{escape(description)}</desc>'
        f'<style>{style}</style><rect width="100%" height="100%" fill="#fff"/>'
        f"{_text(24, 30, title, 'start', 'title')}{''.join(drawn)}</svg>\n"
    )


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    css = f' class="{kind}"' if kind else ""
    return f'<text{css} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _dash(dash: str) -> str:
    return f' stroke-dasharray="{dash}"' if dash else ""


def _mark(number: int, x: float, y: float, colour: str) -> str:
    shapes = (
        '<circle r="5"',
        '<rect x="-5" y="-5" width="10" height="10"',
        '<polygon points="0,-6 6,5 -6,5"',
    )
    return f'{shapes[number % len(shapes)]} transform="translate({x:.1f} {y:.1f})" fill="{colour}"/>'
