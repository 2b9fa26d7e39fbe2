"""Where experts' films, proposals and confirmations are kept: JSON documents in the object store.

``experts/{dish}/{performance}/`` holds what was made of one film, ``experts/{dish}/confirmed/`` what people
said of it, a document a time, never overwritten. Knows nothing of how they came about.
"""

from __future__ import annotations

import secrets
from typing import TypeVar

from pydantic import ValidationError

from bharatchef.errors import StoreError
from bharatchef.experts.records import Confirmation, ExpertSeen, OnboardedExpert
from bharatchef.ports import ObjectStore
from bharatchef.vocabulary import Record

_ROOT = "experts/"
_CONFIRMED = "confirmed"
AnyRecord = TypeVar("AnyRecord", bound=Record)


def film_folder(dish_id: str) -> str:
    """Where the films themselves are laid; on AWS that is another bucket."""
    return f"expert/{dish_id}/"


def put_seen(objects: ObjectStore, dish_id: str, performance_id: str, seen: ExpertSeen) -> None:
    """Keep what the models saw in one film."""
    _put(objects, _key(dish_id, performance_id, "seen"), seen)


def seen_of(objects: ObjectStore, dish_id: str, performance_id: str) -> ExpertSeen | None:
    """What the models saw in one film, if they were asked."""
    return _get(objects, _key(dish_id, performance_id, "seen"), ExpertSeen)


def put_expert(objects: ObjectStore, expert: OnboardedExpert) -> None:
    """Keep one performance; it takes the place of what was made of the same film before."""
    _put(objects, _key(expert.dish_id, expert.performance_id, "performance"), expert)


def expert(objects: ObjectStore, dish_id: str, performance_id: str) -> OnboardedExpert | None:
    """One performance of a dish, if it is there."""
    return _get(objects, _key(dish_id, performance_id, "performance"), OnboardedExpert)


def experts_of(objects: ObjectStore, dish_id: str) -> list[OnboardedExpert]:
    """All performances of a dish, by when they were taken in."""
    keys = [key for key in objects.list_keys(_folder(dish_id)) if key.endswith("/performance.json")]
    found = (_get(objects, key, OnboardedExpert) for key in keys)
    return sorted((one for one in found if one), key=lambda one: (one.onboarded_at, one.performance_id))


def put_proposal(objects: ObjectStore, dish_id: str, proposal: Record) -> None:
    """Keep what a dish's experts propose, for whoever shows it."""
    _put(objects, f"{_folder(dish_id)}proposal.json", proposal)


def put_confirmation(objects: ObjectStore, confirmation: Confirmation) -> str:
    """Keep what a person said; the key under which it lies."""
    name = f"{confirmation.at:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
    key = f"{_folder(confirmation.dish_id)}{_CONFIRMED}/{name}.json"
    _put(objects, key, confirmation)
    return key


def confirmations_of(objects: ObjectStore, dish_id: str) -> list[Confirmation]:
    """All that people said of a dish's experts, oldest first."""
    keys = list(objects.list_keys(f"{_folder(dish_id)}{_CONFIRMED}/"))
    found = (_get(objects, key, Confirmation) for key in keys)
    return sorted((one for one in found if one), key=lambda one: one.at)


def confirmed_dishes(objects: ObjectStore) -> set[str]:
    """The dishes of whose experts a person has said anything."""
    places = (key.split("/") for key in objects.list_keys(_ROOT))
    return {parts[1] for parts in places if len(parts) == 4 and parts[2] == _CONFIRMED}


def _folder(dish_id: str) -> str:
    return f"{_ROOT}{dish_id}/"


def _key(dish_id: str, performance_id: str, name: str) -> str:
    return f"{_folder(dish_id)}{performance_id}/{name}.json"


def _put(objects: ObjectStore, key: str, record: Record) -> None:
    objects.put_bytes(key, record.to_json().encode(), "application/json")


def _get(objects: ObjectStore, key: str, kind: type[AnyRecord]) -> AnyRecord | None:
    if not objects.exists(key):
        return None
    try:
        return kind.model_validate_json(objects.get_bytes(key))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StoreError(
            f"{key} is no {kind.__name__} that can be read ({where}: {first['msg']}).",
            "Bring it back from a backup, or remove it and take the film in again.",
        ) from error
