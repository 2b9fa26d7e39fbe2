"""How a model of the flame errs is found from films of which nobody says what kind they are."""

from __future__ import annotations

from benchmarks.models.heat_errors import counted, figures
from bharatchef.vocabulary import HeatLevel

LOW, MEDIUM, HIGH = 1, 2, 3
READ_RIGHTLY = [(LOW, 1), (MEDIUM, 3), (MEDIUM, 3), (HIGH, 6)]
READ_TOO_HIGH = [(LOW, 3), (MEDIUM, 6), (MEDIUM, 6), (HIGH, 6)]


def test_films_that_are_read_too_high_become_a_kind_of_their_own() -> None:
    _, right, high = counted([READ_RIGHTLY] * 30 + [READ_TOO_HIGH] * 10).kinds
    assert right.share > 0.6 > 0.3 > high.share > 0.15
    assert right.read[HeatLevel.MEDIUM][3] > 0.8
    assert high.read[HeatLevel.MEDIUM][6] > 0.8
    # What was never seen may still happen downwards: a covered flame looks smaller, and none looks larger.
    assert right.read[HeatLevel.MEDIUM][0] > 3 * right.read[HeatLevel.LOW][6]


def test_figures_count_what_a_cook_would_be_told() -> None:
    rows = [
        {"correct": False, "planted": ["fry", "boil"], "told": [("fry", 0.9)], "unsettled": 1, "asking": 4},
        {"correct": True, "planted": [], "told": [("fry", 0.9), ("boil", 0.4)], "unsettled": 0, "asking": 4},
        {"correct": True, "planted": [], "told": [], "unsettled": 1, "asking": 2},
    ]
    assert figures(rows, 0.5) == (
        "1 of 2 told are right, 1 of 2 planted are told, 1 of 2 correct films flagged, 80% of steps settled"
    )
