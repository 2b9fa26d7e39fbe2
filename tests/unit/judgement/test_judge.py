"""What judging says of small performances whose truth is plain."""

from __future__ import annotations

import pytest
from judging_dishes import TEA_DONE, dish, performance, step, tea, unavailable

from bharatchef.errors import KnowledgeError
from bharatchef.judgement import judge, load_thresholds
from bharatchef.judgement.thresholds import parse_thresholds
from bharatchef.observed import Analyser, HeatMark, IngredientSeen, PlatedDish, TechniqueMark
from bharatchef.records import DurationRange, OrderEdge
from bharatchef.vocabulary import Category, DeviationKind, HeatLevel

THRESHOLDS = load_thresholds()
K = DeviationKind


def kinds(judgement):
    return sorted((str(d.kind), d.step_id) for d in judgement.deviations)


def without(step_id, rows=TEA_DONE):
    return [row for row in rows if row[0] != step_id]


def test_a_correct_performance_has_no_deviation():
    judgement = judge(tea(), performance(TEA_DONE), THRESHOLDS)
    assert judgement.deviations == ()
    assert judgement.sequence_accuracy == 1.0
    assert judgement.matches == (
        ("pour", 0),
        ("warm-milk", 2),
        ("boil", 1),
        ("leaves", 3),
        ("mix", 4),
        ("serve", 5),
    )
    assert judgement.assessable[Category.STEP_SEQUENCE] == ""
    assert judgement.assessable[Category.HEAT] == "nobody looked"
    assert judgement.thresholds_sha256 == THRESHOLDS.sha256


def test_a_step_left_out_in_full_view_is_missing_with_the_stretch_where_it_belongs():
    judgement = judge(tea(), performance(without("boil")), THRESHOLDS)
    (missing,) = judgement.deviations
    assert (missing.kind, missing.step_id, missing.safety_id) == (K.MISSING, "boil", "hot-water")
    assert (missing.span.start_s, missing.span.end_s) == (10, 42)
    assert missing.confidence > 0.6


def test_a_step_is_more_surely_missing_where_no_time_was_left_for_it():
    pressed = [("pour", 0, 10), ("warm-milk", 5, 12), ("leaves", 12, 20), ("mix", 21, 40), ("serve", 41, 50)]
    roomy, tight = (judge(tea(), performance(rows), THRESHOLDS) for rows in (without("boil"), pressed))
    assert kinds(roomy) == kinds(tight) == [("missing", "boil")]
    assert tight.deviations[0].confidence > 0.9 > roomy.deviations[0].confidence


def test_a_step_is_not_seen_where_the_film_does_not_show_the_time_it_belongs_in():
    observed = [(0, 11), (41, 90)]
    judgement = judge(tea(), performance(without("boil"), observed=observed), THRESHOLDS)
    assert kinds(judgement) == [("not_seen", "boil")]


def test_a_dark_stretch_elsewhere_does_not_excuse_a_step_left_out():
    observed = [(0, 60), (80, 90)]
    judgement = judge(tea(), performance(without("boil"), observed=observed), THRESHOLDS)
    assert kinds(judgement) == [("missing", "boil")]


def test_a_model_that_is_unsure_of_the_rest_does_not_call_a_step_missing():
    judgement = judge(tea(), performance(without("boil"), kind="action_model", confidence=0.8), THRESHOLDS)
    assert kinds(judgement) == [("not_seen", "boil")]


def test_a_step_that_the_source_could_not_have_named_is_not_seen():
    judgement = judge(tea(), performance(without("boil"), unrecognisable_steps=("boil",)), THRESHOLDS)
    assert kinds(judgement) == [("not_seen", "boil")]


def test_one_step_far_too_early_is_one_cause_and_the_rest_follow_from_it():
    rows = [("serve", 0, 10), *((s, a + 12, b + 12) for s, a, b in without("serve"))]
    judgement = judge(tea(), performance(rows), THRESHOLDS)
    causes = [d for d in judgement.deviations if d.cause_id is None]
    assert [(d.kind, d.step_id) for d in causes] == [(K.OUT_OF_ORDER, "serve")]
    assert {d.cause_id for d in judgement.deviations if d.cause_id} == {causes[0].deviation_id}
    assert [d.step_id for d in judgement.deviations] == ["serve", "mix"]
    assert judgement.sequence_accuracy == pytest.approx(5 / 6)
    assert "serve needs mix." in causes[0].expected_source


def test_two_steps_side_by_side_are_in_no_wrong_order():
    rows = [*without("boil", without("leaves")), ("boil", 15, 45), ("leaves", 14, 40)]
    assert judge(tea(), performance(rows), THRESHOLDS).deviations == ()


def test_a_step_done_twice_is_repeated_and_the_one_in_its_place_counts():
    rows = [("mix", 0, 10), *((s, a + 12, b + 12) for s, a, b in TEA_DONE)]
    judgement = judge(tea(), performance(rows), THRESHOLDS)
    assert kinds(judgement) == [("repeated", "mix")]
    assert judgement.deviations[0].segments == (0,)


def test_pieces_of_one_step_a_moment_apart_are_one_step():
    rows = [*without("mix"), ("mix", 52, 58), ("mix", 60, 70)]
    assert judge(tea(), performance(rows), THRESHOLDS).deviations == ()


def test_what_is_no_step_of_the_dish_is_extra():
    judgement = judge(tea(), performance([*TEA_DONE, ("juggle", 86, 90)]), THRESHOLDS)
    (extra,) = judgement.deviations
    assert (extra.kind, extra.step_id, extra.subject) == (K.EXTRA, None, "juggle")


@pytest.mark.parametrize(
    ("end_s", "expected"),
    [(71, []), (81, []), (84, []), (130, [("too_long", "mix")]), (53, [("too_short", "mix")]), (58, [])],
)
def test_durations_are_judged_against_the_range(end_s, expected):
    rows = [*without("serve", without("mix")), ("mix", 52, end_s), ("serve", 131, 140)]
    assert kinds(judge(tea(), performance(rows), THRESHOLDS)) == expected


def test_required_times_are_met_one_by_one_and_a_missed_first_time_is_the_first():
    twice = dish(
        step("stir", OrderEdge(step_id="heat", reason="", times=(1, 1)),
             OrderEdge(step_id="heat", reason="", times=(2, 2)), required_count=2),
        step("heat", OrderEdge(step_id="stir", reason="", times=(1, 2)), required_count=2),
        step("serve", "stir"),
    )  # fmt: skip
    done = [("heat", 0, 10), ("stir", 11, 20), ("heat", 21, 30), ("stir", 31, 40), ("serve", 41, 50)]
    assert judge(twice, performance(done), THRESHOLDS).deviations == ()
    judgement = judge(twice, performance([done[0], *done[2:]]), THRESHOLDS)
    assert [(d.kind, d.step_id, d.subject) for d in judgement.deviations] == [(K.MISSING, "stir", "1")]
    assert ("stir", 2) in judgement.matches


def test_an_optional_step_may_be_left_out_but_not_done_at_the_wrong_time():
    with_salt = dish(
        step("boil"), step("salt", "boil", optional=True), step("serve", "salt"), step("eat", "serve")
    )
    rows = [("boil", 0, 10), ("serve", 20, 30), ("eat", 31, 40)]
    assert judge(with_salt, performance(rows), THRESHOLDS).deviations == ()
    late = judge(with_salt, performance([*rows, ("salt", 45, 50)]), THRESHOLDS)
    assert {d.kind for d in late.deviations} == {K.OUT_OF_ORDER}


def test_wrong_heat_names_what_it_was_and_is_judged_only_where_it_is_known():
    marks = (
        HeatMark(start_s=0, end_s=30, level=HeatLevel.LOW),
        HeatMark(start_s=30, end_s=90, level=HeatLevel.HIGH),
    )
    judgement = judge(tea(), performance(TEA_DONE, heat=marks), THRESHOLDS)
    assert [(d.step_id, d.subject) for d in judgement.deviations] == [("boil", "low")]
    unknown = judge(tea(), performance(TEA_DONE, heat=marks[:0]), THRESHOLDS)
    assert unknown.assessable[Category.HEAT].startswith("the heat is not known")


def test_ingredients_left_out_or_foreign_are_told_and_aliases_are_known():
    def seen(*names):
        return tuple(IngredientSeen(ingredient=n, time_s=5.0 + i) for i, n in enumerate(names))

    def judged(*names, **fields):
        given = performance(TEA_DONE, ingredients=seen(*names), **fields)
        return [(str(d.kind), d.subject) for d in judge(tea(), given, THRESHOLDS).deviations]

    assert judged("water", "Chai Patti", "milk") == []
    assert judged("water", "milk", "ketchup") == [
        ("wrong_ingredient", "ketchup"),
        ("wrong_ingredient", "tea"),
    ]
    assert judged("water", "milk", kind="action_model") == [("not_seen", "tea")]
    assert judged("water", "milk", unrecognisable_ingredients=("tea",)) == [("not_seen", "tea")]
    # A detector saw them while a person marked the steps: what it did not see need not have been left out.
    assert judged("water", "milk", foreign_true=1.0) == [("not_seen", "tea")]


def test_what_a_detector_takes_for_something_else_accuses_nobody():
    seen = tuple(IngredientSeen(ingredient=n, time_s=5, confidence=0.9) for n in ("water", "milk", "ketchup"))
    for known, least, most in ((1.0, 0.9, 0.9), (0.03, 0.0, 0.03)):
        given = performance(TEA_DONE, ingredients=seen, foreign_true=known)
        found = judge(tea(), given, THRESHOLDS).deviations
        (ketchup,) = (d for d in found if d.subject == "ketchup")
        assert least <= ketchup.confidence <= most
    little = performance(TEA_DONE, ingredients=seen[:1], foreign_true=1.0)
    told = judge(tea(), little, THRESHOLDS)
    assert told.deviations == ()
    assert told.assessable[Category.VISUAL] == "only 1 of this dish's 3 ingredients were recognised"


def test_a_technique_point_marked_as_not_met_is_told_with_its_reason():
    marks = (TechniqueMark(step_id="leaves", point_id="measured", met=False, time_s=45, remark="two spoons"),)
    (poor,) = judge(tea(), performance(TEA_DONE, technique=marks), THRESHOLDS).deviations
    assert (poor.kind, poor.subject, poor.seen) == (K.POOR_TECHNIQUE, "measured", "two spoons")
    assert "Too many are bitter." in poor.expected_source


@pytest.mark.parametrize(("likeness", "poor"), [(85.0, False), (70.0, False), (40.0, True)])
def test_the_plate_is_judged_by_its_likeness(likeness, poor):
    plate = PlatedDish(model=None, time_s=80, likeness=likeness, looks_like=None, confidence=0.9)
    judgement = judge(tea(), performance(TEA_DONE, plate=plate), THRESHOLDS)
    assert [d.kind for d in judgement.deviations] == ([K.POOR_PLATING] if poor else [])


def test_remarks_on_the_plate_stand_within_one_sentence():
    remarks = ("The rim is smeared.", "spilled")
    plate = PlatedDish(model=None, time_s=80, likeness=40.0, looks_like=None, confidence=0.9, remarks=remarks)
    (poor,) = judge(tea(), performance(TEA_DONE, plate=plate), THRESHOLDS).deviations
    assert poor.seen == "40 of 100 like the expert's plate; The rim is smeared; spilled"


def test_nothing_recognised_is_a_stated_partial_result():
    nothing = unavailable(Analyser.ACTIONS, "no trained weights are installed")
    judgement = judge(tea(), performance([], segments_unavailable=nothing, duration_s=60), THRESHOLDS)
    assert judgement.deviations == ()
    assert judgement.sequence_accuracy is None
    assert judgement.assessable[Category.STEP_SEQUENCE] == "no trained weights are installed"
    assert judgement.assessable[Category.TIMING] == "no trained weights are installed"


def test_an_empty_performance_is_not_a_list_of_missing_steps():
    judgement = judge(tea(), performance([], duration_s=60), THRESHOLDS)
    assert judgement.deviations == ()
    assert judgement.assessable[Category.STEP_SEQUENCE] == "no step of this dish was recognised in the film"


def test_a_film_of_another_dish_is_told_from_a_badly_cooked_one():
    rows = [("pour", 0, 10), ("knead", 12, 60), ("roll", 62, 90), ("fry", 91, 120)]
    judgement = judge(tea(), performance(rows), THRESHOLDS)
    assert "another dish" in judgement.assessable[Category.STEP_SEQUENCE]
    assert judgement.deviations == ()


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ((step("a", "b"), step("b", "a")), "circle"),
        ((step("a", "z"),), "no step of this dish"),
        ((step("a"), step("a")), "two steps named"),
        ((step("a"), step("b", OrderEdge(step_id="a", reason="", times=(2, 1)))), "not done so often"),
    ],
)
def test_a_dish_whose_order_makes_no_sense_is_an_error_that_names_it(steps, word):
    with pytest.raises(KnowledgeError, match=word):
        judge(dish(*steps), performance([("a", 0, 1)]), THRESHOLDS)


def test_a_dish_without_durations_has_no_timing():
    plain = dish(step("a", duration=None), step("b", "a", duration=None))
    judgement = judge(plain, performance([("a", 0, 1), ("b", 2, 3)]), THRESHOLDS)
    assert judgement.assessable[Category.TIMING] == "no step that was seen has a duration in this dish"


def test_long_tea_with_one_late_step_is_judged_in_a_blink():
    import time

    steps = [step("s0"), *(step(f"s{i}", f"s{i - 1}", duration=DurationRange(min_s=1, max_s=20, source="x"))
                           for i in range(1, 60))]  # fmt: skip
    rows = [(f"s{i}", i * 10.0, i * 10.0 + 9) for i in range(60)]
    backwards = [(name, a, b) for (_, a, b), (name, _, _) in zip(rows, reversed(rows), strict=True)]
    began = time.perf_counter()
    worst = judge(dish(*steps), performance(backwards), THRESHOLDS)
    assert time.perf_counter() - began < 1.0
    assert sum(d.cause_id is None for d in worst.deviations) == 59


@pytest.mark.parametrize(
    ("data", "word"), [(b"[1", "not YAML"), (b"- 1", "expected a mapping"), (b"version: '1'", "order")]
)
def test_broken_thresholds_are_named(data, word):
    with pytest.raises(KnowledgeError, match=word):
        parse_thresholds(data, "mine.yaml")
