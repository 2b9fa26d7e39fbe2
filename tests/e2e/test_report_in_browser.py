"""The report as people meet it: in a browser, light and dark, wide and narrow, on paper, by keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from report_samples import EVERY_KIND, JPEG, long_film

from bharatchef.report import render_html, stills_to_show

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1200, "height": 900}
PHONE = {"width": 360, "height": 740}

Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium with a profile of its own."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed here: the report is not looked at in a browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path) -> Iterator[Opened]:
    """Opens a kind of report from its file and notes what the page asks for and complains of."""
    contexts = []

    def open_(
        kind: str, scheme: str = "light", viewport: dict[str, int] = DESKTOP, details: bool = True
    ) -> Page:
        result = EVERY_KIND[kind]()
        file = tmp_path / f"{kind}.html"
        file.write_text(render_html(result, {s.key: JPEG for s in stills_to_show(result)}), "utf-8")
        context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(file.as_uri())
        if details:
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("kind", "scheme", "width"),
    [(kind, *look) for kind in sorted(EVERY_KIND) for look in (("light", "desktop"), ("dark", "phone"))]
    + [("full", "dark", "desktop"), ("full", "light", "phone")],
)
def test_axe_finds_no_violation_and_the_page_keeps_to_itself_and_to_its_width(opened, kind, scheme, width):
    viewport = DESKTOP if width == "desktop" else PHONE
    page = opened(kind, scheme, viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    outside = [url for url in page.asked if not url.startswith("data:")]
    assert [url.rsplit("/", 1)[-1] for url in outside] == [f"{kind}.html"]
    assert page.complaints == []
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert found.response["passes"]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_text_is_smaller_than_a_phone_can_show(opened, viewport):
    page = opened("sixty-segments", viewport=viewport)
    smallest = page.evaluate(
        """() => Math.min(...[...document.querySelectorAll('body *')]
          .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
                       && !['TITLE', 'DESC', 'title', 'desc'].includes(e.tagName))
          .map(e => parseFloat(getComputedStyle(e).fontSize)))"""
    )
    assert smallest >= 11


def test_sixty_bars_over_an_hour_are_all_wide_enough_to_see(opened):
    page = opened("sixty-segments", viewport=PHONE)
    widths = page.evaluate(
        """() => [...document.querySelectorAll('.track g')].map(g => {
          const bars = [...g.querySelectorAll(':scope > .bar')].map(b => b.getBoundingClientRect());
          return Math.max(...bars.map(b => b.right)) - Math.min(...bars.map(b => b.left));
        }).filter(Number.isFinite)"""
    )
    assert len(widths) == len(long_film().performance.segments) == 60
    assert min(widths) >= 4


def test_the_dark_page_is_dark_and_the_printed_one_is_not(opened):
    page = opened("full", scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    assert max(int(part) for part in dark.removeprefix("rgb(").removesuffix(")").split(",")) < 60
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(background) == "rgb(255, 255, 255)"


def test_the_tables_open_by_keyboard(opened):
    page = opened("full", details=False)
    assert page.locator("details").count() == 4
    assert page.locator("details[open]").count() == 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the score"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('details:not([open]) > summary')"):
            page.keyboard.press("Enter")
    assert page.locator("details[open]").count() == 4


def test_on_paper_closed_tables_are_shown(opened):
    page = opened("full", details=False)
    page.emulate_media(media="print")
    heights = page.evaluate("[...document.querySelectorAll('details table')].map(t => t.offsetHeight)")
    assert len(heights) == 4
    assert all(height > 40 for height in heights)
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


IN_SCRIPT = {
    "in-hindi": ("hi", "Devanagari"),
    "in-tamil": ("ta", "Tamil"),
    "in-hinglish": ("hi-Latn", "Latin"),
}
# Each cluster of the script that the page shows is drawn in its own font, and beside it a point that no font
# has: where both pictures are one, the reader sees a box.
BOXES = """(script) => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 96, height: 64});
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  const drawn = (font, text) => {
    pen.clearRect(0, 0, 96, 64);
    pen.font = font;
    pen.fillText(text, 8, 44);
    return pen.getImageData(0, 0, 96, 64).data.join();
  };
  const seen = new Map(), clusters = new Intl.Segmenter(document.documentElement.lang);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const style = getComputedStyle(walk.currentNode.parentElement);
    if (walk.currentNode.parentElement.closest('style, script')) continue;
    const font = `${style.fontWeight} 24px ${style.fontFamily}`;
    for (const {segment} of clusters.segment(walk.currentNode.textContent))
      if (new RegExp(`\\\\p{Script=${script}}`, 'u').test(segment)) seen.set(font + segment, [font, segment]);
  }
  const boxes = [...seen.values()].filter(([font, text]) => {
    const picture = drawn(font, text);
    return picture === drawn(font, '\\u{10FFFE}') || picture === drawn(font, '');
  });
  const alone = [...seen.values()].filter(([, text]) => [...text].length === 1);
  return {clusters: seen.size, letters: alone.length, boxes: boxes.map(([, text]) => text)};
}"""
# What is wider than its place, where nothing lets one scroll to it.
TOO_WIDE = """() => [...document.querySelectorAll('body *')].filter(e => {
  if (e.closest('svg') || e.closest('.sr-only, .visually-hidden')) return false;
  for (let at = e; at; at = at.parentElement)
    if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX)) return false;
  return e.getBoundingClientRect().right > innerWidth + 1;
}).map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("kind", sorted(IN_SCRIPT))
def test_no_letter_of_any_script_is_shown_as_a_box(opened, kind):
    tag, script = IN_SCRIPT[kind]
    page = opened(kind)
    assert page.evaluate("document.documentElement.lang") == tag
    fonts = page.evaluate("getComputedStyle(document.body).fontFamily")
    assert all(name in fonts for name in ("Noto Sans Devanagari", "Noto Sans Tamil", "Nirmala UI"))
    found = page.evaluate(BOXES, script)
    assert found["clusters"] > 60
    # Without a font a letter with a sign is a box with a sign, which is no plain box: letters alone tell.
    if sum(len(text) == 1 for text in found["boxes"]) > 0.9 * found["letters"] > 0:
        pytest.skip(f"no font for {script} is installed here")
    assert found["boxes"] == []


def test_a_letter_that_no_font_has_is_told_as_a_box(opened):
    page = opened("in-hindi")
    page.evaluate("document.querySelector('h1').textContent = 'क\\u{10FFFD}'")
    assert (
        page.evaluate(BOXES, "Unknown")["boxes"]
        or page.evaluate(BOXES.replace("Script=${script}", "Co"), "")["boxes"]
    )


@pytest.mark.parametrize("kind", sorted(IN_SCRIPT))
@pytest.mark.parametrize("width", [320, 360])
def test_words_as_long_as_tamil_ones_break_and_nothing_is_cut_off_on_a_phone(opened, kind, width):
    page = opened(kind, viewport={"width": width, "height": 700})
    assert page.evaluate(TOO_WIDE) == []
    word = {
        "in-hindi": "परोसनेवालेकटोरे",
        "in-tamil": "கொதிக்கவிடவேண்டியிருந்தபோதும்",
        "in-hinglish": "parosnewalekatore",
    }
    changed = page.evaluate(
        """(word) => {
          const texts = 'h1, h2, h3, p, li, td, th, dt, dd, summary, .chip, .tile-name';
          const places = [...document.querySelectorAll(texts)]
            .filter(e => !e.closest('svg') && !e.children.length && e.textContent.trim());
          places.forEach(e => e.textContent = word.repeat(2));
          return places.length;
        }""",
        word[kind],
    )
    assert changed > 30
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(TOO_WIDE) == []
