"""The charts: sound SVG that says in words what it shows, whatever the names and figures are."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bharatchef.analytics.charts import Bar, Range, Series, bar_chart, line_chart, range_chart

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=12)
SCORES = st.none() | st.floats(0, 100)


def _words(root: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def _drawn(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    named = (root.get("aria-labelledby") or "").split()
    assert [root.find(f"*[@id='{name}']") is not None for name in named] == [True, True]
    _, _, width, height = (float(part) for part in (root.get("viewBox") or "").split())
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x") or -1) <= width
        assert 0 <= float(text.get("y") or -1) <= height
    return root


@given(st.lists(st.tuples(NAMES, st.lists(SCORES, min_size=1, max_size=6)), min_size=1, max_size=4))
def test_a_line_chart_shows_each_score_and_breaks_where_there_is_none(lines):
    series = [
        Series(name, [(f"day {number}", value) for number, value in enumerate(values)])
        for name, values in lines
    ]
    root = _drawn(line_chart("Scores", "They went up & down", series))
    told = [title.text for title in root.iter(f"{SVG}title")][1:]
    assert len(told) == sum(value is not None for _, values in lines for value in values)
    runs = sum(
        len(re.findall("x+", "".join("-" if value is None else "x" for value in values)))
        for _, values in lines
    )
    assert len(list(root.iter(f"{SVG}polyline"))) == runs
    assert {name for name, _ in lines} <= set(_words(root))


# What a bar is told to be has two places.
PARTS = st.lists(st.floats(0, 1e6).map(lambda value: round(value, 2)), max_size=4)


@example([("least", [1.1125369292536007e-308])])
@given(st.lists(st.tuples(NAMES, PARTS), max_size=5))
def test_a_bar_chart_is_as_long_as_its_figures(rows):
    bars = [
        Bar(name, [(f"part {number}", value) for number, value in enumerate(values)], "a figure")
        for name, values in rows
    ]
    root = _drawn(bar_chart("Cost", "What it cost", bars))
    widths = [
        (float(rect.get("width") or 0), float((rect.findtext(f"{SVG}title") or "").rsplit(": ", 1)[1]))
        for rect in root.iter(f"{SVG}rect")
        if rect.find(f"{SVG}title") is not None
    ]
    assert len(widths) == sum(len(values) for _, values in rows)
    if widths and (longest := max(widths)[1]) > 0:
        for width, value in widths:
            assert width == pytest.approx(max(widths)[0] * value / longest, abs=0.2)


def test_two_lines_are_told_apart_without_their_colours():
    root = _drawn(line_chart("Two", "Two", [Series("a", [("x", 50.0)] * 2), Series("b", [("x", 60.0)] * 2)]))
    dashes = [line.get("stroke-dasharray") for line in root.iter(f"{SVG}polyline")]
    assert len(set(dashes)) == 2
    assert len(list(root.iter(f"{SVG}circle"))) == 3, "two points and one in the legend"


def test_a_range_says_its_three_figures():
    root = _drawn(range_chart("Dish", "Half", [Range("step sequence", 40, 72, 90), Range("<heat>", 5, 5, 5)]))
    assert "40 | 72 | 90" in _words(root)
    assert "<heat>" in _words(root)
