"""Order mistakes: what breaks the order, what only seems to, and which others hang on it."""

from __future__ import annotations

from judging_dishes import dish, performance, segments, step

from bharatchef.judgement import judge, load_thresholds
from bharatchef.judgement.graph import Node
from bharatchef.judgement.matching import Doing, Matching
from bharatchef.judgement.order import BrokenPair, well_founded
from bharatchef.records import ExpertPerformance

THRESHOLDS = load_thresholds()


def told(made, rows):
    judgement = judge(made, performance(rows), THRESHOLDS)
    return [(d.step_id, d.related_step_id, d.subject) for d in judgement.deviations]


PAIR = dish(step("first"), step("then", "first"), step("last", "then"))


def test_a_boundary_marked_late_turns_no_order_round():
    # "first" was marked four seconds late; its middle still lies before the other's.
    assert told(PAIR, [("first", 4, 10), ("then", 1, 24), ("last", 30, 40)]) == []
    assert told(PAIR, [("first", 20, 30), ("then", 0, 15), ("last", 32, 40)]) == [
        ("then", "first", "begun too early"),
        ("first", "then", "begun too late"),
    ]


def test_beginnings_nearer_than_they_can_be_marked_are_in_no_order():
    assert told(PAIR, [("first", 2, 12), ("then", 0, 10), ("last", 30, 40)]) == []


def expert(n, rows):
    return ExpertPerformance(performance_id=f"e{n}", actions=segments(rows))


SWAPPED = [("then", 0, 10), ("first", 12, 22), ("last", 30, 40)]
RIGHT = [("first", 0, 10), ("then", 12, 22), ("last", 30, 40)]


def test_what_an_expert_did_in_just_the_same_way_is_no_mistake():
    known = PAIR.model_copy(update={"expert_performances": (expert(0, SWAPPED), expert(1, RIGHT))})
    strict = PAIR.model_copy(update={"expert_performances": (expert(0, RIGHT), expert(1, RIGHT))})
    assert told(known, SWAPPED) == []
    assert len(told(strict, SWAPPED)) == 2


def test_an_expert_excuses_nothing_that_goes_further():
    known = PAIR.model_copy(update={"expert_performances": (expert(0, SWAPPED),)})
    further = [("last", 0, 8), ("then", 10, 20), ("first", 22, 32)]
    assert {step_id for step_id, _, _ in told(known, further)} == {"first", "then", "last"}


def test_a_step_far_too_early_is_told_with_what_it_should_have_waited_for():
    chain = [step("s0"), *(step(f"s{i}", f"s{i - 1}") for i in range(1, 8))]
    rows = [("s7", 0, 9), *((f"s{i}", 10.0 + 10 * i, 19.0 + 10 * i) for i in range(7))]
    assert told(dish(*chain), rows) == [("s7", "s6", "begun too early"), ("s6", "s7", "begun too late")]


def test_two_steps_swapped_in_a_long_dish_are_one_cause():
    chain = [step("s0"), *(step(f"s{i}", f"s{i - 1}") for i in range(1, 8))]
    order = [0, 1, 3, 2, 4, 5, 6, 7]
    rows = [(f"s{name}", 10.0 * place, 10.0 * place + 9) for place, name in enumerate(order)]
    judgement = judge(dish(*chain), performance(rows), THRESHOLDS)
    assert [(d.step_id, d.cause_id is None) for d in judgement.deviations] == [("s3", True), ("s2", False)]


def test_a_pair_that_only_a_guess_shows_is_no_mistake():
    a, b, c = (Node(name, 1) for name in "abc")
    done = {node: Doing(node.step_id, 10.0 * n, 10.0 * n + 9, 1.0, (n,)) for n, node in enumerate((c, b, a))}
    guessed = {**done, c: Doing("x", 0.0, 9.0, 1.0, (0,))}
    sure, doubtful = BrokenPair(a, b, 0.9), BrokenPair(b, c, 0.9)
    assert well_founded(Matching(done, (), ()), [doubtful]) == (doubtful,)
    assert well_founded(Matching(guessed, (), ()), [doubtful]) == ()
    assert well_founded(Matching(guessed, (), ()), [sure, doubtful]) == (sure, doubtful)
