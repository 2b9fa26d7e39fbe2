"""Times and temperatures as a cook writes them, turned into seconds and degrees Celsius; knows no dish."""

from __future__ import annotations

import re

_NUMBER = r"\d+(?:\.\d+)?"
_UNIT = r"(?:s|sec|secs|seconds?|min|mins|minutes?|h|hours?)"
_TIME = rf"{_NUMBER} ?{_UNIT}(?: {_NUMBER} ?{_UNIT})*"
TIME_PATTERN = rf"^{_TIME}$"
RANGE_PATTERN = rf"^(?:{_TIME}|(?:{_NUMBER}|{_TIME}) ?(?:-|–|to) ?{_TIME})$"
TEMPERATURE_PATTERN = rf"^{_NUMBER} ?°?[CF]$"
LONGEST_S = 72 * 3600.0


def _seconds_a_unit(unit: str) -> float:
    return {"s": 1.0, "m": 60.0, "h": 3600.0}[unit[0]]


def seconds(text: str) -> float:
    """``"90 s"``, ``"1.5 min"`` or ``"1 h 20 min"`` in seconds.

    Raises:
        ValueError: no such time, with what was expected and what came.
    """
    written = text.strip()
    if not re.fullmatch(TIME_PATTERN, written):
        hint = f"; say '{written} s' or '{written} min'" if re.fullmatch(_NUMBER, written) else ""
        raise ValueError(f"expected a time such as '90 s', '4 min' or '1 h 20 min', got {text!r}{hint}")
    parts = re.findall(rf"({_NUMBER}) ?({_UNIT})", written)
    total = sum(float(number) * _seconds_a_unit(unit) for number, unit in parts)
    if not 0 < total <= LONGEST_S:
        raise ValueError(f"expected a time above 0 and of at most {LONGEST_S / 3600:.0f} h, got {text!r}")
    return total


def seconds_range(text: str) -> tuple[float, float]:
    """``"2-4 min"``, ``"15 s - 2 min"`` or ``"4 min"`` as (shortest, longest) in seconds.

    One time alone allows a quarter less and a quarter more.

    Raises:
        ValueError: no such range, or one that runs backwards.
    """
    written = text.strip()
    parts = re.split(r" ?(?:-|–|\bto\b) ?", written)
    if not re.fullmatch(RANGE_PATTERN, written) or len(parts) > 2:
        hint = ""
        if re.fullmatch(rf"{_NUMBER}(?: ?(?:-|–|to) ?{_NUMBER})?", written):
            hint = f"; say '{written} s' or '{written} min'"
        raise ValueError(f"expected a time such as '30 s', '2-4 min' or '15 s - 2 min', got {text!r}{hint}")
    if len(parts) == 1:
        length = seconds(written)
        return 0.75 * length, 1.25 * length
    low, high = parts
    if re.fullmatch(_NUMBER, low):
        units = re.findall(_UNIT, high)
        if len(units) > 1:
            raise ValueError(f"expected a unit on both ends of {text!r}, as in '30 s - 1 min 30 s'")
        low = f"{low} {units[0]}"
    shortest, longest = seconds(low), seconds(high)
    if shortest > longest:
        raise ValueError(f"expected the shorter time first, got {text!r}; say '{high} - {low}'")
    return shortest, longest


def celsius(text: str) -> float:
    """``"74 C"`` or ``"165 F"`` in degrees Celsius, to a tenth.

    Raises:
        ValueError: no such temperature, or one that no kitchen has.
    """
    written = text.strip()
    if not re.fullmatch(TEMPERATURE_PATTERN, written):
        raise ValueError(f"expected a temperature such as '74 C' or '165 F', got {text!r}")
    degrees = float(re.findall(_NUMBER, written)[0])
    if written.endswith("F"):
        degrees = (degrees - 32.0) / 1.8
    if not 0 <= degrees <= 300:
        raise ValueError(f"expected a temperature of 0 to 300 C, got {text!r}")
    return round(degrees, 1)


def time_text(length_s: float) -> str:
    """Seconds as a dish file writes them, to a tenth of a second."""
    return f"{round(length_s, 1):g} s"
