"""Pieces of film are asked about in turn: none is lost, none waits for all of another analyser's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bharatchef.observed import Analyser, Still
from tasks.perceive import in_turn


def _piece(analyser: Analyser, number: int) -> Still:
    return Still(key=f"{analyser.value}/{number}.jpg", time_s=float(number), width_px=64, height_px=64)


@given(st.dictionaries(st.sampled_from(Analyser), st.integers(0, 12)))
def test_every_piece_comes_once_and_none_before_the_earlier_ones_of_all(counts: dict[Analyser, int]) -> None:
    pieces = {a: [_piece(a, number) for number in range(count)] for a, count in counts.items()}
    asked = list(in_turn(pieces))
    assert {a: [piece for who, piece in asked if who is a] for a in counts} == pieces
    places = [piece.time_s for _, piece in asked]
    assert places == sorted(places)
