"""One evaluation as a card of text and a table of plain values, for faces that show no page."""

from __future__ import annotations

import re

from bharatchef.report.languages import PageWords, language_cautions
from bharatchef.report.timeline import timeline
from bharatchef.report.view import banners, source_sentence
from bharatchef.report.words import CATEGORY_NAMES, LEVEL_WORDS, clock, percent, points, rupees, span_words
from bharatchef.results import EvaluationResult

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~])")


def scorecard_markdown(result: EvaluationResult) -> str:
    """The scorecard as Markdown: score, level, categories, mistakes, cost; names cannot inject markup."""
    card, page = result.scorecard, PageWords(result)
    say = page.plain
    lines = [f"# {_plain(page.speaker.dish_name())}", ""]
    lines += [f"> **{_plain(say(b.title))}{page.stop}** {_plain(say(b.text))}\n" for b in banners(result)]
    lines += [f"> {_plain(caution)}\n" for caution in language_cautions(result, page)]
    if card.overall is None:
        lines.append(f"**{say('No overall score:')}** {_plain(say(card.overall_reason))}")
    else:
        between = ""
        if card.interval:
            between = " " + say(f"(between {points(card.interval[0])} and {points(card.interval[1])})")
        whole, assessed = f"Overall {points(card.overall)} of 100", f"{percent(card.coverage)} assessed"
        lines.append(f"**{say(whole)}**{between}, {say(assessed)}")
    if card.level is not None:
        provisional = f", {say('provisional')}" if card.provisional else ""
        lines.append(f"\n{say('Level:')} **{say(LEVEL_WORDS[card.level])}**{provisional}")
    lines += ["", f"| {say('Category')} | {say('Score')} | {say('Reason')} |", "| --- | ---: | --- |"]
    for c in card.categories:
        score = points(c.score) if c.score is not None else say("not assessed")
        lines.append(f"| {say(CATEGORY_NAMES[c.category])} | {score} | {_plain(say(c.reason))} |")
    lines += ["", f"## {say('Mistakes')}", ""]
    mistakes = sorted(result.feedback.mistakes, key=lambda m: m.priority)
    for number, mistake in enumerate(mistakes, start=1):
        named = mistake.span is None or clock(mistake.span.start_s) in mistake.description
        when = "" if named else f" ({say(span_words(mistake.span))})"
        lines.append(f"{number}. {_plain(mistake.description)}{when} {_plain(mistake.correction)}")
    if not mistakes:
        lines.append(say("None were found in what could be judged."))
    lines += ["", _plain(say(source_sentence(result)))]
    lines.append(f"\nCost: {rupees(result.cost.total_inr)}. Evaluation `{result.evaluation.evaluation_id}`")
    return "\n".join(lines) + "\n"


def steps_table(result: EvaluationResult) -> list[dict[str, str]]:
    """One row a step, then one a thing done that is no step: step, asked, done, state, differences."""
    rows = timeline(result)
    return [
        {
            "step": f"{row.number}. {row.name}" if row.number else row.name,
            "asked": row.asked,
            "done": row.done,
            "state": ", ".join(mark.word for mark in row.marks) or row.state_word,
            "differences": " ".join(f"{d.word} ({d.sure} sure): {d.text}" for d in row.differences),
        }
        for row in rows.steps + rows.others
    ]


def _plain(text: str) -> str:
    """Text in one line with Markdown's signs escaped."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
