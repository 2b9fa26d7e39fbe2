"""Times and temperatures as a cook writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.units import celsius, seconds, seconds_range, time_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90 s", 90), ("4 min", 240), ("1.5 min", 90), ("1 h 20 min", 4800), ("30s", 30), ("2 hours", 7200)],
)
def test_a_time_with_its_unit_is_read(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2-4 min", (120, 240)),
        ("15 s - 2 min", (15, 120)),
        ("2 to 4 min", (120, 240)),
        ("2 – 4 min", (120, 240)),
        ("30 s - 1 min 30 s", (30, 90)),
        ("4 min", (180, 300)),
    ],
)
def test_a_range_of_times_is_read(text: str, expected: tuple[float, float]) -> None:
    assert seconds_range(text) == expected


@pytest.mark.parametrize("text", ["", "4", "four min", "4 mins ago", "-4 min", "0 s", "4 m", "100 h", "min"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2-4", "say '2-4 s' or '2-4 min'"),
        ("4-2 min", "shorter time first"),
        ("2-3-4 min", "expected a time such as"),
        ("2 - 1 min 30 s", "unit on both ends"),
        ("soon", "expected a time such as"),
    ],
)
def test_what_is_no_range_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        seconds_range(text)


@given(st.floats(min_value=0.1, max_value=70 * 3600))
def test_a_length_that_is_written_is_read_back_to_a_tenth_of_a_second(length_s: float) -> None:
    assert seconds(time_text(length_s)) == pytest.approx(length_s, abs=max(0.051, length_s * 1e-5))


def test_temperatures_are_read_in_both_scales() -> None:
    assert celsius("74 C") == 74.0
    assert celsius("165 F") == 73.9
    assert celsius("160F") == 71.1


@pytest.mark.parametrize("text", ["74", "74 K", "hot", "-5 C", "900 F"])
def test_what_is_no_temperature_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a temperature"):
        celsius(text)
