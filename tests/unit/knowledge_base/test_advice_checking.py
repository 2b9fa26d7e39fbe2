"""What `bharatchef knowledge check` finds, each fault planted in tips that are otherwise sound."""

from __future__ import annotations

from collections import Counter

import pytest
from tip_samples import tip

from bharatchef.vocabulary import DeviationKind
from knowledge_base.advice import AdviceBook, read_advice
from knowledge_base.advice_checking import check_advice, possible_kinds, technique_points
from knowledge_base.library import DishLibrary

DISHES = [DishLibrary().get("masala-chai")]
ALIASES = {"en": ["weak tea"], "hi": ["फीकी चाय"], "ta": ["வெளிறிய டீ"], "hi-latn": ["feeki chai"]}
SAFE = {
    "rule": "Boil milk to 72 C.",
    "source": "A public body",
    "url": "https://example.org",
    "quote": "72 C",
}


def sound(tip_id: str = "whole", **changes):
    return tip(
        tip_id,
        **{
            "kinds": [kind for kind in DeviationKind if kind is not DeviationKind.NOT_SEEN],
            "points": technique_points(DISHES),
            "aliases": ALIASES,
            **changes,
        },
    )


def said(*tips, likeness=None):
    book = AdviceBook(version="1", sha256="0" * 64, tips=tips)
    return {(c.code, c.subject): c.message for c in check_advice(book, DISHES, likeness)}


def test_a_sound_tip_that_answers_all_is_no_concern():
    assert said(sound()) == {}
    assert said(sound(safety=SAFE)) == {}


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"dishes": ["pasta"]}, "reference", "there is no dish pasta"),
        ({"steps": ["masala-chai:juggle"]}, "reference", "there is no step masala-chai:juggle"),
        ({"actions": ["juggle"]}, "reference", "there is no action juggle"),
        ({"ingredients": ["truffle"]}, "reference", "there is no ingredient of a dish truffle"),
        ({"ingredients": ["milk", "milk"]}, "reference", "names one of its ingredients twice"),
        ({"correction": "Heat it to 74 °C and hold it there."}, "source", "Heat it to 74 °"),
        ({"correction": "Heat it to 74 C and hold it there."}, "source", "temperature without a source"),
        ({"why": "At room temperature for 2 hours it goes off."}, "source", "time for keeping food safe"),
        ({"why": "Salmonella lives in raw eggs of all kinds."}, "source", "makes people ill"),
        ({"safety": {**SAFE, "quote": ""}}, "figure", "no quote of the source"),
        ({"safety": SAFE, "correction": "Bring it to 60 C at least."}, "figure", "does not: 60"),
        ({"safety": SAFE, "severity": "low"}, "text", "its severity is low"),
        ({"mistake": "The tea went in without a boil"}, "text", "mistake does not end as a sentence"),
        ({"aliases": {**ALIASES, "ta": []}}, "alias", "no alias in ta"),
        ({"aliases": {**ALIASES, "hi": ["feeki chai"]}}, "alias", "'feeki chai' is not in that script"),
        ({"aliases": {**ALIASES, "en": ["weak tea", "Weak tea"]}}, "alias", "twice in en"),
    ],
)
def test_a_planted_fault_is_named_with_its_tip(change, code, message):
    found = said(sound(), sound("faulty", **change)) if "points" not in change else {}
    assert message in found[(code, "faulty")]
    assert {key for key in found if key[0] == code} == {(code, "faulty")}


def test_a_figure_without_danger_needs_no_source():
    assert said(sound(correction="Boil it for 3 minutes and strain it.")) == {}


HINDI = {
    "mistake": "चाय पत्ती जल्दी डाल दी।",
    "why": "पानी 2 मिनट और उबलना था।",
    "correction": "पानी को पूरा उबलने दीजिए।",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"why": "पानी 3 मिनट और उबलना था।"}, "expected ['2']"),
        ({"why": "पानी ३ मिनट और उबलना था।"}, "other figures"),
        ({"mistake": "The tea went in too soon."}, "not in that script"),
        ({"safety": "दूध को 72 C तक उबालें।"}, "a safety rule that the tip does not have"),
    ],
)
def test_a_translation_that_strays_is_named(change, message):
    why = "The water needed 2 minutes more to boil."
    right = sound(why=why, texts={"hi": HINDI})
    assert said(right) == {}
    assert said(sound(why=why, texts={"hi": {**HINDI, "why": "पानी २ मिनट और उबलना था।"}})) == {}
    wrong = sound(why=why, texts={"hi": {**HINDI, **change}})
    assert message in said(wrong)[("translation", "whole")]


def test_a_translation_keeps_the_safety_rule_and_its_figures():
    text = {**HINDI, "why": "कच्चा दूध ठीक नहीं होता।"}
    assert "lacks the safety rule" in said(sound(safety=SAFE, texts={"hi": text}))[("translation", "whole")]
    wrong = sound(safety=SAFE, texts={"hi": {**text, "safety": "दूध को 62 C तक उबालें।"}})
    assert "other figures" in said(wrong)[("translation", "whole")]


def test_what_no_tip_answers_is_named():
    only = sound(kinds=["missing"], points=technique_points(DISHES)[1:])
    found = said(only)
    assert found[("uncovered", technique_points(DISHES)[0])] == "no tip answers this technique point"
    lacking = {m for (code, of), m in found.items() if (code, of) == ("uncovered", "masala-chai")}
    assert len(lacking) == 1
    everything = check_advice(AdviceBook(version="1", sha256="0" * 64, tips=(only,)), DISHES)
    kinds = [c.message for c in everything if c.subject == "masala-chai"]
    assert len(kinds) == len(possible_kinds(DISHES[0])) - 1


def test_a_cold_dish_cannot_be_heated_wrongly():
    assert DeviationKind.WRONG_HEAT in possible_kinds(DISHES[0])
    assert DeviationKind.WRONG_HEAT not in possible_kinds(DishLibrary().get("cucumber-raita"))


def test_the_same_tip_in_other_words_is_a_double():
    one = sound("one", mistake="The milk was poured in before the tea had drawn its colour.",
                why="Milk slows the drawing of the leaf, and the tea stays pale and weak.",
                correction="Wait until the water is dark red-brown, and pour the milk in then.")  # fmt: skip
    two = sound("two", mistake="The milk was poured in before the tea had got its colour.",
                why="Milk slows the drawing of the leaf, and so the tea stays pale and weak.",
                correction="Wait until the water is dark red-brown, then pour the milk in.")  # fmt: skip
    assert "nearly the same as two" in said(one, two)[("double", "one")]
    assert said(one, sound()) == {}
    near = said(one, sound(), likeness=lambda *_: 0.99)
    assert "means nearly the same as whole" in near[("double", "one")]
    shared = said(one, sound("three", why=one.why))
    assert "shares a sentence with three" in shared[("double", "one")]


def test_the_tips_of_the_program_are_sound():
    concerns = check_advice(read_advice(), DishLibrary().list_dishes())
    assert Counter(concern.code for concern in concerns) == {}, "\n".join(str(c) for c in concerns[:20])
