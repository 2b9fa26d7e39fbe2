"""What is wrong with the words of a mistake, an encouragement or a next step, held against their sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bharatchef.coaching.brief import Fault, WordedMistake, Wording
from bharatchef.coaching.verifier_kitchen import named
from bharatchef.coaching.verifier_language import not_in
from bharatchef.coaching.verifier_lists import (
    hazard_in,
    is_negated,
    limits,
    listed,
    of_language,
    phrase_in,
    said,
)
from bharatchef.coaching.verifier_numbers import given as is_given
from bharatchef.coaching.verifier_numbers import quantities
from bharatchef.coaching.verifier_sources import Given, Sources
from bharatchef.coaching.verifier_text import alike, plain, sentences, without_quotes, words

_LONGEST_SAID = 80


def text_faults(where: str, field: str, text: str, given: Given, sources: Sources) -> Iterator[Fault]:
    """What is wrong with one text of a mistake.

    What stands in the sources word for word is theirs, and only looked through for injected instructions.
    """
    if not text.strip():
        yield Fault(code="empty", where=where, said=f"expected words for {field}")
        return
    yield from injected_faults(where, text, sources)
    if given.holds(text):
        return
    yield from _long(where, field, text)
    yield from _phrases(where, text, given, sources, praised=text if field == "what" else "")
    yield from _content(where, text, given, sources)
    if field == "what":
        yield from _opposite(where, text, given, sources)
    if field == "correction":
        yield from _heat(where, text, given, sources)
    # What a mistake was, and why it is one, may be told where the sources tell it; only advice is dangerous.
    if field == "correction" or not hazard_in(" ".join(given.texts), sources.language, advice_only=False):
        yield from _hazards(where, text, sources, advice_only=field != "correction")


def next_step_faults(place: int, step: str, before: Sequence[str], sources: Sources) -> Iterator[Fault]:
    """What is wrong with one next step, given those before it that hold."""
    where = f"next_steps.{place}"
    if not step.strip():
        yield Fault(code="empty", where=where, said="expected a next step")
        return
    yield from injected_faults(where, step, sources)
    if len(before) >= limits().next_steps:
        yield Fault(code="too-many", where=where, said=f"expected at most {limits().next_steps} next steps")
    own = sources.whole.holds(step)
    if any(plain(step) == plain(other) or (not own and _twice(step, other, sources)) for other in before):
        yield Fault(code="repetition", where=where, said=_short(step))
    if own:
        return
    yield from _long(where, "next_step", step)
    yield from _phrases(where, step, sources.whole, sources, praised=step)
    yield from _content(where, step, sources.whole, sources)
    yield from _heat(where, step, sources.whole, sources)
    yield from _hazards(where, step, sources, advice_only=False)


def encouragement_faults(wording: Wording, sources: Sources) -> Iterator[Fault]:
    """Whether the encouragement rests on something that was right, and flatters nobody."""
    where, text = "encouragement", wording.encouragement
    strength = sources.strength(wording.strength_id)
    if wording.strength_id is not None and strength is None:
        yield Fault(
            code="unknown-strength", where=where, said=f"no strength {wording.strength_id!r} was given"
        )
    if not text.strip():
        return
    yield from injected_faults(where, text, sources)
    if any(plain(text) == plain(s.text) for s in sources.brief.strengths):
        return
    yield from _long(where, "encouragement", text)
    earned = _earned(text, sources, strength.text if strength else "")
    yield from _phrases(where, text, sources.whole, sources, praised=earned)
    yield from _content(where, text, sources.whole, sources)
    yield from _hazards(where, text, sources, advice_only=False)
    if strength is not None and not sources.shares(text, strength.text):
        yield Fault(code="praise-without-strength", where=where, said=f"nothing of {_short(strength.text)}")
    if wording.strength_id is None:
        praise = phrase_in("praise", text, sources.language)
        if sources.brief.strengths or praise:
            named_it = f"praise ({praise})" if praise else "an encouragement"
            yield Fault(
                code="praise-without-strength", where=where, said=f"{named_it} that names no strength"
            )
    yield from _praised_low(where, text, sources, strength.text if strength else "")


def repeated_sentences(
    where: str, mistake: WordedMistake, before: Sequence[WordedMistake], sources: Sources
) -> Iterator[Fault]:
    """Whether a mistake says something twice, or what one before has said.

    The brief's own words may be, and what the brief itself says of two mistakes alike may be told of both.
    """
    given = sources.of_mistake(mistake)
    earlier = [
        sentence
        for other in before
        for text, alike_given in zip(_texts(other), _given_alike(mistake, other, sources), strict=True)
        if not alike_given
        for sentence in sentences(text)
    ]
    for text in _texts(mistake):
        for sentence in sentences(text):
            if not given.holds(text) and any(_twice(sentence, other, sources) for other in earlier):
                yield Fault(code="repetition", where=where, said=_short(sentence))
            earlier.append(sentence)


def _given_alike(one: WordedMistake, other: WordedMistake, sources: Sources) -> tuple[bool, bool, bool]:
    """Of what, why and correction, whether the brief says the same of two different mistakes."""
    first, second = (sources.deviation(m.deviation_id) for m in (one, other))
    if first is None or second is None or first is second:
        return False, False, False
    return False, first.impact == second.impact, first.correction == second.correction


def _texts(mistake: WordedMistake) -> tuple[str, str, str]:
    return mistake.what, mistake.why, mistake.correction


def _twice(one: str, other: str, sources: Sources) -> bool:
    """Whether two sentences say the same; of two different things much the same may be said."""
    bar = limits().repeated
    enough = min(len(words(one)), len(words(other))) >= bar["words"]
    about, beside = ({item.thing for item in named(text, sources.language)} for text in (one, other))
    return enough and about == beside and alike(one, other) >= bar["share"]


def injected_faults(where: str, text: str, sources: Sources) -> Iterator[Fault]:
    """Signs in a text that something else than the brief speaks."""
    found = phrase_in("injected", text, sources.language)
    if found:
        yield Fault(code="injected", where=where, said=_short(found))


def _long(where: str, field: str, text: str) -> Iterator[Fault]:
    most = limits().characters[field]
    if len(text) > most:
        yield Fault(code="too-long", where=where, said=f"expected at most {most} characters, got {len(text)}")
    for sentence in sentences(text):
        if len(words(sentence)) > limits().sentence_words:
            yield Fault(
                code="too-long",
                where=where,
                said=f"expected at most {limits().sentence_words} words in a sentence: {_short(sentence)}",
            )


def _phrases(where: str, text: str, given: Given, sources: Sources, *, praised: str) -> Iterator[Fault]:
    """Blame in a text, and superlatives in what of it may praise."""
    found = phrase_in("blame", text, sources.language, given.texts)
    if found:
        yield Fault(code="blame", where=where, said=_short(found))
    if not _bears_superlatives(sources):
        found = phrase_in("superlatives", praised, sources.language, given.texts)
        if found:
            yield Fault(code="flattery", where=where, said=_short(found))


def _bears_superlatives(sources: Sources) -> bool:
    scores = [score for score in sources.brief.scores.values() if score is not None]
    return not sources.brief.deviations and all(s >= limits().superlatives_from for s in scores)


def _earned(text: str, sources: Sources, strength: str) -> str:
    """The text without sentences on a category in which the strength says that nothing was lost.

    "Your heat was faultless" flatters nobody where it was.
    """
    categories = listed("phrases.yaml")["categories"]
    full = [
        of_language(categories[category], sources.language)
        for category, score in sources.brief.scores.items()
        if score is not None
        and score >= limits().superlatives_from
        and category in sources.categories(strength)
    ]
    return " ".join(s for s in sentences(text) if not any(said(plain(s), called) for called in full))


def _praised_low(where: str, text: str, sources: Sources, strength: str) -> Iterator[Fault]:
    """Praise of a category whose score is low, where the strength is not about that category.

    A strength that tells how long a step took is about timing, whatever words it uses.
    """
    categories = listed("phrases.yaml")["categories"]
    praised = sources.categories(strength)
    for category, score in sources.brief.scores.items():
        if score is None or score >= limits().praise_category_from or category in praised:
            continue
        called = of_language(categories[category], sources.language)
        for sentence in sentences(text):
            if said(plain(sentence), called) and phrase_in("praise", sentence, sources.language):
                yield Fault(
                    code="flattery", where=where, said=f"{category} has {score:g} points: {_short(sentence)}"
                )


def _content(where: str, text: str, given: Given, sources: Sources) -> Iterator[Fault]:
    """Language, quantities and things that are not the sources'."""
    own = without_quotes(text, given.texts)
    foreign = not_in(own, sources.language)
    if foreign:
        yield Fault(
            code="wrong-language", where=where, said=f"expected {sources.language}, got {_short(foreign)}"
        )
    for quantity in quantities(text, sources.language):
        if not is_given(quantity, given.quantities):
            yield Fault(code=f"{quantity.kind}-not-given", where=where, said=_short(quantity.said))
    told_only = where.endswith((".why", "encouragement"))
    free = listed("kitchen.yaml")["free"]
    for item in named(text, sources.language):
        if item.thing in free or (told_only and item.kind in ("actions", "tools")):
            continue
        # What the brief names elsewhere may be named: tools, or in words plainly about this mistake.
        elsewhere = item.thing in sources.whole.things
        about_this = item.kind == "ingredients" and sources.is_of(text, given)
        if elsewhere and (told_only or item.kind == "tools" or about_this):
            continue
        if item.thing not in given.things and not _another_sense(item.said, text, given, sources):
            yield Fault(
                code=f"invented-{_SINGULAR[item.kind]}", where=where, said=f"{item.thing} ({item.said})"
            )


_SINGULAR = {"ingredients": "ingredient", "tools": "tool", "actions": "action"}


def _another_sense(word: str, text: str, given: Given, sources: Sources) -> bool:
    """Whether the same word also names something that the sources do hold: வறு is to fry and to roast."""
    return any(other.said == word and other.thing in given.things for other in named(text, sources.language))


def _opposite(where: str, text: str, given: Given, sources: Sources) -> Iterator[Fault]:
    """What took too long was not too short, nor the other way about."""
    phrases = listed("phrases.yaml")
    opposite = of_language(phrases["opposite"].get(str(given.kind), {}), sources.language)
    wanted = of_language(phrases["opposite_wanted"], sources.language)
    for sentence in map(plain, sentences(text)):
        found = said(sentence, opposite)
        if found and not said(sentence, wanted) and not any(found in plain(source) for source in given.texts):
            yield Fault(code="opposite", where=where, said=f"expected {given.kind}, got {_short(found)}")


def _heat(where: str, text: str, given: Given, sources: Sources) -> Iterator[Fault]:
    """A level of heat that is advised, where the sources advise another one or none.

    Before a level that they advise, one that they only tell of may be named: "from high down to medium".
    """
    levels, turned = (listed("phrases.yaml")[name] for name in ("heat", "heat_turned"))
    for sentence in sentences(text):
        if is_negated(sentence, sources.language):
            continue
        told = plain(sentence)
        foreign: list[tuple[int, str, bool]] = []
        advised_at = -1
        for level, lists in levels.items():
            patterns = of_language(lists, sources.language)
            found = said(told, patterns)
            if not found:
                continue
            wide = (*patterns, *of_language(turned.get(level, {}), sources.language))
            if any(said(plain(source), wide) for source in given.advised):
                advised_at = max(advised_at, told.find(found))
            else:
                seen = any(said(plain(source), patterns) for source in given.texts)
                foreign.append((told.find(found), f"{level}: {_short(found)}", seen))
        for at, level_said, seen in foreign:
            if not (seen and at < advised_at):
                yield Fault(code="heat-not-given", where=where, said=level_said)


def _hazards(where: str, text: str, sources: Sources, *, advice_only: bool) -> Iterator[Fault]:
    found = hazard_in(text, sources.language, advice_only=advice_only)
    if found:
        name, sentence = found
        yield Fault(code="unsafe", where=where, said=f"{name}: {_short(sentence)}")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SAID else f"{text[:_LONGEST_SAID]} …"
