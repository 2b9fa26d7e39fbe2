"""Which deviations are told: what mattered over the whole film, one a cause, five at most."""

from __future__ import annotations

import pytest
from deviations_of_dishes import deviation
from judging_dishes import TEA_DONE, performance, tea

from bharatchef.coaching import mistakes_that_matter
from bharatchef.coaching.choosing import MOST_MISTAKES, load_severity
from bharatchef.judgement import judge, load_thresholds
from bharatchef.records import CategoryScore, Judgement, Scorecard
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import Category, DeviationKind, Span

SHA = "0" * 64


def numbered(number, kind=DeviationKind.MISSING, confidence=0.9, category=Category.STEP_SEQUENCE, **given):
    span = Span(start_s=60.0 * number, end_s=60.0 * number + 5)
    fields = {"deviation_id": f"d{number:03d}", "confidence": confidence, "category": category, "span": span}
    return deviation(kind, f"s{number}", **{**fields, **given})


def judgement(*deviations):
    return Judgement(
        deviations=deviations,
        matches=(),
        sequence_accuracy=0.5,
        assessable=dict.fromkeys(Category, ""),
        thresholds_version="1",
        thresholds_sha256=SHA,
    )


def card(*without, lost=100.0):
    return Scorecard(
        rubric_id="default",
        rubric_version="1",
        rubric_sha256=SHA,
        categories=tuple(
            CategoryScore(category=c, score=None if c in without else 100 - lost, weight=w, reason="x")
            for c, w in load_rubric().weights.items()
        ),
        overall=None,
        overall_reason="",
        coverage=1.0,
        interval=None,
        level=None,
    )


def told(*deviations, scorecard=None):
    return [
        c.deviation.deviation_id for c in mistakes_that_matter(judgement(*deviations), scorecard or card())
    ]


def test_of_a_source_that_is_often_wrong_only_what_is_surer_is_told():
    unsure, sure = numbered(1, confidence=0.6), numbered(2, confidence=0.7)
    plain = judgement(unsure, sure)
    doubted = plain.model_copy(update={"told_from": 0.65})
    assert [c.deviation for c in mistakes_that_matter(plain, card())] == [sure, unsure]
    assert [c.deviation for c in mistakes_that_matter(doubted, card())] == [sure]


def test_the_end_of_the_film_counts_as_its_beginning_does():
    """The first faults cost all that a category has; the gravest comes last, and is told first."""
    early = [numbered(n, DeviationKind.REPEATED) for n in range(1, 21)]
    assert told(*early, numbered(21))[0] == "d021"


def test_at_most_five_and_the_surest_of_equal_ones():
    many = [numbered(n, confidence=0.5 + n / 100) for n in range(1, 9)]
    assert told(*many) == ["d008", "d007", "d006", "d005", "d004"]
    assert MOST_MISTAKES == 5


def test_fewer_if_fewer_are_true_and_none_of_none():
    assert told() == []
    assert told(numbered(1), numbered(2, DeviationKind.NOT_SEEN, 1.0), numbered(3, confidence=0.49)) == [
        "d001"
    ]


def test_one_a_cause_and_what_follows_makes_it_weigh_more():
    cause, other = numbered(1, DeviationKind.OUT_OF_ORDER), numbered(9, DeviationKind.OUT_OF_ORDER, 0.95)
    followers = [numbered(n, DeviationKind.OUT_OF_ORDER, cause_id="d001") for n in (2, 3)]
    assert told(cause, other) == ["d009", "d001"]
    assert told(cause, *followers, other) == ["d001", "d009"]


def test_an_unsure_cause_gives_way_to_what_surely_followed():
    assert told(numbered(1, confidence=0.3), numbered(2, cause_id="d001")) == ["d002"]


@pytest.mark.parametrize("kind", [DeviationKind.TOO_SHORT, DeviationKind.REPEATED])
def test_what_touches_safety_weighs_more(kind):
    category = Category.TIMING if kind is DeviationKind.TOO_SHORT else Category.STEP_SEQUENCE
    plain, unsafe = numbered(1, kind, 0.95, category), numbered(2, kind, 0.6, category, safety_id="hot")
    assert told(plain, unsafe) == ["d002", "d001"]


def test_a_category_that_was_not_scored_has_no_mistakes():
    assert told(numbered(1), scorecard=card(Category.STEP_SEQUENCE)) == []


def test_real_judgements_are_told_by_severity_times_confidence():
    given = performance([row for row in TEA_DONE if row[0] not in ("leaves", "milk")])
    judged = judge(tea(), given, load_thresholds())
    causes = mistakes_that_matter(judged, score(tea(), given, judged, load_rubric()))
    assert [c.weight for c in causes] == sorted((c.weight for c in causes), reverse=True)
    weights = load_rubric().weights
    for cause in causes:
        d = cause.deviation
        plain = load_severity().kinds[d.kind] * weights[d.category] * d.confidence
        assert cause.weight >= plain - 1e-9
