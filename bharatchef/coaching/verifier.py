"""Holds a model's wording against the brief that it was given: what does not rest on the brief is taken out.

Knows no model and calls none. The same wording of the same brief gives the same verdict, down to the lists of
words behind it, whose version and hash ``lists_version`` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bharatchef.coaching.brief import Brief, Fault, GivenDeviation, Verdict, WordedMistake, Wording
from bharatchef.coaching.verifier_lists import lists_version
from bharatchef.coaching.verifier_sources import Sources, sources_of
from bharatchef.coaching.verifier_structure import (
    order_faults,
    reference_faults,
    safety_faults,
    sorted_as_given,
)
from bharatchef.coaching.verifier_words import (
    encouragement_faults,
    injected_faults,
    next_step_faults,
    repeated_sentences,
    text_faults,
)

__all__ = ["FATAL", "lists_version", "verify"]

# A model that was talked into something else is not trusted with the rest either.
FATAL = frozenset({"injected"})
_FIELDS = ("what", "why", "correction")


def verify(wording: Wording, brief: Brief) -> Verdict:
    """A wording without what fails, and why it failed.

    A mistake with a fault is dropped whole, so is a next step; a faulty encouragement becomes empty. An order
    that puts what was given first too far back is put right. ``usable`` is true where nothing was injected
    and

    - mistakes were given: at least half of them, and at least one, are left;
    - none was given: an encouragement or a next step is left.

    What was given and is not kept has to be told in the rules' words.
    """
    sources = sources_of(brief)
    faults: list[Fault] = []
    kept: list[WordedMistake] = []
    for place, mistake in enumerate(wording.mistakes):
        found = list(_mistake_faults(place, mistake, kept, sources, wording))
        faults += found
        if not found:
            kept.append(mistake)
    told_order = order_faults(kept, brief)
    if told_order:
        faults += told_order
        kept = sorted_as_given(kept, brief)
    praise = list(encouragement_faults(wording, sources))
    faults += praise
    steps: list[str] = []
    for place, step in enumerate(wording.next_steps):
        found = list(next_step_faults(place, step, steps, sources))
        faults += found
        if not found:
            steps.append(step)
    left = Wording(
        strength_id=None if praise else wording.strength_id,
        encouragement="" if praise else wording.encouragement,
        mistakes=tuple(kept),
        next_steps=tuple(steps),
    )
    return Verdict(kept=left, faults=tuple(faults), usable=_usable(left, faults, brief))


def _usable(left: Wording, faults: Iterable[Fault], brief: Brief) -> bool:
    if any(fault.code in FATAL for fault in faults):
        return False
    if not brief.deviations:
        return bool(left.encouragement.strip() or left.next_steps)
    return bool(left.mistakes) and 2 * len(left.mistakes) >= len(brief.deviations)


def _mistake_faults(
    place: int, mistake: WordedMistake, before: list[WordedMistake], sources: Sources, wording: Wording
) -> Iterator[Fault]:
    """What is wrong with one mistake, given those before it that hold."""
    where = f"mistakes.{place}"
    references = list(reference_faults(place, mistake, wording, sources.brief))
    yield from references
    deviation = sources.deviation(mistake.deviation_id)
    if deviation is None:
        # Its words have nothing to be held against, but must not hide an injected instruction.
        yield from _injected_alone(where, mistake, sources)
        return
    yield from safety_faults(where, mistake, deviation, before, sources.brief)
    given = sources.of_mistake(mistake)
    for field in _FIELDS:
        yield from text_faults(f"{where}.{field}", field, getattr(mistake, field), given, sources)
    if not references:
        yield from _of_another(where, mistake, deviation, sources)
    yield from repeated_sentences(where, mistake, before, sources)


def _injected_alone(where: str, mistake: WordedMistake, sources: Sources) -> Iterator[Fault]:
    for field in _FIELDS:
        yield from injected_faults(f"{where}.{field}", getattr(mistake, field), sources)


def _of_another(
    where: str, mistake: WordedMistake, deviation: GivenDeviation, sources: Sources
) -> Iterator[Fault]:
    """Whether the words tell of another given mistake than the one that they are filed under."""
    for field in _FIELDS:
        other = sources.tells_of(getattr(mistake, field), deviation.deviation_id)
        if other:
            yield Fault(
                code="wrong-deviation",
                where=f"{where}.{field}",
                said=f"expected words on {deviation.deviation_id}, got words on {other}",
            )
