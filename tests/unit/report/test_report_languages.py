"""Report, Markdown and console in Hindi, Tamil and Hinglish: what is said, and what is marked English."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from report_samples import in_language, with_parts

from app.scorecard import print_scorecard
from bharatchef.coaching.language_files import in_script, numbers_in, texts_of
from bharatchef.report import render_html, scorecard_markdown
from bharatchef.report.languages import TAGS
from bharatchef.settings import load_settings
from bharatchef.vocabulary import Language

OTHERS = [language for language in Language if language is not Language.ENGLISH]
SCRIPTED = [Language.HINDI, Language.TAMIL]


class Spoken(HTMLParser):
    """The pieces of text of a page, each with the language it is marked with."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pieces: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "img", "br", "use", "rect", "line", "path", "circle"):
            before = self._open[-1][1] if self._open else ""
            self._open.append((tag, dict(attrs).get("lang") or before))

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self._open and self._open[-1][0] not in ("style", "script") and re.search("[A-Za-z]{3}", data):
            self.pieces.append((self._open[-1][1], data.strip()))


@pytest.mark.parametrize("language", OTHERS)
def test_every_fixed_sentence_of_the_templates_has_words_in_each_language(language):
    folder = files("bharatchef.report") / "templates"
    wanted = {
        sentence
        for page in folder.iterdir()
        if page.name.endswith(".html")
        for sentence in re.findall(r'\bt\("((?:[^"\\])*)"', page.read_text("utf-8"))
    }
    assert len(wanted) > 80
    assert wanted - set(texts_of(language).file.phrases) == set()


@pytest.mark.parametrize("language", OTHERS)
def test_the_page_is_marked_with_its_language_and_says_that_nobody_reviewed_it(language):
    html = render_html(in_language(language), {})
    assert f'<html lang="{TAGS[language]}">' in html
    assert "Not yet reviewed by a speaker." in html
    assert "Not yet reviewed" not in render_html(in_language(Language.ENGLISH), {})


@pytest.mark.parametrize("language", SCRIPTED)
def test_what_stays_english_on_the_page_is_marked_so(language):
    for tag, text in Spoken(render_html(in_language(language), {})).pieces:
        if tag == TAGS[language] and not in_script(text, language):
            # Names of people, files and programs are the same in any language.
            assert re.fullmatch(r"[\w.@-]+|BharatChef AI Coach.*|.*\| BharatChef", text), text


@pytest.mark.parametrize("language", OTHERS)
def test_the_page_names_fonts_for_its_script_and_loads_none(language):
    html = render_html(in_language(language), {})
    assert '"Noto Sans Devanagari"' in html
    assert '"Noto Sans Tamil"' in html
    assert "@font-face" not in html
    assert "url(http" not in html


@pytest.mark.parametrize("language", OTHERS)
def test_markdown_keeps_scores_and_numbers_and_says_what_is_english(language):
    english = scorecard_markdown(in_language(Language.ENGLISH))
    ours = scorecard_markdown(in_language(language))
    rows = [line for line in ours.splitlines() if line.startswith("| ")]
    for mine, theirs in zip(rows, [r for r in english.splitlines() if r.startswith("| ")], strict=True):
        assert numbers_in(mine) == numbers_in(theirs)
    assert "Not yet reviewed by a speaker" in ours


@pytest.mark.parametrize("language", SCRIPTED)
def test_the_console_speaks_the_language(language, capsys, tmp_path):
    print_scorecard(in_language(language), load_settings(home=tmp_path))
    shown = capsys.readouterr().out
    assert in_script(shown, language)
    assert "Practice:" not in shown
    for mistake in in_language(language).feedback.mistakes:
        assert mistake.description.split()[0] in shown


def test_a_name_cannot_inject_markup_in_any_language():
    for language in OTHERS:
        result = in_language(language)
        hostile = result.evaluation.model_copy(update={"failure_reason": ""})
        said = result.feedback.mistakes[0].model_copy(update={"description": "<b>चाय</b> {time} <script>"})
        feedback = result.feedback.model_copy(
            update={"mistakes": (said,), "encouragement": "<img src=x onerror=alert(1)>"}
        )
        html = render_html(with_parts(result, evaluation=hostile, feedback=feedback), {})
        assert "<script" not in html
        assert "<img src=x" not in html
        assert "&lt;b&gt;" in html
