"""Faults that a program plants in good answers; the same ones each time. Knows nothing of the verifier."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

from benchmarks.coaching.verifier_cases import Case, Half, good, phrases, with_text
from bharatchef.coaching.brief import WordedMistake, Wording

SEED = 20261122
FIELDS = ("what", "why", "correction")
# None of these stands in any brief, alone or within a time.
NUMBERS = ("7", "11", "19", "17", "18", "23", "27", "33", "37", "70", "95", "110")
CLOCKS = ("3:33", "7:41", "9:09", "13:52", "17:27", "22:14")
# The same length said with another unit is another time.
UNITS = (
    (r"\b(\d+) ?(?:minutes|min)\b", r"\1 seconds"),
    (r"\b(\d+) ?(?:seconds|s)\b", r"\1 minutes"),
    (r"(\d+) मिनट", r"\1 घंटे"),
    (r"(\d+) सेकंड", r"\1 मिनट"),
    (r"(\d+) வினாடி", r"\1 நிமிடம்"),
    (r"(\d+) நிமிட", r"\1 வினாடி"),
    (r"\b(\d+) minute\b", r"\1 ghante"),
    (r"\b(\d+) second\b", r"\1 minute"),
)


@cache
def mutated(half: Half) -> tuple[Case, ...]:
    """Every mutation that can be made of each good answer of a half that cites a tip."""
    able = [base for base in good() if base.half == half and _cited(base)]
    return tuple(case for base in able for case in _mutants(base))


def _mutants(base: Case) -> Iterator[Case]:
    for name, mutation in MUTATIONS.items():
        rng = random.Random(f"{SEED} {base.name} {name}")
        made = mutation(base, rng)
        if made is not None:
            wording, places = made
            assert wording != base.wording, (base.name, name)
            yield replace(base, name=f"{base.name}+{name}", kind=name, wording=wording, places=places)


Made = tuple[Wording, tuple[str, ...]] | None
Mutation = Callable[[Case, random.Random], Made]


def _texts(base: Case) -> list[tuple[str, str]]:
    """Paths and texts of what a model words itself."""
    wording = base.wording
    rows = [
        (f"mistakes.{n}.{field}", getattr(mistake, field))
        for n, mistake in enumerate(wording.mistakes)
        for field in FIELDS
    ]
    return [*rows, *((f"next.{n}", text) for n, text in enumerate(wording.next_steps))]


def _place(path: str) -> str:
    return ".".join(path.split(".")[:2])


def _substituted(pattern: str, new: Callable[[str, random.Random], str]) -> Mutation:
    def mutation(base: Case, rng: random.Random) -> Made:
        able = [(path, text) for path, text in _texts(base) if re.search(pattern, text)]
        if not able:
            return None
        path, text = rng.choice(able)
        found = rng.choice(list(re.finditer(pattern, text)))
        changed = text[: found.start()] + new(found.group(), rng) + text[found.end() :]
        return with_text(base.wording, path, changed), (_place(path),)

    return mutation


def _other_number(_: str, rng: random.Random) -> str:
    return rng.choice(NUMBERS)


def _other_clock(_: str, rng: random.Random) -> str:
    return rng.choice(CLOCKS)


def _native_number(_: str, rng: random.Random) -> str:
    zero = rng.choice((0x966, 0xBE6))
    return "".join(chr(zero + int(digit)) for digit in rng.choice(NUMBERS))


def _other_unit(base: Case, rng: random.Random) -> Made:
    able = [
        (path, changed)
        for path, text in _texts(base)
        for pattern, new in UNITS
        if (changed := re.sub(pattern, new, text, count=1)) != text
    ]
    if not able:
        return None
    path, changed = rng.choice(able)
    return with_text(base.wording, path, changed), (_place(path),)


def _added(kind: str, *places: str) -> Mutation:
    def mutation(base: Case, rng: random.Random) -> Made:
        sentence = rng.choice(phrases(base.half)[kind][base.brief.language])
        able = [
            path for path, _ in _texts(base) if path.split(".")[-1] in places or path.split(".")[0] in places
        ]
        if "encouragement" in places and base.wording.encouragement:
            able.append("encouragement")
        if not able:
            return None
        path = rng.choice(able)
        return with_text(base.wording, path, sentence, add=True), (_place(path),)

    return mutation


def _praise(base: Case, rng: random.Random) -> Made:
    if not base.wording.encouragement:
        return None
    sentence = rng.choice(phrases(base.half)["flattery"][base.brief.language])
    return with_text(base.wording, "encouragement", sentence), ("encouragement",)


def _other_language(base: Case, rng: random.Random) -> Made:
    foreign = [c for c in good() if c.half == base.half and c.brief.language != base.brief.language]
    other = rng.choice([case for case in foreign if case.wording.mistakes])
    field = rng.choice(FIELDS)
    at = rng.randrange(len(base.wording.mistakes))
    text = getattr(rng.choice(other.wording.mistakes), field)
    return with_text(base.wording, f"mistakes.{at}.{field}", text), (f"mistakes.{at}",)


def _overlong(base: Case, rng: random.Random) -> Made:
    at = rng.randrange(len(base.wording.mistakes))
    mistake = base.wording.mistakes[at]
    text = mistake.why.rstrip(".।")
    while len(text) < 600:
        text += f", {mistake.why.rstrip('.।')}"
    return with_text(base.wording, f"mistakes.{at}.why", f"{text}."), (f"mistakes.{at}",)


def _tips_of(base: Case, at: int, tips: tuple[str, ...]) -> Made:
    return with_text(base.wording, f"mistakes.{at}.tips", tips), (f"mistakes.{at}",)


def _cited(base: Case) -> list[int]:
    return [n for n, mistake in enumerate(base.wording.mistakes) if mistake.tip_ids]


def _no_tip(base: Case, rng: random.Random) -> Made:
    return _tips_of(base, rng.choice(_cited(base)), ())


def _unknown_tip(base: Case, rng: random.Random) -> Made:
    at = rng.choice(_cited(base))
    return _tips_of(base, at, (*base.wording.mistakes[at].tip_ids, "grandmothers-secret"))


def _tip_of_another(base: Case, rng: random.Random) -> Made:
    at = rng.choice(_cited(base))
    own = {d.deviation_id: d.tip_ids for d in base.brief.deviations}[base.wording.mistakes[at].deviation_id]
    others = sorted({tip.tip_id for tip in base.brief.tips} - set(own))
    return _tips_of(base, at, (rng.choice(others),)) if others else None


def _two(base: Case) -> tuple[WordedMistake, WordedMistake] | None:
    mistakes = base.wording.mistakes
    return (mistakes[0], mistakes[1]) if len(mistakes) > 1 else None


def _with(base: Case, *mistakes: WordedMistake) -> Wording:
    return base.wording.model_copy(update={"mistakes": mistakes})


def _swapped(*fields: str) -> Mutation:
    def mutation(base: Case, _: random.Random) -> Made:
        pair = _two(base)
        if pair is None:
            return None
        first, second = pair
        one = first.model_copy(update={field: getattr(second, field) for field in fields})
        two = second.model_copy(update={field: getattr(first, field) for field in fields})
        if (one, two) == (first, second):
            return None
        return _with(base, one, two, *base.wording.mistakes[2:]), ("mistakes.0", "mistakes.1")

    return mutation


def _unknown_deviation(base: Case, rng: random.Random) -> Made:
    at = rng.randrange(len(base.wording.mistakes))
    return with_text(base.wording, f"mistakes.{at}.dev", "d099-extra"), (f"mistakes.{at}",)


def _doubled(base: Case, _: random.Random) -> Made:
    mistakes = base.wording.mistakes
    return _with(base, *mistakes, mistakes[0]), (f"mistakes.{len(mistakes)}",)


def _one_too_many(base: Case, _: random.Random) -> Made:
    mistakes = base.wording.mistakes
    extra = mistakes[-1].model_copy(update={"deviation_id": "d098-poor_plating", "safety": ""})
    return _with(base, *mistakes, extra), (f"mistakes.{len(mistakes)}",)


def _same_sentence(base: Case, _: random.Random) -> Made:
    pair = _two(base)
    if pair is None:
        return None
    second = pair[1].model_copy(update={"what": f"{pair[1].what} {pair[0].what}"})
    return _with(base, pair[0], second, *base.wording.mistakes[2:]), ("mistakes.1",)


def _with_safety(base: Case) -> list[int]:
    given = {d.deviation_id for d in base.brief.deviations if d.safety}
    return [n for n, mistake in enumerate(base.wording.mistakes) if mistake.deviation_id in given]


def _safety(change: Callable[[str, random.Random], str]) -> Mutation:
    def mutation(base: Case, rng: random.Random) -> Made:
        if not _with_safety(base):
            return None
        at = rng.choice(_with_safety(base))
        line = change(base.wording.mistakes[at].safety, rng)
        return with_text(base.wording, f"mistakes.{at}.safety", line), (f"mistakes.{at}",)

    return mutation


def _without_a_word(line: str, rng: random.Random) -> str:
    words = line.split()
    del words[rng.randrange(len(words))]
    return " ".join(words)


def _no_line(_: str, __: random.Random) -> str:
    return ""


def _other_strength(base: Case, _: random.Random) -> Made:
    if not base.wording.encouragement:
        return None
    return base.wording.model_copy(update={"strength_id": "s9"}), ("encouragement",)


def _safety_last(base: Case, _: random.Random) -> Made:
    """What touches safety behind what does not, although it was given first."""
    given = [d.deviation_id for d in base.brief.deviations]
    mistakes = base.wording.mistakes
    risky = {mistakes[n].deviation_id for n in _with_safety(base)}
    for first in mistakes:
        for later in mistakes:
            if (
                first.deviation_id in risky
                and later.deviation_id not in risky
                and given.index(first.deviation_id) < given.index(later.deviation_id)
            ):
                rest = [m for m in mistakes if m not in (first, later)]
                made = _with(base, *rest, later, first)
                if made != base.wording:
                    return made, ("order",)
    return None


MUTATIONS: dict[str, Mutation] = {
    "number-changed": _substituted(r"(?<![\d:])\d+(?![\d:])", _other_number),
    "clock-changed": _substituted(r"\d+:\d\d", _other_clock),
    "number-changed-native-digits": _substituted(r"(?<![\d:])\d+(?![\d:])", _native_number),
    "unit-changed": _other_unit,
    "time-added": _added("time-added", "what", "why", "correction", "next"),
    "temperature-added": _added("temperature-added", "correction", "next"),
    "ingredient-added": _added("ingredient-added", "correction", "next"),
    "step-added": _added("step-added", "correction", "next"),
    "unsafe-added": _added("unsafe-added", "correction", "next"),
    "flattery-instead": _praise,
    "flattery-added": _added("flattery", "encouragement", "next"),
    "injection-added": _added("injection", "what", "why", "correction", "next", "encouragement"),
    "blame-added": _added("blame", "what", "why", "next", "encouragement"),
    "other-language": _other_language,
    "overlong": _overlong,
    "tips-removed": _no_tip,
    "tip-unknown": _unknown_tip,
    "tip-of-another": _tip_of_another,
    "deviations-swapped": _swapped("deviation_id"),
    "ids-swapped": _swapped("deviation_id", "tip_ids", "safety"),
    "corrections-swapped": _swapped("correction"),
    "deviation-unknown": _unknown_deviation,
    "mistake-doubled": _doubled,
    "mistake-too-many": _one_too_many,
    "sentence-repeated": _same_sentence,
    "safety-altered": _safety(_without_a_word),
    "safety-left-out": _safety(_no_line),
    "safety-swapped": _swapped("safety"),
    "strength-unknown": _other_strength,
    "safety-put-last": _safety_last,
}
