"""One evaluation as one self-contained page: no network, no script, nothing that a name could inject.

The page carries its own policy (CSP): pictures as data, the one style sheet by its hash, nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from bharatchef.report import made, view
from bharatchef.report.beside import beside_expert
from bharatchef.report.heat import heat_view
from bharatchef.report.languages import PageWords
from bharatchef.report.losses import loss_sheet
from bharatchef.report.timeline import timeline
from bharatchef.report.words import LEVEL_WORDS, percent, points, rupees
from bharatchef.results import EvaluationResult
from bharatchef.review.standing import Standing, as_read, standing_lines

_TEMPLATES = (
    "report.html",
    "macros.html",
    "score.html",
    "coach.html",
    "timeline.html",
    "heat.html",
    "beside.html",
    "details.html",
    "shapes.html",
)


@cache
def _environment() -> Environment:
    folder = files("bharatchef.report") / "templates"
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=DictLoader({name: (folder / name).read_text("utf-8") for name in _TEMPLATES}),
    )
    environment.filters.update(commands=_commands, percent=percent, points=points, rupees=rupees)
    return environment


def _commands(text: str) -> Markup:
    """Text in which what stands between backticks is set as code, all of it escaped."""
    pieces = [escape(piece) for piece in text.split("`")]
    if len(pieces) % 2 == 0:
        return escape(text)
    wrapped = [Markup('<code class="code">{}</code>').format(p) if i % 2 else p for i, p in enumerate(pieces)]
    return Markup("").join(wrapped)


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and the policy that allows it and pictures in the page alone."""
    css = (files("bharatchef.report") / "templates" / "report.css").read_text("utf-8").replace("\r\n", "\n")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return css, policy


def render_html(result: EvaluationResult, pictures: Mapping[str, bytes], now: Standing | None = None) -> str:
    """The report of one evaluation as an HTML document that needs nothing beside it.

    It is in the language of its feedback; what that language has no words for stays English and is marked
    so, as is how the evaluation was made.

    Args:
        result: the whole evaluation.
        pictures: JPEG bytes by still key, of the stills that ``stills_to_show`` names; a still whose
            bytes are missing or are no JPEG is left out, and its caption says so.
        now: what people said of it since; a level that was signed is shown as such.
    """
    css, policy = _style()
    now = now or Standing()
    result = as_read(result, now)
    told = [(m.deviation_id, m.description) for m in result.feedback.mistakes]
    words = PageWords(result)
    plate_picture, plate_words, plate_remarks = view.plate_view(result, pictures)
    return (
        _environment()
        .get_template("report.html")
        .render(
            css=Markup(css),
            policy=policy,
            page_language=words.tag,
            stop=words.stop,
            t=words.fixed,
            say=words.said,
            plain=words.plain,
            told=words.told,
            share=words.share,
            heat_label=words.heat_label,
            safety_rule=words.safety,
            dish_name=words.speaker.dish_name(),
            also=words.also(),
            in_english=words.speaker.listed([words.plain(what) for what in result.feedback.in_english])
            if result.feedback.in_english
            else "",
            result=result,
            dish=result.dish,
            card=result.scorecard,
            feedback=result.feedback,
            banners=view.banners(result),
            source=view.source_sentence(result),
            overall_reason=view.overall_reason(result),
            tiles=view.tiles(result),
            ladder=view.ladder(result),
            level=LEVEL_WORDS[result.scorecard.level] if result.scorecard.level else "",
            sheet=loss_sheet(result),
            mistakes=view.mistake_views(result, pictures),
            review=standing_lines(now, told),
            appeals={a.deviation_id: a for a in now.appeals},
            follow_ups=view.follow_up_views(result),
            timeline=timeline(result),
            beside=beside_expert(result),
            heat=heat_view(result),
            heat_reason=view.heat_reason(result),
            plate_picture=plate_picture,
            plate_words=plate_words,
            plate_remarks=plate_remarks,
            not_assessed=view.not_assessed(result),
            analysers=made.analysers(result),
            film_facts=made.film_facts(result.film) if result.film else [],
            side_facts=made.side_facts(result),
            quality=made.quality_lines(result),
            stages=made.stage_rows(result),
            cost_note=view.sentence(result.cost.note),
            costs=made.cost_rows(result),
            versions=made.version_facts(result),
            safety=view.safety_links(result),
        )
    )
