"""The actions and objects that dishes may name, read from the reviewed lists; knows no dish."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bharatchef.errors import KnowledgeError
from knowledge_base.marked_yaml import read_marked

_MEASURE = r"[\d/.]+ (?:cup|teaspoon|tablespoon|tsp|tbsp)s?\b|\b\w+-safe\b"
FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Word:
    """One word of a list: what else people say for it, and what a camera sees (empty for objects)."""

    word: str
    like: tuple[str, ...]
    film: str = ""


@cache
def actions() -> Mapping[str, Word]:
    """The actions that a step may name (knowledge_base/actions.yaml)."""
    return _words(FOLDER / "actions.yaml", "actions")


@cache
def objects() -> Mapping[str, Word]:
    """The tools and vessels that a step may name (knowledge_base/objects.yaml)."""
    return _words(FOLDER / "objects.yaml", "objects")


def action_for(texts: Sequence[str], otherwise: str) -> str:
    """The listed action that a sentence such as ``Saute the onions`` is about.

    The start of each text counts before what lies within it, longer words before shorter, earlier texts
    before later ones.
    """
    names = sorted(
        ((_plain(n), word.word) for word in actions().values() for n in (word.word, *word.like)),
        key=lambda pair: (-len(pair[0]), pair),
    )
    plain = [_plain(text) for text in texts]
    for text in plain:
        for name, word in names:
            if re.match(rf"{name}\b", text):
                return word
    for text in plain:
        found = [(m.start(), i, word) for i, (name, word) in enumerate(names) if (m := _find(name, text))]
        if found:
            return min(found)[2]
    return otherwise


def objects_in(text: str) -> tuple[str, ...]:
    """The listed objects that a sentence names, in its order; ``1/4 cup`` and ``microwave-safe`` name none.

    A word that is also something one does (whisk, brush, can) is an object only after such as *a* or *the*.
    """
    plain = _plain(re.sub(_MEASURE, " ", text.lower()))
    verbs = {_plain(n) for word in actions().values() for n in (word.word, *word.like)} | {"can"}
    found: dict[str, int] = {}
    for word in objects().values():
        for name in (word.word, *word.like):
            before = r"\b(?:a|an|the|from|with|of) " if _plain(name) in verbs else ""
            if match := re.search(rf"{before}\b{_plain(name)}s?\b", plain):
                found[word.word] = min(match.start(), found.get(word.word, len(plain)))
    return tuple(sorted(found, key=lambda word: (found[word], word)))


def _find(name: str, plain: str) -> re.Match[str] | None:
    return re.search(rf"\b{name}s?\b", plain)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _words(path: Path, kind: str) -> Mapping[str, Word]:
    marked = read_marked(path.read_bytes())
    tree = marked.tree
    entries = tree.get(kind) if isinstance(tree, dict) else None
    if marked.flaws or not isinstance(entries, dict):
        reason = marked.flaws[0].message if marked.flaws else f"it has no `{kind}`"
        raise KnowledgeError(f"{path.name} cannot be used: {reason}.", "Install the project afresh.")
    result = {}
    for word, entry in entries.items():
        entry = entry if isinstance(entry, dict) else {}
        like = entry.get("like")
        names = tuple(name for name in like if isinstance(name, str)) if isinstance(like, list) else ()
        result[word] = Word(word, names, str(entry.get("film") or ""))
    return result
