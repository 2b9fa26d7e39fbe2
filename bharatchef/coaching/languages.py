"""How something is said in a language: its fixed words, filled with steps, lengths and levels of heat.

Knows no rule of coaching: which sentence is said, and whether it is true, is decided elsewhere. What a
language has no words for is said in English, and noted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bharatchef.coaching.language_files import Texts, in_script, numbers_in, texts_of
from bharatchef.judgement.findings import clock, words_for
from bharatchef.records import Dish, ExpectedStep
from bharatchef.vocabulary import HeatLevel, Language

_MOST_NAMES = 3
_FURTHER = re.compile(
    r"; |: | until | so that |, (?=(?:at|in|on|off|over|to|from|by|with|without|while|when|once|for|as|then"
    r"|three|shortly|lightly|gently|stirring|about|because)\b)"
)
# A full stop ends a sentence, unless it stands behind a number that begins one ("2. Fry the onion").
_SENTENCES = re.compile(r"(?<=[.!?])(?<!^\d\.)(?<!^\d\d\.)(?<!\s\d\.)(?<!\s\d\d\.) ")


class Speaker:
    """Says things about one dish in one language; ``in_english`` notes what it had no words for."""

    def __init__(self, dish: Dish, language: Language) -> None:
        self.dish = dish
        self.language = language
        self.texts = texts_of(language)
        self.in_english: dict[str, None] = {}
        self._english = _english_names(dish)
        self._steps = _step_names(dish, self.texts, self._english)
        self._quoted = {words_for(step): step.step_id for step in dish.expected_steps}
        self._described = {step.description.rstrip("."): step.step_id for step in dish.expected_steps}
        self._ingredients = {i.name: i.ingredient_id for i in dish.ingredients}

    def say(self, key: str, **values: object) -> str:
        """The sentence of that key with its places filled."""
        return self.texts.file.say[key].format(**values)

    def step(self, step_id: str) -> str:
        """A step's name in quotes, as it stands inside a sentence."""
        if step_id in self._steps:
            return f"“{self._steps[step_id]}”"
        if step_id not in self._english:
            return self.say("a_step")
        self.lacks("the names of steps")
        return f"“{self._english[step_id]}”"

    def ingredient(self, ingredient_id: str) -> str:
        """An ingredient's name."""
        for ingredient in self.dish.ingredients:
            if ingredient.ingredient_id == ingredient_id:
                found = _local(ingredient.aliases.get(_group(self.language), ()), self.language)
                if found is None and self.language is not Language.ENGLISH:
                    self.lacks("the names of ingredients")
                return found or ingredient.name
        return ingredient_id.replace("-", " ")

    def dish_name(self) -> str:
        """The dish's name; where the language has none, its own."""
        return _local(self.dish.aliases.get(_group(self.language), ()), self.language) or self.dish.name

    def at(self, seconds: float | None) -> str:
        """A moment in brackets behind what happened then; empty where it is not known."""
        return "" if seconds is None else self.say("at", time=clock(seconds))

    def length(self, seconds: float) -> str:
        """A duration in words."""
        return self._length(int(seconds + 0.5))

    def heat(self, level: HeatLevel) -> str:
        """A heat in words: “high heat”."""
        return self.texts.file.heat[level]

    def listed(self, words: Sequence[str]) -> str:
        """Words as a sentence lists them."""
        joins = self.texts.file.joins
        return words[0] if len(words) == 1 else joins.comma.join(words[:-1]) + joins.last + words[-1]

    def lacks(self, what: str) -> None:
        """Note that the language has no words for something."""
        if self.language is not Language.ENGLISH:
            self.in_english[what] = None

    def chosen(self, english: str, local: str | None, what: str) -> str:
        """A text in the language where there is one with the same numbers, else in English, noted."""
        if self.language is Language.ENGLISH or not english:
            return english
        if local and numbers_in(local) == numbers_in(english):
            return local
        self.lacks(what)
        return english

    def safety(self, rule: str) -> str:
        """A safety rule word for word."""
        return self.chosen(rule, self.texts.file.safety.get(rule), "safety rules")

    def said(self, english: str, what: str = "remarks") -> str:
        """What judging said in English, in the language; as it is, noted, where there are no words for it."""
        return self.chosen(english, self.phrase(english), what)

    def phrase(self, english: str) -> str | None:
        """The language's words for an English sentence, or several; ``None`` where some are lacking."""
        if self.language is Language.ENGLISH:
            return english
        whole = self._sentence(english)
        if whole is not None or ". " not in english:
            return whole
        parts = [self._sentence(part) for part in _SENTENCES.split(english)]
        return " ".join(part for part in parts if part) if all(parts) else None

    def _sentence(self, english: str) -> str | None:
        text = english.strip()
        if not any(c.isalpha() for c in text):
            return text
        if text in self.texts.fixed or not text.endswith("."):
            found = self._fixed_or_filled(text)
        else:
            # Its stop is not part of a name that it ends in.
            found = self._fixed_or_filled(text[:-1])
            stop = self.texts.file.joins.stop
            found = None if found is None else found + (stop if found[-1:] not in "।.!?" else "")
            found = self._fixed_or_filled(text) if found is None else found
        return self._parts(text) if found is None else found

    def _parts(self, text: str) -> str | None:
        """What is listed with commas alone, part by part."""
        if ", " not in text:
            return None
        parts = [self._sentence(part) for part in text.split(", ")]
        return self.texts.file.joins.comma.join(str(part) for part in parts) if all(parts) else None

    def _fixed_or_filled(self, text: str) -> str | None:
        for form in dict.fromkeys((text, text[:1].lower() + text[1:], text[:1].upper() + text[1:])):
            found = self._name(form) or self.texts.fixed.get(form) or self._filled(form)
            if found is not None:
                return found[:1].upper() + found[1:] if text[:1].isupper() else found
        return None

    def _name(self, text: str) -> str | None:
        if text in self._quoted and self._quoted[text] in self._steps:
            return self.step(self._quoted[text])
        if text in self._described and self._described[text] in self._steps:
            return self._steps[self._described[text]]
        if text in self._ingredients:
            return self.ingredient(self._ingredients[text])
        return None

    def _filled(self, text: str) -> str | None:
        for pattern, said in self.texts.patterns:
            match = pattern.fullmatch(text)
            if match is None:
                continue
            values = {name: self._value(name, value) for name, value in match.groupdict().items()}
            if all(value is not None for value in values.values()):
                return said.format(**values)
        return None

    def _value(self, place: str, english: str) -> str | None:
        fill: Mapping[str, Callable[[str], str | None]] = {
            "length": self._length_words,
            "step": lambda text: self._name(text) or text,
            "heat": lambda text: self.heat(_HEAT_WORDS[text]),
            "list": self._list,
            "text": self._sentence,
            "name": lambda text: self._name(text) or text,
            "percent": self._percent,
            # One remark without words stays English, and is noted; the others need not.
            "remarks": lambda text: "; ".join(self.said(remark) for remark in text.split("; ")),
        }
        return fill.get(place.rstrip("0123456789"), str)(english)

    def _percent(self, english: str) -> str:
        about, _, share = english.rpartition(" ")[0].rpartition(" ")
        said = self.texts.fixed.get(about, about)
        return f"{said} {share} %" if about else english

    def _list(self, english: str) -> str | None:
        words = [self._sentence(word) for word in re.split(r", | and ", english)]
        return self.listed([word for word in words if word]) if all(words) else None

    def _length_words(self, english: str) -> str:
        lengths = self.texts.file.lengths
        forms = {"h": lengths.hours, "min": lengths.minutes, "s": lengths.seconds}
        return " ".join(forms[unit].format(n=n) for n, unit in re.findall(r"([\d.]+) (h|min|s)", english))

    def _length(self, whole_s: int) -> str:
        minutes, rest = divmod(whole_s, 60)
        if not minutes:
            return self._length_words(f"{rest} s")
        return self._length_words(f"{minutes} min {rest} s" if rest else f"{minutes} min")


_HEAT_WORDS = {
    "no heat": HeatLevel.OFF,
    "low heat": HeatLevel.LOW,
    "medium heat": HeatLevel.MEDIUM,
    "high heat": HeatLevel.HIGH,
}


def _group(language: Language) -> Any:
    """The group of a dish's names that holds the language's: Hinglish stands among the Hindi ones."""
    return "hi" if language is Language.HINGLISH else str(language)


def _local(aliases: Sequence[str], language: Language) -> str | None:
    """The first name in the language's own letters."""
    if language is Language.ENGLISH:
        return None
    if language is Language.HINGLISH:
        return next((alias for alias in aliases if alias.isascii()), None)
    return next((alias for alias in aliases if in_script(alias, language)), None)


def _english_names(dish: Dish) -> dict[str, str]:
    """Each step's name in English: what is done in it, or more of its words where two would be alike."""
    short = {step.step_id: _short_name(step) for step in dish.expected_steps}
    often = Counter(short.values())
    whole = {step.step_id: words_for(step).strip("“”") for step in dish.expected_steps}
    return {step_id: name if often[name] == 1 else whole[step_id] for step_id, name in short.items()}


def _step_names(dish: Dish, texts: Texts, english: Mapping[str, str]) -> dict[str, str]:
    """The steps that the language has a name for: its own, or one made of action and ingredients.

    A name that two steps would share, or that leaves a number of the English out, is none.
    """
    if texts.language is Language.ENGLISH:
        return dict(english)
    names: dict[str, str] = {}
    for step in dish.expected_steps:
        name = texts.file.steps.get(f"{dish.dish_id}:{step.step_id}") or _made_name(dish, step, texts)
        if name is not None and numbers_in(name) == numbers_in(english[step.step_id]):
            names[step.step_id] = name
    often = Counter(names.values())
    return {step_id: name for step_id, name in names.items() if often[name] == 1}


def _short_name(step: ExpectedStep) -> str:
    """What is done in a step, without until when, where and how; one word alone says too little."""
    first = _FURTHER.split(step.description, maxsplit=1)[0]
    named = step.model_copy(update={"description": first}) if " " in first.strip() else step
    return words_for(named).strip("“”")


def _made_name(dish: Dish, step: ExpectedStep, texts: Texts) -> str | None:
    if not step.ingredients:
        return texts.file.alone.get(step.action)
    known = {i.ingredient_id: i for i in dish.ingredients}
    locals_ = [
        _local(known[i].aliases.get(_group(texts.language), ()), texts.language) if i in known else None
        for i in step.ingredients
    ]
    names = [name for name in locals_ if name]
    if len(names) < len(locals_) or step.action not in texts.file.actions:
        return None
    joins = texts.file.joins
    if len(names) > _MOST_NAMES:
        items = joins.more.format(names=joins.comma.join(names[: _MOST_NAMES - 1]))
    else:
        items = names[0] if len(names) == 1 else joins.comma.join(names[:-1]) + joins.last + names[-1]
    return texts.file.actions[step.action].format(items=items)
