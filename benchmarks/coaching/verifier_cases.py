"""Good answers, faults planted by hand, and faults that a program plants: what the verifier is measured on.

Knows nothing of the verifier. Every case belongs to the half that its brief belongs to, by a hash of the
brief's name; sentences that the program plants are halved in the same way.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from bharatchef.coaching.brief import Brief, WordedMistake, Wording

DATA = Path(__file__).with_name("verifier_data")
SEED = 20261122
Half = Literal["dev", "test", "unseen", "later", "held"]
_LATER = ("unseen.yaml", "later.yaml")
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


@dataclass(frozen=True)
class Case:
    """A wording with its brief; ``places`` names what is faulty in it, nothing where it is good.

    Places are ``mistakes.N``, ``encouragement``, ``next.N`` or ``order``.
    """

    name: str
    kind: str
    brief: Brief
    wording: Wording
    half: Half
    places: tuple[str, ...] = ()


def _rank(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@cache
def _plain(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text("utf-8"))


@cache
def briefs() -> dict[str, Brief]:
    """The briefs by name."""
    rows = {n: row for file in ("briefs.yaml", *_LATER) for n, row in _plain(file)["briefs"].items()}
    return {name: Brief.model_validate(row) for name, row in rows.items()}


@cache
def half_of(brief_name: str) -> Half:
    """The half of a brief: of each language's briefs, ranked by hash, the first half is dev.

    What was written after the verifier is of neither half: ``unseen`` first, then ``later``, which may be
    tuned on, and ``held``, which never is.
    """
    if brief_name in _plain("unseen.yaml")["briefs"]:
        return "unseen"
    if brief_name in _plain("later.yaml")["briefs"]:
        return "later" if brief_name in _plain("later.yaml")["tunable"] else "held"
    language = briefs()[brief_name].language
    first = _plain("briefs.yaml")["briefs"]
    ranked = sorted((name for name in first if briefs()[name].language == language), key=_rank)
    return "dev" if ranked.index(brief_name) < len(ranked) / 2 else "test"


@cache
def phrases(half: Half) -> dict[str, dict[str, tuple[str, ...]]]:
    """Sentences to be planted, by kind and language; of each list, ranked by hash, the first half is dev."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for kind, languages in _plain("planted_phrases.yaml")["phrases"].items():
        for language, sentences in languages.items():
            ranked = sorted(sentences, key=_rank)
            middle = (len(ranked) + 1) // 2
            chosen = ranked[:middle] if half == "dev" else ranked[middle:]
            found.setdefault(kind, {})[language] = tuple(chosen)
    return found


@cache
def good() -> tuple[Case, ...]:
    """All good answers."""
    rows = [row for file in ("good.yaml", *_LATER) for row in _plain(file)["answers"]]
    return tuple(
        Case(row["id"], "good", briefs()[row["brief"]], _wording(row), half_of(row["brief"])) for row in rows
    )


def _wording(row: dict[str, Any]) -> Wording:
    brief = briefs()[row["brief"]]
    return Wording(
        strength_id=row["strength"],
        encouragement=row["encouragement"],
        mistakes=tuple(
            WordedMistake(
                deviation_id=mistake["dev"],
                tip_ids=tuple(mistake["tips"]),
                what=mistake["what"],
                why=mistake["why"],
                correction=mistake["do"],
                safety=_given_safety(brief, mistake) if mistake.get("safety") == "given" else "",
            )
            for mistake in row["mistakes"]
        ),
        next_steps=tuple(row["next"]),
    )


def _given_safety(brief: Brief, mistake: dict[str, Any]) -> str:
    deviation = next(d for d in brief.deviations if d.deviation_id == mistake["dev"])
    cited = (tip.safety for tip in brief.tips if tip.tip_id in mistake["tips"] and tip.safety)
    return deviation.safety or next(cited)


@cache
def by_hand() -> tuple[Case, ...]:
    """All faults planted by hand."""
    named = {case.name: case for case in good()}
    return tuple(_planted(named[row["from"]], row) for row in _plain("faults.yaml")["faults"])


def _planted(base: Case, row: dict[str, Any]) -> Case:
    wording, places = base.wording, []
    for how in ("set", "add"):
        for path, value in row.get(how, {}).items():
            wording = _changed(wording, path, value, add=how == "add")
            places.append(".".join(path.split(".")[:2]))
    return replace(base, name=row["id"], kind=row["kind"], wording=wording, places=tuple(places))


_NAMES = {"do": "correction", "dev": "deviation_id", "tips": "tip_ids"}


def _changed(wording: Wording, path: str, value: Any, *, add: bool = False) -> Wording:
    """The wording with the text at ``path`` replaced, or with ``value`` behind it."""
    first, _, rest = path.partition(".")
    if first == "encouragement":
        return wording.model_copy(
            update={first: f"{wording.encouragement} {value}".strip() if add else value}
        )
    number, _, field = rest.partition(".")
    at = int(number)
    if first == "next":
        text = f"{wording.next_steps[at]} {value}" if add else value
        return wording.model_copy(
            update={"next_steps": (*wording.next_steps[:at], text, *wording.next_steps[at + 1 :])}
        )
    field = _NAMES.get(field, field)
    new = tuple(value) if field == "tip_ids" else value
    if add:
        new = f"{getattr(wording.mistakes[at], field)} {value}"
    mistake = wording.mistakes[at].model_copy(update={field: new})
    return wording.model_copy(
        update={"mistakes": (*wording.mistakes[:at], mistake, *wording.mistakes[at + 1 :])}
    )


@cache
def mutated(half: Half) -> tuple[Case, ...]:
    """Every mutation of every good answer of a half that it can be made of; the same ones each time."""
    return tuple(case for base in good() if base.half == half for case in _mutants(base))


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
        return _changed(base.wording, path, changed), (_place(path),)

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
    return _changed(base.wording, path, changed), (_place(path),)


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
        return _changed(base.wording, path, sentence, add=True), (_place(path),)

    return mutation


def _praise(base: Case, rng: random.Random) -> Made:
    if not base.wording.encouragement:
        return None
    sentence = rng.choice(phrases(base.half)["flattery"][base.brief.language])
    return _changed(base.wording, "encouragement", sentence), ("encouragement",)


def _other_language(base: Case, rng: random.Random) -> Made:
    other = rng.choice([c for c in good() if c.half == base.half and c.brief.language != base.brief.language])
    field = rng.choice(FIELDS)
    at = rng.randrange(len(base.wording.mistakes))
    text = getattr(rng.choice(other.wording.mistakes), field)
    return _changed(base.wording, f"mistakes.{at}.{field}", text), (f"mistakes.{at}",)


def _overlong(base: Case, rng: random.Random) -> Made:
    at = rng.randrange(len(base.wording.mistakes))
    mistake = base.wording.mistakes[at]
    text = mistake.why.rstrip(".।")
    while len(text) < 600:
        text += f", {mistake.why.rstrip('.।')}"
    return _changed(base.wording, f"mistakes.{at}.why", f"{text}."), (f"mistakes.{at}",)


def _tips_of(base: Case, at: int, tips: tuple[str, ...]) -> Made:
    return _changed(base.wording, f"mistakes.{at}.tips", tips), (f"mistakes.{at}",)


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
    return _changed(base.wording, f"mistakes.{at}.dev", "d099-extra"), (f"mistakes.{at}",)


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
        return _changed(base.wording, f"mistakes.{at}.safety", line), (f"mistakes.{at}",)

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
                return _with(base, *rest, later, first), ("order",)
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
