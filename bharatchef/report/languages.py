"""A page's words in its reader's language; it knows no HTML but the mark for what stays English."""

from __future__ import annotations

from markupsafe import Markup, escape

from bharatchef.coaching.language_files import in_script
from bharatchef.coaching.languages import Speaker
from bharatchef.report.heat import HeatBar
from bharatchef.report.words import percent
from bharatchef.results import EvaluationResult
from bharatchef.vocabulary import Language

# Language tags as BCP 47 writes them.
TAGS = {
    Language.ENGLISH: "en",
    Language.HINDI: "hi",
    Language.TAMIL: "ta",
    Language.HINGLISH: "hi-Latn",
}


class PageWords:
    """Says what a page says in the language of its feedback."""

    def __init__(self, result: EvaluationResult) -> None:
        self.language = result.feedback.language
        self.speaker = Speaker(result.dish, self.language)

    @property
    def tag(self) -> str:
        """The page's language tag."""
        return TAGS[self.language]

    @property
    def stop(self) -> str:
        """What ends a sentence."""
        return self.speaker.texts.file.joins.stop

    def fixed(self, english: str, **values: object) -> Markup:
        """A sentence of the templates, its places filled with values that are escaped."""
        said = english
        if self.language is not Language.ENGLISH:
            said = self.speaker.texts.file.phrases.get(english, english)
        return Markup(said).format(**values) if values else Markup(said)

    def plain(self, english: str) -> str:
        """What was worked out in English, in the language; in English where it has no words for it."""
        return self.speaker.phrase(english) or english

    def said(self, english: str) -> str | Markup:
        """As ``plain``, and what stays English is marked so."""
        said = self.speaker.phrase(english)
        return english_part(english) if said is None and _has_letters(english) else said or english

    def told(self, text: str) -> str | Markup:
        """The coach's words, which are in the language already; what of them is English is marked so."""
        if self.language is Language.ENGLISH or in_script(text, self.language) or not _has_letters(text):
            return text
        return english_part(text)

    def share(self, share: float) -> str:
        """A share of one as a percentage."""
        return self.plain(percent(share))

    def heat_label(self, bar: HeatBar) -> str:
        """What stands in a bar of heat: the word, or where that has no room its first letter."""
        word = self.plain(bar.label) if len(bar.label) > 1 else ""
        return word or (bar.label if self.language is Language.ENGLISH else "")

    def safety(self, rule: str) -> str | Markup:
        """A safety rule, word for word."""
        return self.told(self.speaker.safety(rule))

    def also(self) -> list[tuple[str, str]]:
        """The dish's name in the other languages, each with its tag."""
        aliases = self.speaker.dish.aliases
        names = [(code, aliases[code][0]) for code in ("hi", "ta") if aliases.get(code)]
        shown = self.speaker.dish_name()
        if shown != self.speaker.dish.name:
            names.insert(0, ("en", self.speaker.dish.name))
        return [(code, name) for code, name in names if name != shown]


def language_cautions(result: EvaluationResult, words: PageWords) -> list[str]:
    """What a reader must know of the language: that nobody has reviewed it yet, and what stays English."""
    feedback = result.feedback
    if feedback.language is Language.ENGLISH:
        return []
    cautions = []
    if not feedback.language_reviewed:
        said = words.fixed("The words of this language are not yet reviewed by a speaker.")
        cautions.append(f"{said} Not yet reviewed by a speaker.")
    if feedback.in_english:
        what = words.speaker.listed([words.plain(part) for part in feedback.in_english])
        cautions.append(str(words.fixed("In English, because words are lacking: {list}.", list=what)))
    return cautions


def english_part(text: str) -> Markup:
    """Text marked as English within a page of another language."""
    return Markup('<span lang="en">{}</span>').format(escape(text))


def _has_letters(text: str) -> bool:
    return any(c.isalpha() for c in text)
