"""Ids, order, number and safety lines of a wording against its brief; reads no sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bharatchef.coaching.brief import Brief, Fault, GivenDeviation, WordedMistake, Wording


def reference_faults(place: int, mistake: WordedMistake, wording: Wording, brief: Brief) -> Iterator[Fault]:
    """Whether a mistake and its tips are ones that were given, for this mistake and once."""
    where = f"mistakes.{place}"
    given = {deviation.deviation_id: deviation for deviation in brief.deviations}
    if place >= len(given):
        yield Fault(code="too-many", where=where, said=f"expected at most {len(given)} mistakes")
    if mistake.deviation_id not in given:
        yield Fault(
            code="unknown-deviation",
            where=where,
            said=f"expected one of {', '.join(given) or 'none'}, got {mistake.deviation_id!r}",
        )
        return
    if any(other.deviation_id == mistake.deviation_id for other in wording.mistakes[:place]):
        yield Fault(code="repeated-deviation", where=where, said=f"{mistake.deviation_id} is told twice")
    yield from _tip_faults(where, mistake, given[mistake.deviation_id], brief)


def _tip_faults(
    where: str, mistake: WordedMistake, deviation: GivenDeviation, brief: Brief
) -> Iterator[Fault]:
    known = {tip.tip_id for tip in brief.tips}
    there = [tip_id for tip_id in deviation.tip_ids if tip_id in known]
    for tip_id in mistake.tip_ids:
        if tip_id not in known:
            yield Fault(code="unknown-tip", where=f"{where}.tip_ids", said=f"no tip {tip_id!r} was given")
        elif tip_id not in there:
            yield Fault(
                code="tip-of-another",
                where=f"{where}.tip_ids",
                said=f"expected one of {', '.join(there) or 'none'}, got {tip_id}",
            )
    if there and not set(there) & set(mistake.tip_ids):
        yield Fault(code="tip-uncited", where=f"{where}.tip_ids", said=f"expected one of {', '.join(there)}")


def safety_faults(
    where: str,
    mistake: WordedMistake,
    deviation: GivenDeviation,
    before: Sequence[WordedMistake],
    brief: Brief,
) -> Iterator[Fault]:
    """Whether the safety line is one that was given, word for word, and there where one has to be.

    The deviation's own line has to be told, unless a mistake that is kept before has told it; a line of a
    cited tip may be.
    """
    own = _line(deviation.safety)
    tips = {_line(tip.safety) for tip in brief.tips if tip.tip_id in mistake.tip_ids and tip.safety}
    told = _line(mistake.safety)
    if told and told not in {own, *tips}:
        code = "safety-altered" if own or tips else "safety-invented"
        yield Fault(code=code, where=f"{where}.safety", said=f"expected the given line, got {told[:80]!r}")
    elif own and told != own and not any(_line(other.safety).startswith(own) for other in before):
        yield Fault(code="safety-missing", where=f"{where}.safety", said=f"expected {own[:80]!r}")


def _line(text: str) -> str:
    return " ".join(text.split())


def order_faults(kept: Sequence[WordedMistake], brief: Brief) -> list[Fault]:
    """Whether the most important mistakes still come first.

    What touches safety may be told sooner, and never after something else that was given later. Among those
    that touch safety, and among the others, a model may weigh anew, but moves none by more than one place.
    """
    given = [d.deviation_id for d in brief.deviations]
    risky = {d.deviation_id for d in brief.deviations if d.safety}
    told = [mistake.deviation_id for mistake in kept]
    late = any(
        name in risky and other not in risky and given.index(other) > given.index(name)
        for place, name in enumerate(told)
        for other in told[:place]
    )
    if not late and not any(
        _moved([n for n in told if (n in risky) is group], given) for group in (True, False)
    ):
        return []
    asked = ", ".join(sorted(told, key=given.index))
    return [Fault(code="order-changed", where="order", said=f"expected {asked}, got {', '.join(told)}")]


def _moved(told: list[str], given: list[str]) -> bool:
    asked = sorted(told, key=given.index)
    return any(abs(asked.index(name) - place) > 1 for place, name in enumerate(told))


def sorted_as_given(kept: Sequence[WordedMistake], brief: Brief) -> list[WordedMistake]:
    """The mistakes in the order in which they were given."""
    given = [d.deviation_id for d in brief.deviations]
    return sorted(kept, key=lambda mistake: given.index(mistake.deviation_id))
