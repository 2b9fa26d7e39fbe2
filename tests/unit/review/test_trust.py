"""Shares with their intervals, and what is counted of appeals and audits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bharatchef.review.trail import TrailEntry
from bharatchef.review.trust import trust_report, wilson
from bharatchef.vocabulary import DeviationKind, Level

MOMENT = datetime(2026, 11, 23, 10, tzinfo=UTC)
PERSON = "p-0123456789abcdef"


def entry(kind: str, evaluation_id: str = "ev-1", after: int = 0, **more: object) -> TrailEntry:
    said = {"evaluation_id": evaluation_id, "kind": kind, "at": MOMENT + timedelta(minutes=after)}
    return TrailEntry.model_validate({**said, "by": PERSON, **more})


def appealed(
    evaluation_id: str, deviation: str, kind: DeviationKind, decided: str | None
) -> list[TrailEntry]:
    what = {"deviation_id": deviation, "deviation_kind": kind}
    said = [entry("appeal", evaluation_id, 0, reason="no", **what)]
    return said + ([entry(decided, evaluation_id, 1, reason="so", **what)] if decided else [])


def test_wilson_gives_what_is_published_for_it():
    # Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3.
    for count, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = wilson(count, of, 0.95)
        assert found.interval == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
    assert wilson(0, 0, 0.95).share is None


@given(st.integers(1, 2000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share_and_narrows_with_more_of_the_same(found):
    count, of = found
    one, ten = wilson(count, of, 0.95), wilson(10 * count, 10 * of, 0.95)
    assert one.interval is not None
    assert ten.interval is not None
    assert one.share is not None
    assert 0 <= one.interval[0] <= one.share <= one.interval[1] <= 1
    assert ten.interval[1] - ten.interval[0] < one.interval[1] - one.interval[0]


def test_appeals_are_counted_by_kind_and_decided_ones_alone_make_the_share():
    trails = {
        "ev-1": appealed("ev-1", "d1", DeviationKind.MISSING, "upheld")
        + appealed("ev-1", "d2", DeviationKind.MISSING, "dismissed"),
        "ev-2": appealed("ev-2", "d1", DeviationKind.MISSING, None),
        "ev-3": appealed("ev-3", "d1", DeviationKind.TOO_LONG, "upheld"),
    }
    told = [DeviationKind.MISSING] * 10 + [DeviationKind.OUT_OF_ORDER]
    found = {kind.kind: kind for kind in trust_report(trails, told, "1", 0.95).kinds}
    assert list(found) == [DeviationKind.MISSING, DeviationKind.OUT_OF_ORDER, DeviationKind.TOO_LONG]
    missing = found[DeviationKind.MISSING]
    assert (missing.told, missing.appealed, missing.open) == (10, 3, 1)
    assert (missing.upheld.count, missing.upheld.of, missing.upheld.share) == (1, 2, 0.5)
    assert (missing.upheld_of_told.count, missing.upheld_of_told.of) == (1, 10)
    assert found[DeviationKind.OUT_OF_ORDER].upheld.share is None
    # Its evaluation was deleted since; its trail still counts.
    assert found[DeviationKind.TOO_LONG].told == 1


def test_audits_count_the_drawn_alone_and_tell_segments_from_levels():
    levels = {"level": Level.CHEF, "original_level": Level.CHEF}
    trails = {
        "kept": [
            entry("drawn"),
            entry("corrected", after=1, segments_changed=False),
            entry("rescored", **levels),
        ],
        "changed": [
            entry("drawn"),
            entry("corrected", after=1, segments_changed=True),
            entry("rescored", after=2, level=Level.COMMIS, original_level=Level.CHEF),
        ],
        "signed": [entry("drawn"), entry("signed", after=1, **levels)],
        "waits": [entry("drawn")],
        "not drawn": [entry("corrected", segments_changed=True)],
    }
    audit = trust_report(trails, [], "1", 0.95).audit
    assert (audit.drawn, audit.looked_at) == (4, 3)
    assert (audit.segments_kept.count, audit.segments_kept.of) == (1, 2)
    assert (audit.levels_kept.count, audit.levels_kept.of) == (2, 3)
