"""What each mistake of a brief may draw on, and which mistake a sentence tells of; judges no wording."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, cached_property

from bharatchef.coaching.brief import Brief, GivenDeviation, GivenStrength, GivenTip, WordedMistake
from bharatchef.coaching.verifier_kitchen import named, things
from bharatchef.coaching.verifier_lists import limits, listed, of_language, said
from bharatchef.coaching.verifier_numbers import Quantity, quantities, with_unsaid_units
from bharatchef.coaching.verifier_text import loose, plain, stem, words
from bharatchef.judgement.findings import clock
from bharatchef.vocabulary import Category, DeviationKind, Language

# So much of a word is the same in all its forms; endings differ.
_BEGINNING = {Language.ENGLISH: 6, Language.HINDI: 4, Language.TAMIL: 5, Language.HINGLISH: 5}
_SHORTEST = 3
# A text on another mistake shows at least so many signs of it and none of its own.
_SIGNS = 2


@dataclass(frozen=True)
class Given:
    """Texts that something may draw on, with the quantities and the things of the kitchen in them.

    ``advised`` are those that say how it should be; ``kind`` and ``deviation_id`` are the deviation's, where
    they are of one.
    """

    texts: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    things: frozenset[str]
    advised: tuple[str, ...] = ()
    kind: DeviationKind | None = None
    deviation_id: str = ""

    @cached_property
    def plain_texts(self) -> frozenset[str]:
        return frozenset(plain(text) for text in self.texts)

    def holds(self, text: str) -> bool:
        """Whether a text stands here word for word."""
        return plain(text) in self.plain_texts


class Sources:
    """A brief's texts by what may draw on them."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.language = brief.language
        self._deviations = {deviation.deviation_id: deviation for deviation in brief.deviations}
        self._tips = {tip.tip_id: tip for tip in brief.tips}
        self._signs = {name: self._signs_of(deviation) for name, deviation in self._deviations.items()}
        self._steps = {d.deviation_id: self.signs(f"{d.step} {d.what}") for d in brief.deviations}

    def deviation(self, deviation_id: str) -> GivenDeviation | None:
        """The given deviation of that id, if there is one."""
        return self._deviations.get(deviation_id)

    def of_mistake(self, mistake: WordedMistake) -> Given:
        """What one mistake may draw on: its deviation and the tips that it cites of those found for it."""
        deviation = self._deviations[mistake.deviation_id]
        tips = [self._tips[t] for t in mistake.tip_ids if t in self._tips and t in deviation.tip_ids]
        texts = (*_deviation_texts(deviation), *_tip_texts(tips), self.brief.dish)
        return replace(
            self._given(texts, (deviation,)),
            advised=_advised(deviation, tips),
            kind=deviation.kind,
            deviation_id=deviation.deviation_id,
        )

    @cached_property
    def whole(self) -> Given:
        """All that the brief holds."""
        whole = self._given(
            (
                *(text for deviation in self.brief.deviations for text in _deviation_texts(deviation)),
                *_tip_texts(self.brief.tips),
                *(strength.text for strength in self.brief.strengths),
                *self.brief.next_steps,
                self.brief.dish,
            ),
            self.brief.deviations,
        )
        advised = [_advised(deviation, self.brief.tips) for deviation in self.brief.deviations]
        return replace(whole, advised=(*(t for texts in advised for t in texts), *self.brief.next_steps))

    def strength(self, strength_id: str | None) -> GivenStrength | None:
        """The given strength of that id, if there is one."""
        return next((s for s in self.brief.strengths if s.strength_id == strength_id), None)

    def shares(self, text: str, other: str) -> bool:
        """Whether two texts name one thing, number, word of substance or category of the scores in common."""
        return bool(self.signs(text) & self.signs(other) or self.categories(text) & self.categories(other))

    def categories(self, text: str) -> frozenset[Category]:
        """The categories of the scores that a text names; who tells how long something took names timing."""
        phrases = listed("phrases.yaml")
        rows = (*phrases["categories"].items(), *phrases["category_words"].items())
        found = {Category(c) for c, called in rows if said(plain(text), of_language(called, self.language))}
        if any(q.seconds is not None for q in quantities(text, self.language)):
            found.add(Category.TIMING)
        return frozenset(found)

    def tells_of(self, text: str, deviation_id: str) -> str:
        """The other deviation that a text tells of instead of this one; empty where it may be this one."""
        said, own = self.signs(text), self._signs[deviation_id]
        # Who names the dish does not tell of another mistake by that.
        everywhere = own | self.signs(self.brief.dish) | _general(self.language)
        for name, other in self._signs.items():
            if name == deviation_id:
                continue
            of_its_step = self._steps[deviation_id] - self._steps[name] - _general(self.language)
            if len(said & (other - everywhere)) >= _SIGNS and not said & ((own - other) | of_its_step):
                return name
        return ""

    def is_of(self, text: str, given: Given) -> bool:
        """Whether a text bears a sign of what it may draw on that no other mistake has."""
        own = self._signs.get(given.deviation_id, frozenset())
        others = frozenset().union(*(s for name, s in self._signs.items() if name != given.deviation_id))
        return bool(self.signs(text) & (own - others))

    def signs(self, text: str) -> frozenset[str]:
        """What tells texts apart: things of the kitchen, quantities, and beginnings of words of substance."""
        length = _BEGINNING[self.language]
        things_ = named(text, self.language)
        found = {f"thing {item.thing}" for item in things_}
        # A word that names a thing is one sign, not two.
        naming = {word for item in things_ for word in words(item.said)}
        found |= {f"{item.value:g} {item.unit}" for item in quantities(text, self.language)}
        small = _small_words()
        for word in words(text):
            if len(word) >= _SHORTEST and word not in small and word not in naming:
                found.add(_shaped(word, self.language)[:length])
        return frozenset(found)

    def _signs_of(self, deviation: GivenDeviation) -> frozenset[str]:
        tips = [self._tips[tip_id] for tip_id in deviation.tip_ids if tip_id in self._tips]
        texts = (*_deviation_texts(deviation, safety=False), *_tip_texts(tips, safety=False))
        return frozenset(
            {
                *(sign for text in texts for sign in self.signs(text)),
                *(f"thing {thing}" for thing in things(texts, self.language)),
                *(f"{item.value:g} clock" for item in _moments((deviation,))),
            }
        )

    def _given(self, texts: Iterable[str], deviations: Iterable[GivenDeviation]) -> Given:
        kept = tuple(text for text in texts if text)
        counted = tuple(q for text in kept for q in with_unsaid_units(quantities(text, self.language)))
        twice = [Quantity(2.0, "times", "twice") for d in deviations if d.kind is DeviationKind.REPEATED]
        return Given(kept, (*counted, *_moments(deviations), *twice), things(kept, self.language))


def sources_of(brief: Brief) -> Sources:
    """What the parts of a wording may draw on."""
    return Sources(brief)


def _deviation_texts(deviation: GivenDeviation, *, safety: bool = True) -> tuple[str, ...]:
    texts = (
        deviation.step,
        deviation.expected,
        deviation.seen,
        deviation.what,
        deviation.impact,
        deviation.correction,
    )
    return (*texts, deviation.safety) if safety else texts


def _tip_texts(tips: Iterable[GivenTip], *, safety: bool = True) -> tuple[str, ...]:
    return tuple(
        text
        for tip in tips
        for text in (tip.mistake, tip.why, tip.correction, tip.safety if safety else "")
        if text
    )


def _advised(deviation: GivenDeviation, tips: Iterable[GivenTip]) -> tuple[str, ...]:
    """What the sources say is to be done, and why; not what was seen or is a common mistake."""
    texts = (deviation.step, deviation.expected, deviation.impact, deviation.correction, deviation.safety)
    return (*texts, *(text for tip in tips for text in (tip.why, tip.correction, tip.safety)))


def _moments(deviations: Iterable[GivenDeviation]) -> tuple[Quantity, ...]:
    """When in the film the deviations begin and end, as the rules say it."""
    spans = [deviation.span for deviation in deviations if deviation.span]
    return tuple(
        Quantity(float(int(seconds + 0.5)), "clock", clock(seconds))
        for span in spans
        for seconds in (span.start_s, span.end_s)
    )


def _shaped(word: str, language: Language) -> str:
    if language == Language.ENGLISH:
        return stem(word)
    # "steps" among Hindi words is the step that the source names.
    return loose(word).removesuffix("s") if language == Language.HINGLISH else word


@cache
def _small_words() -> frozenset[str]:
    return frozenset(plain(word) for words_ in limits().function_words.values() for word in words_)


@cache
def _general(language: Language) -> frozenset[str]:
    words_ = limits().general[language]
    return frozenset(_shaped(plain(word), language)[: _BEGINNING[language]] for word in words_)
