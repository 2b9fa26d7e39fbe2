"""Good answers and faults planted by hand: what the verifier is measured on.

Knows nothing of the verifier. Every case belongs to the half that its brief belongs to; sentences that the
program plants are halved by a hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from bharatchef.coaching.brief import Brief, WordedMistake, Wording

DATA = Path(__file__).with_name("verifier_data")
Half = Literal[
    "dev",
    "test",
    "unseen",
    "later",
    "held",
    "more",
    "fresh",
    "kept",
    "seventh",
    "seventh-kept",
    "eighth",
    "eighth-kept",
    "ninth-kept",
]
# The half or the two halves of each file's briefs. All but the first file were written after the verifier. Of
# two halves the first may be tuned on; so may ``more``, ``seventh`` and ``eighth``.
_FILES: dict[str, tuple[Half, ...]] = {
    "briefs.yaml": ("dev", "test"),
    "unseen.yaml": ("unseen",),
    "later.yaml": ("later", "held"),
    "more.yaml": ("more",),
    "fresh.yaml": ("fresh", "kept"),
    "seventh_tuning.yaml": ("seventh",),
    "seventh_kept.yaml": ("seventh-kept",),
    "eighth.yaml": ("eighth",),
    "eighth_english.yaml": ("eighth",),
    "eighth_kept.yaml": ("eighth-kept",),
    "ninth_kept.yaml": ("ninth-kept",),
}
# Answers lie beside their briefs, but for the first ones.
_ANSWERS = {"briefs.yaml": "good.yaml"}


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
    rows = {name: row for file in _FILES for name, row in _plain(file)["briefs"].items()}
    return {name: Brief.model_validate(row) for name, row in rows.items()}


@cache
def half_of(brief_name: str) -> Half:
    """The half of a brief.

    Where a file has two, its first half is what it calls ``tunable``, or else the first half of each
    language's briefs when they are ranked by the hash of their names.
    """
    file = next(file for file in _FILES if brief_name in _plain(file)["briefs"])
    first, *second = _FILES[file]
    return second[0] if second and not _in_first_half(brief_name, file) else first


def _in_first_half(brief_name: str, file: str) -> bool:
    if "tunable" in _plain(file):
        return brief_name in _plain(file)["tunable"]
    language = briefs()[brief_name].language
    beside = (name for name in _plain(file)["briefs"] if briefs()[name].language == language)
    ranked = sorted(beside, key=_rank)
    return ranked.index(brief_name) < len(ranked) / 2


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
    rows = [row for file in _FILES for row in _plain(_ANSWERS.get(file, file))["answers"]]
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
            wording = with_text(wording, path, value, add=how == "add")
            places.append(".".join(path.split(".")[:2]))
    return replace(base, name=row["id"], kind=row["kind"], wording=wording, places=tuple(places))


_NAMES = {"do": "correction", "dev": "deviation_id", "tips": "tip_ids"}


def with_text(wording: Wording, path: str, value: Any, *, add: bool = False) -> Wording:
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
