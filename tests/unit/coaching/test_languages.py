"""The coach says the same, with the same numbers, in each language, and says what it has no words for."""

from __future__ import annotations

from collections import Counter
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_dishes import TEA_DONE, performance, tea

from bharatchef.coaching import PreviousAttempt, coached
from bharatchef.coaching.language_files import in_script, numbers_in, read_texts, texts_of
from bharatchef.coaching.languages import Speaker
from bharatchef.errors import KnowledgeError
from bharatchef.judgement import judge, load_thresholds
from bharatchef.observed import HeatMark, IngredientSeen, PlatedDish, TechniqueMark
from bharatchef.records import ActionSegment, Feedback
from bharatchef.scoring import load_rubric, score
from bharatchef.vocabulary import HeatLevel, Language, Span
from knowledge_base.advice import read_advice
from knowledge_base.indexing import as_tip
from knowledge_base.library import DishLibrary

OTHERS = [language for language in Language if language is not Language.ENGLISH]
ENGLISH = texts_of(Language.ENGLISH).file
DISHES = DishLibrary().list_dishes()
TIPS = [as_tip(tip) for tip in read_advice().tips]


def places(text: str) -> Counter[str]:
    return Counter(field for _, field, _, _ in Formatter().parse(text) if field is not None)


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_every_sentence_with_its_places_and_figures(language):
    file = texts_of(language).file
    assert set(file.say) == set(ENGLISH.say)
    for key, said in file.say.items():
        assert set(places(said)) == set(places(ENGLISH.say[key])), key
    for english, said in {**file.phrases, **file.safety}.items():
        assert places(said) == places(english), english
        assert numbers_in(Formatter().vformat(said, (), _Nothing())) == numbers_in(
            Formatter().vformat(english, (), _Nothing())
        ), english
    assert set(file.phrases) == set(texts_of(Language.HINDI).file.phrases)


class _Nothing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "-"


@pytest.mark.parametrize("language", OTHERS)
def test_each_built_in_dish_has_names_of_its_own_for_steps_and_ingredients_and_its_safety_rules(language):
    for dish in DISHES:
        speaker = Speaker(dish, language)
        names = [speaker.step(step.step_id) for step in dish.expected_steps]
        assert len(set(names)) == len(names), dish.dish_id
        texts = [*names, *(speaker.ingredient(i.ingredient_id) for i in dish.ingredients)]
        texts += [speaker.safety(rule.rule) for rule in dish.safety]
        assert speaker.in_english == {}, dish.dish_id
        assert all(in_script(text, language) for text in texts), dish.dish_id


POOR_PLATE = (
    "38 of 100 like the expert's plate; Spilled round the serving place; The rim and the outside are smeared"
)


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_said_of_a_plate_and_asked_of_it_is_in_the_language(language):
    for dish in DISHES:
        speaker = Speaker(dish, language)
        said = [speaker.said(dish.plating.rstrip(".")), speaker.said(POOR_PLATE)]
        said += [speaker.said(f"{remark}.") for remark in POOR_PLATE.split("; ")[1:]]
        assert speaker.in_english == {}, dish.dish_id
        assert all(in_script(text, language) for text in said), dish.dish_id
        assert "smeared" not in " ".join(said)
    speaker.said("38 of 100 like the expert's plate; The rim is smeared; A remark of a new model")
    assert speaker.in_english == {"remarks": None}


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_that_ends_in_a_name_keeps_its_stop_at_its_end(language):
    said = Speaker(DISHES[0], language).said("Likeness to the expert's plate: 62 of 100, judged by model-7.")
    assert "model-7." not in said.removesuffix(".")
    assert said.endswith(texts_of(language).file.joins.stop)


@pytest.mark.parametrize("language", OTHERS)
def test_nobody_has_reviewed_these_languages_yet_and_feedback_says_so(language):
    assert not texts_of(language).file.reviewed
    feedback = told(language, TEA_DONE)
    assert feedback.language is language
    assert not feedback.language_reviewed
    assert feedback.words_sha256 == texts_of(language).sha256
    assert told(Language.ENGLISH, TEA_DONE).language_reviewed


def test_a_dish_without_names_in_a_language_is_told_with_english_ones_and_that_is_said():
    feedback = told(Language.TAMIL, [row for row in TEA_DONE if row[0] != "leaves"])
    assert "“do leaves”" in feedback.mistakes[0].description
    assert in_script(feedback.mistakes[0].description, Language.TAMIL)
    assert "the names of steps" in feedback.in_english
    assert "the dish's own words" in feedback.in_english


def test_a_mistake_of_last_time_is_told_in_todays_language():
    rows = [row for row in TEA_DONE if row[0] != "leaves"]
    english = told(Language.ENGLISH, rows)
    judged = judge(tea(), performance(rows), load_thresholds())
    previous = PreviousAttempt("e0", "tea", judged, english)
    now = told(Language.HINDI, rows, previous=previous)
    assert [f.verdict for f in now.follow_ups] == ["repeated"]
    assert now.follow_ups[0].description == now.mistakes[0].description
    assert in_script(now.follow_ups[0].evidence, Language.HINDI)


def test_a_language_file_that_does_not_fit_says_where():
    with pytest.raises(KnowledgeError, match=r"xx.yaml, joins.stop"):
        read_texts(
            b"{language: hi, name: x, version: '1', reviewed: false, joins: {comma: a, last: b, more: c},"
            b" lengths: {seconds: s, minutes: m, hours: h}, heat: {}, say: {}}",
            "xx.yaml",
        )


@pytest.mark.parametrize(
    ("english", "hindi"),
    [
        ("it took 2 min 5 s on the heat", "इसमें आँच पर 2 मिनट 5 सेकंड लगे"),
        ("2 losses; 1 more too uncertain to cost points", "2 कटौतियाँ; 1 और इतने अनिश्चित कि अंक नहीं कटे"),
        ("“serve at once, while it steams” was begun at 0:05, “pour in the milk” only at 1:02",
         "“परोसना” 0:05 पर शुरू हुआ, “दूध डालना” तो 1:02 पर ही"),
        ("Medium heat, after steps 3 and 4", "मध्यम आँच, चरण 3 और 4 के बाद"),
        ("A sentence that nobody foresaw.", None),
    ],
)  # fmt: skip
def test_what_judging_says_in_english_is_said_in_the_language_or_not_at_all(english, hindi):
    chai = DishLibrary().get("masala-chai")
    assert Speaker(chai, Language.HINDI).phrase(english) == hindi


def test_all_that_judging_says_of_a_built_in_dish_has_words_in_each_language():
    """A sentence of the judge's that is changed without its phrase shows here."""
    chai = DishLibrary().get("masala-chai")
    rows = [(s.step_id, 20.0 * n, 20.0 * n + 2.0) for n, s in enumerate(chai.expected_steps)]
    rows[3], rows[5] = ("add-spices", 100.0, 102.0), ("simmer-tea", 60.0, 75.0)
    rows += [("serve", 300.0, 420.0), ("juggle", 430.0, 440.0)]
    del rows[7]
    heat = (HeatMark(start_s=0, end_s=440, level=HeatLevel.LOW),)
    seen = tuple(
        IngredientSeen(ingredient=i, time_s=5) for i in ("water", "milk", "ginger", "cardamom", "ketchup")
    )
    judged = judge(chai, shown(rows, heat=heat, ingredients=seen), load_thresholds())
    assert len({d.kind for d in judged.deviations}) >= 5
    for language in OTHERS:
        speaker = Speaker(chai, language)
        for deviation in judged.deviations:
            assert speaker.phrase(deviation.seen) is not None, (language, deviation.seen)


def shown(rows, **fields):
    plain = performance(TEA_DONE)
    segments = tuple(ActionSegment(step_id=s, action_type=s, start_s=a, end_s=b) for s, a, b in sorted(
        rows, key=lambda row: row[1]))  # fmt: skip
    end = max(row[2] for row in rows)
    return plain.model_copy(
        update={"segments": segments, "observed": (Span(start_s=0, end_s=end),), "duration_s": end, **fields}
    )


class FirstOfTheirKind:
    """A store that finds every tip of the dish, so that fit alone decides."""

    def search_each(self, queries, _dish_id, _limit):
        return [TIPS for _ in queries]


def told(language, rows, previous=None, of=None, **fields) -> Feedback:
    dish = of or tea()
    seen = shown(rows, **fields) if of else performance(rows, **fields)
    judged = judge(dish, seen, load_thresholds())
    card = score(dish, seen, judged, load_rubric())
    return coached("e1", dish, judged, card, seen, previous, FirstOfTheirKind(), language).feedback


def sentences(feedback: Feedback) -> list[str]:
    mistakes = [t for m in feedback.mistakes for t in (m.description, m.impact, m.correction, m.safety)]
    return [feedback.encouragement, *mistakes, *feedback.next_steps]


@st.composite
def performances(draw):
    """A dish, and a performance of it with steps left out, moved, stretched, repeated or strange."""
    dish = draw(st.sampled_from(DISHES))
    rows, at = [], 0.0
    for step in draw(
        st.permutations(dish.expected_steps) if draw(st.booleans()) else st.just(dish.expected_steps)
    ):
        for _ in range(draw(st.sampled_from([1, 1, 1, 1, 0, 2]))):
            length = draw(st.floats(1, 400).map(lambda x: round(x, 1)))
            rows.append((step.step_id, at, at + length))
            at += length + 1
    rows = rows or [(dish.expected_steps[0].step_id, 0.0, 5.0)]
    fields = {}
    if draw(st.booleans()):
        fields["heat"] = (HeatMark(start_s=0, end_s=at + 1, level=draw(st.sampled_from(list(HeatLevel)))),)
    if draw(st.booleans()):
        names = [i.ingredient_id for i in dish.ingredients]
        fields["ingredients"] = tuple(
            IngredientSeen(ingredient=i, time_s=1)
            for i in (*draw(st.lists(st.sampled_from(names), min_size=1)), "tofu")
        )
    points = [(s.step_id, p.point_id) for s in dish.expected_steps for p in s.technique]
    if points and draw(st.booleans()):
        step_id, point_id = draw(st.sampled_from(points))
        fields["technique"] = (TechniqueMark(step_id=step_id, point_id=point_id, met=False, time_s=3.0),)
    if draw(st.booleans()):
        fields["plate"] = PlatedDish(
            model=None, time_s=1, likeness=draw(st.integers(0, 100)), looks_like=None, confidence=1
        )
    return dish, rows, fields


@settings(max_examples=30, deadline=None)
@given(performances())
def test_every_language_tells_the_same_with_the_same_numbers(case):
    dish, rows, fields = case
    english = told(Language.ENGLISH, rows, of=dish, **fields)
    for language in OTHERS:
        feedback = told(language, rows, of=dish, **fields)
        assert [m.deviation_id for m in feedback.mistakes] == [m.deviation_id for m in english.mistakes]
        assert [m.tip_ids for m in feedback.mistakes] == [m.tip_ids for m in english.mistakes]
        for ours, theirs in zip(sentences(feedback), sentences(english), strict=True):
            assert numbers_in(ours) == numbers_in(theirs)


@pytest.mark.parametrize("digits", ["१२ मिनट", "௧௨ நிமிடம்", "12 min"])
def test_numbers_are_the_same_in_any_digits(digits):
    assert numbers_in(digits) == Counter({"12": 1})
