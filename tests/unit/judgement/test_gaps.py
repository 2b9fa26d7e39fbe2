"""A step that a fallible source dropped is told from one that was left out by the gap it leaves."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from judging_dishes import dish, performance, segments, step

from bharatchef.judgement import expected_mistakes, judge, load_thresholds
from bharatchef.judgement.durations import duration_models
from bharatchef.judgement.gaps import done_unseen, free_spans
from bharatchef.judgement.graph import Node, step_graph
from bharatchef.judgement.judge import expert_matchings
from bharatchef.judgement.matching import Doing, doings, matching
from bharatchef.records import DurationRange, ExpertPerformance
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import Category, DeviationKind, Span

THRESHOLDS = load_thresholds()
NAMES = ("wash", "chop", "fry", "stew", "season", "serve")
LONG = {"stew": 180.0}
ABSENT = (DeviationKind.MISSING, DeviationKind.NOT_SEEN)


def rows(leave_out=(), closed_up=(), pause=3.0):
    """All steps in turn, 20 s each but for the long ones; what is ``closed_up`` leaves no gap."""
    found, at = [], 0.0
    for name in NAMES:
        if name in closed_up:
            continue
        end = at + LONG.get(name, 20.0)
        if name not in leave_out:
            found.append((name, at, end))
        at = end + pause
    return found


def stew():
    steps = [
        step(name, *NAMES[place - 1 : place] if place else (), duration=DurationRange(
            min_s=LONG.get(name, 20.0) * 0.7, max_s=LONG.get(name, 20.0) * 1.4, source="test"))
        for place, name in enumerate(NAMES)
    ]  # fmt: skip
    experts = tuple(
        ExpertPerformance(performance_id=f"e{n}", actions=segments(rows(pause=2.0 + n))) for n in range(4)
    )
    return dish(*steps).model_copy(update={"expert_performances": experts})


def judged(done, kind="action_model", **fields):
    seen = performance(done, kind=kind, **fields)
    return judge(stew(), seen, THRESHOLDS), seen


def absent(judgement):
    return [d.step_id for d in judgement.deviations if d.kind in ABSENT]


def test_a_gap_just_as_long_as_the_step_says_that_it_was_done():
    judgement, _ = judged(rows(leave_out=["stew"]))
    assert absent(judgement) == []
    ((name, sure),) = judgement.inferred
    assert name == "stew"
    assert sure >= THRESHOLDS.gaps.done_from
    assert judgement.sequence_accuracy == 1.0


def test_without_a_gap_it_was_left_out():
    judgement, _ = judged(rows(closed_up=["stew"]))
    assert absent(judgement) == ["stew"]
    assert judgement.inferred == ()


def test_a_gap_in_the_wrong_place_or_far_too_short_shows_nothing():
    elsewhere = [
        (n, a + 180 * (n != "wash"), b + 180 * (n != "wash")) for n, a, b in rows(closed_up=["stew"])
    ]
    short = [(n, a + 15 * (a > 60), b + 15 * (a > 60)) for n, a, b in rows(closed_up=["stew"])]
    for done in (elsewhere, short):
        judgement, _ = judged(done)
        assert absent(judgement) == ["stew"]


def test_nothing_is_inferred_of_what_a_person_or_a_drawn_film_says():
    for kind in ("person", "drawn_truth"):
        judgement, _ = judged(rows(leave_out=["stew"]), kind=kind)
        assert absent(judgement) == ["stew"]
        assert judgement.inferred == ()


def test_one_gap_hides_one_step():
    # Both the frying and the seasoning are absent; only one gap of a step's length is there.
    judgement, _ = judged(rows(leave_out=["fry"], closed_up=["season"]))
    assert len(absent(judgement)) + len(judgement.inferred) == 2
    assert len(judgement.inferred) <= 1


def test_what_is_inferred_costs_nothing_widens_the_interval_and_is_told():
    rubric = load_rubric("default")
    whole, seen_whole = judged(rows())
    dropped, seen_dropped = judged(rows(leave_out=["stew"]))
    full, less = (
        score(stew(), seen, judgement, rubric)
        for judgement, seen in ((whole, seen_whole), (dropped, seen_dropped))
    )
    assert less.coverage < full.coverage
    sequence = next(c for c in less.categories if c.category is Category.STEP_SEQUENCE)
    assert sequence.score == 100.0
    assert "1 step was not recognised but probably done" in sequence.reason
    if full.interval and less.interval:
        assert less.interval[0] < full.interval[0]
    assert 0.0 < expected_mistakes(dropped, {}) < 0.5
    assert expected_mistakes(whole, {}) == 0.0


def test_a_source_that_was_caught_misreading_is_likelier_to_have_dropped_a_step():
    def probability(done):
        cooked, filmed = stew(), Span(start_s=0.0, end_s=done[-1][2])
        graph = step_graph(cooked)
        found = doings(segments(done), graph, 3.0)
        matched = matching(graph, found, THRESHOLDS)
        models = duration_models(cooked, THRESHOLDS.durations)
        experts = expert_matchings(cooked, graph, THRESHOLDS)
        return done_unseen(graph, matched, models, experts, filmed, THRESHOLDS)[Node("fry", 1)]

    done = rows(leave_out=["fry"])
    caught = [*done[:-1], ("chop", 80.0, 100.0), done[-1]]
    assert 0.0 < probability(done) < probability(caught) < 1.0


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(NAMES), max_size=4), st.floats(0, 500))
def test_each_absent_step_is_told_or_inferred_once_and_a_shift_changes_nothing(gone, shift_s):
    done = rows(leave_out=gone)
    end_s = done[-1][2]
    here, _ = judged(done, observed=[(0.0, end_s)], duration_s=end_s)
    assert sorted([*absent(here), *(name for name, _ in here.inferred)]) == sorted(gone)
    assert all(THRESHOLDS.gaps.done_from <= sure <= 1.0 for _, sure in here.inferred)
    later = [(name, a + shift_s, b + shift_s) for name, a, b in done]
    there, _ = judged(later, observed=[(shift_s, shift_s + end_s)], duration_s=shift_s + end_s)
    assert [name for name, _ in there.inferred] == [name for name, _ in here.inferred]


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0.1, 30)), max_size=8))
def test_free_and_taken_time_cover_the_film_without_overlap(spans):
    taken = [Doing("a", start, start + length, 1.0, (n,)) for n, (start, length) in enumerate(spans)]
    free = free_spans(taken, Span(start_s=0.0, end_s=130.0))
    for span in free:
        assert span.end_s > span.start_s
        assert not any(d.start_s < span.end_s and d.end_s > span.start_s for d in taken)
    for moment in range(0, 130):
        at = moment + 0.37
        inside = any(s.start_s <= at <= s.end_s for s in free)
        assert inside or any(d.start_s <= at <= d.end_s for d in taken)
