"""What the coach tells, and what it never says without evidence."""

from __future__ import annotations

import pytest
from judging_dishes import TEA_DONE, dish, performance, step, tea, unavailable

from bharatchef.coaching import PreviousAttempt, coach
from bharatchef.judgement import judge, load_thresholds
from bharatchef.observed import Analyser, HeatMark, IngredientSeen, PlatedDish, TechniqueMark
from bharatchef.ports import Tip
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import DeviationKind, HeatLevel

THRESHOLDS, RUBRIC = load_thresholds(), load_rubric("default")


def evaluated(rows=TEA_DONE, *, of=None, previous=None, tips=None, **fields):
    made = of or tea()
    given = performance(rows, **fields)
    judgement = judge(made, given, THRESHOLDS)
    card = score(made, given, judgement, RUBRIC)
    return judgement, coach("e2", made, judgement, card, given, previous, tips)


def last_attempt(rows, *, dish_id="tea", **fields):
    judgement, feedback = evaluated(rows, **fields)
    return PreviousAttempt("e1", dish_id, judgement, feedback)


def without(*names):
    return [row for row in TEA_DONE if row[0] not in names]


def verdicts(feedback):
    return [(str(f.kind), f.step_id, f.verdict) for f in feedback.follow_ups]


SERVED_FIRST = [("serve", 0, 10), *((s, a + 12, b + 12) for s, a, b in without("serve"))]


def test_a_correct_performance_has_no_mistakes_and_is_told_so():
    _, feedback = evaluated()
    assert feedback.mistakes == ()
    assert feedback.encouragement.startswith("No mistakes were found in what could be judged.")
    assert "All 6 steps were there, and in the right order." in feedback.encouragement
    assert feedback.worded_by == "rules"


def test_one_late_step_is_one_mistake_in_the_dishs_own_words():
    _, feedback = evaluated(SERVED_FIRST)
    (mistake,) = feedback.mistakes
    assert mistake.description == "You began “do serve” before you had finished “do mix” (at 0:00)."
    assert mistake.impact == "serve needs mix."
    assert mistake.correction == "Finish “do mix” first, then begin “do serve”."
    assert mistake.priority == 1


def test_where_an_order_is_from_is_no_reason_for_it():
    steps = [step("pour"), *(step(name, "pour") for name in ("stir", "salt", "serve"))]
    made = dish(*steps, dish_id="tea")
    alike = [
        s.model_copy(
            update={
                "must_come_after": tuple(
                    e.model_copy(update={"reason": "the graph"}) for e in s.must_come_after
                )
            }
        )
        for s in made.expected_steps
    ]
    rows = [("stir", 0, 10), ("pour", 12, 30), ("salt", 32, 40), ("serve", 42, 50)]
    _, feedback = evaluated(rows, of=made.model_copy(update={"expected_steps": tuple(alike)}))
    assert feedback.mistakes[0].impact == "The dish comes out best in this order."


def test_at_most_five_mistakes_are_told_and_safety_comes_first():
    rows = [(s, a, b) for s, a, b in TEA_DONE[:1]] + [(f"x{i}", 20 + 10 * i, 25 + 10 * i) for i in range(6)]
    rows += [("serve", 200, 210)]
    judgement, feedback = evaluated(rows)
    assert len([d for d in judgement.deviations if d.cause_id is None]) > 5
    assert len(feedback.mistakes) == 5
    assert [m.priority for m in feedback.mistakes] == [1, 2, 3, 4, 5]
    assert "do boil" in feedback.mistakes[0].description
    assert feedback.mistakes[0].safety == "Keep the handle turned inwards. (A public body)"


def test_what_was_not_seen_is_no_mistake_but_a_word_on_filming():
    judgement, feedback = evaluated(without("boil"), observed=[(0, 11), (41, 90)])
    assert len(judgement.deviations) == 1
    assert feedback.mistakes == ()
    assert "not seen: “do boil”" in feedback.next_steps[0]


def test_nothing_judged_is_neither_praised_nor_blamed():
    nothing = unavailable(Analyser.ACTIONS, "no weights")
    _, feedback = evaluated([], segments_unavailable=nothing, duration_s=60)
    assert feedback.mistakes == ()
    assert feedback.encouragement.startswith("Nothing in this film could be judged")


def test_praise_names_a_step_that_was_right():
    rows = [("pour", 0, 100), ("boil", 101, 130), ("serve", 131, 240)]
    judgement, feedback = evaluated(rows)
    assert "“do boil”" in feedback.encouragement or "right order" in feedback.encouragement
    assert all(d.step_id != "boil" for d in judgement.deviations)


@pytest.mark.parametrize(
    ("rows", "word", "correction"),
    [
        (
            [*without("serve"), ("serve", 72, 200)],
            "You took too long over",
            "Keep “do serve” to 30 s at most.",
        ),
        ([*without("serve"), ("serve", 72, 73)], "too briefly", "Give “do serve” at least 5 s."),
        ([*TEA_DONE, ("pour", 90, 100)], "again (at 1:30)", "Do “do pour” once."),
        ([*TEA_DONE, ("juggle", 90, 100)], "does not ask for", "Leave it out"),
        (without("leaves"), "You left out “do leaves”.", "before “do mix”"),
    ],
)
def test_each_kind_of_mistake_has_its_words(rows, word, correction):
    _, feedback = evaluated(rows)
    (mistake,) = feedback.mistakes
    assert word in mistake.description
    assert correction in mistake.correction
    assert mistake.impact


class OneTip:
    """A store of one safety tip that notes what it was asked."""

    def __init__(self):
        self.queries = []

    def search_each(self, queries, dish_id, limit):
        self.queries += [(query, dish_id, limit) for query in queries]
        about = {"kinds": (DeviationKind.MISSING,), "steps": ("tea:leaves",)}
        found = [
            Tip(
                tip_id="t0",
                text="Mind the knife.",
                safety=True,
                source="A body",
                kinds=about["kinds"],
                steps=("tea:serve",),
            ),
            Tip(tip_id="t1", text="Mind the steam.", safety=True, source="A body", **about),
        ]
        return [found for _ in queries]


def test_tips_are_cited_by_id_and_safety_tips_word_for_word():
    tips = OneTip()
    _, feedback = evaluated(without("leaves"), tips=tips)
    (mistake,) = feedback.mistakes
    assert mistake.tip_ids == ("t1",)
    assert mistake.safety == "Mind the steam."
    assert tips.queries[0][0].startswith("missing do leaves")
    assert tips.queries[0][1] == "tea"


def test_a_step_left_out_last_time_and_done_now_is_fixed_with_its_moment():
    _, feedback = evaluated(previous=last_attempt(without("leaves")))
    assert verdicts(feedback) == [("missing", "leaves", "fixed")]
    assert feedback.follow_ups[0].evidence == "“do leaves” was done at 0:42"
    assert feedback.previous_evaluation_id == "e1"
    assert "put a mistake of the last time right" in feedback.encouragement


def test_the_same_mistake_is_repeated():
    _, feedback = evaluated(without("leaves"), previous=last_attempt(without("leaves")))
    assert verdicts(feedback) == [("missing", "leaves", "repeated")]


def test_a_step_out_of_view_is_not_fixed():
    previous = last_attempt(without("leaves"))
    _, feedback = evaluated(without("leaves"), previous=previous, observed=[(0, 41), (52, 90)])
    assert verdicts(feedback) == [("missing", "leaves", "not_seen")]


def test_leaving_a_step_out_does_not_fix_its_order_or_its_time():
    previous = last_attempt(SERVED_FIRST)
    assert verdicts(evaluated(without("serve"), previous=previous)[1]) == [
        ("out_of_order", "serve", "not_seen")
    ]
    slow = last_attempt([*without("serve"), ("serve", 72, 200)])
    assert verdicts(evaluated(without("serve"), previous=slow)[1]) == [("too_long", "serve", "not_seen")]


def test_order_and_time_done_right_are_fixed():
    (order,) = evaluated(previous=last_attempt(SERVED_FIRST))[1].follow_ups
    assert order.verdict == "fixed"
    assert order.evidence == "“do mix” came first this time, at 0:52, and “do serve” after it, at 1:12"
    slow = last_attempt([*without("serve"), ("serve", 72, 200)])
    (time,) = evaluated(previous=slow)[1].follow_ups
    assert (time.verdict, time.evidence) == ("fixed", "“do serve” took 13 s this time, which is right")


def test_order_is_not_fixed_by_doing_it_wrong_and_then_right():
    rows = [("serve", 0, 9), *((s, a + 12, b + 12) for s, a, b in TEA_DONE)]
    _, feedback = evaluated(rows, previous=last_attempt(SERVED_FIRST))
    assert verdicts(feedback) == [("out_of_order", "serve", "not_seen")]


def test_another_dish_is_never_followed_up():
    _, feedback = evaluated(previous=last_attempt(without("leaves"), dish_id="coffee"))
    assert feedback.follow_ups == ()
    assert feedback.previous_evaluation_id is None


def test_a_step_the_dish_no_longer_has_is_not_fixed():
    changed = dish(step("pour"), step("mix", "pour"), dish_id="tea")
    rows = [("pour", 0, 10), ("mix", 12, 30)]
    _, feedback = evaluated(rows, of=changed, previous=last_attempt(without("leaves")))
    assert verdicts(feedback) == [("missing", "leaves", "not_seen")]


LOW = (HeatMark(start_s=0, end_s=90, level=HeatLevel.LOW),)
GOOD = (
    HeatMark(start_s=0, end_s=18, level=HeatLevel.HIGH),
    HeatMark(start_s=18, end_s=90, level=HeatLevel.LOW),
)


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        ({"heat": LOW}, {"heat": LOW}, "repeated"),
        ({"heat": LOW}, {}, "not_seen"),
        ({"heat": LOW}, {"heat": (HeatMark(start_s=0, end_s=45, level=HeatLevel.HIGH),)}, "fixed"),
        (
            {"technique": (TechniqueMark(step_id="leaves", point_id="measured", met=False),)},
            {"technique": (TechniqueMark(step_id="leaves", point_id="measured", met=True, time_s=44),)},
            "fixed",
        ),
        (
            {"ingredients": tuple(IngredientSeen(ingredient=i, time_s=5) for i in ("water", "milk"))},
            {"ingredients": tuple(IngredientSeen(ingredient=i, time_s=5) for i in ("water", "milk", "tea"))},
            "fixed",
        ),
        (
            {"ingredients": (IngredientSeen(ingredient="ketchup", time_s=5),)},
            {"ingredients": (IngredientSeen(ingredient="water", time_s=5),)},
            "not_seen",
        ),
        (
            {"plate": PlatedDish(model=None, time_s=80, likeness=30, looks_like=None, confidence=1)},
            {"plate": PlatedDish(model=None, time_s=80, likeness=90, looks_like=None, confidence=1)},
            "fixed",
        ),
    ],
)
def test_what_was_marked_is_followed_up_by_marks_alone(then, now, verdict):
    previous = last_attempt(TEA_DONE, **then)
    assert previous.feedback.mistakes
    _, feedback = evaluated(previous=previous, **now)
    assert feedback.follow_ups[0].verdict == verdict
