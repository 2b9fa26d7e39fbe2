"""Parts labelled films so that no person and no kitchen is in two parts; opens no film.

What is learned from one person or in one kitchen is measured on others. Where people share kitchens, whole
circles of them stay together; where all belong to one circle, films that would tie two parts are left out.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Hashable, Sequence
from typing import Protocol, TypeVar

import numpy as np

PARTS = ("training", "calibration", "test")
_TRIES = 2000
_log = logging.getLogger(__name__)


class Owned(Protocol):
    """A film of a person in a kitchen."""

    @property
    def person(self) -> str: ...
    @property
    def kitchen(self) -> str: ...


F = TypeVar("F", bound=Owned)


def split(films: Sequence[F], seed: int = 0) -> dict[str, tuple[F, ...]]:
    """Training, calibration and test films, no person or kitchen in two of them; a fifth each is held out.

    Raises:
        ValueError: they are of too few people or kitchens for that.
    """
    circles = _circles(films)
    names = sorted(set(circles), key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    if len(names) >= 3:
        held = max(1, len(names) // 5)
        chosen = (names[2 * held :], names[:held], names[held : 2 * held])
        return {
            part: tuple(film for film, circle in zip(films, circles, strict=True) if circle in mine)
            for part, mine in zip(PARTS, chosen, strict=True)
        }
    return _with_some_left_out(films, seed)


def _circles(films: Sequence[Owned]) -> list[str]:
    """For each film the first name of all people who are tied to it by kitchens that they share."""
    leader: dict[Hashable, Hashable] = {}

    def first(one: Hashable) -> Hashable:
        while leader.setdefault(one, one) != one:
            one = leader[one]
        return one

    for film in films:
        leader[first(("person", film.person))] = first(("kitchen", film.kitchen))
    people: dict[Hashable, str] = {}
    for film in films:
        circle = first(("person", film.person))
        people[circle] = min(people.get(circle, film.person), film.person)
    return [people[first(("person", film.person))] for film in films]


def _with_some_left_out(films: Sequence[F], seed: int) -> dict[str, tuple[F, ...]]:
    people, kitchens = sorted({f.person for f in films}), sorted({f.kitchen for f in films})
    of_person = np.array([people.index(film.person) for film in films], np.intp)
    of_kitchen = np.array([kitchens.index(film.kitchen) for film in films], np.intp)
    rng = np.random.default_rng([0x5B11, seed])
    best, best_worth = None, -math.inf
    for _ in range(_TRIES if films else 0):
        by_person = rng.choice(3, len(people), p=(0.6, 0.2, 0.2))[of_person]
        by_kitchen = rng.choice(3, len(kitchens), p=(0.6, 0.2, 0.2))[of_kitchen]
        part = np.where(by_person == by_kitchen, by_person, -1)
        counts = np.bincount(part[part >= 0], minlength=3)
        # Films to learn from are worth most, and none of the parts may be empty.
        if counts.min() > 0 and (worth := float(np.log(counts) @ (3, 1, 1))) > best_worth:
            best, best_worth = part, worth
    if best is None:
        raise ValueError(
            f"expected films of at least 3 people or kitchens that can be kept apart, got {len(people)}"
            f" people in {len(kitchens)} kitchens; film more, or put each one's films into a folder"
        )
    lost = int((best < 0).sum())
    _log.warning(
        "%d of %d films are left out: their people and kitchens tie training, calibration and test together",
        lost,
        len(films),
    )
    return {
        part: tuple(film for film, number in zip(films, best, strict=True) if number == place)
        for place, part in enumerate(PARTS)
    }
