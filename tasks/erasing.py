"""Erasing a person: what is to go is written down first, then erased place by place, then receipted.

**What was found is kept until the receipt is**: a process that is killed anywhere is followed by one that
reads it, finds what is left, and whose receipt tells of all that went, whoever erased it. Knows nothing of
Prefect and of what a place is.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from bharatchef.erasing.person import Erasable, Erasure, Found, Traces
from bharatchef.erasing.receipts import Receipt, made_receipt, read_receipt, receipt_key_of, receipts_of
from bharatchef.errors import StoreError
from bharatchef.ports import Ports
from bharatchef.pseudonyms import pseudonym, pseudonym_key, receipt_key
from bharatchef.retention import load_policy
from bharatchef.settings import Settings
from tasks.runtime import report_progress
from tasks.tracing import find_traces

OPEN = "erasures/"
_ROUNDS = 4


def looked_up(ports: Ports, settings: Settings, places: Sequence[Erasable], user_id: str) -> Erasure:
    """What an erasure of a person would find now; changes nothing."""
    person = pseudonym(user_id, pseudonym_key(settings))
    traces = find_traces(ports, user_id, person)
    before = open_erasure(ports, person)
    if before is not None:
        traces = traces.joined(before.traces)
    found = {place.place: place.find(traces) for place in places}
    asked_at = before.asked_at if before else ports.clock.now()
    return Erasure(asked_at=asked_at, traces=traces, found=_whole(found, before))


def is_empty(erasure: Erasure) -> bool:
    """Whether nothing of the person is kept."""
    return not any(found.things for found in erasure.found.values())


def ask_for_erasure(ports: Ports, erasure: Erasure) -> None:
    """Write down what is to be erased: from here on it will be, also when this process dies."""
    key = f"{OPEN}{erasure.traces.person}.json"
    ports.objects.put_bytes(key, erasure.to_json().encode(), "application/json")


def open_erasure(ports: Ports, person: str) -> Erasure | None:
    """The erasure of the person of that pseudonym that was asked for and has no receipt yet."""
    key = f"{OPEN}{person}.json"
    if not ports.objects.exists(key):
        return None
    try:
        return Erasure.model_validate_json(ports.objects.get_bytes(key))
    except ValidationError as error:
        raise StoreError(
            f"What was written down of the erasure of {person} cannot be read: {error.errors()[0]['msg']}.",
            "Delete it and ask for the erasure again: what is left is found anew.",
        ) from None


def open_erasures(ports: Ports) -> list[str]:
    """The pseudonyms of all whose erasure was asked for and has no receipt yet."""
    return [key.removeprefix(OPEN).removesuffix(".json") for key in ports.objects.list_keys(OPEN)]


def complete_erasure(
    ports: Ports, settings: Settings, places: Sequence[Erasable], person: str
) -> Receipt | None:
    """Erase all that is left of a person and leave a receipt; ``None`` where nothing was asked for.

    Raises:
        StoreError: something could not be erased, or comes again as fast as it goes; repeat it.
    """
    erasure = open_erasure(ports, person)
    if erasure is None:
        return None
    key = receipt_key_of(person, erasure.asked_at)
    if not ports.objects.exists(key):
        erasure = _erased(ports, places, erasure)
        receipt = made_receipt(
            erasure,
            load_policy(settings.retention),
            settings.ports,
            settings.environment,
            ports.clock.now(),
            receipt_key(settings),
        )
        ports.objects.put_bytes(key, receipt.to_json(indent=2).encode(), "application/json")
    ports.objects.erase(f"{OPEN}{person}.json")
    return read_receipt(ports.objects.get_bytes(key))


def last_receipt(ports: Ports, person: str) -> Receipt | None:
    """The receipt of the person's last erasure."""
    keys = list(ports.objects.list_keys(receipts_of(person)))
    return read_receipt(ports.objects.get_bytes(keys[-1])) if keys else None


def _erased(ports: Ports, places: Sequence[Erasable], erasure: Erasure) -> Erasure:
    """The erasure with all that was found, once nothing more is."""
    for _ in range(_ROUNDS):
        traces = _traces_now(ports, erasure.traces)
        found = {place.place: place.find(traces) for place in places}
        erasure = Erasure(asked_at=erasure.asked_at, traces=traces, found=_whole(found, erasure))
        ask_for_erasure(ports, erasure)
        for number, place in enumerate(places):
            report_progress("erasing", number, len(places))
            place.erase(traces, erasure.found[place.place].things)
        # What a worker was writing meanwhile is found now: its record is gone, so it writes nothing more.
        traces = _traces_now(ports, traces)
        if not any(place.find(traces).things for place in places):
            report_progress("erasing", len(places), len(places))
            return erasure
    raise StoreError(
        f"Something of {erasure.traces.person} comes again as fast as it is erased.",
        "Let nobody evaluate films of this person, then repeat it: it goes on where it is.",
    )


def _traces_now(ports: Ports, before: Traces) -> Traces:
    return find_traces(ports, before.user_id, before.person).joined(before)


def _whole(found: dict[str, Found], before: Erasure | None) -> dict[str, Found]:
    earlier = before.found if before else {}
    return {
        name: found.get(name, Found()).joined(earlier.get(name, Found()))
        for name in sorted({*found, *earlier})
    }
