import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import (
    EVERY_KIND,
    JPEG,
    drawn,
    long_film,
    no_film,
    no_mistakes,
    nothing_assessed,
    with_parts,
)
from samples import sample_result

from bharatchef.report import render_html, stills_to_show

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "</title></style><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "&lt;b&gt; \u202egnp.exe \x00 \U0001f373",
)


class Page(HTMLParser):
    """The tags with their attributes, and the text, of one document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._style = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag):
        self._style = self._style and tag != "style"

    def handle_data(self, data):
        if not self._style:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def hostile_result(name: str):
    result = sample_result()
    dish = result.dish.model_copy(
        update={
            "name": name,
            "plating": name,
            "expected_steps": tuple(
                s.model_copy(update={"description": name}) for s in result.dish.expected_steps
            ),
            "safety": tuple(
                s.model_copy(update={"source_url": name, "source": name, "rule": name})
                for s in result.dish.safety
            ),
        }
    )
    segments = tuple(s.model_copy(update={"action_type": name}) for s in result.performance.segments)
    feedback = result.feedback.model_copy(
        update={
            "encouragement": name,
            "next_steps": (name,),
            "worded_by": name,
            "mistakes": tuple(
                m.model_copy(update={"description": name, "impact": name, "correction": name, "safety": name})
                for m in result.feedback.mistakes
            ),
        }
    )
    return with_parts(
        result,
        dish=dish,
        performance=result.performance.model_copy(
            update={
                "segments": segments,
                "notes": (name,),
                "source": result.performance.source.model_copy(update={"name": name}),
            }
        ),
        film=result.film.model_copy(update={"file_name": name, "notes": (name,), "codec": name}),
        feedback=feedback,
        judgement=result.judgement.model_copy(
            update={
                "deviations": tuple(
                    d.model_copy(update={"seen": name, "expected": name}) for d in result.judgement.deviations
                )
            }
        ),
    )


def shape(html: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(sorted(attrs))) for tag, attrs in Page(html).tags]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_changes_words_and_never_the_page(name):
    html = render_html(hostile_result(name), {})
    assert shape(html) == shape(render_html(hostile_result("tame"), {}))
    page = Page(html)
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "embed", "link", "form")]
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on") or a == "style"]
    assert "49" not in Page(render_html(hostile_result("{{ 7 * 7 }}"), {})).text.split()


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1, max_size=40).filter(str.strip))
def test_no_text_at_all_changes_the_page(name):
    assert shape(render_html(hostile_result(name), {})) == shape(render_html(hostile_result("tame"), {}))


def test_links_lead_to_web_addresses_or_into_the_page_alone():
    for address in ("javascript:alert(1)", "data:text/html,x", "http://plain.example"):
        html = render_html(hostile_result(address), {})
        links = [attrs["href"] for tag, attrs in Page(html).tags if tag == "a"]
        assert links
        assert all(link.startswith("#") for link in links)
    links = [attrs["href"] for tag, attrs in Page(render_html(sample_result(), {})).tags if tag == "a"]
    assert "https://www.fsis.usda.gov/food-safety" in links


def test_the_policy_allows_this_style_sheet_and_nothing_else():
    html = render_html(sample_result(), {})
    policy = next(attrs["content"] for tag, attrs in Page(html).tags if attrs.get("http-equiv"))
    style = re.search(r"<style>(.*?)</style>", html, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_every_id_is_used_once_and_every_reference_leads_somewhere(kind):
    page = Page(render_html(EVERY_KIND[kind](), {}))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    inner = [attrs["href"][1:] for _, attrs in page.tags if (attrs.get("href") or "").startswith("#")]
    labels = [i for _, attrs in page.tags for i in (attrs.get("aria-labelledby") or "").split()]
    fills = re.findall(r"url\(#([\w-]+)\)", render_html(EVERY_KIND[kind](), {}))
    assert set(inner) | set(labels) | set(fills) <= set(ids)


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_headings_step_down_one_at_a_time(kind):
    levels = [int(t[1]) for t, _ in Page(render_html(EVERY_KIND[kind](), {})).tags if re.fullmatch(r"h\d", t)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_a_partial_result_says_so_at_the_top():
    text = Page(render_html(sample_result(), {})).text
    said = text.index("This is a partial result. 3 of 6 categories could be assessed, 65 % of the marks.")
    assert said < text.index("Overall score")
    assert "partial result" not in Page(render_html(long_film(), {})).text


def test_score_interval_coverage_and_provisional_level_are_told():
    text = Page(render_html(sample_result(), {})).text
    for told in (
        "86.2 of 100",
        "Between 74 and 92",
        "65 % of the marks could be assessed. Weighted over step sequence, timing and heat.",
        "Level: Demi-chef , provisional until an instructor signs it off",
    ):
        assert told in text


def test_without_an_overall_the_reason_stands_where_the_score_would():
    text = Page(render_html(nothing_assessed(), {})).text
    assert "No score Only 0 % of the marks could be assessed, 40 % are needed." in text
    assert "No level is given" in text
    assert "of 100" not in text.split("How each point was lost")[0].split("Score Coach")[1]
    assert "No mistakes are named, because what was done could not be judged." in text


def test_categories_have_a_score_or_a_reason():
    text = Page(render_html(sample_result(), {})).text
    assert "Step sequence 80 One step out of order. Weight 30 %." in text
    assert "Plating not assessed No plate was shown. Weight 10 %." in text


def test_the_coachs_words_are_there_with_safety_as_it_was_written():
    result = sample_result()
    text = Page(render_html(result, {})).text
    for mistake in result.feedback.mistakes:
        assert mistake.description in text
        assert mistake.impact in text
        assert mistake.correction in text
    assert "Safety: Cook egg dishes to 71 °C." in text
    assert result.feedback.encouragement in text
    assert "Fixed The oil was cold. 18 s of heating at 0:02." in text
    assert "Not seen You left out the coriander. The film ends before it." in text


def test_a_clean_performance_is_told_that_it_is_clean():
    text = Page(render_html(no_mistakes(), {})).text
    assert "No mistakes were found in what could be judged." in text


def test_a_drawn_film_is_called_one_before_the_score():
    text = Page(render_html(drawn(), {})).text
    said = "This is a drawn film. The steps were given by the program that drew it, not seen by a model."
    assert text.index(said) < text.index("Overall score")
    assert "drawn" not in Page(render_html(sample_result(), {})).text


def test_without_a_film_what_only_a_film_can_show_is_left_out():
    html = render_html(no_film(), {})
    text = Page(html).text
    assert "No film was given" in text
    assert "<img" not in html
    assert "Frames a second" not in text
    assert "figcaption>The film at" not in html


def test_pictures_are_embedded_once_each_with_their_time():
    result = sample_result()
    shown = stills_to_show(result)
    html = render_html(result, {still.key: JPEG for still in shown})
    images = [attrs for tag, attrs in Page(html).tags if tag == "img"]
    assert len(images) == len(shown) == 3
    assert all(base64.b64decode(i["src"].removeprefix("data:image/jpeg;base64,")) == JPEG for i in images)
    assert all(i["alt"] for i in images)
    text = Page(html).text
    assert "The film at 0:25" in text
    assert "The film at 0:45" in text
    assert "The end of the film, at 1:10" in text


def test_a_picture_that_is_no_jpeg_or_is_gone_is_left_out_and_said_to_be():
    result = sample_result()
    html = render_html(result, {stills_to_show(result)[0].key: b"<svg onload=alert(1)>"})
    assert "<img" not in html
    assert "The film at 0:25: the picture was not kept." in Page(html).text


def test_what_was_not_assessed_and_what_it_hangs_on_is_told():
    result = sample_result()
    text = Page(render_html(result, {})).text
    for told in (
        "Hygiene Nothing here watches hand washing.",
        "Knife safety Nothing here watches fingers.",
        "There are no trained weights for objects. Register weights with bharatchef models add .",
        "No model looked at this film.",
        result.provenance.rubric_sha256,
        result.provenance.dish_sha256,
        result.provenance.media_sha256["front"],
        "2 places in the film could not be decoded",
        "Too dark. Switch on a lamp over the stove.",
        "29.97, variable",
        "₹0.00 before tax. On this machine: nothing was billed.",
        "12 cpu-seconds",
    ):
        assert told in text


def test_sixty_segments_stay_a_page_of_moderate_size():
    assert len(render_html(long_film(), {})) < 400_000


def test_the_same_result_gives_the_same_page():
    assert render_html(long_film(), {}) == render_html(long_film(), {})
