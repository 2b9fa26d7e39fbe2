"""Whom an erasure is about and by what their traces are known; the form of every place that is erased from.

Knows nothing of how any place is searched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from pydantic import AwareDatetime, Field

from bharatchef.vocabulary import Record, Sha256, UserId

_SHORT = 4


class Traces(Record):
    """A person, and what is theirs alone.

    Attributes:
        words: name and e-mail address, where they are known.
        keys: of films and segments that nobody else's evaluation is made of.
        shared: of those that somebody else's is made of too; they stay.
        media: sha256s of the films that go.
        pieces: sha256s of what was cut from them, and of its keys: answers about it are kept under these.
    """

    user_id: UserId
    person: str
    words: tuple[str, ...] = ()
    evaluations: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    media: tuple[Sha256, ...] = ()
    pieces: tuple[Sha256, ...] = ()

    def joined(self, other: Traces) -> Traces:
        """These traces and those that were found before something of them was erased."""
        found = {
            name: tuple(sorted({*getattr(self, name), *getattr(other, name)}))
            for name in ("words", "evaluations", "keys", "media", "pieces")
        }
        # What somebody else came to use meanwhile stays; what nobody else uses any more may go.
        return self.model_copy(
            update={**found, "keys": tuple(k for k in found["keys"] if k not in self.shared)}
        )

    def marker(self, by_pseudonym: bool) -> Callable[[str], bool]:
        """A test of one text of a document: whether it says that what it stands in is about the person.

        Args:
            by_pseudonym: whether the pseudonym says so; where it only says who decided, it may stay.
        """
        named = (self.person,) if by_pseudonym else ()
        marks = (*named, *self.evaluations, *self.keys, *self.media, *self.pieces, f"trainee/{self.user_id}")
        marked = re.compile(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(map(re.escape, marks))})(?![A-Za-z0-9_-])")
        names = [_as_words(name) for name in (self.user_id, *self.words) if len(name) >= _SHORT]
        short = {name for name in (self.user_id, *self.words) if len(name) < _SHORT}
        return lambda text: (
            text in short or marked.search(text) is not None or any(name.search(text) for name in names)
        )

    def named_in(self, text: str) -> bool:
        """Whether a text names the person: by id, name or e-mail address, as words of their own.

        An id of fewer than four letters is looked for only where it is the whole text.
        """
        return any(
            text == word or (len(word) >= _SHORT and _as_words(word).search(text))
            for word in (self.user_id, *self.words)
        )

    def without_names(self, text: str) -> str:
        """A text without the person's names: the pseudonym where one was the whole text, else ``…``.

        No text gets too long by it. An id of fewer than four letters is taken for one only where it is the
        whole text: ``me`` is a word.
        """
        for word in (*self.words, self.user_id):
            if text == word:
                return self.person
            if len(word) >= _SHORT:
                text = _as_words(word).sub("…", text)
        return text


class Kept(Record):
    """Something that is about the person and stays, and why."""

    what: str
    count: int = Field(ge=1)
    why: str


class Found(Record):
    """What one place holds of a person.

    Attributes:
        things: by what the place knows each of them; enough to erase it later, also in another process.
        kept: what stays.
        models: trainings whose data named the person's films, as ``package/run``.
    """

    things: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()
    models: tuple[str, ...] = ()

    def joined(self, other: Found) -> Found:
        """This, and what was found before something of it was erased; what stays is as it is now."""
        return Found(
            things=tuple(sorted({*self.things, *other.things})),
            kept=self.kept,
            models=tuple(sorted({*self.models, *other.models})),
        )


class Erasable(Protocol):
    """A place that holds something of people.

    **Both calls may be made again at any time**: a process that is killed is followed by another one that
    knows only what was found before, and what is gone already is no error.
    """

    @property
    def place(self) -> str:
        """What a receipt calls it."""
        ...

    def find(self, traces: Traces) -> Found:
        """What there is of the person; changes nothing."""
        ...

    def erase(self, traces: Traces, things: Sequence[str]) -> None:
        """Make it as if ``things`` had never been there."""
        ...


class Erasure(Record):
    """An erasure that was asked for and is not finished; kept until its receipt is."""

    asked_at: AwareDatetime
    traces: Traces
    found: dict[str, Found] = Field(default_factory=dict)


def _as_words(word: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![A-Za-z0-9_@-])(?<![A-Za-z0-9]\.){re.escape(word)}(?![A-Za-z0-9_@-])(?!\.[A-Za-z0-9])"
    )
