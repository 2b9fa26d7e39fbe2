"""Whether a text is in the language asked for, by its script and its small words; knows nothing of briefs."""

from __future__ import annotations

from functools import cache

from bharatchef.coaching.verifier_lists import limits
from bharatchef.coaching.verifier_text import Letters, letters, loose, sentences, words
from bharatchef.vocabulary import Language

_MOST_FOREIGN = 0.03


def not_in(text: str, language: Language) -> str:
    """What of a text is not in the language: the sentence that is not; empty where all of it is.

    Names and loan words are borne, as far as most letters and the small words are the language's.
    """
    counted = letters(text)
    if counted.all and _share(counted, language) < limits().script["text"]:
        return text
    for sentence in sentences(text):
        if not _sentence_is(sentence, language):
            return sentence
    return ""


def _share(counted: Letters, language: Language) -> float:
    """The share of letters in the language's own script; none where a third script is mixed in."""
    own = {Language.HINDI: counted.devanagari, Language.TAMIL: counted.tamil}.get(language, counted.latin)
    foreign = counted.all - own - (counted.latin if language in (Language.HINDI, Language.TAMIL) else 0)
    return 0.0 if foreign > _MOST_FOREIGN * counted.all else own / counted.all


def _sentence_is(sentence: str, language: Language) -> bool:
    counted = letters(sentence)
    script = limits().script
    if counted.all >= script["sentence_letters"] and _share(counted, language) < script["sentence"]:
        return False
    if language == Language.TAMIL:
        return True
    said = words(sentence)
    own = _count(said, language)
    if language == Language.HINGLISH:
        own += sum(word in limits().function_words["hi-latn_also"] for word in said)
    least = limits().function_words_from[language]
    if len(said) >= least and not own:
        # A short Hindi sentence may do without small words that are known; an English one has its own.
        short = language == Language.HINGLISH and len(said) < 2 * least
        return short and not _count(said, Language.ENGLISH, certain=True)
    if language == Language.ENGLISH:
        return _count(said, Language.HINGLISH) <= own
    if language == Language.HINGLISH:
        return _count(said, Language.ENGLISH, certain=True) <= own
    return True


def _count(said: tuple[str, ...], language: Language, *, certain: bool = False) -> int:
    """How many words are small words of a language; where it must be certain, of no other one."""
    if language == Language.HINGLISH:
        return sum(loose(word) in _small(language) for word in said)
    known = _small(language) - (_alike() if certain else frozenset())
    return sum(word in known for word in said)


@cache
def _small(language: Language) -> frozenset[str]:
    lists = limits().function_words
    if language == Language.HINGLISH:
        return frozenset(loose(word) for word in lists[language])
    also = lists["en_also"] if language == Language.ENGLISH else ()
    return frozenset((*lists[language], *also))


@cache
def _alike() -> frozenset[str]:
    lists = limits().function_words
    return frozenset((*lists["hi-latn_also"], *lists["hi-latn"], *lists["en_also"]))
