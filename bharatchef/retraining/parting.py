"""Which people and kitchens a model is measured on, and which it may learn from; once said, for good.

A person or a kitchen of the frozen test never comes into training, of this retraining or any later one: who
would be in both ties the two together, and is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeVar

from pydantic import Field

from bharatchef.vocabulary import Record

Part = Literal["training", "test"]


class Owned(Protocol):
    """A film of a person in a kitchen; an empty kitchen is the person's own."""

    @property
    def person(self) -> str: ...
    @property
    def kitchen(self) -> str: ...


F = TypeVar("F", bound=Owned)


class Parting(Record):
    """Who is on which side. Keys are ``person:NAME`` and ``kitchen:NAME``; values their part."""

    parts: dict[str, Part] = Field(default_factory=dict)

    def part_of(self, film: Owned) -> Part | None:
        """The side of a film; ``None`` where its person and its kitchen are on different ones, or new."""
        sides = {self.parts.get(name) for name in names_of(film)}
        return sides.pop() if len(sides) == 1 else None


def names_of(film: Owned) -> tuple[str, ...]:
    """What ties a film to others: its person, and its kitchen where that has a name of its own."""
    person = f"person:{film.person}"
    return (person, f"kitchen:{film.kitchen}") if film.kitchen else (person,)


def groups_of(films: Sequence[Owned]) -> list[str]:
    """For each film the name of its group: all people and kitchens that are tied together by films."""
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for film in films:
        names = names_of(film)
        a, b = first(names[0]), first(names[-1])
        # The smallest name leads, so that the order of films does not matter.
        leader[max(a, b)] = min(a, b)
    return ["g-" + hashlib.sha256(first(names_of(film)[0]).encode()).hexdigest()[:12] for film in films]


def parted(films: Sequence[F], before: Parting, test_share: float) -> Parting:
    """``before``, with all who are new put on a side.

    Somebody new who is tied to one side joins it. New groups are dealt by the hash of their names, so that
    about ``test_share`` of all groups, 0 to 1, are in the test; a side that was given is never changed.
    """
    parts = dict(before.parts)
    # Ties to a side spread from person to kitchen to person until nothing changes.
    changed = True
    while changed:
        changed = False
        for film in films:
            names = names_of(film)
            sides = {parts[name] for name in names if name in parts}
            if len(sides) == 1 and any(name not in parts for name in names):
                side = sides.pop()
                parts.update({name: side for name in names if name not in parts})
                changed = True
    fresh = [film for film in films if names_of(film)[0] not in parts]
    members: dict[str, set[str]] = {}
    for film, group in zip(fresh, groups_of(fresh), strict=True):
        members.setdefault(group, set()).update(names_of(film))
    old = [film for film in films if names_of(film)[0] in parts]
    sides_of = {group: parts[names_of(film)[0]] for film, group in zip(old, groups_of(old), strict=True)}
    in_test = sum(side == "test" for side in sides_of.values())
    for count, group in enumerate(sorted(members), len(sides_of) + 1):
        dealt: Part = "test" if in_test + 1 <= test_share * count + 0.5 else "training"
        in_test += dealt == "test"
        parts.update(dict.fromkeys(members[group], dealt))
    return Parting(parts=parts)


def on_side(films: Iterable[F], parting: Parting, part: Part) -> tuple[F, ...]:
    """The films of one side; who is tied to both sides is on neither."""
    return tuple(film for film in films if parting.part_of(film) == part)
