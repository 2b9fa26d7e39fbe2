"""How words of four ways of writing become terms."""

from __future__ import annotations

import sqlite3
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.local.tip_file import TOKENIZER
from knowledge_base.terms import Terms, language_of, sound, stem, terms


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("onions", "onion"),
        ("burnt", "burning"),
        ("burned", "burns"),
        ("stirring", "stirred"),
        ("frying", "fried"),
        ("leaves", "leaf"),
        ("evenly", "even"),
        ("crunchy", "crunch"),
        ("chilly", "chillies"),
        ("blender", "mixer"),
        ("प्याज़", "प्याज"),
        ("प्याजों", "प्याज"),
        ("पकाना", "पकाने"),
        ("मसाले", "मसालों"),
        ("आँच", "आंच"),
        ("வெங்காயம்", "வெங்காயத்தை"),
        ("கருகியது", "கருகிவிட்டது"),
        ("பால்", "பால"),
    ],
)
def test_forms_of_a_word_are_one_term(one, two):
    assert terms(one).stems == terms(two).stems != ()


@pytest.mark.parametrize(
    ("one", "two"),
    [("salt", "salad"), ("जल", "चल"), ("दाल", "दूध"), ("பால்", "பழம்"), ("press", "presto"), ("glass", "glad")],
)
def test_words_that_differ_stay_apart(one, two):
    assert terms(one).stems != terms(two).stems


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("pyaaz", "pyaz"),
        ("pyaaz", "pyaj"),
        ("chaawal", "chawal"),
        ("zeera", "jeera"),
        ("jira", "jeera"),
        ("adrakh", "adrak"),
        ("doodh", "dudh"),
        ("thoda", "toda"),
        ("kadwa", "kadva"),
        ("phool", "fool"),
        ("sabzi", "sabji"),
        ("paanee", "pani"),
    ],
)
def test_spellings_of_one_sound_are_one(one, two):
    assert sound(one) == sound(two)


@pytest.mark.parametrize(
    ("one", "two"), [("dal", "dil"), ("namak", "nimbu"), ("tel", "tal"), ("jeera", "hari")]
)
def test_sounds_that_differ_stay_apart(one, two):
    assert sound(one) != sound(two)


def test_words_that_say_nothing_are_left_out():
    assert terms("the of and, was it?") == Terms((), ())
    assert terms("mera ho gaya hai") == Terms((), ())
    assert terms("मेरा हो गया है") == Terms((), ())
    assert terms("") == Terms((), ())
    assert terms("My onions WERE burnt!").stems == ("onion", "burn")


def test_only_latin_words_have_a_sound():
    assert terms("pyaaz प्याज़ வெங்காயம் jal").sounds == ("pyaj", "jal")


@pytest.mark.parametrize("text", ["प्याज़ जल गया", "வெங்காயம் கருகிவிட்டது", "crème", "तड़का", "கொத்தமல்லி"])
def test_how_marks_are_encoded_changes_nothing(text):
    composed, apart = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert terms(composed) == terms(apart)


@given(st.text(max_size=60))
def test_any_text_has_terms_and_they_are_words(text):
    found = terms(text)
    assert all(term and not any(sign.isspace() for sign in term) for term in (*found.stems, *found.sounds))
    assert terms(text) == found


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
def test_a_latin_word_keeps_something(word):
    assert stem(word)
    assert sound(stem(word))


@pytest.mark.parametrize(
    "word", ["जला", "प्याज", "क्षेत्र", "कड़ाही", "வெங்காயம்", "கொதி", "கொத்தமல்லி", "pyaaz", "74"]
)
def test_sqlite_leaves_words_with_marks_whole(word):
    base = sqlite3.connect(":memory:")
    base.execute(f'CREATE VIRTUAL TABLE words USING fts5(text, tokenize = "{TOKENIZER}")')
    base.execute("CREATE VIRTUAL TABLE held USING fts5vocab(words, 'row')")
    base.execute("INSERT INTO words VALUES (?)", (word,))
    assert [row[0] for row in base.execute("SELECT term FROM held")] == [word]


def test_sqlites_own_tokenizer_would_cut_them():
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
    base.execute("CREATE VIRTUAL TABLE held USING fts5vocab(words, 'row')")
    base.execute("INSERT INTO words VALUES ('வெங்காயம்')")
    assert [row[0] for row in base.execute("SELECT term FROM held")] != ["வெங்காயம்"]


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("why did my onions burn", "en"),
        ("You left out “rinse the rice”.", "en"),
        ("onions", "en"),
        ("mera pyaz kyon jal gaya", "hi-latn"),
        ("chawal me paani zyada ho gaya", "hi-latn"),
        ("प्याज क्यों जल गया", "hi"),
        ("வெங்காயம் ஏன் கருகியது", "ta"),
        ("", "en"),
    ],
)
def test_the_language_of_a_question_is_told_by_its_script_and_small_words(question, language):
    assert language_of(question) == language
