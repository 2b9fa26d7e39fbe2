"""A flame over time as a cook's words for the heat."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.observed import HeatErrors, HeatSample, HeatTrace, Unavailable
from bharatchef.perception.heat import heat_marks, heat_read
from bharatchef.vocabulary import HeatLevel


def trace(levels: list[float | None], period_s: float = 1.0, confidence: float = 0.9) -> HeatTrace:
    """A sample a period; ``None`` is a hidden flame."""
    return HeatTrace(
        model=None,
        samples=tuple(
            HeatSample(
                time_s=(i + 0.5) * period_s,
                flame="hidden" if level is None else "off" if level == 0 else "blue",
                level=level or 0.0,
                confidence=confidence,
            )
            for i, level in enumerate(levels)
        ),
    )


def told(heat: HeatTrace) -> list[tuple[str, float, float]]:
    marks = heat_marks(heat)
    assert not isinstance(marks, Unavailable)
    return [(m.level.value, m.start_s, m.end_s) for m in marks]


def test_levels_become_words_and_fill_the_film() -> None:
    heat = trace([0.0] * 10 + [0.9] * 20 + [0.5] * 20 + [0.2] * 10)
    assert told(heat) == [("off", 0, 10), ("high", 10, 30), ("medium", 30, 50), ("low", 50, 60)]


def test_a_flame_at_the_border_does_not_flicker_between_two_words() -> None:
    wave = [0.36 if i % 20 < 10 else 0.42 for i in range(100)]
    assert [word for word, _, _ in told(trace([0.5] * 10 + wave))] == ["medium"]
    assert [word for word, _, _ in told(trace([0.2] * 10 + [0.36] * 60))] == ["low"]


def test_a_hand_before_the_flame_for_a_moment_is_bridged_and_for_long_is_a_gap() -> None:
    assert told(trace([0.9] * 20 + [None] * 2 + [0.9] * 20)) == [("high", 0, 42)]
    assert told(trace([0.9] * 20 + [None] * 15 + [0.9] * 20)) == [("high", 0, 20), ("high", 35, 55)]


def test_a_blip_is_no_change_of_heat() -> None:
    assert told(trace([0.5] * 30 + [0.9, 0.95] + [0.5] * 30)) == [("medium", 0, 62)]


def test_a_flame_that_is_never_in_view_or_never_sure_is_unavailable() -> None:
    hidden = heat_marks(trace([None] * 30))
    assert isinstance(hidden, Unavailable)
    assert hidden.reason == "The flame was never in view."
    assert isinstance(heat_marks(trace([0.9] * 30, confidence=0.3)), Unavailable)
    nobody = heat_marks(trace([]))
    assert isinstance(nobody, Unavailable)
    assert nobody.reason == "Nobody looked for a flame."


def test_times_must_increase() -> None:
    heat = trace([0.5, 0.5])
    with pytest.raises(ValueError, match="increasing times"):
        heat_marks(heat.model_copy(update={"samples": heat.samples[::-1]}))


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=2, max_size=120),
    st.sampled_from([0.5, 1.0, 2.0]),
)
def test_marks_are_in_order_apart_and_differ_where_they_touch(
    levels: list[float | None], period_s: float
) -> None:
    marks = heat_marks(trace(levels, period_s))
    if isinstance(marks, Unavailable):
        assert all(level is None for level in levels)
        return
    assert all(0 <= m.start_s < m.end_s <= len(levels) * period_s for m in marks)
    for x, y in itertools.pairwise(marks):
        assert x.end_s <= y.start_s
        assert x.end_s < y.start_s or x.level is not y.level
    seen = {m.level for m in marks}
    highest = max((level for level in levels if level is not None), default=0.0)
    assert highest >= 0.72 or HeatLevel.HIGH not in seen


def test_what_is_seen_during_a_stretch_is_its_middle_level_and_how_steady_that_is() -> None:
    how = HeatErrors(bounds=(0.5,), within=0.2, lead_s=1.0)
    heat = trace([0.9, 0.3, 0.3, 0.3, 0.9] + [None] * 4 + [0.0, 0.0, 0.0], confidence=0.3)
    low, hidden, off, short = heat_read(heat, [(0, 5), (5, 9), (8, 12), (4, 5)], how)
    # The first second still shows the heat before.
    assert (low.level, low.steady) == (0.3, 0.75)
    assert (hidden.level, hidden.steady) == (None, 0.0)
    assert (off.level, off.steady) == (0.0, 1.0)
    assert short.level is None
