"""What a person agreed to, for which purpose and in which version of the words, as it is kept and asked for.

Each giving and each withdrawal is a document of its own under ``people/{user_id}/consent/``; the latest of a
purpose counts. Knows nothing of who asks, nor of what is done with a consent.

Under 18 years a parent or guardian agrees: section 9 of India's Digital Personal Data Protection Act, 2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from bharatchef.errors import InputError, StoreError
from bharatchef.ports import ObjectStore
from bharatchef.settings import Settings
from bharatchef.vocabulary import Record, UserId

PEOPLE = "people/"
GROWN_UP_YEARS = 18


class Purpose(StrEnum):
    """What a person can agree to, each by itself."""

    EVALUATION = "evaluation"
    TRAINING = "training"
    STILLS_TO_MODEL = "stills-to-model"


class Consent(Record):
    """One giving (``given``) or withdrawal of consent.

    ``person`` is the pseudonym, by which labels name the same person; ``version`` that of the words that the
    person was shown; ``guardian`` who agreed for a child.
    """

    user_id: UserId
    person: str
    purpose: Purpose
    version: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    given: bool
    at: AwareDatetime
    birth_year: Annotated[int, Field(ge=1900, le=2200)] | None = None
    guardian: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""


def record_consent(objects: ObjectStore, consent: Consent) -> Consent:
    """Keep a giving or a withdrawal beside what was said before; the entry as it is kept.

    A withdrawal is always taken. An entry is never overwritten: of two at one moment the second is kept a
    microsecond later.

    Raises:
        InputError: it is given by somebody who may be under 18, and no guardian is named.
    """
    known = consent.birth_year or _birth_year(objects, consent.user_id)
    kept = consent.model_copy(update={"birth_year": known})
    if kept.given and not kept.guardian and may_be_a_child(known, kept.at):
        raise InputError(
            f"Expected the consent of a parent or guardian: a person born in {known} may be under"
            f" {GROWN_UP_YEARS}; none is named.",
            "Ask them, and give their name with --guardian.",
        )
    while objects.exists(key := _key(kept)):
        kept = kept.model_copy(update={"at": kept.at + timedelta(microseconds=1)})
    objects.put_bytes(key, kept.to_json().encode(), "application/json")
    return kept


def may_be_a_child(birth_year: int | None, now: datetime) -> bool:
    """Whether somebody born in that year may be under 18; of an unknown year it is not assumed."""
    # The birthday is not asked for: until the year after the 18th, it may still be to come.
    return birth_year is not None and now.year - birth_year <= GROWN_UP_YEARS


def consents(objects: ObjectStore, user_id: str) -> tuple[Consent, ...]:
    """All that a person gave and withdrew, oldest first."""
    return tuple(_read(objects, key) for key in objects.list_keys(f"{PEOPLE}{user_id}/consent/"))


def consent_of(objects: ObjectStore, user_id: str, purpose: Purpose) -> Consent | None:
    """The consent that holds now for a purpose; ``None`` where none was given or it was withdrawn."""
    return _holding(consents(objects, user_id)).get(purpose)


def check_may_evaluate(objects: ObjectStore, settings: Settings, user_id: str) -> None:
    """Return where films of a person may be evaluated: they agreed, or the settings do not ask for it.

    Raises:
        InputError: they did not agree, or no longer do.
    """
    if settings.consent_required and consent_of(objects, user_id, Purpose.EVALUATION) is None:
        raise InputError(
            "The film is held: this person has not agreed to evaluations, and the settings ask for that.",
            "Ask them; then `bharatchef consent give USER --purpose evaluation --version …`, and repeat it.",
        )


def people_who_may_train(objects: ObjectStore) -> frozenset[str]:
    """The pseudonyms of all who agree now that what is known of their films trains models."""
    may = set()
    for user_id in _people(objects):
        held = _holding(consents(objects, user_id)).get(Purpose.TRAINING)
        if held is not None:
            may.add(held.person)
    return frozenset(may)


def may_train(objects: ObjectStore, person: str) -> bool:
    """Whether labels of the person of that pseudonym may train models now; of many labels ask
    ``people_who_may_train`` once."""
    return person in people_who_may_train(objects)


def _holding(said: tuple[Consent, ...]) -> dict[Purpose, Consent]:
    latest = {entry.purpose: entry for entry in said}
    return {purpose: entry for purpose, entry in latest.items() if entry.given}


def _birth_year(objects: ObjectStore, user_id: str) -> int | None:
    return next((c.birth_year for c in reversed(consents(objects, user_id)) if c.birth_year), None)


def _people(objects: ObjectStore) -> Iterator[str]:
    last = None
    for key in objects.list_keys(PEOPLE):
        user_id = key.split("/")[1]
        if user_id != last:
            yield user_id
        last = user_id


def _key(consent: Consent) -> str:
    return f"{PEOPLE}{consent.user_id}/consent/{consent.at:%Y%m%dT%H%M%S.%fZ}.json"


def _read(objects: ObjectStore, key: str) -> Consent:
    try:
        return Consent.model_validate_json(objects.get_bytes(key))
    except ValidationError as error:
        raise StoreError(
            "A stored consent cannot be read: " + error.errors()[0]["msg"] + ".",
            "Restore it from a backup, or record it anew with `bharatchef consent give`.",
        ) from None
