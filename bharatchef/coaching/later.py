"""Whether a model that could not word feedback may do so later; knows no queue and sends nothing."""

from __future__ import annotations

from bharatchef.records import WordingNote

FIRST_WAIT_S, LONGEST_WAIT_S = 60, 900
TRIES_IN_A_ROW = 12
"""Two hours and a quarter; an outage that is longer waits for a person."""

_PASSING = frozenset({"ceiling", "retryable", "failed", "deadline"})
_FINAL = frozenset({"refused", "blocked"})


def waits_for_a_model(note: WordingNote) -> bool:
    """Whether the rules' words stand because no model answered, or none could be asked under its ceiling.

    An answer that did not hold, and a refusal, are the models' last word: asked again they would cost again.
    """
    failed = set(note.failures)
    return note.outcome == "fallback" and bool(failed & _PASSING) and not failed & _FINAL


def wait_s(attempt: int) -> int:
    """How long to wait before the so-manieth attempt (from 1) in a row, seconds: doubled each time."""
    doublings = min((attempt - 1) % TRIES_IN_A_ROW, 10)
    return int(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**doublings))


def is_last_in_a_row(attempt: int) -> bool:
    """Whether after this attempt a person has to look first."""
    return attempt % TRIES_IN_A_ROW == 0
