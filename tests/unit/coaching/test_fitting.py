"""A tip's words are used only where it is about the mistake that was made."""

from __future__ import annotations

import pytest
from deviations_of_dishes import deviation
from judging_dishes import TEA_DONE, performance, tea

from bharatchef.coaching import coached
from bharatchef.coaching.fitting import Fit, fit_of, fitting
from bharatchef.judgement import judge, load_thresholds
from bharatchef.observed import HeatMark
from bharatchef.ports import Tip, TipText
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import DeviationKind, HeatLevel, Language
from knowledge_base.advice import read_advice
from knowledge_base.indexing import as_tip
from knowledge_base.library import DishLibrary

CHAI = DishLibrary().get("masala-chai")
ALL_TIPS = [as_tip(tip) for tip in read_advice().tips]


def tip(**given):
    base = {
        "kinds": (DeviationKind.MISSING,),
        "why": "It matters.",
        "correction": "Do it.",
        "mistake": "Left out.",
    }
    return Tip("t1", "Do it.", False, "us", **{**base, **given})


LEFT_OUT = deviation(DeviationKind.MISSING, "add-sugar")
SWAPPED = deviation(DeviationKind.OUT_OF_ORDER, "add-milk", "simmer-tea", "begun too early")
TIMES = (DeviationKind.TOO_SHORT,)
TOO_SHORT = deviation(DeviationKind.TOO_SHORT, "simmer-tea")
ORDER = (DeviationKind.OUT_OF_ORDER,)
PLATE = deviation(DeviationKind.POOR_PLATING)
PLATING = (DeviationKind.POOR_PLATING,)


@pytest.mark.parametrize(
    ("given", "about", "fit"),
    [
        ({"steps": ("masala-chai:add-sugar",)}, LEFT_OUT, Fit.EXACT),
        ({"steps": ("masala-chai:add-milk",)}, LEFT_OUT, Fit.NONE),
        ({"steps": ("poha:add-salt", "masala-chai:add-sugar", "masala-chai:strain")}, LEFT_OUT, Fit.EXACT),
        ({"steps": ("masala-chai:strain", "masala-chai:add-sugar")}, LEFT_OUT, Fit.NONE),
        ({"steps": ("masala-chai:add-sugar",), "actions": ("rinse",)}, LEFT_OUT, Fit.NONE),
        ({"steps": ("kheer:add-sugar",)}, LEFT_OUT, Fit.NONE),
        ({"kinds": (DeviationKind.TOO_LONG,), "steps": ("masala-chai:add-sugar",)}, LEFT_OUT, Fit.NONE),
        ({"dishes": ("poha",)}, LEFT_OUT, Fit.NONE),
        ({"dishes": ("masala-chai",)}, LEFT_OUT, Fit.GENERAL),
        ({"actions": ("add",)}, LEFT_OUT, Fit.NONE),
        ({"kinds": TIMES, "actions": ("simmer",)}, TOO_SHORT, Fit.GENERAL),
        ({"kinds": TIMES, "actions": ("fry",)}, TOO_SHORT, Fit.NONE),
        ({"kinds": TIMES, "actions": ("simmer",), "ingredients": ("onion",)}, TOO_SHORT, Fit.NONE),
        ({"actions": ("fry",)}, LEFT_OUT, Fit.NONE),
        ({"actions": ("add",), "ingredients": ("onion",)}, LEFT_OUT, Fit.NONE),
        ({"kinds": ORDER, "steps": ("masala-chai:add-milk", "masala-chai:simmer-tea")}, SWAPPED, Fit.EXACT),
        ({"kinds": ORDER, "steps": ("masala-chai:add-milk", "masala-chai:strain")}, SWAPPED, Fit.NONE),
        (
            {
                "kinds": ORDER,
                "steps": ("masala-chai:strain", "masala-chai:add-milk", "masala-chai:simmer-tea"),
            },
            SWAPPED,
            Fit.NONE,
        ),
        ({"kinds": (*TIMES, *ORDER), "steps": ("masala-chai:simmer-tea",)}, TOO_SHORT, Fit.EXACT),
        (
            {"kinds": (*TIMES, *ORDER), "steps": ("masala-chai:add-milk", "masala-chai:simmer-tea")},
            TOO_SHORT,
            Fit.NONE,
        ),
        (
            {"kinds": TIMES, "steps": ("masala-chai:add-milk", "masala-chai:simmer-tea")},
            TOO_SHORT,
            Fit.EXACT,
        ),
        ({"kinds": ()}, LEFT_OUT, Fit.NONE),
        ({"kinds": PLATING, "steps": ("masala-chai:strain",), "actions": ("strain",)}, PLATE, Fit.EXACT),
        ({"kinds": PLATING, "steps": ("kheer:serve",), "dishes": ("kheer",)}, PLATE, Fit.NONE),
        ({"kinds": PLATING, "actions": ("plate",)}, PLATE, Fit.GENERAL),
    ],
)
def test_a_tip_fits_by_its_kinds_dishes_steps_actions_and_ingredients(given, about, fit):
    assert fit_of(tip(**given), about, CHAI) is fit


@pytest.mark.parametrize(
    ("mistake", "seen", "fits"),
    [
        ("The flame is far too high under the brew.", "high", True),
        ("The flame is far too high under the brew.", "low", False),
        ("The tea sits on a low flame and never draws.", "low", True),
        ("The tea sits on a low flame and never draws.", "high", False),
        ("The heat is never looked at.", "high", False),
        ("The leaves went in before the water was hot.", "high", False),
        ("The leaves went in before the water was hot.", "low", True),
        ("The pan was not yet hot.", "low", True),
    ],
)
def test_advice_against_a_high_flame_is_not_for_a_low_one(mistake, seen, fits):
    about = deviation(DeviationKind.WRONG_HEAT, "simmer-tea", subject=seen)
    given = tip(kinds=(DeviationKind.WRONG_HEAT,), steps=("masala-chai:simmer-tea",), mistake=mistake)
    assert (fit_of(given, about, CHAI) is not Fit.NONE) is fits


def test_a_tip_on_both_times_fits_the_one_that_it_warns_of():
    both = (DeviationKind.TOO_LONG, DeviationKind.TOO_SHORT)
    given = tip(
        kinds=both, steps=("masala-chai:simmer-tea",), mistake="The tea is boiled too long, until bitter."
    )
    assert fit_of(given, deviation(DeviationKind.TOO_LONG, "simmer-tea"), CHAI) is Fit.EXACT
    assert fit_of(given, deviation(DeviationKind.TOO_SHORT, "simmer-tea"), CHAI) is Fit.NONE


def test_a_technique_point_takes_its_own_tip_alone():
    about = deviation(DeviationKind.POOR_TECHNIQUE, "simmer-tea", subject="dark-before-milk")
    kinds = (DeviationKind.POOR_TECHNIQUE,)
    mine = tip(kinds=kinds, points=("masala-chai:simmer-tea:dark-before-milk",))
    other = tip(kinds=kinds, points=("masala-chai:boil-water:rolling-boil",))
    assert fit_of(mine, about, CHAI) is Fit.EXACT
    assert fit_of(other, about, CHAI) is Fit.NONE


def test_the_better_fit_comes_first_and_each_tip_once():
    exact, general = tip(steps=("masala-chai:add-sugar",)), tip(dishes=("masala-chai",))
    general = Tip(**{**general.__dict__, "tip_id": "t2"})
    found = fitting([general, exact, general], LEFT_OUT, CHAI, 2)
    assert [(f.tip.tip_id, f.fit) for f in found] == [("t1", Fit.EXACT), ("t2", Fit.GENERAL)]


@pytest.mark.parametrize("dish", DishLibrary().list_dishes(), ids=lambda dish: dish.dish_id)
def test_no_tip_of_ours_fits_a_step_or_a_dish_that_it_does_not_name(dish):
    for step in dish.expected_steps:
        about = deviation(DeviationKind.MISSING, step.step_id)
        for one in ALL_TIPS:
            if fit_of(one, about, dish) is Fit.EXACT:
                assert DeviationKind.MISSING in one.kinds
                named = {*one.steps, *(point.rpartition(":")[0] for point in one.points)}
                assert f"{dish.dish_id}:{step.step_id}" in named


class Store:
    """A store that finds the same tips for any question."""

    def __init__(self, *tips):
        self.tips = tips

    def search_each(self, queries, _dish_id, limit):
        return [self.tips[:limit] for _ in queries]


def told(tips, language=Language.ENGLISH, rows=None, **fields):
    given = performance(rows or TEA_DONE, **fields)
    judged = judge(tea(), given, load_thresholds())
    card = score(tea(), given, judged, load_rubric())
    return coached("e", tea(), judged, card, given, None, Store(*tips), language)


def test_a_nearest_find_that_does_not_fit_is_neither_quoted_nor_cited():
    low = (HeatMark(start_s=0, end_s=90, level=HeatLevel.LOW),)
    kinds, steps = (DeviationKind.WRONG_HEAT,), ("tea:boil",)
    words = {"mistake": "The flame is too high.", "correction": "Turn the flame down at once."}
    against_high = tip(kinds=kinds, steps=steps, **words)
    (mistake,) = told([against_high], heat=low).feedback.mistakes
    assert mistake.tip_ids == ()
    assert "Turn the flame down" not in mistake.correction


def test_the_words_of_a_tip_in_another_language_keep_the_numbers_or_stay_english():
    rows = [row for row in TEA_DONE if row[0] != "leaves"]
    given = {"steps": ("tea:leaves",), "why": "It needs 2 spoons.", "correction": "Measure 2 spoons."}
    right = TipText("छूट गया।", "इसमें 2 चम्मच चाहिए।", "2 चम्मच नापें।", reviewed=True)
    wrong = TipText("छूट गया।", "इसमें 3 चम्मच चाहिए।", "चम्मच नापें।")
    ours = told([tip(**given, texts={"hi": right})], Language.HINDI, rows).feedback
    assert ours.mistakes[0].correction == right.correction
    assert ours.mistakes[0].tip_ids == ("t1",)
    assert "cooking tips" not in ours.in_english
    other = told([tip(**given, texts={"hi": wrong})], Language.HINDI, rows).feedback
    assert other.mistakes[0].correction == given["correction"]
    assert "cooking tips" in other.in_english
    assert not ours.language_reviewed


def test_a_tip_for_every_dish_is_cited_but_says_nothing_of_this_one():
    rows = [row for row in TEA_DONE if row[0] != "leaves"]
    everywhere = tip(why="Most dishes need a dry pan first.", correction="Read the steps aloud.")
    (mistake,) = told([everywhere], rows=rows).feedback.mistakes
    assert mistake.tip_ids == ("t1",)
    assert "dry pan" not in mistake.impact
    assert "Read the steps" not in mistake.correction
