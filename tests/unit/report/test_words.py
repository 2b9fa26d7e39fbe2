import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.report import words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0:00"), (65.9, "1:06"), (599, "9:59"), (3599.4, "59:59"), (3600, "1:00:00"), (3661, "1:01:01")],
)
def test_a_moment_reads_as_a_player_shows_it(seconds, said):
    assert words.clock(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (2.5, "2.5 s"),
        (5, "5 s"),
        (59.7, "1 min"),
        (90, "1 min 30 s"),
        (3900, "1 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_a_length_of_time_in_a_cooks_words(seconds, said):
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"), [(86.15, "86.2"), (80, "80"), (0.04, "0"), (-0.01, "0"), (100, "100"), (99.96, "100")]
)
def test_points_keep_one_decimal_where_it_says_something(value, said):
    assert words.points(value) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0 %"), (1, "100 %"), (0.001, "under 1 %"), (0.999, "over 99 %"), (0.655, "66 %")]
)
def test_a_share_is_only_nothing_or_all_when_it_is(share, said):
    assert words.percent(share) == said


@pytest.mark.parametrize(
    ("amount", "said"), [(0, "₹0.00"), (0.001, "under ₹0.01"), (1.4139, "₹1.41"), (12345.6, "₹12,345.60")]
)
def test_money_is_never_shown_as_nothing_where_there_is_some(amount, said):
    assert words.rupees(amount) == said


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (8_000_000_000, "8.0 GB")],
)
def test_sizes_in_decimal_units(bytes_, said):
    assert words.size(bytes_) == said


@given(st.floats(min_value=0, max_value=1e6))
def test_the_clock_tells_the_nearest_second(seconds):
    parts = [int(part) for part in words.clock(seconds).split(":")]
    total = sum(part * 60**power for power, part in enumerate(reversed(parts)))
    assert abs(seconds - total) <= 0.5 + 1e-6
